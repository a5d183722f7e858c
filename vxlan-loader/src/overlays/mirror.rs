//! The kernel's vxlan device has the same stations and flood list, so that its own transmit, which is the slow
//! path, does the same.
//!
//! Entries that name this very host are left out: the kernel would send such a frame back into the device that
//! it came from. So are stations beyond the first [`MOST`] behind a VTEP, unless every frame takes the device's
//! transmit: an entry of the kernel takes ten times as long to set as one of ours, and the slow path floods what it does
//! not know.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use anyhow::Result;
use vxlan_common::{Address, AdmitKey, FdbEntry, FdbFlags, IfIndex, Mac, Remote, RemoteIndex, Target, Vni};

use super::Overlays;
use super::plan;
use super::vtep::Vtep;
use crate::netlink::{self, KernelFdb, NudState};

/// How many facts of a VTEP the device is told of.
const MOST: u32 = 256;

impl Overlays<'_> {
    /// Whether the device is told of one station more behind the VTEP at `address`.
    pub(super) fn is_mirrored(&self, vtep: &Vtep, address: Address) -> Result<bool> {
        if plan::why_by_device(&vtep.spec).is_some() {
            return Ok(true);
        }
        // Each fact that names the VTEP is an entry of the device.
        let facts = self.tables()?.admit.get(&AdmitKey::new(vtep.key, address))?;
        Ok(facts.is_none_or(|known| known.facts < MOST))
    }

    /// Gives the device an entry, or leaves it alone if that names this host.
    pub(super) fn mirror(&self, vtep: &Vtep, entry: &KernelFdb) -> Result<()> {
        if self.names_this_host(entry)? {
            return Ok(());
        }
        let answer = if entry.mac.is_station() {
            self.netlink.fdb_replace(vtep.device, entry)
        } else {
            self.netlink.fdb_append(vtep.device, entry)
        };
        match answer {
            // `maxaddress` limits what is learned; the device counts all. Without the entry it floods.
            Err(error) if error.errno() == Some(libc::ENOSPC) && vtep.spec.maxaddress != 0 => Ok(()),
            answer => Ok(answer?),
        }
    }

    /// Takes an entry from the device; one that is not there is fine.
    pub(super) fn unmirror(&self, vtep: &Vtep, entry: &KernelFdb) -> Result<()> {
        match self.netlink.fdb_del(vtep.device, entry) {
            Err(error) if error.errno() == Some(libc::ENOENT) => Ok(()),
            answer => Ok(answer?),
        }
    }

    /// Puts the device's table right, whatever it holds.
    pub(super) fn mirror_all(&self, vtep: &Vtep) -> Result<()> {
        let wanted = self.wanted(vtep)?;
        let there = self.netlink.fdb(vtep.device)?;
        let (missing, surplus) = compare(&wanted, &there, vtep.spec.group);
        for entry in surplus {
            self.unmirror(vtep, entry)?;
        }
        for entry in missing {
            self.mirror(vtep, entry)?;
        }
        Ok(())
    }

    fn wanted(&self, vtep: &Vtep) -> Result<Vec<KernelFdb>> {
        let tables = self.tables()?;
        let remote = |index: RemoteIndex| tables.vtep_at(index);
        let mut entries = Vec::new();
        for index in self.flood_list(vtep.key)?.remotes() {
            entries.push(flood_entry(vtep, &remote(index)?));
        }
        let by_device = plan::why_by_device(&vtep.spec).is_some();
        let mut told = HashMap::new();
        for (key, entry) in tables.fdb.rows()? {
            if key.overlay() == vtep.key
                && !entry.is_learned()
                && let Target::Remote(index) = entry.target()
            {
                let told: &mut u32 = told.entry(index).or_default();
                *told += 1;
                if by_device || *told <= MOST {
                    entries.push(station_entry(key.mac(), &entry, &remote(index)?));
                }
            }
        }
        let mut wanted = Vec::new();
        for entry in entries {
            if !self.names_this_host(&entry)? {
                wanted.push(entry);
            }
        }
        Ok(wanted)
    }

    fn names_this_host(&self, entry: &KernelFdb) -> Result<bool> {
        entry.dst.map_or(Ok(false), |dst| self.observed.is_local(dst.into()))
    }
}

