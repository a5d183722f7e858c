//! Stations and flood lists, changed in the words of `bridge fdb`.
//!
//! Where the kernel's device says "done" and does nothing, this says what is wrong: a second destination of a
//! station, and an unknown one.

mod bulk;
mod flush;

use std::net::IpAddr;

use anyhow::{Context, Result, anyhow, bail, ensure};
use vxlan_common::{
    Event, FdbEntry, FdbFlags, FdbKey, Mac, Remote, RemoteIndex, RemoteKey, Target, Tiding, Vni,
};

use super::Overlays;
use super::mirror::{flood_entry, station_entry};
use super::plan;
use super::vtep::Vtep;
use crate::datapath::Datapath;
use crate::request::{FdbSpec, FdbState, FdbVictim};

pub use bulk::{Bulk, Plain};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Append,
    Replace,
}

/// Why a station cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conflict {
    Exists,
    SecondDestination,
}

impl Overlays<'_> {
    /// `fdb add`: an entry that is not there yet. A learned one gives way.
    pub fn fdb_add(&mut self, spec: &FdbSpec) -> Result<()> {
        self.fdb_set(Verb::Add, spec)
    }

    /// `fdb append`: one more VTEP of the flood list (address 00:00:00:00:00:00).
    pub fn fdb_append(&mut self, spec: &FdbSpec) -> Result<()> {
        self.fdb_set(Verb::Append, spec)
    }

    /// `fdb replace`: an entry, in the place of one that may be there.
    pub fn fdb_replace(&mut self, spec: &FdbSpec) -> Result<()> {
        self.fdb_set(Verb::Replace, spec)
    }

    /// `fdb del`.
    pub fn fdb_del(&mut self, victim: &FdbVictim) -> Result<()> {
        let vtep = self.find_named(&victim.device)?;
        check_source(&vtep, victim.src_vni)?;
        if victim.mac.is_zero() { self.flood_del(&vtep, victim) } else { self.station_del(&vtep, victim) }
    }

    fn fdb_set(&mut self, verb: Verb, spec: &FdbSpec) -> Result<()> {
        let vtep = self.find_named(&spec.device)?;
        plan::check_vtep(spec.dst)?;
        check_source(&vtep, spec.src_vni)?;
        ensure!(
            spec.dst.is_ipv6() == plan::is_ipv6(&vtep.spec),
            "{} is {}: {} cannot be one of its VTEPs",
            vtep.name,
            if spec.dst.is_ipv6() { "an IPv4 VTEP" } else { "an IPv6 VTEP" },
            spec.dst
        );
        let via =
            spec.via.as_deref().map(|name| self.observed.device(name)).transpose()?.map(|link| link.index);
        let vni = spec.vni.filter(|vni| *vni != vtep.key.vni());
        let port = spec.port.filter(|port| *port != vtep.key.udp_port());
        let remote = RemoteKey::with(spec.dst.into(), vni, port, via);
        if spec.mac.is_zero() {
            self.flood_set(verb, &vtep, spec, remote)
        } else {
            self.station_set(verb, &vtep, spec, remote)
        }
    }

    fn flood_set(&mut self, verb: Verb, vtep: &Vtep, spec: &FdbSpec, remote: RemoteKey) -> Result<()> {
        let is_empty = self.flood_list(vtep.key)?.remote_count() == 0 && vtep.spec.group.is_none();
        match verb {
            Verb::Add if !is_empty => {
                bail!(
                    "File exists: {} has a flood list: `vxbpf fdb append` adds {} to it",
                    vtep.name,
                    spec.dst
                )
            }
            Verb::Replace => {
                bail!(
                    "a flood list is not replaced: `vxbpf fdb append` and `vxbpf fdb del` change that of {}",
                    vtep.name
                )
            }
            Verb::Add | Verb::Append => {}
        }
        self.work(|this| {
            let entry = flood_entry(vtep, &Remote::new(remote, 0, RemoteIndex::NONE));
            this.mirror(vtep, &entry)?;
            if this.flood_add(vtep.key, remote)? {
                this.datapath.tell(&[of_flood_list(Tiding::StationSet, vtep, remote)]);
            }
            Ok(())
        })
    }

    fn station_set(&mut self, verb: Verb, vtep: &Vtep, spec: &FdbSpec, remote: RemoteKey) -> Result<()> {
        let key = FdbKey::new(vtep.key, spec.mac);
        let before = self.tables()?.fdb.get(&key)?;
        let configured = before.filter(|entry| !entry.is_learned() && !self.is_expired(vtep, entry));
        let same = match configured.map(|entry| entry.target()) {
            Some(Target::Remote(index)) => self.tables()?.vtep_at(index)?.key == remote,
            Some(Target::Port(_)) | None => false,
        };
        let flags = flags(spec);
        match decide(verb, configured.is_some(), same) {
            Ok(()) if same && configured.is_some_and(|entry| entry.flags == flags) => return Ok(()),
            Ok(()) => {}
            Err(conflict) => return Err(self.refuse(conflict, vtep, spec, configured)),
        }
        self.work(|this| {
            let index = this.claim(remote)?;
            let mut entry = FdbEntry::configured(Target::Remote(index), Datapath::now(), flags);
            entry.place = before.map_or(0, |before| place(&before));
            if !same {
                this.admit(vtep.key, index)?;
            }
            if configured.is_some() || this.is_mirrored(vtep, remote.address())? {
                this.mirror(
                    vtep,
                    &station_entry(spec.mac, &entry, &Remote::new(remote, 0, RemoteIndex::NONE)),
                )?;
            }
            this.tables_mut()?.fdb.set(&key, &entry)?;
            if before.is_some() {
                this.insist(&key, &entry)?;
            }
            this.datapath.tell(&[Event::of_station(Tiding::StationSet, &key, &entry, remote)]);
            match configured.map(|entry| entry.target()) {
                Some(Target::Remote(old)) if !same => this.forget(vtep, old),
                _ => Ok(()),
            }
        })
    }

    /// A program that read the entry before may write it back: it does so before it ends.
    fn insist(&mut self, key: &FdbKey, entry: &FdbEntry) -> Result<()> {
        Datapath::wait_for_programs();
        let now = self.tables()?.fdb.get(key)?;
        if now.is_some_and(|now| now.target() == entry.target() && now.flags == entry.flags) {
            return Ok(());
        }
        self.tables_mut()?.fdb.set(key, entry)
    }

    /// One fact less names a VTEP.
    fn forget(&mut self, vtep: &Vtep, index: RemoteIndex) -> Result<()> {
        if self.dismiss(vtep.key, index)? {
            self.collect_remotes()?;
        }
        Ok(())
    }

    fn refuse(
        &self,
        conflict: Conflict,
        vtep: &Vtep,
        spec: &FdbSpec,
        there: Option<FdbEntry>,
    ) -> anyhow::Error {
        let (mac, name) = (spec.mac, &vtep.name);
        let behind = there.and_then(|entry| self.behind_what(&entry).ok()).unwrap_or_default();
        match conflict {
            Conflict::Exists => {
                anyhow!(
                    "File exists: {mac} is {behind} in {name} already: `vxbpf fdb replace` puts it elsewhere"
                )
            }
            Conflict::SecondDestination => anyhow!(
                "{mac} is {behind} in {name}, and an address can be in one place only: `vxbpf fdb replace` puts it behind {}",
                spec.dst
            ),
        }
    }

    fn behind_what(&self, entry: &FdbEntry) -> Result<String> {
        Ok(match entry.target() {
            Target::Port(port) => format!("at {}", self.observed.name(port)),
            Target::Remote(index) => {
                format!("behind {}", IpAddr::from(self.tables()?.vtep_at(index)?.address()))
            }
        })
    }

    pub(super) fn is_expired(&self, vtep: &Vtep, entry: &FdbEntry) -> bool {
        entry.is_expired(Datapath::now(), vtep.overlay.ageing)
    }

    fn flood_del(&mut self, vtep: &Vtep, victim: &FdbVictim) -> Result<()> {
        let via = self.via_of(victim)?;
        let mut found = Vec::new();
        for index in self.flood_list(vtep.key)?.remotes() {
            let remote = self.tables()?.vtep_at(index)?;
            if is_meant(vtep, victim, via, &remote) {
                found.push((index, remote));
            }
        }
        if found.is_empty() {
            if vtep.spec.group.is_some() && (victim.dst.is_none() || victim.dst == vtep.spec.group) {
                bail!(
                    "the group of {0} is not in its flood list: `vxbpf link set {0}` changes it",
                    vtep.name
                );
            }
            bail!("No such entry: the flood list of {} {}", vtep.name, lacks(victim));
        }
        self.work(|this| {
            for (index, remote) in &found {
                this.unmirror(vtep, &flood_entry(vtep, remote))?;
                this.flood_remove(vtep.key, *index)?;
                this.datapath.tell(&[of_flood_list(Tiding::StationDeleted, vtep, remote.key)]);
            }
            this.collect_remotes()
        })
    }

    fn station_del(&mut self, vtep: &Vtep, victim: &FdbVictim) -> Result<()> {
        let key = FdbKey::new(vtep.key, victim.mac);
        let via = self.via_of(victim)?;
        let entry = self.tables()?.fdb.get(&key)?.filter(|entry| !self.is_expired(vtep, entry));
        let entry = entry.with_context(|| {
            format!("No such entry: {} is not in the forwarding table of {}", victim.mac, vtep.name)
        })?;
        let is_meant = match entry.target() {
            Target::Remote(index) => is_meant(vtep, victim, via, &self.tables()?.vtep_at(index)?),
            Target::Port(_) => victim.dst.is_none(),
        };
        if !is_meant {
            bail!(
                "No such entry: {} is {} in {}, and not as asked",
                victim.mac,
                self.behind_what(&entry)?,
                vtep.name
            );
        }
        self.work(|this| this.station_remove(vtep, victim.mac, &entry))
    }

    /// Removes a station; leaves it to the caller to see whether its VTEP is needed any more.
    fn station_drop(&mut self, vtep: &Vtep, mac: Mac, entry: &FdbEntry) -> Result<bool> {
        let mut is_last = false;
        let key = FdbKey::new(vtep.key, mac);
        let remote = match entry.target() {
            Target::Remote(index) => self.tables()?.vtep_at(index)?,
            Target::Port(_) => Remote::free(RemoteIndex::NONE),
        };
        if let Target::Remote(index) = entry.target()
            && !entry.is_learned()
        {
            self.unmirror(vtep, &station_entry(mac, entry, &remote))?;
            self.tables_mut()?.fdb.remove(&key)?;
            is_last = self.dismiss(vtep.key, index)?;
        } else {
            self.tables_mut()?.fdb.remove(&key)?;
        }
        self.datapath.tell(&[Event::of_station(Tiding::StationDeleted, &key, entry, remote.key)]);
        Ok(is_last)
    }

    fn station_remove(&mut self, vtep: &Vtep, mac: Mac, entry: &FdbEntry) -> Result<()> {
        if self.station_drop(vtep, mac, entry)? {
            self.collect_remotes()?;
        }
        Ok(())
    }

    fn via_of(&self, victim: &FdbVictim) -> Result<Option<u32>> {
        let via = victim.via.as_deref().map(|name| self.observed.device(name)).transpose()?;
        Ok(via.map(|link| link.index.0))
    }
}

