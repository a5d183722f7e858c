//! Who is believed to have an IP address, for how long, and how much of that there can be.

mod properties;

use std::vec::Vec;

use vxlan_common::{
    Address, IfIndex, Mac, NeighEntry, NeighFlags, NeighKey, Nud, Outcome, OverlayFlags, PlaceKey, Seconds,
    Tiding,
};

use super::questions::{Request, Solicitation, target_option, v6};
use super::*;
use crate::{
    bind::LOOK_AT,
    wire::{EtherType, Tag},
};

const ADDRESS: [u8; 4] = [172, 55, 1, 2];
const OTHER_ADDRESS: [u8; 4] = [172, 55, 1, 3];
const SECONDS: u32 = 30;

/// A host that learns, with so many places at each port.
fn binder(limit: u32) -> Host {
    host().with_flags(OverlayFlags::BINDINGS).with_settings(|overlay| {
        overlay.binding_limit = limit;
        (overlay.reachable_v4, overlay.reachable_v6) = (SECONDS as u16, SECONDS as u16);
    })
}

fn announcement(mac: Mac, address: [u8; 4]) -> Request {
    Request::new(mac, address, address)
}

fn reply(mac: Mac, address: [u8; 4]) -> Request {
    Request::new(mac, address, OTHER_ADDRESS).bent(|arp| (arp.operation, arp.destination) = (2, FAR))
}

fn advertisement(mac: Mac, target: [u8; 16]) -> Solicitation {
    Solicitation::advertisement(mac, target)
}

fn neigh(address: Address) -> NeighKey {
    NeighKey::new(key(), address)
}

fn numbered(number: u16) -> [u8; 4] {
    let [high, low] = number.to_be_bytes();
    [10, 0, high, low]
}

impl Host {
    fn binding(&self, address: Address) -> Option<NeighEntry> {
        self.neighbours.borrow().get(&neigh(address)).copied()
    }

    /// Whose an address is, and where that was heard, if it holds.
    fn bound(&self, address: Address) -> Option<(Mac, IfIndex)> {
        let entry = self.binding(address).filter(|entry| entry.is_valid(self.now.get()))?;
        Some((entry.mac(), entry.place().port()))
    }

    fn say(&self, arp: &Request, port: IfIndex) -> After {
        self.send(arp.bytes(), port)
    }

    fn learned_at(&self, port: IfIndex) -> usize {
        let learned = |entry: &&NeighEntry| entry.is_learned() && entry.place().port() == port;
        self.neighbours.borrow().values().filter(learned).count()
    }

    /// Each learned binding has a place of its own, and that place names it.
    fn assert_places_are_sound(&self, limit: u32) {
        let neighbours = self.neighbours.borrow();
        let learned = neighbours.iter().filter(|(_, entry)| entry.is_learned());
        let mut places: Vec<PlaceKey> = Vec::new();
        for (holder, entry) in learned {
            let place = self.places.borrow()[&entry.place()];
            assert_eq!(place.holder, *holder, "{entry:?}");
            assert_eq!(place.until(), entry.expires(), "{entry:?}");
            assert!(!places.contains(&entry.place()), "{entry:?} shares its place");
            places.push(entry.place());
        }
        assert!(self.places.borrow().keys().all(|at| at.number() < limit));
    }
}

#[test]
fn what_a_station_says_of_itself_is_learned_where_it_is_heard() {
    for port in [PORT_1, PORT_2, VTEP] {
        for (said, address) in [
            (announcement(C1, ADDRESS).bytes(), Address::v4(ADDRESS)),
            (reply(C1, ADDRESS).bytes(), Address::v4(ADDRESS)),
            (announcement(C1, ADDRESS).bent(|arp| arp.operation = 2).bytes(), Address::v4(ADDRESS)),
            (announcement(C1, ADDRESS).bent(|arp| arp.hardware = 6).bytes(), Address::v4(ADDRESS)),
            (advertisement(C1, v6(2)).bytes(), Address(v6(2))),
        ] {
            let host = binder(4);
            let without = self::host().send(said.clone(), port);
            let after = host.send(said, port);
            assert_eq!(host.bound(address), Some((C1, port)));
            assert_eq!(
                (after.verdict, after.counted),
                (without.verdict, without.counted),
                "it goes on as ever"
            );
            assert_eq!(after.to_underlay(), without.to_underlay());
            assert_eq!(
                host.told_of.borrow()[..],
                [(Tiding::NeighLearned, neigh(address), host.binding(address).expect("one"))]
            );
        }
    }
}

