//! The last act of a scenario: real load, compared at the far end, its packets judged.

use std::net::IpAddr;

use vxlan_tests::{
    Host, Net, Netns, Side,
    transfer::{BIG, tcp_transfer},
};

/// How many packets of a big transfer are judged.
const SAMPLE: u32 = 10_000;

/// The underlay's VXLAN packets, and the later parts of those that were fragmented.
pub const VXLAN: &str = "udp port 4789 or (ip[6:2] & 0x1fff != 0)";

/// Moves 64 MiB over TCP between two places that the overlay connects, and judges every checksum
/// of the packets that this puts on the wire of the first host. No frame of it may take the slow path of a vxbpf host.
#[track_caller]
pub fn carry_a_big_transfer(net: &Net, from: &Netns, to: &Netns, address: impl Into<IpAddr>) {
    let before = slow_paths(net);
    let wire = net.capture_some_at(net.hosts()[0].name(), VXLAN, SAMPLE);
    let throughput = tcp_transfer(from, to, address, BIG);
    let checksums = wire.stop().verify_checksums(net.wire().strictness());
    assert_eq!(slow_paths(net), before, "a steady stream took the slow path");
    println!("{throughput}; {checksums:?}");
}

/// Frames that the slow path of each vxbpf host took so far.
pub fn slow_paths(net: &Net) -> Vec<u64> {
    net.hosts().iter().filter(|host| host.side() == Side::Vxbpf).map(Host::slow_path).collect()
}
