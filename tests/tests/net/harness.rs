//! The harness, proven before anything is proven with it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::Duration,
};

use vxlan_tests::{
    Capture, Netns, Side, Strictness, Topology, Wire, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, Vxlan, ethernet, fragments, tagged, udp4},
    json, kernel, ping,
    transfer::{tcp_transfer, udp_exchange, udp_gso_burst},
    wait::SOON,
    wait_until,
};

fn two_plain_hosts(name: &str, wire: Wire) -> vxlan_tests::Net {
    Topology::new(name).wire(wire).host("a", Side::Kernel).host("b", Side::Kernel).up()
}

#[test]
fn this_machine_has_what_the_tests_need() {
    assert_eq!(kernel::missing(), Vec::<String>::new());
}

#[test]
fn hosts_do_not_forward_and_know_no_neighbour_at_the_start() {
    let net = two_plain_hosts("start", Wire::Veth);
    for host in net.hosts() {
        assert_eq!(host.get("ipv4/ip_forward"), "0");
        assert_eq!(host.get("ipv4/conf/eth0/forwarding"), "0");
        assert_eq!(host.run("ip neigh show").stdout, "", "the neighbours of {}", host.name());
    }
}

#[test]
fn a_namespace_is_gone_after_a_panic_and_so_is_what_runs_in_it() {
    let name = thread::spawn(|| {
        let netns = Netns::new("panic");
        let process = netns.spawn(&["tail", "-f", "/dev/null"]);
        let id = process.with(|child| child.id());
        std::panic::panic_any((netns.name().to_owned(), id));
    });
    let cause = name.join().expect_err("a panic");
    let (name, id) = *cause.downcast::<(String, u32)>().expect("what it was called");
    assert!(!Path::new("/var/run/netns").join(name).exists());
    assert!(!Path::new("/proc").join(id.to_string()).exists());
}

#[test]
fn commands_in_a_namespace_see_the_machines_bpffs() {
    let inside = Netns::new("bpffs").run("stat -f -c %T /sys/fs/bpf");
    assert_eq!(inside.lines(), ["bpf_fs"]);
}

#[test]
#[should_panic(expected = "`ip link show dev nothing` ended with")]
fn a_command_that_fails_is_named() {
    Netns::new("fails").run("ip link show dev nothing");
}

#[test]
fn a_veth_carries_large_packets_and_unfinished_checksums() {
    let net = two_plain_hosts("veth", Wire::Veth);
    let (a, b) = (net.host("a"), net.host("b"));
    let capture = net.capture_at("a", "tcp");
    tcp_transfer(a, b, b.address, 4 << 20);
    let pcap = capture.stop();
    assert!(pcap.frames().iter().any(|frame| frame.len() > 10_000));
    assert!(pcap.verify_checksums(Strictness::MayBeUnfinished).unfinished_frames > 0);
}

#[test]
fn an_emulated_wire_carries_packets_as_a_cable_does() {
    let net = two_plain_hosts("wire", Wire::Emulated);
    let (a, b) = (net.host("a"), net.host("b"));
    let capture = net.capture_at("a", "tcp");
    let throughput = tcp_transfer(a, b, b.address, 4 << 20);
    println!("{throughput}");
    let pcap = capture.stop();
    assert!(pcap.frames().iter().all(|frame| frame.len() <= 1514));
    let checksums = pcap.verify_checksums(Strictness::Finished);
    assert_eq!(checksums.right, 2 * checksums.frames, "IPv4 and TCP in every frame");
}

#[test]
fn a_wrong_checksum_is_noticed_even_where_it_may_be_unfinished() {
    let net = two_plain_hosts("wrong", Wire::Veth);
    let (a, b) = (net.host("a"), net.host("b"));
    let mut packet = udp4("192.168.1.100", "192.168.1.200", 1, 2, b"payload");
    *packet.last_mut().expect("a byte") ^= 1;
    let capture = net.capture_at("a", "udp");
    FrameSocket::open(a, "eth0").send(&ethernet(b.mac_of("eth0"), a.mac_of("eth0"), 0x0800, &packet));
    let pcap = capture.stop();
    for strictness in [Strictness::Finished, Strictness::MayBeUnfinished] {
        let verdict = catch_unwind(AssertUnwindSafe(|| pcap.verify_checksums(strictness)));
        let complaint = *verdict.expect_err("a panic").downcast::<String>().expect("a message");
        assert_eq!(
            complaint,
            "1 of 1 frames have a wrong checksum: [frame 1 ip.checksum.status=1 udp.checksum.status=0]"
        );
    }
}

#[test]
fn the_router_connects_two_subnets() {
    let net = Topology::new("routed").routed().host("a", Side::Kernel).host("b", Side::Kernel).up();
    let (a, b) = (net.host("a"), net.host("b"));
    assert_eq!(
        (a.address.to_string(), b.address.to_string()),
        ("192.168.1.100".into(), "192.168.2.200".into())
    );
    expect_ping(a, b.address, 2);
    expect_ping(b, a.address6, 2);
    udp_exchange(a, b, b.address, &[1, 1400]);
    assert_eq!(udp_gso_burst(a, b, b.address6, 1200, 100), 100);
}

