//! ARP and ND on behalf of stations that map `neigh` knows.

use std::vec::Vec;

use vxlan_common::{
    Address, FdbEntry, FdbFlags, Mac, NeighEntry, NeighFlags, NeighKey, Nud, Outcome, OverlayFlags, Seconds,
    Target,
};

use super::questions::{Request, Solicitation, source_option, v6};
use super::*;
use crate::verdict::{Action, Verdict};

const ASKER: [u8; 4] = [172, 55, 1, 2];
const KNOWN: [u8; 4] = [172, 55, 1, 3];
const UNKNOWN: [u8; 4] = [172, 55, 1, 4];

/// A host that answers for the far station, of which the FDB knows nothing.
fn proxy() -> Host {
    let permanent = |host: Host, address| host.with_neighbour(address, FAR, Nud::Permanent);
    let host = permanent(host().with_flags(OverlayFlags::PROXY), Address::v4(KNOWN));
    permanent(host, Address(v6(3)))
}

fn suppressor() -> Host {
    proxy().with_flags(OverlayFlags::SUPPRESS)
}

fn arp(target: [u8; 4]) -> Request {
    Request::new(C1, ASKER, target)
}

fn ns(target: [u8; 16]) -> Solicitation {
    Solicitation::new(C1, v6(2), target)
}

impl Host {
    /// One more neighbour, set now, with half a minute to go if it expires.
    fn with_neighbour(mut self, address: Address, mac: Mac, nud: Nud) -> Self {
        let entry = NeighEntry::new(mac, nud, 0, self.now.get(), 30);
        self.neighbours.get_mut().insert(NeighKey::new(key(), address), entry);
        self
    }

    fn with_router(mut self, address: Address) -> Self {
        let entry = NeighEntry::new(FAR, Nud::Permanent, NeighFlags::ROUTER, Seconds(0), 0);
        self.neighbours.get_mut().insert(NeighKey::new(key(), address), entry);
        self
    }
}

/// The advertisement of a station, field by field as RFC 4861 section 4.4 has it.
fn advertisement(to: Mac, destination: [u8; 16], flags: u8, class: u8) -> Vec<u8> {
    let mut icmp = [&[136, 0, 0, 0, flags, 0, 0, 0][..], &v6(3), &[2, 1], &FAR.0].concat();
    let pseudo = [&v6(3)[..], &destination, &[0, 0, 0, 32, 0, 0, 0, 58]].concat();
    let checksum = (!proof::sum(&[&pseudo, &icmp])).to_be_bytes();
    icmp[2..4].copy_from_slice(&checksum);
    let ip = [0x60 | class >> 4, class << 4, 0, 0, 0, 32, 58, 255];
    [&to.0[..], &FAR.0, &[0x86, 0xdd], &ip, &v6(3), &destination, &icmp].concat()
}

fn reply(asker: [u8; 4]) -> Vec<u8> {
    let head = [&C1.0[..], &FAR.0, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2]].concat();
    [&head[..], &FAR.0, &KNOWN, &C1.0, &asker].concat()
}

#[test]
fn a_request_for_a_known_address_is_answered_where_it_came_from_and_never_leaves() {
    for (from, back) in [(PORT_1, Action::Egress), (VTEP, Action::Ingress)] {
        let after = proxy().send(arp(KNOWN).bytes(), from);
        assert_eq!((after.verdict, after.counted), (Verdict::with(back, from), tx(Outcome::Proxied)));
        assert_eq!(after.frame.bytes, reply(ASKER));
        assert!(after.frame.copies.is_empty());
    }
}

