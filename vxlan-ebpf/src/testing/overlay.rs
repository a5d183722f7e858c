//! From a port towards the underlay.

use std::{collections::HashSet, vec::Vec};

use vxlan_common::{Df, FdbEntry, FdbFlags, HopState, IfIndex, Mac, Outcome, OverlayFlags, Seconds, Target};

use super::*;
use crate::{
    overlay::resolve,
    verdict::{Action, Verdict},
};

#[test]
fn a_frame_for_a_known_station_leaves_once_to_its_vtep() {
    let host = host_that_knows_far();
    let sent = Inner::new(FAR, C1).udp(100);

    let after = host.send(sent.clone(), PORT_1);

    assert_eq!((after.verdict, after.counted), (Verdict::neighbour(ETH0, PEER, true), tx(Outcome::Unicast)));
    let outer = after.outer();
    assert_eq!((outer.from, outer.to), (underlay_mac(OWN), underlay_mac(PEER)));
    assert_eq!((outer.source, outer.destination), (OWN.v4_bytes(), PEER.v4_bytes()));
    assert_eq!((outer.ttl, outer.tos, outer.fragment), (64, 0, 0));
    assert_eq!((outer.destination_port, outer.udp_checksum, outer.vni), (4789, 0, 444));
    assert!(outer.source_port >= 49152, "RFC 7348 section 5 wants a dynamic port: {}", outer.source_port);
    assert_eq!(outer.inner, sent);
    assert_eq!(host.sent.take().get(&host.index(PEER)), Some(&(1, sent.len() as u64)));
}

#[test]
fn every_kind_of_frame_arrives_as_it_was_sent() {
    let host = host_that_knows_far();
    let make = || Inner::new(FAR, C1);
    let mut with_options = make();
    with_options.options = [1; 12].to_vec();
    let kinds = [
        ("UDP", make().udp(33)),
        ("TCP over IPv6", make().v6().tcp(1000)),
        ("ICMP", make().icmp(8, 56)),
        ("ICMPv6", make().v6().icmp(128, 56)),
        ("SCTP", make().other(132, 40)),
        ("IPv4 options", with_options.udp(10)),
        ("first fragment", make().fragment(0x2000).udp(64)),
        ("later fragment", make().fragment(0x0010).other(17, 64)),
        ("ARP", make().arp()),
        ("LLDP", make().lldp()),
        ("802.1Q inside", make().tagged([0x81, 0, 0, 42]).udp(20)),
        ("802.1ad inside", make().tagged([0x88, 0xa8, 0, 7]).v6().udp(20)),
        ("nothing but Ethernet", make().raw(0x88b5, &[])),
    ];
    for (name, sent) in kinds {
        let after = host.send(sent.clone(), PORT_1);
        assert_eq!(after.counted, tx(Outcome::Unicast), "{name}");
        assert_eq!(after.outer().inner, sent, "{name}");
        assert!(matches!(after.verdict.action, Action::Neighbour | Action::NeighbourNotIp), "{name}");
    }
}

#[test]
fn a_frame_of_the_device_leaves_by_the_kernels_own_lookup_since_it_may_have_a_route_already() {
    let after = host_that_knows_far().send(Inner::new(FAR, DEVICE_MAC).udp(100), VTEP);
    assert_eq!(after.verdict, Verdict::neighbour(ETH0, vxlan_common::Address::NONE, true));
    assert_eq!(after.outer().destination, PEER.v4_bytes());
    let host = bare().with_group(GROUP);
    let after = host.send(Inner::new(Mac::BROADCAST, DEVICE_MAC).arp(), VTEP);
    assert_eq!(after.verdict, Verdict::neighbour(ETH0, GROUP, false));
}

#[test]
fn a_tag_beside_the_frame_goes_into_it() {
    let sent = Inner::new(FAR, C1);
    let after = host_that_knows_far().send(Bytes::new(sent.udp(100)).beside([0x20, 0x2a]), PORT_1);
    assert_eq!(after.outer().inner, sent.tagged([0x81, 0, 0x20, 0x2a]).udp(100));
}

#[test]
fn of_two_tags_the_one_beside_the_frame_is_the_outer_one() {
    let host = host_that_knows_far();
    for kind in [[0x81, 0], [0x88, 0xa8]] {
        let within = Inner::new(FAR, C1).tagged([kind[0], kind[1], 0, 7]);
        let after = host.send(Bytes::new(within.tcp(100)).beside([0x20, 0x2a]), PORT_1);
        let both = Inner::new(FAR, C1).tagged([0x81, 0, 0x20, 0x2a]).tagged([kind[0], kind[1], 0, 7]);
        assert_eq!((after.counted, after.outer().inner), (tx(Outcome::Unicast), both.tcp(100)));
    }
}

