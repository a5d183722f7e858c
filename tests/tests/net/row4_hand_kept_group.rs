//! Row 4: no multicast; every host is given the list of all hosts, itself included.
//!
//! ```text
//!   c1 172.55.1.2          c2 172.55.1.3          c3 172.55.1.4
//!    | br0, vxlan0          | br0, vxlan0          | br0, vxlan0         vni 42
//!   a: 192.168.1.100       b: 192.168.1.200       c: 192.168.1.201
//!            +--------------- switch ----------------+
//! ```

use std::net::Ipv4Addr;

use vxlan_tests::{Capture, Host, Net, Side, Topology, Wire, expect_ping};

use crate::load::{VXLAN, carry_a_big_transfer};

fn a_copy_for_each_host_and_one_answer(a: Side, b: Side, wire: Wire) {
    let net = three_hosts_with_a_list("row4", "", a, b, wire);
    let (a, b, c) = (net.host("a"), net.host("b"), net.host("c"));
    let (c1, c2) = (net.container("c1"), net.container("c2"));

    for host in net.hosts() {
        let shown = host.show_fdb("vxlan0");
        for remote in net.hosts().iter().map(|host| host.address) {
            let line = format!("00:00:00:00:00:00 dev vxlan0 dst {remote} self permanent");
            assert!(shown.contains(&line), "{line:?} is not in {shown:?}");
        }
    }

    let [wire_a, wire_b, wire_c] = ["a", "b", "c"].map(|host| net.capture_at(host, VXLAN));
    expect_ping(c1, c2.ipv4, 3);
    let [wire_a, wire_b, wire_c] = [wire_a, wire_b, wire_c].map(Capture::stop);

    // One copy of the question to each of the others, none to the host itself.
    let questions = wire_a.matching(|packet| packet.asks_for(c2.ipv4));
    let mut asked: Vec<_> = questions.iter().filter_map(|question| question.outer.ips).collect();
    asked.sort();
    assert_eq!(asked, [b, c].map(|host| (a.address.into(), host.address.into())));
    for pcap in [&wire_b, &wire_c] {
        assert_eq!(pcap.matching(|packet| packet.asks_for(c2.ipv4)).len(), 1);
    }
    // One answer, to the one who asked.
    let answers = wire_a.matching(|packet| packet.answers_for(c2.ipv4));
    let [answer] = answers[..] else { panic!("not one answer: {answers:?}") };
    assert!(answer.is_from_to(b.address, a.address), "{answer:?}");
    assert!(wire_c.matching(|packet| packet.answers_for(c2.ipv4)).is_empty());
    for pcap in [&wire_a, &wire_b, &wire_c] {
        pcap.verify_checksums(wire.strictness());
    }

    a.wait_for_fdb("vxlan0", &format!("{} dev vxlan0 dst 192.168.1.200 self", c2.mac));
    b.wait_for_fdb("vxlan0", &format!("{} dev vxlan0 dst 192.168.1.100 self", c1.mac));

    expect_ping(c2, c1.ipv4, 3);
    carry_a_big_transfer(&net, c1, c2, c2.ipv4);
}

between_all_sides!(super::a_copy_for_each_host_and_one_answer);

/// Three hosts with a container each, and the same list of VTEPs on all of them.
pub fn three_hosts_with_a_list(name: &str, options: &str, a: Side, b: Side, wire: Wire) -> Net {
    let net = Topology::new(name).wire(wire).host("a", a).host("b", b).host("c", b);
    let net = net.container("c1").on("a").mac("52:5e:55:58:9a:aa");
    let net = net.container("c2").on("b").mac("52:5e:55:58:9a:ab");
    let net = net.container("c3").on("c").mac("52:5e:55:58:9a:ac").up();
    let all: Vec<Ipv4Addr> = net.hosts().iter().map(|host| host.address).collect();
    for (host, port) in net.hosts().iter().zip(["p-c1", "p-c2", "p-c3"]) {
        host.link_add("vxlan0", &format!("id 42 dstport 4789 {options} dev eth0"));
        for vtep in &all {
            host.fdb(&format!("append 00:00:00:00:00:00 dev vxlan0 dst {vtep}"));
        }
        host.bridge("br0", &["vxlan0", port]);
        bear_its_own_copies(host);
    }
    net
}

/// The kernel's device carries out the entry for its own address, by handing the frame back to
/// itself (`encap_bypass_if_local`): the bridge would then believe that its own container is
/// behind vxlan0 (seen on 6.18: pings are lost). vxbpf sends nothing to itself.
fn bear_its_own_copies(host: &Host) {
    match host.side() {
        Side::Kernel => {
            host.run("bridge link set dev vxlan0 learning off");
        }
        Side::Vxbpf => {}
    }
}
