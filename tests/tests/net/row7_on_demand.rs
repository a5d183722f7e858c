//! Row 7: nothing is written down in advance. What is missing is reported, and whoever listens fills it in.
//!
//! ```text
//!   c1 -- br0 -- vxlan0: a ==== vni 42, nobody known ==== b: vxlan0 -- br0 -- c2
//! ```

use vxlan_tests::{
    Capture, Net, Side, Topology, Wire, expect_ping, monitor::Lines, ping, wait::SOON, wait_until,
};

use crate::load::carry_a_big_transfer;

/// Of what is inside: ARP (EtherType 0x0806) and ICMP (protocol 1). The transfer is more than a capture can write.
const QUESTIONS_AND_PINGS: &str = "udp dst port 4789 and (udp[28:2] = 0x0806 or udp[39] = 1)";

fn two_hosts_that_know_nobody(a: Side, b: Side, wire: Wire) -> Net {
    let net = Topology::new("row7").wire(wire).host("a", a).host("b", b);
    let net = net.container("c1").on("a").container("c2").on("b").up();
    for (host, container) in [("a", "c1"), ("b", "c2")] {
        let (host, port) = (net.host(host), net.container(container).port());
        let local = host.address;
        host.link_add(
            "vxlan0",
            &format!("id 42 dstport 4789 local {local} dev eth0 nolearning proxy l2miss l3miss"),
        );
        host.bridge("br0", &["vxlan0", &port]);
    }
    net
}

fn what_is_missing_is_reported_and_filled_in(a: Side, b: Side, wire: Wire) {
    let net = two_hosts_that_know_nobody(a, b, wire);
    let (a, b, c1, c2) = (net.host("a"), net.host("b"), net.container("c1"), net.container("c2"));
    // The other side is filled in by its own hand.
    b.fdb(&format!("add {} dst {} dev vxlan0", c1.mac, a.address));
    b.neigh(&format!("add {} lladdr {} dev vxlan0", c1.ipv4, c1.mac));
    let captures = ["a", "b"].map(|host| net.capture_at(host, QUESTIONS_AND_PINGS));
    let monitor = a.monitor("all dev vxlan0");
    // What listens to the kernel hears it, too, on either side.
    let kernels = Lines::of(a.netns(), &["ip", "monitor", "neigh", "dev", "vxlan0"]);
    let both_say = |what: &str| monitor.has(what) && kernels.has(what);

    wait_until("the missing address to be reported", SOON * 4, || {
        ping(c1, c2.ipv4, 1);
        both_say(&format!("miss {} STALE", c2.ipv4))
    });
    a.neigh(&format!("replace {} lladdr {} dev vxlan0 nud reachable", c2.ipv4, c2.mac));
    wait_until("the missing station to be reported", SOON * 4, || {
        ping(c1, c2.ipv4, 1);
        both_say(&format!("miss lladdr {} STALE", c2.mac))
    });
    a.fdb(&format!("add {} dst {} dev vxlan0", c2.mac, b.address));
    expect_ping(c1, c2.ipv4, 3);
    carry_a_big_transfer(&net, c1, c2, c2.ipv4);
    for pcap in captures.map(Capture::stop) {
        let asked = pcap.matching(|packet| packet.inner_arp().is_some());
        assert!(asked.is_empty(), "{asked:?}");
        assert!(pcap.packets().len() >= 6, "three pings and their answers: {:?}", pcap.packets());
    }
}

between_all_sides!(super::what_is_missing_is_reported_and_filled_in, with_the_kernel_alone);
