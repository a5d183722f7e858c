//! Who is where, and for how long.

use vxlan_common::{FdbEntry, FdbFlags, Mac, Outcome, Seconds, Target};

use super::*;
use crate::{learn::from_port, overlay, underlay::run, verdict::Action};

fn target_of(host: &Host, mac: Mac) -> Option<Target> {
    host.fdb.borrow().get(&station(mac)).map(FdbEntry::target)
}

fn numbered(number: u32) -> Mac {
    let [a, b, c, d] = number.to_be_bytes();
    Mac([2, 9, a, b, c, d])
}

#[test]
fn a_station_moves_to_where_it_was_heard_last() {
    let host = host();
    run(&mut Bytes::new(vxlan(PEER, &inner(C1, FAR, 10))), &host);
    let first = target_of(&host, FAR);
    host.recount();
    run(&mut Bytes::new(vxlan(OTHER, &inner(C1, FAR, 10))), &host);
    assert_eq!(first, Some(Target::Remote(PEER_INDEX)));
    assert_eq!(target_of(&host, FAR), Some(Target::Remote(vxlan_common::RemoteIndex(2))));
    from_port(&host, &station(FAR), PORT_1);
    assert_eq!(target_of(&host, FAR), Some(Target::Port(PORT_1)));
    assert_eq!(host.ring.borrow().len(), 1, "it kept its slot");
}

#[test]
fn a_fixed_entry_is_neither_moved_nor_masked() {
    for flags in [FdbFlags::PERMANENT, FdbFlags::NOARP, FdbFlags::EXTERN_LEARN, FdbFlags::STICKY] {
        let host = host();
        let entry = FdbEntry::configured(Target::Remote(PEER_INDEX), Seconds(0), flags);
        host.fdb.borrow_mut().insert(station(FAR), entry);
        run(&mut Bytes::new(vxlan(OTHER, &inner(C1, FAR, 10))), &host);
        assert_eq!(host.counted().map(|(_, outcome)| outcome), Some(Outcome::StaticElsewhere));
        from_port(&host, &station(FAR), PORT_1);
        assert_eq!(target_of(&host, FAR), Some(Target::Remote(PEER_INDEX)));
    }
}

#[test]
fn a_dynamic_entry_of_the_user_gives_way() {
    let host = host();
    let entry = FdbEntry::configured(Target::Remote(PEER_INDEX), Seconds(1000), FdbFlags::DYNAMIC);
    host.fdb.borrow_mut().insert(station(FAR), entry);
    from_port(&host, &station(FAR), PORT_1);
    assert_eq!(target_of(&host, FAR), Some(Target::Port(PORT_1)));
    assert_eq!(host.ring.borrow().values().next().map(|key| key.mac()), Some(FAR));
}

#[test]
fn last_seen_is_written_once_a_second() {
    let host = host();
    from_port(&host, &station(C1), PORT_1);
    host.now.set(Seconds(1007));
    from_port(&host, &station(C1), PORT_1);
    assert_eq!(host.fdb.borrow()[&station(C1)].last_seen(), Seconds(1007));
}

#[test]
fn an_old_entry_is_not_believed_though_nobody_removed_it() {
    let host = host();
    run(&mut Bytes::new(vxlan(PEER, &inner(C1, FAR, 10))), &host);
    for (now, action) in [(1300, Action::Neighbour), (1301, Action::Flood)] {
        host.recount();
        host.now.set(Seconds(now));
        let verdict = overlay::run(&mut Bytes::new(inner(FAR, C1, 10)), &host, PORT_1);
        assert_eq!(verdict.action, action, "{now}");
    }
}

#[test]
fn a_full_ring_gives_up_the_longest_silent_of_those_it_looks_at() {
    let mut host = host();
    host.ring_slots = 8;
    for number in 0..8 {
        host.now.set(Seconds(1000 + number));
        from_port(&host, &station(numbered(number)), PORT_1);
    }
    host.now.set(Seconds(1010));
    from_port(&host, &station(numbered(0)), PORT_1);
    from_port(&host, &station(C1), PORT_1);
    assert_eq!(target_of(&host, numbered(1)), None, "silent since 1001");
    assert!(target_of(&host, numbered(0)).is_some() && target_of(&host, C1).is_some());
    assert_eq!(host.fdb.borrow().len(), 8);
}

#[test]
fn a_thousand_stations_never_fill_more_than_the_ring_nor_push_out_a_fixed_one() {
    let host = host();
    set(&host, FAR, Target::Remote(PEER_INDEX));
    for number in 0..1000 {
        from_port(&host, &station(numbered(number)), PORT_1);
    }
    assert_eq!(host.fdb.borrow().len(), 64 + 1);
    assert_eq!(target_of(&host, FAR), Some(Target::Remote(PEER_INDEX)));
}
