//! From the underlay towards the ports.

use vxlan_common::{Direction, IfIndex, Mac, Outcome, OverlayFlags, Target, Vni};

use super::*;
use crate::{
    Frame,
    frame::Addressed,
    underlay::{from_device, run},
    verdict::{Action, Verdict},
    wire::{Ethernet, Ipv4},
};

fn rx(outcome: Outcome) -> Option<(Option<Direction>, Outcome)> {
    Some((Some(Direction::Rx), outcome))
}

fn outside(outcome: Outcome) -> Option<(Option<Direction>, Outcome)> {
    Some((None, outcome))
}

/// Sends bytes to a fresh host; the verdict, and what was counted.
fn receive(bytes: std::vec::Vec<u8>) -> (Verdict, Option<(Option<Direction>, Outcome)>) {
    let host = host();
    let verdict = run(&mut Bytes::new(bytes), &host);
    (verdict, host.counted())
}

#[test]
fn a_frame_for_a_known_port_is_delivered_into_the_container() {
    let host = host();
    set(&host, C1, Target::Port(PORT_1));
    let sent = inner(C1, FAR, 50);
    let mut frame = Bytes::new(vxlan(PEER, &sent));
    let verdict = run(&mut frame, &host);
    assert_eq!((verdict, host.counted()), (Verdict::with(Action::Peer, PORT_1), rx(Outcome::Unicast)));
    assert_eq!(frame.bytes, sent);
    let learned = host.fdb.borrow()[&station(FAR)];
    assert_eq!(learned.target(), Target::Remote(PEER_INDEX));
}

#[test]
fn an_unknown_station_is_sought_at_all_ports_and_never_in_the_underlay() {
    let host = host();
    let mut frame = Bytes::new(vxlan(PEER, &inner(C1, FAR, 50)));
    let verdict = run(&mut frame, &host);
    assert_eq!((verdict, host.counted()), (Verdict::with(Action::Ingress, VTEP), rx(Outcome::Flooded)));
    let devices: std::vec::Vec<IfIndex> = frame
        .copies
        .iter()
        .map(|copy| if let Copied::To(device, _) = copy { *device } else { IfIndex::NONE })
        .collect();
    assert_eq!(devices, [PORT_1, PORT_2]);
}

#[test]
fn what_is_not_for_us_passes_uncounted() {
    let transit = outer(PEER, OTHER, key().vni(), &inner(C1, FAR, 50), false);
    assert_eq!(receive(transit), (Verdict::PASS, None));
    let host = host();
    let mut frame = Bytes::new(vxlan(PEER, &inner(C1, FAR, 50)));
    frame.addressed = Addressed::Other;
    assert_eq!((run(&mut frame, &host), host.counted()), (Verdict::PASS, None));
    assert_eq!(receive(inner(C1, FAR, 50)), (Verdict::PASS, None));
}

#[test]
fn each_bad_frame_has_its_own_counter() {
    let good = || vxlan(PEER, &inner(C1, FAR, 50));
    let bend = |at: usize, byte: u8| {
        let mut bytes = good();
        bytes[at] = byte;
        bytes
    };
    let seal = |mut bytes: std::vec::Vec<u8>| {
        let mut frame = Bytes::new(std::mem::take(&mut bytes));
        let ip = frame.view_mut::<Ipv4>(14).expect("outer IP");
        *ip = ip.between(ip.source_bytes(), ip.destination_bytes());
        frame.bytes
    };
    let unknown = Vni::from_wire([9, 9, 9]);
    let bad_checksum = {
        let mut bytes = outer(PEER, OWN, key().vni(), &inner(C1, FAR, 50), true);
        bytes[41] ^= 1;
        bytes
    };
    let cases = [
        ("no I flag", bend(42, 0), Verdict::STOP, outside(Outcome::NoVniFlag)),
        (
            "unknown VNI",
            outer(PEER, OWN, unknown, &inner(C1, FAR, 50), false),
            Verdict::PASS,
            outside(Outcome::UnknownVni),
        ),
        ("UDP length", bend(39, 9), Verdict::STOP, outside(Outcome::BadLength)),
        ("IP checksum", bend(22, 63), Verdict::STOP, outside(Outcome::BadOuterHeader)),
        ("IP options", bend(14, 0x46), Verdict::PASS, None),
        ("UDP checksum", bad_checksum, Verdict::STOP, outside(Outcome::BadChecksum)),
        (
            "stranger",
            vxlan(vxlan_common::Address::v4([10, 0, 0, 66]), &inner(C1, FAR, 50)),
            Verdict::STOP,
            rx(Outcome::NotAdmitted),
        ),
        (
            "multicast source",
            vxlan(PEER, &inner(C1, Mac::BROADCAST, 50)),
            Verdict::STOP,
            rx(Outcome::SourceMacInvalid),
        ),
        ("zero source", vxlan(PEER, &inner(C1, Mac::ZERO, 50)), Verdict::STOP, rx(Outcome::SourceMacInvalid)),
        ("our own source", vxlan(PEER, &inner(C1, DEVICE_MAC, 50)), Verdict::STOP, rx(Outcome::SourceMacOwn)),
        (
            "first fragment",
            seal(bend(20, 0x20)),
            Verdict::with(Action::Device, VTEP),
            rx(Outcome::OuterFragment),
        ),
    ];
    for (name, bytes, verdict, counted) in cases {
        assert_eq!(receive(bytes), (verdict, counted), "{name}");
    }
}

