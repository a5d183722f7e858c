//! Tables in hash maps.

use std::{
    boxed::Box,
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet},
    vec::Vec,
};

use vxlan_common::{
    Address, Direction, FdbEntry, FdbKey, FloodList, IfIndex, NextHop, Outcome, Overlay, OverlayKey, Port,
    Remote, RemoteFlags, RemoteIndex, RemoteKey, Seconds, UdpPort,
};

use crate::Tables;

/// A host. What a test sets is public; what the engine writes is read by methods.
#[derive(Default)]
pub(super) struct Host {
    pub now: Cell<Seconds>,
    pub ports: HashMap<IfIndex, Port>,
    pub overlays: HashMap<OverlayKey, Overlay>,
    pub remotes: HashMap<RemoteIndex, Remote>,
    pub hops: HashMap<RemoteIndex, NextHop>,
    pub floods: HashMap<OverlayKey, FloodList>,
    pub local: HashSet<Address>,
    pub known: HashSet<Address>,
    pub fdb: RefCell<HashMap<FdbKey, FdbEntry>>,
    pub fdb_room: usize,
    pub ring: RefCell<HashMap<u32, &'static FdbKey>>,
    pub ring_slots: u32,
    hand: Cell<u32>,
    learned: RefCell<Vec<&'static Remote>>,
    counts: RefCell<BTreeMap<(Option<Direction>, Outcome), u32>>,
}

/// Indices of VTEPs that learning meets begin here.
const LEARNED: u32 = 100;

impl Host {
    /// The one counter that moved, and that it moved once.
    pub fn counted(&self) -> Option<(Option<Direction>, Outcome)> {
        let counts = self.counts.borrow();
        assert!(counts.values().sum::<u32>() <= 1, "a frame was counted more than once: {counts:?}");
        counts.keys().next().copied()
    }

    /// Forgets what was counted.
    pub fn recount(&self) {
        self.counts.borrow_mut().clear();
    }

    fn add(&self, direction: Option<Direction>, outcome: Outcome) {
        *self.counts.borrow_mut().entry((direction, outcome)).or_default() += 1;
    }
}

impl Tables for Host {
    fn now(&self) -> Seconds {
        self.now.get()
    }

    fn any_u16(&self) -> u16 {
        0x1234
    }

    fn port(&self, device: IfIndex) -> Option<Port> {
        self.ports.get(&device).copied()
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
        if let Some(there) = self.fdb.borrow_mut().get_mut(key) {
            *there = *entry;
        }
    }

    fn fdb_remove(&self, key: &FdbKey) {
        self.fdb.borrow_mut().remove(key);
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
        self.ring.borrow_mut().insert(slot, Box::leak(Box::new(*key)));
    }

    fn remote(&self, index: RemoteIndex) -> Option<&Remote> {
        let learned = || self.learned.borrow().get(index.0.checked_sub(LEARNED)? as usize).copied();
        self.remotes.get(&index).or_else(learned)
    }

    fn remote_of(&self, address: Address) -> Option<RemoteIndex> {
        let configured = self.remotes.iter().find(|(_, remote)| remote.address() == address);
        if let Some((index, _)) = configured {
            return Some(*index);
        }
        let mut learned = self.learned.borrow_mut();
        let at = learned.iter().position(|remote| remote.address() == address).unwrap_or_else(|| {
            let remote = Remote::new(RemoteKey::plain(address), RemoteFlags::LEARNED, 1);
            learned.push(Box::leak(Box::new(remote)));
            learned.len() - 1
        });
        Some(RemoteIndex(LEARNED + at as u32))
    }

    fn hop(&self, index: RemoteIndex, _: &Remote, _: OverlayKey) -> Option<&NextHop> {
        self.hops.get(&index)
    }

    fn is_local(&self, address: Address) -> bool {
        self.local.contains(&address)
    }

    fn is_known(&self, _: OverlayKey, address: Address) -> bool {
        self.known.contains(&address)
    }

    fn is_allowed(&self, _: OverlayKey, address: Address) -> bool {
        address.v4_bytes()[..3] == [10, 99, 0]
    }

    fn flood(&self, overlay: OverlayKey) -> Option<&FloodList> {
        self.floods.get(&overlay)
    }

    fn repeat<F: FnMut(u32)>(&self, turns: u32, turn: F) {
        (0..turns).for_each(turn);
    }

    fn count(&self, _: OverlayKey, direction: Direction, outcome: Outcome, _: usize) {
        self.add(Some(direction), outcome);
    }

    fn count_outside(&self, _: UdpPort, outcome: Outcome, _: usize) {
        self.add(None, outcome);
    }

    fn count_sent(&self, _: RemoteIndex, _: usize) {}

    fn count_received(&self, _: RemoteIndex, _: usize) {}
}
