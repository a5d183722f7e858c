//! From the underlay towards the ports.

use std::{vec, vec::Vec};

use vxlan_common::{Address, Mac, Outcome, OverlayFlags, Target};

use super::*;
use crate::{
    frame::{Addressed, Inside},
    underlay::from_device,
    verdict::{Action, Verdict},
};

fn inner() -> Vec<u8> {
    Inner::new(C1, FAR).udp(50)
}

#[test]
fn a_frame_for_a_known_port_is_delivered_into_the_container() {
    let host = host().with_station(C1, Target::Port(PORT_1));
    let after = host.receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Peer, PORT_1), rx(Outcome::Unicast)));
    assert_eq!(after.frame.bytes, inner());
    assert_eq!(host.target(FAR), Some(host.behind(PEER)));
    assert_eq!(host.received.take().get(&host.index(PEER)), Some(&(1, inner().len() as u64)));
}

#[test]
fn every_kind_of_frame_is_delivered_as_it_was_sent() {
    let make = || Inner::new(C1, FAR);
    let kinds = [
        ("UDP", make().udp(33), Inside::Ipv4),
        ("TCP over IPv6", make().v6().tcp(900), Inside::Ipv6),
        ("later fragment", make().fragment(0x10).other(17, 64), Inside::Ipv4),
        ("ARP", make().arp(), Inside::Other),
        ("LLDP", make().lldp(), Inside::Other),
    ];
    for (name, sent, inside) in kinds {
        let host = host().with_station(C1, Target::Port(PORT_1));
        let after = host.receive(Packet::from(PEER).carrying(&sent));
        let action = if inside == Inside::Other { Action::Egress } else { Action::Peer };
        assert_eq!(after.verdict, Verdict::with(action, PORT_1), "{name}");
        assert_eq!((after.frame.bytes, after.frame.inside), (sent, Some(inside)), "{name}");
    }
}

#[test]
fn the_outer_of_two_tags_is_taken_beside_the_frame() {
    let host = host().with_station(C1, Target::Port(PORT_1));
    let plain = Inner::new(C1, FAR);
    for kind in [[0x81, 0], [0x88, 0xa8]] {
        let tag = [kind[0], kind[1], 0x20, 0x2a];
        let after = host.receive(Packet::from(PEER).carrying(&plain.clone().tagged(tag).udp(50)));
        assert_eq!(after.frame.bytes, plain.udp(50));
        assert_eq!(after.frame.tag.map(|tag| tag.control), Some([0x20, 0x2a]));

        let both = plain.clone().tagged(tag).tagged([0x81, 0, 0, 9]);
        let after = host.receive(Packet::from(PEER).carrying(&both.udp(50)));
        assert_eq!(after.frame.bytes, plain.clone().tagged([0x81, 0, 0, 9]).udp(50));
        assert_eq!(after.frame.tag.map(|tag| tag.control), Some([0x20, 0x2a]));
    }
}

#[test]
fn an_unknown_station_is_sought_at_all_ports_and_never_in_the_underlay() {
    let after = host().receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Ingress, VTEP), rx(Outcome::Flooded)));
    assert_eq!(after.local_devices(), [(How::To, PORT_1), (How::To, PORT_2)]);
    assert!(after.local_copies().iter().all(|copy| copy.bytes == inner()));
}

#[test]
fn what_is_for_the_device_or_alone_there_goes_to_the_device() {
    let to_device = (Verdict::with(Action::Ingress, VTEP), rx(Outcome::Unicast));
    let after = host().receive(Packet::from(PEER).carrying(&Inner::new(DEVICE_MAC, FAR).udp(50)));
    assert_eq!((after.verdict, after.counted), to_device, "its own address");
    let after = bare().with_vtep(PEER).receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!((after.verdict, after.counted), to_device, "no direct port");
    let after = host().with_station(C1, Target::Port(VTEP)).receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!((after.verdict, after.counted), to_device, "the station is behind it");
}