#[test]
fn checksums_that_are_zero_or_right_are_accepted_and_padding_is_cut() {
    let host = host();
    for with_checksum in [false, true] {
        let sent = inner(C1, FAR, 51);
        let mut frame = Bytes::new(outer(PEER, OWN, key().vni(), &sent, with_checksum));
        run(&mut frame, &host);
        assert_eq!(frame.bytes, sent);
    }
    let sent = inner(C1, FAR, 51);
    let mut frame = Bytes::new([vxlan(PEER, &sent), std::vec![0; 7]].concat());
    run(&mut frame, &host);
    assert_eq!(frame.bytes, sent);
}

#[test]
fn truncated_at_every_byte_it_is_dropped_or_passed_and_never_delivered() {
    let whole = vxlan(PEER, &inner(C1, FAR, 50));
    for length in 0..whole.len() {
        let (verdict, _) = receive(whole[..length].to_vec());
        assert!(verdict == Verdict::STOP || verdict == Verdict::PASS, "{length}: {verdict:?}");
    }
}

#[test]
fn admission_can_be_widened_to_a_prefix_or_to_everyone() {
    let stranger = vxlan_common::Address::v4([10, 99, 0, 1]);
    for (flags, admitted) in [
        (OverlayFlags::ADMIT_KNOWN, false),
        (OverlayFlags::ADMIT_KNOWN | OverlayFlags::ADMIT_PREFIXES, true),
        (0, true),
    ] {
        let mut host = host();
        host.overlays.get_mut(&key()).expect("the overlay").flags = flags;
        let verdict = run(&mut Bytes::new(vxlan(stranger, &inner(C1, FAR, 50))), &host);
        assert_eq!(verdict != Verdict::STOP, admitted, "{flags}");
    }
}

#[test]
fn a_frame_that_came_past_our_program_is_not_believed() {
    let host = host();
    set(&host, C1, Target::Port(PORT_1));
    let bytes = inner(C1, FAR, 50);
    assert_eq!(from_device(&mut Bytes::new(bytes.clone()), &host, VTEP, false), Verdict::STOP);
    assert_eq!(host.counted(), rx(Outcome::Unwatched));
    host.recount();
    let verdict = from_device(&mut Bytes::new(bytes), &host, VTEP, true);
    assert_eq!((verdict, host.counted()), (Verdict::with(Action::Egress, PORT_1), None));
}

#[test]
fn congestion_on_the_path_reaches_the_inner_packet_with_its_checksum() {
    let host = host();
    let mut sent = Bytes::new(inner(C1, FAR, 50));
    sent.view_mut::<Ipv4>(14).expect("inner IP").set_tos(2);
    let mut frame = Bytes::new(vxlan(PEER, &sent.bytes));
    frame.view_mut::<Ipv4>(14).expect("outer IP").set_tos(3);
    run(&mut frame, &host);
    let ip = frame.view::<Ipv4>(14).expect("inner IP");
    assert_eq!(ip.tos, 3);
    assert!(ip.is_sound());
    assert_eq!(frame.view::<Ethernet>(0).expect("inner Ethernet").source(), FAR);
}

#[test]
fn udp_segments_that_arrive_whole_are_left_to_the_device() {
    let host = host();
    let mut frame = Bytes::new(vxlan(PEER, &inner(C1, FAR, 5000)));
    frame.segment = Some(1000);
    let verdict = run(&mut frame, &host);
    assert_eq!((verdict, host.counted()), (Verdict::with(Action::Device, VTEP), rx(Outcome::UdpGso)));
}
