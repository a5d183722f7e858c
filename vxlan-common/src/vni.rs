//! The VXLAN network identifier.

use core::fmt;

/// A VXLAN network identifier: 24 bits (RFC 7348 section 5).
///
/// There is no way to build one from a `u32` unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vni(u32);

/// A number that does not fit the 24 bits of a VNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VniError(pub u32);

impl Vni {
    /// The largest VNI, 2^24 - 1.
    pub const MAX: u32 = (1 << 24) - 1;

    /// Checks that `id` fits 24 bits.
    pub const fn new(id: u32) -> Result<Self, VniError> {
        if id <= Self::MAX { Ok(Self(id)) } else { Err(VniError(id)) }
    }

    /// From the three bytes of a VXLAN header; every value of them is a VNI.
    #[inline(always)]
    pub const fn from_wire(bytes: [u8; 3]) -> Self {
        Self(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]))
    }

    /// The three bytes of a VXLAN header.
    #[inline(always)]
    pub const fn to_wire(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }

    /// The number, 0 to 2^24 - 1.
    #[inline(always)]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Vni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for VniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no VNI: it must be 0 to {}", self.0, Vni::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vni_is_24_bits() {
        assert_eq!(Vni::new(Vni::MAX).map(Vni::get), Ok(0xff_ffff));
        assert_eq!(Vni::new(1 << 24), Err(VniError(1 << 24)));
    }

    #[test]
    fn the_wire_bytes_are_the_number_in_network_order() {
        assert_eq!(Vni::from_wire([0, 1, 0xbc]).get(), 444);
        assert_eq!(Vni::from_wire([0, 1, 0xbc]).to_wire(), [0, 1, 0xbc]);
    }
}
