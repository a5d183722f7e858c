//! Tables in hash maps.

use std::{
    boxed::Box,
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet},
    vec::Vec,
};

use vxlan_common::{
    Address, Direction, FdbEntry, FdbKey, FloodList, IfIndex, NeighEntry, NeighKey, NextHop, Outcome,
    Overlay, OverlayKey, Place, PlaceKey, Port, PortFlags, Remote, RemoteFlags, RemoteIndex, RemoteKey,
    RxHit, Seconds, Stamp, Subject, Target, Tiding, TxHit, UdpPort,
};

use bytemuck::Zeroable;

use crate::learn::{self, Standing};
use crate::{Tables, tables::Held};

/// A counter that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Of(OverlayKey, Direction, Outcome),
    Outside(UdpPort, Outcome),
}

impl Counted {
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Of(_, _, outcome) | Self::Outside(_, outcome) => outcome,
        }
    }
}

/// Devices that have something in common.
pub(super) type Devices = HashSet<IfIndex>;

/// Packets and bytes to a VTEP, or from it.
pub(super) type Traffic = BTreeMap<RemoteIndex, (u64, u64)>;

/// A host: what a test sets, and what the engine wrote.
#[derive(Default)]
pub(super) struct Host {
    pub now: Cell<Seconds>,
    pub ports: HashMap<IfIndex, Port>,
    pub overlays: HashMap<OverlayKey, Overlay>,
    pub remotes: BTreeMap<RemoteIndex, Remote>,
    pub hops: HashMap<RemoteIndex, NextHop>,
    pub floods: HashMap<OverlayKey, FloodList>,
    pub local: HashSet<Address>,
    pub known: HashSet<(OverlayKey, Address)>,
    /// IPv4 prefixes: address and bits.
    pub allowed: Vec<(OverlayKey, [u8; 4], u32)>,
    pub fdb: RefCell<HashMap<FdbKey, FdbEntry>>,
    pub fdb_room: usize,
    pub neighbours: RefCell<HashMap<NeighKey, NeighEntry>>,
    pub neighbour_room: usize,
    pub places: RefCell<HashMap<PlaceKey, &'static Place>>,
    /// Each port's clock hand.
    pub hands: RefCell<HashMap<IfIndex, u32>>,
    /// Announcements that found no place.
    pub refused: RefCell<Vec<IfIndex>>,
    /// What whoever listens was told of neighbours.
    pub told_of: RefCell<Vec<(Tiding, NeighKey, NeighEntry)>>,
    /// How often a neighbour was written anew.
    pub neighbour_writes: Cell<u32>,
    /// How often an entry was written anew.
    pub replaced: Cell<u32>,
    pub ring: RefCell<HashMap<u32, &'static FdbKey>>,
    pub ring_slots: u32,
    /// How many indices learning may still claim.
    pub claims: Cell<usize>,
    pub sent: RefCell<Traffic>,
    pub received: RefCell<Traffic>,
    /// Each count, with the bytes of the frame.
    pub counts: RefCell<Vec<(Counted, usize)>>,
    /// What whoever listens was told. What is missing is reported once.
    pub told: RefCell<Vec<(Subject, Option<Target>)>>,
    /// The clock hand.
    pub hand: Cell<u32>,
    /// The cache of departures, of arrivals, and how often all of it was forgotten.
    pub tx_cache: RefCell<HashMap<u32, &'static TxHit>>,
    pub rx_cache: RefCell<HashMap<u32, &'static RxHit>>,
    pub generation: Cell<u32>,
    /// Devices that an XDP program can redirect to.
    pub takes_xdp: RefCell<Devices>,
    /// How many frames went the short way.
    pub recalled: Cell<u32>,
    /// Devices at which VLAN tags were seen beside frames.
    pub tags: RefCell<Devices>,
    /// VTEPs that learning met.
    pub learned: RefCell<Vec<&'static Remote>>,
}

/// Indices of VTEPs that learning meets begin here.
pub(super) const LEARNED: u32 = 100;

impl Host {
    /// What is missing is reported once.
    fn report(&self, missing: Subject) -> bool {
        let is_news = !self.told.borrow().iter().any(|(subject, _)| *subject == missing);
        if is_news {
            self.told.borrow_mut().push((missing, None));
        }
        is_news
    }
}

fn add(traffic: &RefCell<Traffic>, remote: RemoteIndex, bytes: usize) {
    let mut traffic = traffic.borrow_mut();
    let (packets, sum) = traffic.entry(remote).or_default();
    (*packets, *sum) = (*packets + 1, *sum + bytes as u64);
}

impl Tables for Host {
    fn now(&self) -> Seconds {
        self.now.get()
    }

    fn any_u16(&self) -> u16 {
        0x1234
    }

    fn port(&self, device: IfIndex) -> Option<Port> {
        let mut port = self.ports.get(&device).copied()?;
        if self.tags.borrow().contains(&device) {
            port.flags |= PortFlags::TAGS;
        }
        Some(port)
    }

    fn overlay(&self, key: OverlayKey) -> Option<&Overlay> {
        self.overlays.get(&key)
    }

