//! `fdb show`: flood lists, configured and learned stations, one list.

use std::net::IpAddr;

use anyhow::{Context, Result};
use vxlan_common::{Event, FdbEntry, FdbFlags, Mac, OverlayKey, Remote, RemoteIndex, Target, UdpPort, Vni};

use super::Overlays;
use super::vtep::Vtep;
use crate::datapath::{Datapath, Tables};
use crate::request::FdbState;

/// Where a station is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Behind a VTEP.
    Vtep {
        /// Its address.
        dst: IpAddr,
        /// UDP port to send to, if it is not the overlay's.
        port: Option<UdpPort>,
        /// VNI to send with, if it is not the overlay's.
        vni: Option<Vni>,
        /// Name of the device to send by, if one was named.
        via: Option<String>,
    },
    /// At a direct port of this host.
    Port(String),
}

/// A station, or with address zero a VTEP of the flood list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    /// Its overlay.
    pub overlay: OverlayKey,
    /// Name of the VTEP device.
    pub device: String,
    /// Its address.
    pub mac: Mac,
    /// Where it is.
    pub behind: Behind,
    /// How long it stays.
    pub state: FdbState,
    /// Whether the data path learned it.
    pub learned: bool,
    /// Whether a control plane set it.
    pub extern_learn: bool,
    /// Whether it never moves.
    pub sticky: bool,
    /// Whether behind it is a router.
    pub router: bool,
    /// Seconds since it was set, or last heard of; `None` for the flood list.
    pub age: Option<u32>,
}

impl Overlays<'_> {
    /// All entries of the overlay with VTEP device or direct port `device`, or of all overlays: for each the flood
    /// list in its order, group and default destination first, then stations by address. Stations that the VTEP
    /// device itself or its bridge has are not among them, nor what has expired.
    pub fn fdb_show(&self, device: Option<&str>) -> Result<Vec<Station>> {
        let Some(tables) = self.datapath.tables()? else { return Ok(Vec::new()) };
        let mut shown = Vec::new();
        let vteps = self.list()?;
        for vtep in &vteps {
            self.show_flood(tables, vtep, &mut shown)?;
        }
        let now = Datapath::now();
        let mut stations = Vec::new();
        for (key, entry) in tables.fdb.rows()? {
            if let Some(vtep) = vteps.iter().find(|vtep| vtep.key == key.overlay())
                && !entry.is_expired(now, vtep.overlay.ageing)
                && entry.target() != Target::Port(vtep.device)
                && !leads_nowhere(tables, &entry)?
            {
                stations.push(self.show_station(tables, vtep, key.mac(), &entry)?);
            }
        }
        stations.sort_by_key(|station| station.mac);
        shown.append(&mut stations);
        shown.sort_by_key(|station| (station.overlay.vni(), station.overlay.udp_port()));
        if let Some(device) = device {
            let name = &self.observed.device(device)?.name;
            let port = Behind::Port(name.clone());
            shown.retain(|station| station.device == *name || station.behind == port);
        }
        Ok(shown)
    }

    /// The entry of `mac` in the overlay with VTEP device `device`.
    pub fn fdb_get(&self, device: &str, mac: Mac) -> Result<Station> {
        let vtep = self.find_named(device)?;
        let mut shown = self.fdb_show(Some(&vtep.name))?;
        shown.retain(|station| station.mac == mac);
        shown.into_iter().next().with_context(|| {
            format!(
                "No such entry: {mac} is not in the forwarding table of {device}: frames for it are flooded"
            )
        })
    }

    fn show_flood(&self, tables: &Tables, vtep: &Vtep, shown: &mut Vec<Station>) -> Result<()> {
        let flooded = |behind| Station {
            overlay: vtep.key,
            device: vtep.name.clone(),
            mac: Mac::ZERO,
            behind,
            state: FdbState::Permanent,
            learned: false,
            extern_learn: false,
            sticky: false,
            router: false,
            age: None,
        };
        let group = vtep.spec.group;
        shown.extend(
            group.map(|dst| flooded(Behind::Vtep { dst, port: None, vni: None, via: vtep.underlay.clone() })),
        );
        for index in self.flood_list(vtep.key)?.remotes() {
            shown.push(flooded(self.behind_flooded(vtep, &tables.vtep_at(index)?)));
        }
        Ok(())
    }

    /// What the flood list has, as the kernel shows the default destination of a device that was made with `dev`.
    fn behind_flooded(&self, vtep: &Vtep, remote: &Remote) -> Behind {
        let mut behind = self.behind(remote);
        if let Behind::Vtep { dst, port: None, vni: None, via: via @ None } = &mut behind
            && vtep.default_remote == Some(*dst)
        {
            via.clone_from(&vtep.underlay);
        }
        behind
    }

    /// The station that a command set or removed, as it was told: of its VTEP nothing may be left in the tables.
    pub(super) fn told_station(&self, vtep: &Vtep, event: &Event) -> Result<Option<Station>> {
        let Some(target) = event.target().filter(|target| *target != Target::Port(vtep.device)) else {
            return Ok(None);
        };
        let entry = FdbEntry::configured(target, Datapath::now(), event.flags());
        let shown = self.show_station(self.tables()?, vtep, event.mac(), &entry)?;
        let remote = Remote::new(event.remote(), 0, RemoteIndex::NONE);
        let behind = match target {
            Target::Port(_) => shown.behind,
            Target::Remote(_) if event.mac().is_zero() => self.behind_flooded(vtep, &remote),
            Target::Remote(_) => self.behind(&remote),
        };
        Ok(Some(Station { behind, age: None, ..shown }))
    }

    pub(super) fn show_station(
        &self,
        tables: &Tables,
        vtep: &Vtep,
        mac: Mac,
        entry: &FdbEntry,
    ) -> Result<Station> {
        let has = |bit| entry.flags & bit != 0;
        let state = if has(FdbFlags::PERMANENT) {
            FdbState::Permanent
        } else if has(FdbFlags::NOARP) {
            FdbState::Static
        } else {
            FdbState::Dynamic
        };
        let behind = match entry.target() {
            Target::Port(port) => Behind::Port(self.observed.name(port)),
            Target::Remote(index) => self.behind(&tables.vtep_at(index)?),
        };
        Ok(Station {
            overlay: vtep.key,
            device: vtep.name.clone(),
            mac,
            behind,
            state,
            learned: entry.is_learned(),
            extern_learn: has(FdbFlags::EXTERN_LEARN),
            sticky: has(FdbFlags::STICKY),
            router: has(FdbFlags::ROUTER),
            age: Some(Datapath::now().since(entry.last_seen())),
        })
    }

    fn behind(&self, remote: &Remote) -> Behind {
        Behind::Vtep {
            dst: remote.address().into(),
            port: remote.udp_port(),
            vni: remote.vni(),
            via: remote.via().map(|via| self.observed.name(via)),
        }
    }
}

/// Whether the VTEP that a station was learned behind lost its slot to another.
fn leads_nowhere(tables: &Tables, entry: &FdbEntry) -> Result<bool> {
    match entry.target() {
        Target::Remote(index) => Ok(tables.vtep_at(index)?.is_free()),
        Target::Port(_) => Ok(false),
    }
}
