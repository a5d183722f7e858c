//! What is not plain IP crosses too, tags included; and two ports of one VNI on one host.
//!
//! ```text
//!   c1 -- p-c1 --+                              +-- p-c2 -- c2
//!                a ======== vni 444 ============ b
//!   c3 -- p-c3 --+
//! ```

use vxlan_tests::{
    Capture, Mac, Net, Side, Topology, Wire, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, IPV4, ethernet, tagged, tagged_as, udp4},
    wait::SOON,
};

fn three_containers(other: Side, wire: Wire) -> Net {
    let net = Topology::new("kinds").wire(wire).host("a", Side::Vxbpf).host("b", other);
    let net = net.container("c1").on("a").container("c3").on("a").container("c2").on("b").up();
    for (name, remote, containers) in
        [("a", "192.168.1.200", &["c1", "c3"][..]), ("b", "192.168.1.100", &["c2"])]
    {
        let host = net.host(name);
        host.link_add(
            "vxlan1",
            &format!("id 444 dstport 4789 remote {remote} local {} dev eth0", host.address),
        );
        host.run("ip link set dev vxlan1 up");
        let ports: Vec<String> = containers.iter().map(|container| net.container(container).port()).collect();
        match host.side() {
            Side::Vxbpf => ports.iter().for_each(|port| {
                host.vxbpf(&format!("port add {port} --vni 444"));
            }),
            Side::Kernel => {
                let ports: Vec<&str> = ports.iter().map(String::as_str).chain(["vxlan1"]).collect();
                host.bridge("br0", &ports);
            }
        }
    }
    net
}

fn every_kind_crosses_both_ways(other: Side, wire: Wire) {
    let net = three_containers(other, wire);
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 2);
    for (from, to) in [(c1, c2), (c2, c1)] {
        let (sender, receiver) = (FrameSocket::open(from, "eth0"), FrameSocket::open(to, "eth0"));
        // EAPOL and others are shorter than an IP header.
        for payload in [0, 1, 4, 19, 20, 46, 60] {
            let plain = ethernet(to.mac, from.mac, EXPERIMENTAL, &vec![7; payload]);
            sender.send(&plain);
            assert_eq!(receiver.receive(SOON, |got| got == plain), Some(plain), "a frame that is not IP");
        }
        let lldp = ethernet(Mac([1, 0x80, 0xc2, 0, 0, 0x42]), from.mac, EXPERIMENTAL, &[9; 60]);
        sender.send(&lldp);
        assert_eq!(receiver.receive(SOON, |got| got == lldp), Some(lldp), "a multicast frame");

        let on_the_wire = net.capture_at("a", "udp port 4789");
        let with_tag = tagged(&ethernet(to.mac, from.mac, EXPERIMENTAL, &[8; 60]), 42);
        sender.send(&with_tag);
        // The socket shows it without the tag, which the kernel keeps beside it.
        let seen = receiver.receive(SOON, |got| got.ends_with(&[8; 60]));
        assert!(seen.is_some(), "a tagged frame");
        let pcap = on_the_wire.stop();
        let inner: Vec<_> = pcap.packets().iter().filter_map(|packet| packet.inner.as_ref()).collect();
        assert!(inner.iter().any(|inner| inner.vlans[..] == [42]), "the tag is inside: {inner:?}");
    }
}

fn tags_of_all_kinds_cross_both_ways(other: Side, wire: Wire) {
    let net = three_containers(other, wire);
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 2);
    for (from, to) in [(c1, c2), (c2, c1)] {
        let addresses = (from.ipv4.to_string(), to.ipv4.to_string());
        let frames = [
            ethernet(to.mac, from.mac, EXPERIMENTAL, &[8; 60]),
            ethernet(to.mac, from.mac, IPV4, &udp4(&addresses.0, &addresses.1, 1000, 2000, &[9; 60])),
        ];
        let stacks: [&[(u16, u16)]; 4] =
            [&[(0x8100, 42)], &[(0x88a8, 42)], &[(0x8100, 42), (0x88a8, 7)], &[(0x8100, 42), (0x8100, 7)]];
        let sent: Vec<Vec<u8>> = frames
            .iter()
            .flat_map(|frame| {
                stacks.map(|stack| {
                    stack.iter().fold(frame.clone(), |frame, &(kind, vlan)| tagged_as(&frame, kind, vlan))
                })
            })
            .collect();
        let (at_the_far_end, on_the_wire) =
            (Capture::start(to, "eth0", "vlan"), net.capture_at("a", "udp port 4789"));
        let (sender, receiver) = (FrameSocket::open(from, "eth0"), FrameSocket::open(to, "eth0"));
        let last = ethernet(to.mac, from.mac, EXPERIMENTAL, &[1; 60]);
        for frame in sent.iter().chain([&last]) {
            sender.send(frame);
        }
        assert!(receiver.receive(SOON, |got| got == last).is_some());
        let (arrived, carried) = (at_the_far_end.stop().frames(), on_the_wire.stop().frames());
        for frame in &sent {
            let tags = &frame[12..24];
            assert!(carried.iter().any(|packet| packet.ends_with(frame)), "{tags:02x?} on the wire");
            assert!(arrived.contains(frame), "{tags:02x?} at the far end");
        }
    }
}

