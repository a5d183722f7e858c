//! What mode xdp does to frames: each is counted once, whichever hook ends it, and none is lost while hooks change.
//!
//! ```text
//!   c1 --- p-c1  a: eth0 ------ eth0 b  p-c2 --- c2        XDP at all four devices of the hosts
//! ```

use std::{
    net::UdpSocket,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use vxlan_tests::{
    Capture, Container, Host, Mac, Net, Netns, Side, Topology, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, IPV4, Vxlan, ethernet, tagged, udp4},
    wait::SOON,
};

const DATAGRAMS: usize = 10_000;
/// So many are on their way at once: less than the receiver's buffer holds.
const BURST: usize = 50;

fn hosts_in_mode_xdp(name: &str) -> Net {
    let net = Topology::new(name).cabled().host("a", Side::Vxbpf).host("b", Side::Vxbpf);
    let net = net.container("c1").on("a").container("c2").on("b").up();
    let ends = [("a", "c1", "192.168.1.200"), ("b", "c2", "192.168.1.100")];
    for (host, _, remote) in ends {
        let host = net.host(host);
        let local = host.address;
        host.link_add(
            "vxlan1",
            &format!("id 444 dstport 4789 remote {remote} local {local} mode xdp dev eth0"),
        );
        host.run("ip link set dev vxlan1 up");
    }
    // A veth takes redirected frames once its other end polls, which the program there makes it do: each command looks.
    for (host, container, _) in ends {
        net.host(host).vxbpf(&format!("port add p-{container} --vni 444 --mode xdp"));
    }
    expect_ping(net.container("c1"), net.container("c2").ipv4, 2);
    net
}

/// A number that a veth keeps of all its queues, such as `xdp_redirect`.
fn counted(netns: &Netns, device: &str, what: &str) -> u64 {
    let statistics = netns.run(&format!("ethtool -S {device}")).stdout;
    let numbers = statistics.lines().filter_map(|line| {
        let (name, number) = line.trim().split_once(": ")?;
        (name.starts_with("rx_queue_") && name.ends_with(what))
            .then(|| number.parse::<u64>().expect("a number"))
    });
    numbers.sum()
}

/// Sends numbered datagrams with finished checksums, a burst at a time, and expects each at the far end, once.
fn send_all(from: &Container, to: &Container) {
    let server = to.within(|| UdpSocket::bind((to.ipv4, 4000)).expect("a receiving socket"));
    server.set_read_timeout(Some(SOON)).expect("a read timeout");
    let sender = FrameSocket::open(from, "eth0");
    let (source, destination) = (from.ipv4.to_string(), to.ipv4.to_string());
    let mut arrived = vec![false; DATAGRAMS];
    for burst in (0..DATAGRAMS).collect::<Vec<_>>().chunks(BURST) {
        for number in burst {
            let packet = udp4(&source, &destination, 3000, 4000, &number.to_be_bytes());
            sender.send(&ethernet(to.mac, from.mac, IPV4, &packet));
        }
        for _ in burst {
            let mut number = [0; 8];
            let length = server.recv(&mut number).expect("as many as were sent");
            assert_eq!(length, number.len());
            let number = usize::from_be_bytes(number);
            assert!(!std::mem::replace(&mut arrived[number], true), "{number} arrived twice");
        }
    }
}

/// What moved while datagrams went from c1 to c2: counters of both hosts, and frames that XDP redirected at a's port and at
/// b's underlay device.
fn measured(net: &Net) -> [u64; 4] {
    let (a, b) = (net.host("a"), net.host("b"));
    let read = || {
        [
            a.counters().of("444 tx unicast"),
            b.counters().of("444 rx unicast"),
            counted(a, "p-c1", "xdp_redirect"),
            counted(b, "eth0", "xdp_redirect"),
        ]
    };
    let before = read();
    send_all(net.container("c1"), net.container("c2"));
    let after = read();
    [0, 1, 2, 3].map(|at| after[at] - before[at])
}

#[test]
fn every_datagram_is_counted_once_and_xdp_does_the_work_where_the_container_polls_and_tc_where_not() {
    let net = hosts_in_mode_xdp("xdp-count");
    let (b, c2) = (net.host("b"), net.container("c2"));
    let all = DATAGRAMS as u64;
    // TC has the few for which a next hop is asked for anew.
    let almost_all = all * 99 / 100..=all;

    c2.run("ethtool -K eth0 gro off");
    b.vxbpf("port add p-c2 --vni 444 --mode xdp");
    let [sent, received, from_port, to_port] = measured(&net);
    assert_eq!((sent, received), (all, all));
    assert!(almost_all.contains(&from_port), "{from_port} of {all} were redirected at the port");
    assert_eq!(to_port, 0, "the container does not poll: TC delivers");

    c2.run("ethtool -K eth0 gro on");
    b.vxbpf("port add p-c2 --vni 444 --mode xdp");
    let [sent, received, from_port, to_port] = measured(&net);
    assert_eq!((sent, received), (all, all));
    assert!(almost_all.contains(&from_port), "{from_port} of {all} were redirected at the port");
    assert!(almost_all.contains(&to_port), "{to_port} of {all} were redirected to the container");
}

