//! The places where programs hang.

use aya::programs::tc::TcAttachType;

/// A place, and the program that belongs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// TC ingress of a direct port.
    Port,
    /// TC egress of a VTEP device.
    Vtep,
    /// TC ingress of a VTEP device.
    Device,
    /// TC ingress of an underlay device.
    Underlay,
    /// XDP of a direct port.
    PortXdp,
    /// XDP of an underlay device.
    UnderlayXdp,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Port, Self::Vtep, Self::Device, Self::Underlay, Self::PortXdp, Self::UnderlayXdp];

    /// Its word in the names of pins and in `status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Vtep => "vtep",
            Self::Device => "device",
            Self::Underlay => "underlay",
            Self::PortXdp => "xport",
            Self::UnderlayXdp => "xunderlay",
        }
    }

    /// Name of its program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Port => "vxbpf_port",
            Self::Vtep => "vxbpf_vtep",
            Self::Device => "vxbpf_device",
            Self::Underlay => "vxbpf_underlay",
            Self::PortXdp => "vxbpf_xport",
            Self::UnderlayXdp => "vxbpf_xunderlay",
        }
    }

    /// `tcx` or `xdp`.
    pub const fn kind(self) -> &'static str {
        if self.tc().is_some() { "tcx" } else { "xdp" }
    }

    /// `ingress` or `egress`; of XDP, the driver's mode, which is never another one.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Port | Self::Device | Self::Underlay => "ingress",
            Self::Vtep => "egress",
            Self::PortXdp | Self::UnderlayXdp => "native",
        }
    }

    /// Which of TC's it is; `None`: it is one of XDP.
    pub(super) const fn tc(self) -> Option<TcAttachType> {
        match self {
            Self::Port | Self::Device | Self::Underlay => Some(TcAttachType::Ingress),
            Self::Vtep => Some(TcAttachType::Egress),
            Self::PortXdp | Self::UnderlayXdp => None,
        }
    }
}