#[test]
fn every_question_that_has_an_answer_gets_the_exact_one() {
    const ALL_NODES: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let (solicited, unsolicited) = (advertisement(C1, v6(2), 0x60, 0), 0x20);
    let group = Mac([0x33, 0x33, 0, 0, 0, 1]);
    let padded = |mut bytes: Vec<u8>| {
        bytes.resize(90, 0xee);
        bytes
    };
    let with = |options: Vec<u8>| ns(v6(3)).bent(|ns| ns.options = options).bytes();
    let nonce = [14, 1, 1, 2, 3, 4, 5, 6];
    let cases = [
        ("a request", arp(KNOWN).bytes(), reply(ASKER)),
        ("a probe", Request::new(C1, [0; 4], KNOWN).bytes(), reply([0; 4])),
        ("of IEEE 802", arp(KNOWN).bent(|arp| arp.hardware = 6).bytes(), reply(ASKER)),
        ("to one station", arp(KNOWN).bent(|arp| arp.destination = FAR).bytes(), reply(ASKER)),
        ("padded", padded(arp(KNOWN).bytes()), reply(ASKER)),
        ("a solicitation", ns(v6(3)).bytes(), solicited.clone()),
        ("without an option", with(Vec::new()), solicited.clone()),
        ("with more options", with([source_option(C1), nonce.to_vec()].concat()), solicited.clone()),
        (
            "with a long option",
            with([&[200, 2][..], &[7; 14], &source_option(C1)].concat()),
            solicited.clone(),
        ),
        ("padded", padded(ns(v6(3)).bytes()), solicited.clone()),
        (
            "to the station itself",
            ns(v6(3)).bent(|ns| (ns.destination, ns.to) = (FAR, v6(3))).bytes(),
            solicited,
        ),
        ("of a class", ns(v6(3)).bent(|ns| ns.class = 0xc0).bytes(), advertisement(C1, v6(2), 0x60, 0xc0)),
        (
            "of nobody, with a nonce",
            Solicitation::probe(C1, v6(3)).bytes(),
            advertisement(group, ALL_NODES, unsolicited, 0),
        ),
        (
            "of nobody, without an option",
            Solicitation::probe(C1, v6(3)).bent(|ns| ns.options.clear()).bytes(),
            advertisement(group, ALL_NODES, unsolicited, 0),
        ),
    ];
    for (name, question, answer) in cases {
        for from in [PORT_1, VTEP] {
            let after = proxy().send(question.clone(), from);
            assert_eq!(after.counted, tx(Outcome::Proxied), "{name}");
            assert_eq!(after.frame.bytes, answer, "{name}");
            proof::assert_sound(&after.frame.bytes);
        }
    }
}

#[test]
fn a_router_is_said_to_be_one() {
    let said_here = proxy().with_router(Address(v6(3)));
    let said_in_the_fdb = proxy();
    let flags = FdbFlags::PERMANENT | FdbFlags::ROUTER;
    said_in_the_fdb.put(FAR, FdbEntry::configured(said_in_the_fdb.behind(PEER), Seconds(0), flags));
    for host in [said_here, said_in_the_fdb] {
        let after = host.send(ns(v6(3)).bytes(), PORT_1);
        assert_eq!(after.frame.bytes, advertisement(C1, v6(2), 0xe0, 0));
    }
}

#[test]
fn a_tag_beside_the_question_stays_beside_the_answer() {
    for question in [arp(KNOWN).bytes(), ns(v6(3)).bytes()] {
        let frame = Bytes::new(question).beside([0x20, 0x2a]);
        let after = proxy().send(frame.clone(), PORT_1);
        assert_eq!((after.counted, after.frame.tag), (tx(Outcome::Proxied), frame.tag));
    }
}

