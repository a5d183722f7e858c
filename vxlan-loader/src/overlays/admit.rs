//! How many facts name a VTEP: its places in the flood list and the configured stations behind it.

use std::collections::HashMap;

use anyhow::Result;
use vxlan_common::{
    AdmitKey, FdbEntry, FdbKey, FloodList, Known, OverlayKey, Remote, RemoteFlags, RemoteIndex, Target,
};

use super::Overlays;

impl Overlays<'_> {
    /// One fact more names the VTEP at `index`.
    pub(super) fn admit(&mut self, overlay: OverlayKey, index: RemoteIndex) -> Result<()> {
        let tables = self.tables_mut()?;
        let vtep = tables.vtep_at(index)?;
        if !is_elsewhere(&vtep) {
            return Ok(());
        }
        let key = AdmitKey::new(overlay, vtep.address());
        let facts = tables.admit.get(&key)?.map_or(0, |known| known.facts);
        tables.admit.set(&key, &Known { facts: facts + 1 })
    }

    /// One fact less names the VTEP at `index`; whether none is left.
    pub(super) fn dismiss(&mut self, overlay: OverlayKey, index: RemoteIndex) -> Result<bool> {
        let tables = self.tables_mut()?;
        let key = AdmitKey::new(overlay, tables.vtep_at(index)?.address());
        let facts = tables.admit.get(&key)?.map_or(0, |known| known.facts);
        if facts > 1 {
            tables.admit.set(&key, &Known { facts: facts - 1 })?;
            return Ok(false);
        }
        tables.admit.remove(&key)?;
        Ok(true)
    }

    /// Counts all facts anew.
    pub(super) fn recount(&mut self) -> Result<()> {
        let tables = self.tables_mut()?;
        let facts = count(&tables.flood.rows()?, &tables.fdb.rows()?, &tables.remote.values()?);
        tables.admit.remove_where(|key, _| !facts.contains_key(key))?;
        for (key, facts) in facts {
            if tables.admit.get(&key)?.map(|known| known.facts) != Some(facts) {
                tables.admit.set(&key, &Known { facts })?;
            }
        }
        Ok(())
    }
}

/// Whether a VTEP is another host: nobody else may send with our address, though lists name it.
fn is_elsewhere(vtep: &Remote) -> bool {
    vtep.flags & RemoteFlags::HOME == 0
}

fn count(
    floods: &[(OverlayKey, FloodList)],
    stations: &[(FdbKey, FdbEntry)],
    remotes: &[Remote],
) -> HashMap<AdmitKey, u32> {
    let flooded = floods.iter().flat_map(|(key, list)| list.remotes().map(move |index| (*key, index)));
    let configured = stations.iter().filter(|(_, entry)| !entry.is_learned());
    let behind = configured.filter_map(|(key, entry)| match entry.target() {
        Target::Remote(index) => Some((key.overlay(), index)),
        Target::Port(_) => None,
    });
    let mut facts = HashMap::new();
    for (overlay, index) in flooded.chain(behind) {
        let remote = remotes.get(index.slot() as usize);
        if let Some(remote) =
            remote.filter(|remote| remote.index(index.slot()) == index && is_elsewhere(remote))
        {
            *facts.entry(AdmitKey::new(overlay, remote.address())).or_default() += 1;
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use vxlan_common::{Address, FdbFlags, IfIndex, Mac, RemoteKey, Seconds, UdpPort, Vni};

    use super::*;

    #[test]
    fn flood_list_and_configured_stations_are_facts_and_learned_ones_are_not() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 0, 1]), UdpPort::VXLAN);
        let address = |last| Address::v4([10, 0, 0, last]);
        let remote = |last| Remote::new(RemoteKey::plain(address(last)), 0, RemoteIndex::NONE);
        let remotes = [remote(0), remote(1), remote(2), remote(3)];
        let mut list = FloodList::default();
        list.add_remote(RemoteIndex(1));
        let station = |last| FdbKey::new(overlay, Mac([2, 0, 0, 0, 0, last]));
        let at = |index| Target::Remote(RemoteIndex(index));
        let stations = [
            (station(1), FdbEntry::configured(at(1), Seconds(0), FdbFlags::PERMANENT)),
            (station(2), FdbEntry::configured(at(2), Seconds(0), FdbFlags::DYNAMIC)),
            (station(3), FdbEntry::learned(at(3), Seconds(0), 0)),
            (station(4), FdbEntry::configured(Target::Port(IfIndex(1)), Seconds(0), FdbFlags::PERMANENT)),
        ];
        let facts = count(&[(overlay, list)], &stations, &remotes);
        let of = |last| facts.get(&AdmitKey::new(overlay, address(last))).copied();
        assert_eq!((of(1), of(2), of(3), facts.len()), (Some(2), Some(1), None, 2));
    }
}
