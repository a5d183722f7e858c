//! Maps `told` and `events`: what the programs tell whoever listens.

use bytemuck::{Pod, Zeroable};

use crate::{
    Address, CountKey, Direction, FdbEntry, FdbKey, IfIndex, Mac, NeighEntry, NeighKey, Outcome, OverlayKey,
    RemoteIndex, RemoteKey, Seconds, Target,
};

/// How many can listen at once. Each brings a ring of its own, since a BPF ring has one consumer.
pub const READERS: u32 = 8;

/// Map `reader`: who has a slot, a process, told from a later one of the same number by when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Listener {
    /// Its number.
    pub process: u64,
    /// When it began, in clock ticks since the machine did.
    pub began: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tiding {
    /// Nobody knows where the destination is, and there is nobody to flood to (`l2miss`).
    StationMissing = 1,
    /// Nobody knows who has an IP address (`l3miss`).
    AddressMissing = 2,
    /// A station was heard of for the first time.
    Learned = 3,
    /// A station is somewhere else now.
    Moved = 4,
    /// A station had to make room for another.
    Forgotten = 5,
    /// A frame was dropped; told once a second for each reason.
    Dropped = 6,
    /// A station said what its IP address is, for the first time.
    NeighLearned = 7,
    /// Another station said that it has an IP address, or the same one elsewhere.
    NeighMoved = 8,
    /// A learned binding that was over made room for another.
    NeighForgotten = 9,
    /// A port has no place for another binding.
    NeighRefused = 10,
    /// A command set a neighbour.
    NeighSet = 11,
    /// A command removed a neighbour.
    NeighDeleted = 12,
    /// A command set a station, or a VTEP of a flood list.
    StationSet = 13,
    /// A command removed one.
    StationDeleted = 14,
}

impl Tiding {
    const ALL: [Self; 14] = [
        Self::StationMissing,
        Self::AddressMissing,
        Self::Learned,
        Self::Moved,
        Self::Forgotten,
        Self::Dropped,
        Self::NeighLearned,
        Self::NeighMoved,
        Self::NeighForgotten,
        Self::NeighRefused,
        Self::NeighSet,
        Self::NeighDeleted,
        Self::StationSet,
        Self::StationDeleted,
    ];
}

/// Whom or what a tiding is about. Misses, drops and what is learned into map `neigh` are told once a second for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct Subject {
    /// An IP address, or six bytes of a MAC address, or four of a port, or outcome and direction of a drop.
    who: [u8; 16],
    vni: u32,
    udp_port: u16,
    tiding: u8,
    reserved: u8,
}

impl Subject {
    /// Nothing yet.
    pub const NONE: Self = Self { who: [0; 16], vni: 0, udp_port: 0, tiding: 0, reserved: 0 };

    // Written in place, not made and copied: a program keeps it in a map, since its stack would be written by words
    // that are not aligned there.
    #[inline(always)]
    const fn about(&mut self, overlay: OverlayKey, tiding: Tiding) -> &mut [u8; 16] {
        self.vni = overlay.vni().get();
        self.udp_port = overlay.udp_port().0;
        self.tiding = tiding as u8;
        self.reserved = 0;
        &mut self.who
    }

    /// Makes it about a station of an overlay.
    #[inline(always)]
    pub const fn set_station(&mut self, tiding: Tiding, station: &FdbKey) {
        let who = self.about(station.overlay(), tiding);
        *who = [0; 16];
        [who[0], who[1], who[2], who[3], who[4], who[5]] = station.mac().0;
    }

    /// Makes it about an IP address of an overlay, that nobody is known to have.
    #[inline(always)]
    pub const fn set_address(&mut self, overlay: OverlayKey, address: &Address) {
        *self.about(overlay, Tiding::AddressMissing) = address.0;
    }

    /// Makes it about a neighbour.
    #[inline(always)]
    pub const fn set_neighbour(&mut self, tiding: Tiding, neighbour: &NeighKey) {
        *self.about(neighbour.overlay(), tiding) = neighbour.address().0;
    }

