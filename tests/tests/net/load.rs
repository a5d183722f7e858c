//! The last act of a scenario: real load, compared at the far end, its packets judged.

use std::net::IpAddr;

use vxlan_tests::{
    Net, Netns,
    transfer::{BIG, tcp_transfer},
};

/// How many packets of a big transfer are judged.
const SAMPLE: u32 = 10_000;

/// The underlay's VXLAN packets, and the later parts of those that were fragmented.
pub const VXLAN: &str = "udp port 4789 or (ip[6:2] & 0x1fff != 0)";

/// Moves 64 MiB over TCP between two places that the overlay connects, and judges every checksum
/// of the packets that this puts on the wire of the first host.
#[track_caller]
pub fn carry_a_big_transfer(net: &Net, from: &Netns, to: &Netns, address: impl Into<IpAddr>) {
    let wire = net.capture_some_at(net.hosts()[0].name(), VXLAN, SAMPLE);
    let throughput = tcp_transfer(from, to, address, BIG);
    let checksums = wire.stop().verify_checksums(net.wire().strictness());
    println!("{throughput}; {checksums:?}");
}
