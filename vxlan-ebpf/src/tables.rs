//! The seam to everything that is not bytes: tables, time, counters.

use vxlan_common::{
    Address, FdbEntry, FdbKey, FloodList, HopState, IfIndex, NeighEntry, NeighKey, NextHop, Outcome, Overlay,
    OverlayKey, Place, PlaceKey, Port, Remote, RemoteIndex, RxHit, Seconds, Stamp, Target, Tiding, TxHit,
    UdpPort, Vni,
};

use crate::learn::Standing;

/// What an overlay looks up and counts. Methods take `&self`: a table is shared by all CPUs anyway.
pub trait Tables {
    /// Now, to the second.
    fn now(&self) -> Seconds;

    /// Any 16 bits: an IPv4 identification.
    fn any_u16(&self) -> u16;

    /// The overlay that `device` is a port of.
    fn port(&self, device: IfIndex) -> Option<Port>;

    /// Settings of an overlay.
    fn overlay(&self, key: OverlayKey) -> Option<&Overlay>;

    /// Whether an overlay of ours listens on this UDP port.
    fn listens(&self, port: UdpPort) -> bool;

    /// What the FDB knows of a station.
    fn fdb(&self, key: &FdbKey) -> Option<FdbEntry>;

    /// Adds a station; false if it is there already or the table is full.
    fn fdb_add(&self, key: &FdbKey, entry: &FdbEntry) -> bool;

    /// Replaces what is known of a station.
    fn fdb_replace(&self, key: &FdbKey, entry: &FdbEntry);

    /// Forgets a station.
    fn fdb_remove(&self, key: &FdbKey);

    /// Does [`crate::learn::settle`]: the kernel side keeps that apart from what leads there.
    fn settle(&self, key: &FdbKey, standing: Standing, target: Target);

    /// What is known of a station by its IP address.
    fn neighbour(&self, key: &NeighKey) -> Option<NeighEntry>;

    /// Adds a neighbour; false if it is there already or the table is full.
    fn neighbour_add(&self, key: &NeighKey, entry: &NeighEntry) -> bool;

    /// Replaces what is known of a neighbour.
    fn neighbour_replace(&self, key: &NeighKey, entry: &NeighEntry);

    /// Forgets a neighbour.
    fn neighbour_remove(&self, key: &NeighKey);

    /// Moves a port's clock hand on by `steps`; returns where it was.
    fn binder_advance(&self, port: IfIndex, steps: u32) -> u32;

    /// Who has a place at a port; `None`: nobody ever had.
    fn place(&self, at: &PlaceKey) -> Option<Held<'_>>;

    /// Takes a place that nobody ever had; false: another CPU did, or the table is full.
    fn place_add(&self, at: &PlaceKey, place: &Place) -> bool;

    /// Holds a place until `until`, if it is held until `seen` as yet; false: it is not.
    fn place_hold(&self, at: &PlaceKey, seen: Seconds, until: Seconds) -> bool;

    /// Takes a place that was held until `seen`, to give it to another until `until`; false: another CPU was first.
    fn place_take(&self, at: &PlaceKey, seen: Seconds, until: Seconds) -> bool;

    /// Gives a place that was taken until `until` to its new holder.
    fn place_give(&self, at: &PlaceKey, holder: &NeighKey, until: Seconds);

    /// Counts an announcement for which a port had no place, and tells whoever listens, once a second.
    fn refuse(&self, overlay: OverlayKey, port: IfIndex);

    /// How many slots the ring of learned stations has.
    fn ring_slots(&self) -> u32;

    /// Moves the clock hand on by one; returns where it was.
    fn ring_advance(&self) -> u32;

    /// The station in a slot.
    fn ring(&self, slot: u32) -> Option<&FdbKey>;

    /// Puts a station into a slot.
    fn ring_set(&self, slot: u32, key: &FdbKey);

    /// A VTEP, unless it is gone.
    fn remote(&self, index: RemoteIndex) -> Option<&Remote>;

    /// The VTEP that has a slot.
    fn remote_in(&self, slot: u32) -> Option<RemoteIndex>;

    /// The index of a VTEP, if it has one.
    fn remote_known(&self, address: Address) -> Option<RemoteIndex>;

    /// The index of a VTEP met by learning; gives it one if it is new. `None`: that failed.
    fn remote_of(&self, address: Address) -> Option<RemoteIndex>;

    /// The way to a VTEP for an overlay, at most a second old.
    fn hop(&self, index: RemoteIndex, key: OverlayKey, overlay: &Overlay) -> Option<&NextHop>;

    /// Whether `address` is this host's.
    fn is_local(&self, address: Address) -> bool;

    /// Whether the user or a control plane named `address` as a VTEP of `overlay`.
    fn is_known(&self, overlay: OverlayKey, address: Address) -> bool;

    /// Whether `address` lies in a prefix that the user allowed.
    fn is_allowed(&self, overlay: OverlayKey, address: Address) -> bool;

    /// The flood list of an overlay.
    fn flood(&self, overlay: OverlayKey) -> Option<&FloodList>;

