//! The two answers to a packet that does not fit: ICMP fragmentation needed (RFC 1191) and ICMPv6 packet too
//! big (RFC 4443 section 3.2), each with as much of the packet as it must quote.
//!
//! Each is made in place, out of the packet itself: it starts as the packet cut to the answer's length.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Ethernet, Ipv4, Ipv6, checksum, protocol};

/// ICMP type 3 code 4, from Ethernet to the quoted packet's first 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct FragmentationNeeded {
    ethernet: Ethernet,
    ip: Ipv4,
    /// ICMP's header and, once the answer is made, the packet's; before, the packet's 8 bytes behind its header.
    icmp: [u8; 8],
    quoted_ip: Ipv4,
    quoted: [u8; 8],
}

impl FragmentationNeeded {
    /// Turns the packet, without options, into the answer "at most `mtu` bytes".
    #[inline(always)]
    pub fn answer(&mut self, mtu: u16) {
        const LENGTH: u16 = (size_of::<FragmentationNeeded>() - size_of::<Ethernet>()) as u16;
        self.ethernet.turn_around();
        self.quoted = self.icmp;
        self.quoted_ip = self.ip;
        let sum =
            0x0304 + u32::from(mtu) + checksum::sum(self.quoted_ip.as_bytes()) + checksum::sum(&self.quoted);
        let ([sum_high, sum_low], [mtu_high, mtu_low]) = (checksum::finish(sum), mtu.to_be_bytes());
        self.icmp = [3, 4, sum_high, sum_low, 0, 0, mtu_high, mtu_low];
        let (source, destination) = (self.quoted_ip.destination_bytes(), self.quoted_ip.source_bytes());
        self.ip = Ipv4::new(protocol::ICMP, 64, 0, LENGTH, [0; 4], [0; 4]).with_fragmentation(true, 0);
        self.ip.direct(source, destination);
    }
}

/// ICMPv6 type 2, from Ethernet to the quoted packet's first 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct PacketTooBig {
    ethernet: Ethernet,
    ip: Ipv6,
    /// ICMP's header and, once the answer is made, the packet's; before, the packet's 8 bytes behind its header.
    icmp: [u8; 8],
    quoted_ip: Ipv6,
    quoted: [u8; 8],
}

impl PacketTooBig {
    /// Turns the packet into the answer "at most `mtu` bytes".
    #[inline(always)]
    pub fn answer(&mut self, mtu: u16) {
        const LENGTH: u16 = (size_of::<PacketTooBig>() - size_of::<Ethernet>() - size_of::<Ipv6>()) as u16;
        self.ethernet.turn_around();
        self.quoted = self.icmp;
        self.quoted_ip = self.ip;
        let sum =
            checksum::pseudo6(&self.quoted_ip.destination, &self.quoted_ip.source, protocol::ICMP6, LENGTH)
                + 0x0200
                + u32::from(mtu)
                + checksum::sum(self.quoted_ip.as_bytes())
                + checksum::sum(&self.quoted);
        let ([sum_high, sum_low], [mtu_high, mtu_low]) = (checksum::finish(sum), mtu.to_be_bytes());
        self.icmp = [2, 0, sum_high, sum_low, 0, 0, mtu_high, mtu_low];
        self.ip.set(protocol::ICMP6, 64, LENGTH);
        self.ip.source = self.quoted_ip.destination;
        self.ip.destination = self.quoted_ip.source;
    }
}

const _: () = assert!(size_of::<FragmentationNeeded>() == 70);
const _: () = assert!(size_of::<PacketTooBig>() == 110);

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros as _;

    use super::*;

    #[test]
    fn fragmentation_needed_is_sound_and_quotes_the_packet() {
        let packet =
            Ipv4::new(protocol::UDP, 64, 0, 1500, [0; 4], [0; 4]).between([10, 0, 0, 1], [10, 0, 0, 2]);
        let mut answer = FragmentationNeeded::new_zeroed();
        (answer.ip, answer.icmp) = (packet, [1, 2, 3, 4, 5, 6, 7, 8]);
        answer.answer(1450);
        assert!(answer.ip.is_sound());
        assert_eq!((answer.ip.source_bytes(), answer.ip.destination_bytes()), ([10, 0, 0, 2], [10, 0, 0, 1]));
        assert_eq!(checksum::fold(checksum::sum(&answer.as_bytes()[34..])), 0xffff);
        assert_eq!((answer.quoted_ip, answer.quoted), (packet, [1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(answer.icmp[6..], 1450_u16.to_be_bytes());
    }

    #[test]
    fn packet_too_big_is_sound_and_quotes_the_packet() {
        let packet = Ipv6::new(protocol::UDP, 64, 1460, [0xfd; 16], [0xfc; 16]);
        let mut answer = PacketTooBig::new_zeroed();
        (answer.ip, answer.icmp) = (packet, [8; 8]);
        answer.answer(1450);
        let icmp = &answer.as_bytes()[54..];
        let pseudo =
            checksum::pseudo6(&answer.ip.source, &answer.ip.destination, protocol::ICMP6, icmp.len() as u16);
        assert_eq!(checksum::fold(pseudo + checksum::sum(icmp)), 0xffff);
        assert_eq!((answer.quoted_ip, answer.ip.payload_len()), (packet, icmp.len()));
    }
}