#[test]
fn with_a_third_tag_a_frame_is_left_to_the_device() {
    let host = host_that_knows_far();
    let two_within = Inner::new(FAR, C1).tagged([0x81, 0, 0, 7]).tagged([0x81, 0, 0, 8]);
    for frame in [Bytes::new(two_within.udp(9)), Bytes::new(two_within.udp(9)).beside([0, 9])] {
        let after = host.send(frame, PORT_1);
        assert_eq!(
            (after.verdict, after.counted),
            (Verdict::with(Action::Device, VTEP), tx(Outcome::SlowPath))
        );
    }
}

#[test]
fn a_flow_keeps_its_source_port_and_flows_are_spread() {
    let host = host_that_knows_far();
    let port_of = |inner: Inner| host.send(inner.udp(10), PORT_1).outer().source_port;
    for make in [|| Inner::new(FAR, C1), || Inner::new(FAR, C1).v6()] {
        assert_eq!(port_of(make().ports(7, 9)), port_of(make().ports(7, 9)));
        let ports: HashSet<u16> = (0..200).map(|from| port_of(make().ports(from, 9))).collect();
        assert!(ports.len() > 190, "{} ports for 200 flows", ports.len());
    }
    let fragments =
        [Inner::new(FAR, C1).fragment(0x2000).udp(64), Inner::new(FAR, C1).fragment(0x10).udp(64)];
    let [first, second] = fragments.map(|fragment| host.send(fragment, PORT_1).outer().source_port);
    assert_eq!(first, second, "the fragments of a packet take one path");
}

#[test]
fn ttl_tos_and_df_are_as_asked_and_ecn_is_the_inner_one() {
    let host = host_that_knows_far();
    for ecn in 0..4 {
        let outer = host.send(Inner::new(FAR, C1).tos(0x28 | ecn).udp(10), PORT_1).outer();
        assert_eq!(outer.tos, ecn, "TOS 0 is fixed, and the mark is the inner packet's");
    }
    let host = host.with_settings(|overlay| {
        overlay.flags |= OverlayFlags::TTL_INHERIT | OverlayFlags::TOS_INHERIT;
        *overlay = overlay.with_df(Df::Set);
    });
    let outer = host.send(Inner::new(FAR, C1).tos(0x29).udp(10), PORT_1).outer();
    assert_eq!((outer.tos, outer.ttl, outer.fragment, outer.identification), (0x29, 61, 0x4000, 0));
    let outer = host.send(Inner::new(FAR, C1).v6().tos(0x29).udp(10), PORT_1).outer();
    assert_eq!((outer.tos, outer.ttl), (0x29, 61));

    let host = host.with_settings(|overlay| *overlay = overlay.with_df(Df::Inherit));
    for (inner, expected) in [(0, 0), (0x4000, 0x4000)] {
        let outer = host.send(Inner::new(FAR, C1).fragment(inner).udp(10), PORT_1).outer();
        assert_eq!(outer.fragment, expected);
    }
}

#[test]
fn broadcast_goes_to_every_port_and_vtep_but_the_sender_and_this_host() {
    let host = host();
    let sent = Inner::new(Mac::BROADCAST, C1).arp();

    let after = host.send(sent.clone(), PORT_1);

    assert_eq!(
        (after.verdict, after.counted),
        (Verdict::neighbour(ETH0, OTHER, false), tx(Outcome::Flooded))
    );
    assert_eq!(after.vteps(), [PEER.v4_bytes(), OTHER.v4_bytes()]);
    for bytes in after.to_underlay() {
        assert_eq!(proof::outer(&bytes).inner, sent);
    }
    assert_eq!(after.local_devices(), [(How::To, PORT_2), (How::Into, VTEP)]);
    assert!(after.local_copies().iter().all(|copy| copy.bytes == sent));
}

#[test]
fn five_hundred_and_twelve_vteps_get_one_copy_each() {
    let mut host = bare().with_port(PORT_1).with_vtep(OWN);
    let addresses: Vec<[u8; 4]> = (0..512_u32).map(|at| [10, 7, (at >> 8) as u8, at as u8]).collect();
    for address in &addresses {
        host = host.with_vtep(vxlan_common::Address::v4(*address));
    }
    let after = host.send(Inner::new(Mac::BROADCAST, C1).arp(), PORT_1);
    assert_eq!(after.vteps(), addresses);
    assert_eq!(host.sent.take().len(), 512);
}

