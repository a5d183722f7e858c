//! The engine's tables, made of BPF maps.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::{__sk_buff, BPF_ANY, BPF_EXIST, BPF_NOEXIST},
    btf_maps::lpm_trie::Key,
    helpers::generated::{bpf_get_prandom_u32, bpf_ktime_get_coarse_ns, bpf_loop},
};
use vxlan_common::{
    Address, AdmitKey, AllowKey, Binder, CountKey, Device, Direction, FdbEntry, FdbKey, FloodList, IfIndex,
    LOADER_REMOTES, LocalAddress, NeighEntry, NeighKey, NextHop, Outcome, Overlay, OverlayKey, Place,
    PlaceKey, Port, PortFlags, REMOTES, Remote, RemoteFlags, RemoteIndex, RemoteKey, RxHit, Seconds, Stamp,
    Target, Tiding, TxHit, UdpPort,
};
use vxlan_ebpf::{Tables, learn::Standing, tables::Held};

use crate::{
    apart, fib,
    maps::{
        ADMIT, ALLOW, ALLOW_KEY, BINDER, BINDING, DEVICE, FDB_TABLE, FLOOD, LISTEN, LOCAL, LOCAL_SLOTS,
        NEIGH, NEXTHOP, PORT, REMOTE, RING_SLOTS, RING_TABLE, RX_CACHE, TX_CACHE, UNICAST, VNI, VTEP,
        VTEP_TRAFFIC,
    },
    state::{self, add, add_one, exchange},
    tell,
};

const NANOSECONDS: u64 = 1_000_000_000;

/// Who asks the kernel for routes.
pub(crate) trait Routes: Copy {
    /// Writes the way to a VTEP into map `nexthop`.
    fn resolve(self, index: RemoteIndex, overlay: OverlayKey, now: Seconds);

    /// Whether an IPv4 address is this host's; `None`: it cannot be asked here.
    fn is_local(self, address: Address) -> Option<bool>;
}

/// By the context of a TC program.
#[derive(Clone, Copy)]
pub(crate) struct BySkb(pub(crate) *mut __sk_buff);

impl Routes for BySkb {
    #[inline(always)]
    fn resolve(self, index: RemoteIndex, overlay: OverlayKey, now: Seconds) {
        let (vni, port) = (overlay.vni().get(), u32::from(overlay.udp_port().0));
        fib::vxbpf_resolve(self.0, index.0, vni, port, now.0);
    }

    #[inline(always)]
    fn is_local(self, address: Address) -> Option<bool> {
        Some(fib::vxbpf_is_local(self.0, u32::from_ne_bytes(address.v4_bytes())) != 0)
    }
}

/// Nobody: what is not in the caches is left to a TC program.
#[derive(Clone, Copy)]
pub(crate) struct Nobody;

impl Routes for Nobody {
    #[inline(always)]
    fn resolve(self, _: RemoteIndex, _: OverlayKey, _: Seconds) {}

    #[inline(always)]
    fn is_local(self, _: Address) -> Option<bool> {
        None
    }
}

pub(crate) struct KernelTables<R> {
    routes: R,
    /// CLOCK_MONOTONIC to the tick, which the loader reads too.
    nanoseconds: u64,
}

impl<R: Routes> KernelTables<R> {
    #[inline(always)]
    pub(crate) fn new(routes: R) -> Self {
        // SAFETY: the helper has no arguments.
        Self { routes, nanoseconds: unsafe { bpf_ktime_get_coarse_ns() } }
    }

