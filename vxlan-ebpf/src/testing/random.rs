//! Random and bent frames at both pipelines: nothing panics, every frame ends in one counter or passes untouched,
//! and what one host encapsulates another decapsulates to the same bytes.

use std::vec::Vec;

use proptest::prelude::*;
use vxlan_common::Target;

use super::*;
use crate::{
    overlay, underlay,
    verdict::Action,
    wire::{EtherType, Tag},
};

fn bent(mut bytes: Vec<u8>, changes: &[(usize, u8)], length: usize) -> Vec<u8> {
    for (at, byte) in changes {
        let at = at % bytes.len();
        bytes[at] = *byte;
    }
    bytes.truncate(length);
    bytes
}

/// Through the first stage and the one that it calls.
fn send(frame: &mut Bytes, host: &Host) -> Action {
    let verdict = overlay::run(frame, host, PORT_1);
    match verdict.action {
        Action::Flood => overlay::flood(frame, host, PORT_1).action,
        Action::FloodLocally => overlay::flood_locally(frame, host, PORT_1).action,
        Action::TooBig => overlay::too_big(frame, host, PORT_1).action,
        action => action,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_from_a_port_end_in_one_counter(bytes in prop::collection::vec(any::<u8>(), 0..200), segment in prop::option::of(1_u32..2000)) {
        let host = host();
        let mut frame = Bytes::new(bytes);
        frame.segment = segment;
        send(&mut frame, &host);
        prop_assert!(host.counted().is_some());
    }

    #[test]
    fn any_bytes_from_the_underlay_pass_or_end_in_one_counter(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let host = host();
        let action = underlay::run(&mut Bytes::new(bytes), &host).action;
        prop_assert!(action == Action::Pass || host.counted().is_some());
    }

    #[test]
    fn bent_packets_from_the_underlay_pass_or_end_in_one_counter(
        changes in prop::collection::vec((0_usize..120, any::<u8>()), 0..6),
        length in 0_usize..160,
        segment in prop::option::of(1_u32..2000),
    ) {
        let host = host();
        let mut frame = Bytes::new(bent(vxlan(PEER, &inner(C1, FAR, 40)), &changes, length));
        frame.segment = segment;
        let action = underlay::run(&mut frame, &host).action;
        prop_assert!(action == Action::Pass || host.counted().is_some());
    }

    #[test]
    fn bent_frames_from_a_port_end_in_one_counter(
        changes in prop::collection::vec((0_usize..60, any::<u8>()), 0..6),
        length in 0_usize..120,
    ) {
        let host = host();
        set(&host, FAR, Target::Remote(PEER_INDEX));
        send(&mut Bytes::new(bent(inner(FAR, C1, 40), &changes, length)), &host);
        prop_assert!(host.counted().is_some());
    }

    #[test]
    fn what_is_encapsulated_is_decapsulated_to_the_same_bytes(payload in 0_usize..1400, control in prop::option::of(any::<[u8; 2]>()), is_ip in any::<bool>()) {
        let there = host();
        set(&there, FAR, Target::Remote(PEER_INDEX));
        let sent = if is_ip { inner(FAR, C1, payload) } else { arp(FAR, C1) };
        let tag = control.map(|control| Tag { kind: EtherType::VLAN, control });
        let mut frame = Bytes::new(sent.clone());
        frame.tag = tag;
        prop_assume!(matches!(send(&mut frame, &there), Action::Neighbour | Action::NeighbourNotIp));

        let mut here = host();
        let overlay = *here.overlays.get(&key()).expect("the overlay");
        here.overlays.insert(key(), overlay.from_local(PEER));
        here.local.insert(PEER);
        here.known.insert(OWN);
        underlay::run(&mut frame, &here);
        prop_assert_eq!(frame.bytes, sent);
        prop_assert_eq!(frame.tag, tag);
    }
}
