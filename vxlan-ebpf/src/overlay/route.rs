//! Route short circuit (`rsc`): a packet for a router goes straight to the station that the router would send it to, if
//! map `neigh` knows it, with the router's Ethernet address as its source and one hop less to go.
//!
//! The kernel's device does the same without taking the hop.

use vxlan_common::{Address, FdbFlags, FdbKey, NeighKey, Outcome, OverlayFlags};

use super::{
    Journey,
    lookup::{self, Found},
    miss, onwards, too_big,
};
use crate::{
    Frame, Tables,
    verdict::Ending,
    wire::{EtherType, Ethernet, Ipv4, Ipv6},
};

const ETHERNET: usize = size_of::<Ethernet>();

/// Whether a frame may take the short cut: all that the first stage looks at.
#[inline(always)]
pub(super) fn may_be_short<T: Tables>(tables: &T, journey: &Journey<'_>) -> bool {
    if !journey.overlay.has(OverlayFlags::ROUTE_SHORT_CIRCUIT) || !journey.destination().is_station() {
        return false;
    }
    let is_ip = matches!(journey.ether_type.0, EtherType::IPV4 | EtherType::IPV6);
    let router = || tables.fdb(&FdbKey::new(journey.key, journey.destination()));
    is_ip && router().is_some_and(|entry| entry.flags & FdbFlags::ROUTER != 0)
}

/// Turns the packet towards the station behind the router, or leaves it to the router, who also answers what has no hop
/// left, or does not fit.
#[inline(always)]
pub(super) fn short_cut<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    let is_v4 = journey.ether_type.0 == EtherType::IPV4;
    let (address, hops) = if is_v4 {
        let ip = frame.view::<Ipv4>(ETHERNET)?;
        (ip.destination(), ip.ttl)
    } else {
        let ip = frame.view::<Ipv6>(ETHERNET)?;
        (Address(ip.destination), ip.hop_limit)
    };
    let Some(neighbour) = tables.neighbour(&NeighKey::new(journey.key, address)) else {
        miss::address(frame, tables, journey, &address);
        return onwards();
    };
    let mac = neighbour.mac();
    // An IPv4 address in IPv6 is no neighbour of that name.
    if hops < 2
        || !neighbour.is_valid(tables.now())
        || mac == journey.destination()
        || address.is_v4() != is_v4
    {
        return onwards();
    }
    if let Ok(Found::Remote(way)) = lookup::station(tables, journey, mac)
        && frame.largest_packet() > too_big::room(&way)
    {
        return onwards();
    }
    if is_v4 {
        frame.view_mut::<Ipv4>(ETHERNET)?.take_hop();
    } else {
        frame.view_mut::<Ipv6>(ETHERNET)?.hop_limit = hops.wrapping_sub(1);
    }
    let (router, ether_type) = (journey.destination(), journey.ether_type.0);
    frame.view_mut::<Ethernet>(0)?.set(&mac, &router, ether_type);
    onwards()
}
