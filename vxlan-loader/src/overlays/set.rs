//! Changing what can change while an overlay lives.

use std::net::IpAddr;

use anyhow::{Context, Result, bail, ensure};
use vxlan_common::{IfIndex, OverlayKey, Remote, RemoteIndex, RemoteKey};

use super::Overlays;
use super::mirror::flood_entry;
use super::plan;
use super::record::Record;
use super::vtep::{Vtep, gone};
use crate::netlink::{Vxlan, VxlanChange};
use crate::request::VtepChange;
use crate::vtep::{Tos, Ttl, VtepSpec};

impl Overlays<'_> {
    /// Changes the overlay whose VTEP device is called `name`.
    pub fn set(&mut self, name: &str, change: &VtepChange) -> Result<()> {
        let vtep = self.find_named(name)?;
        if let Some(mac) = change.address {
            bail!("the Ethernet address of {name} is changed by `ip link set {name} address {mac}`");
        }
        let record = Record::read(self.tables()?, vtep.key)?.with_context(gone(vtep.key))?;
        let spec = changed(&record.spec, change)?;
        plan::check(&spec)?;
        self.underlay_of(&spec)?;
        self.work(|this| {
            let changed = Record { spec, was: Some(vtep.default_remote), ..record.clone() };
            changed.write(this.tables_mut()?, vtep.key)?;
            let done = this.carry_out(&vtep, &changed, change);
            if done.is_err() {
                // What recovers works from the record: it must say what was before.
                let before = Record { was: Some(changed.spec.remotes.first().copied()), ..record.clone() };
                before.write(this.tables_mut()?, vtep.key)?;
            }
            done
        })
    }

    fn carry_out(&mut self, vtep: &Vtep, record: &Record, change: &VtepChange) -> Result<()> {
        self.settle_kernel(vtep.device, &record.spec)?;
        if let Some(mtu) = change.mtu {
            self.netlink.set_mtu(vtep.device, mtu)?;
        }
        self.observe()?;
        self.settle_all(vtep.key, record, vtep.device)?;
        self.settle_default(vtep.key, record)?;
        self.settle_underlays()?;
        self.collect_remotes()?;
        if let Some(up) = change.up {
            self.netlink.set_up(vtep.device, up)?;
            self.observe()?;
        }
        Ok(())
    }

    /// The new default destination takes the old one's place in the flood list. (The device did the same when it
    /// was told.)
    pub(super) fn settle_default(&mut self, key: OverlayKey, record: &Record) -> Result<()> {
        let Some(old) = record.was else { return Ok(()) };
        let new = record.spec.remotes.first().copied();
        if old != new {
            if let Some(old) = old
                && let Some(index) = self.tables()?.vtep.get(&RemoteKey::plain(old.into()))?
            {
                self.flood_remove(key, RemoteIndex(index))?;
            }
            if let Some(new) = new {
                self.make_default(key, new)?;
            }
        }
        Record { was: None, ..record.clone() }.write(self.tables_mut()?, key)
    }

    fn make_default(&mut self, key: OverlayKey, address: IpAddr) -> Result<()> {
        let remote = RemoteKey::plain(address.into());
        if !self.flood_add(key, remote)? {
            // As a member like others it went by the routes; as the default destination it goes by the device.
            let vtep = self.must(key)?;
            let as_member = Vtep { default_remote: None, ..vtep.clone() };
            self.unmirror(&vtep, &flood_entry(&as_member, &Remote::new(remote, 0, RemoteIndex::NONE)))?;
        }
        let index = self.claim(remote)?;
        self.flood_first(key, index)
    }

    /// Tells the kernel's device what it can change; it does nothing about what is so already.
    pub(super) fn settle_kernel(&self, device: IfIndex, spec: &VtepSpec) -> Result<()> {
        let Some(now) = self.observed.vxlan(device) else { return Ok(()) };
        let underlay =
            spec.device.as_deref().and_then(|name| self.observed.named(name)).map(|link| link.index);
        let change = kernel_change(spec, underlay, now);
        if change != VxlanChange::default() {
            self.netlink.set_vxlan(device, &change)?;
        }
        Ok(())
    }
}

fn changed(spec: &VtepSpec, change: &VtepChange) -> Result<VtepSpec> {
    ensure!(
        (spec.ttl == Ttl::Inherit) == (change.ttl.unwrap_or(spec.ttl) == Ttl::Inherit),
        "ttl inherit is decided when the VTEP device is made: take it away and make it again"
    );
    let mut new = spec.clone();
    new.device = change.device.clone().or(new.device);
    if let Some(remote) = change.remote {
        new.remotes = named(remote).into_iter().collect();
        new.group = None;
    }
    if let Some(group) = change.group {
        new.group = named(group);
        new.remotes.clear();
    }
    new.local = change.local.map_or(new.local, named);
    new.mtu = change.mtu.or(new.mtu);
    new.address = change.address.or(new.address);
    new.ttl = change.ttl.unwrap_or(new.ttl);
    new.tos = change.tos.unwrap_or(new.tos);
    new.df = change.df.unwrap_or(new.df);
    new.flowlabel = change.flowlabel.unwrap_or(new.flowlabel);
    new.learning = change.learning.unwrap_or(new.learning);
    new.ageing = change.ageing.unwrap_or(new.ageing);
    new.localbypass = change.localbypass.or(new.localbypass);
    new.mode = change.mode.unwrap_or(new.mode);
    new.allow = change.allow.clone().unwrap_or(new.allow);
    new.suppress = change.suppress.unwrap_or(new.suppress);
    new.neighlearn = change.neighlearn.unwrap_or(new.neighlearn);
    new.maxneigh = change.maxneigh.unwrap_or(new.maxneigh);
    ensure!(
        plan::is_ipv6(spec) == plan::is_ipv6(&new) || no_address(spec),
        "a VTEP stays in its family, IPv4 or IPv6: take it away and make it again"
    );
    Ok(new)
}

