//! Map `port`: which overlay a device of this host belongs to.

use bytemuck::{Pod, Zeroable};

use crate::{OverlayKey, UdpPort, Vni};

/// What kind of device a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PortKind {
    /// The kernel's vxlan device: what the host or its bridge sends.
    Vtep = 0,
    /// A container's or a VM's device, straight in the overlay.
    Direct = 1,
}

/// Bits of [`Port::flags`].
pub struct PortFlags;

impl PortFlags {
    /// A veth whose other end is in another network namespace: `bpf_redirect_peer` reaches it.
    pub const PEER: u8 = 1 << 0;
    /// The user wants the XDP program at it.
    pub const XDP: u8 = 1 << 1;
    /// Frames with a VLAN tag beside them came from it or went to it. An XDP program does not see that tag and would
    /// lose it, so it stands aside. The data path sets it.
    pub const TAGS: u8 = 1 << 2;
}

/// A port of an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Port {
    vni: u32,
    udp_port: u16,
    kind: u8,
    /// Bits of [`PortFlags`].
    pub flags: u8,
}

impl Port {
    /// A port of `overlay`.
    pub const fn new(overlay: OverlayKey, kind: PortKind, flags: u8) -> Self {
        Self { vni: overlay.vni().get(), udp_port: overlay.udp_port().0, kind: kind as u8, flags }
    }

    /// Its overlay.
    #[inline(always)]
    pub const fn overlay(&self) -> OverlayKey {
        let vni = match Vni::new(self.vni) {
            Ok(vni) => vni,
            Err(_) => Vni::from_wire([0xff; 3]),
        };
        OverlayKey::new(vni, UdpPort(self.udp_port))
    }

    /// Its kind.
    #[inline(always)]
    pub const fn kind(&self) -> PortKind {
        if self.kind == 0 { PortKind::Vtep } else { PortKind::Direct }
    }

    /// Whether all bits of `flag` are set.
    #[inline(always)]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag == flag
    }

    /// Whether `bpf_redirect_peer` reaches the container.
    #[inline(always)]
    pub const fn has_peer(&self) -> bool {
        self.has(PortFlags::PEER)
    }
}

const _: () = assert!(size_of::<Port>() == 8);
