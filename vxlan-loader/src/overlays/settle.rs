//! Writes what follows from what was asked: settings, prefixes, UDP ports.

use std::collections::HashMap;

use anyhow::{Context, Result};
use vxlan_common::{Address, IfIndex, OverlayKey, RemoteKey};

use super::Overlays;
use super::plan::{self, Place};
use super::record::Record;
use crate::sysctl;
use crate::vtep::VtepSpec;

impl Overlays<'_> {
    /// Settings of an overlay, from its record and its VTEP device.
    pub(super) fn settle(&mut self, key: OverlayKey, record: &Record, device: IfIndex) -> Result<()> {
        let place = self.place(key, &record.spec, device)?;
        let row = plan::overlay(&record.spec, &place);
        let tables = self.tables_mut()?;
        if tables.vni.get(&key)? != Some(row) {
            tables.vni.set(&key, &row)?;
        }
        Ok(())
    }

    /// Settings of an overlay, and its prefixes: first what is new, last what is to go.
    pub(super) fn settle_all(&mut self, key: OverlayKey, record: &Record, device: IfIndex) -> Result<()> {
        let wanted = plan::prefixes(key, &record.spec);
        let allow = &mut self.tables_mut()?.allow;
        let mut there = allow.all()?;
        there.retain(|(_, prefix)| prefix.overlay() == key);
        for (bits, prefix) in wanted.iter().filter(|prefix| !there.contains(prefix)) {
            allow.add(*bits, *prefix)?;
        }
        self.settle(key, record, device)?;
        let allow = &mut self.tables_mut()?.allow;
        for (bits, prefix) in there.iter().filter(|prefix| !wanted.contains(prefix)) {
            allow.remove(*bits, *prefix)?;
        }
        Ok(())
    }

    fn place(&mut self, key: OverlayKey, spec: &VtepSpec, device: IfIndex) -> Result<Place> {
        let link = self.observed.link(device).context("its VTEP device went away meanwhile: try again")?;
        let mac = link.mac;
        // The kernel's device knows its underlay device by index, whatever that is called now.
        let underlay = self.observed.vxlan(device).and_then(|vxlan| vxlan.link).unwrap_or_default();
        let group = match spec.group {
            None => None,
            Some(group) => {
                let source = match spec.local {
                    Some(local) => Some(local),
                    None => self.observed.address_like(underlay, group)?,
                };
                let index = self.claim(RemoteKey::plain(group.into()))?;
                Some((index, source.map_or(Address::NONE, Address::from)))
            }
        };
        let name = self.observed.name(device);
        let reachable = [false, true].map(|is_ipv6| sysctl::reachable_seconds(&name, is_ipv6));
        let tables = self.tables_mut()?;
        let number = match tables.vni.get(&key)? {
            Some(overlay) => overlay.number,
            None => tables.free_number()?,
        };
        Ok(Place { number, device, mac, underlay, group, reachable })
    }

    /// Which UDP ports the overlays have.
    pub(super) fn settle_listen(&mut self) -> Result<()> {
        let tables = self.tables_mut()?;
        let overlays = tables.vni.rows()?;
        let wanted = count_ports(overlays.iter().map(|(key, _)| *key));
        tables.listen.remove_where(|port, _| !wanted.contains_key(port))?;
        for (port, overlays) in wanted {
            if tables.listen.get(&port)? != Some(overlays) {
                tables.listen.set(&port, &overlays)?;
            }
        }
        Ok(())
    }
}

fn count_ports(overlays: impl Iterator<Item = OverlayKey>) -> HashMap<u32, u32> {
    let mut ports = HashMap::new();
    for key in overlays {
        *ports.entry(u32::from(key.udp_port().0)).or_default() += 1;
    }
    ports
}

#[cfg(test)]
mod tests {
    use vxlan_common::{UdpPort, Vni};

    use super::*;

    #[test]
    fn a_udp_port_counts_the_overlays_that_have_it() {
        let key = |vni, port| OverlayKey::new(Vni::from_wire([0, 0, vni]), UdpPort(port));
        let ports = count_ports([key(1, 4789), key(2, 4789), key(1, 8472)].into_iter());
        assert_eq!(ports, HashMap::from([(4789, 2), (8472, 1)]));
    }
}