#[test]
fn what_is_no_question_goes_on_even_where_floods_are_suppressed() {
    let mut tagged = arp(KNOWN).bytes();
    tagged.splice(12..12, [0x81, 0, 0, 42]);
    let mut advertises = ns(v6(3)).bytes();
    advertises[54] = 136;
    let cases = [
        ("a reply", arp(KNOWN).bent(|arp| arp.operation = 2).bytes()),
        ("an announcement", Request::new(C1, KNOWN, KNOWN).bytes()),
        ("an announcement of the unknown", Request::new(C1, UNKNOWN, UNKNOWN).bytes()),
        ("another protocol", arp(KNOWN).bent(|arp| arp.protocol = 0x86dd).bytes()),
        ("other hardware", arp(KNOWN).bent(|arp| arp.hardware = 32).bytes()),
        ("RARP's operation", arp(KNOWN).bent(|arp| arp.operation = 3).bytes()),
        ("with a tag inside", tagged),
        ("an advertisement", advertises),
        (
            "more options than are read",
            ns(v6(3)).bent(|ns| ns.options = [[200, 1, 0, 0, 0, 0, 0, 0]; 7].concat()).bytes(),
        ),
        ("an IPv4 address in IPv6", ns(Address::v4(KNOWN).0).bytes()),
        ("a packet", Inner::new(Mac::BROADCAST, C1).v6().udp(40)),
    ];
    for (name, sent) in cases {
        let after = suppressor().send(sent.clone(), PORT_1);
        assert_eq!(after.counted, tx(Outcome::Flooded), "{name}");
        assert_eq!(proof::outer(&after.to_underlay()[0]).inner, sent, "{name}");
    }
}

#[test]
fn a_question_about_the_unknown_is_flooded_or_suppressed() {
    for question in [
        arp(UNKNOWN).bytes(),
        Request::new(C1, [0; 4], UNKNOWN).bytes(),
        ns(v6(4)).bytes(),
        Solicitation::probe(C1, v6(4)).bytes(),
    ] {
        let after = proxy().send(question.clone(), PORT_1);
        assert_eq!((after.counted, after.vteps().len()), (tx(Outcome::Flooded), 2));
        assert_eq!(proof::outer(&after.to_underlay()[0]).inner, question);
        let after = suppressor().send(question, PORT_1);
        assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::Suppressed)));
        assert!(after.frame.copies.is_empty());
    }
}

#[test]
fn a_question_to_one_station_reaches_it() {
    let to = |mac| arp(UNKNOWN).bent(|arp| arp.destination = mac).bytes();
    for make in [proxy, suppressor] {
        let host = make();
        let peer = host.behind(PEER);
        let after = host.with_station(FAR, peer).send(to(FAR), PORT_1);
        assert_eq!((after.counted, after.outer().inner), (tx(Outcome::Unicast), to(FAR)));
        let after = make().with_station(C2, Target::Port(PORT_2)).send(to(C2), PORT_1);
        assert_eq!(
            (after.counted, after.verdict),
            (tx(Outcome::Switched), Verdict::with(Action::Egress, PORT_2))
        );
        assert_eq!(make().send(to(FAR), PORT_1).counted, tx(Outcome::Flooded), "nobody knows where it is");
        let after = make().with_station(C2, make().behind(OWN)).send(to(C2), PORT_1);
        assert_eq!((after.counted, after.local_devices().len()), (tx(Outcome::Flooded), 2));
    }
}

#[test]
fn without_the_option_nothing_is_answered() {
    let host = proxy().with_settings(|overlay| overlay.flags &= !OverlayFlags::PROXY);
    let host = host.with_flags(OverlayFlags::SUPPRESS);
    assert_eq!(host.send(arp(KNOWN).bytes(), PORT_1).counted, tx(Outcome::Flooded));
}

#[test]
fn only_what_is_in_force_is_answered() {
    let host = |nud| proxy().with_neighbour(Address::v4(UNKNOWN), FAR, nud);
    for (nud, after, answered) in [
        (Nud::Permanent, 1 << 30, true),
        (Nud::Noarp, 1 << 30, true),
        (Nud::Reachable, 29, true),
        (Nud::Reachable, 30, false),
        (Nud::Stale, 0, false),
    ] {
        let host = host(nud);
        host.wait(after);
        let expected = if answered { Outcome::Proxied } else { Outcome::Flooded };
        assert_eq!(host.send(arp(UNKNOWN).bytes(), PORT_1).counted, tx(expected), "{nud:?} {after}");
    }
}