    /// Gives a slot to a VTEP that learning met: the next in turn, whoever had it. What was learned behind that one
    /// leads nowhere from here on, and is learned again when it is heard of.
    #[inline(never)]
    fn claim(&self, key: &RemoteKey) -> Option<RemoteIndex> {
        let slot = LOADER_REMOTES + add_one(state::CLAIMED) % (REMOTES - LOADER_REMOTES);
        let old = REMOTE.get(slot)?;
        let index = old.index(slot).successor();
        // The user may have named it meanwhile: then it has another slot.
        // SAFETY: the value is read at once.
        if !old.is_free() && unsafe { VTEP.get(old.key) }.copied() == Some(old.index(slot).0) {
            let _ = VTEP.remove(&old.key);
        }
        REMOTE.set(slot, Remote::new(*key, RemoteFlags::LEARNED, index), BPF_ANY.into()).ok()?;
        match VTEP.insert(key, index.0, BPF_NOEXIST.into()) {
            Ok(()) => Some(index),
            // Another CPU met it first; its index holds.
            // SAFETY: the value is read at once.
            Err(_) => unsafe { VTEP.get(key) }.copied().map(RemoteIndex),
        }
    }

    #[inline(always)]
    fn add(&self, key: &CountKey, bytes: usize) {
        apart::vxbpf_count(key.word(), bytes as u64);
    }
}

/// What is kept of a port where bindings are learned, made when it is first needed.
#[inline(always)]
fn binder(port: IfIndex) -> Option<*mut Binder> {
    if let Some(binder) = BINDER.get_ptr_mut(port.0) {
        return Some(binder);
    }
    let _ = BINDER.insert(port.0, Binder { hand: 0, refused: 0 }, BPF_NOEXIST.into());
    BINDER.get_ptr_mut(port.0)
}

/// Sets until when a place is held, if it is as it was seen; whether it was.
#[inline(always)]
fn exchange_until(at: &PlaceKey, seen: u64, word: u64) -> bool {
    let Some(place) = BINDING.get_ptr_mut(at) else { return false };
    // SAFETY: not preallocated, so the row outlives the program, and all who change the word do so atomically.
    unsafe { exchange((*place).until_word(), seen, word) }
}

extern "C" fn turn<F: FnMut(u32)>(at: u32, closure: *mut c_void) -> i64 {
    // SAFETY: `repeat` passes its own closure, which lives until `bpf_loop` returns.
    unsafe { (*closure.cast::<F>())(at) };
    0
}

impl<R: Routes> Tables for KernelTables<R> {
    #[inline(always)]
    fn now(&self) -> Seconds {
        Seconds((self.nanoseconds / NANOSECONDS) as u32)
    }

    #[inline(always)]
    fn any_u16(&self) -> u16 {
        // SAFETY: the helper has no arguments.
        unsafe { bpf_get_prandom_u32() as u16 }
    }

    #[inline(always)]
    fn port(&self, device: IfIndex) -> Option<Port> {
        // SAFETY: copied at once; a port's row changes only when it is attached anew.
        unsafe { PORT.get(device.0) }.copied()
    }

    #[inline(always)]
    fn overlay(&self, key: OverlayKey) -> Option<&Overlay> {
        // SAFETY: not preallocated, so a replaced row lives until this program ends.
        unsafe { VNI.get(key) }
    }

    #[inline(always)]
    fn listens(&self, port: UdpPort) -> bool {
        // SAFETY: only looked at.
        unsafe { LISTEN.get(u32::from(port.0)) }.is_some()
    }

    #[inline(always)]
    fn fdb(&self, key: &FdbKey) -> Option<FdbEntry> {
        // SAFETY: copied at once. A row that another CPU replaces meanwhile may mix both for this one frame.
        unsafe { FDB_TABLE.get(key) }.copied()
    }

    #[inline(always)]
    fn fdb_add(&self, key: &FdbKey, entry: &FdbEntry) -> bool {
        FDB_TABLE.insert(key, entry, BPF_NOEXIST.into()).is_ok()
    }

    #[inline(always)]
    fn fdb_replace(&self, key: &FdbKey, entry: &FdbEntry) {
        // The row may be gone meanwhile, and then stays so.
        let _ = FDB_TABLE.insert(key, entry, BPF_EXIST.into());
    }

    #[inline(always)]
    fn fdb_remove(&self, key: &FdbKey) {
        let _ = FDB_TABLE.remove(key);
    }

    #[inline(always)]
    fn settle(&self, key: &FdbKey, standing: Standing, target: Target) {
        let (first, vni) = key.words();
        apart::vxbpf_settle(first, vni, standing as u32, target.word());
    }

