//! Making an overlay.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;

use anyhow::{Context, Result, bail, ensure};
use vxlan_common::{FloodList, IfIndex, Mac, OverlayKey, Port, PortKind, Remote, RemoteIndex, RemoteKey};

use super::Overlays;
use super::host::Host;
use super::mirror::flood_entry;
use super::plan;
use super::record::{Phase, Record};
use super::vtep::{Vtep, gone};
use super::words::difference;
use crate::datapath::{Datapath, Hook, Sizes};
use crate::sysctl;
use crate::vtep::{Mode, VtepSpec};

/// An overlay that is there now.
#[derive(Clone, Debug)]
pub struct Attached {
    /// VNI and UDP port.
    pub key: OverlayKey,
    /// Name of its VTEP device.
    pub name: String,
    /// That device.
    pub device: IfIndex,
    /// Whether it was not there before.
    pub is_new: bool,
}

impl Overlays<'_> {
    /// Makes the overlay that `spec` asks for, with a VTEP device called `name` (`None`: the first of vxlan1,
    /// vxlan2, ... that is free), and brings it up if `up`. One that is there and just so is success.
    pub fn attach<'n>(
        &mut self,
        spec: &VtepSpec,
        name: impl Into<Option<&'n str>>,
        up: bool,
        fdb_size: Option<u32>,
    ) -> Result<Attached> {
        let name = name.into();
        plan::check(spec)?;
        self.check_size(fdb_size)?;
        let underlay = self.underlay_of(spec)?;
        let key = OverlayKey::new(spec.vni, spec.dstport);
        if let Some(there) = self.at(key)? {
            return self.again(&there, spec, name, up);
        }
        let name = name.map_or_else(|| self.free_name(), str::to_owned);
        if let Some(link) = self.observed.named(&name) {
            let kind = link.kind.as_deref().unwrap_or("network");
            bail!(
                "there is a {kind} device {name} already: choose another name, or remove it with `ip link del {name}`"
            );
        }
        self.establish(fdb_size)?;
        let device = self.work(|this| this.make(key, spec, &name, underlay, up))?;
        Ok(Attached { key, name, device, is_new: true })
    }

    /// The underlay device that was named.
    pub(super) fn underlay_of(&self, spec: &VtepSpec) -> Result<IfIndex> {
        let Some(name) = &spec.device else { return Ok(IfIndex::NONE) };
        let link = self.observed.device(name)?;
        let port =
            self.datapath.tables()?.map(|tables| tables.port.get(&link.index.0)).transpose()?.flatten();
        if port.is_some_and(|port| port.kind() == PortKind::Direct) {
            bail!("{name} is a direct port of an overlay: `vxbpf port del {name}` frees it");
        }
        if spec.mode == Mode::Xdp {
            self.check_xdp(link, Hook::UnderlayXdp)?;
        }
        Ok(link.index)
    }

    fn free_name(&self) -> String {
        let mut names = (1..).map(|number| format!("vxlan{number}"));
        names.find(|name| self.observed.named(name).is_none()).unwrap_or_default()
    }

    /// Loads the object and turns on what the data path needs of this namespace, for the first overlay.
    fn establish(&mut self, fdb_size: Option<u32>) -> Result<()> {
        if self.datapath.tables()?.is_some() {
            return Ok(());
        }
        let loaded = self.load(fdb_size.map_or_else(Sizes::default, Sizes::stations));
        if loaded.is_err() {
            // What is half loaded goes; if not even that is possible, the next command does it.
            let _ = self.datapath.remove();
        }
        loaded
    }

    /// The tables have one size for all overlays of a namespace, from the first to the last.
    fn check_size(&self, fdb_size: Option<u32>) -> Result<()> {
        let (Some(asked), Some(tables)) = (fdb_size, self.datapath.tables()?) else { return Ok(()) };
        let room = tables.fdb.room()?;
        ensure!(
            room == asked,
            "the tables of this network namespace have room for {room} stations, and not for {asked}: leave fdbsize out, \
             or take all overlays away first with `vxbpf detach --all`"
        );
        Ok(())
    }

    fn load(&mut self, sizes: Sizes) -> Result<()> {
        self.datapath.establish(sizes)?;
        let forwarding = sysctl::get_forwarding("lo")?;
        let host = Host { forwarding, version: Datapath::version(), is_busy: false };
        host.write(self.tables_mut()?)?;
        sysctl::set_forwarding("lo", true).map_err(Into::into)
    }

    fn make(
        &mut self,
        key: OverlayKey,
        spec: &VtepSpec,
        name: &str,
        underlay: IfIndex,
        up: bool,
    ) -> Result<IfIndex> {
        // A chosen address is left alone by udev, and tells this device from another of the same name.
        let mac = spec.address.map_or_else(random_mac, Ok)?;
        let default = spec.group.is_none().then(|| spec.remotes.first().copied()).flatten();
        let asked = VtepSpec { remotes: default.into_iter().collect(), ..spec.clone() };
        let mut record = Record { phase: Phase::Making, name: name.to_owned(), mac, spec: asked, was: None };
        record.write(self.tables_mut()?, key)?;

        let with_mac = VtepSpec { address: Some(mac), proxy: plan::is_kernel_proxy(spec), ..spec.clone() };
        let underlay = Some(underlay).filter(|index| *index != IfIndex::NONE);
        let device = self.netlink.add_vxlan(name, &with_mac, underlay)?;
        self.observe()?;

        self.tables_mut()?.flood.set(&key, &FloodList::default())?;
        for remote in &spec.remotes {
            self.flood_add(key, RemoteKey::plain((*remote).into()))?;
        }
        self.settle_all(key, &record, device)?;
        let port = Port::new(key, PortKind::Vtep, 0);
        self.tables_mut()?.port.set(&device.0, &port)?;
        self.settle_listen()?;

        record.phase = Phase::Made;
        let vtep = self.vtep(key, record.clone())?.with_context(gone(key))?;
        // The device made its default destination itself.
        for remote in spec.remotes.iter().filter(|remote| Some(**remote) != default) {
            let remote = Remote::new(RemoteKey::plain((*remote).into()), 0, RemoteIndex::NONE);
            self.mirror(&vtep, &flood_entry(&vtep, &remote))?;
        }
        self.hang(key, device)?;
        if up {
            self.netlink.set_up(device, true)?;
        }
        record.write(self.tables_mut()?, key)?;
        self.observe()?;
        Ok(device)
    }

    /// Hangs the programs of an overlay where they are missing.
    pub(super) fn hang(&mut self, key: OverlayKey, device: IfIndex) -> Result<()> {
        let name = self.observed.name(device);
        for hook in [Hook::Device, Hook::Vtep] {
            self.datapath
                .attach(hook, device, &name)
                .with_context(|| format!("the overlay of VNI {} is not attached", key.vni()))?;
        }
        self.settle_underlays()
    }

    /// `spec` is asked for, and `there` has its VNI and UDP port.
    fn again(&mut self, there: &Vtep, spec: &VtepSpec, name: Option<&str>, up: bool) -> Result<Attached> {
        let Vtep { key, device, name: known, .. } = there;
        if let Some(difference) = self.differs(there, spec, name) {
            bail!(
                "VNI {} on UDP port {} is {known} already, and differs: {difference}: \
                 change it with `vxbpf link set {known}`, or take it away with `vxbpf link del {known}`",
                key.vni(),
                key.udp_port().0
            );
        }
        self.work(|this| this.hang(*key, *device))?;
        let is_up = self.observed.link(*device).is_some_and(|link| link.up);
        if up && !is_up {
            self.netlink.set_up(*device, true)?;
            self.observe()?;
        }
        Ok(Attached { key: *key, name: known.clone(), device: *device, is_new: false })
    }

    fn differs(&self, there: &Vtep, spec: &VtepSpec, name: Option<&str>) -> Option<String> {
        if let Some(name) = name.filter(|name| *name != there.name) {
            return Some(format!("its name is not {name}"));
        }
        // A device may be asked for by another of its names.
        let device =
            spec.device.as_deref().and_then(|name| self.observed.named(name)).map(|link| link.name.clone());
        let asked = VtepSpec { device, ..spec.clone() };
        difference(&there.spec, &asked).or_else(|| lacks(there, spec))
    }
}

