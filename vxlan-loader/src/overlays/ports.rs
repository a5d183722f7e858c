//! Direct ports: devices of containers and VMs straight in an overlay.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use vxlan_common::{FdbEntry, IfIndex, OverlayKey, Port, PortFlags, PortKind, Target};

use super::Overlays;
use super::plan;
use super::underlay::ETHERNET;
use super::vtep::{Vtep, say};
use crate::datapath::{Datapath, Hook};
use crate::netlink::Link;
use crate::request::{PortSpec, Which};
use crate::vtep::Mode;

/// IFF_LOOPBACK.
const LOOPBACK: u32 = 1 << 3;

/// A direct port.
#[derive(Clone, Debug)]
pub struct DirectPort {
    /// Its overlay.
    pub overlay: OverlayKey,
    /// Name of that overlay's VTEP device.
    pub vtep: String,
    /// Its name.
    pub device: String,
    /// Its index.
    pub index: IfIndex,
    /// Whether an XDP program hangs there, too.
    pub is_xdp: bool,
    /// Whether frames are handed straight into the container, past the host's end of the veth.
    pub has_peer: bool,
    /// How many stations were heard there.
    pub stations: usize,
    /// How many neighbours are learned there, and how many announcements found no place; `None`: there were none.
    pub bindings: Option<(usize, u64)>,
}

