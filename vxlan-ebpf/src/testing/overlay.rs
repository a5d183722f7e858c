//! From a port towards the underlay.

use vxlan_common::{Df, Direction, HopState, Mac, NextHop, Outcome, OverlayFlags, Seconds, Target};

use super::*;
use crate::{
    Frame,
    overlay::{flood, flood_locally, run, too_big},
    verdict::{Action, Verdict},
    wire::{EtherType, Ipv4, Outer4, Tag},
};

/// The counter of the overlay's direction.
fn tx(outcome: Outcome) -> Option<(Option<Direction>, Outcome)> {
    Some((Some(Direction::Tx), outcome))
}

#[test]
fn a_frame_for_a_known_station_leaves_once_to_its_vtep() {
    let host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    let sent = inner(FAR, C1, 100);
    let mut frame = Bytes::new(sent.clone());

    let verdict = run(&mut frame, &host, PORT_1);

    assert_eq!(verdict, Verdict::neighbour(ETH0, PEER, true));
    assert_eq!(host.counted(), tx(Outcome::Unicast));
    let outer = *frame.view::<Outer4>(0).expect("outer headers");
    assert!(outer.ip.is_sound());
    assert_eq!((outer.ip.source(), outer.ip.destination()), (OWN, PEER));
    assert_eq!((outer.ip.ttl, outer.ip.total_len()), (64, frame.bytes.len() - 14));
    assert_eq!(outer.vxlan.vni(), Some(key().vni()));
    assert_eq!((outer.udp.destination().0, outer.udp.checksum()), (4789, 0));
    assert_eq!(outer.udp.len(), frame.bytes.len() - 34);
    assert!(outer.udp.source() >= 49152);
    assert_eq!(frame.bytes[50..], sent);
    assert!(frame.copies.is_empty());
}

#[test]
fn a_tag_beside_the_frame_goes_into_it() {
    let host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    let sent = inner(FAR, C1, 100);
    let mut frame = Bytes::new(sent.clone());
    frame.tag = Some(Tag { kind: EtherType::VLAN, control: [0x20, 0x2a] });

    run(&mut frame, &host, PORT_1);

    assert_eq!(frame.tag, None);
    assert_eq!(frame.bytes[50..62], sent[..12]);
    assert_eq!(frame.bytes[62..68], [0x81, 0, 0x20, 0x2a, 8, 0]);
    assert_eq!(frame.bytes[68..], sent[14..]);
}

#[test]
fn a_flow_keeps_its_source_port_and_flows_are_spread() {
    let host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    let port_of = |inner_port: u16| {
        let mut sent = inner(FAR, C1, 10);
        sent[34..36].copy_from_slice(&inner_port.to_be_bytes());
        let mut frame = Bytes::new(sent);
        run(&mut frame, &host, PORT_1);
        frame.view::<Outer4>(0).expect("outer headers").udp.source()
    };
    assert_eq!(port_of(7), port_of(7));
    let ports: std::collections::HashSet<u16> = (0..200).map(port_of).collect();
    assert!(ports.len() > 190, "{} ports for 200 flows", ports.len());
}

#[test]
fn ttl_tos_and_df_are_as_asked_and_ecn_is_the_inner_one() {
    let mut host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    let send = |host: &Host, tos: u8| {
        let mut frame = Bytes::new(inner(FAR, C1, 10));
        frame.view_mut::<Ipv4>(14).expect("inner IP").set_tos(tos);
        run(&mut frame, host, PORT_1);
        frame.view::<Outer4>(0).expect("outer headers").ip
    };
    for ecn in 0..4 {
        assert_eq!(send(&host, 0x28 | ecn).tos, ecn, "fixed TOS 0");
    }
    let overlay = host.overlays.get_mut(&key()).expect("the overlay");
    overlay.flags |= OverlayFlags::TTL_INHERIT | OverlayFlags::TOS_INHERIT;
    *overlay = overlay.with_df(Df::Set);
    let ip = send(&host, 0x29);
    assert_eq!((ip.tos, ip.ttl, ip.dont_fragment()), (0x29, 64, true));
    assert!(ip.is_sound());
}

#[test]
fn broadcast_goes_to_every_port_and_vtep_but_the_sender_and_this_host() {
    let host = host();
    let sent = arp(Mac::BROADCAST, C1);
    let mut frame = Bytes::new(sent.clone());

    assert_eq!(run(&mut frame, &host, PORT_1).action, Action::Flood);
    assert_eq!(host.counted(), None, "the next stage counts it");
    let verdict = flood(&mut frame, &host, PORT_1);

    assert_eq!(host.counted(), tx(Outcome::Flooded));
    assert_eq!(verdict, Verdict::neighbour(ETH0, OTHER, false), "the last VTEP gets the frame itself");
    assert_eq!(frame.view::<Outer4>(0).expect("outer headers").ip.destination(), OTHER);
    let [Copied::To(port, to_port), Copied::Into(device, to_device), Copied::To(eth0, to_peer)] =
        &frame.copies[..]
    else {
        panic!("{:?}", frame.copies);
    };
    assert_eq!((*port, *device, *eth0), (PORT_2, VTEP, ETH0));
    assert_eq!((to_port, to_device), (&sent, &sent));
    let outer = *Bytes::new(to_peer.clone()).view::<Outer4>(0).expect("outer headers");
    assert_eq!(outer.ip.destination(), PEER);
    assert!(outer.ip.is_sound());
    assert_eq!(to_peer[50..], sent);
}