/// That a VTEP of the flood list was set or removed.
fn of_flood_list(tiding: Tiding, vtep: &Vtep, remote: RemoteKey) -> Event {
    let entry = FdbEntry::configured(Target::Remote(RemoteIndex::NONE), Datapath::now(), FdbFlags::PERMANENT);
    Event::of_station(tiding, &FdbKey::new(vtep.key, Mac::ZERO), &entry, remote)
}

/// Whether a station may be set, if one is configured already, and `same` to where.
fn decide(verb: Verb, is_configured: bool, same: bool) -> Result<(), Conflict> {
    match verb {
        Verb::Add if is_configured => Err(Conflict::Exists),
        Verb::Append if is_configured && !same => Err(Conflict::SecondDestination),
        Verb::Add | Verb::Append | Verb::Replace => Ok(()),
    }
}

fn flags(spec: &FdbSpec) -> u8 {
    let state = match spec.state {
        FdbState::Permanent => FdbFlags::PERMANENT,
        FdbState::Static => FdbFlags::NOARP,
        FdbState::Dynamic => FdbFlags::DYNAMIC,
    };
    let more = [
        (spec.extern_learn, FdbFlags::EXTERN_LEARN),
        (spec.sticky, FdbFlags::STICKY),
        (spec.router, FdbFlags::ROUTER),
    ];
    more.iter().filter(|(is_set, _)| *is_set).fold(state, |flags, (_, bit)| flags | bit)
}

