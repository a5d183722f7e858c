//! Map `count`: what became of each frame. Every frame ends in exactly one [`Outcome`].

use bytemuck::{Pod, Zeroable};

use crate::{OverlayKey, UdpPort, Vni};

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Direction {
    /// From a local port towards the underlay.
    Tx = 0,
    /// From the underlay towards a local port.
    Rx = 1,
}

impl Direction {
    /// `tx` or `rx`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tx => "tx",
            Self::Rx => "rx",
        }
    }
}

/// What kind of end an [`Outcome`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It went where it should, by the fast path.
    Forwarded,
    /// It was handed to the kernel's vxlan device, which does the rest.
    Device,
    /// It went no further.
    Dropped,
}

macro_rules! outcomes {
    ($($variant:ident = $number:literal, $name:literal, $class:ident, $meaning:literal;)*) => {
        /// The one end of a frame. Numbers are stable: they are never given to another outcome.
        // A word wide, though a byte would do: as the error of a `Result` in a program it then leaves the rest of
        // the `Result` aligned on the stack, as the verifier wants it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u64)]
        pub enum Outcome {
            $(#[doc = $meaning] $variant = $number,)*
        }

        impl Outcome {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, as `vxbpf stats` and `vxbpf drops` print it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What kind of end it is.
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// What happened, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

/// The outcomes of [`Class::Dropped`] are numbered from here on, and no others are.
const FIRST_DROP: u8 = 32;

outcomes! {
    Unicast = 0, "unicast", Forwarded, "encapsulated and sent to one VTEP, or decapsulated and delivered to one port";
    Flooded = 1, "flooded", Forwarded, "sent or delivered to every member of the flood list";
    Switched = 2, "switched", Forwarded, "passed from one local port to another";
    Proxied = 3, "proxied", Forwarded, "an ARP request or a neighbour solicitation, answered on behalf of the station";
    SlowPath = 10, "slow_path", Device, "handed to the vxlan device's own transmit";
    OuterFragment = 11, "outer_fragment", Device, "a fragment of an outer packet, passed to the vxlan device, which reassembles";
    UdpGso = 12, "udp_gso", Device, "segments that arrived whole and are not of one inner TCP stream, passed to the vxlan device, which splits them";
    OuterTag = 14, "outer_tag", Device, "an outer packet with a priority tag, passed to the vxlan device";
    ByDevice = 15, "by_device", Device, "for an overlay whose options are the vxlan device's to keep, passed to it";
    UnknownVni = 13, "unknown_vni", Device, "VXLAN for a VNI that is not ours, passed on: it may be another device's";
    Truncated = 32, "truncated", Dropped, "shorter than its headers";
    SourceMacInvalid = 33, "source_mac_invalid", Dropped, "the inner source address is multicast or zero";
    SourceMacOwn = 34, "source_mac_own", Dropped, "the inner source address is this VTEP device's own";
    NoTarget = 35, "no_target", Dropped, "nobody to send it to: no FDB entry and no flood list";
    SamePort = 36, "same_port", Dropped, "the destination is behind the port that it came from";
    PointsHome = 37, "points_home", Dropped, "the FDB names this host's own address, and no local port has the destination";
    NoRoute = 38, "no_route", Dropped, "no route leads to the VTEP";
    TooBig = 39, "too_big", Dropped, "does not fit the path; the sender was told by ICMP";
    TooBigUnanswered = 40, "too_big_unanswered", Dropped, "does not fit the path, and is nothing that ICMP may answer";
    NoRoom = 41, "no_room", Dropped, "the kernel refused to make room for the outer headers, or to take them off";
    Suppressed = 42, "suppressed", Dropped, "an ARP request or a neighbour solicitation about an unknown station, which is not flooded";
    ForgedSender = 43, "forged_sender", Dropped, "an ARP request or a neighbour solicitation whose sender address is not the frame's source";
    MalformedQuestion = 44, "malformed_question", Dropped, "an ARP request or a neighbour solicitation that every receiver must discard";
    NoVniFlag = 48, "no_vni_flag", Dropped, "the VXLAN header does not have the I flag";
    BadLength = 49, "bad_length", Dropped, "the outer IP and UDP lengths contradict each other or the frame";
    BadChecksum = 50, "bad_checksum", Dropped, "the outer UDP checksum is not zero and wrong";
    BadOuterHeader = 51, "bad_outer_header", Dropped, "an outer IP header with options or a wrong checksum";
    NotAdmitted = 52, "not_admitted", Dropped, "the source is not a VTEP that this VNI knows or allows";
    StaticElsewhere = 53, "static_elsewhere", Dropped, "a fixed FDB entry says that the inner source is behind another VTEP";
    EcnCongested = 54, "ecn_congested", Dropped, "the path marked congestion on a packet whose ends do not understand it";
    NoLocalPort = 55, "no_local_port", Dropped, "no local port may have it";
    Unwatched = 57, "unwatched", Dropped, "arrived by a device that no program of ours watches, so its sender could not be checked";
    SourceOwn = 58, "source_own", Dropped, "the outer source is this very host's address";
    TinyFragment = 56, "tiny_fragment", Dropped, "a first fragment too short to hold the VXLAN header";
}

/// A counter: which overlay, which way, which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct CountKey {
    vni: u32,
    udp_port: u16,
    direction: u8,
    outcome: u8,
}

impl CountKey {
    /// What stands for "no VNI of ours" in a key; larger than any VNI.
    const NO_VNI: u32 = 1 << 24;

    /// A counter of `overlay`.
    #[inline(always)]
    pub const fn new(overlay: OverlayKey, direction: Direction, outcome: Outcome) -> Self {
        Self {
            vni: overlay.vni().get(),
            udp_port: overlay.udp_port().0,
            direction: direction as u8,
            outcome: outcome as u8,
        }
    }

    /// A counter of what came to one of our UDP ports and belongs to no overlay.
    #[inline(always)]
    pub const fn outside(udp_port: UdpPort, outcome: Outcome) -> Self {
        Self {
            vni: Self::NO_VNI,
            udp_port: udp_port.0,
            direction: Direction::Rx as u8,
            outcome: outcome as u8,
        }
    }

    /// What identifies its overlay in a map's row: VNI and UDP port.
    #[inline(always)]
    pub(crate) const fn row(&self) -> (u32, u16) {
        (self.vni, self.udp_port)
    }

    /// Outcome and direction as they stand in a row.
    #[inline(always)]
    pub(crate) const fn end(&self) -> [u8; 2] {
        [self.outcome, self.direction]
    }

    /// All of it as one number.
    #[inline(always)]
    pub const fn word(&self) -> u64 {
        self.vni as u64
            | (self.udp_port as u64) << 32
            | (self.direction as u64) << 48
            | (self.outcome as u64) << 56
    }

    /// The key that [`Self::word`] made.
    pub const fn from_word(word: u64) -> Self {
        Self {
            vni: word as u32,
            udp_port: (word >> 32) as u16,
            direction: (word >> 48) as u8,
            outcome: (word >> 56) as u8,
        }
    }

    /// The overlay, if it belongs to one.
    pub fn overlay(&self) -> Option<OverlayKey> {
        Vni::new(self.vni).ok().map(|vni| OverlayKey::new(vni, UdpPort(self.udp_port)))
    }

    /// The UDP port.
    pub const fn udp_port(&self) -> UdpPort {
        UdpPort(self.udp_port)
    }

    /// The direction.
    pub const fn direction(&self) -> Direction {
        if self.direction == 0 { Direction::Tx } else { Direction::Rx }
    }

    /// Whether it counts frames of an overlay that were dropped.
    #[inline(always)]
    pub const fn is_drop(&self) -> bool {
        self.outcome >= FIRST_DROP && self.vni != Self::NO_VNI
    }

    /// The outcome, unless a newer version of the data path counted it.
    pub fn outcome(&self) -> Option<Outcome> {
        Outcome::ALL.iter().copied().find(|&outcome| outcome as u8 == self.outcome)
    }
}

/// Frames and their bytes, by one CPU. Bytes are those of the frame as it came to the hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Count {
    /// Frames.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A row of map `unicast`: what one CPU counted of an overlay's [`Outcome::Unicast`] without looking for the row of map
/// `count`. Both together are that outcome's count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Unicast {
    /// Towards the underlay.
    pub tx: Count,
    /// From the underlay.
    pub rx: Count,
}

impl Unicast {
    /// That of one direction.
    #[inline(always)]
    pub const fn of(&mut self, direction: Direction) -> &mut Count {
        match direction {
            Direction::Tx => &mut self.tx,
            Direction::Rx => &mut self.rx,
        }
    }
}

impl Count {
    /// One frame more.
    #[inline(always)]
    pub const fn add(&mut self, bytes: u64) {
        self.packets += 1;
        self.bytes += bytes;
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { packets: self.packets + other.packets, bytes: self.bytes + other.bytes }
    }
}

const _: () = assert!(size_of::<CountKey>() == 8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_unique() {
        for (at, one) in Outcome::ALL.iter().enumerate() {
            for other in &Outcome::ALL[at + 1..] {
                assert_ne!(one.name(), other.name());
                assert_ne!(*one as u8, *other as u8);
            }
        }
    }

    #[test]
    fn the_number_of_an_outcome_tells_whether_it_is_a_drop() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        for &outcome in Outcome::ALL {
            let key = CountKey::new(overlay, Direction::Rx, outcome);
            assert_eq!(key.is_drop(), outcome.class() == Class::Dropped, "{}", outcome.name());
            assert!(!CountKey::outside(UdpPort::VXLAN, outcome).is_drop());
        }
    }

    #[test]
    fn a_key_tells_what_it_counts() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        let key = CountKey::new(overlay, Direction::Rx, Outcome::NotAdmitted);
        assert_eq!((key.overlay(), key.direction()), (Some(overlay), Direction::Rx));
        assert_eq!(key.outcome(), Some(Outcome::NotAdmitted));
        assert_eq!(CountKey::from_word(key.word()), key);
        assert_eq!(CountKey::outside(UdpPort::VXLAN, Outcome::UnknownVni).overlay(), None);
    }
}
