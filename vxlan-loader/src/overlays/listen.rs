//! What the programs tell, with names instead of indices.

use std::collections::HashSet;

use anyhow::Result;
use vxlan_common::{
    Address, Direction, Event, FdbEntry, FdbKey, Mac, Nud, Outcome, OverlayKey, Target, Tiding,
};

use super::{Neighbour, Overlays, Station, Vtep};
use crate::datapath::Datapath;

pub use crate::datapath::Ears;

/// Something that happened in an overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When, in nanoseconds since 1970; `None`: nobody can say.
    pub time: Option<i128>,
    /// Its overlay.
    pub overlay: OverlayKey,
    /// Name of the VTEP device.
    pub device: String,
    /// What it was.
    pub happening: Happening,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Nobody knows where a station is.
    StationMissing(Mac),
    /// Nobody knows who has an address.
    AddressMissing(Address),
    /// A station was learned, or moved.
    Learned(Station),
    /// A station aged, or had to make room.
    Forgotten(Station),
    /// A command set a station.
    StationSet(Station),
    /// A command removed a station.
    StationDeleted(Station),
    /// A neighbour was learned at a port, or moved.
    NeighLearned(Neighbour),
    /// A learned neighbour had to make room.
    NeighForgotten(Neighbour),
    /// A command set a neighbour.
    NeighSet(Neighbour),
    /// A command removed a neighbour.
    NeighDeleted(Neighbour),
    /// A port, by its name, has no place for another neighbour.
    NeighRefused(String),
    /// A frame was dropped.
    Dropped(Direction, Outcome),
}

impl Overlays<'_> {
    /// Listens from now on.
    pub fn listen(&mut self) -> Result<Ears> {
        self.tables()?;
        self.datapath.listen()
    }

    /// Listens no more.
    pub fn close(&mut self, ears: &Ears) -> Result<()> {
        self.datapath.dismiss(ears)
    }

    /// Whether anything can still come, and how many events were lost: by the ring, and since they were too many.
    pub fn lost(&self, ears: &Ears) -> Result<Option<(u64, u64)>> {
        Ok(if self.datapath.hears(ears)? { Some(self.datapath.lost(ears)?) } else { None })
    }

    /// What happened, in the order of `events`; what is of an overlay that is gone is left out.
    pub fn notices(&self, events: &[Event]) -> Result<Vec<Notice>> {
        let (vteps, began) = (self.list()?, Datapath::events_began());
        let mut notices = Vec::new();
        for event in events {
            let Some(vtep) = vteps.iter().find(|vtep| vtep.key == event.overlay()) else { continue };
            let Some(happening) = self.happening(vtep, event)? else { continue };
            let time = Some(began + i128::from(event.time));
            notices.push(Notice { time, overlay: vtep.key, device: vtep.name.clone(), happening });
        }
        Ok(notices)
    }

    fn happening(&self, vtep: &Vtep, event: &Event) -> Result<Option<Happening>> {
        let Some(tiding) = event.tiding() else { return Ok(None) };
        let station = |happening: fn(Station) -> Happening| -> Result<Option<Happening>> {
            let Some(target) = event.target().filter(|target| *target != Target::Port(vtep.device)) else {
                return Ok(None);
            };
            let entry = FdbEntry::learned(target, Datapath::now(), 0);
            let shown = self.show_station(self.tables()?, vtep, event.mac(), &entry)?;
            Ok(Some(happening(Station { age: None, ..shown })))
        };
        match tiding {
            Tiding::StationMissing => Ok(Some(Happening::StationMissing(event.mac()))),
            Tiding::AddressMissing => Ok(Some(Happening::AddressMissing(event.address()))),
            Tiding::Learned | Tiding::Moved => station(Happening::Learned),
            Tiding::Forgotten => station(Happening::Forgotten),
            Tiding::StationSet => Ok(self.told_station(vtep, event)?.map(Happening::StationSet)),
            Tiding::StationDeleted => Ok(self.told_station(vtep, event)?.map(Happening::StationDeleted)),
            Tiding::NeighLearned | Tiding::NeighMoved => {
                Ok(Some(Happening::NeighLearned(self.told_neighbour(vtep, event))))
            }
            Tiding::NeighForgotten => {
                let neighbour = Neighbour { nud: Nud::Stale, ..self.told_neighbour(vtep, event) };
                Ok(Some(Happening::NeighForgotten(neighbour)))
            }
            Tiding::NeighSet => Ok(Some(Happening::NeighSet(self.told_neighbour(vtep, event)))),
            Tiding::NeighDeleted => Ok(Some(Happening::NeighDeleted(self.told_neighbour(vtep, event)))),
            Tiding::NeighRefused => Ok(Some(Happening::NeighRefused(self.observed.name(event.port())))),
            Tiding::Dropped => {
                Ok(event.drop().map(|(direction, outcome)| Happening::Dropped(direction, outcome)))
            }
        }
    }

    fn told_neighbour(&self, vtep: &Vtep, event: &Event) -> Neighbour {
        let told = self.neighbour(vtep, event.address().into(), event.neighbour());
        Neighbour { age: 0, left: None, ..told }
    }

    /// Stations that have aged since `known` was brought up to date, which this does. The programs do not remove what
    /// has aged before they need its place, so nobody tells.
    pub fn aged(&self, known: &mut HashSet<FdbKey>) -> Result<Vec<Notice>> {
        let Some(tables) = self.datapath.tables()? else { return Ok(Vec::new()) };
        let (vteps, now) = (self.list()?, Datapath::now());
        let mut notices = Vec::new();
        let mut fresh = HashSet::new();
        for (key, entry) in tables.fdb.rows()? {
            let Some(vtep) = vteps.iter().find(|vtep| vtep.key == key.overlay()) else { continue };
            if entry.is_fixed() || entry.target() == Target::Port(vtep.device) {
                continue;
            }
            if !entry.is_expired(now, vtep.overlay.ageing) {
                fresh.insert(key);
            } else if known.contains(&key) {
                let station = self.show_station(tables, vtep, key.mac(), &entry)?;
                let happening = Happening::Forgotten(Station { age: None, ..station });
                notices.push(Notice { time: None, overlay: vtep.key, device: vtep.name.clone(), happening });
            }
        }
        *known = fresh;
        Ok(notices)
    }
}
