//! The outer headers (RFC 7348 section 5) onto a frame.

use vxlan_common::{Df, Outcome, Overlay, OverlayFlags, OverlayKey};

use super::Journey;
use crate::{
    Frame, Tables,
    flow::Packet,
    frame::Inside,
    tables::Way,
    wire::{
        Encapsulated4, EtherType, Ethernet, Ipv4, OUTER4, Outer4, Tag, Tagged4, TaggedEthernet, TwiceTagged4,
        Udp, Vxlan, protocol,
    },
};

pub(super) const LARGEST_IP: usize = 0xffff;

/// The outer TTL towards a VTEP, unless the user says otherwise.
pub(super) const TTL: u8 = 64;

/// Grows the frame and writes the inner Ethernet header and what is the same for all VTEPs; the rest is up to
/// [`towards`].
#[inline(always)]
pub(super) fn onto<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
    to_group: bool,
) -> Result<(), Outcome> {
    let beside = frame.tag();
    let within = tag_within(frame, journey)?;
    let ip_length =
        size_of::<Ipv4>() + size_of::<Udp>() + size_of::<Vxlan>() + frame.len() + beside.map_or(0, |_| 4);
    if ip_length > LARGEST_IP {
        return Err(Outcome::SlowPath);
    }
    let overlay = journey.overlay;
    let port = journey.packet.hash.source_port(overlay.source_port_min, overlay.source_port_max);
    let ip = ip(tables, journey, to_group, ip_length as u16);
    let udp = Udp::new(port, journey.key.udp_port(), (ip_length - size_of::<Ipv4>()) as u16);
    let tags = usize::from(beside.is_some()) + usize::from(within.is_some());
    frame.push(OUTER4, tags, journey.packet.inside)?;
    let (destination, source) = (journey.destination(), journey.source());
    let outer = match (beside, within) {
        (None, None) => {
            let headers = frame.view_mut::<Encapsulated4>(0)?;
            journey.write_ethernet(&mut headers.inner);
            &mut headers.outer
        }
        (Some(tag), None) => {
            let headers = frame.view_mut::<Tagged4>(0)?;
            headers.inner.set(&destination, &source, tag, journey.ether_type.0);
            &mut headers.outer
        }
        (None, Some((tag, ether_type))) => {
            let headers = frame.view_mut::<Tagged4>(0)?;
            headers.inner.set(&destination, &source, tag, ether_type);
            &mut headers.outer
        }
        (Some(outer), Some((tag, ether_type))) => {
            let headers = frame.view_mut::<TwiceTagged4>(0)?;
            headers.inner.set(&destination, &source, [outer, tag], ether_type);
            &mut headers.outer
        }
    };
    outer.ip = ip;
    outer.udp = udp;
    Ok(())
}

/// The tag inside the frame and what follows it. A third tag would slip beside the frame while the first two come
/// off (`skb_vlan_pop`), so such frames are left to the device.
#[inline(always)]
fn tag_within<F: Frame>(frame: &F, journey: &Journey<'_>) -> Result<Option<(Tag, EtherType)>, Outcome> {
    if !journey.ether_type.0.is_vlan() {
        return Ok(None);
    }
    let tagged = frame.view::<TaggedEthernet>(0)?;
    if tagged.inner.is_vlan() { Err(Outcome::SlowPath) } else { Ok(Some((tagged.tag, tagged.inner))) }
}

/// Turns the outer headers of a frame towards a VTEP.
#[inline(always)]
pub(super) fn towards<F: Frame>(frame: &mut F, key: OverlayKey, way: &Way<'_>) -> Result<(), Outcome> {
    let outer = frame.view_mut::<Outer4>(0)?;
    outer.ethernet.set(&way.hop.destination_mac(), &way.hop.source_mac(), EtherType::IPV4);
    outer.ip.direct(way.source_v4(), way.destination().v4_bytes());
    outer.udp.direct(way.udp_port(key));
    outer.vxlan = Vxlan::new(way.vni(key));
    Ok(())
}

/// Whether a frame has the outer headers that [`onto`] and [`towards`] write for this VTEP.
#[inline(always)]
pub(super) fn is_for<F: Frame>(frame: &F, key: OverlayKey, way: &Way<'_>) -> bool {
    let Ok(outer) = frame.view::<Outer4>(0) else { return false };
    let Outer4 { ethernet, ip, udp, vxlan } = outer;
    ethernet.ether_type == EtherType::IPV4
        && ip.is_sound()
        && ip.header_len() == size_of::<Ipv4>()
        && ip.protocol == protocol::UDP
        && size_of::<Ethernet>() + ip.total_len() == frame.len()
        && ip.source_bytes() == way.source_v4()
        && ip.destination_bytes() == way.destination().v4_bytes()
        && udp.destination() == way.udp_port(key)
        && size_of::<Ipv4>() + udp.len() == ip.total_len()
        && *vxlan == Vxlan::new(way.vni(key))
}

#[inline(always)]
fn ip<T: Tables>(tables: &T, journey: &Journey<'_>, to_group: bool, length: u16) -> Ipv4 {
    let (overlay, packet) = (journey.overlay, &journey.packet);
    let dont_fragment = match overlay.df() {
        Df::Unset => false,
        Df::Set => true,
        Df::Inherit => packet.dont_fragment(),
    };
    let identification = if dont_fragment { 0 } else { tables.any_u16() };
    let ttl = ttl(overlay, packet, to_group);
    Ipv4::new(protocol::UDP, ttl, tos(overlay, packet), length, [0; 4], [0; 4])
        .with_fragmentation(dont_fragment, identification)
}

/// As the kernel's device: 64 towards a VTEP, 1 towards a group, unless the user says otherwise.
#[inline(always)]
fn ttl(overlay: &Overlay, packet: &Packet, to_group: bool) -> u8 {
    let wanted = if overlay.has(OverlayFlags::TTL_INHERIT) { packet.ttl() } else { overlay.ttl };
    match wanted {
        0 if to_group => 1,
        0 => TTL,
        wanted => wanted,
    }
}

/// DSCP as asked, ECN always the inner packet's (RFC 6040 section 4.1, normal mode).
#[inline(always)]
fn tos(overlay: &Overlay, packet: &Packet) -> u8 {
    const ECN: u8 = 3;
    if packet.inside == Inside::Other {
        return overlay.tos & !ECN;
    }
    let dscp = if overlay.has(OverlayFlags::TOS_INHERIT) { packet.tos() } else { overlay.tos };
    dscp & !ECN | packet.tos() & ECN
}
