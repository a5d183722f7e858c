//! Neighbours, changed and shown in the words of `ip neigh`. A change is one row of table `neigh`, and the place of the
//! learned one that it takes the place of.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use vxlan_common::{Event, IfIndex, NeighEntry, NeighFlags, NeighKey, Nud, OverlayKey, PlaceKey, Tiding};

use super::Overlays;
use super::vtep::Vtep;
use crate::datapath::Datapath;
use crate::request::{NeighFilter, NeighSpec};
use crate::sysctl;

/// A station's IP address and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its overlay.
    pub overlay: OverlayKey,
    /// Name of the VTEP device.
    pub device: String,
    /// The address.
    pub address: IpAddr,
    /// What is known.
    pub entry: NeighEntry,
    /// How long it is true.
    pub nud: Nud,
    /// Seconds since it was set.
    pub age: u32,
    /// Seconds until it is stale.
    pub left: Option<u32>,
    /// Name of the port where it was learned, if it was.
    pub port: Option<String>,
}

/// What must be so of the entry that may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Change,
    Replace,
}

impl Overlays<'_> {
    /// `neigh add`: an entry that is not there yet.
    pub fn neigh_add(&mut self, spec: &NeighSpec) -> Result<()> {
        self.neigh_set(Verb::Add, spec)
    }

    /// `neigh change`: an entry that is there.
    pub fn neigh_change(&mut self, spec: &NeighSpec) -> Result<()> {
        self.neigh_set(Verb::Change, spec)
    }

    /// `neigh replace`: an entry, in the place of one that may be there.
    pub fn neigh_replace(&mut self, spec: &NeighSpec) -> Result<()> {
        self.neigh_set(Verb::Replace, spec)
    }

    fn neigh_set(&mut self, verb: Verb, spec: &NeighSpec) -> Result<()> {
        let vtep = self.find_named(&spec.device)?;
        let (name, address) = (&vtep.name, spec.address);
        let key = NeighKey::new(vtep.key, address.into());
        let before = self.tables()?.neigh.get(&key)?;
        match (verb, before) {
            (Verb::Add, Some(there)) => bail!(
                "File exists: {address} is {} in {name} already: `vxbpf neigh replace` changes it",
                there.mac()
            ),
            (Verb::Change, None) => return Err(self.unknown(&vtep, address, "`vxbpf neigh add` adds it")),
            (Verb::Add | Verb::Replace, None) | (Verb::Change | Verb::Replace, Some(_)) => {}
        }
        let mac = spec.mac.or(before.map(|there| there.mac())).with_context(|| {
            format!("{address} dev {name}: the Ethernet address is missing: name it with `lladdr`")
        })?;
        let seconds = match (spec.timeout, spec.nud) {
            (Some(seconds), _) => seconds,
            (None, Nud::Reachable) => sysctl::reachable_seconds(&vtep.name, address.is_ipv6()),
            (None, Nud::Permanent | Nud::Noarp | Nud::Stale) => 0,
        };
        let flags = [(spec.router, NeighFlags::ROUTER), (spec.extern_learn, NeighFlags::EXTERN_LEARN)];
        let flags = flags.into_iter().filter_map(|(is_set, bit)| is_set.then_some(bit)).sum();
        if !vtep.spec.proxy && !vtep.spec.rsc {
            log::warn!("{name} was made without `proxy`: nobody is answered for {address}");
        }
        let entry = NeighEntry::new(mac, spec.nud, flags, Datapath::now(), seconds);
        self.neigh_write(&vtep, &key, &entry, before)?;
        self.datapath.tell(&[Event::of_neighbour(Tiding::NeighSet, &key, &entry, Datapath::now())]);
        Ok(())
    }

    /// Writes an entry over one that may have been learned, or may be at this moment.
    fn neigh_write(
        &mut self,
        vtep: &Vtep,
        key: &NeighKey,
        entry: &NeighEntry,
        before: Option<NeighEntry>,
    ) -> Result<()> {
        let neigh = &mut self.tables_mut()?.neigh;
        if before.is_none() && neigh.add(key, entry)? {
            return Ok(());
        }
        let before = before.map_or_else(|| neigh.get(key), |before| Ok(Some(before)))?;
        neigh.set(key, entry)?;
        let learned = before.filter(NeighEntry::is_learned);
        if learned.is_some() || vtep.spec.neighlearn {
            // A program that read the entry before may write it back: it does so before it ends.
            Datapath::wait_for_programs();
            let neigh = &mut self.tables_mut()?.neigh;
            if neigh.get(key)? != Some(*entry) {
                neigh.set(key, entry)?;
            }
        }
        learned.map_or(Ok(()), |learned| self.vacate(key, &learned.place()))
    }

    /// Frees the place of a learned neighbour that is no more.
    fn vacate(&mut self, holder: &NeighKey, at: &PlaceKey) -> Result<()> {
        let binding = &mut self.tables_mut()?.binding;
        if binding.get(at)?.is_some_and(|place| place.holder == *holder) {
            binding.remove(at)?;
        }
        Ok(())
    }

    /// Removes an entry; false if there is none. What the next command adds is safe from who learned this one.
    fn neigh_remove(&mut self, key: &NeighKey) -> Result<bool> {
        let removed = self.neigh_drop(key)?;
        if removed.is_some_and(|entry| entry.is_learned()) {
            Datapath::wait_for_programs();
        }
        Ok(removed.is_some())
    }

    /// Removes an entry; what it was.
    fn neigh_drop(&mut self, key: &NeighKey) -> Result<Option<NeighEntry>> {
        let Some(entry) = self.tables()?.neigh.get(key)? else { return Ok(None) };
        if !self.tables_mut()?.neigh.remove(key)? {
            return Ok(None);
        }
        if entry.is_learned() {
            self.vacate(key, &entry.place())?;
        }
        self.datapath.tell(&[Event::of_neighbour(Tiding::NeighDeleted, key, &entry, Datapath::now())]);
        Ok(Some(entry))
    }

    /// Forgets what was learned at a port, and its places, once no program runs there any more.
    pub(super) fn unlearn_port(&mut self, port: IfIndex) -> Result<()> {
        let tables = self.tables_mut()?;
        if tables.binder.get(&port.0)?.is_some() {
            Datapath::wait_for_programs();
            tables.neigh.remove_where(|_, entry| entry.is_learned() && entry.place().port() == port)?;
            tables.binding.remove_where(|at, _| at.port() == port)?;
            tables.binder.remove(&port.0)?;
        }
        Ok(())
    }

    /// `neigh del`.
    pub fn neigh_del(&mut self, device: &str, address: IpAddr) -> Result<()> {
        let vtep = self.find_named(device)?;
        if self.neigh_remove(&NeighKey::new(vtep.key, address.into()))? {
            return Ok(());
        }
        Err(self.unknown(&vtep, address, "`vxbpf neigh show nud all` lists them"))
    }

    /// `neigh show`: the entries that are meant, by overlay and address. Without states in `filter` those that are
    /// noarp are left out, as `ip` does, unless a control plane set them.
    pub fn neigh_show(&self, filter: &NeighFilter) -> Result<Vec<Neighbour>> {
        let nud = filter.nud.unwrap_or(!(Nud::Noarp as u8));
        self.neigh_list(filter, |neighbour| {
            neighbour.nud as u8 & nud != 0 || neighbour.entry.has(NeighFlags::EXTERN_LEARN)
        })
    }

    /// `neigh get`.
    pub fn neigh_get(&self, device: &str, address: IpAddr) -> Result<Neighbour> {
        let vtep = self.find_named(device)?;
        let entry = self.tables()?.neigh.get(&NeighKey::new(vtep.key, address.into()))?;
        match entry {
            Some(entry) => Ok(self.neighbour(&vtep, address, entry)),
            None => Err(self.unknown(&vtep, address, "`vxbpf neigh show nud all` lists them")),
        }
    }

    /// `neigh flush`: removes the entries that are meant; how many they were. Without states in `filter` those that
    /// are permanent or noarp stay, as `ip` does it.
    pub fn neigh_flush(&mut self, filter: &NeighFilter) -> Result<usize> {
        let nud = filter.nud.unwrap_or(!(Nud::Noarp as u8 | Nud::Permanent as u8));
        let doomed = self.neigh_list(filter, |neighbour| neighbour.nud as u8 & nud != 0)?;
        for neighbour in &doomed {
            let key = NeighKey::new(neighbour.overlay, neighbour.address.into());
            self.neigh_drop(&key)?;
        }
        if doomed.iter().any(|neighbour| neighbour.entry.is_learned()) {
            Datapath::wait_for_programs();
        }
        Ok(doomed.len())
    }

    fn neigh_list(
        &self,
        filter: &NeighFilter,
        is_meant: impl Fn(&Neighbour) -> bool,
    ) -> Result<Vec<Neighbour>> {
        let vteps = match &filter.device {
            Some(name) => vec![self.find_named(name)?],
            None => self.list()?,
        };
        let Some(tables) = self.datapath.tables()? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (key, entry) in tables.neigh.rows()? {
            let address = IpAddr::from(key.address());
            if let Some(vtep) = vteps.iter().find(|vtep| vtep.key == key.overlay())
                && filter.to.is_none_or(|prefix| is_in(address, prefix))
            {
                found.push(self.neighbour(vtep, address, entry));
            }
        }
        found.retain(is_meant);
        found.sort_by_key(|neighbour| {
            let overlay = neighbour.overlay;
            (overlay.vni(), overlay.udp_port(), neighbour.address)
        });
        Ok(found)
    }

    pub(super) fn neighbour(&self, vtep: &Vtep, address: IpAddr, entry: NeighEntry) -> Neighbour {
        let now = Datapath::now();
        let nud = entry.nud(now);
        Neighbour {
            overlay: vtep.key,
            device: vtep.name.clone(),
            address,
            entry,
            nud,
            age: now.since(entry.updated()),
            left: (nud == Nud::Reachable).then(|| entry.expires().since(now)),
            port: entry.is_learned().then(|| self.observed.name(entry.place().port())),
        }
    }

    fn unknown(&self, vtep: &Vtep, address: IpAddr, remedy: &str) -> anyhow::Error {
        anyhow::anyhow!("No such entry: {address} is no neighbour of {}: {remedy}", vtep.name)
    }
}

/// Whether `address` begins with the first `bits` bits of `base`.
fn is_in(address: IpAddr, (base, bits): (IpAddr, u8)) -> bool {
    let differ = match (address, base) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    differ >= bits.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_the_addresses_that_begin_with_it() {
        let holds = |base: &str, bits, address: &str| {
            is_in(address.parse().expect(address), (base.parse().expect(base), bits))
        };
        assert!(holds("172.55.1.0", 24, "172.55.1.3") && !holds("172.55.1.0", 24, "172.55.2.3"));
        assert!(holds("172.55.1.3", 32, "172.55.1.3") && !holds("172.55.1.3", 32, "172.55.1.2"));
        assert!(holds("fd00::", 64, "fd00::3") && !holds("fd00::", 64, "fd00:0:0:1::3"));
        assert!(holds("0.0.0.0", 0, "172.55.1.3") && !holds("0.0.0.0", 0, "fd00::3"));
    }
}
