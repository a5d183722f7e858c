//! Map `fdb`: behind which VTEP or port a station is. Map `ring`: the learned ones, for the clock hand.

use bytemuck::{Pod, Zeroable};

use crate::{IfIndex, Mac, OverlayKey, RemoteIndex, Seconds};

/// A station of an overlay. In map `ring` all zero means a free slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct FdbKey {
    // First, so that the program writes it to its stack by whole words: the verifier wants stack writes aligned.
    mac: [u8; 6],
    udp_port: u16,
    vni: u32,
}

impl FdbKey {
    /// The station `mac` of `overlay`.
    #[inline(always)]
    pub const fn new(overlay: OverlayKey, mac: Mac) -> Self {
        Self { vni: overlay.vni().get(), udp_port: overlay.udp_port().0, mac: mac.0 }
    }

    /// All of it as two numbers.
    #[inline(always)]
    pub const fn words(&self) -> (u64, u32) {
        let [a, b, c, d, e, f] = self.mac;
        (u64::from_be_bytes([0, 0, a, b, c, d, e, f]) | (self.udp_port as u64) << 48, self.vni)
    }

    /// The key that [`Self::words`] made.
    #[inline(always)]
    pub const fn from_words(first: u64, vni: u32) -> Self {
        let [_, _, a, b, c, d, e, f] = first.to_be_bytes();
        Self { mac: [a, b, c, d, e, f], udp_port: (first >> 48) as u16, vni }
    }

    /// Its overlay.
    pub const fn overlay(&self) -> OverlayKey {
        OverlayKey::of_row(self.vni, self.udp_port)
    }

    /// Its Ethernet address.
    #[inline(always)]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// Whether this is the mark of a free slot of the ring.
    #[inline(always)]
    pub const fn is_free(&self) -> bool {
        self.mac().is_zero()
    }
}

/// Bits of [`FdbEntry::flags`]; an entry with none of the first three was learned by the data path.
pub struct FdbFlags;

impl FdbFlags {
    /// Set by the user: state `permanent`.
    pub const PERMANENT: u8 = 1 << 0;
    /// Set by the user: state `static` (NUD_NOARP).
    pub const NOARP: u8 = 1 << 1;
    /// Set by the user: state `dynamic` (NUD_REACHABLE): it ages, and a learned one may take its place.
    pub const DYNAMIC: u8 = 1 << 2;
    /// A control plane set it (`extern_learn`): it never ages and learning never moves it.
    pub const EXTERN_LEARN: u8 = 1 << 3;
    /// It never moves (`sticky`).
    pub const STICKY: u8 = 1 << 4;
    /// Behind it is a router (`router`).
    pub const ROUTER: u8 = 1 << 5;
    /// What no learning may change.
    pub const FIXED: u8 = Self::PERMANENT | Self::NOARP | Self::EXTERN_LEARN | Self::STICKY;
}

/// Where frames to a station go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a VTEP.
    Remote(RemoteIndex),
    /// To a local port, or the VTEP device.
    Port(IfIndex),
}

/// What the FDB knows of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct FdbEntry {
    last_seen: u32,
    /// Learned: its slot in the ring. Fixed and pointing to this very host: the port it was last seen at.
    pub place: u32,
    target: u32,
    kind: u8,
    /// Bits of [`FdbFlags`].
    pub flags: u8,
    reserved: u16,
}

impl Target {
    /// All of it as one number.
    #[inline(always)]
    pub const fn word(self) -> u64 {
        match self {
            Self::Remote(remote) => remote.0 as u64,
            Self::Port(port) => 1 << 32 | port.0 as u64,
        }
    }

    /// The target that [`Self::word`] made.
    #[inline(always)]
    pub const fn from_word(word: u64) -> Self {
        if word >> 32 == 0 {
            Self::Remote(RemoteIndex(word as u32))
        } else {
            Self::Port(IfIndex(word as u32))
        }
    }
}

