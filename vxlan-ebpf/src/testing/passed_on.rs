//! What the short cut ends and what it leaves to the hook behind it, case by case. ([`super::short_cut`] holds every other
//! test's frames to the rule.)

use std::{vec, vec::Vec};

use vxlan_common::{FdbEntry, FdbFlags, HopState, Mac, Outcome, OverlayFlags, Seconds, Target};

use super::{frames::unfinished, short_cut::Shortened, *};
use crate::verdict::{Action, Verdict};

const OUT: Way = Way::From(PORT_1);

/// The host of the picture, all of whose devices take redirected frames, and which knows both stations.
fn ready() -> Host {
    let host = host_that_knows_far().with_station(C1, Target::Port(PORT_1));
    host.takes_xdp.replace([ETH0, PORT_1, PORT_2].into());
    host
}

/// The same, but no device takes redirected frames.
fn plain_devices() -> Host {
    let host = ready();
    host.takes_xdp.take();
    host
}

fn sent(host: &Host, frame: impl Into<Bytes>) -> Shortened {
    host.short_cut(frame, OUT)
}

fn received(host: &Host, inner: &[u8]) -> Shortened {
    host.short_cut(Packet::from(PEER).carrying(inner), Way::Underlay)
}

fn outbound() -> Inner {
    Inner::new(FAR, C1)
}

fn inbound() -> Inner {
    Inner::new(C1, FAR)
}

/// Each with a TCP and a UDP packet in it: over IPv4 and over IPv6.
fn transports(inner: Inner) -> [Vec<u8>; 4] {
    let v6 = inner.clone().v6();
    [inner.tcp(40), inner.udp(40), v6.tcp(40), v6.udp(40)]
}

#[test]
fn a_unicast_flow_is_remembered_by_both_hooks_in_both_directions() {
    let host = ready();
    for _ in 0..3 {
        assert_eq!(host.send(outbound().udp(9), PORT_1).counted, tx(Outcome::Unicast));
        let packet = Packet::from(PEER).carrying(&inbound().udp(9));
        assert_eq!(host.receive(packet).counted, rx(Outcome::Unicast));
    }
    assert_eq!(host.recalled.get(), 6, "TC, each time");
    let (out, back) = (sent(&host, outbound().udp(9)), received(&host, &inbound().udp(9)));
    assert!(out.by_recall && back.by_recall);
    assert_eq!(out.after.verdict, Verdict::with(Action::Egress, ETH0));
    assert_eq!(back.after.verdict, Verdict::with(Action::Egress, PORT_1));
}

#[test]
fn a_flow_that_nothing_remembers_goes_by_the_second_stage_and_is_remembered_then() {
    let host = ready();
    for by_recall in [false, true] {
        let out = sent(&host, outbound().udp(9));
        assert_eq!((out.after.counted, out.by_recall), (tx(Outcome::Unicast), by_recall));
        let back = received(&host, &inbound().udp(9));
        assert_eq!((back.after.counted, back.by_recall), (rx(Outcome::Unicast), by_recall));
    }
}

#[test]
fn an_unfinished_checksum_is_passed_both_ways_and_a_finished_one_is_not() {
    let host = ready();
    // Both from the tables and by heart.
    for _ in 0..2 {
        for frame in transports(outbound()) {
            assert!(sent(&host, unfinished(frame.clone())).is_passed());
            assert_eq!(sent(&host, frame).after.counted, tx(Outcome::Unicast));
        }
        for frame in transports(inbound()) {
            assert!(received(&host, &unfinished(frame.clone())).is_passed());
            assert_eq!(received(&host, &frame).after.counted, rx(Outcome::Unicast));
        }
    }
}

#[test]
fn a_frame_with_a_tag_beside_it_marks_its_port_and_xdp_stands_aside_there_from_then_on() {
    let host = ready();
    let plain = outbound().udp(9);
    sent(&host, plain.clone());
    assert!(sent(&host, plain.clone()).by_recall);

    host.send(Bytes::new(outbound().arp()).beside([0, 7]), PORT_1);

    assert_eq!(host.tags.borrow().iter().collect::<Vec<_>>(), [&PORT_1]);
    assert!(sent(&host, plain.clone()).is_passed(), "what was remembered is forgotten");
    host.send(plain.clone(), PORT_1);
    assert!(sent(&host, plain).is_passed(), "and what TC remembers is not for XDP");
}