    /// Makes it about a port of an overlay.
    #[inline(always)]
    pub const fn set_port(&mut self, tiding: Tiding, overlay: OverlayKey, port: IfIndex) {
        let who = self.about(overlay, tiding);
        *who = [0; 16];
        [who[0], who[1], who[2], who[3]] = port.0.to_ne_bytes();
    }

    /// Makes it about frames of an overlay that were dropped for one reason: what `key` counts.
    #[inline(always)]
    pub const fn set_drop(&mut self, key: &CountKey) {
        let (vni, udp_port) = key.row();
        let who = self.about(OverlayKey::of_row(vni, udp_port), Tiding::Dropped);
        *who = [0; 16];
        [who[0], who[1]] = key.end();
    }
}

/// A tiding, as it stands in a reader's ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Event {
    /// When, in nanoseconds of CLOCK_MONOTONIC.
    pub time: u64,
    /// About whom.
    pub subject: Subject,
    target: u32,
    target_kind: u32,
    /// The VTEP itself, of which the index may lead nowhere when this is read.
    remote: RemoteKey,
    mac: [u8; 6],
    nud: u8,
    flags: u8,
    reserved: u32,
}

impl Event {
    const NOWHERE: u32 = 0;
    const REMOTE: u32 = 1;
    const PORT: u32 = 2;

    /// Nothing yet.
    pub const NONE: Self = Self {
        time: 0,
        subject: Subject::NONE,
        target: 0,
        target_kind: Self::NOWHERE,
        remote: RemoteKey::plain(Address::NONE),
        mac: [0; 6],
        nud: 0,
        flags: 0,
        reserved: 0,
    };

    /// That a command set or removed the station `key`, behind `remote` if that is not none.
    pub const fn of_station(tiding: Tiding, key: &FdbKey, entry: &FdbEntry, remote: RemoteKey) -> Self {
        let mut event = Self { remote, flags: entry.flags, ..Self::NONE };
        event.subject.set_station(tiding, key);
        event.set_target(Some(entry.target()));
        event
    }

    /// That a command set or removed the neighbour `key`.
    pub const fn of_neighbour(tiding: Tiding, key: &NeighKey, entry: &NeighEntry, now: Seconds) -> Self {
        let mut event = Self::NONE;
        event.subject.set_neighbour(tiding, key);
        event.set_neighbour(entry);
        event.nud = entry.nud(now) as u8;
        event
    }

    /// Says what is known of the neighbour that is its subject.
    #[inline(always)]
    pub const fn set_neighbour(&mut self, entry: &NeighEntry) {
        self.mac = entry.mac().0;
        self.nud = entry.nud_byte();
        self.flags = entry.flags;
        self.set_target(Some(Target::Port(entry.place().port())));
    }

    /// What is known of the neighbour that is its subject, as it was set.
    pub const fn neighbour(&self) -> NeighEntry {
        let port = match self.target() {
            Some(Target::Port(port)) => port,
            Some(Target::Remote(_)) | None => IfIndex::NONE,
        };
        NeighEntry::told(Mac(self.mac), self.nud, self.flags, port)
    }

    /// The flags of the station that a command set.
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// The VTEP behind which that station is.
    pub const fn remote(&self) -> RemoteKey {
        self.remote
    }

    /// The port that it is about.
    pub const fn port(&self) -> IfIndex {
        let [a, b, c, d, ..] = self.subject.who;
        IfIndex(u32::from_ne_bytes([a, b, c, d]))
    }

    /// Says where its subject is now.
    #[inline(always)]
    pub const fn set_target(&mut self, target: Option<Target>) {
        (self.target_kind, self.target) = match target {
            None => (Self::NOWHERE, 0),
            Some(Target::Remote(remote)) => (Self::REMOTE, remote.0),
            Some(Target::Port(port)) => (Self::PORT, port.0),
        };
    }

    /// What happened; `None`: a newer version of the data path says it.
    pub fn tiding(&self) -> Option<Tiding> {
        Tiding::ALL.into_iter().find(|tiding| *tiding as u8 == self.subject.tiding)
    }

    /// In which overlay.
    pub const fn overlay(&self) -> OverlayKey {
        OverlayKey::of_row(self.subject.vni, self.subject.udp_port)
    }

