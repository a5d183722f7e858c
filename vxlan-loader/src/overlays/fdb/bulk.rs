//! New stations by the thousand: what a batch adds line by line is gathered, and set in the table by one call.
//!
//! What comes of it is what the lines would do one after the other. So only a line that cannot fail but for want of room
//! is gathered: an address that nothing is known of, behind a VTEP of another host that has so many already
//! that the vxlan device is not told of more. All else is refused here, and done in the ordinary way.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;

use anyhow::{Context, Error, Result};
use vxlan_common::{
    AdmitKey, Event, FdbEntry, FdbFlags, FdbKey, Known, LOADER_REMOTES, Mac, OverlayKey, RemoteFlags,
    RemoteIndex, RemoteKey, Target, Tiding,
};

use super::super::Overlays;
use super::super::plan;
use crate::datapath::Datapath;
use crate::request::FdbState;

/// The word of table `state` that the data path advances the ring's hand in.
const HAND: u32 = 0;

/// How many stations are set by one call.
const AT_ONCE: usize = 16_384;

/// A line that adds a station and asks for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain<'a> {
    /// The station.
    pub mac: Mac,
    /// Name of the VTEP device.
    pub device: &'a str,
    /// The VTEP behind which it is.
    pub dst: IpAddr,
    /// How long it stays.
    pub state: FdbState,
}

/// What was gathered.
#[derive(Debug, Default)]
pub struct Bulk {
    lines: Vec<usize>,
    keys: Vec<FdbKey>,
    entries: Vec<FdbEntry>,
    /// All stations of the table since one was gathered, and those gathered.
    known: Option<Stations>,
    way: Option<Way>,
    /// One could not be set: the next ones are likely to fail, too, and each has its own line to be named.
    has_failed: bool,
}

/// Stations by their keys as numbers: an overlay has a million of them, and SipHash would be a tenth of the work.
#[derive(Debug, Default)]
struct Stations {
    keys: HashSet<u128, BuildHasherDefault<Mix>>,
    /// How often the ring's hand had been advanced: whenever a station is learned it is.
    hand: u64,
}

