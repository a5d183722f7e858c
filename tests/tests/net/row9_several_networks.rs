//! Row 9: two networks on the same hosts, with the same addresses in both.
//!
//! ```text
//!   red1, blue1: 172.55.1.2, 52:5e:55:58:9a:01      red2, blue2: 172.55.1.3, 52:5e:55:58:9a:02
//!    | br-red, br-blue                               | br-red, br-blue
//!    | red, vni 444, group 239.1.1.1; blue, vni 445, group 239.1.1.2
//!   a: 192.168.1.100 ----------- switch ----------- b: 192.168.1.200
//! ```

use std::net::Ipv4Addr;

use vxlan_tests::{
    Mac, Net, Packet, Side, Topology, Wire, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, ethernet},
    wait::SOON,
};

use crate::load::{VXLAN, carry_a_big_transfer};

const FIRST: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 2);
const SECOND: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 3);

fn nothing_leaks_from_one_to_the_other(a: Side, b: Side, wire: Wire) {
    let net = two_networks(a, b, wire);
    let (red1, red2, blue2) = (net.container("red1"), net.container("red2"), net.container("blue2"));

    // Only red talks: all of it is red, and goes to red's group or to the one who asked.
    let on_the_wire = net.capture_at("a", VXLAN);
    expect_ping(red1, SECOND, 3);
    expect_ping(red2, FIRST, 3);
    let pcap = on_the_wire.stop();
    pcap.verify_checksums(wire.strictness());
    let talk = pcap.matching(is_talk);
    assert!(talk.len() >= 14, "a question, an answer, six pings and their answers: {talk:?}");
    assert!(talk.iter().all(|packet| packet.is_of_vni(444)), "{talk:?}");
    let questions = pcap.matching(|packet| packet.asks_for(SECOND));
    assert!(questions.iter().all(|question| question.is_from_to(net.host("a").address, RED_GROUP)));

    // Blue has the same addresses, and knows nothing yet of what red has learned.
    let neighbours = blue2.run("ip -4 neigh show");
    assert_eq!(neighbours.stdout, "", "blue2 has heard nothing");
    shouts_are_heard_in_their_own_network_only(&net);
    expect_ping(blue2, FIRST, 3);

    carry_a_big_transfer(&net, red1, red2, SECOND);
    carry_a_big_transfer(&net, net.container("blue1"), blue2, SECOND);
}

between_all_sides!(super::nothing_leaks_from_one_to_the_other);

const RED_GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);

/// Two hosts that are in both networks, with a container of each network on each host.
fn two_networks(a: Side, b: Side, wire: Wire) -> Net {
    let mut net = Topology::new("row9").wire(wire).host("a", a).host("b", b);
    for colour in ["red", "blue"] {
        net = net.container(&format!("{colour}1")).on("a").mac("52:5e:55:58:9a:01").ipv4(FIRST);
        net = net.container(&format!("{colour}2")).on("b").mac("52:5e:55:58:9a:02").ipv4(SECOND);
    }
    let net = net.up();
    for (host, number) in net.hosts().iter().zip([1, 2]) {
        host.link_add("red", "id 444 dstport 4789 group 239.1.1.1 dev eth0");
        host.link_add("blue", "id 445 dstport 4789 group 239.1.1.2 dev eth0");
        host.bridge("br-red", &["red", &format!("p-red{number}")]);
        host.bridge("br-blue", &["blue", &format!("p-blue{number}")]);
    }
    net
}

/// What containers say, as opposed to what bridges and devices say when they come up.
fn is_talk(packet: &Packet) -> bool {
    packet.inner_arp().is_some() || packet.carries(FIRST, SECOND) || packet.carries(SECOND, FIRST)
}

/// Each network's first container broadcasts a frame that names its colour; each second container
/// hears its own. Red's is sent before blue's on the same path, so what has not come to blue when
/// blue's own comes, does not come.
fn shouts_are_heard_in_their_own_network_only(net: &Net) {
    let ears = ["red2", "blue2"].map(|ear| FrameSocket::open(net.container(ear), "eth0"));
    for colour in ["red", "blue", "red"] {
        let mouth = FrameSocket::open(net.container(&format!("{colour}1")), "eth0");
        mouth.send(&shout(net, colour));
    }
    let red = shout(net, "red");
    let [red_ear, blue_ear] = ears;
    let mut heard = 0;
    let in_red = red_ear.receive_until(SOON, |frame| {
        heard += usize::from(frame == red);
        heard == 2
    });
    let in_blue = blue_ear.receive_until(SOON, |frame| frame == shout(net, "blue"));
    assert!(!in_red.contains(&shout(net, "blue")), "blue's frame came to red");
    assert!(!in_blue.contains(&red), "red's frame came to blue");
}

fn shout(net: &Net, colour: &str) -> Vec<u8> {
    let mouth = net.container(&format!("{colour}1"));
    let mut payload = format!("this is {colour}").into_bytes();
    payload.resize(46, 0);
    ethernet(Mac::BROADCAST, mouth.mac, EXPERIMENTAL, &payload)
}