    /// The station that it is about.
    pub const fn mac(&self) -> Mac {
        let [a, b, c, d, e, f, ..] = self.subject.who;
        Mac([a, b, c, d, e, f])
    }

    /// The IP address that it is about.
    pub const fn address(&self) -> Address {
        Address(self.subject.who)
    }

    /// Why a frame was dropped, and on which way; `None`: a newer version of the data path says it.
    pub fn drop(&self) -> Option<(Direction, Outcome)> {
        let [outcome, direction, ..] = self.subject.who;
        let outcome = Outcome::ALL.iter().copied().find(|&known| known as u8 == outcome)?;
        Some((if direction == 0 { Direction::Tx } else { Direction::Rx }, outcome))
    }

    /// Where the station is now.
    pub const fn target(&self) -> Option<Target> {
        match self.target_kind {
            Self::REMOTE => Some(Target::Remote(RemoteIndex(self.target))),
            Self::PORT => Some(Target::Port(IfIndex(self.target))),
            _ => None,
        }
    }
}

const _: () = assert!(size_of::<Subject>() == 24);
const _: () = assert!(size_of::<Event>() == 80);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FdbFlags, Nud, PlaceKey, Seconds, UdpPort, Vni};

    #[test]
    fn an_event_tells_what_was_put_into_it() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort(8472));
        let station = FdbKey::new(overlay, Mac([2, 0, 0, 0, 0, 9]));
        let mut event = Event::NONE;
        for target in [None, Some(Target::Remote(RemoteIndex(7))), Some(Target::Port(IfIndex(8)))] {
            event.subject.set_station(Tiding::Moved, &station);
            event.set_target(target);
            assert_eq!(
                (event.tiding(), event.overlay(), event.mac()),
                (Some(Tiding::Moved), overlay, station.mac())
            );
            assert_eq!(event.target(), target);
        }
        let address = Address::v4([172, 55, 1, 3]);
        event.subject.set_address(overlay, &address);
        assert_eq!((event.tiding(), event.address()), (Some(Tiding::AddressMissing), address));
        let drop = (Direction::Rx, Outcome::NotAdmitted);
        event.subject.set_drop(&CountKey::new(overlay, drop.0, drop.1));
        assert_eq!((event.tiding(), event.drop()), (Some(Tiding::Dropped), Some(drop)));
        event.subject.set_port(Tiding::NeighRefused, overlay, IfIndex(0x0102_0304));
        assert_eq!((event.tiding(), event.port()), (Some(Tiding::NeighRefused), IfIndex(0x0102_0304)));
    }

    #[test]
    fn what_a_command_changed_is_told_with_all_that_is_printed() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort(8472));
        let mac = Mac([2, 0, 0, 0, 0, 9]);
        let remote = RemoteKey::plain(Address::v4([192, 168, 1, 200]));
        let entry = FdbEntry::configured(Target::Remote(RemoteIndex(7)), Seconds(0), FdbFlags::PERMANENT);
        let event = Event::of_station(Tiding::StationSet, &FdbKey::new(overlay, mac), &entry, remote);
        assert_eq!((event.mac(), event.flags(), event.remote()), (mac, FdbFlags::PERMANENT, remote));

        let key = NeighKey::new(overlay, Address::v4([172, 55, 1, 3]));
        let place = PlaceKey::new(IfIndex(8), 3);
        let learned = NeighEntry::learned(mac, Seconds(5), Seconds(35), place);
        let event = Event::of_neighbour(Tiding::NeighDeleted, &key, &learned, Seconds(34));
        assert_eq!((event.tiding(), event.address()), (Some(Tiding::NeighDeleted), key.address()));
        let told = event.neighbour();
        assert_eq!((told.mac(), told.place().port(), told.is_learned()), (mac, IfIndex(8), true));
        assert_eq!(told.nud(Seconds(0)), Nud::Reachable);
        let over = Event::of_neighbour(Tiding::NeighDeleted, &key, &learned, Seconds(35));
        assert_eq!(over.neighbour().nud(Seconds(0)), Nud::Stale);
    }
}
