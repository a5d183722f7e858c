//! Putting right what a killed command, a removed device, or somebody else's hand left.

use anyhow::{Context, Result};
use vxlan_common::{IfIndex, OverlayKey, PortFlags, PortKind};

use super::Overlays;
use super::host::Host;
use super::record::{Phase, Record, host_key};
use crate::datapath::{Datapath, Hook};
use crate::sysctl;
use crate::vtep::VtepSpec;

impl Overlays<'_> {
    /// What every changing command does first: looks whether all is as it should be, and sees to what changes by
    /// itself, such as addresses.
    pub(super) fn tidy(&mut self) -> Result<()> {
        if self.datapath.is_wreck() {
            return self.clear();
        }
        if self.datapath.is_alien() {
            // Whatever is asked for next says so, but `detach --all`.
            return Ok(());
        }
        let Some(tables) = self.datapath.tables()? else { return Ok(()) };
        let Some(host) = Host::read(tables)? else {
            // The first attach was killed before it touched anything else.
            return self.datapath.remove();
        };
        if host.version != Datapath::version() {
            self.datapath.renew()?;
            Host { version: Datapath::version(), ..host.clone() }.write(self.tables_mut()?)?;
        }
        if host.is_busy || self.is_damaged()? {
            return self.recover().context("cannot put right what an earlier command left");
        }
        for (key, record, device) in self.devices()? {
            self.follow_rename(key, &record, device)?;
            self.settle(key, &record, device)?;
        }
        self.find_home()?;
        self.follow_peers()?;
        self.settle_underlays()?;
        self.datapath.reclaim()?;
        self.keep_forwarding()
    }

    /// The underlay device may have been given another name.
    fn follow_rename(&mut self, key: OverlayKey, record: &Record, device: IfIndex) -> Result<()> {
        let underlay = self.observed.vxlan(device).and_then(|vxlan| vxlan.link);
        let name = underlay.and_then(|underlay| self.observed.link(underlay)).map(|link| link.name.clone());
        if name.is_none() || name == record.spec.device {
            return Ok(());
        }
        let spec = VtepSpec { device: name, ..record.spec.clone() };
        Record { spec, ..record.clone() }.write(self.tables_mut()?, key)
    }

    /// Works out anew all that can be, and undoes what is half made.
    pub(super) fn recover(&mut self) -> Result<()> {
        self.observe()?;
        if self.datapath.is_wreck() {
            return self.clear();
        }
        let Some(tables) = self.datapath.tables()? else { return Ok(()) };
        let mut lost = Vec::new();
        for (key, record) in Record::read_all(tables)? {
            if record.phase != Phase::Made || !self.has_device(key)? {
                lost.push(key);
            }
        }
        if !lost.is_empty() {
            self.undo(&lost)?;
        }
        self.recover_ports()?;
        for (key, record, device) in self.devices()? {
            if let Err(error) = self.settle_kernel(device, &record.spec) {
                // A change that was killed before the kernel could refuse it must not stop all later commands.
                log::warn!("{}: {error:#}", record.name);
            }
            self.settle_all(key, &record, device)?;
            self.settle_default(key, &record)?;
        }
        self.recount()?;
        self.settle_listen()?;
        self.find_home()?;
        self.follow_peers()?;
        for (key, _, device) in self.devices()? {
            self.mirror_all(&self.must(key)?)?;
            self.hang(key, device)?;
        }
        self.collect_remotes()?;
        self.drop_stray_links()?;
        self.keep_forwarding()?;
        self.set_busy(false)?;
        self.leave_if_last()
    }

    /// Overlays that are made, with their VTEP devices.
    fn devices(&self) -> Result<Vec<(OverlayKey, Record, IfIndex)>> {
        let tables = self.tables()?;
        let mut devices = Vec::new();
        for (key, record) in Record::read_all(tables)? {
            if record.phase == Phase::Made
                && let Some(overlay) = tables.vni.get(&key)?
            {
                devices.push((key, record, overlay.vtep_device()));
            }
        }
        Ok(devices)
    }

    fn has_device(&self, key: OverlayKey) -> Result<bool> {
        let overlay = self.tables()?.vni.get(&key)?;
        Ok(overlay.is_some_and(|overlay| self.observed.is_vtep_of(overlay.vtep_device(), key)))
    }

    fn is_damaged(&self) -> Result<bool> {
        let tables = self.tables()?;
        let records = Record::read_all(tables)?;
        if records.is_empty() {
            return Ok(true);
        }
        for (key, record) in records {
            if record.phase != Phase::Made || !self.has_device(key)? {
                return Ok(true);
            }
        }
        let links = self.datapath.links()?;
        let hangs = |hook, device| {
            links.iter().any(|link| (link.hook, link.device) == (hook, device) && link.is_alive())
        };
        for (device, port) in tables.port.rows()? {
            let device = IfIndex(device);
            let whole = match port.kind() {
                PortKind::Direct => {
                    hangs(Hook::Port, device) && port.has(PortFlags::XDP) == hangs(Hook::PortXdp, device)
                }
                PortKind::Vtep => hangs(Hook::Vtep, device) && hangs(Hook::Device, device),
            };
            if !whole || self.observed.link(device).is_none() {
                return Ok(true);
            }
        }
        Ok(links.iter().any(|link| !link.is_alive()))
    }

    /// A port whose device is gone, or whose program never came to hang, is none. One whose program somebody took
    /// off gets it back.
    fn recover_ports(&mut self) -> Result<()> {
        let pinned = self.datapath.links()?;
        for (device, port) in self.tables()?.port.rows()? {
            let device = IfIndex(device);
            if port.kind() != PortKind::Direct {
                continue;
            }
            let link = self.observed.link(device).cloned();
            match link.filter(|_| pinned.iter().any(|link| (link.hook, link.device) == (Hook::Port, device)))
            {
                Some(link) => self.hang_port(&link, port.flags)?,
                None => self.drop_port(device, port.overlay())?,
            }
        }
        Ok(())
    }

    /// Removes links that no row speaks of, and those whose device is gone.
    fn drop_stray_links(&mut self) -> Result<()> {
        for link in self.datapath.links()? {
            let port = self.tables()?.port.get(&link.device.0)?;
            let kind = port.map(|port| port.kind());
            let belongs = match link.hook {
                Hook::Port => kind == Some(PortKind::Direct),
                Hook::PortXdp => port.is_some_and(|port| port.has(PortFlags::XDP)),
                Hook::Vtep | Hook::Device => kind == Some(PortKind::Vtep),
                Hook::Underlay | Hook::UnderlayXdp => link.is_alive(),
            };
            if !belongs {
                self.datapath.detach(link.hook, link.device)?;
            }
        }
        Ok(())
    }

    /// Somebody may have turned it off since.
    fn keep_forwarding(&self) -> Result<()> {
        if self.datapath.tables()?.is_some() && !sysctl::get_forwarding("lo")? {
            sysctl::set_forwarding("lo", true)?;
        }
        Ok(())
    }

    /// Takes away what cannot be understood: what a killed load or removal left, which nothing hangs by, or tables
    /// of another version. Devices that have our links are ours.
    pub(super) fn clear(&mut self) -> Result<()> {
        for link in self.datapath.links()? {
            if link.hook == Hook::Vtep && link.is_alive() && self.observed.vxlan(link.device).is_some() {
                self.netlink.delete_link(link.device)?;
            }
        }
        if let Some(row) = self.datapath.spec(&host_key())
            && let Ok(host) = Host::of_row(&row)
        {
            host.leave()?;
        }
        self.datapath.remove()?;
        self.observe()
    }
}
