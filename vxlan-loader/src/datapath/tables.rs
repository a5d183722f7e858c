//! All tables of a network namespace, opened by their pins: whoever has the rights can, at any time.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use aya::maps::{Map, MapData, PerCpuArray, PerCpuHashMap, PerCpuValues};
use vxlan_common::{
    AdmitKey, Binder, Count, CountKey, Device, Direction, FdbEntry, FdbKey, FloodList, Known, Listener,
    NeighEntry, NeighKey, Outcome, Overlay, OverlayKey, Place, PlaceKey, Port, READERS, Remote, RemoteIndex,
    RemoteKey, RemoteTraffic, Unicast,
};

use super::directory::Directory;
use super::names::{READER, SPEC};
use super::table::{Indexed, Prefixes, Table, broken, pinned};

/// How many overlays there can be, as in the object.
const OVERLAYS: u32 = 4096;

/// The word of table `state` that the loader counts its changes in (`state` of the object).
const GENERATION: u32 = 6;

/// A row of table `spec`: text, and zeros behind it.
pub type Text = [u8; 4096];

/// The tables. What each holds is told in vxlan-common, but for `spec`, which is the loader's own: what was asked of
/// each overlay, as text, for the commands that come later; and `reader`, who listens.
pub struct Tables {
    /// Settings.
    pub vni: Table<OverlayKey, Overlay>,
    /// UDP ports, and how many overlays have each.
    pub listen: Table<u32, u32>,
    /// Ports, by the index of their device.
    pub port: Table<u32, Port>,
    /// What XDP programs have to know of devices, by their index.
    pub device: Table<u32, Device>,
    /// Stations.
    pub fdb: Table<FdbKey, FdbEntry>,
    /// Neighbours: stations by their IP address.
    pub neigh: Table<NeighKey, NeighEntry>,
    /// Who has which place for a binding.
    pub binding: Table<PlaceKey, Place>,
    /// Ports where bindings are learned.
    pub binder: Table<u32, Binder>,
    /// Flood lists.
    pub flood: Table<OverlayKey, FloodList>,
    /// VTEPs.
    pub remote: Indexed<Remote>,
    /// Their indices.
    pub vtep: Table<RemoteKey, u32>,
    /// VTEPs that are believed.
    pub admit: Table<AdmitKey, Known>,
    /// Prefixes that are believed.
    pub allow: Prefixes,
    /// What was asked for.
    pub spec: Table<OverlayKey, Text>,
    /// Who listens, by the slot of its ring.
    pub reader: Table<u32, Listener>,
    /// Words that programs count in.
    pub state: Indexed<u64>,
    traffic: PerCpuArray<MapData, RemoteTraffic>,
    unicast: PerCpuArray<MapData, Unicast>,
    count: PerCpuHashMap<MapData, CountKey, Count>,
}

impl Tables {
    /// Opens those in `directory`.
    pub(super) fn open(directory: &Directory) -> Result<Self> {
        let at = |name: &str| directory.map(name);
        let traffic = pinned(&at("vtep_traffic")).and_then(|data| Map::PerCpuArray(data).try_into());
        let unicast = pinned(&at("unicast")).and_then(|data| Map::PerCpuArray(data).try_into());
        let count = pinned(&at("count")).and_then(|data| Map::PerCpuHashMap(data).try_into());
        Ok(Self {
            vni: Table::open("vni", &at("vni"))?,
            listen: Table::open("listen", &at("listen"))?,
            port: Table::open("port", &at("port"))?,
            device: Table::open("device", &at("device"))?,
            fdb: Table::open("fdb", &at("fdb"))?,
            neigh: Table::open("neigh", &at("neigh"))?,
            binding: Table::open("binding", &at("binding"))?,
            binder: Table::open("binder", &at("binder"))?,
            flood: Table::open("flood", &at("flood"))?,
            remote: Indexed::open("remote", &at("remote"))?,
            vtep: Table::open("vtep", &at("vtep"))?,
            admit: Table::open("admit", &at("admit"))?,
            allow: Prefixes::open(&at("allow"))?,
            spec: Self::open_own(directory)?,
            reader: Table::open(READER, &at(READER))?,
            state: Indexed::open("state", &at("state"))?,
            traffic: traffic.map_err(|error| broken("vtep_traffic", error))?,
            unicast: unicast.map_err(|error| broken("unicast", error))?,
            count: count.map_err(|error| broken("count", error))?,
        })
    }