#[test]
fn another_overlays_neighbour_is_not_this_ones() {
    let mut host = proxy().with_overlay(key_of(445, 4789));
    let port = vxlan_common::Port::new(key_of(445, 4789), vxlan_common::PortKind::Direct, 0);
    host.ports.insert(PORT_2, port);
    host.overlays.get_mut(&key_of(445, 4789)).expect("it").flags |=
        OverlayFlags::PROXY | OverlayFlags::SUPPRESS;
    let after = host.send(arp(KNOWN).bytes(), PORT_2);
    let suppressed = Counted::Of(key_of(445, 4789), vxlan_common::Direction::Tx, Outcome::Suppressed);
    assert_eq!(after.counted, Some(suppressed));
}

/// All hosts are given the same list, their own stations in it: an answer about itself would tell a station that
/// somebody else has its address.
#[test]
fn nobody_is_told_that_its_own_address_is_taken() {
    let mine = |host: Host| {
        host.with_neighbour(Address::v4(ASKER), C1, Nud::Permanent).with_neighbour(
            Address(v6(2)),
            C1,
            Nud::Permanent,
        )
    };
    for probe in [Request::new(C1, [0; 4], ASKER).bytes(), Solicitation::probe(C1, v6(2)).bytes()] {
        assert_eq!(mine(proxy()).send(probe.clone(), PORT_1).counted, tx(Outcome::Flooded));
        assert_eq!(mine(suppressor()).send(probe, PORT_1).counted, tx(Outcome::Suppressed));
    }
}

/// Else the bridge behind the VTEP device would learn that a station of its own is out there.
#[test]
fn a_station_at_the_same_port_answers_for_itself() {
    let here = |port| proxy().with_station(FAR, Target::Port(port));
    assert_eq!(here(VTEP).send(arp(KNOWN).bytes(), VTEP).counted, tx(Outcome::Flooded));
    assert_eq!(here(PORT_1).send(arp(KNOWN).bytes(), PORT_1).counted, tx(Outcome::Flooded));
    assert_eq!(here(PORT_2).send(arp(KNOWN).bytes(), PORT_1).counted, tx(Outcome::Proxied));
    assert_eq!(here(VTEP).send(arp(KNOWN).bytes(), PORT_1).counted, tx(Outcome::Proxied));

    let home = |seen: u32| {
        let host = proxy();
        let mut entry = FdbEntry::configured(host.behind(OWN), Seconds(0), FdbFlags::PERMANENT);
        entry.place = seen;
        host.put(FAR, entry);
        host
    };
    for (seen, from, outcome) in [
        (0, VTEP, Outcome::Flooded),
        (0, PORT_1, Outcome::Proxied),
        (PORT_1.0, PORT_1, Outcome::Flooded),
        (PORT_1.0, VTEP, Outcome::Proxied),
    ] {
        assert_eq!(home(seen).send(arp(KNOWN).bytes(), from).counted, tx(outcome), "{seen} {from:?}");
    }
    let far = proxy();
    let far = far.with_station(FAR, proxy().behind(PEER));
    assert_eq!(far.send(arp(KNOWN).bytes(), VTEP).counted, tx(Outcome::Proxied));
}

#[test]
fn the_asker_is_learned() {
    for question in [arp(KNOWN).bytes(), ns(v6(3)).bytes(), arp(UNKNOWN).bytes()] {
        let host = suppressor();
        host.send(question, PORT_1);
        assert_eq!(host.target(C1), Some(Target::Port(PORT_1)));
    }
}

#[test]
fn a_forged_sender_is_not_answered_and_named() {
    let by = |mac: Mac| ns(v6(3)).bent(|ns| ns.options = source_option(mac)).bytes();
    let cases = [
        arp(KNOWN).bent(|arp| arp.sender_mac = C2).bytes(),
        arp(KNOWN).bent(|arp| arp.sender_mac = Mac::BROADCAST).bytes(),
        arp(KNOWN).bent(|arp| arp.source = C2).bytes(),
        arp(UNKNOWN).bent(|arp| arp.sender_mac = C2).bytes(),
        Request::new(C1, KNOWN, KNOWN).bent(|arp| arp.sender_mac = C2).bytes(),
        by(C2),
        by(Mac::ZERO),
    ];
    for sent in cases {
        let after = proxy().send(sent, PORT_1);
        assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::ForgedSender)));
    }
}

