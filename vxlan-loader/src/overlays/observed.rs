//! The devices and addresses of this network namespace, looked at once for each command.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use anyhow::{Context, Result};
use vxlan_common::{Address, IfIndex, OverlayKey};

use crate::netlink::{Link, Netlink, Vxlan, XdpFeatures};

/// What is there.
pub(super) struct Observed<'a> {
    netlink: &'a Netlink,
    links: BTreeMap<IfIndex, Link>,
    vxlans: BTreeMap<IfIndex, Vxlan>,
    addresses: OnceCell<HashSet<Address>>,
    xdp: RefCell<BTreeMap<IfIndex, XdpFeatures>>,
}

impl<'a> Observed<'a> {
    /// Looks.
    pub(super) fn new(netlink: &'a Netlink) -> Result<Self> {
        let links = netlink.links()?.into_iter().map(|link| (link.index, link)).collect();
        let vxlans = netlink.vxlans()?.into_iter().map(|(link, vxlan)| (link.index, vxlan)).collect();
        Ok(Self { netlink, links, vxlans, addresses: OnceCell::new(), xdp: RefCell::default() })
    }

    /// All devices.
    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Device `index`.
    pub(super) fn link(&self, index: IfIndex) -> Option<&Link> {
        self.links.get(&index)
    }

    /// The device called `name`.
    pub(super) fn named(&self, name: &str) -> Option<&Link> {
        self.links.values().find(|link| link.name == name || link.altnames.iter().any(|other| other == name))
    }

    /// The device called `name`, which must be there.
    pub(super) fn device(&self, name: &str) -> Result<&Link> {
        self.named(name).with_context(|| format!("there is no device {name}: `ip link` lists them"))
    }

    /// Name of device `index`, or its number if it is gone.
    pub(super) fn name(&self, index: IfIndex) -> String {
        self.link(index).map_or_else(|| format!("device {}", index.0), |link| link.name.clone())
    }

    /// The kernel's vxlan device `index`.
    pub(super) fn vxlan(&self, index: IfIndex) -> Option<&Vxlan> {
        self.vxlans.get(&index)
    }

    /// Whether device `index` is the vxlan device of this overlay.
    pub(super) fn is_vtep_of(&self, index: IfIndex, key: OverlayKey) -> bool {
        self.vxlan(index).is_some_and(|vxlan| vxlan.vni == key.vni() && vxlan.dstport == key.udp_port())
    }

    /// What XDP can do at device `index`.
    pub(super) fn xdp_features(&self, index: IfIndex) -> Result<XdpFeatures> {
        if let Some(known) = self.xdp.borrow().get(&index) {
            return Ok(*known);
        }
        let features = self.netlink.xdp_features(index)?;
        self.xdp.borrow_mut().insert(index, features);
        Ok(features)
    }

    /// Whether `address` is one of this host.
    pub(super) fn is_local(&self, address: Address) -> Result<bool> {
        if IpAddr::from(address).is_loopback() {
            return Ok(true);
        }
        if let Some(addresses) = self.addresses.get() {
            return Ok(addresses.contains(&address));
        }
        let mut addresses = HashSet::new();
        for index in self.links.keys() {
            addresses.extend(self.netlink.addresses(*index)?.into_iter().map(Address::from));
        }
        Ok(self.addresses.get_or_init(|| addresses).contains(&address))
    }

    /// The first address of device `index` in the family of `like`.
    pub(super) fn address_like(&self, index: IfIndex, like: IpAddr) -> Result<Option<IpAddr>> {
        let addresses = self.netlink.addresses(index)?;
        Ok(addresses.into_iter().find(|address| address.is_ipv4() == like.is_ipv4()))
    }
}