    /// Opens the loader's own table alone.
    pub(super) fn open_own(directory: &Directory) -> Result<Table<OverlayKey, Text>> {
        Table::open(SPEC, &directory.map(SPEC))
    }

    /// Makes and pins the loader's own tables.
    pub(super) fn create_own(directory: &Directory) -> Result<()> {
        Table::<OverlayKey, Text>::create(SPEC, &directory.map(SPEC), OVERLAYS)?;
        Table::<u32, Listener>::create(READER, &directory.map(READER), READERS)
    }

    /// The VTEP that `index` refers to; a free one, if it is gone.
    pub fn vtep_at(&self, index: RemoteIndex) -> Result<Remote> {
        let remote = self.remote.get(index.slot())?;
        Ok(if remote.index(index.slot()) == index { remote } else { Remote::free(index) })
    }

    /// What went to a VTEP and came from it, by all CPUs.
    pub fn traffic(&self, index: RemoteIndex) -> Result<RemoteTraffic> {
        let each = self.traffic.get(&index.slot(), 0).map_err(|error| broken("vtep_traffic", error))?;
        Ok(each.iter().fold(RemoteTraffic::default(), |sum, one| sum.plus(*one.clone().of(index))))
    }

    /// All counters, summed over the CPUs, in no order.
    pub fn counts(&self) -> Result<Vec<(CountKey, Count)>> {
        let rows: Result<Vec<_>, _> = self.count.iter().collect();
        let rows = rows.map_err(|error| broken("count", error))?;
        let mut counts: HashMap<_, _> = rows.into_iter().map(|(key, each)| (key, sum(&each))).collect();
        for (key, overlay) in self.vni.rows()? {
            let each = self.unicast.get(&overlay.number, 0).map_err(|error| broken("unicast", error))?;
            for direction in [Direction::Tx, Direction::Rx] {
                let more: Vec<_> = each.iter().map(|one| *one.clone().of(direction)).collect();
                let count = counts.entry(CountKey::new(key, direction, Outcome::Unicast)).or_default();
                *count = count.plus(sum(&more));
            }
        }
        Ok(counts.into_iter().collect())
    }

    /// A number that no overlay has, with all its counts at zero.
    pub fn free_number(&mut self) -> Result<u32> {
        let taken: HashSet<_> = self.vni.rows()?.into_iter().map(|(_, overlay)| overlay.number).collect();
        let number = (0..OVERLAYS).find(|number| !taken.contains(number));
        let number = number.with_context(|| format!("there are {OVERLAYS} overlays already"))?;
        let cpus = self.unicast.get(&number, 0).map_err(|error| broken("unicast", error))?.len();
        let zero = PerCpuValues::try_from(vec![Unicast::default(); cpus]).context("cannot reset counts")?;
        self.unicast.set(number, zero, 0).map_err(|error| broken("unicast", error))?;
        Ok(number)
    }

    /// Makes programs forget what they remember of the tables.
    pub(super) fn forget_hits(&mut self) -> Result<()> {
        let generation = self.state.get(GENERATION)?;
        self.state.set(GENERATION, generation.wrapping_add(1))
    }

    /// Forgets a counter.
    pub fn remove_count(&mut self, key: &CountKey) {
        // It is no loss if it is gone.
        let _ = self.count.remove(key);
    }
}

fn sum(each: &[Count]) -> Count {
    each.iter().fold(Count::default(), |sum, one| sum.plus(*one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_all_cpus_are_summed() {
        let each = [Count { packets: 1, bytes: 60 }, Count { packets: 2, bytes: 40 }];
        assert_eq!(sum(&each), Count { packets: 3, bytes: 100 });
        assert_eq!(sum(&[]), Count::default());
    }
}
