//! IPv4 (RFC 791) without options.

use vxlan_common::Address;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::checksum;

/// Protocol numbers, the same in IPv4 and IPv6, as patterns can use them.
pub mod protocol {
    use network_types::ip::IpProto;

    /// ICMP.
    pub const ICMP: u8 = IpProto::Icmp as u8;
    /// TCP.
    pub const TCP: u8 = IpProto::Tcp as u8;
    /// UDP.
    pub const UDP: u8 = IpProto::Udp as u8;
    /// ICMPv6.
    pub const ICMP6: u8 = IpProto::Ipv6Icmp as u8;
    /// SCTP.
    pub const SCTP: u8 = IpProto::Sctp as u8;
}

/// The first 20 bytes of an IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Ipv4 {
    version_and_length: u8,
    /// Type of service: DSCP and ECN.
    pub tos: u8,
    total_length: [u8; 2],
    identification: [u8; 2],
    fragment: [u8; 2],
    /// Time to live.
    pub ttl: u8,
    /// What follows.
    pub protocol: u8,
    checksum: [u8; 2],
    source: [u8; 4],
    destination: [u8; 4],
}

/// What an IPv4 header has of its own in each packet: added to what a template says, which has zeros there.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Type of service.
    pub tos: u8,
    /// Bytes of the packet.
    pub total_length: u16,
    /// What tells its fragments from others.
    pub identification: u16,
    /// Whether it must not be fragmented.
    pub dont_fragment: bool,
    /// Time to live.
    pub ttl: u8,
}

impl Ipv4 {
    const DONT_FRAGMENT: u16 = 0x4000;
    const MORE_FRAGMENTS: u16 = 0x2000;
    const OFFSET: u16 = 0x1fff;

    /// A header without options; its checksum is still zero.
    #[inline(always)]
    pub const fn new(
        protocol: u8,
        ttl: u8,
        tos: u8,
        total_length: u16,
        source: [u8; 4],
        destination: [u8; 4],
    ) -> Self {
        Self {
            version_and_length: 0x45,
            tos,
            total_length: total_length.to_be_bytes(),
            identification: [0; 2],
            fragment: [0; 2],
            ttl,
            protocol,
            checksum: [0; 2],
            source,
            destination,
        }
    }

    /// With DF, or with an identification that tells its fragments from others (RFC 6864).
    #[must_use]
    #[inline(always)]
    pub const fn with_fragmentation(mut self, dont_fragment: bool, identification: u16) -> Self {
        if dont_fragment {
            self.fragment = Self::DONT_FRAGMENT.to_be_bytes();
        } else {
            self.identification = identification.to_be_bytes();
        }
        self
    }

    /// With these addresses and the right checksum.
    #[must_use]
    #[inline(always)]
    pub fn between(mut self, source: [u8; 4], destination: [u8; 4]) -> Self {
        self.direct(source, destination);
        self
    }

    /// Writes the addresses and leaves the checksum as it is.
    #[inline(always)]
    pub const fn set_addresses(&mut self, source: [u8; 4], destination: [u8; 4]) {
        self.source = source;
        self.destination = destination;
    }

    /// The same in place, for a header whose addresses and checksum are to be written anew.
    #[inline(always)]
    pub fn direct(&mut self, source: [u8; 4], destination: [u8; 4]) {
        self.set_addresses(source, destination);
        self.checksum = [0; 2];
        self.checksum = checksum::finish(checksum::sum(self.as_bytes()));
    }

    /// Sum of a header as it stands, for [`Self::complete`].
    #[inline(always)]
    pub fn sum(&self) -> u32 {
        checksum::sum(self.as_bytes())
    }

    /// Fills in what each packet has of its own, where the header has zeros so far, and the checksum; `sum` is
    /// [`Self::sum`] of the header as it was.
    #[inline(always)]
    pub const fn complete(&mut self, own: Own, sum: u32) {
        let Own { tos, total_length, identification, dont_fragment, ttl } = own;
        let fragment = if dont_fragment { Self::DONT_FRAGMENT } else { 0 };
        let sum = sum + tos as u32 + total_length as u32 + identification as u32;
        let sum = sum + fragment as u32 + ((ttl as u32) << 8);
        self.tos |= tos;
        self.total_length = total_length.to_be_bytes();
        self.identification = identification.to_be_bytes();
        if dont_fragment {
            self.fragment = fragment.to_be_bytes();
        }
        self.ttl |= ttl;
        self.checksum = checksum::finish(sum);
    }

    /// Whether it is UDP in one piece behind a sound header without options.
    #[inline(always)]
    pub fn is_plain_udp(&self) -> bool {
        self.version_and_length == 0x45
            && self.protocol == protocol::UDP
            && !self.is_fragment()
            && self.is_sound()
    }

