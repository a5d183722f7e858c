//! Route short circuit: between two subnets whose router nobody has to be.
//!
//! ```text
//!   c1 172.55.1.2, by 172.55.1.1                  c2 172.66.0.2, by 172.66.0.1
//!    | straight on the overlay, or over br0        |
//!   a: vxlan1 =========== vni 444 ============ b: vxlan1
//! ```
//!
//! The routers' Ethernet addresses are in the FDB, and nothing has them.

use std::net::IpAddr;

use vxlan_tests::{Mac, Side, Topology, Wire, expect_ping};

use crate::load::{VXLAN, carry_a_big_transfer};

const ROUTER_1: Mac = Mac([2, 0, 0, 0, 9, 1]);
const ROUTER_2: Mac = Mac([2, 0, 0, 0, 9, 2]);

fn packets_go_past_the_router(a: Side, b: Side, wire: Wire) {
    let net = Topology::new("rsc").wire(wire).host("a", a).host("b", b);
    let net = net.container("c1").on("a").container("c2").on("b").ipv4([172, 66, 0, 2].into());
    let net = net.ipv6("fd66::2".parse().expect("an address")).up();
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    for (own, router, other, net4, net6) in
        [(c1, ROUTER_1, c2, "172.66.0.0/24", "fd66::/64"), (c2, ROUTER_2, c1, "172.55.1.0/24", "fd55::/64")]
    {
        for (to, net, by) in [
            (own.ipv4.to_string(), net4, if own.ipv4 == c1.ipv4 { "172.55.1.1" } else { "172.66.0.1" }),
            (own.ipv6.to_string(), net6, if own.ipv4 == c1.ipv4 { "fd55::1" } else { "fd66::1" }),
        ] {
            own.run(&format!("ip neigh replace {by} lladdr {router} dev eth0 nud permanent"));
            own.run(&format!("ip route replace {net} via {by} dev eth0 src {to}"));
        }
        assert_ne!(own.mac, other.mac);
    }
    for (name, remote, router, there, port) in
        [("a", "192.168.1.200", ROUTER_1, c2, "p-c1"), ("b", "192.168.1.100", ROUTER_2, c1, "p-c2")]
    {
        let host = net.host(name);
        host.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} dev eth0 nolearning rsc"));
        host.fdb(&format!("add {router} dev vxlan1 dst {remote} router"));
        host.fdb(&format!("add {} dev vxlan1 dst {remote}", there.mac));
        host.neigh(&format!("add {} lladdr {} dev vxlan1", there.ipv4, there.mac));
        host.neigh(&format!("add {} lladdr {} dev vxlan1", there.ipv6, there.mac));
        match host.side() {
            Side::Vxbpf => {
                host.run("ip link set dev vxlan1 up");
                host.vxbpf(&format!("port add {port} --vni 444"));
            }
            Side::Kernel => host.bridge("br0", &["vxlan1", port]),
        }
    }

    let on_the_wire = net.capture_at("a", VXLAN);
    expect_ping(c1, c2.ipv4, 3);
    expect_ping(c1, c2.ipv6, 3);
    let pcap = on_the_wire.stop();
    pcap.verify_checksums(wire.strictness());
    // The kernel's device takes no hop.
    let hops = |side| if side == Side::Vxbpf { 63 } else { 64 };
    for (from, to, router, side) in [(c1, c2, ROUTER_1, a), (c2, c1, ROUTER_2, b)] {
        let pairs: [(IpAddr, IpAddr); 2] =
            [(from.ipv4.into(), to.ipv4.into()), (from.ipv6.into(), to.ipv6.into())];
        for (source, target) in pairs {
            let echoes: Vec<_> =
                pcap.packets().iter().filter(|packet| packet.carries(source, target)).collect();
            assert_eq!(echoes.len(), 3, "{source} to {target}");
            for inner in echoes.iter().filter_map(|packet| packet.inner.as_ref()) {
                assert_eq!((inner.macs, inner.ttl), (Some((router, to.mac)), Some(hops(side))), "{inner:?}");
            }
        }
    }
    if a == Side::Vxbpf {
        let stats = net.host("a").vxbpf("stats").stdout;
        assert!(stats.contains("device 0"), "nothing takes the device's own transmit: {stats}");
    }
    carry_a_big_transfer(&net, c1, c2, c2.ipv4);
}

between_all_sides!(super::packets_go_past_the_router);