#[test]
fn what_is_learned_is_answered_for_at_another_port() {
    let host = binder(4).with_flags(OverlayFlags::PROXY);
    host.say(&announcement(C1, ADDRESS), PORT_1);
    host.send(advertisement(C1, v6(2)).bytes(), PORT_1);
    for question in
        [Request::new(C2, OTHER_ADDRESS, ADDRESS).bytes(), Solicitation::new(C2, v6(3), v6(2)).bytes()]
    {
        assert_eq!(host.send(question.clone(), PORT_2).counted, tx(Outcome::Proxied));
        assert_eq!(host.send(question, VTEP).counted, tx(Outcome::Proxied));
    }
    host.wait(SECONDS);
    let question = Request::new(C2, OTHER_ADDRESS, ADDRESS);
    assert_eq!(host.say(&question, PORT_2).counted, tx(Outcome::Flooded), "not any more");
}

#[test]
fn nothing_is_learned_where_it_was_not_asked_for() {
    let host = host().with_flags(OverlayFlags::PROXY).with_settings(|overlay| overlay.binding_limit = 4);
    host.say(&announcement(C1, ADDRESS), PORT_1);
    host.send(advertisement(C1, v6(2)).bytes(), PORT_1);
    assert!(host.neighbours.borrow().is_empty() && host.places.borrow().is_empty());
}

#[test]
fn a_question_and_a_probe_say_nothing_of_who_asks() {
    let host = binder(4);
    host.say(&Request::new(C1, ADDRESS, OTHER_ADDRESS), PORT_1);
    host.say(&Request::new(C1, [0; 4], ADDRESS), PORT_1);
    host.send(Solicitation::new(C1, v6(2), v6(3)).bytes(), PORT_1);
    assert!(host.neighbours.borrow().is_empty());
}

#[test]
fn forged_arp_is_not_believed_and_what_it_says_goes_on() {
    let cases = [
        ("another sender", reply(C1, ADDRESS).bent(|arp| arp.sender_mac = C2)),
        ("announced for another", announcement(C1, ADDRESS).bent(|arp| arp.sender_mac = FAR)),
        ("lengths", reply(C1, ADDRESS).bent(|arp| arp.lengths = [8, 4])),
        ("lengths of IPv6", reply(C1, ADDRESS).bent(|arp| arp.lengths = [6, 16])),
        ("protocol", reply(C1, ADDRESS).bent(|arp| arp.protocol = 0x86dd)),
        ("hardware", reply(C1, ADDRESS).bent(|arp| arp.hardware = 32)),
        ("operation", reply(C1, ADDRESS).bent(|arp| arp.operation = 4)),
        ("nobody", reply(C1, [0; 4])),
        ("this network", reply(C1, [0, 0, 0, 1])),
        ("loopback", reply(C1, [127, 0, 0, 1])),
        ("a group", reply(C1, [224, 0, 0, 1])),
        ("reserved", reply(C1, [240, 0, 0, 1])),
        ("everyone", reply(C1, [255; 4])),
    ];
    for (name, arp) in cases {
        let host = binder(4);
        let after = host.say(&arp, PORT_1);
        assert!(host.neighbours.borrow().is_empty() && host.places.borrow().is_empty(), "{name}");
        assert_eq!(after.counted, self::host().say(&arp, PORT_1).counted, "{name}");
    }
}