#[test]
fn a_flood_goes_to_the_group_alone_where_there_is_one_with_a_ttl_of_one() {
    let host = bare().with_group(GROUP).with_port(PORT_1);
    let after = host.send(Inner::new(Mac::BROADCAST, C1).arp(), PORT_1);
    let outer = after.outer();
    assert_eq!((outer.destination, outer.ttl), (GROUP.v4_bytes(), 1));
}

#[test]
fn a_copy_whose_neighbour_is_not_known_takes_the_detour_that_can_wait() {
    let host = host().with_hop(PEER, |hop| hop.set_state(HopState::Unresolved));
    let after = host.send(Inner::new(Mac::BROADCAST, C1).arp(), VTEP);
    assert_eq!(after.vteps(), [PEER.v4_bytes(), OTHER.v4_bytes()]);
    let detours: Vec<_> =
        after.frame.copies.iter().filter(|copy| matches!(copy.how, How::ToResolve(_))).collect();
    assert_eq!(detours.len(), 1);
    assert_eq!((detours[0].device, proof::outer(&detours[0].bytes).destination), (VTEP, PEER.v4_bytes()));

    assert_eq!(detours[0].how, How::ToResolve(host.index(PEER)));

    let copy = &detours[0].bytes;
    let slot = host.index(PEER).slot();
    let resolve = |bytes: &[u8], slot| resolve(&Bytes::new(bytes.to_vec()), &host, VTEP, slot);
    let by_the_kernels_lookup = Verdict::neighbour(ETH0, vxlan_common::Address::NONE, false);
    assert_eq!(resolve(copy, slot), by_the_kernels_lookup);
    assert!(host.counts.take().is_empty(), "it was counted when it was made");

    // The mark can be forged: nothing leaves that the overlay would not have sent itself.
    assert_eq!(resolve(copy, host.index(OTHER).slot()), Verdict::STOP);
    assert_eq!(resolve(&Inner::new(FAR, C1).udp(100), slot), Verdict::STOP);
    for at in [12, 14, 16, 23, 26, 30, 36, 38, 42, 46] {
        let mut forged = copy.clone();
        forged[at] ^= 1;
        let checksum = [&forged[14..24], &[0, 0], &forged[26..34]].concat();
        forged[24..26].copy_from_slice(&(!proof::sum(&[&checksum])).to_be_bytes());
        assert_eq!(resolve(&forged, slot), Verdict::STOP, "byte {at}");
    }
}

#[test]
fn a_flood_leaves_out_whom_it_cannot_reach_and_sends_to_the_rest() {
    for state in [HopState::NoRoute, HopState::Home] {
        let host = host().with_hop(OTHER, |hop| hop.set_state(state));
        let after = host.send(Inner::new(Mac::BROADCAST, C1).arp(), PORT_1);
        assert_eq!((after.vteps(), after.counted), ([PEER.v4_bytes()].to_vec(), tx(Outcome::Flooded)));
    }
    let narrow = host().with_hop(PEER, |hop| hop.mtu = 600);
    let after = narrow.send(Inner::new(Mac::BROADCAST, C1).udp(1000), PORT_1);
    assert_eq!(after.vteps(), [OTHER.v4_bytes()]);
}

#[test]
fn a_flood_that_does_not_fit_is_answered_where_a_station_is_sought_and_else_dropped_by_name() {
    let host = host();
    for from in [PORT_1, VTEP] {
        let after = host.send(Inner::new(FAR, C1).udp(1500), from);
        assert_eq!(after.counted, tx(Outcome::TooBig));
        proof::assert_sound(&after.frame.bytes);
        assert_eq!((&after.frame.bytes[34..36], proof::word(&after.frame.bytes, 40)), (&[3, 4][..], 1450));
        let after = host.send(Inner::new(Mac::BROADCAST, C1).udp(1500), from);
        assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::TooBigUnanswered)));
    }
    let (fits, does_not) =
        (Inner::new(Mac::BROADCAST, C1).udp(1418), Inner::new(Mac::BROADCAST, C1).udp(1419));
    for (bytes, outcome) in [(fits, Outcome::Flooded), (does_not, Outcome::TooBigUnanswered)] {
        assert_eq!(
            host.send(Bytes::new(bytes).beside([0, 42]), PORT_1).counted,
            tx(outcome),
            "with a tag beside it"
        );
    }
}

