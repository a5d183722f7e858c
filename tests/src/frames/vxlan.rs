//! A VXLAN header that may be malformed (RFC 7348, section 5).

/// The eight bytes in front of an inner frame, and what can be wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vxlan {
    /// The first byte; 0x08 says that the VNI is valid.
    pub flags: u8,
    /// 24 bits that are sent as zero.
    pub reserved: [u8; 3],
    /// The network identifier; its low 24 bits are sent.
    pub vni: u32,
    /// 8 more bits that are sent as zero.
    pub reserved2: u8,
}

impl Vxlan {
    /// A header as it should be.
    pub fn new(vni: u32) -> Self {
        Self { flags: 0x08, reserved: [0; 3], vni, reserved2: 0 }
    }

    /// The header and `inner` behind it: the payload of a UDP datagram.
    pub fn before(self, inner: &[u8]) -> Vec<u8> {
        let [_, vni @ ..] = self.vni.to_be_bytes();
        [&[self.flags][..], &self.reserved, &vni, &[self.reserved2], inner].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vni_is_in_the_fifth_to_seventh_byte() {
        assert_eq!(Vxlan::new(0x0a_0b_0c).before(&[0xff]), [8, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0, 0xff]);
    }
}