#[test]
fn what_is_not_for_us_passes_uncounted_and_untouched() {
    let good = || Packet::from(PEER).carrying(&inner());
    let other_tag = Bytes::new(good()).beside([0, 7]);
    let cases = [
        ("transit", Bytes::new(Packet::bent(|packet| packet.destination = OTHER).carrying(&inner()))),
        ("another group", Bytes::new(Packet::bent(|packet| packet.destination = GROUP).carrying(&inner()))),
        ("another port", Bytes::new(Packet::bent(|packet| packet.port = 8472).carrying(&inner()))),
        ("another host's Ethernet address", Bytes::new(good()).addressed(Addressed::Other)),
        ("not VXLAN", Bytes::new(Inner::new(C1, FAR).udp(50))),
        ("not UDP", Bytes::new(Inner::new(C1, FAR).tcp(50))),
        ("not IP", Bytes::new(Inner::new(C1, FAR).arp())),
        ("of another VLAN", other_tag),
        ("a later fragment", Bytes::new(Packet::bent(|packet| packet.fragment = 0x10).carrying(&inner()))),
    ];
    for (name, frame) in cases {
        let after = host().receive(frame);
        assert_eq!((after.verdict, after.counted), (Verdict::PASS, None), "{name}");
    }
}

#[test]
fn a_router_forwards_bad_vxlan_of_others_as_it_is() {
    for bend in [
        (|packet: &mut Packet| packet.flags = 0) as fn(&mut Packet),
        |packet| packet.vni = 7,
        |packet| packet.checksum = Checksummed::Wrong,
        |packet| packet.udp_length_off = -3,
        |packet| packet.options = vec![1; 4],
        |packet| packet.fragment = 0x2000,
    ] {
        let mut packet = Packet::bent(bend);
        packet.destination = OTHER;
        let after = host().receive(packet.carrying(&inner()));
        assert_eq!((after.verdict, after.counted), (Verdict::PASS, None));
    }
}

/// One frame for each way to be bad, and where RFC 7348, RFC 6040 or the project's own rules send it.
#[test]
fn each_bad_frame_has_its_own_counter() {
    let bent = |bend: fn(&mut Packet)| Packet::bent(bend).carrying(&inner());
    let of = |destination, source| Packet::from(PEER).carrying(&Inner::new(destination, source).udp(50));
    let mut wrong_ip_checksum = Packet::from(PEER).carrying(&inner());
    wrong_ip_checksum[22] ^= 1;
    let device = Verdict::with(Action::Device, VTEP);
    let cases = [
        ("no I flag", bent(|packet| packet.flags = 0), Verdict::STOP, outside(Outcome::NoVniFlag)),
        ("unknown VNI", bent(|packet| packet.vni = 9), Verdict::PASS, outside(Outcome::UnknownVni)),
        (
            "UDP length short",
            bent(|packet| packet.udp_length_off = -1),
            Verdict::STOP,
            rx(Outcome::BadLength),
        ),
        ("UDP length long", bent(|packet| packet.udp_length_off = 1), Verdict::STOP, rx(Outcome::BadLength)),
        ("IP length long", bent(|packet| packet.ip_length_off = 9), Verdict::STOP, rx(Outcome::BadLength)),
        ("IP checksum", wrong_ip_checksum, Verdict::STOP, rx(Outcome::BadOuterHeader)),
        (
            "IP options",
            bent(|packet| packet.options = vec![1; 8]),
            Verdict::STOP,
            outside(Outcome::BadOuterHeader),
        ),
        (
            "UDP checksum",
            bent(|packet| packet.checksum = Checksummed::Wrong),
            Verdict::STOP,
            rx(Outcome::BadChecksum),
        ),
        ("a stranger", bent(|packet| packet.source = STRANGER), Verdict::STOP, rx(Outcome::NotAdmitted)),
        ("source a group", of(C1, Mac([1, 0, 0x5e, 0, 0, 1])), Verdict::STOP, rx(Outcome::SourceMacInvalid)),
        ("source zero", of(C1, Mac::ZERO), Verdict::STOP, rx(Outcome::SourceMacInvalid)),
        ("our own source", of(C1, DEVICE_MAC), Verdict::STOP, rx(Outcome::SourceMacOwn)),
        (
            "congestion unheard",
            Packet::from(PEER).tos(3).carrying(&inner()),
            Verdict::STOP,
            rx(Outcome::EcnCongested),
        ),
        ("a first fragment", bent(|packet| packet.fragment = 0x2000), device, rx(Outcome::OuterFragment)),
        (
            "a stranger's fragment",
            bent(|packet| (packet.fragment, packet.source) = (0x2000, STRANGER)),
            Verdict::STOP,
            rx(Outcome::NotAdmitted),
        ),
        (
            "a tiny first fragment",
            Packet::from(PEER).first_fragment(&inner(), 8),
            Verdict::STOP,
            outside(Outcome::TinyFragment),
        ),
        ("an empty packet", Packet::from(PEER).carrying(&[]), Verdict::STOP, rx(Outcome::Truncated)),
    ];
    for (name, bytes, verdict, counted) in cases {
        let host = host();
        let after = host.receive(bytes);
        assert_eq!((after.verdict, after.counted), (verdict, counted), "{name}");
        // As the kernel's device, which learns before it looks at the congestion mark, and from fragments.
        let is_learned = counted == rx(Outcome::EcnCongested) || counted == rx(Outcome::OuterFragment);
        assert_eq!(host.entry(FAR).is_some(), is_learned, "{name} was learned from");
    }
    let host = host();
    let elsewhere = host.behind(OTHER);
    let after = host.with_station(FAR, elsewhere).receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, rx(Outcome::StaticElsewhere)));
}

