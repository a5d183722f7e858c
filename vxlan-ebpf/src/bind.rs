//! Bindings: a station at a local port said what its IP address is, and map `neigh` believes it for a while.
//!
//! What the user or a control plane set is never touched. A learned binding holds one of its port's places, as many as
//! the overlay's limit says, until it has not been confirmed for as long as it is believed; a port whose places are all
//! held learns no more, whatever is announced there, and no other port feels that. A place is taken by one atomic
//! change of a word, before the row of `neigh` is written, and looked at again behind that: so each row has a place of its
//! own, on however many CPUs a container shouts.

use vxlan_common::{IfIndex, Mac, NeighEntry, NeighKey, Overlay, Place, PlaceKey, Seconds, Tiding};

use crate::{Tables, frame::Word, tables::Held};

/// How many places an announcement looks at. A port that has more learns from a later one what it did not now.
pub const LOOK_AT: u32 = 8;

/// What a station says of itself.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Announcement {
    /// Its IP address.
    pub key: NeighKey,
    /// Its Ethernet address.
    pub mac: Word<Mac>,
    /// Until when it is believed.
    pub until: Seconds,
    /// How many places the port has.
    pub limit: u32,
    /// Where it was heard.
    pub port: IfIndex,
}

/// Learns it, if it may be. `overrides`: it means to take the place of what was said before.
// A function of its own, since the stack of its caller holds the frame's journey.
#[inline(never)]
pub(crate) fn learn<T: Tables>(tables: &T, overlay: &Overlay, said: &Announcement, overrides: bool) {
    let now = tables.now();
    let before = tables.neighbour(&said.key);
    let (mut is_kept, mut is_same) = (false, false);
    if let Some(entry) = before {
        if !entry.is_learned() {
            return;
        }
        is_same = entry.mac() == said.mac.0;
        if !is_same && entry.is_valid(now) && !(overrides && may_move(overlay, said, &entry)) {
            return;
        }
        is_kept = entry.place().port() == said.port && confirm(tables, said, &entry.place());
        // Written at most once a second, unless it says something else.
        if is_kept && is_same && entry.updated() == now {
            return;
        }
    }
    let kept = before.filter(|_| is_kept).map(|entry| entry.place());
    let Some(place) = kept.or_else(|| place(tables, said)) else { return };
    let entry = NeighEntry::learned(said.mac.0, now, said.until, place);
    match before {
        None if !tables.neighbour_add(&said.key, &entry) => {
            // Another CPU was first, or the user, or the table is full.
            release(tables, &said.key, &place);
            return;
        }
        None => {}
        Some(before) => {
            tables.neighbour_replace(&said.key, &entry);
            if !is_kept {
                release(tables, &said.key, &before.place());
            }
        }
    }
    if held(tables, &said.key, &place).is_none() {
        // Meanwhile another CPU moved the binding, and a third gave its place away.
        forget(tables, &said.key, &place);
        return;
    }
    if !is_kept || !is_same {
        // Told once a second for each: what moves in the second in which it was learned is told, too.
        let tiding = if before.is_none() { Tiding::NeighLearned } else { Tiding::NeighMoved };
        tables.tell_neighbour(tiding, &said.key);
    }
}

/// Whether a binding that holds goes over to another station. One that was learned from the host itself or its bridge
/// does not go over to a container.
#[inline(always)]
fn may_move(overlay: &Overlay, said: &Announcement, entry: &NeighEntry) -> bool {
    let host = overlay.vtep_device();
    entry.place().port() != host || said.port == host
}

/// Keeps a place for longer; false: it is another's by now, or one too many since the limit was lowered.
#[inline(always)]
fn confirm<T: Tables>(tables: &T, said: &Announcement, at: &PlaceKey) -> bool {
    let Some(place) = held(tables, &said.key, at) else { return false };
    at.number() < said.limit && (place.until == said.until || tables.place_hold(at, place.until, said.until))
}

/// A place, if it is a binding's.
#[inline(always)]
fn held<'a, T: Tables>(tables: &'a T, key: &NeighKey, at: &PlaceKey) -> Option<Held<'a>> {
    tables.place(at).filter(|place| !place.is_changing && place.holder == key)
}

/// Gives back the place that a binding has left.
#[inline(always)]
fn release<T: Tables>(tables: &T, key: &NeighKey, at: &PlaceKey) {
    if let Some(place) = held(tables, key, at) {
        tables.place_hold(at, place.until, Seconds(0));
    }
}

/// A place at the port, taken for the announcer: one that nobody has, or whose holder is over.
#[inline(always)]
fn place<T: Tables>(tables: &T, said: &Announcement) -> Option<PlaceKey> {
    let (now, until, limit) = (tables.now(), said.until, said.limit.max(1));
    let hand = tables.binder_advance(said.port, LOOK_AT);
    for step in 0..LOOK_AT.min(limit) {
        let at = PlaceKey::new(said.port, hand.wrapping_add(step) % limit);
        match tables.place(&at) {
            None if tables.place_add(&at, &Place::new(said.key, until)) => return Some(at),
            Some(place)
                if !place.is_changing
                    && place.until.0 <= now.0
                    && tables.place_take(&at, place.until, until) =>
            {
                forget(tables, place.holder, &at);
                tables.place_give(&at, &said.key, until);
                return Some(at);
            }
            None | Some(_) => {}
        }
    }
    tables.refuse(said.key.overlay(), said.port);
    None
}

/// Removes the binding that had a place, unless it has another one by now, or was set by hand.
#[inline(always)]
fn forget<T: Tables>(tables: &T, holder: &NeighKey, at: &PlaceKey) {
    if tables.neighbour(holder).is_some_and(|entry| entry.is_learned() && entry.place() == *at) {
        tables.tell_neighbour(Tiding::NeighForgotten, holder);
        tables.neighbour_remove(holder);
    }
}
