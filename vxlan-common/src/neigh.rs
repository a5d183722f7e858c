//! Map `neigh`: the Ethernet address of a station's IP address, for which ARP and ND are answered at the port. Maps
//! `binding` and `binder`: the places at a port for those that were learned there.

use bytemuck::{Pod, Zeroable};

use crate::{Address, IfIndex, Mac, OverlayKey, Seconds};

/// An IP address of an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
// Aligned, so that a program writes it to its stack by whole words.
#[repr(C, align(8))]
pub struct NeighKey {
    address: [u8; 16],
    vni: u32,
    udp_port: u16,
    reserved: u16,
}

impl NeighKey {
    /// `address` in `overlay`.
    #[inline(always)]
    pub const fn new(overlay: OverlayKey, address: Address) -> Self {
        Self { address: address.0, vni: overlay.vni().get(), udp_port: overlay.udp_port().0, reserved: 0 }
    }

    /// Its overlay.
    pub const fn overlay(&self) -> OverlayKey {
        OverlayKey::of_row(self.vni, self.udp_port)
    }

    /// Its address.
    pub const fn address(&self) -> Address {
        Address(self.address)
    }
}

/// What is known of a neighbour, in the kernel's words and numbers (linux/neighbour.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Nud {
    /// True until its time is over, `stale` from then on.
    Reachable = 0x02,
    /// It was true once.
    Stale = 0x04,
    /// True until it is deleted, and not printed unless asked for.
    Noarp = 0x40,
    /// True until it is deleted.
    Permanent = 0x80,
}

/// Bits of [`NeighEntry::flags`].
pub struct NeighFlags;

impl NeighFlags {
    /// It is a router (`router`): ND answers say so.
    pub const ROUTER: u8 = 1 << 0;
    /// A control plane set it (`extern_learn`).
    pub const EXTERN_LEARN: u8 = 1 << 1;
    /// The data path learned it (`neighlearn`), so that it holds a place at a port. Nobody else sets it.
    pub const LEARNED: u8 = 1 << 2;
}

/// A neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct NeighEntry {
    place: PlaceKey,
    expires: u32,
    updated: u32,
    mac: [u8; 6],
    nud: u8,
    /// Bits of [`NeighFlags`].
    pub flags: u8,
}

impl NeighEntry {
    /// An entry set `now`; if it is [`Nud::Reachable`], for `seconds`.
    pub const fn new(mac: Mac, nud: Nud, flags: u8, now: Seconds, seconds: u32) -> Self {
        let expires = match nud {
            Nud::Reachable => now.0.saturating_add(seconds),
            Nud::Stale | Nud::Noarp | Nud::Permanent => 0,
        };
        Self { expires, updated: now.0, mac: mac.0, nud: nud as u8, flags, place: PlaceKey::NONE }
    }

    /// What a station said of itself `now`, which is believed until `until`; it holds `place`.
    #[inline(always)]
    pub const fn learned(mac: Mac, now: Seconds, until: Seconds, place: PlaceKey) -> Self {
        let (nud, flags) = (Nud::Reachable as u8, NeighFlags::LEARNED);
        Self { expires: until.0, updated: now.0, mac: mac.0, nud, flags, place }
    }

    /// What a tiding says of it: the state in which it was when it was told.
    pub const fn told(mac: Mac, nud: u8, flags: u8, port: IfIndex) -> Self {
        Self { expires: u32::MAX, updated: 0, mac: mac.0, nud, flags, place: PlaceKey::new(port, 0) }
    }

    /// The number of its state when it was set.
    #[inline(always)]
    pub const fn nud_byte(&self) -> u8 {
        self.nud
    }

    /// Whether the data path made it, so that it may change it.
    #[inline(always)]
    pub const fn is_learned(&self) -> bool {
        self.has(NeighFlags::LEARNED)
    }

    /// The place that it holds, if it was learned.
    #[inline(always)]
    pub const fn place(&self) -> PlaceKey {
        self.place
    }

    /// Its Ethernet address.
    #[inline(always)]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// When it was set.
    #[inline(always)]
    pub const fn updated(&self) -> Seconds {
        Seconds(self.updated)
    }

    /// When it stops being reachable; 0: it does not expire.
    pub const fn expires(&self) -> Seconds {
        Seconds(self.expires)
    }

