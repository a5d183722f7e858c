//! The builder of every network in these tests.
//!
//! Hosts hang on a switch by one wire each (or on a router, each in a subnet of its own), and
//! containers hang on hosts. The wires, the names and the addresses are made here; what joins a
//! container to an overlay is left to the scenario, for that is what it is about.
//!
//! ```text
//!   c1: eth0            fabric: br (a switch without an address)          c2: eth0
//!        |               wire-a |              | wire-b                        |
//!   a: p-c1     a: eth0 --------+              +-------- b: eth0          b: p-c2
//!             192.168.1.100                            192.168.1.200
//! ```

mod build;
mod net;

pub(crate) use build::wait_until_forwarding;
pub use net::Net;

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{Side, Strictness};

/// What the underlay devices pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A veth as it comes: passes packets of 64 KB and unfinished checksums from host to host.
    Veth,
    /// A veth made to act as a network card and its cable: every packet fits the MTU and has all
    /// its checksums (`tx`, `tso` and `gso` off at both ends), the hosts merge what they receive
    /// (`gro` on) and the switch does not.
    Emulated,
}

impl Wire {
    /// How strictly the checksums of captured packets are judged.
    pub fn strictness(self) -> Strictness {
        match self {
            Self::Veth => Strictness::MayBeUnfinished,
            Self::Emulated => Strictness::Finished,
        }
    }
}

/// What connects the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fabric {
    /// One subnet; multicast reaches everyone.
    Switch,
    /// A subnet for each host, and a router between them.
    Router,
    /// Nothing: one veth from host to host.
    Cable,
}

/// A network to be built. Attributes belong to the host or the container named last.
pub struct Topology {
    name: String,
    wire: Wire,
    fabric: Fabric,
    hosts: Vec<HostPlan>,
    containers: Vec<ContainerPlan>,
}

/// A host to be built.
struct HostPlan {
    name: String,
    side: Side,
    address: Option<Ipv4Addr>,
}

/// A container to be built.
struct ContainerPlan {
    name: String,
    host: Option<String>,
    mac: Option<String>,
    ipv4: Option<Ipv4Addr>,
    ipv6: Option<Ipv6Addr>,
    mtu: u16,
}

/// What is left for a container's packets on an Ethernet underlay: 1500 less the 50 bytes of
/// the outer IPv4, UDP, VXLAN and inner Ethernet headers (RFC 7348, section 5).
const CONTAINER_MTU: u16 = 1450;

impl Topology {
    /// An empty network. `name` becomes part of the names of its namespaces.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            wire: Wire::Veth,
            fabric: Fabric::Switch,
            hosts: Vec::new(),
            containers: Vec::new(),
        }
    }

    /// What the underlay devices pass on; [`Wire::Veth`] unless said.
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Puts each host into a subnet of its own, behind a router: the first host is in
    /// 192.168.1.0/24, the second in 192.168.2.0/24, and so on.
    pub fn routed(mut self) -> Self {
        self.fabric = Fabric::Router;
        self
    }

    /// Joins the two hosts by one veth, with nothing between them. Nothing can be captured on the way.
    pub fn cabled(mut self) -> Self {
        self.fabric = Fabric::Cable;
        self
    }

    /// Adds a host. The first is 192.168.1.100, the others are 192.168.1.200, .201 and so on.
    pub fn host(mut self, name: &str, side: Side) -> Self {
        self.hosts.push(HostPlan { name: name.into(), side, address: None });
        self
    }

    /// The underlay address of the host named last, in a /24.
    pub fn address(mut self, address: Ipv4Addr) -> Self {
        self.hosts.last_mut().expect("a host named before its address").address = Some(address);
        self
    }

    /// Adds a container. Say [`on`](Self::on) which host. The first is 172.55.1.2/24 and
    /// fd55::2/64, the second 172.55.1.3/24 and fd55::3/64, and so on.
    pub fn container(mut self, name: &str) -> Self {
        let (name, mtu) = (name.into(), CONTAINER_MTU);
        self.containers.push(ContainerPlan { name, host: None, mac: None, ipv4: None, ipv6: None, mtu });
        self
    }

    /// The host that the container named last lives on.
    pub fn on(mut self, host: &str) -> Self {
        self.last_container().host = Some(host.into());
        self
    }

    /// The MAC address of the container named last.
    pub fn mac(mut self, mac: &str) -> Self {
        self.last_container().mac = Some(mac.into());
        self
    }

    /// The IPv4 address of the container named last, in a /24.
    pub fn ipv4(mut self, address: Ipv4Addr) -> Self {
        self.last_container().ipv4 = Some(address);
        self
    }

    /// The IPv6 address of the container named last, in a /64.
    pub fn ipv6(mut self, address: Ipv6Addr) -> Self {
        self.last_container().ipv6 = Some(address);
        self
    }

    /// The MTU at both ends of the veth of the container named last; 1450 bytes unless said.
    pub fn mtu(mut self, mtu: u16) -> Self {
        self.last_container().mtu = mtu;
        self
    }

    fn last_container(&mut self) -> &mut ContainerPlan {
        self.containers.last_mut().expect("a container named before its attributes")
    }
}