#[test]
fn a_flood_to_one_vtep_that_cannot_be_reached_is_dropped_by_name() {
    let broadcast = || Inner::new(Mac::BROADCAST, DEVICE_MAC).arp();
    for (state, outcome) in [(HopState::NoRoute, Outcome::NoRoute), (HopState::Home, Outcome::NoTarget)] {
        let host = bare().with_vtep(PEER).with_hop(PEER, |hop| hop.set_state(state));
        assert_eq!(host.send(broadcast(), VTEP).counted, tx(outcome));
    }
}

#[test]
fn bytes_to_each_vtep_are_those_of_the_frame() {
    let host = host();
    let sent = Inner::new(Mac::BROADCAST, C1).udp(100);
    host.send(sent.clone(), PORT_1);
    let expected = [PEER, OTHER].map(|vtep| (host.index(vtep), (1, sent.len() as u64)));
    assert_eq!(host.sent.take(), expected.into());
}

#[test]
fn no_container_is_taken_for_the_device() {
    let host = host();
    let after = host.send(Inner::new(FAR, DEVICE_MAC).udp(10), PORT_1);
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::SourceMacOwn)));
    assert_eq!(host.entry(DEVICE_MAC), None);
    let after = host.send(Inner::new(DEVICE_MAC, C1).udp(10), PORT_1);
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Ingress, VTEP), tx(Outcome::Switched)));
}

#[test]
fn with_nobody_to_flood_to_it_is_dropped_by_name() {
    let nobody = bare();
    let frame = || Inner::new(Mac::BROADCAST, DEVICE_MAC).arp();
    assert_eq!(nobody.send(frame(), VTEP).counted, tx(Outcome::NoTarget));
    let one_port = bare().with_port(PORT_1);
    let after = one_port.send(frame(), VTEP);
    assert_eq!((after.counted, after.local_devices()), (tx(Outcome::Flooded), [(How::To, PORT_1)].to_vec()));
}

#[test]
fn a_station_behind_another_port_is_reached_without_the_underlay() {
    let host = host();
    host.send(Inner::new(FAR, C2).udp(10), PORT_2);

    let after = host.send(Inner::new(C2, C1).udp(10), PORT_1);
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Peer, PORT_2), tx(Outcome::Switched)));
    let after = host.send(Inner::new(C2, C1).arp(), PORT_1);
    assert_eq!(after.verdict, Verdict::with(Action::Egress, PORT_2), "what is not IP goes through the veth");
    let after = host.send(Inner::new(C2, C1).udp(10), PORT_2);
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::SamePort)));
    let after = host.send(Inner::new(C2, DEVICE_MAC).udp(10), VTEP);
    assert_eq!(after.verdict, Verdict::with(Action::Egress, PORT_2), "egress of the device has no shortcut");
}

#[test]
fn what_a_bridge_behind_the_device_sends_out_is_flooded_though_the_device_has_the_station() {
    let host = host();
    host.send(Inner::new(FAR, C2).udp(10), VTEP);
    let after = host.send(Inner::new(C2, DEVICE_MAC).udp(10), VTEP);
    assert_eq!((after.counted, after.vteps().len()), (tx(Outcome::Flooded), 2));
}

#[test]
fn an_entry_that_names_this_host_floods_its_ports_until_the_station_speaks() {
    let host = host();
    let home = host.behind(OWN);
    let host = host.with_station(C2, home);
    let after = host.send(Inner::new(C2, C1).udp(10), PORT_1);
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::Flooded)));
    assert_eq!(after.local_devices(), [(How::To, PORT_2), (How::Into, VTEP)]);

    host.send(Inner::new(FAR, C2).udp(10), PORT_2);
    let after = host.send(Inner::new(C2, C1).udp(10), PORT_1);
    assert_eq!(after.verdict, Verdict::with(Action::Peer, PORT_2));
}

#[test]
fn the_ring_slot_of_a_learned_entry_is_never_taken_for_a_port() {
    let host = host();
    let slot = PORT_2.0;
    host.put(C2, FdbEntry::learned(host.behind(OWN), Seconds(1000), slot));
    let after = host.send(Inner::new(C2, C1).udp(10), PORT_1);
    assert_eq!(after.counted, tx(Outcome::Flooded));
}

#[test]
fn an_entry_that_names_this_host_and_no_port_has_it_is_dropped_by_name() {
    let host = bare().with_vtep(OWN);
    let home = host.behind(OWN);
    let after = host.with_station(C2, home).send(Inner::new(C2, DEVICE_MAC).udp(10), VTEP);
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::PointsHome)));
}

