//! The VXLAN header (RFC 7348 section 5).

use vxlan_common::Vni;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A VXLAN header. The reserved bits are zero when we send it and ignored when we receive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Vxlan {
    flags: u8,
    reserved: [u8; 3],
    vni: [u8; 3],
    reserved2: u8,
}

impl Vxlan {
    const VNI_VALID: u8 = 0x08;

    /// The header of `vni`.
    #[inline(always)]
    pub const fn new(vni: Vni) -> Self {
        Self { flags: Self::VNI_VALID, reserved: [0; 3], vni: vni.to_wire(), reserved2: 0 }
    }

    /// The VNI, if the I flag says that there is one.
    #[inline(always)]
    pub const fn vni(&self) -> Option<Vni> {
        if self.flags & Self::VNI_VALID != 0 { Some(Vni::from_wire(self.vni)) } else { None }
    }
}

const _: () = assert!(size_of::<Vxlan>() == 8);
