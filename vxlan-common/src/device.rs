//! Map `device`: what an XDP program has to know of the devices that frames come by or leave by.

use bytemuck::{Pod, Zeroable};

use crate::Mac;

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Device {
    mac: [u8; 6],
    takes_xdp: u16,
}

impl Device {
    /// A device with this Ethernet address; whether an XDP program can redirect to it (its driver has `ndo_xdp_xmit`, and
    /// where it is a veth, its other end polls).
    pub const fn new(mac: Mac, takes_xdp: bool) -> Self {
        Self { mac: mac.0, takes_xdp: takes_xdp as u16 }
    }

    /// Its Ethernet address.
    #[inline(always)]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// Whether an XDP program can redirect to it.
    #[inline(always)]
    pub const fn takes_xdp(&self) -> bool {
        self.takes_xdp != 0
    }
}

const _: () = assert!(size_of::<Device>() == 8);