    #[inline(always)]
    fn neighbour(&self, key: &NeighKey) -> Option<NeighEntry> {
        // SAFETY: not preallocated, so a replaced row lives until this program ends; copied at once.
        unsafe { NEIGH.get(key) }.copied()
    }

    #[inline(always)]
    fn neighbour_add(&self, key: &NeighKey, entry: &NeighEntry) -> bool {
        NEIGH.insert(key, entry, BPF_NOEXIST.into()).is_ok()
    }

    #[inline(always)]
    fn neighbour_replace(&self, key: &NeighKey, entry: &NeighEntry) {
        // The row may be gone meanwhile, and then stays so.
        let _ = NEIGH.insert(key, entry, BPF_EXIST.into());
    }

    #[inline(always)]
    fn neighbour_remove(&self, key: &NeighKey) {
        let _ = NEIGH.remove(key);
    }

    #[inline(always)]
    fn binder_advance(&self, port: IfIndex, steps: u32) -> u32 {
        let Some(binder) = binder(port) else { return 0 };
        // SAFETY: the row outlives the program, and all who change the word do so atomically.
        unsafe { add(&raw mut (*binder).hand, steps.into()) as u32 }
    }

    #[inline(always)]
    fn place(&self, at: &PlaceKey) -> Option<Held<'_>> {
        let place = BINDING.get_ptr_mut(at)?;
        // SAFETY: not preallocated, so the row outlives the program; a holder that is being written is taken for another's.
        // The word is read once, since others change it.
        unsafe {
            let word = core::ptr::from_mut((*place).until_word()).read_volatile();
            Some(Held {
                holder: &(*place).holder,
                until: Seconds(word as u32),
                is_changing: Place::is_changing_word(word),
            })
        }
    }

    #[inline(always)]
    fn place_add(&self, at: &PlaceKey, place: &Place) -> bool {
        BINDING.insert(at, place, BPF_NOEXIST.into()).is_ok()
    }

    #[inline(always)]
    fn place_hold(&self, at: &PlaceKey, seen: Seconds, until: Seconds) -> bool {
        exchange_until(at, Place::word(seen, false), Place::word(until, false))
    }

    #[inline(always)]
    fn place_take(&self, at: &PlaceKey, seen: Seconds, until: Seconds) -> bool {
        exchange_until(at, Place::word(seen, false), Place::word(until, true))
    }

    #[inline(always)]
    fn place_give(&self, at: &PlaceKey, holder: &NeighKey, until: Seconds) {
        if let Some(place) = BINDING.get_ptr_mut(at) {
            // SAFETY: the row outlives the program, and nobody else writes a place that this one has taken.
            unsafe { (*place).holder = *holder };
        }
        exchange_until(at, Place::word(until, true), Place::word(until, false));
    }

    #[inline(always)]
    fn refuse(&self, overlay: OverlayKey, port: IfIndex) {
        if let Some(binder) = binder(port) {
            // SAFETY: the row outlives the program, and all who change the word do so atomically.
            unsafe { add(&raw mut (*binder).refused, 1) };
        }
        if tell::is_heard() {
            tell::notify(self.now(), |event| event.subject.set_port(Tiding::NeighRefused, overlay, port));
        }
    }

    #[inline(always)]
    fn ring_slots(&self) -> u32 {
        RING_SLOTS.load()
    }

    #[inline(always)]
    fn ring_advance(&self) -> u32 {
        add_one(state::HAND)
    }

    #[inline(always)]
    fn ring(&self, slot: u32) -> Option<&FdbKey> {
        RING_TABLE.get(slot)
    }

    #[inline(always)]
    fn ring_set(&self, slot: u32, key: &FdbKey) {
        let _ = RING_TABLE.set(slot, key, BPF_ANY.into());
    }

    #[inline(always)]
    fn remote(&self, index: RemoteIndex) -> Option<&Remote> {
        REMOTE.get(index.slot()).filter(|remote| remote.index(index.slot()) == index)
    }

    #[inline(always)]
    fn remote_in(&self, slot: u32) -> Option<RemoteIndex> {
        REMOTE.get(slot).map(|remote| remote.index(slot))
    }

    #[inline(always)]
    fn remote_known(&self, address: Address) -> Option<RemoteIndex> {
        // SAFETY: the value is read at once.
        unsafe { VTEP.get(RemoteKey::plain(address)) }.copied().map(RemoteIndex)
    }

    #[inline(always)]
    fn remote_of(&self, address: Address) -> Option<RemoteIndex> {
        self.remote_known(address).or_else(|| self.claim(&RemoteKey::plain(address)))
    }

    #[inline(always)]
    fn hop(&self, index: RemoteIndex, key: OverlayKey, overlay: &Overlay) -> Option<&NextHop> {
        let cached = NEXTHOP.get_ptr_mut(index.slot())?;
        // SAFETY: this CPU's own value of a per-CPU map.
        let cached = unsafe { &*cached };
        let is_fresh = || cached.is_fresh(index, overlay, self.now(), state::word(state::CHANGES) as u32);
        if !is_fresh() {
            self.routes.resolve(index, key, self.now());
        }
        is_fresh().then_some(cached)
    }

    #[inline(always)]
    fn is_local(&self, address: Address) -> bool {
        let [.., last] = address.0;
        let Some(cached) = LOCAL.get_ptr_mut(u32::from(last) % LOCAL_SLOTS as u32) else { return false };
        // SAFETY: this CPU's own value of a per-CPU map.
        let cached = unsafe { &mut *cached };
        if let Some(answer) = cached.answer(address, self.now()) {
            return answer;
        }
        let Some(answer) = self.routes.is_local(address) else { return false };
        *cached = LocalAddress::new(address, self.now(), answer);
        answer
    }

    #[inline(always)]
    fn is_known(&self, overlay: OverlayKey, address: Address) -> bool {
        // SAFETY: only looked at.
        unsafe { ADMIT.get(AdmitKey::new(overlay, address)) }.is_some()
    }

    #[inline(always)]
    fn is_allowed(&self, overlay: OverlayKey, address: Address) -> bool {
        let Some(place) = ALLOW_KEY.get_ptr_mut(0) else { return false };
        // SAFETY: this CPU's own value of a per-CPU map, of the key's size and alignment; a key on the stack would
        // be written by words that are not aligned there, which the verifier refuses.
        let key = unsafe {
            let key = place.cast::<Key<AllowKey>>();
            key.write(Key::new(8 * size_of::<AllowKey>() as u32, AllowKey::new(overlay, address)));
            &*key
        };
        ALLOW.get(key).is_some()
    }

    #[inline(always)]
    fn flood(&self, overlay: OverlayKey) -> Option<&FloodList> {
        // SAFETY: not preallocated, so a replaced list lives until this program ends.
        unsafe { FLOOD.get(overlay) }
    }

    #[inline(always)]
    fn repeat<F: FnMut(u32)>(&self, turns: u32, mut closure: F) {
        let callback = turn::<F> as extern "C" fn(u32, *mut c_void) -> i64;
        // SAFETY: the callback takes what `bpf_loop` gives, and the closure lives until it returns.
        unsafe { bpf_loop(turns, callback as *mut c_void, (&raw mut closure).cast(), 0) };
    }

    #[inline(always)]
    fn tell(&self, tiding: Tiding, station: &FdbKey, target: Target) {
        tell::tell(Some(target), |subject| subject.set_station(tiding, station));
    }

    #[inline(always)]
    fn tell_neighbour(&self, tiding: Tiding, key: &NeighKey) {
        if !tell::is_heard() {
            return;
        }
        // From map to map: an entry on the stack would be written by words that are not aligned there.
        // SAFETY: not preallocated, so a replaced row lives until this program ends.
        let Some(entry) = (unsafe { NEIGH.get(key) }) else { return };
        tell::notify(self.now(), |event| {
            event.subject.set_neighbour(tiding, key);
            event.set_neighbour(entry);
        });
    }

    #[inline(always)]
    fn report_station(&self, station: &FdbKey) -> bool {
        tell::report(self.now(), |event| event.subject.set_station(Tiding::StationMissing, station))
    }

    #[inline(always)]
    fn report_address(&self, overlay: OverlayKey, address: &Address) -> bool {
        tell::report(self.now(), |event| event.subject.set_address(overlay, address))
    }

    #[inline(always)]
    fn count(&self, overlay: OverlayKey, direction: Direction, outcome: Outcome, bytes: usize) {
        self.add(&CountKey::new(overlay, direction, outcome), bytes);
    }

    #[inline(always)]
    fn count_outside(&self, port: UdpPort, outcome: Outcome, bytes: usize) {
        self.add(&CountKey::outside(port, outcome), bytes);
    }

    #[inline(always)]
    fn stamp(&self) -> Stamp {
        let generation = state::word(state::CHANGES).wrapping_add(state::word(state::MOVES));
        Stamp::new(generation as u32, self.nanoseconds)
    }

    #[inline(always)]
    fn tx_row(&self, row: u32) -> Option<&TxHit> {
        // SAFETY: this CPU's own value of a per-CPU map.
        TX_CACHE.get_ptr(row).map(|hit| unsafe { &*hit })
    }

    #[inline(always)]
    fn tx_write(&self, row: u32, write: impl FnOnce(&mut TxHit)) {
        if let Some(hit) = TX_CACHE.get_ptr_mut(row) {
            // SAFETY: this CPU's own value of a per-CPU map, of which no other view is alive.
            write(unsafe { &mut *hit });
        }
    }

    #[inline(always)]
    fn rx_row(&self, row: u32) -> Option<&RxHit> {
        // SAFETY: this CPU's own value of a per-CPU map.
        RX_CACHE.get_ptr(row).map(|hit| unsafe { &*hit })
    }

    #[inline(always)]
    fn rx_write(&self, row: u32, write: impl FnOnce(&mut RxHit)) {
        if let Some(hit) = RX_CACHE.get_ptr_mut(row) {
            // SAFETY: as in `tx_write`.
            write(unsafe { &mut *hit });
        }
    }

    #[inline(always)]
    fn takes_xdp(&self, device: IfIndex) -> bool {
        // SAFETY: only looked at.
        unsafe { DEVICE.get(device.0) }.is_some_and(Device::takes_xdp)
    }

    #[inline(always)]
    fn forget_hits(&self) {
        add_one(state::MOVES);
    }

    #[inline(always)]
    fn note_tags(&self, device: IfIndex, mut port: Port) {
        if !port.has(PortFlags::TAGS) {
            port.flags |= PortFlags::TAGS;
            // The row may be gone meanwhile, and then stays so.
            let _ = PORT.insert(device.0, port, BPF_EXIST.into());
            self.forget_hits();
        }
    }

    #[inline(always)]
    fn count_unicast(&self, overlay: u32, direction: Direction, bytes: usize) -> u64 {
        let Some(unicast) = UNICAST.get_ptr_mut(overlay) else { return 0 };
        // SAFETY: this CPU's own value of a per-CPU map.
        let count = unsafe { &mut *unicast }.of(direction);
        let before = count.packets;
        count.add(bytes as u64);
        before
    }

    #[inline(always)]
    fn count_sent(&self, remote: RemoteIndex, bytes: usize) {
        if let Some(traffic) = VTEP_TRAFFIC.get_ptr_mut(remote.slot()) {
            // SAFETY: this CPU's own value of a per-CPU map.
            unsafe { &mut *traffic }.of(remote).add_sent(bytes);
        }
    }

    #[inline(always)]
    fn count_received(&self, remote: RemoteIndex, bytes: usize) {
        if let Some(traffic) = VTEP_TRAFFIC.get_ptr_mut(remote.slot()) {
            // SAFETY: this CPU's own value of a per-CPU map.
            unsafe { &mut *traffic }.of(remote).add_received(bytes);
        }
    }
}
