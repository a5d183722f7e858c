//! Who is believed: only VTEPs that somebody named, by whatever way their packets come.
//!
//! ```text
//!   a: vxlan1 ==== vni 444 ==== b: vxlan1
//!      eth0 ------ switch ------ eth0          192.168.1.0/24
//!      up2  -------------------- up2           10.9.0.0/24, no program of ours on it
//! ```

use std::net::Ipv4Addr;

use vxlan_tests::{Host, Net, Side, Topology, expect_ping, ping};

const ON_A: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 2);

fn two_hosts() -> Net {
    let net = Topology::new("admission").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let (a, b) = (net.host("a"), net.host("b"));
    a.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 dev eth0");
    a.run("ip addr add 172.55.1.2/24 dev vxlan1");
    a.run("ip link set dev vxlan1 up");
    a.run(&format!("ip link add up2 type veth peer name up2 netns {}", b.netns().name()));
    for (host, address) in [(a, "10.9.0.1"), (b, "10.9.0.2")] {
        host.run(&format!("ip addr add {address}/24 dev up2"));
        host.run("ip link set dev up2 up");
    }
    net
}

fn join(b: &Host, local: &str, remote: &str) {
    b.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} local {local}"));
    b.run("ip addr add 172.55.1.3/24 dev vxlan1");
    b.run("ip link set dev vxlan1 up");
}

/// How many frames `vxbpf drops` counts for a reason.
fn dropped(host: &Host, reason: &str) -> u64 {
    let drops = host.vxbpf("drops");
    let line = drops.lines().into_iter().find(|line| line.starts_with(&format!("{reason} ")));
    line.map_or(0, |line| {
        line.split_whitespace()
            .find_map(|word| word.parse().ok())
            .unwrap_or_else(|| panic!("no count: {line}"))
    })
}

#[test]
fn a_vtep_that_nobody_named_is_not_believed() {
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    b.run("ip addr add 192.168.1.66/24 dev eth0");
    join(b, "192.168.1.66", "192.168.1.100");

    assert_eq!(ping(b, ON_A, 2), 0);

    assert!(dropped(a, "not_admitted") > 0, "{}", a.vxbpf("drops"));
    assert_eq!(dropped(a, "unwatched"), 0);
}

#[test]
fn nor_is_one_whose_packets_come_by_an_uplink_without_a_program() {
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    join(b, "10.9.0.2", "10.9.0.1");

    assert_eq!(ping(b, ON_A, 2), 0);

    assert!(dropped(a, "unwatched") > 0, "{}", a.vxbpf("drops"));
    assert_eq!(dropped(a, "not_admitted"), 0);
}

#[test]
fn the_named_one_is_believed_also_when_its_packets_come_in_fragments() {
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    join(b, "192.168.1.200", "192.168.1.100");
    // Inner packets of 1500 bytes and no DF on the outer ones: the kernel's device fragments those.
    b.run("ip link set dev vxlan1 mtu 1500");

    expect_ping(b, ON_A, 3);
    let answers = ping::ping_with(b, ON_A, 3, "-s 1460 -M dont");

    assert_eq!(answers, 3);
    assert_eq!((dropped(a, "unwatched"), dropped(a, "not_admitted")), (0, 0));
    // "RX: bytes 1116 packets 9 device 1 dropped 0": what the vxlan device put together again.
    let stats = a.vxbpf("stats");
    let received = stats.lines().into_iter().find(|line| line.trim().starts_with("RX:")).expect("a line RX");
    let device = received.split_whitespace().skip_while(|word| *word != "device").nth(1);
    assert!(device.is_some_and(|count| count != "0"), "{received}");
}
