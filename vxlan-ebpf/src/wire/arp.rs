//! ARP (RFC 826) for IPv4 over Ethernet.

use vxlan_common::Mac;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{EtherType, Ethernet};

/// An ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Arp {
    hardware: [u8; 2],
    protocol: EtherType,
    hardware_length: u8,
    protocol_length: u8,
    operation: [u8; 2],
    sender_mac: [u8; 6],
    sender: [u8; 4],
    target_mac: [u8; 6],
    target: [u8; 4],
}

impl Arp {
    const ETHERNET: [u8; 2] = [0, 1];
    /// What some old stations say instead, and the kernel takes for the same.
    const IEEE802: [u8; 2] = [0, 6];
    const REQUEST: [u8; 2] = [0, 1];
    const REPLY: [u8; 2] = [0, 2];

    /// Whether it asks for the Ethernet address of an IPv4 address.
    #[inline(always)]
    pub fn is_request(&self) -> bool {
        self.is_ipv4() && self.operation == Self::REQUEST
    }

    /// Whether its sender says what its address is: it answers, or it announces itself (RFC 5227 section 3). The sender
    /// of another question has not been asked.
    #[inline(always)]
    pub fn is_announcement(&self) -> bool {
        self.is_ipv4()
            && (self.operation == Self::REPLY
                || self.operation == Self::REQUEST && self.sender == self.target)
    }

    #[inline(always)]
    fn is_ipv4(&self) -> bool {
        (self.hardware == Self::ETHERNET || self.hardware == Self::IEEE802)
            && self.protocol == EtherType::IPV4
    }

    /// Whether its lengths are those of Ethernet and IPv4 addresses; if not, the rest stands elsewhere.
    #[inline(always)]
    pub const fn has_right_lengths(&self) -> bool {
        self.hardware_length == 6 && self.protocol_length == 4
    }

    /// Who asks.
    #[inline(always)]
    pub const fn sender_mac(&self) -> Mac {
        Mac(self.sender_mac)
    }

    /// The asker's address; all zero in a probe (RFC 5227 section 1.1).
    #[inline(always)]
    pub const fn sender(&self) -> [u8; 4] {
        self.sender
    }

    /// The address that is asked about.
    #[inline(always)]
    pub const fn target(&self) -> [u8; 4] {
        self.target
    }
}

/// An ARP packet in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct ArpFrame {
    ethernet: Ethernet,
    arp: Arp,
}

impl ArpFrame {
    /// Turns a request into the reply that the station at `mac` would send.
    #[inline(always)]
    pub const fn answer(&mut self, mac: Mac) {
        let asker = self.arp.sender_mac();
        self.ethernet.set(&asker, &mac, EtherType::ARP);
        self.arp.hardware = Arp::ETHERNET;
        self.arp.operation = Arp::REPLY;
        self.arp.target_mac = asker.0;
        self.arp.sender_mac = mac.0;
        (self.arp.sender, self.arp.target) = (self.arp.target, self.arp.sender);
    }
}

const _: () = assert!(size_of::<Arp>() == 28);
const _: () = assert!(size_of::<ArpFrame>() == 42);
