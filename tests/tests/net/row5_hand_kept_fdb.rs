//! Row 5: as row 4, with `nolearning`, and every container's address written down by hand.

use std::collections::BTreeSet;

use vxlan_tests::{Capture, Host, Side, Wire, expect_ping};

use crate::{
    load::{VXLAN, carry_a_big_transfer},
    row4_hand_kept_group::three_hosts_with_a_list,
};

fn known_addresses_go_to_one_host_and_nothing_is_learned(a: Side, b: Side, wire: Wire) {
    let net = three_hosts_with_a_list("row5", "nolearning", a, b, wire);
    let (a, b) = (net.host("a"), net.host("b"));
    let (c1, c2) = (net.container("c1"), net.container("c2"));

    for host in net.hosts() {
        host.fdb("append 52:5e:55:58:9a:aa dev vxlan0 dst 192.168.1.100");
        host.fdb("append 52:5e:55:58:9a:ab dev vxlan0 dst 192.168.1.200");
    }
    let written: Vec<BTreeSet<String>> = net.hosts().iter().map(table).collect();
    for shown in &written {
        let line = "52:5e:55:58:9a:ab dev vxlan0 dst 192.168.1.200 self permanent";
        assert!(shown.contains(line), "{line:?} is not in {shown:?}");
    }

    let [wire_a, wire_c] = ["a", "c"].map(|host| net.capture_at(host, VXLAN));
    expect_ping(c1, c2.ipv4, 3);
    let [wire_a, wire_c] = [wire_a, wire_c].map(Capture::stop);

    // The question is for everybody, and what is for a known address is for one.
    assert_eq!(wire_c.matching(|packet| packet.asks_for(c2.ipv4)).len(), 1);
    assert!(wire_c.matching(|packet| packet.answers_for(c2.ipv4)).is_empty());
    assert!(wire_c.matching(|packet| packet.carries(c1.ipv4, c2.ipv4)).is_empty());
    let echoes = wire_a.matching(|packet| packet.carries(c1.ipv4, c2.ipv4));
    assert_eq!(echoes.len(), 3, "{echoes:?}");
    assert!(echoes.iter().all(|echo| echo.is_from_to(a.address, b.address)), "{echoes:?}");
    for pcap in [wire_a, wire_c] {
        pcap.verify_checksums(wire.strictness());
    }

    carry_a_big_transfer(&net, c1, c2, c2.ipv4);
    for (host, written) in net.hosts().iter().zip(written) {
        assert_eq!(table(host), written, "the fdb of {} after the traffic", host.name());
    }
}

between_all_sides!(super::known_addresses_go_to_one_host_and_nothing_is_learned);

fn table(host: &Host) -> BTreeSet<String> {
    host.show_fdb("vxlan0").into_iter().collect()
}