    /// 4, if this is IPv4.
    #[inline(always)]
    pub const fn version(&self) -> u8 {
        self.version_and_length >> 4
    }

    /// Bytes of the header, options included: 0 to 60.
    #[inline(always)]
    pub const fn header_len(&self) -> usize {
        ((self.version_and_length & 0xf) as usize) * 4
    }

    /// Bytes of the packet.
    #[inline(always)]
    pub const fn total_len(&self) -> usize {
        u16::from_be_bytes(self.total_length) as usize
    }

    /// Whether DF is set.
    #[inline(always)]
    pub const fn dont_fragment(&self) -> bool {
        u16::from_be_bytes(self.fragment) & Self::DONT_FRAGMENT != 0
    }

    /// Whether it is a fragment, the first one included.
    #[inline(always)]
    pub const fn is_fragment(&self) -> bool {
        u16::from_be_bytes(self.fragment) & (Self::MORE_FRAGMENTS | Self::OFFSET) != 0
    }

    /// Whether it is the first fragment, or no fragment.
    #[inline(always)]
    pub const fn is_first(&self) -> bool {
        u16::from_be_bytes(self.fragment) & Self::OFFSET == 0
    }

    /// Whether the transport's ports follow the header.
    #[inline(always)]
    pub const fn has_ports(&self) -> bool {
        matches!(self.protocol, protocol::TCP | protocol::UDP | protocol::SCTP) && !self.is_fragment()
    }

    /// From whom.
    #[inline(always)]
    pub const fn source(&self) -> Address {
        Address::v4(self.source)
    }

    /// To whom.
    #[inline(always)]
    pub const fn destination(&self) -> Address {
        Address::v4(self.destination)
    }

    /// The bytes of the source.
    #[inline(always)]
    pub const fn source_bytes(&self) -> [u8; 4] {
        self.source
    }

    /// The bytes of the destination.
    #[inline(always)]
    pub const fn destination_bytes(&self) -> [u8; 4] {
        self.destination
    }

    /// Both addresses as one number.
    #[inline(always)]
    pub const fn address_word(&self) -> u64 {
        (u32::from_ne_bytes(self.source) as u64) << 32 | u32::from_ne_bytes(self.destination) as u64
    }

    /// Whether the checksum of a header without options is right.
    #[inline(always)]
    pub fn is_sound(&self) -> bool {
        checksum::fold(checksum::sum(self.as_bytes())) == 0xffff
    }

    /// Takes one hop and updates the checksum (RFC 1624); one that has none left keeps it.
    #[inline(always)]
    pub fn take_hop(&mut self) {
        let old = u16::from_be_bytes([self.ttl, self.protocol]);
        self.ttl = self.ttl.saturating_sub(1);
        let new = u16::from_be_bytes([self.ttl, self.protocol]);
        self.checksum = checksum::update(self.checksum, old, new);
    }

    /// Changes the TOS and updates the checksum (RFC 1624).
    #[inline(always)]
    pub fn set_tos(&mut self, tos: u8) {
        let old = u16::from_be_bytes([self.version_and_length, self.tos]);
        let new = u16::from_be_bytes([self.version_and_length, tos]);
        self.checksum = checksum::update(self.checksum, old, new);
        self.tos = tos;
    }
}

const _: () = assert!(size_of::<Ipv4>() == 20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_header_is_sound_and_stays_so_when_its_tos_changes() {
        let mut ip = Ipv4::new(protocol::UDP, 64, 0, 1234, [0; 4], [0; 4])
            .with_fragmentation(false, 0xfeed)
            .between([192, 168, 1, 100], [192, 168, 1, 200]);
        assert!(ip.is_sound());
        for tos in 0..=255 {
            ip.set_tos(tos);
            assert!(ip.is_sound(), "{tos}");
        }
        ip.ttl -= 1;
        assert!(!ip.is_sound());
    }

    #[test]
    fn a_completed_template_is_the_header_that_is_made_at_once() {
        for (dont_fragment, identification) in [(false, 0xfeed), (true, 0)] {
            let whole = Ipv4::new(protocol::UDP, 64, 0x2e, 1234, [0; 4], [0; 4])
                .with_fragmentation(dont_fragment, identification)
                .between([192, 168, 1, 100], [192, 168, 1, 200]);
            let mut template = Ipv4::new(protocol::UDP, 0, 0, 0, [192, 168, 1, 100], [192, 168, 1, 200]);
            let own = Own { tos: 0x2e, total_length: 1234, identification, dont_fragment, ttl: 64 };
            template.complete(own, template.sum());
            assert_eq!(template, whole);
            assert!(template.is_plain_udp());
        }
    }
}