/// The unspecified address takes away what was named.
fn named(address: IpAddr) -> Option<IpAddr> {
    Some(address).filter(|address| !address.is_unspecified())
}

fn no_address(spec: &VtepSpec) -> bool {
    spec.remotes.is_empty() && spec.group.is_none() && spec.local.is_none()
}

/// What of the kernel's device `now` is not as `spec` has it.
fn kernel_change(spec: &VtepSpec, underlay: Option<IfIndex>, now: &Vxlan) -> VxlanChange {
    fn differs<T: PartialEq + Copy>(wanted: T, now: T) -> Option<T> {
        (wanted != now).then_some(wanted)
    }
    let none = match plan::is_ipv6(spec) {
        true => IpAddr::from([0_u16; 8]),
        false => IpAddr::from([0_u8; 4]),
    };
    let address =
        |wanted: Option<IpAddr>, now: Option<IpAddr>| differs(wanted.unwrap_or(none), now.unwrap_or(none));
    let ttl = match spec.ttl {
        Ttl::Fixed(ttl) => differs(ttl, now.ttl),
        Ttl::Auto => differs(0, now.ttl),
        Ttl::Inherit => None,
    };
    let tos = match spec.tos {
        Tos::Fixed(tos) => tos,
        Tos::Inherit => 1,
    };
    VxlanChange {
        remote: address(spec.group.or(spec.remotes.first().copied()), now.remote),
        device: underlay.filter(|underlay| Some(*underlay) != now.link),
        local: address(spec.local, now.local),
        ttl,
        tos: differs(tos, now.tos).map(|_| spec.tos),
        df: differs(spec.df, now.df),
        flowlabel: differs(spec.flowlabel, now.flowlabel),
        learning: differs(spec.learning, now.learning),
        // The kernel makes 300 of 0 when a device is made.
        ageing: Some(spec.ageing).filter(|ageing| *ageing != 0 && *ageing != now.ageing),
        localbypass: spec.localbypass.filter(|on| Some(*on) != now.localbypass),
    }
}

#[cfg(test)]
mod tests {
    use vxlan_common::{UdpPort, Vni};

    use super::*;

    fn spec() -> VtepSpec {
        let mut spec = VtepSpec::new(Vni::from_wire([0, 0, 1]));
        spec.remotes.push(IpAddr::from([10, 0, 0, 1]));
        spec
    }

    fn device() -> Vxlan {
        Vxlan {
            vni: spec().vni,
            remote: Some(IpAddr::from([10, 0, 0, 1])),
            link: Some(IfIndex(2)),
            local: None,
            srcport: None,
            dstport: UdpPort::VXLAN,
            ttl: 0,
            ttl_inherit: false,
            tos: 0,
            df: vxlan_common::Df::Unset,
            flowlabel: 0,
            flowlabel_inherit: false,
            learning: true,
            ageing: 300,
            maxaddress: 0,
            proxy: false,
            rsc: false,
            l2miss: false,
            l3miss: false,
            external: false,
            vnifilter: false,
            udpcsum: true,
            udp6zerocsumtx: false,
            udp6zerocsumrx: false,
            remcsumtx: false,
            remcsumrx: false,
            remcsum_nopartial: false,
            gbp: false,
            gpe: false,
            localbypass: Some(true),
            reserved_bits: None,
            mcroute: None,
        }
    }

    #[test]
    fn the_device_is_told_only_what_is_not_so_already() {
        assert_eq!(kernel_change(&spec(), Some(IfIndex(2)), &device()), VxlanChange::default());
        let other = VtepSpec { ttl: Ttl::Fixed(9), learning: false, ageing: 0, ..spec() };
        let change = kernel_change(&other, Some(IfIndex(3)), &device());
        assert_eq!((change.ttl, change.learning, change.ageing), (Some(9), Some(false), None));
        assert_eq!((change.device, change.remote), (Some(IfIndex(3)), None));
    }

    #[test]
    fn what_is_not_mentioned_stays() {
        let change = VtepChange { ttl: Some(Ttl::Fixed(9)), ..VtepChange::default() };
        let new = changed(&spec(), &change).expect("it can change");
        assert_eq!(new, VtepSpec { ttl: Ttl::Fixed(9), ..spec() });
    }

    #[test]
    fn a_remote_takes_the_place_of_a_group_and_the_unspecified_address_takes_it_away() {
        let to = |address| VtepChange { remote: Some(IpAddr::from(address)), ..VtepChange::default() };
        let grouped = VtepSpec { group: Some(IpAddr::from([239, 1, 1, 1])), remotes: Vec::new(), ..spec() };
        let new = changed(&grouped, &to([10, 0, 0, 2])).expect("it can change");
        assert_eq!((new.group, new.remotes), (None, vec![IpAddr::from([10, 0, 0, 2])]));
        assert!(changed(&spec(), &to([0, 0, 0, 0])).expect("it can change").remotes.is_empty());
    }

    #[test]
    fn what_is_decided_at_the_start_does_not_change() {
        let inherit = VtepChange { ttl: Some(Ttl::Inherit), ..VtepChange::default() };
        assert!(changed(&spec(), &inherit).is_err());
        let v6 = VtepChange { remote: Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])), ..VtepChange::default() };
        assert!(changed(&spec(), &v6).is_err());
    }
}
