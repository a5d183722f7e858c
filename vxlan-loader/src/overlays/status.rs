//! What hangs where, in which mode and why, and how full the tables are.

use std::path::PathBuf;

use anyhow::Result;
use vxlan_common::{FdbKey, LOADER_REMOTES, RemoteIndex};

use super::plan;
use super::{DirectPort, Overlays, Vtep};
use crate::datapath::Hook;
use crate::vtep::Mode;

/// The state of the data path of this network namespace.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where the pins are; `None`: nothing is attached.
    pub directory: Option<PathBuf>,
    /// Overlays, by VNI.
    pub overlays: Vec<OverlayStatus>,
    /// Programs, by hook and device.
    pub programs: Vec<Program>,
    /// How full the tables are.
    pub tables: Vec<Fill>,
}

/// The state of an overlay.
#[derive(Clone, Debug)]
pub struct OverlayStatus {
    /// The overlay.
    pub vtep: Vtep,
    /// Whether its VTEP device is up.
    pub is_up: bool,
    /// Names of the devices by which its packets come in. Several, if none was named.
    pub underlays: Vec<String>,
    /// The mode in use.
    pub mode: Mode,
    /// Why it is that one.
    pub why: &'static str,
    /// Why all that it sends takes the vxlan device's own transmit, if that is so.
    pub by_device: Option<&'static str>,
    /// VTEPs in its flood list.
    pub flood: u32,
    /// Its direct ports.
    pub ports: Vec<DirectPort>,
    /// Stations that the data path learned and that have not expired.
    pub learned: usize,
    /// Stations that were configured.
    pub configured: usize,
}

/// A program at a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it hangs.
    pub hook: Hook,
    /// Name of the device.
    pub device: String,
    /// Number of the link, as bpftool prints it; `None`: the device is gone.
    pub link: Option<u32>,
    /// Number of the program, likewise.
    pub program: Option<u32>,
}

/// How full a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Its name.
    pub table: &'static str,
    /// Rows that it has.
    pub used: usize,
    /// Rows that it has room for.
    pub room: u32,
}

impl Overlays<'_> {
    /// What hangs where, in which mode and why, and how full the tables are.
    pub fn status(&self) -> Result<Status> {
        let Some(tables) = self.datapath.tables()? else {
            return Ok(Status {
                directory: None,
                overlays: Vec::new(),
                programs: Vec::new(),
                tables: Vec::new(),
            });
        };
        let programs = self.programs()?;
        let ports = self.port_show()?;
        let mut overlays = Vec::new();
        for vtep in self.list()? {
            overlays.push(self.overlay_status(vtep, &ports)?);
        }
        let named = |index: &u32| RemoteIndex(*index).slot() < LOADER_REMOTES;
        let used = tables.vtep.rows()?.iter().filter(|(_, index)| named(index)).count();
        let fills = vec![
            Fill { table: "vni", used: tables.vni.rows()?.len(), room: tables.vni.room()? },
            Fill { table: "fdb", used: tables.fdb.rows()?.len(), room: tables.fdb.room()? },
            Fill { table: "neigh", used: tables.neigh.rows()?.len(), room: tables.neigh.room()? },
            Fill { table: "binding", used: tables.binding.rows()?.len(), room: tables.binding.room()? },
            // Slot 0 means "none".
            Fill { table: "remote", used, room: LOADER_REMOTES - 1 },
            Fill { table: "admit", used: tables.admit.rows()?.len(), room: tables.admit.room()? },
            Fill { table: "port", used: tables.port.rows()?.len(), room: tables.port.room()? },
            Fill { table: "reader", used: tables.reader.rows()?.len(), room: tables.reader.room()? },
        ];
        let directory = Some(self.datapath.path().to_owned());
        Ok(Status { directory, overlays, programs, tables: fills })
    }

    fn programs(&self) -> Result<Vec<Program>> {
        let links = self.datapath.links()?.into_iter().map(|link| Program {
            hook: link.hook,
            device: self.observed.name(link.device),
            link: link.numbers.map(|(link, _)| link),
            program: link.numbers.map(|(_, program)| program),
        });
        Ok(links.collect())
    }

    fn overlay_status(&self, vtep: Vtep, ports: &[DirectPort]) -> Result<OverlayStatus> {
        let mut stations = self.tables()?.fdb.rows()?;
        stations
            .retain(|(key, entry): &(FdbKey, _)| key.overlay() == vtep.key && !self.is_expired(&vtep, entry));
        let learned = stations.iter().filter(|(_, entry)| entry.is_learned()).count();
        let underlays = self.underlays_of(&vtep)?;
        let choices = underlays.iter().map(|device| self.choice(*device)).collect::<Result<Vec<_>>>()?;
        let choice = choices.iter().find(|choice| choice.is_xdp).or(choices.first());
        Ok(OverlayStatus {
            is_up: self.observed.link(vtep.device).is_some_and(|link| link.up),
            underlays: underlays.into_iter().map(|device| self.observed.name(device)).collect(),
            mode: if choice.is_some_and(|choice| choice.is_xdp) { Mode::Xdp } else { Mode::Tc },
            why: choice.map_or("it has no underlay device", |choice| choice.why),
            by_device: plan::why_by_device(&vtep.spec),
            flood: self.flood_list(vtep.key)?.remote_count(),
            ports: ports.iter().filter(|port| port.overlay == vtep.key).cloned().collect(),
            learned,
            configured: stations.len() - learned,
            vtep,
        })
    }
}
