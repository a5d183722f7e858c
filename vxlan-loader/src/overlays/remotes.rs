//! Slots of VTEPs: given out when something names a VTEP, taken back when nothing does.
//!
//! Nothing counts references: who is referred to is found by looking, when a VTEP lost the last fact that named it.

use std::collections::HashSet;

use anyhow::{Result, bail};
use vxlan_common::{FdbEntry, LOADER_REMOTES, Remote, RemoteFlags, RemoteIndex, RemoteKey, Target};

use super::Overlays;
use crate::datapath::{Datapath, Tables};

impl Overlays<'_> {
    /// The index of a VTEP; gives it one if it has none.
    pub(super) fn claim(&mut self, key: RemoteKey) -> Result<RemoteIndex> {
        let address = key.address();
        let flags = if self.observed.is_local(address)? { RemoteFlags::HOME } else { 0 };
        let tables = self.tables_mut()?;
        let met = tables.vtep.get(&key)?.map(RemoteIndex);
        if let Some(index) = met.filter(|index| index.slot() < LOADER_REMOTES) {
            return Ok(index);
        }
        // A killed command may have left one that has no row in table vtep: the slots themselves say who is free.
        let Some(index) = next(&tables.remote.values()?) else {
            bail!("table remote is full: {} VTEPs are named already: remove some", LOADER_REMOTES - 1)
        };
        tables.remote.set(index.slot(), Remote::new(key, flags, index))?;
        if met.is_some() {
            // The data path met it before; what it learned behind that slot is good until the slot is given away.
            tables.vtep.set(&key, &index.0)?;
            return Ok(index);
        }
        if tables.vtep.add(&key, &index.0)? {
            return Ok(index);
        }
        // The data path met this very VTEP at this moment.
        tables.remote.set(index.slot(), Remote::free(index))?;
        self.claim(key)
    }

    /// Takes back the slots that nothing refers to.
    pub(super) fn collect_remotes(&mut self) -> Result<()> {
        let tables = self.tables_mut()?;
        let used = referenced(tables)?;
        let (known, unused): (Vec<_>, Vec<_>) =
            given_out(&tables.remote.values()?).into_iter().partition(|(_, index)| used.contains(index));
        for (key, index) in known {
            if tables.vtep.get(&key)?.is_none() {
                tables.vtep.add(&key, &index)?;
            }
        }
        if unused.is_empty() {
            return Ok(());
        }
        for (key, index) in &unused {
            if tables.vtep.get(key)? == Some(*index) {
                tables.vtep.remove(key)?;
            }
        }
        // From here on learning does not find them. What it found before is in the table when the programs end.
        Datapath::wait_for_programs();
        let used = referenced(tables)?;
        for (key, index) in unused {
            if used.contains(&index) {
                tables.vtep.add(&key, &index)?;
            } else {
                let index = RemoteIndex(index);
                tables.remote.set(index.slot(), Remote::free(index))?;
            }
        }
        Ok(())
    }

    /// Writes down anew which VTEPs are this very host.
    pub(super) fn find_home(&mut self) -> Result<()> {
        for (_, index) in self.tables()?.vtep.rows()? {
            let slot = RemoteIndex(index).slot();
            if slot >= LOADER_REMOTES {
                continue;
            }
            let mut remote = self.tables()?.remote.get(slot)?;
            if self.observed.is_local(remote.address())? != (remote.flags & RemoteFlags::HOME != 0) {
                remote.flags ^= RemoteFlags::HOME;
                self.tables_mut()?.remote.set(slot, remote)?;
            }
        }
        Ok(())
    }
}

/// Those that the loader gave out.
fn given_out(remotes: &[Remote]) -> Vec<(RemoteKey, u32)> {
    let all = (0..).zip(remotes).take(LOADER_REMOTES as usize);
    all.filter(|(_, remote)| !remote.is_free())
        .map(|(slot, remote)| (remote.key, remote.index(slot).0))
        .collect()
}

/// Indices in flood lists, groups and stations.
fn referenced(tables: &Tables) -> Result<HashSet<u32>> {
    let mut used = HashSet::new();
    for (_, list) in tables.flood.rows()? {
        used.extend(list.remotes().map(|index| index.0));
    }
    used.extend(tables.vni.rows()?.iter().filter_map(|(_, overlay)| overlay.group()).map(|index| index.0));
    used.extend(tables.fdb.rows()?.iter().filter_map(|(_, entry)| vtep_of(entry)));
    Ok(used)
}

fn vtep_of(entry: &FdbEntry) -> Option<u32> {
    match entry.target() {
        Target::Remote(index) => Some(index.0),
        Target::Port(_) => None,
    }
}

/// What the loader may give out next: the lowest slot that is free. Slot 0 means "none".
fn next(remotes: &[Remote]) -> Option<RemoteIndex> {
    let mut slots = (0..LOADER_REMOTES).zip(remotes).skip(1);
    slots.find(|(_, remote)| remote.is_free()).map(|(slot, remote)| remote.index(slot).successor())
}

#[cfg(test)]
mod tests {
    use vxlan_common::Address;

    use super::*;

    fn remotes() -> Vec<Remote> {
        vec![Remote::free(RemoteIndex::new(0, 7)); LOADER_REMOTES as usize + 1]
    }

    fn vtep() -> Remote {
        Remote::new(RemoteKey::plain(Address::v4([10, 0, 0, 1])), 0, RemoteIndex::new(0, 7))
    }

    #[test]
    fn the_lowest_slot_that_nobody_has_is_given_out() {
        let mut remotes = remotes();
        assert_eq!(next(&remotes), Some(RemoteIndex::new(1, 8)));
        (remotes[1], remotes[3]) = (vtep(), vtep());
        assert_eq!(next(&remotes), Some(RemoteIndex::new(2, 8)));
        // Those of the data path are not the loader's to give.
        remotes[..LOADER_REMOTES as usize].fill(vtep());
        assert_eq!(next(&remotes), None);
    }

    #[test]
    fn what_the_data_path_claimed_was_not_given_out() {
        let mut remotes = remotes();
        (remotes[5], remotes[LOADER_REMOTES as usize]) = (vtep(), vtep());
        assert_eq!(given_out(&remotes), [(vtep().key, RemoteIndex::new(5, 7).0)]);
    }
}