/// The port where a station of this host was last seen, for an entry that will say "this host".
fn place(before: &FdbEntry) -> u32 {
    match before.target() {
        Target::Port(port) => port.0,
        Target::Remote(_) if before.is_learned() => 0,
        Target::Remote(_) => before.place,
    }
}

fn check_source(vtep: &Vtep, src_vni: Option<Vni>) -> Result<()> {
    let vni = vtep.key.vni();
    ensure!(
        src_vni.is_none_or(|asked| asked == vni),
        "{} has VNI {vni} only: leave `src_vni` out",
        vtep.name
    );
    Ok(())
}

/// Whether `remote` is what is to be deleted. What is not asked about does not matter.
fn is_meant(vtep: &Vtep, victim: &FdbVictim, via: Option<u32>, remote: &Remote) -> bool {
    let by = remote.via().map(|via| via.0);
    // The default destination is shown with the underlay device.
    let by_default = vtep.default_remote == Some(remote.address().into()) && by.is_none();
    let underlay = Some(vtep.overlay.underlay_device().0).filter(|_| by_default);
    victim.dst.is_none_or(|dst| dst == IpAddr::from(remote.address()))
        && victim.port.is_none_or(|port| port == remote.udp_port().unwrap_or(vtep.key.udp_port()))
        && victim.vni.is_none_or(|vni| vni == remote.vni().unwrap_or(vtep.key.vni()))
        && via.is_none_or(|via| Some(via) == by || Some(via) == underlay)
}

