//! Learning: a station is behind the VTEP or port that its frame came from.
//!
//! A fixed entry is never masked, moved or evicted. A learned entry holds a slot of a ring; every new one
//! advances a clock hand, which takes the first free or expired slot of the next [`LOOK_AT`], else evicts the
//! station of those that has been silent for longest, one of its own overlay before any other. So a full table never
//! stops learning, never costs a fixed entry, and who floods one overlay with addresses pushes out that one's.

use vxlan_common::{Address, FdbEntry, FdbKey, IfIndex, Outcome, OverlayKey, RemoteIndex, Target, Tiding};

use crate::Tables;

/// How many slots of the ring an attempt to learn looks at.
pub const LOOK_AT: u32 = 8;

/// What the FDB says of a sender that is not where it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Standing {
    /// Nothing.
    New = 0,
    /// It was learned somewhere else.
    Learned = 1,
    /// The user said so, and that learning may change it.
    Dynamic = 2,
}

/// A frame from the VTEP at `source`. Returns the VTEP's index, if it has one.
#[inline(always)]
pub fn from_vtep<T: Tables>(
    tables: &T,
    key: &FdbKey,
    source: Address,
) -> Result<Option<RemoteIndex>, Outcome> {
    let mut standing = Standing::New;
    if let Some(entry) = tables.fdb(key) {
        if let Target::Remote(index) = entry.target()
            && tables.remote(index).is_some_and(|remote| remote.address() == source)
        {
            refresh(tables, key, entry);
            return Ok(Some(index));
        }
        if entry.is_fixed() {
            return Err(Outcome::StaticElsewhere);
        }
        standing = standing_of(&entry);
    }
    let Some(index) = tables.remote_of(source) else { return Ok(None) };
    tables.settle(key, standing, Target::Remote(index));
    Ok(Some(index))
}

/// A frame from the local port `port`.
#[inline(always)]
pub fn from_port<T: Tables>(tables: &T, key: &FdbKey, port: IfIndex) {
    let here = Target::Port(port);
    match tables.fdb(key) {
        Some(entry) if entry.is_fixed() => note_place(tables, key, entry, port),
        Some(entry) if entry.target() == here => refresh(tables, key, entry),
        Some(entry) => tables.settle(key, standing_of(&entry), here),
        None => tables.settle(key, Standing::New, here),
    }
}

#[inline(always)]
const fn standing_of(entry: &FdbEntry) -> Standing {
    if entry.is_learned() { Standing::Learned } else { Standing::Dynamic }
}

/// A fixed entry that names this very host says nothing of the port: keep it beside.
#[inline(always)]
fn note_place<T: Tables>(tables: &T, key: &FdbKey, mut entry: FdbEntry, port: IfIndex) {
    if entry.place != port.0 && names_this_host(tables, key, &entry) {
        entry.place = port.0;
        tables.fdb_replace(key, &entry);
    }
}

#[inline(always)]
fn names_this_host<T: Tables>(tables: &T, key: &FdbKey, entry: &FdbEntry) -> bool {
    let Target::Remote(index) = entry.target() else { return false };
    let (Some(remote), Some(overlay)) = (tables.remote(index), tables.overlay(key.overlay())) else {
        return false;
    };
    remote.is_home(overlay.local())
}

/// `last seen` is written at most once a second.
#[inline(always)]
fn refresh<T: Tables>(tables: &T, key: &FdbKey, entry: FdbEntry) {
    let now = tables.now();
    if !entry.is_fixed() && entry.last_seen() != now {
        tables.fdb_replace(key, &entry.seen(now));
    }
}

/// Writes where a station is now. A moved one keeps its slot; a `dynamic` entry of the user had none.
#[inline(always)]
pub fn settle<T: Tables>(tables: &T, key: &FdbKey, standing: Standing, target: Target) {
    let now = tables.now();
    let tiding = match standing {
        Standing::Learned => {
            let Some(entry) = tables.fdb(key) else { return };
            tables.fdb_replace(key, &FdbEntry::learned(target, now, entry.place));
            Tiding::Moved
        }
        Standing::Dynamic => {
            let slot = free_slot(tables, key.overlay());
            tables.ring_set(slot, key);
            tables.fdb_replace(key, &FdbEntry::learned(target, now, slot));
            Tiding::Moved
        }
        Standing::New => {
            let slot = free_slot(tables, key.overlay());
            if !tables.fdb_add(key, &FdbEntry::learned(target, now, slot)) {
                return;
            }
            tables.ring_set(slot, key);
            Tiding::Learned
        }
    };
    if tiding == Tiding::Moved {
        tables.forget_hits();
    }
    tables.tell(tiding, key, target);
}

/// Makes a slot of the ring free, evicting at most one learned station.
#[inline(always)]
fn free_slot<T: Tables>(tables: &T, overlay: OverlayKey) -> u32 {
    let slots = tables.ring_slots().max(1);
    // The slot, and since when its station has been silent: 0, if nobody holds it; those of other overlays count as heard
    // of just now.
    let mut silent = (0, u64::MAX);
    for _ in 0..LOOK_AT {
        let slot = tables.ring_advance() % slots;
        let since = silent_since(tables, overlay, slot);
        if since < silent.1 {
            silent = (slot, since);
        }
        if since == FREE {
            break;
        }
    }
    let (slot, since) = silent;
    if since != FREE
        && let Some(key) = tables.ring(slot)
        && let Some(entry) = tables.fdb(key)
    {
        forget(tables, key, &entry);
    }
    slot
}

/// Nobody holds the slot.
const FREE: u64 = 0;

/// Since when the holder of a slot has been silent. One that has been for too long is forgotten.
#[inline(always)]
fn silent_since<T: Tables>(tables: &T, overlay: OverlayKey, slot: u32) -> u64 {
    let Some(key) = tables.ring(slot).filter(|key| !key.is_free()) else { return FREE };
    let holder = tables.fdb(key).filter(|entry| entry.is_learned() && entry.place == slot);
    let Some(entry) = holder else { return FREE };
    let ageing = tables.overlay(key.overlay()).map_or(1, |overlay| overlay.ageing);
    if entry.is_expired(tables.now(), ageing) {
        forget(tables, key, &entry);
        return FREE;
    }
    let foreign = u64::from(key.overlay() != overlay) << 32;
    foreign | (u64::from(entry.last_seen().0) + 1)
}

#[inline(always)]
fn forget<T: Tables>(tables: &T, key: &FdbKey, entry: &FdbEntry) {
    tables.fdb_remove(key);
    tables.tell(Tiding::Forgotten, key, entry.target());
}
