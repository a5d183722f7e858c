//! Maps `admit` and `allow`: which VTEPs are believed.

use bytemuck::{Pod, Zeroable};

use crate::{Address, OverlayKey};

/// A VTEP of an overlay, by exact address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct AdmitKey {
    overlay: OverlayKey,
    address: [u8; 16],
}

impl AdmitKey {
    /// `address` in `overlay`.
    #[inline(always)]
    pub const fn new(overlay: OverlayKey, address: Address) -> Self {
        Self { overlay, address: address.0 }
    }

    /// Its overlay.
    pub const fn overlay(&self) -> OverlayKey {
        self.overlay
    }

    /// Its address.
    pub const fn address(&self) -> Address {
        Address(self.address)
    }
}

/// How many facts that a user or a control plane set name this VTEP; it is known while there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Known {
    /// `remote`, flood list entries and FDB entries.
    pub facts: u32,
}

/// The data of a longest-prefix-match key: overlay first, then the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct AllowKey {
    overlay: OverlayKey,
    address: [u8; 16],
}

impl AllowKey {
    /// Bits of the key in front of the address; a prefix of an IPv4 address has 96 more.
    pub const OVERLAY_BITS: u32 = 64;

    /// `address` in `overlay`.
    #[inline(always)]
    pub const fn new(overlay: OverlayKey, address: Address) -> Self {
        Self { overlay, address: address.0 }
    }

    /// Its overlay.
    pub const fn overlay(&self) -> OverlayKey {
        self.overlay
    }

    /// Its address.
    pub const fn address(&self) -> Address {
        Address(self.address)
    }
}

const _: () = assert!(size_of::<AdmitKey>() == 24);
const _: () = assert!(size_of::<AllowKey>() == 24);