    /// Calls `turn` with 0, 1, ... `turns` - 1.
    fn repeat<F: FnMut(u32)>(&self, turns: u32, turn: F);

    /// Tells whoever listens where a station is now, or that it was forgotten.
    fn tell(&self, tiding: Tiding, station: &FdbKey, target: Target);

    /// Tells whoever listens of a neighbour that is in the table, once a second for each.
    fn tell_neighbour(&self, tiding: Tiding, key: &NeighKey);

    /// Tells whoever listens that nobody knows where a station is, once a second for each and not too much a second in
    /// all; false: it was not told this time.
    fn report_station(&self, station: &FdbKey) -> bool;

    /// The same of an IP address that nobody is known to have.
    fn report_address(&self, overlay: OverlayKey, address: &Address) -> bool;

    /// Counts the end of a frame.
    fn count(&self, overlay: OverlayKey, direction: vxlan_common::Direction, outcome: Outcome, bytes: usize);

    /// Until when what is found out now may be remembered.
    fn stamp(&self) -> Stamp;

    /// A row of this CPU's cache of departures.
    fn tx_row(&self, row: u32) -> Option<&TxHit>;

    /// Lets `write` fill a row of this CPU's cache of departures.
    fn tx_write(&self, row: u32, write: impl FnOnce(&mut TxHit));

    /// A row of this CPU's cache of arrivals.
    fn rx_row(&self, row: u32) -> Option<&RxHit>;

    /// Lets `write` fill a row of this CPU's cache of arrivals.
    fn rx_write(&self, row: u32, write: impl FnOnce(&mut RxHit));

    /// Whether an XDP program can redirect to a device.
    fn takes_xdp(&self, device: IfIndex) -> bool;

    /// Makes all CPUs forget what they remember.
    fn forget_hits(&self);

    /// Notes that frames with a VLAN tag beside them come from `device`, or go to it.
    fn note_tags(&self, device: IfIndex, port: Port);

    /// Counts a frame of overlay number `overlay` whose end is [`Outcome::Unicast`]; how many there were before.
    fn count_unicast(&self, overlay: u32, direction: vxlan_common::Direction, bytes: usize) -> u64;

    /// Counts the end of a frame that came to one of our UDP ports and belongs to no overlay.
    fn count_outside(&self, port: UdpPort, outcome: Outcome, bytes: usize);

    /// Counts a frame sent to a VTEP.
    fn count_sent(&self, remote: RemoteIndex, bytes: usize);

    /// Counts a frame that came from a VTEP.
    fn count_received(&self, remote: RemoteIndex, bytes: usize);
}

/// Who has a place, or had it, as it was at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// Whose it is.
    pub holder: &'a NeighKey,
    /// Until when.
    pub until: Seconds,
    /// Another CPU is about to give it to another.
    pub is_changing: bool,
}

/// The way to a VTEP in an overlay, with what that VTEP overrides.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The VTEP's index.
    pub index: RemoteIndex,
    /// Device, next hop, MACs.
    pub hop: &'a NextHop,
    remote: &'a Remote,
    overlay: &'a Overlay,
}

/// Finds the way to `index`. `None`: the VTEP is gone from the table.
#[inline(always)]
pub fn way<'a, T: Tables>(
    tables: &'a T,
    key: OverlayKey,
    overlay: &'a Overlay,
    index: RemoteIndex,
) -> Option<Way<'a>> {
    let remote = tables.remote(index)?;
    let hop = tables.hop(index, key, overlay)?;
    Some(Way { index, hop, remote, overlay })
}

impl Way<'_> {
    /// The VTEP's address.
    #[inline(always)]
    pub const fn destination(&self) -> Address {
        self.remote.address()
    }

    /// Our IPv4 address: as the user says, else as the routes prefer.
    #[inline(always)]
    pub fn source_v4(&self) -> [u8; 4] {
        if self.overlay.local().is_v4() {
            self.overlay.local().v4_bytes()
        } else {
            self.hop.source().v4_bytes()
        }
    }

    /// VNI to send with.
    #[inline(always)]
    pub fn vni(&self, key: OverlayKey) -> Vni {
        self.remote.vni().unwrap_or(key.vni())
    }

    /// UDP port to send to.
    #[inline(always)]
    pub fn udp_port(&self, key: OverlayKey) -> UdpPort {
        self.remote.udp_port().unwrap_or(key.udp_port())
    }

    /// Whether it leads to this very host.
    #[inline(always)]
    pub fn is_home(&self) -> bool {
        self.hop.state() == HopState::Home
    }

    /// Whether the data path itself can send by it: the VTEP has an IPv4 address, a route leads there, and there
    /// is an address of ours to send from.
    #[inline(always)]
    pub fn is_fast(&self) -> bool {
        match self.hop.state() {
            HopState::Ready | HopState::Unresolved | HopState::Guess => true,
            HopState::Unknown | HopState::Home | HopState::NoRoute => false,
        }
    }
}