#[test]
fn reserved_bits_are_ignored_as_the_rfc_says() {
    for bend in [
        (|packet: &mut Packet| packet.flags = 0x0800_0001) as fn(&mut Packet),
        |packet| packet.flags = 0x7fff_ffff & !0x0800_0000 | 0x0800_0000,
        |packet| packet.reserved = 0xff,
    ] {
        assert_eq!(host().receive(Packet::bent(bend).carrying(&inner())).counted, rx(Outcome::Flooded));
    }
}

#[test]
fn checksums_that_are_zero_or_right_are_accepted() {
    for size in [50, 51] {
        let sent = Inner::new(C1, FAR).udp(size);
        for checksum in [Checksummed::No, Checksummed::Right] {
            let after = host().receive(Packet::from(PEER).checksum(checksum).carrying(&sent));
            assert_eq!((after.frame.bytes, after.counted), (sent.clone(), rx(Outcome::Flooded)));
        }
    }
}

/// A sender on this machine leaves a checksum to its device: the outer field then holds the pseudo header's sum, or
/// the checksum that is right once the inner one is done.
#[test]
fn checksums_that_nobody_has_finished_are_accepted() {
    let mut own = Packet::from(PEER).carrying(&inner());
    let length = (own.len() - 34) as u16;
    let pseudo = [&own[26..34], &[0, 17], &length.to_be_bytes()[..]].concat();
    own[40..42].copy_from_slice(&proof::sum(&[&pseudo]).to_be_bytes());
    assert_eq!(host().receive(own).counted, rx(Outcome::Flooded));

    for finished in [Inner::new(C1, FAR).tcp(33), Inner::new(C1, FAR).v6().udp(34)] {
        let whole = Packet::from(PEER).checksum(Checksummed::Right).carrying(&finished);
        let is_v6 = finished[12] == 0x86;
        let (transport, addresses) = if is_v6 { (54, 22..54) } else { (34, 26..34) };
        let protocol = if is_v6 { finished[20] } else { finished[23] };
        let length = (finished.len() - transport) as u16;
        let pseudo = [&finished[addresses], &[0, protocol], &length.to_be_bytes()[..]].concat();
        let field = 50 + transport + if protocol == 6 { 16 } else { 6 };
        let mut ahead = whole;
        ahead[field..field + 2].copy_from_slice(&proof::sum(&[&pseudo]).to_be_bytes());
        assert_eq!(host().receive(ahead.clone()).counted, rx(Outcome::Flooded), "protocol {protocol}");

        ahead[40] ^= 1;
        assert_eq!(host().receive(ahead).counted, rx(Outcome::BadChecksum));
    }
}

#[test]
fn padding_is_cut_and_never_read() {
    let padded = |packet: Packet, padding: usize| Packet { padding: vec![0x08; padding], ..packet };
    let after = host().receive(padded(Packet::from(PEER), 7).carrying(&inner()));
    assert_eq!(after.frame.bytes, inner());

    let mut short = padded(Packet::from(PEER), 0).carrying(&inner());
    short[17] = 28;
    short[24..26].copy_from_slice(&[0, 0]);
    let checksum = (!proof::sum(&[&short[14..34]])).to_be_bytes();
    short[24..26].copy_from_slice(&checksum);
    assert_eq!(host().receive(short).counted, outside(Outcome::Truncated), "all behind byte 42 is padding");

    let fragment = padded(Packet::from(PEER), 12).first_fragment(&inner(), 32);
    let length = fragment.len();
    let after = host().receive(fragment);
    assert_eq!((after.counted, after.frame.bytes.len()), (rx(Outcome::OuterFragment), length - 12));
    assert_eq!(
        host().receive(padded(Packet::from(PEER), 30).first_fragment(&inner(), 8)).counted,
        outside(Outcome::TinyFragment)
    );
}

