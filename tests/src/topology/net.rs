//! A network that is up: where a test finds its hosts, its containers and its wires.

use crate::{Capture, Container, Host, Netns};

use super::Wire;

/// A network that is up. Everything in it goes away when it is dropped, in the order of the
/// fields: containers, hosts, the fabric between them.
pub struct Net {
    pub(super) containers: Vec<Container>,
    pub(super) hosts: Vec<Host>,
    pub(super) fabric: Netns,
    pub(super) wire: Wire,
}

impl Net {
    /// The host of that name.
    ///
    /// # Panics
    /// When the topology has none.
    pub fn host(&self, name: &str) -> &Host {
        let host = self.hosts.iter().find(|host| host.name() == name);
        host.unwrap_or_else(|| panic!("no host {name} in this topology"))
    }

    /// All hosts, in the order in which they were named.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The container of that name.
    ///
    /// # Panics
    /// When the topology has none.
    pub fn container(&self, name: &str) -> &Container {
        let container = self.containers.iter().find(|container| container.name() == name);
        container.unwrap_or_else(|| panic!("no container {name} in this topology"))
    }

    /// The switch or the router between the hosts.
    pub fn fabric(&self) -> &Netns {
        &self.fabric
    }

    /// What the underlay devices pass on.
    pub fn wire(&self) -> Wire {
        self.wire
    }

    /// Captures what passes the wire of `host`, both ways, at its far end: there a packet is as
    /// the host sent it, after its own offloads and before anyone merged it.
    pub fn capture_at(&self, host: &str, filter: &str) -> Capture {
        Capture::start(&self.fabric, &format!("wire-{host}"), filter)
    }
    /// As [`Net::capture_at`], but of the first `packets` only: enough to judge a big transfer by.
    pub fn capture_some_at(&self, host: &str, filter: &str, packets: u32) -> Capture {
        Capture::start_bounded(&self.fabric, &format!("wire-{host}"), filter, packets)
    }
}

/// The end of one host can take away what another one hangs on: first all of them leave.
impl Drop for Net {
    fn drop(&mut self) {
        self.hosts.iter().for_each(Host::leave);
    }
}