fn lacks(victim: &FdbVictim) -> String {
    match victim.dst {
        Some(dst) => format!("does not have {dst}, or not as asked"),
        None => "is empty".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use vxlan_common::{IfIndex, Seconds};

    use super::*;

    #[test]
    fn a_station_is_in_one_place_and_add_does_not_move_it() {
        assert_eq!(decide(Verb::Add, false, false), Ok(()));
        assert_eq!(decide(Verb::Add, true, true), Err(Conflict::Exists));
        assert_eq!(decide(Verb::Append, true, true), Ok(()));
        assert_eq!(decide(Verb::Append, true, false), Err(Conflict::SecondDestination));
        assert_eq!(decide(Verb::Replace, true, false), Ok(()));
    }

    #[test]
    fn the_port_where_a_station_was_seen_is_not_forgotten() {
        let seen = |target| FdbEntry::learned(target, Seconds(0), 77);
        let mut fixed = FdbEntry::configured(Target::Remote(RemoteIndex(1)), Seconds(0), FdbFlags::PERMANENT);
        fixed.place = 5;
        assert_eq!(place(&seen(Target::Port(IfIndex(4)))), 4);
        assert_eq!(place(&seen(Target::Remote(RemoteIndex(1)))), 0);
        assert_eq!(place(&fixed), 5);
    }
}
