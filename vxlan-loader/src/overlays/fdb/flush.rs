//! `fdb flush`: many entries at once.

use std::net::IpAddr;

use anyhow::Result;
use vxlan_common::{FdbEntry, FdbFlags, Remote, Target, Tiding};

use super::super::Overlays;
use super::super::mirror::flood_entry;
use super::super::vtep::Vtep;
use super::of_flood_list;
use crate::request::FdbFilter;

impl Overlays<'_> {
    /// Removes the entries of VTEP device `device` for which every condition of `filter` holds; how many they
    /// were. Its group stays.
    pub fn fdb_flush(&mut self, device: &str, filter: &FdbFilter) -> Result<usize> {
        let vtep = self.find_named(device)?;
        if filter.src_vni.is_some_and(|vni| vni != vtep.key.vni()) {
            return Ok(0);
        }
        let mut flooded = Vec::new();
        for index in self.flood_list(vtep.key)?.remotes() {
            let remote = self.tables()?.vtep_at(index)?;
            if fits_remote(filter, &vtep, &remote) && fits_flags(filter, FdbFlags::PERMANENT, false) {
                flooded.push((index, remote));
            }
        }
        let mut stations = Vec::new();
        for (key, entry) in self.tables()?.fdb.rows()? {
            if key.overlay() == vtep.key && self.fits(filter, &vtep, &entry)? {
                stations.push((key.mac(), entry));
            }
        }
        let removed = flooded.len() + stations.len();
        if removed == 0 {
            return Ok(0);
        }
        self.work(|this| {
            for (index, remote) in &flooded {
                this.unmirror(&vtep, &flood_entry(&vtep, remote))?;
                this.flood_remove(vtep.key, *index)?;
                this.datapath.tell(&[of_flood_list(Tiding::StationDeleted, &vtep, remote.key)]);
            }
            for (mac, entry) in &stations {
                this.station_drop(&vtep, *mac, entry)?;
            }
            this.collect_remotes()
        })?;
        Ok(removed)
    }

    fn fits(&self, filter: &FdbFilter, vtep: &Vtep, entry: &FdbEntry) -> Result<bool> {
        let at = match entry.target() {
            Target::Remote(index) => fits_remote(filter, vtep, &self.tables()?.vtep_at(index)?),
            Target::Port(_) => filter.dst.is_none() && filter.port.is_none() && filter.vni.is_none(),
        };
        Ok(at && fits_flags(filter, entry.flags, entry.is_learned()))
    }
}

fn fits_remote(filter: &FdbFilter, vtep: &Vtep, remote: &Remote) -> bool {
    filter.dst.is_none_or(|dst| dst == IpAddr::from(remote.address()))
        && filter.port.is_none_or(|port| port == remote.udp_port().unwrap_or(vtep.key.udp_port()))
        && filter.vni.is_none_or(|vni| vni == remote.vni().unwrap_or(vtep.key.vni()))
}

fn fits_flags(filter: &FdbFilter, flags: u8, is_learned: bool) -> bool {
    let has = |bit| flags & bit != 0;
    let conditions = [
        (filter.permanent, has(FdbFlags::PERMANENT)),
        (filter.fixed, has(FdbFlags::NOARP)),
        (filter.dynamic, is_learned || has(FdbFlags::DYNAMIC)),
        (filter.extern_learn, has(FdbFlags::EXTERN_LEARN)),
        (filter.sticky, has(FdbFlags::STICKY)),
        (filter.router, has(FdbFlags::ROUTER)),
        (filter.added_by_user, !is_learned),
    ];
    conditions.iter().all(|(asked, is_so)| asked.is_none_or(|asked| asked == *is_so))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_has_to_hold() {
        let dynamic = FdbFilter { dynamic: Some(true), ..FdbFilter::default() };
        assert!(fits_flags(&dynamic, 0, true) && fits_flags(&dynamic, FdbFlags::DYNAMIC, false));
        assert!(!fits_flags(&dynamic, FdbFlags::PERMANENT, false));
        let both = FdbFilter { permanent: Some(true), extern_learn: Some(false), ..FdbFilter::default() };
        assert!(fits_flags(&both, FdbFlags::PERMANENT, false));
        assert!(!fits_flags(&both, FdbFlags::PERMANENT | FdbFlags::EXTERN_LEARN, false));
        assert!(fits_flags(&FdbFilter::default(), 0, true));
    }
}