    /// Whether it holds now: questions about it are answered.
    #[inline(always)]
    pub const fn is_valid(&self, now: Seconds) -> bool {
        match self.nud {
            nud if nud & (Nud::Noarp as u8 | Nud::Permanent as u8) != 0 => true,
            nud if nud == Nud::Reachable as u8 => now.0 < self.expires,
            _ => false,
        }
    }

    /// What is known of it now.
    pub const fn nud(&self, now: Seconds) -> Nud {
        match self.nud {
            nud if nud & Nud::Permanent as u8 != 0 => Nud::Permanent,
            nud if nud & Nud::Noarp as u8 != 0 => Nud::Noarp,
            _ if self.is_valid(now) => Nud::Reachable,
            _ => Nud::Stale,
        }
    }

    /// Whether all bits of `flag` are set.
    #[inline(always)]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag == flag
    }
}

/// A place for a binding at a port. How many a port has is the limit of what can be learned there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct PlaceKey {
    port: u32,
    number: u32,
}

impl PlaceKey {
    /// No place.
    pub const NONE: Self = Self { port: 0, number: 0 };

    /// Place `number` at `port`.
    #[inline(always)]
    pub const fn new(port: IfIndex, number: u32) -> Self {
        Self { port: port.0, number }
    }

    /// The port, or the VTEP device.
    #[inline(always)]
    pub const fn port(&self) -> IfIndex {
        IfIndex(self.port)
    }

    /// Which of that port's places.
    #[inline(always)]
    pub const fn number(&self) -> u32 {
        self.number
    }
}

/// Who has a place. Whoever sets `until` from a time that is over to one ahead, and says that the place is changing hands,
/// has it: it removes what the last holder left, writes the new one, and says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Place {
    /// Whose it is, or was.
    pub holder: NeighKey,
    until: u64,
}

impl Place {
    /// In `until`, above the seconds: the place is changing hands.
    const CHANGING: u64 = 1 << 32;

    /// The place of `holder`.
    #[inline(always)]
    pub const fn new(holder: NeighKey, until: Seconds) -> Self {
        Self { holder, until: until.0 as u64 }
    }

    /// Until when it is held.
    #[inline(always)]
    pub const fn until(&self) -> Seconds {
        Seconds(self.until as u32)
    }

    /// Whether nobody has it for the moment.
    #[inline(always)]
    pub const fn is_changing(&self) -> bool {
        Self::is_changing_word(self.until)
    }

    /// The word that says until when a place is held.
    #[inline(always)]
    pub const fn word(until: Seconds, is_changing: bool) -> u64 {
        until.0 as u64 | if is_changing { Self::CHANGING } else { 0 }
    }

    /// Whether such a word says that nobody has the place for the moment.
    #[inline(always)]
    pub const fn is_changing_word(word: u64) -> bool {
        word & Self::CHANGING != 0
    }

    /// Where that word is, for who reads and changes it by single instructions.
    #[inline(always)]
    pub const fn until_word(&mut self) -> &mut u64 {
        &mut self.until
    }
}

/// Of a port where bindings are learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Binder {
    /// The clock hand over its places.
    pub hand: u64,
    /// Announcements that found no place.
    pub refused: u64,
}

const _: () = assert!(size_of::<NeighKey>() == 24);
const _: () = assert!(size_of::<NeighEntry>() == 24);
const _: () = assert!(size_of::<PlaceKey>() == 8);
const _: () = assert!(size_of::<Place>() == 32);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UdpPort, Vni};

    #[test]
    fn only_a_reachable_entry_expires_and_a_stale_one_never_holds() {
        let entry = |nud| NeighEntry::new(Mac([2, 0, 0, 0, 0, 1]), nud, 0, Seconds(100), 30);
        for nud in [Nud::Permanent, Nud::Noarp] {
            assert!(entry(nud).is_valid(Seconds(u32::MAX)));
            assert_eq!(entry(nud).nud(Seconds(u32::MAX)), nud);
        }
        assert!(entry(Nud::Reachable).is_valid(Seconds(129)));
        assert!(!entry(Nud::Reachable).is_valid(Seconds(130)));
        assert_eq!(entry(Nud::Reachable).nud(Seconds(130)), Nud::Stale);
        assert!(!entry(Nud::Stale).is_valid(Seconds(100)));
    }

    #[test]
    fn a_key_tells_its_overlay_and_address() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        let address = Address::v4([172, 55, 1, 3]);
        let key = NeighKey::new(overlay, address);
        assert_eq!((key.overlay(), key.address()), (overlay, address));
    }
}