#[test]
fn a_tagged_frame_from_the_underlay_marks_the_port_that_it_is_for() {
    let host = ready();
    let tagged = inbound().tagged([0x81, 0, 0, 7]).udp(9);
    assert!(received(&host, &tagged).is_passed());
    assert_eq!(host.receive(Packet::from(PEER).carrying(&tagged)).counted, rx(Outcome::Unicast));
    assert!(host.tags.borrow().contains(&PORT_1));
    assert!(sent(&host, outbound().udp(9)).is_passed());
}

#[test]
fn what_a_device_would_not_take_is_left_to_tc() {
    let host = plain_devices();
    assert!(sent(&host, outbound().udp(9)).is_passed());
    for _ in 0..2 {
        assert!(received(&host, &inbound().udp(9)).is_passed());
        assert!(received(&host, &inbound().arp()).is_passed());
    }
}

#[test]
fn what_needs_more_than_one_copy_or_the_kernels_help_is_passed_to_tc() {
    let host = ready();
    let other = || Inner::new(Mac([2, 0, 0, 0, 9, 9]), C1);
    let fixed = [
        ("a broadcast", Inner::new(Mac::BROADCAST, C1).udp(9)),
        ("an unknown station", other().udp(9)),
        ("a group", Inner::new(Mac([1, 0, 0x5e, 0, 0, 1]), C1).udp(9)),
        ("too big", outbound().udp(1500)),
        ("a tag", outbound().tagged([0x81, 0, 0, 7]).udp(9)),
        ("ARP to one station", outbound().arp()),
    ];
    for _ in 0..2 {
        for (name, frame) in &fixed {
            assert!(sent(&host, frame.clone()).is_passed(), "{name}");
        }
        sent(&host, outbound().udp(9));
    }

    for state in [HopState::Unresolved, HopState::Guess, HopState::Unknown] {
        let host = ready().with_hop(PEER, |hop| hop.set_state(state));
        // TC remembers the way, but it is not one for XDP.
        host.send(outbound().udp(9), PORT_1);
        assert!(sent(&host, outbound().udp(9)).is_passed(), "{state:?}");
    }
    for flags in [OverlayFlags::DEVICE_TRANSMIT, OverlayFlags::PROXY] {
        let host = ready().with_flags(flags);
        assert!(sent(&host, outbound().arp()).is_passed(), "{flags:#x}");
    }
    let cramped = Bytes::new(outbound().udp(9)).cramped();
    assert!(sent(&host, cramped).is_passed(), "no room for the headers");
}

#[test]
fn packets_that_only_tc_can_judge_are_passed_to_it() {
    let host = ready();
    let inner = inbound().udp(9);
    let bent = |bend: fn(&mut Packet)| Packet::bent(bend).carrying(&inner);
    let cases = [
        ("padding", bent(|packet| packet.padding = vec![0; 9])),
        ("an outer checksum", bent(|packet| packet.checksum = Checksummed::Right)),
        ("a wrong outer checksum", bent(|packet| packet.checksum = Checksummed::Wrong)),
        ("a fragment", Packet::from(PEER).first_fragment(&inner, 64)),
        ("a later fragment", bent(|packet| packet.fragment = 0x10)),
        ("an unknown VNI", bent(|packet| packet.vni = 445)),
        ("another port", bent(|packet| packet.port = 4790)),
        ("for another host", bent(|packet| packet.destination = STRANGER)),
        ("cut short", bent(|_| ())[..45].to_vec()),
        ("a flood", Packet::from(PEER).carrying(&Inner::new(Mac::BROADCAST, FAR).udp(9))),
        ("a flooded question", Packet::from(PEER).carrying(&Inner::new(Mac::BROADCAST, FAR).arp())),
    ];
    for _ in 0..2 {
        for (name, packet) in &cases {
            assert!(host.short_cut(packet.clone(), Way::Underlay).is_passed(), "{name}");
        }
        // Now that the stations are remembered, all the same.
        assert_eq!(received(&host, &inner).after.counted, rx(Outcome::Unicast));
    }
    let cramped = Bytes::new(Packet::from(PEER).carrying(&inner)).cramped();
    assert!(host.short_cut(cramped, Way::Underlay).is_passed(), "the headers cannot be taken off");
}

