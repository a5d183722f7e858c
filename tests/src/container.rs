//! A container: a namespace behind a veth whose other end is in its host.
//!
//! It is not joined to anything: a scenario puts `p-<name>` into a bridge or into an overlay.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    ops::Deref,
};

use crate::{Mac, Netns};

/// A container with its device `eth0` up and addressed.
pub struct Container {
    name: String,
    netns: Netns,
    /// The address of its `eth0`.
    pub mac: Mac,
    /// Its IPv4 address, in a /24.
    pub ipv4: Ipv4Addr,
    /// Its IPv6 address, in a /64.
    pub ipv6: Ipv6Addr,
}

impl Container {
    pub(crate) fn new(name: &str, netns: Netns, mac: Mac, ipv4: Ipv4Addr, ipv6: Ipv6Addr) -> Self {
        Self { name: name.into(), netns, mac, ipv4, ipv6 }
    }

    /// Its name in the topology.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host's end of its veth: `p-<name>`.
    pub fn port(&self) -> String {
        format!("p-{}", self.name)
    }
}

/// A container is first of all a place where commands run.
impl Deref for Container {
    type Target = Netns;

    fn deref(&self) -> &Netns {
        &self.netns
    }
}