/// A hash of keys that nobody chooses to collide: whoever may write the table may do worse.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, key: u128) {
        // The fractional part of the golden ratio, as in Knuth's multiplicative hash; both ends of the product matter to
        // the table.
        let mixed = (key as u64 ^ (key >> 64) as u64 ^ self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

fn as_number(key: &FdbKey) -> u128 {
    let [a, b, c, d, e, f] = key.mac().0;
    let mac = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    u128::from(mac) << 64
        | u128::from(key.overlay().udp_port().0) << 32
        | u128::from(key.overlay().vni().get())
}

/// Where the stations of the line before went.
#[derive(Debug)]
struct Way {
    device: String,
    dst: IpAddr,
    overlay: OverlayKey,
    index: RemoteIndex,
}

impl Bulk {
    /// How many are set by the next call.
    fn at_once(&self) -> usize {
        if self.has_failed { 1 } else { AT_ONCE }
    }

    /// Leaves out the first `done` stations and the one behind them; its line.
    fn give_up(&mut self, done: usize) -> usize {
        self.has_failed = true;
        let line = self.lines[done];
        if let Some(known) = &mut self.known {
            known.keys.remove(&as_number(&self.keys[done]));
        }
        self.drop_first(done + 1);
        line
    }

    fn drop_first(&mut self, count: usize) {
        self.lines.drain(..count);
        self.keys.drain(..count);
        self.entries.drain(..count);
    }

    /// How many of the first `count` stations are behind each VTEP.
    fn facts(&self, count: usize) -> HashMap<(OverlayKey, RemoteIndex), u32> {
        let mut facts = HashMap::new();
        for (key, entry) in self.keys.iter().zip(&self.entries).take(count) {
            if let Target::Remote(index) = entry.target() {
                *facts.entry((key.overlay(), index)).or_default() += 1;
            }
        }
        facts
    }
}

impl Overlays<'_> {
    /// Keeps a station for later, if that is no different from setting it now.
    pub fn fdb_gather(&mut self, line: usize, plain: &Plain<'_>) -> Result<bool> {
        let is_same =
            self.bulk.way.as_ref().is_some_and(|way| way.device == plain.device && way.dst == plain.dst);
        if !is_same {
            self.bulk.way = self.way_of(plain)?;
        }
        let Some(way) = self.bulk.way.as_ref().filter(|_| plain.mac.is_station()) else { return Ok(false) };
        let (key, target) = (FdbKey::new(way.overlay, plain.mac), Target::Remote(way.index));
        if self.bulk.known.is_none() {
            self.bulk.known = Some(self.stations()?);
        }
        if !self.bulk.known.as_mut().is_some_and(|known| known.keys.insert(as_number(&key))) {
            return Ok(false);
        }
        self.bulk.lines.push(line);
        self.bulk.keys.push(key);
        self.bulk.entries.push(FdbEntry::configured(target, Datapath::now(), flags(plain.state)));
        Ok(true)
    }

    /// Whether so much was gathered that it should be set.
    pub fn has_gathered_enough(&self) -> bool {
        self.bulk.keys.len() >= self.bulk.at_once()
    }

    /// What else a command does may change what was found out for gathering.
    pub fn gather_anew(&mut self) {
        self.bulk.way = None;
        self.bulk.known = None;
    }

    /// Sets what was gathered; an error is that of one line, comes with its number, and leaves what is behind it to the
    /// next call.
    pub fn fdb_settle(&mut self) -> Result<(), (usize, Error)> {
        while let Some(&first) = self.bulk.lines.first() {
            let failed = self.work(Self::set_gathered).map_err(|error| (first, error))?;
            failed.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// Sets as many as go at once.
    fn set_gathered(&mut self) -> Result<Option<(usize, Error)>> {
        let count = self.bulk.at_once().min(self.bulk.keys.len());
        // They are believed before anything is sent to them.
        self.count_facts(count, u32::saturating_add)?;
        let Self { bulk, datapath, .. } = self;
        let tables = datapath.tables_mut().with_context(super::super::nothing_here)?;
        let Err((done, error)) = tables.fdb.set_many(&bulk.keys[..count], &bulk.entries[..count]) else {
            self.insist_on_gathered(count)?;
            self.tell_gathered(count)?;
            self.bulk.drop_first(count);
            return Ok(None);
        };
        self.count_facts(count, u32::saturating_sub)?;
        self.count_facts(done, u32::saturating_add)?;
        self.tell_gathered(done)?;
        Ok(Some((self.bulk.give_up(done), error)))
    }

    /// As [`Overlays::insist`], where stations were learned since the table was looked at: they may be among these.
    fn insist_on_gathered(&mut self, count: usize) -> Result<()> {
        let hand = self.tables()?.state.get(HAND)?;
        match &mut self.bulk.known {
            Some(known) if known.hand != hand => known.hand = hand,
            Some(_) | None => return Ok(()),
        }
        Datapath::wait_for_programs();
        let Self { bulk, datapath, .. } = self;
        let tables = datapath.tables_mut().with_context(super::super::nothing_here)?;
        for (key, entry) in bulk.keys.iter().zip(&bulk.entries).take(count) {
            let now = tables.fdb.get(key)?;
            if now.is_none_or(|now| now.target() != entry.target() || now.flags != entry.flags) {
                tables.fdb.set(key, entry)?;
            }
        }
        Ok(())
    }

    /// Tells whoever listens of the first `count` stations.
    fn tell_gathered(&self, count: usize) -> Result<()> {
        if !self.datapath.is_heard()? {
            return Ok(());
        }
        let tables = self.tables()?;
        let mut events = Vec::with_capacity(count);
        for (key, entry) in self.bulk.keys.iter().zip(&self.bulk.entries).take(count) {
            if let Target::Remote(index) = entry.target() {
                let remote = tables.vtep_at(index)?.key;
                events.push(Event::of_station(Tiding::StationSet, key, entry, remote));
            }
        }
        self.datapath.tell(&events);
        Ok(())
    }

    fn stations(&self) -> Result<Stations> {
        let tables = self.tables()?;
        let hand = tables.state.get(HAND)?;
        let keys = tables.fdb.rows()?.iter().map(|(key, _)| as_number(key)).collect();
        Ok(Stations { keys, hand })
    }

    /// Counts the facts that the first `count` stations are.
    fn count_facts(&mut self, count: usize, sum: impl Fn(u32, u32) -> u32) -> Result<()> {
        for ((overlay, index), more) in self.bulk.facts(count) {
            let tables = self.tables_mut()?;
            let key = AdmitKey::new(overlay, tables.vtep_at(index)?.address());
            let facts = tables.admit.get(&key)?.map_or(0, |known| known.facts);
            match sum(facts, more) {
                0 => drop(tables.admit.remove(&key)?),
                facts => tables.admit.set(&key, &Known { facts })?,
            }
        }
        Ok(())
    }

    /// The overlay and the VTEP of a station; none: it is not as simple as that, and the ordinary way says why.
    fn way_of(&self, plain: &Plain<'_>) -> Result<Option<Way>> {
        let Ok(vtep) = self.find_named(plain.device) else { return Ok(None) };
        let tables = self.tables()?;
        let index = tables.vtep.get(&RemoteKey::plain(plain.dst.into()))?.map(RemoteIndex);
        let Some(index) = index.filter(|index| index.slot() < LOADER_REMOTES) else { return Ok(None) };
        let remote = tables.vtep_at(index)?;
        // What the device is told of takes an exchange with the kernel for each.
        let is_simple = !self.is_mirrored(&vtep, remote.address())?
            && plan::check_vtep(plain.dst).is_ok()
            && plain.dst.is_ipv6() == plan::is_ipv6(&vtep.spec)
            && remote.flags & RemoteFlags::HOME == 0
            && !self.observed.is_local(plain.dst.into())?;
        Ok(is_simple.then(|| Way {
            device: plain.device.to_owned(),
            dst: plain.dst,
            overlay: vtep.key,
            index,
        }))
    }
}

fn flags(state: FdbState) -> u8 {
    match state {
        FdbState::Permanent => FdbFlags::PERMANENT,
        FdbState::Static => FdbFlags::NOARP,
        FdbState::Dynamic => FdbFlags::DYNAMIC,
    }
}

#[cfg(test)]
mod tests {
    use vxlan_common::{Seconds, UdpPort, Vni};

    use super::*;

    fn gathered(count: u8) -> Bulk {
        let overlay = OverlayKey::new(Vni::from_wire([0, 0, 1]), UdpPort::VXLAN);
        let mut bulk = Bulk::default();
        for number in 0..count {
            let key = FdbKey::new(overlay, Mac([2, 0, 0, 0, 0, number]));
            let target = Target::Remote(RemoteIndex(u32::from(number % 2) + 1));
            bulk.lines.push(usize::from(number) + 10);
            bulk.keys.push(key);
            bulk.entries.push(FdbEntry::configured(target, Seconds(0), FdbFlags::PERMANENT));
            bulk.known.get_or_insert_default().keys.insert(as_number(&key));
        }
        bulk
    }

    #[test]
    fn the_line_that_failed_is_named_and_those_behind_it_stay() {
        let mut bulk = gathered(5);
        let failed = bulk.keys[2];
        assert_eq!(bulk.give_up(2), 12);
        assert_eq!(bulk.lines, [13, 14]);
        assert_eq!((bulk.keys.len(), bulk.entries.len()), (2, 2));
        // It may be added again.
        assert!(
            bulk.known
                .is_some_and(|known| known.keys.len() == 4 && !known.keys.contains(&as_number(&failed)))
        );
    }

    #[test]
    fn a_station_is_a_fact_of_its_vtep() {
        let bulk = gathered(5);
        let of = |count, index| {
            let facts = bulk.facts(count);
            facts.iter().find(|((_, at), _)| *at == RemoteIndex(index)).map(|(_, facts)| *facts)
        };
        assert_eq!((of(5, 1), of(5, 2)), (Some(3), Some(2)));
        assert_eq!((of(1, 1), of(1, 2)), (Some(1), None));
    }
}