/// The entry of a VTEP in the flood list. The default destination goes by the underlay device, since that is how
/// the kernel makes it.
pub(super) fn flood_entry(vtep: &Vtep, remote: &Remote) -> KernelFdb {
    let mut entry = to(Mac::ZERO, remote, NudState::PERMANENT);
    let is_plain = entry.port.is_none() && entry.vni.is_none() && entry.via.is_none();
    if is_plain && vtep.default_remote == entry.dst {
        entry.via = Some(vtep.overlay.underlay_device()).filter(|device| *device != IfIndex::NONE);
    }
    entry
}

/// The entry of a configured station.
pub(super) fn station_entry(mac: Mac, station: &FdbEntry, remote: &Remote) -> KernelFdb {
    let state = if station.flags & FdbFlags::DYNAMIC != 0 {
        NudState::DYNAMIC
    } else if station.flags & FdbFlags::NOARP != 0 {
        NudState::STATIC
    } else {
        NudState::PERMANENT
    };
    let mut entry = to(mac, remote, state);
    let flags = [
        (FdbFlags::EXTERN_LEARN, netlink::FdbFlags::EXTERN_LEARN),
        (FdbFlags::ROUTER, netlink::FdbFlags::ROUTER),
    ];
    entry.flags = flags.iter().filter(|(ours, _)| station.flags & ours != 0).map(|(_, theirs)| theirs).sum();
    entry
}

fn to(mac: Mac, remote: &Remote, state: NudState) -> KernelFdb {
    let mut entry = KernelFdb::new(mac, Some(remote.address().into()), state);
    (entry.port, entry.vni, entry.via) = (remote.udp_port(), remote.vni(), remote.via());
    entry
}

type Identity = (Mac, Option<IpAddr>, Option<u16>, Option<u32>, Option<u32>);

/// What makes an entry of the kernel different from others.
fn identity(entry: &KernelFdb) -> Identity {
    (entry.mac, entry.dst, entry.port.map(|port| port.0), entry.vni.map(Vni::get), entry.via.map(|via| via.0))
}

/// What is missing of `wanted`, and what of `there` is not wanted. What the device learned, and the group that it
/// was made with, stay.
fn compare<'a>(
    wanted: &'a [KernelFdb],
    there: &'a [KernelFdb],
    group: Option<IpAddr>,
) -> (Vec<&'a KernelFdb>, Vec<&'a KernelFdb>) {
    let names = |entries: &[KernelFdb]| entries.iter().map(identity).collect::<HashSet<_>>();
    let (want, have) = (names(wanted), names(there));
    let missing = wanted.iter().filter(|entry| !have.contains(&identity(entry))).collect();
    let surplus = there
        .iter()
        .filter(|entry| !want.contains(&identity(entry)) && !entry.state.is_dynamic() && entry.dst.is_some())
        .filter(|entry| !(entry.mac.is_zero() && entry.dst == group))
        .collect();
    (missing, surplus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(mac: Mac, dst: [u8; 4], state: NudState) -> KernelFdb {
        KernelFdb::new(mac, Some(IpAddr::from(dst)), state)
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_surplus_removed() {
        let station = Mac([2, 0, 0, 0, 0, 1]);
        let wanted = [
            entry(Mac::ZERO, [10, 0, 0, 1], NudState::PERMANENT),
            entry(station, [10, 0, 0, 1], NudState::STATIC),
        ];
        let there = [
            entry(Mac::ZERO, [10, 0, 0, 1], NudState::PERMANENT),
            entry(Mac::ZERO, [10, 0, 0, 2], NudState::PERMANENT),
        ];
        let (missing, surplus) = compare(&wanted, &there, None);
        assert_eq!((missing, surplus), (vec![&wanted[1]], vec![&there[1]]));
    }

    #[test]
    fn what_the_device_learned_and_its_group_stay() {
        let learned = entry(Mac([2, 0, 0, 0, 0, 1]), [10, 0, 0, 3], NudState::DYNAMIC);
        let group = entry(Mac::ZERO, [239, 1, 1, 1], NudState::PERMANENT);
        let there = [learned, group];
        let (missing, surplus) = compare(&[], &there, group.dst);
        assert!(missing.is_empty() && surplus.is_empty());
    }
}
