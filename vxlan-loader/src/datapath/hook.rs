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
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Port, Self::Vtep, Self::Device, Self::Underlay];

    /// Its word in the names of pins and in `status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Vtep => "vtep",
            Self::Device => "device",
            Self::Underlay => "underlay",
        }
    }

    /// Name of its program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Port => "vxbpf_port",
            Self::Vtep => "vxbpf_vtep",
            Self::Device => "vxbpf_device",
            Self::Underlay => "vxbpf_underlay",
        }
    }

    /// `ingress` or `egress`.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Port | Self::Device | Self::Underlay => "ingress",
            Self::Vtep => "egress",
        }
    }

    pub(super) const fn attach_type(self) -> TcAttachType {
        match self {
            Self::Port | Self::Device | Self::Underlay => TcAttachType::Ingress,
            Self::Vtep => TcAttachType::Egress,
        }
    }
}
