//! Those who listen to what the programs tell. Each brings a ring of its own, since a BPF ring has one consumer, and
//! puts it into a slot of map `events`. A slot whose owner is gone is taken back by the next command that changes
//! something, or by the next listener.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result, bail};
use aya::maps::{Map, MapData, RingBuf};
use vxlan_common::{Event, Listener, READERS};

use super::directory::Directory;
use super::names::{ANNOUNCE, EVENTS};
use super::table::{broken, pinned};
use super::tables::Tables;
use super::{Datapath, bpf};

/// Bytes of a ring: room for 2,978 events.
const RING: u32 = 1 << 18;

/// What stands in front of an event that a command tells.
const ETHERNET: usize = 14;

// Places in map `state`, as the object has them.
const HEARD: u32 = 2;
const UNREPORTED: u32 = 5;
const LOST: u32 = 8;

/// This process.
fn this() -> Result<Listener> {
    let process = std::process::id();
    let began = began(process).context("cannot read /proc/self/stat: is /proc mounted?")?;
    Ok(Listener { process: process.into(), began })
}

fn is_alive(listener: &Listener) -> bool {
    u32::try_from(listener.process).ok().and_then(began) == Some(listener.began)
}

/// When a process began, in ticks since the machine did; `None`: it is gone.
fn began(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold blanks; `starttime` is the 22nd field, the 20th behind it (proc(5)).
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

/// A ring in a slot of map `events`. It stays there until [`Datapath::dismiss`].
pub struct Ears {
    ring: RingBuf<MapData>,
    slot: u32,
    this: Listener,
}

impl Ears {
    /// The next event, if there is one.
    pub fn next(&mut self) -> Option<Event> {
        let item = self.ring.next()?;
        bytemuck::try_pod_read_unaligned(&item).ok()
    }
}

impl AsFd for Ears {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}

impl Datapath {
    /// A ring into which the programs put what they tell from now on.
    pub fn listen(&mut self) -> Result<Ears> {
        self.reclaim()?;
        let (events, this) = (self.events()?, this()?);
        let tables = self.tables_mut().context("nothing is attached")?;
        let taken: Vec<u32> = tables.reader.rows()?.into_iter().map(|(slot, _)| slot).collect();
        let Some(slot) = (0..READERS).find(|slot| !taken.contains(slot)) else {
            bail!("{READERS} listen already, which is as many as there can be: end one of them");
        };
        let ring = bpf::create_ring("reader", RING).context("cannot make a ring for events")?;
        bpf::set_inner(events.fd().as_fd(), slot, ring.as_fd())
            .context("cannot put a ring into table events")?;
        let map = MapData::from_fd(ring).map_err(|error| broken(EVENTS, error))?;
        let ring = Map::RingBuf(map).try_into().map_err(|error| broken(EVENTS, error))?;
        tables.state.set(LOST + slot, 0)?;
        tables.reader.set(&slot, &this)?;
        tables.set_heard(slot, true)?;
        Ok(Ears { ring, slot, this })
    }

    /// Takes a ring out again.
    pub fn dismiss(&mut self, ears: &Ears) -> Result<()> {
        if self.hears(ears)? { self.empty(ears.slot) } else { Ok(()) }
    }

    /// Whether a ring is still in its slot: not if all tables were taken away meanwhile.
    pub fn hears(&self, ears: &Ears) -> Result<bool> {
        let Some(tables) = self.tables()? else { return Ok(false) };
        Ok(tables.reader.get(&ears.slot)? == Some(ears.this))
    }

    /// How many events a ring had no room for, and how many misses and drops were not told to anyone, since they were
    /// too many a second, since the tables were made.
    pub fn lost(&self, ears: &Ears) -> Result<(u64, u64)> {
        let Some(tables) = self.tables()? else { return Ok((0, 0)) };
        Ok((tables.state.get(LOST + ears.slot)?, tables.state.get(UNREPORTED)?))
    }

    /// Tells whoever listens what a command changed. Nobody is waited for: a ring that is full loses it, and counts that.
    /// What cannot be told is no reason for the command to fail.
    pub fn tell(&self, events: &[Event]) {
        if let Err(error) = self.try_tell(events) {
            log::debug!("cannot tell those who listen: {error:#}");
        }
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> Result<bool> {
        self.tables()?.map_or(Ok(false), |tables| Ok(tables.state.get(HEARD)? != 0))
    }

    fn try_tell(&self, events: &[Event]) -> Result<()> {
        if events.is_empty() || !self.is_heard()? {
            return Ok(());
        }
        let program = bpf::pinned(&self.directory.program(ANNOUNCE))?;
        for event in events {
            let mut frame = [0; ETHERNET + size_of::<Event>()];
            frame[ETHERNET..].copy_from_slice(bytemuck::bytes_of(event));
            bpf::run(program.as_fd(), &frame)?;
        }
        Ok(())
    }

    /// Takes back the slots whose owners are gone.
    pub fn reclaim(&mut self) -> Result<()> {
        let Some(tables) = self.tables()? else { return Ok(()) };
        let gone: Vec<u32> = tables
            .reader
            .rows()?
            .into_iter()
            .filter(|(_, listener)| !is_alive(listener))
            .map(|(slot, _)| slot)
            .collect();
        gone.into_iter().try_for_each(|slot| self.empty(slot))
    }

    /// What CLOCK_REALTIME is ahead of the clock of events, in nanoseconds.
    pub fn events_began() -> i128 {
        bpf::monotonic_began()
    }

    fn empty(&mut self, slot: u32) -> Result<()> {
        let events = self.events()?;
        let Some(tables) = self.tables_mut() else { return Ok(()) };
        tables.set_heard(slot, false)?;
        bpf::remove_inner(events.fd().as_fd(), slot).context("cannot take a ring out of table events")?;
        tables.reader.remove(&slot).map(drop)
    }

    fn events(&self) -> Result<MapData> {
        let directory: &Directory = &self.directory;
        pinned(&directory.map(EVENTS)).map_err(|error| broken(EVENTS, error))
    }
}

impl Tables {
    /// Tells the programs whether somebody listens at a slot.
    fn set_heard(&mut self, slot: u32, heard: bool) -> Result<()> {
        let bits = self.state.get(HEARD)?;
        let bit = 1 << slot;
        self.state.set(HEARD, if heard { bits | bit } else { bits & !bit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_of_its_number() {
        let this = this().expect("/proc");
        assert!(is_alive(&this));
        assert!(!is_alive(&Listener { began: this.began + 1, ..this }));
        assert!(!is_alive(&Listener { process: u64::from(u32::MAX), ..this }));
    }
}
