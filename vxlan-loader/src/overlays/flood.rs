//! Flood lists.

use anyhow::{Result, bail};
use vxlan_common::{FLOOD_PORTS, FLOOD_REMOTES, FloodList, IfIndex, OverlayKey, RemoteIndex, RemoteKey};

use super::Overlays;

impl Overlays<'_> {
    /// The flood list of an overlay.
    pub(super) fn flood_list(&self, key: OverlayKey) -> Result<FloodList> {
        Ok(self.tables()?.flood.get(&key)?.unwrap_or_default())
    }

    /// Adds a VTEP at the end; false if it was in it.
    pub(super) fn flood_add(&mut self, key: OverlayKey, remote: RemoteKey) -> Result<bool> {
        let index = self.claim(remote)?;
        let mut list = self.flood_list(key)?;
        if list.remotes().any(|there| there == index) {
            return Ok(false);
        }
        if !list.add_remote(index) {
            bail!("the flood list of VNI {} is full: it holds {FLOOD_REMOTES} VTEPs: remove some", key.vni());
        }
        // It is believed before anything is sent to it.
        self.admit(key, index)?;
        self.tables_mut()?.flood.set(&key, &list)?;
        Ok(true)
    }

    /// Takes a VTEP out; false if it was not in it.
    pub(super) fn flood_remove(&mut self, key: OverlayKey, index: RemoteIndex) -> Result<bool> {
        let mut list = self.flood_list(key)?;
        if !list.remove_remote(index) {
            return Ok(false);
        }
        self.tables_mut()?.flood.set(&key, &list)?;
        self.dismiss(key, index)?;
        Ok(true)
    }

    /// Puts the VTEP at `index` in front of all others.
    pub(super) fn flood_first(&mut self, key: OverlayKey, index: RemoteIndex) -> Result<()> {
        let list = first(&self.flood_list(key)?, index);
        self.tables_mut()?.flood.set(&key, &list)
    }

    /// Adds a port; one that is in it stays.
    pub(super) fn flood_add_port(&mut self, key: OverlayKey, port: IfIndex) -> Result<()> {
        let mut list = self.flood_list(key)?;
        if !list.add_port(port) {
            bail!(
                "VNI {} has {FLOOD_PORTS} direct ports, and there is no room for more: use a bridge",
                key.vni()
            );
        }
        self.tables_mut()?.flood.set(&key, &list)
    }

    /// Takes a port out.
    pub(super) fn flood_remove_port(&mut self, key: OverlayKey, port: IfIndex) -> Result<()> {
        let mut list = self.flood_list(key)?;
        if list.remove_port(port) {
            self.tables_mut()?.flood.set(&key, &list)?;
        }
        Ok(())
    }
}

fn first(list: &FloodList, index: RemoteIndex) -> FloodList {
    let mut sorted = FloodList::default();
    let (front, rest): (Vec<_>, Vec<_>) = list.remotes().partition(|there| *there == index);
    for remote in front.into_iter().chain(rest) {
        sorted.add_remote(remote);
    }
    for port in list.ports() {
        sorted.add_port(port);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_destination_comes_first_and_the_rest_keeps_its_order() {
        let mut list = FloodList::default();
        for remote in [3, 1, 2] {
            list.add_remote(RemoteIndex(remote));
        }
        list.add_port(IfIndex(9));
        let sorted = first(&list, RemoteIndex(2));
        assert!(sorted.remotes().eq([2, 3, 1].map(RemoteIndex)));
        assert!(sorted.ports().eq([IfIndex(9)]));
        assert_eq!(first(&list, RemoteIndex(7)), list);
    }
}
