//! A host: a namespace on the underlay that is a VXLAN tunnel endpoint.
//!
//! What its user types is in [`side`](crate::side); here is what the host has and what stays the
//! same whichever side it is.

use std::{
    cell::Cell,
    net::{Ipv4Addr, Ipv6Addr},
    ops::Deref,
    thread,
};

use crate::{Netns, Side, json, mac::Mac, topology::wait_until_forwarding};

/// A host with its underlay device `eth0` up and addressed.
pub struct Host {
    name: String,
    side: Side,
    netns: Netns,
    has_left: Cell<bool>,
    /// Its underlay address, in a /24.
    pub address: Ipv4Addr,
    /// Its IPv6 underlay address, in a /64.
    pub address6: Ipv6Addr,
}

impl Host {
    pub(crate) fn new(name: &str, side: Side, netns: Netns, address: Ipv4Addr, address6: Ipv6Addr) -> Self {
        Self { name: name.into(), side, netns, has_left: Cell::new(false), address, address6 }
    }

    /// Its name in the topology.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose tunnel endpoint it runs.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Its namespace.
    pub fn netns(&self) -> &Netns {
        &self.netns
    }

    /// The MAC address of one of its devices.
    ///
    /// # Panics
    /// When it has no such device.
    pub fn mac_of(&self, device: &str) -> Mac {
        let links = self.json(&format!("ip -j link show dev {device}"));
        let link = json::objects(&links)[0];
        crate::mac::mac(link["address"].as_str().expect("a device with a MAC address"))
    }

    /// Makes a bridge with these ports, and returns when all of them forward.
    pub fn bridge(&self, name: &str, ports: &[&str]) {
        self.run(&format!("ip link add name {name} type bridge"));
        self.run(&format!("ip link set dev {name} up"));
        for port in ports {
            self.run(&format!("ip link set dev {port} master {name} up"));
        }
        for port in ports {
            wait_until_forwarding(&self.netns, name, port);
        }
    }
}

/// A host is first of all a place where commands run.
impl Deref for Host {
    type Target = Netns;

    fn deref(&self) -> &Netns {
        &self.netns
    }
}

impl Host {
    /// Takes away what vxbpf made here: what it pins outlives its process and its namespace.
    pub(crate) fn leave(&self) {
        if self.side != Side::Vxbpf || self.has_left.replace(true) {
            return;
        }
        if thread::panicking() {
            // The test has failed already: nothing that goes wrong here is news.
            let _failed = self.try_vxbpf("detach --all");
        } else {
            self.vxbpf("detach --all");
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.leave();
    }
}
