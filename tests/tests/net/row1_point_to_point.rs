//! Row 1: two hosts, each the other's `remote`.
//!
//! ```text
//!   a: vxlan1 172.55.1.2 ==== vni 444 ==== b: vxlan1 172.55.1.3
//!      192.168.1.100 ------- switch ------- 192.168.1.200
//! ```

use std::net::Ipv4Addr;

use vxlan_tests::{Host, Side, Topology, Wire, expect_ping};

use crate::load::{VXLAN, carry_a_big_transfer};

const ON_A: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 2);
const ON_B: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 3);

/// The article's device, as it is typed on 192.168.1.100.
const OPTIONS: &str = "id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 dev eth0";

fn two_hosts_reach_each_other(a: Side, b: Side, wire: Wire) {
    let net = Topology::new("row1").wire(wire).host("a", a).host("b", b).up();
    let (a, b) = (net.host("a"), net.host("b"));

    a.link_add("vxlan1", OPTIONS);
    b.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.100 local 192.168.1.200 dev eth0");

    let shown = a.show_fdb("vxlan1");
    assert_eq!(shown, ["00:00:00:00:00:00 dev vxlan1 dst 192.168.1.200 via eth0 self permanent"]);
    let shown = b.show_fdb("vxlan1");
    assert_eq!(shown, ["00:00:00:00:00:00 dev vxlan1 dst 192.168.1.100 via eth0 self permanent"]);

    give_it_an_address(a, ON_A);
    give_it_an_address(b, ON_B);
    let routes = a.run("ip route show dev vxlan1");
    assert_eq!(routes.lines(), ["172.55.1.0/24 proto kernel scope link src 172.55.1.2"]);

    let on_the_wire = net.capture_at("a", VXLAN);
    expect_ping(a, ON_B, 3);
    expect_ping(b, ON_A, 3);
    let pcap = on_the_wire.stop();

    pcap.verify_checksums(wire.strictness());
    for packet in pcap.packets() {
        assert!(packet.is_of_vni(444), "{packet:?}");
        let there = packet.is_from_to(a.address, b.address);
        assert!(there || packet.is_from_to(b.address, a.address), "{packet:?}");
        assert_eq!(packet.outer.ports.map(|(_, to)| to), Some(4789), "{packet:?}");
    }
    for (from, to) in [(ON_A, ON_B), (ON_B, ON_A)] {
        let packets = pcap.matching(|packet| packet.carries(from, to));
        assert_eq!(packets.len(), 6, "three questions and three answers from {from} to {to}");
    }

    carry_a_big_transfer(&net, a, b, ON_B);
}

between_all_sides!(super::two_hosts_reach_each_other, with_the_kernel_alone);

#[test]
fn vxbpf_describes_the_device_as_ip_describes_the_kernels() {
    let net = Topology::new("row1-show").host("ours", Side::Vxbpf).host("theirs", Side::Kernel).up();
    let (ours, theirs) = (net.host("ours"), net.host("theirs"));
    for host in [ours, theirs] {
        host.link_add("vxlan1", OPTIONS);
        host.run("ip link set vxlan1 address 52:5e:55:58:9a:ab up");
    }

    let printed = ours.vxbpf("-d link show dev vxlan1");
    let expected = theirs.run("ip -d link show dev vxlan1");
    assert_eq!(printed.lines(), expected.lines());
}

fn give_it_an_address(host: &Host, address: Ipv4Addr) {
    host.run(&format!("ip addr add {address}/24 dev vxlan1"));
    host.run("ip link set vxlan1 up");
}