    fn listens(&self, port: UdpPort) -> bool {
        self.overlays.keys().any(|key| key.udp_port() == port)
    }

    fn fdb(&self, key: &FdbKey) -> Option<FdbEntry> {
        self.fdb.borrow().get(key).copied()
    }

    fn fdb_add(&self, key: &FdbKey, entry: &FdbEntry) -> bool {
        let mut fdb = self.fdb.borrow_mut();
        if fdb.contains_key(key) || fdb.len() >= self.fdb_room {
            return false;
        }
        fdb.insert(*key, *entry);
        true
    }

    fn fdb_replace(&self, key: &FdbKey, entry: &FdbEntry) {
        self.replaced.set(self.replaced.get() + 1);
        if let Some(there) = self.fdb.borrow_mut().get_mut(key) {
            *there = *entry;
        }
    }

    fn fdb_remove(&self, key: &FdbKey) {
        self.fdb.borrow_mut().remove(key);
    }

    fn settle(&self, key: &FdbKey, standing: Standing, target: Target) {
        learn::settle(self, key, standing, target);
    }

    fn neighbour(&self, key: &NeighKey) -> Option<NeighEntry> {
        self.neighbours.borrow().get(key).copied()
    }

    fn neighbour_add(&self, key: &NeighKey, entry: &NeighEntry) -> bool {
        let mut neighbours = self.neighbours.borrow_mut();
        if neighbours.contains_key(key) || neighbours.len() >= self.neighbour_room {
            return false;
        }
        neighbours.insert(*key, *entry);
        true
    }

    fn neighbour_replace(&self, key: &NeighKey, entry: &NeighEntry) {
        self.neighbour_writes.set(self.neighbour_writes.get() + 1);
        if let Some(there) = self.neighbours.borrow_mut().get_mut(key) {
            *there = *entry;
        }
    }

    fn neighbour_remove(&self, key: &NeighKey) {
        self.neighbours.borrow_mut().remove(key);
    }

    fn binder_advance(&self, port: IfIndex, steps: u32) -> u32 {
        let mut hands = self.hands.borrow_mut();
        let hand = hands.entry(port).or_default();
        std::mem::replace(hand, hand.wrapping_add(steps))
    }