#[test]
fn drops_are_made_and_counted_by_the_short_cut_itself() {
    let dropped = |packet: Packet, inner: Vec<u8>| {
        let host = ready();
        let end = host.short_cut(packet.carrying(&inner), Way::Underlay);
        assert_eq!(end.after.verdict, Verdict::STOP);
        assert!(host.received.borrow().is_empty());
        end.after.counted
    };
    let from_peer = || Packet::from(PEER);
    assert_eq!(dropped(Packet::from(STRANGER), inbound().udp(9)), rx(Outcome::NotAdmitted));
    assert_eq!(dropped(from_peer(), Inner::new(C1, Mac::BROADCAST).udp(9)), rx(Outcome::SourceMacInvalid));
    assert_eq!(dropped(from_peer(), Inner::new(C1, DEVICE_MAC).udp(9)), rx(Outcome::SourceMacOwn));
    let off = Packet::bent(|packet| packet.udp_length_off = 1);
    assert_eq!(dropped(off, inbound().udp(9)), rx(Outcome::BadLength));

    let host = ready();
    let ended = |frame: Inner| sent(&host, frame.udp(9)).after;
    let after = ended(Inner::new(FAR, Mac::BROADCAST));
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::SourceMacInvalid)));
    let after = ended(Inner::new(C1, C2));
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::SamePort)));
}

#[test]
fn from_port_to_port_goes_by_the_short_cut_where_the_device_takes_it() {
    let frame = || Inner::new(C2, C1).udp(9);
    let host = ready().with_station(C2, Target::Port(PORT_2));
    let after = sent(&host, frame()).after;
    assert_eq!(
        (after.verdict, after.counted),
        (Verdict::with(Action::Egress, PORT_2), tx(Outcome::Switched))
    );
    host.takes_xdp.replace([ETH0, PORT_1].into());
    assert!(sent(&host, frame()).is_passed());
}

#[test]
fn what_is_remembered_holds_until_a_station_moves() {
    let host = host();
    host.takes_xdp.replace([ETH0, PORT_1, PORT_2].into());
    let learned = |mac, target| host.put(mac, FdbEntry::learned(target, host.now.get(), 0));
    learned(FAR, host.behind(PEER));
    host.send(outbound().udp(9), PORT_1);
    assert!(sent(&host, outbound().udp(9)).by_recall);

    host.receive(Packet::from(OTHER).carrying(&Inner::new(Mac::BROADCAST, FAR).udp(9)));

    let moved = sent(&host, outbound().udp(9));
    assert!(!moved.by_recall);
    assert_eq!(moved.after.outer().destination, OTHER.v4_bytes());
    assert!(sent(&host, outbound().udp(9)).by_recall);
}

#[test]
fn what_is_remembered_holds_for_a_second_and_keeps_both_stations_from_ageing() {
    let host = ready();
    let learned = FdbEntry::learned(host.behind(PEER), host.now.get(), 0);
    host.put(FAR, learned);
    for second in 0..3 {
        assert!(!received(&host, &inbound().udp(9)).by_recall, "{second}");
        assert!(received(&host, &inbound().udp(9)).by_recall, "{second}");
        assert!(!sent(&host, outbound().udp(9)).by_recall, "{second}");
        assert!(sent(&host, outbound().udp(9)).by_recall, "{second}");
        assert_eq!(host.entry(FAR).map(|entry| entry.last_seen()), Some(host.now.get()));
        host.wait(1);
    }
}

#[test]
fn what_is_remembered_of_one_port_is_not_that_of_another() {
    let host = ready();
    host.send(outbound().udp(9), PORT_1);
    assert!(sent(&host, outbound().udp(9)).by_recall);
    let elsewhere = host.short_cut(outbound().udp(9), Way::From(PORT_2));
    assert!(!elsewhere.by_recall);
}

#[test]
fn a_deleted_entry_is_not_remembered_once_the_tables_are_of_another_generation() {
    let host = ready();
    host.send(outbound().udp(9), PORT_1);
    host.fdb.borrow_mut().remove(&station(FAR));
    crate::Tables::forget_hits(&host);
    assert!(sent(&host, outbound().udp(9)).is_passed(), "an unknown station is flooded");
    let flags = FdbFlags::PERMANENT;
    host.put(FAR, FdbEntry::configured(host.behind(OTHER), Seconds(0), flags));
    crate::Tables::forget_hits(&host);
    assert_eq!(sent(&host, outbound().udp(9)).after.outer().destination, OTHER.v4_bytes());
}
