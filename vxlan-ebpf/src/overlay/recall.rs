//! The short way: what a pair of stations did before, within this second, by the same headers to the same VTEP. It asks no
//! table but `tx_cache`, and says nothing where it is not sure.

use vxlan_common::{Df, Direction, IfIndex, OverlayFlags, PortFlags, TxFlags, TxHit, TxKey, stations};
use zerocopy::{transmute_mut, transmute_ref};

use super::{Journey, answer, bind, encap, next_hop, too_big};
use crate::{
    Frame, Tables, Verdict,
    flow::{self, Packet},
    frame::Word,
    tables::Way,
    unfinished,
    verdict::Action,
    wire::{Encapsulated4, EtherType, Ethernet, Ipv4, OUTER4, Outer4, Own, Udp, Vxlan, protocol},
};

const ECN: u8 = 3;

/// Sends a frame where the last one between its stations went.
#[inline(always)]
pub(super) fn recall<F: Frame, T: Tables>(frame: &mut F, tables: &T, device: IfIndex) -> Option<Verdict> {
    let ethernet = Word(*frame.view::<Ethernet>(0).ok()?);
    let key = TxKey::new(ethernet.0.stations(), device);
    let hit = tables.tx_row(key.row()).filter(|hit| hit.holds(key, tables.stamp()))?;
    if frame.tag().is_some() {
        return None;
    }
    let ether_type = ethernet.0.ether_type;
    let packet = flow::ip_packet(frame, ether_type)?;
    let may_tell =
        || answer::may_be_question(frame, ether_type) || bind::may_be_announcement(frame, ether_type);
    if hit.has(TxFlags::NEIGHBOURS) && may_tell()
        || too_big::largest(frame, ether_type, packet.inside) > hit.room as usize
    {
        return None;
    }
    if F::SHORT_CUT
        && (!hit.has(TxFlags::SHORT_CUT) || unfinished::may_be(frame, size_of::<Ethernet>(), packet.inside))
    {
        // The next hook finds the same row.
        return Some(Verdict::PASS);
    }
    let bytes = frame.len();
    let length = size_of::<Ipv4>() + size_of::<Udp>() + size_of::<Vxlan>() + bytes;
    if length > encap::LARGEST_IP {
        return None;
    }
    let source_port = packet.hash.source_port(hit.source_port_min, hit.source_port_max);
    frame.push(OUTER4, 0, packet.inside).ok()?;
    let outer = if F::SHORT_CUT {
        // The inner Ethernet header is where it was.
        frame.view_mut::<Outer4>(0).ok()?
    } else {
        let headers = frame.view_mut::<Encapsulated4>(0).ok()?;
        headers.inner = ethernet.0;
        &mut headers.outer
    };
    let before = tables.count_unicast(hit.overlay, Direction::Tx, bytes);
    let own = own(hit, &packet, length as u16, packet.hash.identification(before));
    let template: &Outer4 = transmute_ref!(&hit.headers);
    *outer = *template;
    outer.ip.complete(own, hit.sum);
    outer.udp.complete(source_port, (length - size_of::<Ipv4>()) as u16);
    tables.count_sent(hit.remote(), bytes);
    Some(if F::SHORT_CUT {
        Verdict::with(Action::Egress, hit.device())
    } else {
        Verdict::neighbour(hit.device(), hit.gateway(), true)
    })
}

/// What the outer IP header has of its own: see [`encap`].
#[inline(always)]
fn own(hit: &TxHit, packet: &Packet, total_length: u16, identification: u16) -> Own {
    let inherits_df = hit.has(TxFlags::DF_INHERIT) && packet.dont_fragment();
    let dscp = if hit.has(TxFlags::TOS_INHERIT) { packet.tos() } else { hit.tos };
    Own {
        tos: dscp & !ECN | packet.tos() & ECN,
        total_length,
        identification: if inherits_df || hit.has(TxFlags::DF) { 0 } else { identification },
        dont_fragment: inherits_df,
        ttl: match packet.ttl() {
            _ if !hit.has(TxFlags::TTL_INHERIT) => 0,
            0 => encap::TTL,
            ttl => ttl,
        },
    }
}

/// Remembers that the frames between these stations go by `way`; false: they are none that are remembered.
#[inline(always)]
pub(super) fn remember<T: Tables>(tables: &T, journey: &Journey<'_>, way: &Way<'_>) -> bool {
    let overlay = journey.overlay;
    // What goes to a router is looked at each time.
    if !matches!(journey.ether_type.0, EtherType::IPV4 | EtherType::IPV6)
        || overlay.has(OverlayFlags::ROUTE_SHORT_CIRCUIT)
    {
        return false;
    }
    let key = TxKey::new(stations(journey.destination(), journey.source()), journey.from);
    tables.tx_write(key.row(), |hit| {
        hit.set_way(way.index, way.hop.device(), next_hop(way, journey.kind()));
        hit.overlay = overlay.number;
        hit.room = u32::try_from(too_big::room(way)).unwrap_or(u32::MAX);
        hit.flags = flags(journey, way);
        hit.source_port_min = overlay.source_port_min;
        hit.source_port_max = overlay.source_port_max;
        hit.tos = overlay.tos & !ECN;
        let headers: &mut Outer4 = transmute_mut!(&mut hit.headers);
        headers.ethernet.set(&way.hop.destination_mac(), &way.hop.source_mac(), EtherType::IPV4);
        let ttl = match overlay.ttl {
            _ if overlay.has(OverlayFlags::TTL_INHERIT) => 0,
            0 => encap::TTL,
            ttl => ttl,
        };
        headers.ip = Ipv4::new(protocol::UDP, ttl, 0, 0, [0; 4], [0; 4])
            .with_fragmentation(overlay.df() == Df::Set, 0);
        headers.ip.set_addresses(way.source_v4(), way.destination().v4_bytes());
        hit.sum = headers.ip.sum();
        headers.udp = Udp::new(0, way.udp_port(journey.key), 0);
        headers.vxlan = Vxlan::new(way.vni(journey.key));
        hit.set_key(key, tables.stamp());
    });
    true
}

#[inline(always)]
fn flags(journey: &Journey<'_>, way: &Way<'_>) -> u32 {
    let overlay = journey.overlay;
    [
        (TxFlags::TTL_INHERIT, overlay.has(OverlayFlags::TTL_INHERIT)),
        (TxFlags::TOS_INHERIT, overlay.has(OverlayFlags::TOS_INHERIT)),
        (TxFlags::DF_INHERIT, overlay.df() == Df::Inherit),
        (TxFlags::DF, overlay.df() == Df::Set),
        (TxFlags::NEIGHBOURS, overlay.has(OverlayFlags::PROXY) || overlay.has(OverlayFlags::BINDINGS)),
        (TxFlags::SHORT_CUT, way.hop.is_for_xdp() && !journey.port.0.has(PortFlags::TAGS)),
    ]
    .into_iter()
    .fold(0, |flags, (flag, is_set)| if is_set { flags | flag } else { flags })
}
