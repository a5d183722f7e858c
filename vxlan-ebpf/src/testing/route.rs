//! Route short circuit: past the router, straight to the station.

use std::vec::Vec;

use vxlan_common::{
    Address, FdbEntry, FdbFlags, Mac, NeighEntry, NeighKey, Nud, Outcome, OverlayFlags, Seconds,
};

use super::*;

const ROUTER: Mac = Mac([2, 0, 0, 0, 9, 9]);

/// A host that knows a router behind one VTEP, and the far station behind another.
fn shortener() -> Host {
    let mut host = host().with_flags(OverlayFlags::ROUTE_SHORT_CIRCUIT);
    let (peer, other) = (host.behind(PEER), host.behind(OTHER));
    for address in [Address::v4([172, 55, 1, 3]), Address(questions::v6(3))] {
        let entry = NeighEntry::new(FAR, Nud::Permanent, 0, Seconds(0), 0);
        host.neighbours.get_mut().insert(NeighKey::new(key(), address), entry);
    }
    let host = host.with_station(FAR, other);
    host.put(ROUTER, FdbEntry::configured(peer, Seconds(0), FdbFlags::PERMANENT | FdbFlags::ROUTER));
    host
}

fn to_router() -> [Inner; 2] {
    [Inner::new(ROUTER, C1), Inner::new(ROUTER, C1).v6()]
}

/// The same packet as the router would send it on.
fn routed(mut inner: Inner, make: impl Fn(&Inner) -> Vec<u8>) -> Vec<u8> {
    inner.ttl -= 1;
    let bytes = make(&inner);
    [&FAR.0[..], &ROUTER.0, &bytes[12..]].concat()
}

#[test]
fn a_packet_for_a_router_goes_to_the_station_behind_it_with_one_hop_less() {
    for inner in to_router() {
        for from in [PORT_1, VTEP] {
            let after = shortener().send(inner.udp(40), from);
            assert_eq!(after.counted, tx(Outcome::Unicast));
            let outer = after.outer();
            assert_eq!(outer.destination, OTHER.v4_bytes());
            assert_eq!(outer.inner, routed(inner.clone(), |inner| inner.udp(40)));
            proof::assert_sound(&outer.inner);
        }
    }
}

#[test]
fn the_sender_is_learned_and_the_router_is_not_moved() {
    let host = shortener();
    let before = host.entry(ROUTER);
    host.send(to_router()[0].udp(40), PORT_1);
    assert_eq!(host.target(C1), Some(vxlan_common::Target::Port(PORT_1)));
    assert_eq!(host.entry(ROUTER), before);
}

#[test]
fn a_station_that_the_fdb_does_not_know_is_flooded_to() {
    let host = shortener();
    host.fdb.borrow_mut().remove(&station(FAR));
    for inner in to_router() {
        let after = host.send(inner.udp(40), PORT_1);
        assert_eq!(after.counted, tx(Outcome::Flooded));
        let expected = routed(inner, |inner| inner.udp(40));
        assert_eq!(proof::outer(&after.to_underlay()[0]).inner, expected);
        assert!(after.local_copies().iter().all(|copy| copy.bytes == expected));
    }
}

#[test]
fn what_cannot_take_the_short_cut_goes_to_the_router_untouched() {
    let with_ttl = |ttl: u8| {
        to_router().map(|mut inner| {
            inner.ttl = ttl;
            inner.udp(40)
        })
    };
    let elsewhere = to_router().map(|mut inner| {
        inner.hosts.1 = 4;
        inner.udp(40)
    });
    let not_ip = [to_router()[0].arp(), to_router()[0].lldp()];
    let tagged = [Inner::new(ROUTER, C1).tagged([0x81, 0, 0, 7]).udp(40)];
    for sent in [with_ttl(1), with_ttl(0), elsewhere, not_ip].concat().into_iter().chain(tagged) {
        let after = shortener().send(sent.clone(), PORT_1);
        assert_eq!((after.counted, after.outer().inner), (tx(Outcome::Unicast), sent));
    }
    let plain = to_router()[0].udp(40);
    for host in [shortener().with_settings(|overlay| overlay.flags &= !OverlayFlags::ROUTE_SHORT_CIRCUIT), {
        let host = shortener();
        let peer = host.behind(PEER);
        host.with_station(ROUTER, peer)
    }] {
        assert_eq!(host.send(plain.clone(), PORT_1).outer().inner, plain, "no option, or no router");
    }
}

#[test]
fn a_neighbour_that_is_not_in_force_is_the_routers_business() {
    let mut host = shortener();
    let entry = NeighEntry::new(FAR, Nud::Stale, 0, Seconds(0), 0);
    host.neighbours.get_mut().insert(NeighKey::new(key(), Address::v4([172, 55, 1, 3])), entry);
    let sent = to_router()[0].udp(40);
    assert_eq!(host.send(sent.clone(), PORT_1).outer().inner, sent);
}

/// Else the ICMP answer would go to the router's Ethernet address.
#[test]
fn what_does_not_fit_is_answered_to_its_sender() {
    let host = shortener().with_hop(PEER, |hop| hop.mtu = 1400).with_hop(OTHER, |hop| hop.mtu = 1400);
    let after = host.send(to_router()[0].udp(1400), PORT_1);
    assert_eq!((after.counted, &after.frame.bytes[..6]), (tx(Outcome::TooBig), &C1.0[..]));
}
