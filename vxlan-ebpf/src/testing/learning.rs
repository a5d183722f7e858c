//! Who is where, for how long, and what gives way when there is no room.

use vxlan_common::{FdbEntry, FdbFlags, IfIndex, Mac, Outcome, OverlayFlags, Seconds, Target};

use super::*;
use crate::learn::{LOOK_AT, from_port};

fn numbered(number: u32) -> Mac {
    let [a, b, c, d] = number.to_be_bytes();
    Mac([2, 9, a, b, c, d])
}

fn hear(host: &Host, from: vxlan_common::Address) -> After {
    host.receive(Packet::from(from).carrying(&Inner::new(C1, FAR).udp(10)))
}

#[test]
fn a_station_moves_to_where_it_was_heard_last() {
    let host = host();
    hear(&host, PEER);
    assert_eq!(host.target(FAR), Some(host.behind(PEER)));
    hear(&host, OTHER);
    assert_eq!(host.target(FAR), Some(host.behind(OTHER)));
    from_port(&host, &station(FAR), PORT_1);
    assert_eq!(host.target(FAR), Some(Target::Port(PORT_1)));
    assert_eq!(host.ring.borrow().len(), 1, "it kept its slot");
}

#[test]
fn a_fixed_entry_is_neither_moved_nor_masked() {
    for flags in [FdbFlags::PERMANENT, FdbFlags::NOARP, FdbFlags::EXTERN_LEARN, FdbFlags::STICKY] {
        let host = host();
        let behind_peer = host.behind(PEER);
        host.put(FAR, FdbEntry::configured(behind_peer, Seconds(0), flags));
        assert_eq!(hear(&host, OTHER).counted, rx(Outcome::StaticElsewhere));
        from_port(&host, &station(FAR), PORT_1);
        assert_eq!(host.target(FAR), Some(behind_peer));
        assert_eq!(
            hear(&host, PEER).counted,
            rx(Outcome::Flooded),
            "from where it is said to be it is welcome"
        );
    }
}

#[test]
fn a_dynamic_entry_of_the_user_gives_way() {
    let host = host();
    host.put(FAR, FdbEntry::configured(host.behind(PEER), Seconds(1000), FdbFlags::DYNAMIC));
    from_port(&host, &station(FAR), PORT_1);
    assert_eq!(host.target(FAR), Some(Target::Port(PORT_1)));
    assert_eq!(
        host.ring.borrow().values().next().map(|key| key.mac()),
        Some(FAR),
        "it ages like all learned ones"
    );
}

#[test]
fn without_learning_nothing_of_the_underlay_is_learned_and_ports_still_are() {
    let host = host().with_settings(|overlay| overlay.flags &= !OverlayFlags::LEARNING);
    hear(&host, PEER);
    assert_eq!(host.entry(FAR), None);
    host.send(Inner::new(FAR, C1).udp(10), PORT_1);
    assert_eq!(host.target(C1), Some(Target::Port(PORT_1)));
}

#[test]
fn last_seen_is_written_once_a_second() {
    let host = host();
    for _ in 0..10 {
        from_port(&host, &station(C1), PORT_1);
    }
    assert_eq!(host.replaced.get(), 0);
    host.wait(7);
    for _ in 0..10 {
        from_port(&host, &station(C1), PORT_1);
    }
    assert_eq!(host.replaced.get(), 1);
    assert_eq!(host.entry(C1).map(|entry| entry.last_seen()), Some(Seconds(1007)));
}

#[test]
fn an_old_entry_is_not_believed_though_nobody_removed_it() {
    let host = host();
    hear(&host, PEER);
    for (seconds, outcome) in [(300, Outcome::Unicast), (1, Outcome::Flooded)] {
        host.wait(seconds);
        assert_eq!(host.send(Inner::new(FAR, C1).udp(10), PORT_1).counted, tx(outcome));
    }
    let forever = host.with_settings(|overlay| overlay.ageing = 0);
    forever.wait(1_000_000);
    assert_eq!(forever.send(Inner::new(FAR, C1).udp(10), PORT_1).counted, tx(Outcome::Unicast));
}