impl Overlays<'_> {
    /// Puts a device into an overlay. One that is in it already is success.
    pub fn port_add(&mut self, spec: &PortSpec) -> Result<()> {
        let vtep = self.find(&spec.overlay)?;
        let name = spec.device.as_str();
        let link = self.observed.device(name)?.clone();
        let is_xdp = spec.mode.unwrap_or(vtep.spec.mode) == Mode::Xdp;
        if is_xdp {
            self.check_xdp(&link, Hook::PortXdp)?;
        }
        if self.check_port(&link, &vtep)? {
            return self.work(|this| this.change_port(&link, is_xdp));
        }
        self.warn_of_mtu(&link, &vtep);
        if is_xdp {
            self.warn_of_detour(&link);
        }
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(link.peer_in_other_netns, PortFlags::PEER) | flag(is_xdp, PortFlags::XDP);
        self.work(|this| {
            let port = Port::new(vtep.key, PortKind::Direct, flags);
            this.tables_mut()?.port.set(&link.index.0, &port)?;
            // An overlay without a device of its own may have taken it for one.
            this.settle_underlays()?;
            this.flood_add_port(vtep.key, link.index)?;
            this.hang_port(&link, flags)
        })
    }

    /// Takes a device out of its overlay, which must be the one that is meant.
    pub fn port_del(&mut self, device: &str, which: &Which) -> Result<()> {
        let index = self.observed.device(device)?.index;
        let port = self.tables()?.port.get(&index.0)?.filter(|port| port.kind() == PortKind::Direct);
        let port =
            port.with_context(|| format!("{device} is not a direct port: `vxbpf port show` lists those"))?;
        let vtep = self.must(port.overlay())?;
        if !which.matches(vtep.key, &vtep.name, vtep.underlay.as_deref()) {
            bail!(
                "{device} is a port of {} (VNI {}), not of an overlay {}",
                vtep.name,
                vtep.key.vni(),
                say(which)
            );
        }
        self.work(|this| {
            this.drop_port(index, vtep.key)?;
            this.settle_underlays()
        })
    }

    /// All direct ports, by VNI.
    pub fn port_show(&self) -> Result<Vec<DirectPort>> {
        let Some(tables) = self.datapath.tables()? else { return Ok(Vec::new()) };
        let stations = tables.fdb.rows()?;
        let bindings = self.bindings()?;
        let mut ports = Vec::new();
        for (index, port) in tables.port.rows()? {
            let Some(vtep) = self.at(port.overlay())?.filter(|_| port.kind() == PortKind::Direct) else {
                continue;
            };
            let index = IfIndex(index);
            let here = |entry: &FdbEntry| entry.target() == Target::Port(index);
            ports.push(DirectPort {
                overlay: vtep.key,
                vtep: vtep.name.clone(),
                device: self.observed.name(index),
                index,
                is_xdp: port.has(PortFlags::XDP),
                has_peer: port.has_peer(),
                stations: stations
                    .iter()
                    .filter(|(_, entry)| here(entry) && !self.is_expired(&vtep, entry))
                    .count(),
                bindings: bindings.get(&index).copied(),
            });
        }
        ports.sort_by(|a, b| (a.overlay.vni(), &a.device).cmp(&(b.overlay.vni(), &b.device)));
        Ok(ports)
    }

    /// Of each port where there were any: how many neighbours are learned there, and how many found no place.
    pub(super) fn bindings(&self) -> Result<HashMap<IfIndex, (usize, u64)>> {
        let (tables, now) = (self.tables()?, Datapath::now());
        let binders = tables.binder.rows()?;
        let mut bindings: HashMap<_, _> =
            binders.into_iter().map(|(port, binder)| (IfIndex(port), (0, binder.refused))).collect();
        if !bindings.is_empty() {
            for (_, entry) in tables.neigh.rows()? {
                let learned = entry.is_learned() && entry.is_valid(now);
                if let Some((count, _)) = bindings.get_mut(&entry.place().port()).filter(|_| learned) {
                    *count += 1;
                }
            }
        }
        Ok(bindings)
    }

    /// Takes a port away, however much of it is there, with all that was learned of it.
    pub(super) fn drop_port(&mut self, device: IfIndex, key: OverlayKey) -> Result<()> {
        self.datapath.detach(Hook::PortXdp, device)?;
        self.datapath.detach(Hook::Port, device)?;
        let fdb = &mut self.tables_mut()?.fdb;
        fdb.remove_where(|_, entry| entry.target() == Target::Port(device))?;
        for (station, mut entry) in fdb.rows()? {
            if !entry.is_learned() && entry.place == device.0 {
                entry.place = 0;
                fdb.set(&station, &entry)?;
            }
        }
        self.unlearn_port(device)?;
        self.flood_remove_port(key, device)?;
        self.tables_mut()?.port.remove(&device.0)?;
        Ok(())
    }

    /// The other end of a veth may have been moved since: into a container, or back.
    pub(super) fn follow_peers(&mut self) -> Result<()> {
        for (device, port) in self.tables()?.port.rows()? {
            let has_peer = self.observed.link(IfIndex(device)).is_some_and(|link| link.peer_in_other_netns);
            if port.kind() == PortKind::Direct && port.has_peer() != has_peer {
                let flags = port.flags ^ PortFlags::PEER;
                let port = Port::new(port.overlay(), PortKind::Direct, flags);
                self.tables_mut()?.port.set(&device, &port)?;
            }
        }
        Ok(())
    }

    /// Hangs the programs of a port: XDP passes on to TC, so that comes first.
    pub(super) fn hang_port(&mut self, link: &Link, flags: u8) -> Result<()> {
        self.datapath.attach(Hook::Port, link.index, &link.name)?;
        self.settle_xdp_port(link.index, flags)
    }

    /// A port that is there gets the mode that is asked for now.
    fn change_port(&mut self, link: &Link, is_xdp: bool) -> Result<()> {
        let port = self.tables()?.port.get(&link.index.0)?;
        let mut port = port.with_context(|| format!("{} is no port any more: try again", link.name))?;
        if !is_xdp {
            self.datapath.detach(Hook::PortXdp, link.index)?;
        }
        port.flags = port.flags & !PortFlags::XDP | if is_xdp { PortFlags::XDP } else { 0 };
        self.tables_mut()?.port.set(&link.index.0, &port)?;
        self.hang_port(link, port.flags)
    }

    /// What an XDP program cannot redirect to a port takes the way by TC.
    fn warn_of_detour(&self, link: &Link) {
        if self.observed.xdp_features(link.index).is_ok_and(|features| !features.takes_redirected()) {
            eprintln!(
                "vxbpf: warning: the other end of {0} does not poll, so that frames to it take the way by TC: `ethtool \
                 -K DEVICE gro on` there makes it direct, then `vxbpf port add {0}` again",
                link.name
            );
        }
    }

    /// Whether it is a port of this overlay already. Refuses what cannot be one.
    fn check_port(&self, link: &Link, vtep: &Vtep) -> Result<bool> {
        let name = &link.name;
        if let Some(port) = self.tables()?.port.get(&link.index.0)? {
            let there = self.must(port.overlay())?;
            return match port.kind() {
                PortKind::Direct if there.key == vtep.key => Ok(true),
                PortKind::Direct => bail!(
                    "{name} is a port of {} (VNI {}) already: `vxbpf port del {name}` takes it out",
                    there.name,
                    there.key.vni()
                ),
                PortKind::Vtep => bail!("{name} is itself the VTEP device of VNI {}", there.key.vni()),
            };
        }
        ensure!(link.flags & LOOPBACK == 0, "{name} is the loopback device: it cannot be a port");
        ensure!(link.hardware == ETHERNET, "{name} carries no Ethernet frames: it cannot be a port");
        if let Some(master) = link.master {
            let master = self.observed.name(master);
            bail!("{name} is enslaved to {master}: `ip link set {name} nomaster` frees it");
        }
        if let Some(user) = self.list()?.iter().find(|other| other.overlay.underlay_device() == link.index) {
            bail!(
                "{name} is the underlay device of {}: what it sends must not be sent into an overlay",
                user.name
            );
        }
        Ok(false)
    }

    /// What fits a port and not the underlay is answered with ICMP; a container that filters that would wonder.
    fn warn_of_mtu(&self, link: &Link, vtep: &Vtep) {
        let headers = if plan::is_ipv6(&vtep.spec) { 70 } else { 50 };
        let underlays = self.underlays_of(vtep).unwrap_or_default();
        let mtus = underlays.iter().filter_map(|underlay| Some(self.observed.link(*underlay)?.mtu));
        let most = mtus.min().map_or(u32::MAX, |mtu| mtu.saturating_sub(headers));
        if link.mtu > most {
            eprintln!(
                "vxbpf: warning: {0} has MTU {1}, and {2} takes {most}: packets that do not fit are answered with ICMP; \
                 `ip link set {0} mtu {most}`, and the same inside, avoids that",
                link.name, link.mtu, vtep.name
            );
        }
    }
}
