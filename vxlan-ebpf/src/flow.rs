//! The flow of an inner packet: what its outer UDP source port is made of (RFC 7348 section 5).

use vxlan_common::{Mac, Outcome};

use crate::{
    Frame,
    frame::Inside,
    wire::{EtherType, Ethernet, Ipv4, Ipv6, Ports, TaggedEthernet},
};

/// A hash of the inner packet's flow: addresses, protocol and ports, without the ports for fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowHash(u32);

impl FlowHash {
    #[inline(always)]
    fn of(addresses: u64, rest: u64) -> Self {
        let mut hash = (addresses ^ rest.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
        Self((hash >> 32) as u32)
    }

    /// What tells the fragments of a packet from those of others: `count` packets of this CPU came before it.
    #[inline(always)]
    pub const fn identification(self, count: u64) -> u16 {
        (count as u16) ^ (self.0 as u16)
    }

    /// The source port: spread over a range, both ends included.
    #[inline(always)]
    pub fn source_port(self, min: u16, max: u16) -> u16 {
        let (min, max) = (u64::from(min), u64::from(max));
        let span = max.wrapping_sub(min).wrapping_add(1) & 0xffff;
        (min + ((u64::from(self.0) * span) >> 32)) as u16
    }
}

/// What the engine needs of the packet inside a frame. (Fields are words: the verifier wants the stack accessed
/// by aligned words, and the compiler joins smaller neighbours.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Packet {
    /// Its flow.
    pub hash: FlowHash,
    /// What it is.
    pub inside: Inside,
    tos: u32,
    ttl: u32,
    dont_fragment: u32,
}

impl Packet {
    /// TOS or traffic class; 0 if it is not IP.
    #[inline(always)]
    pub const fn tos(&self) -> u8 {
        self.tos as u8
    }

    /// TTL or hop limit; 0 if it is not IP.
    #[inline(always)]
    pub const fn ttl(&self) -> u8 {
        self.ttl as u8
    }

    /// Whether it forbids fragments: DF, or IPv6.
    #[inline(always)]
    pub const fn dont_fragment(&self) -> bool {
        self.dont_fragment != 0
    }
}

/// Reads the packet behind an Ethernet header, and behind one VLAN tag if the frame has one inside.
#[inline(always)]
pub fn packet<F: Frame>(frame: &F, ethernet: &Ethernet) -> Result<Packet, Outcome> {
    if ethernet.ether_type.is_vlan() {
        let tagged = *frame.view::<TaggedEthernet>(0)?;
        behind::<_, { size_of::<TaggedEthernet>() }>(
            frame,
            tagged.inner,
            ethernet.destination(),
            ethernet.source(),
        )
    } else {
        behind::<_, { size_of::<Ethernet>() }>(
            frame,
            ethernet.ether_type,
            ethernet.destination(),
            ethernet.source(),
        )
    }
}

/// Reads the packet of an untagged frame; no IP, or none that can be read: nothing.
#[inline(always)]
pub fn ip_packet<F: Frame>(frame: &F, ether_type: EtherType) -> Option<Packet> {
    match ether_type {
        EtherType::IPV4 | EtherType::IPV6 => {
            behind::<_, { size_of::<Ethernet>() }>(frame, ether_type, Mac([0; 6]), Mac([0; 6])).ok()
        }
        EtherType(_) => None,
    }
}

#[inline(always)]
fn behind<F: Frame, const AT: usize>(
    frame: &F,
    ether_type: EtherType,
    destination: Mac,
    source: Mac,
) -> Result<Packet, Outcome> {
    match ether_type {
        EtherType::IPV4 => {
            let ip = *frame.view::<Ipv4>(AT)?;
            // The ports stand at the same place in TCP, UDP, SCTP; options move them: then the addresses do.
            let ports = if ip.has_ports() && ip.header_len() == size_of::<Ipv4>() {
                frame.view::<Ports>(AT + size_of::<Ipv4>()).map_or(0, Ports::both)
            } else {
                0
            };
            Ok(Packet {
                hash: FlowHash::of(ip.address_word(), u64::from(ports) << 8 | u64::from(ip.protocol)),
                inside: Inside::Ipv4,
                tos: ip.tos.into(),
                ttl: ip.ttl.into(),
                dont_fragment: ip.dont_fragment().into(),
            })
        }
        EtherType::IPV6 => {
            let ip = *frame.view::<Ipv6>(AT)?;
            let ports = if ip.has_ports() {
                frame.view::<Ports>(AT + size_of::<Ipv6>()).map_or(0, Ports::both)
            } else {
                0
            };
            Ok(Packet {
                hash: FlowHash::of(ip.address_word(), u64::from(ports) << 8 | u64::from(ip.next_header)),
                inside: Inside::Ipv6,
                tos: ip.traffic_class().into(),
                ttl: ip.hop_limit.into(),
                dont_fragment: 1,
            })
        }
        EtherType(_) => Ok(Packet {
            hash: FlowHash::of(word(destination) ^ word(source).rotate_left(16), 0),
            inside: Inside::Other,
            tos: 0,
            ttl: 0,
            dont_fragment: 0,
        }),
    }
}

#[inline(always)]
fn word(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}
