//! A frame that does not fit the path is never fragmented (RFC 7348 section 4.3): its sender is told.

use vxlan_common::Outcome;

use super::{
    Journey,
    lookup::{self, Found},
};
use crate::{
    Frame, Tables,
    frame::Inside,
    tables::Way,
    verdict::Ending,
    wire::{EtherType, Ethernet, FragmentationNeeded, Ipv4, Ipv6, OUTER4, PacketTooBig, Tcp, Udp, protocol},
};

const ETHERNET: usize = size_of::<Ethernet>();
const TAG: usize = 4;

/// What the outer headers cost of the path's MTU: all of them but the outer Ethernet header, and the inner one.
const OVERHEAD: usize = OUTER4;

/// An ICMP error must be of use: below these MTUs none is sent (RFC 791, RFC 8200).
const SMALLEST_MTU4: usize = 68;
const SMALLEST_MTU6: usize = 1280;

/// Answers the sender of a frame that does not fit the path.
#[inline(always)]
pub(super) fn answer<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    let room = match lookup::destination(tables, journey)? {
        Found::Remote(way) => room(&way),
        Found::Everyone => room(&lookup::last_way(tables, journey)?),
        // The table changed since the stage before.
        Found::Port(_) | Found::LocalPorts => return Err(Outcome::SlowPath),
    };
    let mtu = room.saturating_sub(tag_beside(frame));
    // A tag inside the frame moves everything behind it; such frames are rare enough to go unanswered.
    if journey.ether_type.0.is_vlan() || !journey.destination().is_station() {
        return Err(Outcome::TooBigUnanswered);
    }
    match journey.packet.inside {
        Inside::Ipv4 if mtu >= SMALLEST_MTU4 => answer4(frame, mtu as u16)?,
        Inside::Ipv6 if mtu >= SMALLEST_MTU6 => answer6(frame, mtu as u16)?,
        Inside::Ipv4 | Inside::Ipv6 | Inside::Other => return Err(Outcome::TooBigUnanswered),
    }
    Ok(Ending::new(Outcome::TooBig, journey.back()))
}

#[inline(always)]
fn answer4<F: Frame>(frame: &mut F, mtu: u16) -> Result<(), Outcome> {
    let ip = frame.view::<Ipv4>(ETHERNET)?;
    let [kind, ..] = frame.view::<[u8; 8]>(ETHERNET + size_of::<Ipv4>())?;
    // Not about errors, groups, later fragments, or packets from nobody (RFC 1122 section 3.2.2).
    let is_error = ip.protocol == protocol::ICMP && !matches!(kind, 0 | 8);
    if is_error
        || ip.header_len() != size_of::<Ipv4>()
        || !ip.is_first()
        || ip.source().is_multicast()
        || ip.source_bytes() == [0; 4]
        || ip.destination().is_multicast()
    {
        return Err(Outcome::TooBigUnanswered);
    }
    frame.resize(size_of::<FragmentationNeeded>())?;
    frame.view_mut::<FragmentationNeeded>(0)?.answer(mtu);
    Ok(())
}

#[inline(always)]
fn answer6<F: Frame>(frame: &mut F, mtu: u16) -> Result<(), Outcome> {
    let ip = frame.view::<Ipv6>(ETHERNET)?;
    let [kind, ..] = frame.view::<[u8; 8]>(ETHERNET + size_of::<Ipv6>())?;
    // Not about errors, whose types are below 128, nor to a group or nobody (RFC 4443 section 2.4).
    let is_error = ip.next_header == protocol::ICMP6 && *kind < 128;
    let [first, ..] = ip.source;
    if is_error || first == 0xff || u128::from_ne_bytes(ip.source) == 0 {
        return Err(Outcome::TooBigUnanswered);
    }
    frame.resize(size_of::<PacketTooBig>())?;
    frame.view_mut::<PacketTooBig>(0)?.answer(mtu);
    Ok(())
}

/// The largest inner IP packet, VLAN tags counted with it, that the path takes; no limit is known: any.
#[inline(always)]
pub(super) fn room(way: &Way<'_>) -> usize {
    match way.hop.mtu as usize {
        0 => usize::MAX,
        mtu => mtu.saturating_sub(OVERHEAD),
    }
}

#[inline(always)]
fn tag_beside<F: Frame>(frame: &F) -> usize {
    if frame.tag().is_some() { TAG } else { 0 }
}

/// Bytes of the inner packet, or of the largest of its segments, VLAN tags counted with it.
#[inline(always)]
pub(super) fn largest<F: Frame>(frame: &F, ether_type: EtherType, inside: Inside) -> usize {
    tag_beside(frame) + largest_without(frame, ether_type, inside)
}

/// The same without the tag beside the frame.
#[inline(always)]
fn largest_without<F: Frame>(frame: &F, ether_type: EtherType, inside: Inside) -> usize {
    let whole = frame.len().saturating_sub(ETHERNET);
    let Some(payload) = frame.segment() else { return whole };
    let headers = if ether_type.is_vlan() {
        TAG + headers::<_, { ETHERNET + TAG }>(frame, inside)
    } else {
        headers::<_, ETHERNET>(frame, inside)
    };
    headers + payload as usize
}

/// Bytes of the IP and transport headers of each segment; the packet begins at `AT`.
#[inline(always)]
fn headers<F: Frame, const AT: usize>(frame: &F, inside: Inside) -> usize {
    const LONGEST: usize = 60;
    let (ip, transport) = match inside {
        Inside::Ipv4 => (size_of::<Ipv4>(), frame.view::<Ipv4>(AT).map_or(0, |ip| ip.protocol)),
        Inside::Ipv6 => (size_of::<Ipv6>(), frame.view::<Ipv6>(AT).map_or(0, |ip| ip.next_header)),
        Inside::Other => return LONGEST,
    };
    match transport {
        protocol::TCP => {
            let tcp = match inside {
                Inside::Ipv4 => frame.view::<Tcp>(AT + size_of::<Ipv4>()),
                Inside::Ipv6 | Inside::Other => frame.view::<Tcp>(AT + size_of::<Ipv6>()),
            };
            ip + tcp.map_or(LONGEST, Tcp::header_len)
        }
        protocol::UDP => ip + size_of::<Udp>(),
        _ => ip + LONGEST,
    }
}
