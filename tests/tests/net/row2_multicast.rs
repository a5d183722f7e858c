//! Row 2: three hosts in one multicast group, and nobody is told about anybody.
//!
//! ```text
//!   a: vxlan1 172.55.1.2     b: vxlan1 172.55.1.3     c: vxlan1 172.55.1.4
//!      192.168.1.100            192.168.1.200            192.168.1.201
//!            +------------------- switch -------------------+         239.1.1.1
//! ```

use std::net::Ipv4Addr;

use vxlan_tests::{Capture, Side, Topology, Wire, expect_ping, mac::mac};

use crate::load::{VXLAN, carry_a_big_transfer};

const ON_A: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 2);
const ON_B: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 3);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);

/// The MAC address of [`GROUP`] (RFC 1112, section 6.4).
const GROUP_MAC: &str = "01:00:5e:01:01:01";

fn hosts_find_each_other_through_the_group(a: Side, b: Side, wire: Wire) {
    let net = Topology::new("row2").wire(wire).host("a", a).host("b", b).host("c", b).up();
    let (a, b, c) = (net.host("a"), net.host("b"), net.host("c"));

    let joins: Vec<Capture> = net.hosts().iter().map(|host| net.capture_at(host.name(), "igmp")).collect();
    for (host, address) in net.hosts().iter().zip(["172.55.1.2", "172.55.1.3", "172.55.1.4"]) {
        host.link_add("vxlan1", "id 444 dstport 4789 group 239.1.1.1 dev eth0");
        host.run(&format!("ip addr add {address}/24 dev vxlan1"));
        host.run("ip link set vxlan1 up");
    }
    for (host, joins) in net.hosts().iter().zip(joins) {
        let groups = host.run("ip maddr show dev eth0");
        assert!(groups.stdout.contains("inet  239.1.1.1"), "{groups}");
        let pcap = joins.stop();
        let reports = pcap.matching(|packet| packet.joins(GROUP));
        assert!(reports.iter().any(|report| report.outer.ips.is_some_and(|(from, _)| from == host.address)));
    }

    let [wire_a, wire_b, wire_c] = ["a", "b", "c"].map(|host| net.capture_at(host, VXLAN));
    expect_ping(a, ON_B, 3);
    let [wire_a, wire_b, wire_c] = [wire_a, wire_b, wire_c].map(Capture::stop);

    // The question leaves once, to the group, and everybody gets it.
    for pcap in [&wire_a, &wire_b, &wire_c] {
        pcap.verify_checksums(wire.strictness());
        let questions = pcap.matching(|packet| packet.asks_for(ON_B));
        let [question] = questions[..] else { panic!("not one question: {questions:?}") };
        assert!(question.is_from_to(a.address, GROUP), "{question:?}");
        assert_eq!(question.outer.macs, Some((a.mac_of("eth0"), mac(GROUP_MAC))), "{question:?}");
    }
    // The answer goes to the one who asked, and to nobody else; so does everything after it.
    let answers = wire_a.matching(|packet| packet.answers_for(ON_B));
    let [answer] = answers[..] else { panic!("not one answer: {answers:?}") };
    assert!(answer.is_from_to(b.address, a.address), "{answer:?}");
    assert_eq!(answer.outer.macs, Some((b.mac_of("eth0"), a.mac_of("eth0"))), "{answer:?}");
    assert!(wire_c.matching(|packet| packet.answers_for(ON_B)).is_empty());
    assert!(wire_c.matching(|packet| packet.carries(ON_A, ON_B)).is_empty());

    // Both ends have learned, and so has whoever heard the question.
    let [mac_a, mac_b] = [a, b].map(|host| host.mac_of("vxlan1"));
    a.wait_for_fdb("vxlan1", &format!("{mac_b} dev vxlan1 dst 192.168.1.200 self"));
    b.wait_for_fdb("vxlan1", &format!("{mac_a} dev vxlan1 dst 192.168.1.100 self"));
    c.wait_for_fdb("vxlan1", &format!("{mac_a} dev vxlan1 dst 192.168.1.100 self"));

    expect_ping(b, ON_A, 3);
    carry_a_big_transfer(&net, a, b, ON_B);
}

between_all_sides!(super::hosts_find_each_other_through_the_group);
