//! The host that the tests know, and frames for it.
//!
//! ```text
//!   port 11 (c1) ---+
//!   port 12 (c2) ---+--- VNI 444, vxlan1 = 10, eth0 = 2, 192.168.1.100 ---- VTEPs 1 (.200), 2 (.201), 3 (own)
//! ```

use std::{vec, vec::Vec};

use vxlan_common::{
    Address, FdbEntry, FdbFlags, FdbKey, FloodList, HopState, IfIndex, Mac, NextHop, Overlay, OverlayKey,
    Port, PortFlags, PortKind, Remote, RemoteIndex, RemoteKey, Seconds, Target, UdpPort, Vni,
};
use zerocopy::IntoBytes;

use super::Host;
use crate::wire::{EtherType, Ethernet, Ipv4, Udp, Vxlan, checksum, protocol};

pub(super) const VTEP: IfIndex = IfIndex(10);
pub(super) const PORT_1: IfIndex = IfIndex(11);
pub(super) const PORT_2: IfIndex = IfIndex(12);
pub(super) const ETH0: IfIndex = IfIndex(2);
pub(super) const C1: Mac = Mac([2, 0, 0, 0, 1, 1]);
pub(super) const C2: Mac = Mac([2, 0, 0, 0, 1, 2]);
pub(super) const FAR: Mac = Mac([2, 0, 0, 0, 2, 1]);
pub(super) const DEVICE_MAC: Mac = Mac([2, 0, 0, 0, 0, 10]);
pub(super) const OWN: Address = Address::v4([192, 168, 1, 100]);
pub(super) const PEER: Address = Address::v4([192, 168, 1, 200]);
pub(super) const OTHER: Address = Address::v4([192, 168, 1, 201]);
pub(super) const PEER_INDEX: RemoteIndex = RemoteIndex(1);

pub(super) fn key() -> OverlayKey {
    OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN)
}

pub(super) fn station(mac: Mac) -> FdbKey {
    FdbKey::new(key(), mac)
}

/// The host of the picture: nothing learned, everyone in the flood list, its own address too.
pub(super) fn host() -> Host {
    let mut host = Host::default();
    (host.ring_slots, host.fdb_room) = (64, 1000);
    host.now.set(Seconds(1000));
    host.overlays.insert(key(), Overlay::new(VTEP, DEVICE_MAC).on(ETH0).from_local(OWN));
    host.ports.insert(VTEP, Port::new(key(), PortKind::Vtep, 0));
    host.ports.insert(PORT_1, Port::new(key(), PortKind::Direct, PortFlags::PEER));
    host.ports.insert(PORT_2, Port::new(key(), PortKind::Direct, PortFlags::PEER));
    let mut list = FloodList::default();
    for (index, address, state) in
        [(1, PEER, HopState::Ready), (3, OWN, HopState::Home), (2, OTHER, HopState::Ready)]
    {
        let index = RemoteIndex(index);
        host.remotes.insert(index, Remote::new(RemoteKey::plain(address), 0, 1));
        let mut hop = NextHop::new(state, 1, Seconds(1000));
        hop.set_path(ETH0, address, OWN, 1500);
        hop.set_macs(Mac([4, 0, 0, 0, 0, address.0[15]]), Mac([4, 0, 0, 0, 0, 100]));
        host.hops.insert(index, hop);
        list.add_remote(index);
        host.known.insert(address);
    }
    for port in [PORT_1, PORT_2] {
        list.add_port(port);
    }
    host.floods.insert(key(), list);
    host.local.insert(OWN);
    host
}

/// Adds a station that the user set.
pub(super) fn set(host: &Host, mac: Mac, target: Target) {
    let entry = FdbEntry::configured(target, Seconds(0), FdbFlags::PERMANENT);
    host.fdb.borrow_mut().insert(station(mac), entry);
}

/// An inner frame: UDP over IPv4 with a right checksum.
pub(super) fn inner(destination: Mac, source: Mac, payload: usize) -> Vec<u8> {
    let mut frame = Ethernet::new(destination, source, EtherType::IPV4).as_bytes().to_vec();
    frame.extend_from_slice(&udp4([172, 55, 1, 2], [172, 55, 1, 3], 1000, 2000, &vec![7; payload], true));
    frame
}

/// An ARP request, or anything that is not IP.
pub(super) fn arp(destination: Mac, source: Mac) -> Vec<u8> {
    let mut frame = Ethernet::new(destination, source, EtherType::ARP).as_bytes().to_vec();
    frame.extend_from_slice(&[0; 28]);
    frame
}

/// UDP over IPv4.
pub(super) fn udp4(
    source: [u8; 4],
    destination: [u8; 4],
    from: u16,
    to: u16,
    payload: &[u8],
    with_checksum: bool,
) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    let ip = Ipv4::new(protocol::UDP, 64, 0, 20 + length, [0; 4], [0; 4]).between(source, destination);
    let mut udp = Udp::new(from, UdpPort(to), length).as_bytes().to_vec();
    if with_checksum {
        let sum = checksum::pseudo4(source, destination, protocol::UDP, length)
            + checksum::sum(&udp)
            + checksum::sum(payload);
        udp[6..].copy_from_slice(&checksum::finish(sum));
    }
    [ip.as_bytes(), &udp, payload].concat()
}

/// An outer packet with `inner` in it, as `source` sends it to us.
pub(super) fn vxlan(source: Address, inner: &[u8]) -> Vec<u8> {
    outer(source, OWN, Vni::from_wire([0, 1, 0xbc]), inner, false)
}

pub(super) fn outer(
    source: Address,
    destination: Address,
    vni: Vni,
    inner: &[u8],
    with_checksum: bool,
) -> Vec<u8> {
    let payload = [Vxlan::new(vni).as_bytes(), inner].concat();
    let ethernet = Ethernet::new(Mac([4, 0, 0, 0, 0, 100]), Mac([4, 0, 0, 0, 0, 200]), EtherType::IPV4);
    let packet = udp4(source.v4_bytes(), destination.v4_bytes(), 50000, 4789, &payload, with_checksum);
    [ethernet.as_bytes(), &packet].concat()
}
