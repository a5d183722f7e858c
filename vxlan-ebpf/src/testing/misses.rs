//! What nobody knows is reported, once, and the kernel's device gets a copy to report it, too.

use std::vec::Vec;

use vxlan_common::{Address, FdbKey, IfIndex, Mac, Outcome, OverlayFlags, Subject, Target, Tiding};

use super::*;
use crate::{learn::from_port, verdict::Verdict};

fn station_of(mac: Mac) -> Subject {
    let mut subject = Subject::NONE;
    subject.set_station(Tiding::StationMissing, &station(mac));
    subject
}

fn copies_to_transmit(after: &After) -> Vec<IfIndex> {
    let copies = after.frame.copies.iter().filter(|copy| copy.how == How::ToTransmit);
    copies.map(|copy| copy.device).collect()
}

#[test]
fn a_station_that_nobody_knows_is_reported_where_there_is_nobody_to_flood_to() {
    for (host, from) in [(bare(), VTEP), (bare().with_port(PORT_1).with_port(PORT_2), PORT_1)] {
        let host = host.with_flags(OverlayFlags::STATION_MISSES);
        let frame = Inner::new(FAR, C1).udp(10);
        let after = host.send(frame.clone(), from);
        assert_eq!(copies_to_transmit(&after), [VTEP]);
        assert!(after.frame.copies.iter().all(|copy| copy.bytes == frame));
        assert_eq!(host.told.borrow().iter().filter(|told| told.0 == station_of(FAR)).count(), 1);
        let again = host.send(frame, from);
        assert_eq!((copies_to_transmit(&again), again.counted), (Vec::new(), after.counted), "once");
    }
}

#[test]
fn a_group_a_station_that_is_flooded_for_and_one_that_nobody_asked_about_are_not_missing() {
    let cases = [
        (bare().with_flags(OverlayFlags::STATION_MISSES), Mac::BROADCAST),
        (host().with_flags(OverlayFlags::STATION_MISSES), FAR),
        (bare().with_group(GROUP).with_flags(OverlayFlags::STATION_MISSES), FAR),
        (bare(), FAR),
    ];
    for (host, destination) in cases {
        let after = host.send(Inner::new(destination, DEVICE_MAC).udp(10), VTEP);
        assert_eq!(copies_to_transmit(&after), []);
        assert!(!host.told.borrow().iter().any(|told| told.0 == station_of(destination)));
    }
}

#[test]
fn an_address_that_nobody_is_known_to_have_is_reported_and_still_asked_for() {
    let flags = OverlayFlags::PROXY | OverlayFlags::ADDRESS_MISSES;
    let host = host().with_flags(flags);
    let question = questions::Request::new(C1, [172, 55, 1, 2], [172, 55, 1, 4]).bytes();
    let after = host.send(question.clone(), PORT_1);
    assert_eq!((copies_to_transmit(&after), after.counted), ([VTEP].to_vec(), tx(Outcome::Flooded)));
    let mut subject = Subject::NONE;
    subject.set_address(key(), &Address::v4([172, 55, 1, 4]));
    assert!(host.told.borrow().contains(&(subject, None)));

    let suppressed = host.with_flags(OverlayFlags::SUPPRESS);
    suppressed.told.borrow_mut().clear();
    let after = suppressed.send(question, PORT_1);
    assert_eq!((after.verdict, after.counted), (Verdict::STOP, tx(Outcome::Suppressed)));
    assert_eq!(copies_to_transmit(&after), [VTEP]);
}

#[test]
fn stations_are_told_when_they_come_move_and_make_room() {
    let mut host = host();
    host.ring_slots = 1;
    let number = |last| FdbKey::new(key(), Mac([2, 0, 0, 0, 9, last]));
    from_port(&host, &number(1), PORT_1);
    from_port(&host, &number(1), PORT_2);
    from_port(&host, &number(2), PORT_1);
    let mut expected = Vec::new();
    for (tiding, station, port) in [
        (Tiding::Learned, number(1), PORT_1),
        (Tiding::Moved, number(1), PORT_2),
        (Tiding::Forgotten, number(1), PORT_2),
        (Tiding::Learned, number(2), PORT_1),
    ] {
        let mut subject = Subject::NONE;
        subject.set_station(tiding, &station);
        expected.push((subject, Some(Target::Port(port))));
    }
    assert_eq!(*host.told.borrow(), expected);
    from_port(&host, &number(2), PORT_1);
    assert_eq!(host.told.borrow().len(), 4, "what did not change is not told");
}