#[test]
fn no_frame_is_lost_while_modes_change() {
    let net = hosts_in_mode_xdp("xdp-live");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    // Sockets leave checksums to the device: where it does not finish them they are finished before, and XDP takes part.
    for container in [c1, c2] {
        container.run("ethtool -K eth0 tx off gro on");
    }
    // A veth that stops to poll, as one without GRO does when its program goes, drops what waits for it, and what others
    // redirect to its other end.
    for (host, port) in [("a", "p-c1"), ("b", "p-c2")] {
        for device in ["eth0", port] {
            net.host(host).run(&format!("ethtool -K {device} gro on"));
        }
    }
    let server = c2.within(|| UdpSocket::bind((c2.ipv4, 4000)).expect("a receiving socket"));
    let client = c1.within(|| UdpSocket::bind((c1.ipv4, 0)).expect("a sending socket"));
    client.connect((c2.ipv4, 4000)).expect("a way there");
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(SOON)).expect("a read timeout");
    }
    let is_over = AtomicBool::new(false);
    let exchanged = thread::scope(|scope| {
        // Each one is answered before the next: whatever is lost is noticed, and stops the stream.
        let stream = scope.spawn(|| {
            let mut number: u64 = 0;
            while !is_over.load(Ordering::Relaxed) {
                let mut got = [0; 8];
                client.send(&number.to_be_bytes()).expect("sent");
                let (_, back) =
                    server.recv_from(&mut got).unwrap_or_else(|error| panic!("{number}: {error}"));
                server.send_to(&got, back).expect("answered");
                let length =
                    client.recv(&mut got).unwrap_or_else(|error| panic!("answer to {number}: {error}"));
                assert_eq!((length, u64::from_be_bytes(got)), (8, number), "in order, once");
                number += 1;
            }
            number
        });
        for _ in 0..2 {
            for mode in ["tc", "auto", "xdp"] {
                for (host, port) in [("a", "p-c1"), ("b", "p-c2")] {
                    let host = net.host(host);
                    host.link_set(&format!("vxlan1 type vxlan mode {mode}"));
                    host.vxbpf(&format!("port add {port} --vni 444 --mode {mode}"));
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
        stream.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))
    });
    assert!(exchanged > 1000, "{exchanged} datagrams there and back");
}

/// A tag that lies beside a frame is not to be seen by XDP. One gets there from a bridge, whose port took it out of a
/// frame: x1 --- x0 br0 eth0, all in the container.
#[test]
fn tags_that_lie_beside_frames_are_kept_after_the_first_broadcast() {
    let net = hosts_in_mode_xdp("xdp-tags");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    c1.run("ip link add name x0 type veth peer name x1");
    c1.run("ip link set dev x1 up");
    for command in ["ip link add name br0 type bridge", "ip link set dev br0 up"] {
        c1.run(command);
    }
    for port in ["x0", "eth0"] {
        c1.run(&format!("ip link set dev {port} master br0 up"));
    }
    let sender = FrameSocket::open(c1, "x1");
    let at_the_far_end = Capture::start(c2, "eth0", "vlan");
    let receiver = FrameSocket::open(c2, "eth0");
    let station = Mac([2, 0, 0, 0, 7, 7]);

    let greeting = tagged(&ethernet(Mac::BROADCAST, station, EXPERIMENTAL, &[1; 60]), 7);
    vxlan_tests::wait_until("the bridge to forward a broadcast", SOON, || {
        sender.send(&greeting);
        receiver.receive(SOON / 50, |got| got.ends_with(&[1; 60])).is_some()
    });
    let packet = |number: u8| udp4("172.55.1.77", &c2.ipv4.to_string(), 3000, 4001, &[number; 60]);
    let sent: Vec<Vec<u8>> =
        (10..30).map(|number| tagged(&ethernet(c2.mac, station, IPV4, &packet(number)), 7)).collect();
    for frame in &sent {
        sender.send(frame);
        let payload = &frame[frame.len() - 60..];
        assert!(receiver.receive(SOON, |got| got.ends_with(payload)).is_some(), "{payload:?}");
    }
    let arrived = at_the_far_end.stop().frames();
    for frame in &sent {
        assert!(arrived.contains(frame), "its tag is lost: {:02x?}", &frame[12..]);
    }
}

fn xdp_drops(host: &Host) -> u64 {
    counted(host, "eth0", "xdp_drops")
}

#[test]
fn a_strangers_packets_are_dropped_by_xdp_and_counted_once() {
    const PACKETS: u64 = 500;
    let net = hosts_in_mode_xdp("xdp-stranger");
    let (a, b, c1) = (net.host("a"), net.host("b"), net.container("c1"));
    let inner =
        ethernet(c1.mac, Mac([2, 0, 0, 0, 7, 7]), IPV4, &udp4("172.55.1.9", "172.55.1.2", 1, 2, &[0; 60]));
    let packet = udp4("192.168.1.66", "192.168.1.100", 50_000, 4789, &Vxlan::new(444).before(&inner));
    let mut frame = ethernet(a.mac_of("eth0"), b.mac_of("eth0"), IPV4, &packet);
    // As VTEPs send it: without a checksum (RFC 7348 section 5).
    frame[40..42].fill(0);
    let (counters, drops) = (a.counters(), xdp_drops(a));

    let sender = FrameSocket::open(b, "eth0");
    for _ in 0..PACKETS {
        sender.send(&frame);
    }

    vxlan_tests::wait_until("all of them to be dropped", SOON, || xdp_drops(a) - drops >= PACKETS);
    assert_eq!(a.counters().of("444 rx not_admitted") - counters.of("444 rx not_admitted"), PACKETS);
    assert_eq!(xdp_drops(a) - drops, PACKETS);
}
