//! Map `neigh`: the Ethernet address of a station's IP address, for which ARP and ND are answered at the port.

use bytemuck::{Pod, Zeroable};

use crate::{Address, Mac, OverlayKey, Seconds};

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
}

/// A neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct NeighEntry {
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
        Self { expires, updated: now.0, mac: mac.0, nud: nud as u8, flags }
    }

    /// Its Ethernet address.
    #[inline(always)]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// When it was set.
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

const _: () = assert!(size_of::<NeighKey>() == 24);
const _: () = assert!(size_of::<NeighEntry>() == 16);

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
