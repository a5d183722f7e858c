//! Taking an overlay away, leaving nothing behind. Also what undoes a half-made one: each step is fine when there is
//! nothing to do, so that it can be gone through again after it was killed.

use anyhow::{Result, bail};
use vxlan_common::{IfIndex, OverlayKey, PortKind};

use super::Overlays;
use super::host::Host;
use super::record::{Phase, Record};
use super::vtep::say;
use crate::datapath::Hook;
use crate::request::Which;

impl Overlays<'_> {
    /// Takes away all overlays that are meant; names of their VTEP devices.
    pub fn detach(&mut self, which: &Which) -> Result<Vec<String>> {
        let vteps = self.matching(which)?;
        if vteps.is_empty() {
            bail!("there is no overlay {}: `vxbpf link show` lists them", say(which));
        }
        let (keys, names): (Vec<_>, Vec<_>) = vteps.into_iter().map(|vtep| (vtep.key, vtep.name)).unzip();
        self.take_away(&keys)?;
        Ok(names)
    }

    /// Takes away all overlays; names of their VTEP devices. None is fine.
    pub fn detach_all(&mut self) -> Result<Vec<String>> {
        if self.datapath.is_alien() {
            self.clear()?;
            return Ok(Vec::new());
        }
        let (keys, names): (Vec<_>, Vec<_>) =
            self.list()?.into_iter().map(|vtep| (vtep.key, vtep.name)).unzip();
        if !keys.is_empty() {
            self.take_away(&keys)?;
        }
        Ok(names)
    }

    fn take_away(&mut self, keys: &[OverlayKey]) -> Result<()> {
        self.work(|this| {
            this.undo(keys)?;
            this.leave_if_last()
        })
    }

    /// Takes overlays away, however much of them is there.
    pub(super) fn undo(&mut self, keys: &[OverlayKey]) -> Result<()> {
        for key in keys {
            let record = Record::read(self.tables()?, *key)?;
            if let Some(record) = &record
                && record.phase == Phase::Made
            {
                Record { phase: Phase::Going, ..record.clone() }.write(self.tables_mut()?, *key)?;
            }
            self.remove_devices(*key, record.as_ref())?;
        }
        self.observe()?;
        self.purge(keys)?;
        self.settle_listen()?;
        self.settle_underlays()?;
        self.collect_remotes()?;
        for key in keys {
            self.tables_mut()?.spec.remove(key)?;
        }
        Ok(())
    }

    /// Takes the programs off the ports of an overlay, and its VTEP device away.
    fn remove_devices(&self, key: OverlayKey, record: Option<&Record>) -> Result<()> {
        for (device, port) in self.tables()?.port.rows()? {
            if port.overlay() == key && port.kind() == PortKind::Direct {
                self.datapath.detach(Hook::PortXdp, IfIndex(device))?;
                self.datapath.detach(Hook::Port, IfIndex(device))?;
            }
        }
        let Some(device) = self.device_of(key, record)? else { return Ok(()) };
        for hook in [Hook::Vtep, Hook::Device] {
            self.datapath.detach(hook, device)?;
        }
        if self.observed.is_vtep_of(device, key) {
            self.netlink.delete_link(device)?;
        }
        Ok(())
    }

    /// The VTEP device: as the tables have it, or, while they do not yet, by the name and address it was given.
    fn device_of(&self, key: OverlayKey, record: Option<&Record>) -> Result<Option<IfIndex>> {
        if let Some(overlay) = self.tables()?.vni.get(&key)? {
            return Ok(Some(overlay.vtep_device()));
        }
        let made = record.and_then(|record| {
            let link = self.observed.named(&record.name)?;
            (link.mac == record.mac && self.observed.is_vtep_of(link.index, key)).then_some(link.index)
        });
        Ok(made)
    }

    /// Removes the rows of overlays from all tables but `spec`.
    fn purge(&mut self, keys: &[OverlayKey]) -> Result<()> {
        let goes = |key: OverlayKey| keys.contains(&key);
        let tables = self.tables_mut()?;
        tables.vni.remove_where(|key, _| goes(*key))?;
        for (device, port) in tables.port.rows()? {
            if goes(port.overlay()) {
                tables.binder.remove(&device)?;
            }
        }
        tables.port.remove_where(|_, port| goes(port.overlay()))?;
        tables.flood.remove_where(|key, _| goes(*key))?;
        tables.fdb.remove_where(|station, _| goes(station.overlay()))?;
        tables.neigh.remove_where(|neighbour, _| goes(neighbour.overlay()))?;
        tables.binding.remove_where(|_, place| goes(place.holder.overlay()))?;
        tables.admit.remove_where(|admitted, _| goes(admitted.overlay()))?;
        for (bits, prefix) in tables.allow.all()? {
            if goes(prefix.overlay()) {
                tables.allow.remove(bits, prefix)?;
            }
        }
        for (counter, _) in tables.counts()? {
            if counter.overlay().is_some_and(goes) {
                tables.remove_count(&counter);
            }
        }
        Ok(())
    }

    /// When the last overlay is gone: gives back what the first one took, and takes away programs and tables.
    pub(super) fn leave_if_last(&mut self) -> Result<()> {
        let Some(tables) = self.datapath.tables()? else { return Ok(()) };
        if !Record::read_all(tables)?.is_empty() {
            return Ok(());
        }
        if let Some(host) = Host::read(tables)? {
            host.leave()?;
        }
        self.datapath.remove()
    }
}
