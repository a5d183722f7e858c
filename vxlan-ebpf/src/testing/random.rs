//! Random and bent frames at both pipelines: nothing panics, every frame ends in one counter or passes untouched
//! ([`super::journey`] asserts it of each), and what one host encapsulates another decapsulates to the same bytes.

use std::vec::Vec;

use proptest::{prelude::*, strategy::Union};
use vxlan_common::{Address, Mac, NeighEntry, NeighKey, Nud, Outcome, OverlayFlags, Seconds, Target};

use super::frames::unfinished;
use super::questions::{Request, Solicitation, v6};
use super::*;
use crate::wire::{EtherType, Tag};

type Changes = Vec<(usize, u8)>;

/// A few bytes to overwrite, most of them in the headers.
fn changes() -> impl Strategy<Value = Changes> {
    prop::collection::vec((0_usize..130, any::<u8>()), 0..6)
}

fn bent(mut bytes: Vec<u8>, changes: &Changes, length: usize) -> Vec<u8> {
    for (at, byte) in changes {
        if let Some(there) = bytes.get_mut(*at) {
            *there = *byte;
        }
    }
    bytes.truncate(length);
    bytes
}

/// What stations send to `destination`: all kinds, each with a payload of less than `longest` bytes
fn any_inner(
    destination: Mac,
    source: Mac,
    longest: usize,
    most_tags: usize,
) -> impl Strategy<Value = Vec<u8>> {
    let make = (any::<bool>(), 0_u8..4, any::<(u16, u16)>(), 0..=most_tags, 0..longest, 0_u8..7);
    make.prop_map(move |(is_v6, ecn, (from, to), tags, payload, kind)| {
        let mut inner = Inner::new(destination, source).tos(ecn).ports(from, to);
        if is_v6 {
            inner = inner.v6();
        }
        for tag in 0..tags {
            inner = inner.tagged([0x81, 0, 0x20, tag as u8]);
        }
        match kind {
            0 => inner.udp(payload),
            1 => inner.tcp(payload),
            2 => inner.icmp(8, payload),
            3 => inner.other(132, payload),
            4 => inner.arp(),
            5 => inner.lldp(),
            _ => inner.raw(0x88b5, &std::vec![7; payload]),
        }
    })
}