#[test]
fn what_does_not_fit_is_answered_with_the_mtu_that_does() {
    let host = host_that_knows_far();
    let of_size = |size: usize| Inner::new(FAR, C1).udp(size - 28);
    assert_eq!(host.send(of_size(1450), PORT_1).counted, tx(Outcome::Unicast));

    for (from, back) in [(PORT_1, Action::Egress), (VTEP, Action::Ingress)] {
        let asked = of_size(1451);
        let after = host.send(asked.clone(), from);
        assert_eq!((after.verdict, after.counted), (Verdict::with(back, from), tx(Outcome::TooBig)));
        let answer = &after.frame.bytes;
        proof::assert_sound(answer);
        assert_eq!((&answer[..6], &answer[6..12]), (&C1.0[..], &FAR.0[..]));
        assert_eq!(
            (&answer[26..30], &answer[30..34]),
            (&asked[30..34], &asked[26..30]),
            "from whom it was for"
        );
        assert_eq!((&answer[34..36], proof::word(answer, 40)), (&[3, 4][..], 1450));
        assert_eq!(answer[42..70], asked[14..42], "RFC 792: the header, and eight bytes");
    }

    let asked = Inner::new(FAR, C1).v6().udp(1450 - 48 + 1);
    let after = host.send(asked.clone(), PORT_1);
    assert_eq!(after.counted, tx(Outcome::TooBig));
    proof::assert_sound(&after.frame.bytes);
    assert_eq!((&after.frame.bytes[54..56], proof::word(&after.frame.bytes, 60)), (&[2, 0][..], 1450));
}

#[test]
fn what_icmp_must_not_answer_is_dropped_by_name() {
    let host = host_that_knows_far();
    let big = |make: fn(Inner) -> Inner| make(Inner::new(FAR, C1));
    let cases = [
        ("not IP", Inner::new(FAR, C1).raw(0x88b5, &[0; 1500])),
        ("an ICMP error", big(|inner| inner).icmp(3, 1500)),
        ("an ICMPv6 error", big(Inner::v6).icmp(1, 1500)),
        ("a later fragment", big(|inner| inner.fragment(0x2010)).udp(1500)),
        ("a tagged one", big(|inner| inner.tagged([0x81, 0, 0, 1])).udp(1500)),
    ];
    for (name, bytes) in cases {
        let after = host.send(bytes, PORT_1);
        assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::TooBigUnanswered)), "{name}");
    }
    let narrow = host_that_knows_far().with_hop(PEER, |hop| hop.mtu = 1320);
    let after = narrow.send(Inner::new(FAR, C1).v6().udp(1300), PORT_1);
    assert_eq!(after.counted, tx(Outcome::TooBigUnanswered), "IPv6 knows no MTU below 1280");
}

#[test]
fn a_question_that_icmp_may_answer_is_answered_though_it_is_icmp() {
    let host = host_that_knows_far();
    for echo in [Inner::new(FAR, C1).icmp(8, 1500), Inner::new(FAR, C1).v6().icmp(128, 1500)] {
        assert_eq!(host.send(echo, PORT_1).counted, tx(Outcome::TooBig));
    }
}

#[test]
fn a_tag_beside_the_frame_counts_against_the_mtu() {
    let host = host_that_knows_far();
    for (size, outcome) in [(1446, Outcome::Unicast), (1447, Outcome::TooBig)] {
        let frame = Bytes::new(Inner::new(FAR, C1).udp(size - 28)).beside([0, 42]);
        assert_eq!(host.send(frame, PORT_1).counted, tx(outcome), "{size}");
    }
}

#[test]
fn segments_are_measured_each_and_sent_whole() {
    let host = host_that_knows_far();
    let mut with_options = Inner::new(FAR, C1);
    with_options.tcp_options = 12;
    let cases = [
        (Inner::new(FAR, C1).udp(60_000), 1450 - 28),
        (Inner::new(FAR, C1).v6().udp(60_000), 1450 - 48),
        (with_options.clone().tcp(60_000), 1450 - 52),
        (with_options.v6().tcp(60_000), 1450 - 72),
    ];
    for (bytes, fits) in cases {
        for (segment, outcome) in [(fits, Outcome::Unicast), (fits + 1, Outcome::TooBig)] {
            let after = host.send(Bytes::new(bytes.clone()).segments(segment), PORT_1);
            assert_eq!(after.counted, tx(outcome), "{segment}");
        }
    }
    let tagged = Inner::new(FAR, C1).tagged([0x81, 0, 0, 7]).tcp(60_000);
    for (segment, outcome) in [(1450 - 44, Outcome::Unicast), (1450 - 43, Outcome::TooBigUnanswered)] {
        let after = host.send(Bytes::new(tagged.clone()).segments(segment), PORT_1);
        assert_eq!(after.counted, tx(outcome), "{segment}");
    }
}

