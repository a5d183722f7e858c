//! Indices of VTEPs: given out when something names a VTEP, taken back when nothing does.
//!
//! Nothing counts references: who is referred to is found by looking, when a VTEP lost the last fact that named it.

use std::collections::HashSet;

use anyhow::{Result, bail};
use bytemuck::Zeroable;
use vxlan_common::{FdbEntry, LOADER_REMOTES, Remote, RemoteFlags, RemoteIndex, RemoteKey, Target};

use super::Overlays;
use crate::datapath::{Datapath, Tables};

impl Overlays<'_> {
    /// The index of a VTEP; gives it one if it has none.
    pub(super) fn claim(&mut self, key: RemoteKey) -> Result<RemoteIndex> {
        let address = Remote::new(key, 0, 0).address();
        let flags = if self.observed.is_local(address)? { RemoteFlags::HOME } else { 0 };
        let tables = self.tables_mut()?;
        if let Some(index) = tables.vtep.get(&key)? {
            return Ok(RemoteIndex(index));
        }
        let used = tables.vtep.rows()?.into_iter().map(|(_, index)| index).collect();
        let mut generation = None;
        for index in free(&used) {
            let remote = tables.remote.get(index)?;
            // A killed command may have left one that has no row in table vtep.
            if remote.key == RemoteKey::zeroed() {
                generation = Some((RemoteIndex(index), remote.generation.wrapping_add(1)));
                break;
            }
        }
        let Some((index, generation)) = generation else {
            bail!("table remote is full: {} VTEPs are named already: remove some", LOADER_REMOTES - 1)
        };
        tables.clear_traffic(index)?;
        tables.remote.set(index.0, Remote::new(key, flags, generation))?;
        if tables.vtep.add(&key, &index.0)? {
            return Ok(index);
        }
        // The data path met this very VTEP at this moment.
        tables.remote.set(index.0, Remote::new(RemoteKey::zeroed(), 0, generation))?;
        self.claim(key)
    }

    /// Takes back the indices that nothing refers to.
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
                let generation = tables.remote.get(index)?.generation;
                tables.remote.set(index, Remote::new(RemoteKey::zeroed(), 0, generation))?;
            }
        }
        Ok(())
    }

    /// Writes down anew which VTEPs are this very host.
    pub(super) fn find_home(&mut self) -> Result<()> {
        for (_, index) in self.tables()?.vtep.rows()? {
            let mut remote = self.tables()?.remote.get(index)?;
            let is_home = index < LOADER_REMOTES && self.observed.is_local(remote.address())?;
            if is_home != (remote.flags & RemoteFlags::HOME != 0) {
                remote.flags ^= RemoteFlags::HOME;
                self.tables_mut()?.remote.set(index, remote)?;
            }
        }
        Ok(())
    }
}

/// Those that the loader gave out.
fn given_out(remotes: &[Remote]) -> Vec<(RemoteKey, u32)> {
    let all = (0..).zip(remotes).take(LOADER_REMOTES as usize);
    all.filter(|(_, remote)| remote.key != RemoteKey::zeroed())
        .map(|(index, remote)| (remote.key, index))
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

/// Indices that the loader may give out and nobody has, the lowest first. Index 0 means "none".
fn free(used: &HashSet<u32>) -> impl Iterator<Item = u32> + '_ {
    (1..LOADER_REMOTES).filter(|index| !used.contains(index))
}

#[cfg(test)]
mod tests {
    use vxlan_common::Address;

    use super::*;

    #[test]
    fn the_lowest_index_that_nobody_has_is_given_out() {
        assert_eq!(free(&HashSet::new()).next(), Some(1));
        assert_eq!(free(&HashSet::from([1, 3])).next(), Some(2));
        // Those of the data path are not the loader's to give.
        assert_eq!(free(&(1..LOADER_REMOTES).collect()).next(), None);
    }

    #[test]
    fn what_the_data_path_claimed_was_not_given_out() {
        let remote = Remote::new(RemoteKey::plain(Address::v4([10, 0, 0, 1])), 0, 1);
        let mut remotes = vec![Remote::new(RemoteKey::zeroed(), 0, 7); LOADER_REMOTES as usize + 1];
        remotes[5] = remote;
        remotes[LOADER_REMOTES as usize] = remote;
        assert_eq!(given_out(&remotes), [(remote.key, 5)]);
    }
}