#[test]
fn an_address_that_nobody_has_answers_no_ping() {
    let net = two_plain_hosts("nobody", Wire::Veth);
    assert_eq!(ping(net.host("a"), [192, 168, 1, 77], 1), 0);
}

#[test]
fn containers_have_the_addresses_they_were_given() {
    let net = Topology::new("given").host("a", Side::Kernel).address([192, 168, 1, 9].into());
    let net = net.container("c1").on("a").mac("52:5e:55:58:9a:ab").ipv4([10, 1, 1, 1].into()).up();
    let links = net.container("c1").json("ip -j addr show dev eth0");
    let link = json::objects(&links)[0];
    assert_eq!(link["address"], "52:5e:55:58:9a:ab");
    assert_eq!(link["addr_info"][0]["local"], "10.1.1.1");
    assert_eq!(link["addr_info"][1]["local"], "fd55::2");
    let port = net.host("a").json("ip -j link show dev p-c1");
    assert_eq!(json::objects(&port)[0]["operstate"], "UP");
}

#[test]
fn every_layer_of_a_vxlan_packet_is_decoded() {
    let net = two_plain_hosts("decode", Wire::Veth);
    let (a, b) = (net.host("a"), net.host("b"));
    let [to, from] = [b, a].map(|host| host.mac_of("eth0"));
    let inner = tagged(&ethernet(to, from, EXPERIMENTAL, &[7; 50]), 11);
    let outer = udp4("192.168.1.100", "192.168.1.200", 50_000, 8472, &Vxlan::new(444).before(&inner));
    let capture = net.capture_at("b", "udp");
    FrameSocket::open(a, "eth0").send(&ethernet(to, from, 0x0800, &outer));
    let pcap = capture.stop().with_vxlan_port(8472);

    let [packet] = pcap.packets() else { panic!("not one packet: {:?}", pcap.packets()) };
    assert!(packet.is_from_to(a.address, b.address) && packet.is_of_vni(444), "{packet:?}");
    assert_eq!(packet.outer.macs, Some((from, to)));
    assert_eq!(packet.outer.ports, Some((50_000, 8472)));
    let inner = packet.inner.as_ref().expect("a frame inside");
    assert_eq!((inner.macs, &inner.vlans[..], inner.ethertype), (Some((from, to)), &[11][..], EXPERIMENTAL));
}

#[test]
fn fragments_are_put_together_by_the_receiving_stack() {
    let net = two_plain_hosts("fragments", Wire::Emulated);
    let (a, b) = (net.host("a"), net.host("b"));
    let socket = b.within(|| std::net::UdpSocket::bind("192.168.1.200:9")).expect("a socket");
    socket.set_read_timeout(Some(SOON)).expect("a read timeout");
    let wire = FrameSocket::open(a, "eth0");
    for part in fragments(&udp4("192.168.1.100", "192.168.1.200", 1, 9, &[7; 4000]), 1500) {
        wire.send(&ethernet(b.mac_of("eth0"), a.mac_of("eth0"), 0x0800, &part));
    }
    assert_eq!(socket.recv(&mut [0; 8000]).expect("the datagram"), 4000);
}

#[test]
fn a_frame_socket_hears_others_and_not_itself() {
    let net = two_plain_hosts("frames", Wire::Veth);
    let (a, b) = (net.host("a"), net.host("b"));
    let [socket_a, socket_b] = [a, b].map(|host| FrameSocket::open(host, "eth0"));
    let frame = ethernet(b.mac_of("eth0"), a.mac_of("eth0"), EXPERIMENTAL, &[7; 46]);
    socket_a.send(&frame);
    assert_eq!(socket_b.receive(SOON, |got| got == frame), Some(frame.clone()));
    assert_eq!(socket_a.receive(Duration::from_millis(50), |got| got == frame), None);
}

#[test]
fn a_bounded_capture_stops_by_itself() {
    let net = two_plain_hosts("bounded", Wire::Veth);
    let (a, b) = (net.host("a"), net.host("b"));
    let capture = Capture::start_bounded(a, "eth0", "icmp", 3);
    expect_ping(a, b.address, 3);
    assert_eq!(capture.stop().packets().len(), 3);
}

#[test]
fn an_address_set_by_hand_is_seen_by_json() {
    let net = two_plain_hosts("json", Wire::Veth);
    let a = net.host("a");
    a.run("ip neigh add 192.168.1.77 lladdr 52:5e:55:58:9a:ab dev eth0");
    wait_until("the neighbour to be listed", SOON, || {
        let neighbours = a.json("ip -j neigh show");
        json::objects(&neighbours).iter().any(|neighbour| neighbour["dst"] == "192.168.1.77")
    });
}