#[test]
fn truncated_at_every_byte_it_is_dropped_or_passed_and_never_delivered() {
    for checksum in [Checksummed::No, Checksummed::Right] {
        let whole = Packet::from(PEER).checksum(checksum).carrying(&inner());
        for length in 0..whole.len() {
            let host = host();
            let after = host.receive(whole[..length].to_vec());
            let expected = match length {
                0..42 => (Verdict::PASS, None),
                42..50 => (Verdict::STOP, outside(Outcome::Truncated)),
                _ => (Verdict::STOP, rx(Outcome::BadLength)),
            };
            assert_eq!((after.verdict, after.counted), expected, "{length} bytes");
            assert_eq!(host.entry(FAR), None);
        }
    }
}

#[test]
fn inner_frames_truncated_at_every_byte_end_in_one_counter() {
    let whole = Inner::new(C1, FAR).tagged([0x81, 0, 0, 1]).v6().tcp(4);
    for length in 0..whole.len() {
        let after = host().receive(Packet::from(PEER).carrying(&whole[..length]));
        let expected = if length < 58 { Outcome::Truncated } else { Outcome::Flooded };
        assert_eq!(after.counted, rx(expected), "{length} bytes");
    }
}

#[test]
fn admission_can_be_widened_to_a_prefix_or_to_everyone() {
    let known = OverlayFlags::ADMIT_KNOWN;
    let prefixes = known | OverlayFlags::ADMIT_PREFIXES;
    for (flags, source, admitted) in [
        (known, STRANGER, false),
        (known, PEER, true),
        (prefixes, STRANGER, true),
        (prefixes, Address::v4([10, 98, 0, 1]), false),
        (0, Address::v4([10, 98, 0, 1]), true),
    ] {
        let mut host = host().with_settings(|overlay| overlay.flags = flags);
        host.allowed.push((key(), [10, 99, 0, 0], 16));
        let after = host.receive(Packet::from(source).carrying(&inner()));
        assert_eq!(after.verdict != Verdict::STOP, admitted, "{flags} {source:?}");
    }
}

#[test]
fn overlays_are_told_apart_by_vni_and_port() {
    let host = host().with_overlay(key_of(445, 4789)).with_overlay(key_of(444, 8472));
    let counted = |bend: fn(&mut Packet)| host.receive(Packet::bent(bend).carrying(&inner())).counted;
    let of =
        |vni, port| Some(Counted::Of(key_of(vni, port), vxlan_common::Direction::Rx, Outcome::NotAdmitted));
    assert_eq!(counted(|packet| packet.vni = 445), of(445, 4789), "the peer is known to 444 alone");
    assert_eq!(counted(|packet| packet.port = 8472), of(444, 8472));
    assert_eq!(counted(|_| ()), rx(Outcome::Flooded));
}

#[test]
fn a_group_is_listened_to_by_the_overlay_that_has_it() {
    let host = bare().with_group(GROUP).with_port(PORT_1).with_vtep(PEER);
    let to = |group| Packet::bent(|packet| packet.destination = group).carrying(&inner());
    assert_eq!(host.receive(to(GROUP)).counted, rx(Outcome::Flooded));
    assert_eq!(host.receive(to(Address::v4([239, 1, 1, 2]))).counted, None);
}

#[test]
fn a_frame_that_came_past_our_program_is_not_believed() {
    let host = host().with_station(C1, Target::Port(PORT_1));
    assert_eq!(from_device(&mut Bytes::new(inner()), &host, VTEP, false), Verdict::STOP);
    let counts = host.counts.take();
    assert_eq!(
        counts.iter().map(|(counted, _)| Some(*counted)).collect::<Vec<_>>(),
        [rx(Outcome::Unwatched)]
    );

    let verdict = from_device(&mut Bytes::new(inner()), &host, VTEP, true);
    assert_eq!(verdict, Verdict::with(Action::Egress, PORT_1), "our program passed it on");
    assert!(host.counts.take().is_empty(), "and counted it");

    let open = host.with_settings(|overlay| overlay.flags = 0);
    assert_eq!(
        from_device(&mut Bytes::new(inner()), &open, VTEP, false),
        Verdict::with(Action::Egress, PORT_1)
    );
}