#[test]
fn an_advertisement_that_every_receiver_must_discard_is_not_believed() {
    let nonce = [14, 1, 1, 2, 3, 4, 5, 6];
    let na = || advertisement(C1, v6(2));
    let v4 = Address::v4(ADDRESS).0;
    let cases = [
        ("from afar", na().bent(|na| na.hop_limit = 254)),
        ("a code", na().bent(|na| na.code = 1)),
        ("a checksum", na().bent(|na| na.wrong = 1)),
        ("too long", na().bent(|na| na.longer = 8)),
        ("too short", na().bent(|na| na.longer = -8)),
        ("half an option", na().bent(|na| na.longer = -4)),
        ("an option loop", na().bent(|na| na.options[1] = 0)),
        ("a loop behind", na().bent(|na| na.options.extend([14, 0, 0, 0, 0, 0, 0, 0]))),
        ("an option beyond the end", na().bent(|na| na.options[1] = 9)),
        ("no option", na().bent(|na| na.options.clear())),
        ("another's option", na().bent(|na| na.options = target_option(C2))),
        ("two that differ", na().bent(|na| na.options.extend(target_option(C2)))),
        ("a source option only", na().bent(|na| na.options[0] = 1)),
        ("more options than are read", na().bent(|na| na.options.extend([nonce; 6].concat()))),
        ("solicited, to all", na().bent(|na| na.flags = 0x60)),
        ("from nobody", na().bent(|na| na.from = [0; 16])),
        ("of a group", advertisement(C1, [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        ("of nobody", advertisement(C1, [0; 16])),
        ("of the loopback", advertisement(C1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
        ("of an IPv4 address", advertisement(C1, v4)),
    ];
    for (name, na) in cases {
        let host = binder(4);
        let after = host.send(na.bytes(), PORT_1);
        assert!(host.neighbours.borrow().is_empty(), "{name}");
        assert_eq!(after.counted, tx(Outcome::Flooded), "{name}: it goes on");
    }
    let host = binder(4);
    host.send(na().bent(|na| na.options.extend(nonce)).bytes(), PORT_1);
    assert!(host.bound(Address(v6(2))).is_some(), "and with a right one more it is");
}

#[test]
fn a_tagged_announcement_is_of_another_network() {
    let mut tagged = announcement(C1, ADDRESS).bytes();
    tagged.splice(12..12, [0x81, 0, 0, 42]);
    let mut beside = Bytes::new(announcement(C1, ADDRESS).bytes());
    beside.tag = Some(Tag { kind: EtherType::VLAN, control: [0, 42] });
    let host = binder(4);
    host.send(tagged, PORT_1);
    host.send(beside, PORT_1);
    assert!(host.neighbours.borrow().is_empty());
}

#[test]
fn what_was_set_by_hand_is_never_changed() {
    let set = |nud, flags| NeighEntry::new(FAR, nud, flags, Seconds(1000), 10);
    for entry in [
        set(Nud::Permanent, 0),
        set(Nud::Noarp, 0),
        set(Nud::Reachable, 0),
        set(Nud::Stale, 0),
        set(Nud::Permanent, NeighFlags::EXTERN_LEARN),
    ] {
        let host = binder(4);
        host.neighbours.borrow_mut().insert(neigh(Address::v4(ADDRESS)), entry);
        host.neighbours.borrow_mut().insert(neigh(Address(v6(2))), entry);
        for _ in 0..2 {
            host.say(&announcement(C1, ADDRESS), PORT_1);
            host.send(advertisement(C1, v6(2)).bytes(), PORT_1);
            host.wait(60);
        }
        assert_eq!(host.binding(Address::v4(ADDRESS)), Some(entry));
        assert_eq!(host.binding(Address(v6(2))), Some(entry));
        assert!(host.places.borrow().is_empty() && host.told_of.borrow().is_empty());
    }
}

#[test]
fn an_address_goes_over_to_who_announces_it_and_that_is_told() {
    let host = binder(2);
    host.say(&announcement(C1, ADDRESS), PORT_1);
    host.say(&announcement(C2, ADDRESS), PORT_1);
    assert_eq!(host.bound(Address::v4(ADDRESS)), Some((C2, PORT_1)));
    host.say(&announcement(C2, ADDRESS), PORT_2);
    assert_eq!(host.bound(Address::v4(ADDRESS)), Some((C2, PORT_2)), "to another port");
    let told: Vec<Tiding> = host.told_of.borrow().iter().map(|told| told.0).collect();
    assert_eq!(told, [Tiding::NeighLearned, Tiding::NeighMoved, Tiding::NeighMoved]);
    host.assert_places_are_sound(2);
    // The place that it left is free at once.
    for number in 0..2 {
        host.say(&announcement(C1, numbered(number)), PORT_1);
    }
    assert_eq!((host.learned_at(PORT_1), host.refused.borrow().len()), (2, 0));
}

#[test]
fn an_advertisement_that_does_not_override_leaves_what_holds() {
    let modest = |mac| advertisement(mac, v6(2)).bent(|na| na.flags = 0);
    let host = binder(2);
    host.send(modest(C1).bytes(), PORT_1);
    host.send(modest(C2).bytes(), PORT_2);
    assert_eq!(host.bound(Address(v6(2))), Some((C1, PORT_1)));
    host.wait(SECONDS);
    host.send(modest(C2).bytes(), PORT_2);
    assert_eq!(host.bound(Address(v6(2))), Some((C2, PORT_2)), "once that is over");
}

#[test]
fn a_container_does_not_take_an_address_of_the_host_that_holds() {
    let host = binder(2);
    host.say(&announcement(DEVICE_MAC, ADDRESS), VTEP);
    host.say(&announcement(C1, ADDRESS), PORT_1);
    assert_eq!(host.bound(Address::v4(ADDRESS)), Some((DEVICE_MAC, VTEP)));
    host.say(&announcement(C2, ADDRESS), VTEP);
    assert_eq!(host.bound(Address::v4(ADDRESS)), Some((C2, VTEP)), "behind the bridge it moves");
    let after = host.say(&announcement(DEVICE_MAC, OTHER_ADDRESS), PORT_1);
    assert_eq!(after.counted, tx(Outcome::SourceMacOwn));
    assert_eq!(host.bound(Address::v4(OTHER_ADDRESS)), None, "nor with the device's own address");
}

#[test]
fn it_is_written_once_a_second_and_believed_for_as_long_after_the_last_time() {
    let host = binder(2);
    for _ in 0..10 {
        host.say(&announcement(C1, ADDRESS), PORT_1);
    }
    assert_eq!(host.neighbour_writes.get(), 0);
    host.wait(SECONDS - 1);
    for _ in 0..10 {
        host.say(&announcement(C1, ADDRESS), PORT_1);
    }
    assert_eq!((host.neighbour_writes.get(), host.told_of.borrow().len()), (1, 1), "and not told again");
    host.wait(SECONDS - 1);
    assert!(host.bound(Address::v4(ADDRESS)).is_some());
    host.wait(1);
    assert!(host.bound(Address::v4(ADDRESS)).is_none());
    host.say(&announcement(C1, ADDRESS), PORT_1);
    assert!(host.bound(Address::v4(ADDRESS)).is_some(), "in the place that it had");
    assert_eq!(host.places.borrow().len(), 1);
}

#[test]
fn a_million_addresses_fill_their_ports_places_and_no_more() {
    let host = binder(LOOK_AT);
    host.say(&announcement(C2, ADDRESS), PORT_2);
    for number in 0..1000 {
        let after = host.say(&announcement(C1, numbered(number)), PORT_1);
        assert_eq!(after.counted, tx(Outcome::Flooded), "the traffic goes on");
    }
    assert_eq!((host.learned_at(PORT_1), host.learned_at(PORT_2)), (LOOK_AT as usize, 1));
    assert_eq!((host.places.borrow().len(), host.refused.borrow().len()), (9, 1000 - 8));
    assert!(host.refused.borrow().iter().all(|port| *port == PORT_1));
    host.assert_places_are_sound(LOOK_AT);
    host.say(&announcement(C2, OTHER_ADDRESS), PORT_2);
    assert!(host.bound(Address::v4(OTHER_ADDRESS)).is_some(), "another port still learns");
    // The first eight are over: the next take their places.
    host.wait(SECONDS);
    for number in 1000..1008 {
        host.say(&announcement(C1, numbered(number)), PORT_1);
    }
    assert_eq!(host.learned_at(PORT_1), 8);
    assert!((1000..1008).all(|number| host.bound(Address::v4(numbered(number))).is_some()));
    host.assert_places_are_sound(LOOK_AT);
    let gone = host.told_of.borrow().iter().filter(|told| told.0 == Tiding::NeighForgotten).count();
    assert_eq!(gone, 8);
}

#[test]
fn what_was_set_by_hand_in_the_place_of_a_learned_one_is_not_forgotten_with_it() {
    let host = binder(1);
    host.say(&announcement(C1, ADDRESS), PORT_1);
    let entry = NeighEntry::new(FAR, Nud::Permanent, 0, Seconds(1000), 0);
    host.neighbours.borrow_mut().insert(neigh(Address::v4(ADDRESS)), entry);
    host.wait(SECONDS);
    host.say(&announcement(C1, OTHER_ADDRESS), PORT_1);
    assert_eq!(host.binding(Address::v4(ADDRESS)), Some(entry));
    assert!(host.bound(Address::v4(OTHER_ADDRESS)).is_some());
}

#[test]
fn a_lower_limit_is_kept_from_then_on() {
    let mut host = binder(8);
    for number in 0..8 {
        host.say(&announcement(C1, numbered(number)), PORT_1);
        host.hands.borrow_mut().insert(PORT_1, u32::from(number) + 1);
    }
    assert_eq!(host.learned_at(PORT_1), 8);
    host.settings().binding_limit = 2;
    host.wait(1);
    for number in (0..8).rev() {
        host.say(&announcement(C1, numbered(number)), PORT_1);
    }
    host.wait(SECONDS - 1);
    let still = (0..8).filter(|number| host.bound(Address::v4(numbered(*number))).is_some()).count();
    assert_eq!(still, 2, "the others were not confirmed");
}

#[test]
fn a_full_table_learns_nothing_and_loses_no_frame() {
    let mut host = binder(4);
    host.neighbour_room = 1;
    host.say(&announcement(C1, ADDRESS), PORT_1);
    let after = host.say(&announcement(C1, OTHER_ADDRESS), PORT_1);
    assert_eq!(after.counted, tx(Outcome::Flooded));
    assert!(host.bound(Address::v4(OTHER_ADDRESS)).is_none());
    // No place is held for it.
    host.neighbour_room = 10;
    for number in 0..3 {
        host.say(&announcement(C1, numbered(number)), PORT_1);
    }
    assert_eq!((host.learned_at(PORT_1), host.refused.borrow().len()), (4, 0));
}