fn any_destination() -> impl Strategy<Value = Mac> {
    Union::new([FAR, C2, C1, DEVICE_MAC, Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 1])].map(Just))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_from_a_port_end_in_one_counter(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        segment in prop::option::of(0_u32..2000),
    ) {
        let mut frame = Bytes::new(bytes);
        frame.segment = segment;
        prop_assert!(host().send(frame, PORT_1).counted.is_some());
    }

    #[test]
    fn any_bytes_from_the_underlay_pass_or_end_in_one_counter(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        host().receive(bytes);
    }

    #[test]
    fn bent_packets_from_the_underlay_pass_or_end_in_one_counter(
        inner in any_inner(C1, FAR, 60, 2),
        has_checksum in any::<bool>(),
        changes in changes(),
        length in 0_usize..200,
        segment in prop::option::of(0_u32..2000),
    ) {
        let checksum = if has_checksum { Checksummed::Right } else { Checksummed::No };
        let packet = Packet::from(PEER).checksum(checksum).carrying(&inner);
        let mut frame = Bytes::new(bent(packet, &changes, length));
        frame.segment = segment;
        host().receive(frame);
    }

    #[test]
    fn bent_frames_from_a_port_end_in_one_counter(
        inner in any_destination().prop_flat_map(|destination| any_inner(destination, C1, 1600, 3)),
        changes in changes(),
        length in 0_usize..1700,
        from_device in any::<bool>(),
        control in prop::option::of(any::<[u8; 2]>()),
        segment in prop::option::of(0_u32..2000),
    ) {
        let mut frame = Bytes::new(bent(inner, &changes, length));
        frame.segment = segment;
        frame.tag = control.map(|control| Tag { kind: EtherType::VLAN, control });
        let from = if from_device { VTEP } else { PORT_1 };
        prop_assert!(host_that_knows_far().send(frame, from).counted.is_some());
    }

    #[test]
    fn bent_questions_to_a_proxy_end_in_one_counter(
        options in prop::collection::vec(any::<u8>(), 0..60),
        is_arp in any::<bool>(),
        is_probe in any::<bool>(),
        changes in changes(),
        length in 0_usize..150,
        from_device in any::<bool>(),
        flags in 0_u32..4,
    ) {
        let question = if is_arp {
            Request::new(C1, if is_probe { [0; 4] } else { [172, 55, 1, 2] }, [172, 55, 1, 3]).bytes()
        } else {
            let from = if is_probe { [0; 16] } else { v6(2) };
            Solicitation::new(C1, from, v6(3)).bent(|ns| ns.options.extend(options)).bytes()
        };
        let mut host = host_that_knows_far().with_flags(OverlayFlags::PROXY);
        if flags & 1 != 0 {
            host = host.with_flags(OverlayFlags::SUPPRESS);
        }
        if flags & 2 != 0 {
            for address in [Address::v4([172, 55, 1, 3]), Address(v6(3))] {
                let entry = NeighEntry::new(FAR, Nud::Permanent, 0, Seconds(0), 0);
                host.neighbours.get_mut().insert(NeighKey::new(key(), address), entry);
            }
        }
        let frame = Bytes::new(bent(question, &changes, length));
        let from = if from_device { VTEP } else { PORT_1 };
        prop_assert!(host.send(frame, from).counted.is_some());
    }

    #[test]
    fn whatever_comes_for_a_known_station_the_short_cut_keeps_to_its_rule(
        inner in any_inner(C1, FAR, 1400, 1),
        (is_stranger, is_unfinished, path_ecn) in (any::<bool>(), any::<bool>(), 0_u8..4),
        padding in 0_usize..3,
        changes in changes(),
        length in 40_usize..1600,
    ) {
        let host = host_that_knows_far().with_station(C1, Target::Port(PORT_1));
        let inner = if is_unfinished { unfinished(inner) } else { inner };
        let source = if is_stranger { STRANGER } else { PEER };
        let mut packet = Packet::from(source).tos(path_ecn);
        packet.padding = std::vec![7; padding];
        let whole = packet.carrying(&inner);
        host.receive(whole.clone());
        host.receive(bent(whole, &changes, length));
    }

    #[test]
    fn whatever_leaves_for_a_known_station_the_short_cut_keeps_to_its_rule(
        inner in any_inner(FAR, C1, 1600, 1),
        is_unfinished in any::<bool>(),
        flags in 0_u32..8,
        changes in changes(),
        length in 10_usize..1700,
    ) {
        let mut host = host_that_knows_far();
        for (bit, flag) in [OverlayFlags::TTL_INHERIT, OverlayFlags::TOS_INHERIT, OverlayFlags::PROXY].into_iter().enumerate() {
            if flags & 1 << bit != 0 {
                host = host.with_flags(flag);
            }
        }
        let inner = if is_unfinished { unfinished(inner) } else { inner };
        host.send(inner.clone(), PORT_1);
        host.send(bent(inner, &changes, length), PORT_1);
    }

    #[test]
    fn what_is_encapsulated_is_decapsulated_to_the_same_bytes(
        sent in any_inner(FAR, C1, 1300, 1),
        control in prop::option::of(any::<[u8; 2]>()),
    ) {
        let there = host_that_knows_far();
        let here = host().at(PEER).with_vtep(OWN);
        let mut frame = Bytes::new(sent.clone());
        frame.tag = control.map(|control| Tag { kind: EtherType::VLAN, control });

        let after = there.send(frame.clone(), PORT_1);
        prop_assert_eq!(after.counted, tx(Outcome::Unicast));
        let [packet] = &after.to_underlay()[..] else { panic!("one packet") };
        let after = here.receive(packet.clone());

        prop_assert_eq!(after.counted, rx(Outcome::Flooded));
        prop_assert_eq!(whole(&after.frame), whole(&frame));
    }
}

/// The bytes of a frame with the tag beside it put into it.
fn whole(frame: &Bytes) -> Vec<u8> {
    let tag = frame.tag.map_or_else(Vec::new, |tag| [tag.kind.0, tag.control].concat());
    [&frame.bytes[..12], &tag, &frame.bytes[12..]].concat()
}