#[test]
fn congestion_on_the_path_reaches_the_inner_packet_with_its_checksum() {
    for sent in [Inner::new(C1, FAR).tos(0x2a), Inner::new(C1, FAR).v6().tos(0x2a)] {
        let after = host().receive(Packet::from(PEER).tos(3).carrying(&sent.udp(50)));
        proof::assert_sound(&after.frame.bytes);
        assert_eq!(after.frame.bytes, sent.tos(0x2b).udp(50));
    }
}

#[test]
fn udp_segments_that_arrive_whole_are_left_to_the_device_and_tcp_ones_are_not() {
    let udp = Bytes::new(Packet::from(PEER).carrying(&Inner::new(C1, FAR).udp(5000))).segments(1000);
    let after = host().receive(udp);
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Device, VTEP), rx(Outcome::UdpGso)));
    for tcp in [Inner::new(C1, FAR), Inner::new(C1, FAR).v6(), Inner::new(C1, FAR).tagged([0x81, 0, 0, 1])] {
        let tcp = Bytes::new(Packet::from(PEER).carrying(&tcp.tcp(5000))).segments(1000);
        assert_eq!(host().receive(tcp).counted, rx(Outcome::Flooded));
    }
}

/// UDP GRO, or a sender with UDP_SEGMENT: several VXLAN packets behind each other, one Ethernet header for all.
#[test]
fn outer_packets_that_arrive_as_one_are_left_to_the_device() {
    for inner in [Inner::new(C1, FAR).tcp(100), Inner::new(C1, FAR).v6().tcp(100), Inner::new(C1, FAR).arp()]
    {
        let segment = 8 + inner.len();
        let several = [inner.clone(), Packet::from(PEER).carrying(&inner)[42..].to_vec()].concat();
        let frame = Bytes::new(Packet::from(PEER).carrying(&several)).segments(segment as u32);
        let after = host().receive(frame);
        assert_eq!(
            (after.verdict, after.counted),
            (Verdict::with(Action::Device, VTEP), rx(Outcome::UdpGso))
        );
    }
}

#[test]
fn a_priority_tag_is_left_to_the_device_once_the_sender_is_believed() {
    let tagged = |source| Bytes::new(Packet::from(source).carrying(&inner())).beside([0xe0, 0]);
    let after = host().receive(tagged(PEER));
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Device, VTEP), rx(Outcome::OuterTag)));
    assert_eq!(host().receive(tagged(STRANGER)).counted, rx(Outcome::NotAdmitted));
}

#[test]
fn what_says_that_this_host_sent_it_is_dropped_though_its_address_is_in_the_list() {
    for flags in [OverlayFlags::ADMIT_KNOWN, 0] {
        let host = host().with_settings(|overlay| overlay.flags = flags);
        let after = host.receive(Packet::from(OWN).carrying(&inner()));
        assert_eq!((after.verdict, after.counted), (Verdict::STOP, rx(Outcome::SourceOwn)));
    }
}

#[test]
fn what_the_device_is_to_send_it_receives_too_so_that_it_learns() {
    let host = host().with_flags(OverlayFlags::DEVICE_TRANSMIT);
    let after = host.receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!((after.verdict, after.counted), (Verdict::with(Action::Device, VTEP), rx(Outcome::ByDevice)));
    assert_eq!(host.receive(Packet::from(STRANGER).carrying(&inner())).counted, rx(Outcome::NotAdmitted));
}

#[test]
fn without_learning_what_came_from_a_vtep_is_counted_all_the_same() {
    let host = host().with_settings(|overlay| overlay.flags &= !OverlayFlags::LEARNING);
    host.receive(Packet::from(PEER).carrying(&inner()));
    assert_eq!(host.received.take().get(&host.index(PEER)), Some(&(1, inner().len() as u64)));
}

#[test]
fn a_frame_that_the_kernel_cannot_shrink_is_dropped_by_name() {
    let frame = Bytes::new(Packet::from(PEER).carrying(&inner())).cramped();
    assert_eq!(host().receive(frame).counted, rx(Outcome::NoRoom));
}
