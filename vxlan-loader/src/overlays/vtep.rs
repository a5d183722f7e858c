//! Overlays that are there, and which of them is meant.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use vxlan_common::{IfIndex, Overlay, OverlayKey, PortKind};

use super::Overlays;
use super::record::{Phase, Record};
use crate::request::Which;
use crate::vtep::VtepSpec;

/// An overlay.
#[derive(Clone, Debug)]
pub struct Vtep {
    /// VNI and UDP port.
    pub key: OverlayKey,
    /// Name of its VTEP device.
    pub name: String,
    /// That device.
    pub device: IfIndex,
    /// Name of its underlay device, if one was named.
    pub underlay: Option<String>,
    /// What was asked for; its remotes are those of the flood list that have no VNI, port or device of their own.
    pub spec: VtepSpec,
    /// What the tables hold.
    pub overlay: Overlay,
    /// The VTEP device's own default destination, if it is one VTEP.
    pub default_remote: Option<IpAddr>,
}

impl Overlays<'_> {
    /// All overlays, by VNI.
    pub fn list(&self) -> Result<Vec<Vtep>> {
        let Some(tables) = self.datapath.tables()? else { return Ok(Vec::new()) };
        let mut vteps = Vec::new();
        for (key, record) in Record::read_all(tables)? {
            if record.phase == Phase::Made
                && let Some(vtep) = self.vtep(key, record)?
            {
                vteps.push(vtep);
            }
        }
        Ok(vteps)
    }

    /// The overlay of `key`.
    pub(super) fn at(&self, key: OverlayKey) -> Result<Option<Vtep>> {
        let Some(tables) = self.datapath.tables()? else { return Ok(None) };
        match Record::read(tables, key)? {
            Some(record) if record.phase == Phase::Made => self.vtep(key, record),
            _ => Ok(None),
        }
    }

    /// Those that are meant.
    pub(super) fn matching(&self, which: &Which) -> Result<Vec<Vtep>> {
        let mut vteps = self.list()?;
        vteps.retain(|vtep| which.matches(vtep.key, &vtep.name, vtep.underlay.as_deref()));
        Ok(vteps)
    }

    /// The one that is meant.
    pub fn find(&self, which: &Which) -> Result<Vtep> {
        let mut vteps = self.matching(which)?;
        match (vteps.pop(), vteps.as_slice()) {
            (Some(vtep), []) => Ok(vtep),
            (Some(vtep), others) => {
                let names: Vec<_> = others.iter().chain([&vtep]).map(|vtep| vtep.name.as_str()).collect();
                bail!("the overlay {} may be any of {}: name one with `dev`", say(which), names.join(", "))
            }
            (None, _) => bail!("there is no overlay {}: `vxbpf link show` lists them", say(which)),
        }
    }

    /// The one whose VTEP device is called `name`.
    pub fn find_named(&self, name: &str) -> Result<Vtep> {
        let link = self.observed.device(name)?;
        let port =
            self.datapath.tables()?.map(|tables| tables.port.get(&link.index.0)).transpose()?.flatten();
        if let Some(port) = port.filter(|port| port.kind() == PortKind::Vtep) {
            return self.must(port.overlay());
        }
        match link.kind.as_deref() {
            Some("vxlan") => {
                bail!("{name} is a vxlan device of the kernel alone: use `ip` and `bridge` with it")
            }
            _ => bail!("{name} is not the VTEP device of an overlay: `vxbpf link show` lists those"),
        }
    }

    /// The overlay of `key` with `record`, if its settings are in the tables.
    pub(super) fn vtep(&self, key: OverlayKey, record: Record) -> Result<Option<Vtep>> {
        let tables = self.tables()?;
        let Some(overlay) = tables.vni.get(&key)? else { return Ok(None) };
        let mut spec = record.spec;
        let default_remote = spec.remotes.first().copied();
        spec.remotes.clear();
        if let Some(list) = tables.flood.get(&key)? {
            for index in list.remotes() {
                let remote = tables.vtep_at(index)?;
                if remote.vni().is_none() && remote.udp_port().is_none() && remote.via().is_none() {
                    spec.remotes.push(remote.address().into());
                }
            }
        }
        let device = overlay.vtep_device();
        let name = self.observed.link(device).map_or(record.name, |link| link.name.clone());
        let underlay = spec.device.as_ref().map(|asked| {
            // It may have another name by now.
            self.observed.link(overlay.underlay_device()).map_or(asked.clone(), |link| link.name.clone())
        });
        spec.device.clone_from(&underlay);
        Ok(Some(Vtep { key, name, device, underlay, spec, overlay, default_remote }))
    }
}

/// What was asked about, in words.
pub(super) fn say(which: &Which) -> String {
    let parts = [
        which.vni.map(|vni| format!("with VNI {vni}")),
        which.dstport.map(|port| format!("with dstport {}", port.0)),
        which.vtep.as_ref().map(|name| format!("called {name}")),
        which.underlay.as_ref().map(|name| format!("on {name}")),
    ];
    let said: Vec<_> = parts.into_iter().flatten().collect();
    if said.is_empty() { "of any kind".to_owned() } else { said.join(" ") }
}

/// An overlay that was there a moment ago.
pub(super) fn gone(key: OverlayKey) -> impl Fn() -> String {
    move || format!("the overlay of VNI {} went away meanwhile: try again", key.vni())
}

impl Overlays<'_> {
    /// The overlay of `key`, which is there.
    pub(super) fn must(&self, key: OverlayKey) -> Result<Vtep> {
        self.at(key)?.with_context(gone(key))
    }
}
