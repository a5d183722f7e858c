//! The short way: where the last packet between two stations from one VTEP went, within this second. It asks no table but
//! `rx_cache`, and says nothing where it is not sure.

use vxlan_common::{Direction, OverlayKey, RemoteIndex, RxKey, stations};

use super::{
    Arrival,
    decap::{self, Inner, UNTAGGED_AT},
    deliver::{self, Place, To},
};
use crate::{
    Frame, Tables, Verdict,
    frame::{Inside, Word},
    unfinished,
    wire::{Encapsulated4, EtherType, Ethernet, Ipv4, OUTER4, Udp},
};

const IP_AT: usize = size_of::<Ethernet>();

/// Delivers a packet where the last one of its kind went.
#[inline(always)]
pub(super) fn recall<F: Frame, T: Tables>(frame: &mut F, tables: &T) -> Option<Verdict> {
    let bytes = frame.len();
    let headers = frame.view::<Encapsulated4>(0).ok()?;
    let Encapsulated4 { outer, inner } = headers;
    if outer.ethernet.ether_type != EtherType::IPV4
        || !outer.ip.is_plain_udp()
        || IP_AT + outer.ip.total_len() != bytes
        || size_of::<Ipv4>() + outer.udp.len() != outer.ip.total_len()
        || outer.udp.checksum() != 0
        || outer.udp.len() < size_of::<Udp>()
        || frame.tag().is_some()
    {
        return None;
    }
    let inside = match inner.ether_type {
        EtherType::IPV4 => Inside::Ipv4,
        EtherType::IPV6 => Inside::Ipv6,
        EtherType(_) => return None,
    };
    let overlay = OverlayKey::new(outer.vxlan.vni()?, outer.udp.destination());
    let (addresses, link) = (outer.ip.address_word(), outer.ethernet.destination());
    let key = RxKey::new(addresses, link.0, overlay, inner.stations());
    let hit = tables.rx_row(key.row()).filter(|hit| hit.holds(key, tables.stamp()))?;
    let (inner, tos) = (Word(*inner), outer.ip.tos);
    let ether_type = inner.0.ether_type;
    let (port, delivery) = (hit.device(), hit.delivery());
    if F::SHORT_CUT && (!hit.takes_xdp() || unfinished::may_be(frame, UNTAGGED_AT, inside)) {
        // The next hook finds the same row.
        return Some(Verdict::PASS);
    }
    decap::look_inside::<_, UNTAGGED_AT>(frame, tos, ether_type).ok()?;
    frame.pull(OUTER4, None, inside).ok()?;
    if !F::SHORT_CUT {
        *frame.view_mut::<Ethernet>(0).ok()? = inner.0;
    }
    frame.settle(None).ok()?;
    tables.count_unicast(hit.overlay, Direction::Rx, bytes);
    tables.count_received(hit.remote(), bytes.saturating_sub(OUTER4));
    Some(deliver::verdict::<F>(port, delivery))
}

/// Remembers that the packets of this VTEP between these stations go to `place`; false: they are none that are remembered.
#[inline(always)]
pub(super) fn remember<T: Tables>(
    tables: &T,
    arrival: &Arrival<'_>,
    inner: &Inner,
    vtep: RemoteIndex,
    place: &Place,
) -> bool {
    if place.to != To::One || vtep == RemoteIndex::NONE || inner.is_tagged() || inner.inside == Inside::Other
    {
        return false;
    }
    let stations = stations(inner.destination(), inner.source());
    let key = RxKey::new(arrival.addresses, arrival.link.0.0, arrival.key, stations);
    tables.rx_write(key.row(), |hit| {
        hit.set_way(vtep, place.device, place.delivery, place.takes_xdp());
        hit.overlay = arrival.overlay.number;
        hit.set_key(key, tables.stamp());
    });
    true
}