/// What of the remotes is not as asked. More of them than were asked for may have been added since.
fn lacks(there: &Vtep, spec: &VtepSpec) -> Option<String> {
    let default = |remotes: &[IpAddr]| spec.group.is_none().then(|| remotes.first().copied()).flatten();
    let asked = default(&spec.remotes);
    if asked != there.default_remote {
        let say = |remote: Option<IpAddr>| {
            remote.map_or_else(|| "not given".to_owned(), |remote| remote.to_string())
        };
        return Some(format!("remote is {} there and {} here", say(there.default_remote), say(asked)));
    }
    let missing = spec.remotes.iter().find(|remote| !there.spec.remotes.contains(remote))?;
    Some(format!("its flood list does not have remote {missing}"))
}

fn random_mac() -> Result<Mac> {
    let mut bytes = [0; 6];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    // Locally administered, of one station (IEEE 802 clause 8).
    bytes[0] = bytes[0] & 0xfc | 0x02;
    ensure!(Mac(bytes).is_station(), "/dev/urandom gives no random numbers");
    Ok(Mac(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_address_is_one_stations_and_locally_administered() {
        for _ in 0..64 {
            let Mac([first, ..]) = random_mac().expect("there is /dev/urandom");
            assert_eq!(first & 3, 2);
        }
    }
}
