//! A UDP datagram inside VXLAN, its two checksums in every state they can be in.

use crate::{
    frames::{Vxlan, ethernet, udp4},
    mac::mac,
};

use super::*;

const OUTER_FIELD: usize = ETHERNET + 20 + 6;
const INNER_FIELD: usize = ETHERNET + 20 + UDP + VXLAN + ETHERNET + 20 + 6;

/// A frame whose checksums are both right.
fn right() -> Vec<u8> {
    let [a, b] = [mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")];
    let inner = udp4("172.55.1.2", "172.55.1.3", 1000, 2000, b"an odd payload!");
    let inner = ethernet(b, a, 0x0800, &inner);
    let vxlan = Vxlan::new(444).before(&inner);
    let outer = udp4("192.168.1.100", "192.168.1.200", 50000, 4789, &vxlan);
    ethernet(b, a, 0x0800, &outer)
}

fn with(mut frame: Vec<u8>, field: usize, value: u16) -> Vec<u8> {
    frame[field..field + 2].copy_from_slice(&value.to_be_bytes());
    frame
}

/// The folded sum of the pseudo-header of the segment at `at`.
fn pseudo(frame: &[u8], at: usize) -> u16 {
    fold(segment(frame, at).expect("a segment").pseudo)
}

#[test]
fn right_checksums_are_right() {
    assert_eq!(transport_sums(&right(), &[4789]), [Sum::Right, Sum::Right]);
}

#[test]
fn without_the_port_the_inner_one_is_payload() {
    assert_eq!(transport_sums(&right(), &[8472]), [Sum::Right]);
}

#[test]
fn zero_is_absent() {
    let frame = with(right(), OUTER_FIELD, 0);
    assert_eq!(transport_sums(&frame, &[4789]), [Sum::Absent, Sum::Right]);
}

#[test]
fn an_inner_pseudo_header_sum_is_unfinished_and_the_outer_one_may_count_on_it() {
    let inner = pseudo(&right(), ETHERNET + 20 + UDP + VXLAN);
    let frame = with(right(), INNER_FIELD, inner);
    assert_eq!(transport_sums(&frame, &[4789]), [Sum::RightOnceInnerIsFinished, Sum::Unfinished]);
}

#[test]
fn both_may_be_unfinished() {
    let frame = with(right(), INNER_FIELD, pseudo(&right(), ETHERNET + 20 + UDP + VXLAN));
    let frame = with(frame, OUTER_FIELD, pseudo(&right(), 0));
    assert_eq!(transport_sums(&frame, &[4789]), [Sum::Unfinished, Sum::Unfinished]);
}

#[test]
fn any_other_value_is_wrong() {
    let frame = with(right(), INNER_FIELD, 0x1234);
    assert_eq!(transport_sums(&frame, &[4789]), [Sum::Wrong, Sum::Wrong]);
    let frame = with(right(), OUTER_FIELD, 0x1234);
    assert_eq!(transport_sums(&frame, &[4789]), [Sum::Wrong, Sum::Right]);
}
