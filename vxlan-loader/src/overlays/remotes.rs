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
        let remotes = tables.remote.values()?;
        let Some(index) = lowest_free(&remotes) else {
            bail!("table remote is full: {} VTEPs are named already: remove some", LOADER_REMOTES - 1)
        };
        let generation = remotes[index.0 as usize].generation.wrapping_add(1);
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
        let unused = unused(tables)?;
        if unused.is_empty() {
            return Ok(());
        }
        for (key, _) in &unused {
            tables.vtep.remove(key)?;
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

/// Those of the loader that nothing refers to.
fn unused(tables: &Tables) -> Result<Vec<(RemoteKey, u32)>> {
    let mut rows = tables.vtep.rows()?;
    rows.retain(|(_, index)| *index < LOADER_REMOTES);
    if !rows.is_empty() {
        let used = referenced(tables)?;
        rows.retain(|(_, index)| !used.contains(index));
    }
    Ok(rows)
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

/// The lowest index that the loader may give out and nobody has. Index 0 means "none".
fn lowest_free(remotes: &[Remote]) -> Option<RemoteIndex> {
    let free = |remote: &Remote| remote.key == RemoteKey::zeroed();
    let index = remotes.iter().take(LOADER_REMOTES as usize).skip(1).position(free)?;
    Some(RemoteIndex(index as u32 + 1))
}

#[cfg(test)]
mod tests {
    use vxlan_common::Address;

    use super::*;

    #[test]
    fn the_lowest_index_that_nobody_has_is_given_out() {
        let taken = Remote::new(RemoteKey::plain(Address::v4([10, 0, 0, 1])), 0, 1);
        let free = Remote::new(RemoteKey::zeroed(), 0, 3);
        assert_eq!(lowest_free(&[free, taken, free, taken]), Some(RemoteIndex(2)));
        assert_eq!(lowest_free(&[free, free]), Some(RemoteIndex(1)));
        assert_eq!(lowest_free(&[free]), None);
        let mut full = vec![taken; LOADER_REMOTES as usize];
        full.push(free);
        assert_eq!(lowest_free(&full), None);
    }
}