#[test]
fn what_every_receiver_must_discard_is_dropped_by_name() {
    fn bent(bend: impl FnOnce(&mut Solicitation)) -> Vec<u8> {
        ns(v6(3)).bent(bend).bytes()
    }
    let with = |options: &[u8]| bent(|ns| ns.options = options.to_vec());
    let mut version = ns(v6(3)).bytes();
    version[14] = 0x40;
    let cases = [
        ("hardware length", arp(KNOWN).bent(|arp| arp.lengths = [7, 4]).bytes()),
        ("protocol length", arp(KNOWN).bent(|arp| arp.lengths = [6, 16]).bytes()),
        ("no lengths", arp(KNOWN).bent(|arp| arp.lengths = [0, 0]).bytes()),
        ("hop limit", bent(|ns| ns.hop_limit = 254)),
        ("code", bent(|ns| ns.code = 1)),
        ("version", version),
        ("a group", bent(|ns| ns.target[0] = 0xff)),
        ("checksum", bent(|ns| ns.wrong = 1)),
        ("payload length beyond the frame", bent(|ns| ns.longer = 8)),
        ("payload length below the message", bent(|ns| ns.longer = -9)),
        ("an odd payload length", bent(|ns| ns.longer = -1)),
        ("an option of no length", with(&[1, 0, 2, 0, 0, 0, 1, 1])),
        (
            "an option of no length behind another",
            with(&[source_option(C1), [14, 0, 0, 0, 0, 0, 0, 0].to_vec()].concat()),
        ),
        ("an option beyond the message", with(&[1, 2, 2, 0, 0, 0, 1, 1])),
        ("a foreign option beyond the message", with(&[200, 255, 0, 0, 0, 0, 0, 0])),
        ("a long address", with(&[&[1, 2][..], &C1.0, &[0; 8]].concat())),
        (
            "nobody, but with an address",
            Solicitation::probe(C1, v6(3)).bent(|ns| ns.options = source_option(C1)).bytes(),
        ),
        ("nobody, to one station", Solicitation::probe(C1, v6(3)).bent(|ns| ns.to = v6(3)).bytes()),
    ];
    for (name, sent) in cases {
        for from in [PORT_1, VTEP] {
            let after = proxy().send(sent.clone(), from);
            assert_eq!(
                (after.verdict, after.counted),
                (Verdict::STOP, tx(Outcome::MalformedQuestion)),
                "{name}"
            );
        }
    }
}

#[test]
fn truncated_at_every_byte_it_ends_in_one_counter_and_unanswered() {
    for (whole, headers, asks) in [(arp(KNOWN).bytes(), 14, 42), (ns(v6(3)).bytes(), 54, 78)] {
        for length in 0..whole.len() {
            let after = proxy().send(whole[..length].to_vec(), PORT_1);
            // Without its ICMP type it is a packet like any other.
            let expected = match length {
                54 if asks == 78 => Outcome::Flooded,
                _ if length < headers.max(asks) => Outcome::Truncated,
                _ => Outcome::MalformedQuestion,
            };
            assert_eq!(after.counted, tx(expected), "{length} bytes");
        }
    }
}

#[test]
fn an_answer_that_finds_no_room_is_dropped_by_name() {
    let question = ns(v6(3)).bent(|ns| ns.options.clear()).bytes();
    assert_eq!(proxy().send(Bytes::new(question).cramped(), PORT_1).counted, tx(Outcome::NoRoom));
}

#[test]
fn what_the_device_transmits_is_answered_too() {
    let host = proxy().with_flags(OverlayFlags::DEVICE_TRANSMIT);
    assert_eq!(host.send(arp(KNOWN).bytes(), PORT_1).counted, tx(Outcome::Proxied));
    assert_eq!(host.send(arp(UNKNOWN).bytes(), PORT_1).counted, tx(Outcome::SlowPath));
}