#[test]
fn a_copy_whose_neighbour_is_not_known_takes_the_detour_that_can_wait() {
    let mut host = host();
    host.hops.get_mut(&PEER_INDEX).expect("the hop").set_state(HopState::Unresolved);
    let mut frame = Bytes::new(arp(Mac::BROADCAST, C1));
    flood(&mut frame, &host, VTEP);
    assert!(frame.copies.iter().any(|copy| matches!(copy, Copied::ToResolve(device, _) if *device == VTEP)));
}

#[test]
fn a_station_behind_another_port_is_reached_without_the_underlay() {
    let host = host();
    run(&mut Bytes::new(inner(FAR, C2, 10)), &host, PORT_2);
    host.recount();
    let verdict = run(&mut Bytes::new(inner(C2, C1, 10)), &host, PORT_1);
    assert_eq!((verdict, host.counted()), (Verdict::with(Action::Peer, PORT_2), tx(Outcome::Switched)));

    host.recount();
    let verdict = run(&mut Bytes::new(arp(C2, C1)), &host, PORT_1);
    assert_eq!(verdict, Verdict::with(Action::Egress, PORT_2), "what is not IP goes through the veth");

    host.recount();
    let verdict = run(&mut Bytes::new(inner(C2, C1, 10)), &host, PORT_2);
    assert_eq!((verdict, host.counted()), (Verdict::STOP, tx(Outcome::SamePort)));
}

#[test]
fn an_entry_that_names_this_host_floods_its_ports_until_the_station_speaks() {
    let host = host();
    set(&host, C2, Target::Remote(vxlan_common::RemoteIndex(3)));
    let mut frame = Bytes::new(inner(C2, C1, 10));
    assert_eq!(run(&mut frame, &host, PORT_1).action, Action::FloodLocally);
    assert_eq!(flood_locally(&mut frame, &host, PORT_1), Verdict::STOP);
    assert_eq!(frame.copies.len(), 2, "the other port and the VTEP device");

    run(&mut Bytes::new(inner(FAR, C2, 10)), &host, PORT_2);
    let verdict = run(&mut Bytes::new(inner(C2, C1, 10)), &host, PORT_1);
    assert_eq!(verdict, Verdict::with(Action::Peer, PORT_2));
}

#[test]
fn what_does_not_fit_is_answered_with_the_mtu_that_does() {
    let host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    let fits = inner(FAR, C1, 1450 - 28);
    assert_eq!(run(&mut Bytes::new(fits), &host, PORT_1).action, Action::Neighbour);
    host.recount();

    let mut frame = Bytes::new(inner(FAR, C1, 1451 - 28));
    assert_eq!(run(&mut frame, &host, PORT_1).action, Action::TooBig);
    let verdict = too_big(&mut frame, &host, PORT_1);
    assert_eq!((verdict, host.counted()), (Verdict::with(Action::Egress, PORT_1), tx(Outcome::TooBig)));
    assert_eq!(frame.bytes.len(), 70);
    assert_eq!(frame.bytes[..6], C1.0);
    assert_eq!(frame.bytes[34..36], [3, 4]);
    assert_eq!(frame.bytes[40..42], 1450_u16.to_be_bytes());

    host.recount();
    let mut frame = Bytes::new([arp(FAR, C1), std::vec![0; 1500]].concat());
    run(&mut frame, &host, PORT_1);
    too_big(&mut frame, &host, PORT_1);
    assert_eq!(host.counted(), tx(Outcome::TooBigUnanswered));
}

#[test]
fn segments_are_measured_each_and_sent_whole() {
    let host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    for (segment, action) in [(1422, Action::Neighbour), (1423, Action::TooBig)] {
        let mut frame = Bytes::new(inner(FAR, C1, 60_000));
        frame.segment = Some(segment);
        assert_eq!(run(&mut frame, &host, PORT_1).action, action, "{segment}");
    }
}

#[test]
fn without_a_way_a_frame_is_dropped_or_left_to_the_device() {
    let mut host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    for (state, outcome, action) in [
        (HopState::NoRoute, Outcome::NoRoute, Action::Stop),
        (HopState::Unknown, Outcome::SlowPath, Action::Device),
    ] {
        host.hops.insert(PEER_INDEX, NextHop::new(state, 1, Seconds(1000)));
        host.recount();
        let verdict = run(&mut Bytes::new(inner(FAR, C1, 10)), &host, PORT_1);
        assert_eq!((verdict.action, host.counted()), (action, tx(outcome)));
    }
}

#[test]
fn a_source_that_is_no_station_is_dropped() {
    for source in [Mac::ZERO, Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 1])] {
        let host = host();
        assert_eq!(run(&mut Bytes::new(inner(FAR, source, 10)), &host, PORT_1), Verdict::STOP);
        assert_eq!(host.counted(), tx(Outcome::SourceMacInvalid));
    }
}
