//! Map `local`: what the routes said of an outer destination, cached by one CPU for a second.

use bytemuck::{Pod, Zeroable};

use crate::{Address, Seconds};

/// Whether an address is one of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct LocalAddress {
    address: [u8; 16],
    checked: u32,
    is_local: u32,
}

impl LocalAddress {
    /// The answer for `address`.
    #[inline(always)]
    pub const fn new(address: Address, checked: Seconds, is_local: bool) -> Self {
        Self { address: address.0, checked: checked.0, is_local: is_local as u32 }
    }

    /// The answer, if it is for `address` and of this second.
    #[inline(always)]
    pub fn answer(&self, address: Address, now: Seconds) -> Option<bool> {
        (self.checked == now.0 && self.address == address.0).then_some(self.is_local != 0)
    }
}

const _: () = assert!(size_of::<LocalAddress>() == 24);
