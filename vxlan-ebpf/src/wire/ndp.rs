//! Neighbour discovery (RFC 4861): the solicitation and the advertisement that answers it.

use vxlan_common::Mac;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{EtherType, Ethernet, Ipv6, checksum, protocol};

/// What a neighbour solicitation looks like.
pub mod solicitation {
    /// Its ICMPv6 type.
    pub const KIND: u8 = 135;
    /// Bytes of it without options.
    pub const LENGTH: usize = 24;
}

/// What a neighbour advertisement looks like; without options it is as long as a solicitation.
pub mod advertisement {
    /// Its ICMPv6 type.
    pub const KIND: u8 = 136;
}

const HOP_LIMIT: u8 = 255;
const ALL_NODES: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const ALL_NODES_MAC: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);
const SOLICITED_NODE: [u8; 13] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];

const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// A neighbour solicitation or advertisement without options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Message {
    kind: u8,
    code: u8,
    checksum: [u8; 2],
    /// R, S and O in the first byte of an advertisement; else reserved.
    flags: [u8; 4],
    target: [u8; 16],
}

/// A neighbour solicitation or advertisement in its frame, up to its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct MessageFrame {
    ethernet: Ethernet,
    /// The packet's header.
    pub ip: Ipv6,
    message: Message,
}

impl MessageFrame {
    /// Whether the asker has no address yet: it wants to know whether somebody else has the one that it means to take
    /// (RFC 4862 section 5.4.2).
    #[inline(always)]
    pub fn is_from_nobody(&self) -> bool {
        u128::from_ne_bytes(self.ip.source) == 0
    }

    /// Whether all but its options is as the receiver of a solicitation demands (RFC 4861 section 7.1.1).
    #[inline(always)]
    pub fn is_sound_question(&self) -> bool {
        self.is_sound() && (!self.is_from_nobody() || self.is_to_solicited_node())
    }

    /// The same of an advertisement (section 7.1.2).
    #[inline(always)]
    pub fn is_sound_advertisement(&self) -> bool {
        let to_all = matches!(self.ip.destination, [0xff, ..]);
        self.is_sound() && !(to_all && self.message.flags[0] & SOLICITED != 0)
    }

    #[inline(always)]
    fn is_sound(&self) -> bool {
        self.ip.is_version6()
            && self.ip.hop_limit == HOP_LIMIT
            && self.message.code == 0
            && !matches!(self.message.target, [0xff, ..])
    }

    /// Whether an advertisement takes the place of what was known before (section 4.4).
    #[inline(always)]
    pub const fn overrides(&self) -> bool {
        self.message.flags[0] & OVERRIDE != 0
    }

    #[inline(always)]
    fn is_to_solicited_node(&self) -> bool {
        let [group @ .., _, _, _] = &self.ip.destination;
        *group == SOLICITED_NODE
    }

    /// The address that is asked or told about.
    #[inline(always)]
    pub const fn target(&self) -> [u8; 16] {
        self.message.target
    }

    /// Sum of the pseudo header and of all but the options.
    #[inline(always)]
    pub fn sum(&self) -> u32 {
        let length = self.ip.payload_len() as u16;
        checksum::pseudo6(&self.ip.source, &self.ip.destination, protocol::ICMP6, length)
            + checksum::sum(self.message.as_bytes())
    }
}

/// The first eight bytes of an option, or eight of its later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct MessageOption {
    kind: u8,
    units: u8,
    mac: [u8; 6],
}

impl MessageOption {
    const SOURCE: u8 = 1;
    const TARGET: u8 = 2;

    /// How long it is, in units of eight bytes; 0 is an error.
    #[inline(always)]
    pub const fn units(&self) -> usize {
        self.units as usize
    }

    /// Whether it is the asker's own link-layer address, of whatever length.
    #[inline(always)]
    pub const fn is_source(&self) -> bool {
        self.kind == Self::SOURCE
    }

    /// Whether it is the link-layer address of whom an advertisement is about, of whatever length.
    #[inline(always)]
    pub const fn is_target(&self) -> bool {
        self.kind == Self::TARGET
    }

    /// The address in it.
    #[inline(always)]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// Its part of the checksum. (Word by word: the verifier cannot follow a loop in a loop over the options.)
    #[inline(always)]
    pub const fn sum(&self) -> u32 {
        let [a, b, c, d, e, f] = self.mac;
        u16::from_be_bytes([self.kind, self.units]) as u32
            + u16::from_be_bytes([a, b]) as u32
            + u16::from_be_bytes([c, d]) as u32
            + u16::from_be_bytes([e, f]) as u32
    }
}

/// A neighbour advertisement with the target's link-layer address, in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct AdvertisementFrame {
    ethernet: Ethernet,
    ip: Ipv6,
    message: Message,
    option: MessageOption,
}

impl AdvertisementFrame {
    /// Turns a solicitation, cut or grown to this length, into the advertisement that the station at `mac` would send
    /// (RFC 4861 section 7.2.4).
    #[inline(always)]
    pub fn answer(&mut self, mac: Mac, is_router: bool) {
        const LENGTH: u16 = (size_of::<Message>() + size_of::<MessageOption>()) as u16;
        let (asker, class) = (self.ip.source, self.ip.traffic_class());
        let router = if is_router { ROUTER } else { 0 };
        // Whoever has no address yet cannot be answered there: everyone is told.
        if u128::from_ne_bytes(asker) == 0 {
            self.ip.destination = ALL_NODES;
            self.ethernet.set(&ALL_NODES_MAC, &mac, EtherType::IPV6);
            self.message.flags = [router | OVERRIDE, 0, 0, 0];
        } else {
            self.ip.destination = asker;
            self.ethernet.set(&self.ethernet.source(), &mac, EtherType::IPV6);
            self.message.flags = [router | SOLICITED | OVERRIDE, 0, 0, 0];
        }
        self.ip.set(protocol::ICMP6, HOP_LIMIT, LENGTH);
        self.ip.set_traffic_class(class);
        self.ip.source = self.message.target;
        (self.message.kind, self.message.code, self.message.checksum) = (advertisement::KIND, 0, [0; 2]);
        self.option = MessageOption { kind: MessageOption::TARGET, units: 1, mac: mac.0 };
        let pseudo = checksum::pseudo6(&self.ip.source, &self.ip.destination, protocol::ICMP6, LENGTH);
        let sum = pseudo + checksum::sum(self.message.as_bytes()) + self.option.sum();
        self.message.checksum = checksum::finish(sum);
    }
}

const _: () = assert!(size_of::<MessageFrame>() == 54 + solicitation::LENGTH);
const _: () = assert!(size_of::<AdvertisementFrame>() == 86);
