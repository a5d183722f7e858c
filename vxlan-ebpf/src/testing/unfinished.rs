//! Which packets may carry a checksum that nobody has finished, as far as a hook can tell that has no help to finish it.

use std::{vec, vec::Vec};

use super::Bytes;
use crate::{frame::Inside, unfinished};

const ICMP: u8 = 1;
const IPIP: u8 = 4;
const TCP: u8 = 6;
const UDP: u8 = 17;
const GRE: u8 = 47;
const SCTP: u8 = 132;

/// From 10.0.0.1 to 10.0.0.2, `options` words of options, `payload` behind them.
fn ipv4(options: u8, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = 20 + 4 * options + payload.len() as u8;
    let mut bytes = vec![0x45 + options, 0, 0, length, 0, 0, 0, 0, 64, protocol, 0, 0];
    bytes.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(vec![1; 4 * usize::from(options)]);
    bytes.extend(payload);
    bytes
}

/// A UDP header with four bytes behind it.
fn udp(port: u16, checksum: u16) -> Vec<u8> {
    let ([a, b], [c, d]) = (port.to_be_bytes(), checksum.to_be_bytes());
    vec![0x12, 0x34, a, b, 0, 12, c, d, 1, 2, 3, 4]
}

fn tcp(checksum: u16) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn may_be4(bytes: Vec<u8>) -> bool {
    unfinished::may_be(&Bytes::new(bytes), 0, Inside::Ipv4)
}

/// The sum of the pseudo header of [`ipv4`].
fn pseudo(protocol: u8, length: u16) -> u16 {
    2 * 0x0a00 + 3 + u16::from(protocol) + length
}

#[test]
fn a_sum_of_the_pseudo_header_is_unfinished_and_any_other_is_not() {
    assert!(may_be4(ipv4(0, TCP, &tcp(pseudo(TCP, 20)))));
    assert!(!may_be4(ipv4(0, TCP, &tcp(0x4321))));
    assert!(may_be4(ipv4(0, UDP, &udp(53, pseudo(UDP, 12)))));
    assert!(!may_be4(ipv4(0, UDP, &udp(53, 0x4321))));
    assert!(!may_be4(ipv4(0, ICMP, &[8, 0, 0, 0, 0, 0, 0, 0])));
}

#[test]
fn what_would_not_show_may_be_unfinished() {
    for (what, packet) in [
        ("options", ipv4(1, TCP, &tcp(0x4321))),
        ("no UDP checksum", ipv4(0, UDP, &udp(53, 0))),
        ("a VXLAN packet", ipv4(0, UDP, &udp(4789, 0x4321))),
        ("a GENEVE packet", ipv4(0, UDP, &udp(6081, 0x4321))),
        ("IP in IP", ipv4(0, IPIP, &ipv4(0, TCP, &tcp(0x4321)))),
        ("GRE", ipv4(0, GRE, &[0; 8])),
        ("SCTP", ipv4(0, SCTP, &[0; 12])),
        ("half a header", ipv4(0, UDP, &[0; 4])),
        ("nothing", Vec::new()),
    ] {
        assert!(may_be4(packet), "{what}");
    }
}

#[test]
fn a_fragment_is_finished() {
    let mut fragment = ipv4(0, UDP, &udp(53, 0));
    fragment[6] = 0x20;
    assert!(!may_be4(fragment));
}

#[test]
fn extension_headers_hide_a_checksum() {
    let ipv6 = |next: u8, payload: &[u8]| {
        let mut bytes = vec![0; 40];
        (bytes[0], bytes[5], bytes[6]) = (0x60, payload.len() as u8, next);
        bytes.extend(payload);
        unfinished::may_be(&Bytes::new(bytes), 0, Inside::Ipv6)
    };
    assert!(!ipv6(TCP, &tcp(0x4321)));
    assert!(ipv6(TCP, &tcp(u16::from(TCP) + 20)));
    assert!(!ipv6(58, &[128, 0, 0, 0]));
    const DESTINATION_OPTIONS: u8 = 60;
    assert!(ipv6(DESTINATION_OPTIONS, &[TCP, 0, 1, 4, 0, 0, 0, 0]));
}
