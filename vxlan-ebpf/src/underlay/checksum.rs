//! The outer UDP checksum. Zero means that there is none; else it must be right (RFC 7348 section 5).
//!
//! A packet that never left this machine may carry one that nobody has finished yet (see [`crate::unfinished`]): either
//! its own, or the inner one, ahead of which the sender computed the outer (local checksum offload, `lco_csum` in Linux).

use vxlan_common::Outcome;

use crate::{
    Frame,
    frame::{Checksum, Inside},
    unfinished,
    wire::{EtherType, Ethernet, Ipv4, Ipv6, OUTER4, Udp, checksum, protocol},
};

const IP_AT: usize = size_of::<Ethernet>();
const UDP_AT: usize = IP_AT + size_of::<Ipv4>();
const INNER_IP_AT: usize = OUTER4 + size_of::<Ethernet>();

/// Checks the checksum of a whole packet over IPv4.
#[inline(always)]
pub(super) fn verify<F: Frame>(frame: &F, udp: &Udp) -> Result<(), Outcome> {
    if udp.checksum() == 0 || frame.checksum_is_right() { Ok(()) } else { Err(Outcome::BadChecksum) }
}

/// Whether the checksum of a whole packet over IPv4, which is not zero, is right.
#[inline(always)]
pub fn is_right<F: Frame>(frame: &F) -> bool {
    let (Ok(ip), Ok(udp)) = (frame.view::<Ipv4>(IP_AT), frame.view::<Udp>(UDP_AT)) else { return false };
    let pseudo =
        checksum::pseudo4(ip.source_bytes(), ip.destination_bytes(), protocol::UDP, udp.len() as u16);
    udp.checksum() == checksum::fold(pseudo)
        || is_ahead_of_inner(frame, pseudo)
        || frame.outer_checksum(pseudo, UDP_AT) == Checksum::Right
}

/// Whether the checksum is right for the packet as it will be once the inner checksum is finished: then all from
/// the inner transport header on sums up to the complement of its pseudo header, which stands in the field.
#[inline(always)]
fn is_ahead_of_inner<F: Frame>(frame: &F, pseudo: u32) -> bool {
    const HEADERS4: usize = INNER_IP_AT + size_of::<Ipv4>() - UDP_AT;
    const HEADERS6: usize = INNER_IP_AT + size_of::<Ipv6>() - UDP_AT;
    let unfinished = |inside| unfinished::pseudo_header(frame, INNER_IP_AT, inside);
    match frame.view::<Ethernet>(OUTER4).map(|ethernet| ethernet.ether_type) {
        Ok(EtherType::IPV4) => {
            unfinished(Inside::Ipv4).is_some_and(|inner| sums_up::<_, HEADERS4>(frame, pseudo, inner))
        }
        Ok(EtherType::IPV6) => {
            unfinished(Inside::Ipv6).is_some_and(|inner| sums_up::<_, HEADERS6>(frame, pseudo, inner))
        }
        _ => false,
    }
}

/// Whether the outer checksum fits `HEADERS` bytes from the outer UDP header on and a finished rest.
#[inline(always)]
fn sums_up<F: Frame, const HEADERS: usize>(frame: &F, outer: u32, inner: u32) -> bool {
    let Ok(headers) = frame.view::<[u8; HEADERS]>(UDP_AT) else { return false };
    let rest = u32::from(!checksum::fold(inner));
    checksum::fold(outer + checksum::sum(headers) + rest) == 0xffff
}