impl FdbEntry {
    const REMOTE: u8 = 0;
    const PORT: u8 = 1;

    /// An entry with no flags, seen `now`.
    #[inline(always)]
    pub const fn learned(target: Target, now: Seconds, slot: u32) -> Self {
        let (kind, target) = match target {
            Target::Remote(remote) => (Self::REMOTE, remote.0),
            Target::Port(port) => (Self::PORT, port.0),
        };
        Self { target, last_seen: now.0, place: slot, kind, flags: 0, reserved: 0 }
    }

    /// An entry that the user or a control plane sets.
    pub const fn configured(target: Target, now: Seconds, flags: u8) -> Self {
        let mut entry = Self::learned(target, now, 0);
        entry.flags = flags;
        entry
    }

    /// The same, heard of again `now`.
    #[must_use]
    #[inline(always)]
    pub const fn seen(mut self, now: Seconds) -> Self {
        self.last_seen = now.0;
        self
    }

    /// Where frames to it go.
    #[inline(always)]
    pub const fn target(&self) -> Target {
        match self.kind {
            Self::PORT => Target::Port(IfIndex(self.target)),
            _ => Target::Remote(RemoteIndex(self.target)),
        }
    }

    /// When it last sent a frame (or was set).
    #[inline(always)]
    pub const fn last_seen(&self) -> Seconds {
        Seconds(self.last_seen)
    }

    /// Whether learning must leave it alone.
    #[inline(always)]
    pub const fn is_fixed(&self) -> bool {
        self.flags & FdbFlags::FIXED != 0
    }

    /// Whether the data path made it, so that it holds a slot of the ring.
    #[inline(always)]
    pub const fn is_learned(&self) -> bool {
        self.flags & (FdbFlags::FIXED | FdbFlags::DYNAMIC) == 0
    }

    /// The port where a station was last seen whose fixed entry names this very host's VTEP.
    #[inline(always)]
    pub const fn local_place(&self) -> Option<IfIndex> {
        if self.is_fixed() && self.place != 0 { Some(IfIndex(self.place)) } else { None }
    }

    /// Whether it is older than `ageing` seconds (0: never), and may be.
    #[inline(always)]
    pub const fn is_expired(&self, now: Seconds, ageing: u32) -> bool {
        !self.is_fixed() && ageing != 0 && now.since(self.last_seen()) > ageing
    }
}

const _: () = assert!(size_of::<FdbKey>() == 12);
const _: () = assert!(size_of::<FdbEntry>() == 16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UdpPort, Vni};

    #[test]
    fn keys_and_targets_come_back_out_of_their_numbers() {
        let overlay = OverlayKey::new(Vni::from_wire([0x12, 0x34, 0x56]), UdpPort(0xabcd));
        let key = FdbKey::new(overlay, Mac([0x82, 1, 2, 3, 4, 5]));
        let (first, second) = key.words();
        assert_eq!(FdbKey::from_words(first, second), key);
        for target in [Target::Remote(RemoteIndex(u32::MAX)), Target::Port(IfIndex(7))] {
            assert_eq!(Target::from_word(target.word()), target);
        }
    }

    #[test]
    fn a_fixed_entry_never_expires() {
        let target = Target::Remote(RemoteIndex(1));
        let entry = |flags| FdbEntry::configured(target, Seconds(0), flags);
        assert!(entry(0).is_expired(Seconds(301), 300));
        assert!(!entry(0).is_expired(Seconds(300), 300));
        assert!(!entry(0).is_expired(Seconds(301), 0));
        assert!(entry(FdbFlags::DYNAMIC).is_expired(Seconds(301), 300));
        for flags in [FdbFlags::PERMANENT, FdbFlags::NOARP, FdbFlags::EXTERN_LEARN, FdbFlags::STICKY] {
            assert!(!entry(flags).is_expired(Seconds(301), 300));
        }
    }
}