    fn place(&self, at: &PlaceKey) -> Option<Held<'_>> {
        let place = self.places.borrow().get(at).copied()?;
        Some(Held { holder: &place.holder, until: place.until(), is_changing: place.is_changing() })
    }

    fn place_add(&self, at: &PlaceKey, place: &Place) -> bool {
        let mut places = self.places.borrow_mut();
        let is_free = !places.contains_key(at);
        places.entry(*at).or_insert_with(|| Box::leak(Box::new(*place)));
        is_free
    }

    fn place_hold(&self, at: &PlaceKey, seen: Seconds, until: Seconds) -> bool {
        let mut places = self.places.borrow_mut();
        let Some(place) = places.get_mut(at).filter(|place| place.until() == seen) else { return false };
        *place = Box::leak(Box::new(Place::new(place.holder, until)));
        true
    }

    fn place_take(&self, at: &PlaceKey, seen: Seconds, until: Seconds) -> bool {
        let mut places = self.places.borrow_mut();
        let Some(place) = places.get_mut(at).filter(|place| place.until() == seen) else { return false };
        let mut taken = **place;
        *taken.until_word() = Place::word(until, true);
        *place = Box::leak(Box::new(taken));
        true
    }

    fn place_give(&self, at: &PlaceKey, holder: &NeighKey, until: Seconds) {
        let mut places = self.places.borrow_mut();
        let place = places.get_mut(at).expect("a place that was taken");
        assert!(place.is_changing() && place.until() == until, "{place:?} was not taken");
        *place = Box::leak(Box::new(Place::new(*holder, until)));
    }

    fn refuse(&self, _: OverlayKey, port: IfIndex) {
        self.refused.borrow_mut().push(port);
    }

    fn tell_neighbour(&self, tiding: Tiding, key: &NeighKey) {
        let entry = self.neighbour(key).expect("a neighbour to tell of");
        self.told_of.borrow_mut().push((tiding, *key, entry));
    }

    fn ring_slots(&self) -> u32 {
        self.ring_slots
    }

    fn ring_advance(&self) -> u32 {
        self.hand.replace(self.hand.get().wrapping_add(1))
    }

    fn ring(&self, slot: u32) -> Option<&FdbKey> {
        self.ring.borrow().get(&slot).copied()
    }

    fn ring_set(&self, slot: u32, key: &FdbKey) {
        assert!(slot < self.ring_slots, "slot {slot} of {}", self.ring_slots);
        self.ring.borrow_mut().insert(slot, Box::leak(Box::new(*key)));
    }

    fn remote(&self, index: RemoteIndex) -> Option<&Remote> {
        let learned = || self.learned.borrow().get(index.0.checked_sub(LEARNED)? as usize).copied();
        self.remotes.get(&index).or_else(learned)
    }

    fn remote_in(&self, slot: u32) -> Option<RemoteIndex> {
        self.remotes.keys().copied().find(|index| index.slot() == slot)
    }

    fn remote_known(&self, address: Address) -> Option<RemoteIndex> {
        let configured = self.remotes.iter().find(|(_, remote)| remote.address() == address);
        let learned = || self.learned.borrow().iter().position(|remote| remote.address() == address);
        configured.map(|(index, _)| *index).or_else(|| learned().map(|at| RemoteIndex(LEARNED + at as u32)))
    }

    fn remote_of(&self, address: Address) -> Option<RemoteIndex> {
        self.remote_known(address).or_else(|| {
            self.claims.set(self.claims.get().checked_sub(1)?);
            let index = RemoteIndex(LEARNED + self.learned.borrow().len() as u32);
            let remote = Remote::new(RemoteKey::plain(address), RemoteFlags::LEARNED, index);
            self.learned.borrow_mut().push(Box::leak(Box::new(remote)));
            Some(index)
        })
    }

    fn hop(&self, index: RemoteIndex, _: OverlayKey, _: &Overlay) -> Option<&NextHop> {
        let mut hop = *self.hops.get(&index)?;
        hop.set_takes_xdp(self.takes_xdp.borrow().contains(&hop.device()));
        Some(Box::leak(Box::new(hop)))
    }

    fn is_local(&self, address: Address) -> bool {
        self.local.contains(&address)
    }

    fn is_known(&self, overlay: OverlayKey, address: Address) -> bool {
        self.known.contains(&(overlay, address))
    }

    fn is_allowed(&self, overlay: OverlayKey, address: Address) -> bool {
        let address = u32::from_be_bytes(address.v4_bytes());
        self.allowed.iter().any(|(of, prefix, bits)| {
            *of == overlay && (address ^ u32::from_be_bytes(*prefix)).leading_zeros() >= *bits
        })
    }

    fn flood(&self, overlay: OverlayKey) -> Option<&FloodList> {
        self.floods.get(&overlay)
    }

    fn repeat<F: FnMut(u32)>(&self, turns: u32, turn: F) {
        (0..turns).for_each(turn);
    }

    fn tell(&self, tiding: Tiding, station: &FdbKey, target: Target) {
        let mut subject = Subject::NONE;
        subject.set_station(tiding, station);
        self.told.borrow_mut().push((subject, Some(target)));
    }

    fn report_station(&self, station: &FdbKey) -> bool {
        let mut subject = Subject::NONE;
        subject.set_station(Tiding::StationMissing, station);
        self.report(subject)
    }

    fn report_address(&self, overlay: OverlayKey, address: &Address) -> bool {
        let mut subject = Subject::NONE;
        subject.set_address(overlay, address);
        self.report(subject)
    }

    fn count(&self, overlay: OverlayKey, direction: Direction, outcome: Outcome, bytes: usize) {
        self.counts.borrow_mut().push((Counted::Of(overlay, direction, outcome), bytes));
    }

    fn stamp(&self) -> Stamp {
        Stamp::new(self.generation.get(), u64::from(self.now().0) << 30)
    }

    fn tx_row(&self, row: u32) -> Option<&TxHit> {
        self.tx_cache.borrow().get(&row).copied()
    }

    fn tx_write(&self, row: u32, write: impl FnOnce(&mut TxHit)) {
        let mut hit = TxHit::zeroed();
        write(&mut hit);
        self.tx_cache.borrow_mut().insert(row, Box::leak(Box::new(hit)));
    }

    fn rx_row(&self, row: u32) -> Option<&RxHit> {
        self.rx_cache.borrow().get(&row).copied()
    }

    fn rx_write(&self, row: u32, write: impl FnOnce(&mut RxHit)) {
        let mut hit = RxHit::zeroed();
        write(&mut hit);
        self.rx_cache.borrow_mut().insert(row, Box::leak(Box::new(hit)));
    }

    fn takes_xdp(&self, device: IfIndex) -> bool {
        self.takes_xdp.borrow().contains(&device)
    }

    fn forget_hits(&self) {
        self.generation.set(self.generation.get() + 1);
    }

    fn note_tags(&self, device: IfIndex, _: Port) {
        if self.tags.borrow_mut().insert(device) {
            self.forget_hits();
        }
    }

    fn count_unicast(&self, overlay: u32, direction: Direction, bytes: usize) -> u64 {
        let mut overlays = self.overlays.iter();
        let (key, _) =
            overlays.find(|(_, settings)| settings.number == overlay).expect("an overlay's number");
        self.count(*key, direction, Outcome::Unicast, bytes);
        0
    }

    fn count_outside(&self, port: UdpPort, outcome: Outcome, bytes: usize) {
        self.counts.borrow_mut().push((Counted::Outside(port, outcome), bytes));
    }

    fn count_sent(&self, remote: RemoteIndex, bytes: usize) {
        add(&self.sent, remote, bytes);
    }

    fn count_received(&self, remote: RemoteIndex, bytes: usize) {
        add(&self.received, remote, bytes);
    }
}