#[test]
fn a_full_ring_gives_up_the_longest_silent_of_those_it_looks_at() {
    let mut host = host();
    host.ring_slots = LOOK_AT;
    for number in 0..LOOK_AT {
        from_port(&host, &station(numbered(number)), PORT_1);
        host.wait(1);
    }
    from_port(&host, &station(numbered(0)), PORT_1);
    from_port(&host, &station(C1), PORT_1);
    assert_eq!(host.entry(numbered(1)), None, "silent for longest");
    assert!(host.entry(numbered(0)).is_some() && host.entry(C1).is_some());
    assert_eq!(host.fdb.borrow().len(), LOOK_AT as usize);
}

#[test]
fn an_expired_station_gives_up_its_slot_before_any_other() {
    let mut host = host();
    host.ring_slots = LOOK_AT;
    from_port(&host, &station(numbered(99)), PORT_1);
    host.wait(301);
    for number in 0..LOOK_AT {
        from_port(&host, &station(numbered(number)), PORT_1);
    }
    assert_eq!(host.entry(numbered(99)), None);
    assert!((0..LOOK_AT).all(|number| host.entry(numbered(number)).is_some()));
}

#[test]
fn a_thousand_stations_never_fill_more_than_the_ring_nor_push_out_a_fixed_one() {
    let host = host_that_knows_far();
    for number in 0..1000 {
        from_port(&host, &station(numbered(number)), PORT_1);
    }
    assert_eq!(host.fdb.borrow().len(), 64 + 1);
    assert_eq!(host.target(FAR), Some(host.behind(PEER)));
    for (slot, key) in host.ring.borrow().iter() {
        let entry = host.fdb.borrow().get(*key).copied();
        assert_eq!(entry.map(|entry| entry.place), Some(*slot), "each slot names who holds it");
    }
}

#[test]
fn a_full_fdb_loses_no_frame() {
    let mut host = host_that_knows_far();
    host.fdb_room = 1;
    let after = host.send(Inner::new(FAR, C1).udp(10), PORT_1);
    assert_eq!((after.counted, host.entry(C1)), (tx(Outcome::Unicast), None));
    assert!(host.ring.borrow().is_empty(), "no slot for an entry that is not there");
}

#[test]
fn a_vtep_that_gets_no_index_is_delivered_and_not_learned_from() {
    let host = host().with_settings(|overlay| overlay.flags &= !OverlayFlags::ADMIT_KNOWN);
    host.claims.set(0);
    let after = hear(&host, STRANGER);
    assert_eq!((after.counted, host.entry(FAR)), (rx(Outcome::Flooded), None));
}

#[test]
fn the_port_of_a_station_with_a_fixed_entry_is_written_once() {
    let host = host();
    let home = host.behind(OWN);
    let host = host.with_station(C2, home);
    for _ in 0..10 {
        from_port(&host, &station(C2), PORT_2);
    }
    assert_eq!((host.replaced.get(), host.target(C2)), (1, Some(home)));
    assert_eq!(host.entry(C2).and_then(|entry| entry.local_place()), Some(PORT_2));
    from_port(&host, &station(C2), IfIndex(77));
    assert_eq!(host.entry(C2).and_then(|entry| entry.local_place()), Some(IfIndex(77)));
}

#[test]
fn a_flood_of_addresses_in_one_overlay_pushes_out_its_own_before_those_of_others() {
    let host = host().with_overlay(key_of(445, 4789));
    let of_445 = |number| vxlan_common::FdbKey::new(key_of(445, 4789), numbered(number));
    for number in 0..32 {
        from_port(&host, &of_445(number), PORT_2);
        from_port(&host, &station(numbered(number)), PORT_1);
    }
    host.wait(1);
    for number in 100..10_000 {
        from_port(&host, &station(numbered(number)), PORT_1);
    }
    let left = (0..32).filter(|number| host.fdb.borrow().contains_key(&of_445(*number))).count();
    assert_eq!(left, 32, "stations of the other overlay that are left");
}

#[test]
fn a_station_fixed_behind_another_vtep_is_not_said_to_be_at_a_port_that_claims_it() {
    let host = host_that_knows_far();
    host.send(Inner::new(C2, FAR).udp(10), PORT_1);
    assert_eq!(host.entry(FAR).and_then(|entry| entry.local_place()), None);
}
