//! IPv6 (RFC 8200), the fixed header.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::ipv4::protocol;

/// An IPv6 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Ipv6 {
    version_class_flow: [u8; 4],
    payload_length: [u8; 2],
    /// What follows.
    pub next_header: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// From whom.
    pub source: [u8; 16],
    /// To whom.
    pub destination: [u8; 16],
}

impl Ipv6 {
    /// A header.
    #[inline(always)]
    pub const fn new(
        next_header: u8,
        hop_limit: u8,
        payload_length: u16,
        source: [u8; 16],
        destination: [u8; 16],
    ) -> Self {
        Self {
            version_class_flow: [0x60, 0, 0, 0],
            payload_length: payload_length.to_be_bytes(),
            next_header,
            hop_limit,
            source,
            destination,
        }
    }

    /// Writes all but the addresses, in place.
    #[inline(always)]
    pub const fn set(&mut self, next_header: u8, hop_limit: u8, payload_length: u16) {
        self.version_class_flow = [0x60, 0, 0, 0];
        self.payload_length = payload_length.to_be_bytes();
        self.next_header = next_header;
        self.hop_limit = hop_limit;
    }

    /// Whether this is IPv6.
    #[inline(always)]
    pub const fn is_version6(&self) -> bool {
        let [first, ..] = self.version_class_flow;
        first >> 4 == 6
    }

    /// The traffic class: DSCP and ECN.
    #[inline(always)]
    pub const fn traffic_class(&self) -> u8 {
        let [first, second, ..] = self.version_class_flow;
        first << 4 | second >> 4
    }

    /// Changes the traffic class; no checksum covers it.
    #[inline(always)]
    pub const fn set_traffic_class(&mut self, class: u8) {
        let [first, second, ..] = &mut self.version_class_flow;
        *first = 0x60 | class >> 4;
        *second = class << 4 | (*second & 0xf);
    }

    /// Bytes behind the header.
    #[inline(always)]
    pub const fn payload_len(&self) -> usize {
        u16::from_be_bytes(self.payload_length) as usize
    }

    /// Whether the transport's ports follow the header.
    #[inline(always)]
    pub const fn has_ports(&self) -> bool {
        matches!(self.next_header, protocol::TCP | protocol::UDP | protocol::SCTP)
    }

    /// Both addresses mixed into one number.
    #[inline(always)]
    pub fn address_word(&self) -> u64 {
        let source = u128::from_ne_bytes(self.source);
        let destination = u128::from_ne_bytes(self.destination);
        let mixed = source ^ destination.rotate_left(29);
        (mixed as u64) ^ ((mixed >> 64) as u64).rotate_left(7)
    }
}

const _: () = assert!(size_of::<Ipv6>() == 40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traffic_class_can_be_changed_without_touching_the_flow_label() {
        let mut ip = Ipv6::new(protocol::TCP, 64, 20, [1; 16], [2; 16]);
        ip.version_class_flow = [0x6f, 0xfa, 0xbc, 0xde];
        ip.set_traffic_class(0x12);
        assert_eq!(ip.traffic_class(), 0x12);
        assert_eq!(ip.version_class_flow, [0x61, 0x2a, 0xbc, 0xde]);
    }
}