#[test]
fn what_is_too_long_for_one_outer_packet_is_left_to_the_device() {
    let frame = Bytes::new(Inner::new(FAR, C1).tcp(65_490)).segments(1400);
    let after = host_that_knows_far().send(frame, PORT_1);
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Device, VTEP), tx(Outcome::SlowPath)));
}

#[test]
fn without_a_way_a_frame_is_dropped_or_left_to_the_device() {
    let to_device = Verdict::with(Action::Device, VTEP);
    for (state, outcome, verdict) in [
        (HopState::NoRoute, Outcome::NoRoute, Verdict::STOP),
        (HopState::Unknown, Outcome::SlowPath, to_device),
        (HopState::Unresolved, Outcome::Unicast, Verdict::neighbour(ETH0, PEER, true)),
    ] {
        let host = host_that_knows_far().with_hop(PEER, |hop| hop.set_state(state));
        let after = host.send(Inner::new(FAR, C1).udp(10), PORT_1);
        assert_eq!((after.verdict, after.counted), (verdict, tx(outcome)), "{state:?}");
    }
    let host = host_that_knows_far().with_flags(OverlayFlags::DEVICE_TRANSMIT);
    for destination in [FAR, Mac::BROADCAST] {
        let after = host.send(Inner::new(destination, C1).udp(10), PORT_1);
        assert_eq!((after.verdict, after.counted), (to_device, tx(Outcome::SlowPath)));
    }
}

#[test]
fn a_source_that_is_no_station_is_dropped_and_not_learned() {
    for source in [Mac::ZERO, Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 1])] {
        let host = host();
        let after = host.send(Inner::new(FAR, source).udp(10), PORT_1);
        assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::SourceMacInvalid)));
        assert_eq!(host.entry(source), None);
    }
}

#[test]
fn a_frame_that_the_kernel_cannot_grow_is_dropped_by_name() {
    let frame = Bytes::new(Inner::new(FAR, C1).udp(10)).cramped();
    assert_eq!(host_that_knows_far().send(frame, PORT_1).counted, tx(Outcome::NoRoom));
}

#[test]
fn truncated_at_every_byte_it_ends_in_one_counter() {
    let host = host_that_knows_far();
    for (whole, headers) in [
        (Inner::new(FAR, C1).tcp(10), 34),
        (Inner::new(FAR, C1).v6().udp(10), 54),
        (Inner::new(FAR, C1).tagged([0x81, 0, 0, 1]).udp(10), 38),
        (Inner::new(FAR, C1).arp(), 14),
    ] {
        for length in 0..whole.len() {
            let after = host.send(whole[..length].to_vec(), PORT_1);
            let expected = if length < headers { Outcome::Truncated } else { Outcome::Unicast };
            assert_eq!(after.counted, tx(expected), "{length} bytes");
        }
    }
}

#[test]
fn what_comes_from_a_device_that_is_no_port_passes() {
    let after = host().send(Inner::new(FAR, C1).udp(10), IfIndex(99));
    assert_eq!((after.verdict, after.counted), (Verdict::PASS, None));
}

#[test]
fn a_stage_that_cannot_be_called_leaves_the_frame_to_the_device() {
    let host = host();
    let mut frame = Bytes::new(Inner::new(Mac::BROADCAST, C1).arp());
    let verdict = crate::overlay::without_stage(&mut frame, &host, PORT_1);
    assert_eq!(verdict, Verdict::with(Action::Device, VTEP));
    assert_eq!(host.counts.take().len(), 1);
}

#[test]
fn a_dynamic_entry_is_followed_until_it_ages() {
    let host = host();
    host.put(FAR, FdbEntry::configured(host.behind(PEER), Seconds(1000), FdbFlags::DYNAMIC));
    for (now, outcome) in [(1300, Outcome::Unicast), (1301, Outcome::Flooded)] {
        host.now.set(Seconds(now));
        assert_eq!(host.send(Inner::new(FAR, C1).udp(10), PORT_1).counted, tx(outcome), "{now}");
    }
    assert!(matches!(host.target(C1), Some(Target::Port(PORT_1))));
}
