//! From the plan to devices: the only place that creates namespaces and veths.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{Container, Host, Netns, Side, json, side::vxbpf_binary, wait::SOON, wait_until};

use super::{ContainerPlan, Fabric, HostPlan, Net, Topology, Wire};

impl Topology {
    /// Builds the network and returns when every wire carries packets.
    ///
    /// # Panics
    /// When a step fails, with the command that failed.
    pub fn up(self) -> Net {
        if self.hosts.iter().any(|plan| plan.side == Side::Vxbpf) {
            // Said here, once, and not by the first command of the scenario.
            vxbpf_binary();
        }
        let fabric = Netns::new(&format!("{}-fabric", self.name));
        match self.fabric {
            Fabric::Switch => {
                fabric.run("ip link add name br type bridge mcast_snooping 0");
                // A switch does not judge what it passes on; the kernel's would drop malformed IP.
                if fabric.has("bridge/bridge-nf-call-iptables") {
                    fabric.set("bridge/bridge-nf-call-iptables", "0");
                }
                fabric.run("ip link set dev br up");
            }
            Fabric::Router => {
                fabric.set("ipv4/ip_forward", "1");
                fabric.set("ipv6/conf/all/forwarding", "1");
            }
            Fabric::Cable => assert_eq!(self.hosts.len(), 2, "a cable has two ends"),
        }
        let hosts: Vec<Host> = self
            .hosts
            .iter()
            .enumerate()
            .map(|(index, plan)| self.build_host(&fabric, index, plan))
            .collect();
        let containers = self.containers.iter().enumerate();
        let containers = containers.map(|(index, plan)| self.build_container(&hosts, index, plan)).collect();
        Net { containers, hosts, fabric, wire: self.wire }
    }

    fn build_host(&self, fabric: &Netns, index: usize, plan: &HostPlan) -> Host {
        let netns = Netns::new(&format!("{}-{}", self.name, plan.name));
        let subnet = match self.fabric {
            Fabric::Switch | Fabric::Cable => 1,
            Fabric::Router => number(index) + 1,
        };
        let last = if index == 0 { 100 } else { 199 + number(index) };
        let address = plan.address.unwrap_or(Ipv4Addr::new(192, 168, subnet, last));
        let address6 = Ipv6Addr::new(0xfd68, subnet.into(), 0, 0, 0, 0, 0, last.into());
        let wire = format!("wire-{}", plan.name);

        let [_, _, c, d] = address.octets();
        let mac = format!("02:42:c0:a8:{c:02x}:{d:02x}");
        let is_far_end = self.fabric == Fabric::Cable && index == 1;
        if is_far_end {
            let first = &self.hosts[0].name;
            fabric.run(&format!("ip link set dev wire-{first} netns {} name eth0", netns.name()));
            netns.run(&format!("ip link set dev eth0 address {mac}"));
        } else {
            netns.run(&format!(
                "ip link add name eth0 address {mac} type veth peer name {wire} netns {}",
                fabric.name()
            ));
        }
        if self.wire == Wire::Emulated {
            netns.run("ethtool -K eth0 tx off tso off gso off gro on");
            if self.fabric != Fabric::Cable {
                fabric.run(&format!("ethtool -K {wire} tx off tso off gso off gro off"));
            }
        }
        netns.run(&format!("ip addr add {address}/24 dev eth0"));
        netns.run(&format!("ip addr add {address6}/64 dev eth0"));
        netns.run("ip link set dev eth0 up");
        match self.fabric {
            Fabric::Switch => {
                fabric.run(&format!("ip link set dev {wire} master br up"));
                wait_until_forwarding(fabric, "br", &wire);
            }
            Fabric::Router => {
                fabric.run(&format!("ip addr add 192.168.{subnet}.1/24 dev {wire}"));
                fabric.run(&format!("ip addr add fd68:{subnet}::1/64 dev {wire}"));
                fabric.run(&format!("ip link set dev {wire} up"));
                netns.run(&format!("ip route add default via 192.168.{subnet}.1"));
                netns.run(&format!("ip -6 route add default via fd68:{subnet}::1"));
            }
            Fabric::Cable => {}
        }
        if self.fabric != Fabric::Cable {
            wait_until_up(fabric, &wire);
        }
        // The near end of a cable has no carrier before the far end is up.
        if self.fabric != Fabric::Cable || is_far_end {
            wait_until_up(&netns, "eth0");
        }
        Host::new(&plan.name, plan.side, netns, address, address6)
    }

    fn build_container(&self, hosts: &[Host], index: usize, plan: &ContainerPlan) -> Container {
        let ContainerPlan { name, mtu, .. } = plan;
        let wanted = plan.host.as_deref();
        let host = hosts.iter().find(|host| Some(host.name()) == wanted);
        let host = host.unwrap_or_else(|| panic!("container {name} is on no host of this topology"));
        let number = number(index) + 2;
        let ipv4 = plan.ipv4.unwrap_or(Ipv4Addr::new(172, 55, 1, number));
        let ipv6 = plan.ipv6.unwrap_or(Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, number.into()));
        let mac = plan.mac.clone().unwrap_or_else(|| format!("02:42:ac:37:01:{number:02x}"));

        let netns = Netns::new(&format!("{}-{name}", self.name));
        netns.run(&format!(
            "ip link add name eth0 mtu {mtu} address {mac} type veth peer name p-{name} mtu {mtu} netns {}",
            host.netns().name()
        ));
        host.run(&format!("ip link set dev p-{name} up"));
        netns.run(&format!("ip addr add {ipv4}/24 dev eth0"));
        netns.run(&format!("ip addr add {ipv6}/64 dev eth0"));
        netns.run("ip link set dev eth0 up");
        wait_until_up(&netns, "eth0");
        wait_until_up(host.netns(), &format!("p-{name}"));
        Container::new(name, netns, crate::mac::mac(&mac), ipv4, ipv6)
    }
}

/// The place of a host or a container in its list, as a byte of its address.
fn number(index: usize) -> u8 {
    u8::try_from(index).ok().filter(|number| *number < 50).expect("fewer than 50 of a kind")
}

/// Waits until the kernel has noticed the carrier of `device`; a queue drops everything before.
fn wait_until_up(netns: &Netns, device: &str) {
    wait_until(&format!("{device} in {} to be up", netns.name()), SOON, || {
        let links = netns.json(&format!("ip -j link show dev {device}"));
        json::objects(&links).iter().any(|link| link["operstate"] == "UP")
    });
}

/// Waits until `port` of `bridge` passes frames on; it drops them while it starts.
pub(crate) fn wait_until_forwarding(netns: &Netns, bridge: &str, port: &str) {
    wait_until(&format!("{bridge} in {} to forward from {port}", netns.name()), SOON, || {
        let ports = netns.json(&format!("bridge -j link show dev {port}"));
        json::objects(&ports).iter().any(|port| port["master"] == *bridge && port["state"] == "forwarding")
    });
}
