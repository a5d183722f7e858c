//! Head-end replication to as many VTEPs as a list holds.
//!
//! ```text
//!   a: vxlan1, 512 VTEPs and itself in the list ==== b: vxlan1, and 512 addresses 10.7.h.l on lo
//! ```

use std::{collections::BTreeSet, fmt::Write as _, fs, net::IpAddr};

use vxlan_tests::{
    Host, Mac, Side, Topology,
    frames::{EXPERIMENTAL, FrameSocket, ethernet},
    json,
    wait::SOON,
    wait_until,
};

const VTEPS: u32 = 512;

fn address(number: u32) -> String {
    format!("10.7.{}.{}", number / 250, number % 250 + 1)
}

/// Runs a batch file of many commands at once.
fn batch(host: &Host, command: &str, lines: &str) {
    let file = std::env::temp_dir().join(format!("{}.batch", host.netns().name()));
    fs::write(&file, lines).expect("a file for the batch");
    match command {
        "vxbpf" => host.vxbpf(&format!("-batch {}", file.display())),
        _ => host.run(&format!("{command} -batch {}", file.display())),
    };
    fs::remove_file(&file).expect("the file to be there");
}

fn received(host: &Host, device: &str) -> u64 {
    let link = host.json(&format!("ip -j -s link show dev {device}"));
    json::objects(&link)[0]["stats64"]["rx"]["packets"].as_u64().expect("a count")
}

#[test]
fn a_flood_reaches_five_hundred_and_twelve_vteps_once_each_resolved_or_not() {
    let net = Topology::new("head-end").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let (a, b) = (net.host("a"), net.host("b"));
    let all: Vec<String> = (0..VTEPS).map(address).collect();
    let mut addresses = String::new();
    let mut entries = format!("fdb append 00:00:00:00:00:00 dev vxlan1 dst {}\n", a.address);
    for vtep in &all {
        let _ = writeln!(addresses, "addr add {vtep}/32 dev lo");
        let _ = writeln!(entries, "fdb append 00:00:00:00:00:00 dev vxlan1 dst {vtep}");
    }
    batch(b, "ip", &addresses);
    b.link_add("vxlan1", "id 444 dstport 4789");
    b.run("ip link set dev vxlan1 up");
    a.run("ip route add 10.7.0.0/16 dev eth0");
    a.link_add("vxlan1", "id 444 dstport 4789 local 192.168.1.100 dev eth0");
    batch(a, "vxbpf", &entries);
    a.run("ip link set dev vxlan1 up");

    let expected: BTreeSet<IpAddr> = all.iter().map(|vtep| vtep.parse().expect("an address")).collect();
    let socket = FrameSocket::open(a, "vxlan1");
    for round in 1..=2 {
        let sent = ethernet(Mac::BROADCAST, Mac([2, 0, 0, 0, 0, 5]), EXPERIMENTAL, &[round; 100]);
        let is_copy = |frame: &Vec<u8>| frame.ends_with(&sent);
        let before = received(b, "vxlan1");
        let on_the_wire = net.capture_at("a", "udp port 4789");
        socket.send(&sent);
        wait_until("all copies to arrive", SOON, || received(b, "vxlan1") - before >= u64::from(VTEPS));
        let pcap = on_the_wire.stop();
        pcap.verify_checksums(net.wire().strictness());
        let copies = pcap.frames().iter().filter(|frame| is_copy(frame)).count();
        assert_eq!(copies, VTEPS as usize, "round {round}: one copy each, byte by byte");
        let reached: BTreeSet<IpAddr> =
            pcap.packets().iter().filter_map(|packet| packet.outer.ips.map(|ips| ips.1)).collect();
        assert_eq!(reached, expected, "and none to this host");
    }
    assert_eq!(a.slow_path(), 0);
    let refused = a.try_vxbpf("fdb append 00:00:00:00:00:00 dev vxlan1 dst 10.8.0.1 via nosuch");
    assert_eq!(refused.status.code(), Some(2), "{refused}");
}