/// What a packet socket sends out of the VTEP device has its tags inside, where the kernel has not looked yet.
#[test]
fn tagged_frames_of_the_device_itself_leave_as_they_are() {
    let net = three_containers(Side::Kernel, Wire::Veth);
    let (a, c1, c2) = (net.host("a"), net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 1);
    let own = a.mac_of("vxlan1");
    let frame = ethernet(c2.mac, own, IPV4, &udp4("172.55.1.9", &c2.ipv4.to_string(), 1000, 2000, &[9; 60]));
    let (once, other) = (tagged(&frame, 42), ethernet(c2.mac, own, EXPERIMENTAL, &[8; 60]));
    let sent = [tagged(&once, 7), once, tagged(&other, 42), other.clone()];
    let on_the_wire = net.capture_at("a", "udp port 4789");
    let (sender, receiver) = (FrameSocket::open(a, "vxlan1"), FrameSocket::open(c2, "eth0"));
    for frame in &sent {
        sender.send(frame);
    }
    assert!(receiver.receive(SOON, |got| got == other).is_some());
    let carried = on_the_wire.stop().frames();
    for frame in &sent {
        assert!(carried.iter().any(|packet| packet.ends_with(frame)), "{:02x?}", &frame[12..24]);
    }
}

#[test]
fn tags_of_all_kinds_cross_between_two_of_us() {
    tags_of_all_kinds_cross_both_ways(Side::Vxbpf, Wire::Veth);
}

#[test]
fn tags_of_all_kinds_cross_to_and_from_the_kernels_device() {
    tags_of_all_kinds_cross_both_ways(Side::Kernel, Wire::Emulated);
}

#[test]
fn every_kind_crosses_between_two_of_us() {
    every_kind_crosses_both_ways(Side::Vxbpf, Wire::Veth);
}

#[test]
fn every_kind_crosses_to_and_from_the_kernels_device() {
    every_kind_crosses_both_ways(Side::Kernel, Wire::Emulated);
}

#[test]
fn two_ports_of_one_vni_reach_each_other_and_only_floods_reach_both() {
    let net = three_containers(Side::Kernel, Wire::Veth);
    let (c1, c2, c3) = (net.container("c1"), net.container("c2"), net.container("c3"));
    let on_the_wire = net.capture_at("a", "udp port 4789");
    expect_ping(c1, c3.ipv4, 3);
    let echoes = on_the_wire.stop().matching(|packet| packet.carries(c1.ipv4, c3.ipv4)).len();
    assert_eq!(echoes, 0, "what both ends are here for does not leave the host");
    expect_ping(c2, c1.ipv4, 2);
    expect_ping(c2, c3.ipv4, 2);

    let (sender, first, second) =
        (FrameSocket::open(c2, "eth0"), FrameSocket::open(c1, "eth0"), FrameSocket::open(c3, "eth0"));
    let to_one = ethernet(c1.mac, c2.mac, EXPERIMENTAL, &[1; 60]);
    let to_all = ethernet(Mac([0xff; 6]), c2.mac, EXPERIMENTAL, &[2; 60]);
    sender.send(&to_one);
    sender.send(&to_all);
    assert!(first.receive(SOON, |got| got == to_one).is_some());
    assert!(first.receive(SOON, |got| got == to_all).is_some());
    let heard = second.receive_until(SOON, |got| got == to_all);
    assert!(!heard.contains(&to_one), "unicast reaches one port only");
}
