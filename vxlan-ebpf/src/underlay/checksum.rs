//! The outer UDP checksum. Zero means that there is none; else it must be right (RFC 7348 section 5).
//!
//! A packet that never left this machine may carry one that nobody has finished yet (CHECKSUM_PARTIAL): either its
//! own, which is then the sum of the pseudo header, or the inner one, ahead of which the sender computed the outer
//! (local checksum offload, `lco_csum` in Linux). A program cannot see that state, but it shows in the fields.

use vxlan_common::Outcome;

use crate::{
    Frame,
    frame::Checksum,
    wire::{EtherType, Ethernet, Ipv4, Ipv6, OUTER4, Udp, checksum, protocol},
};

const UDP_AT: usize = size_of::<Ethernet>() + size_of::<Ipv4>();
const INNER_IP_AT: usize = OUTER4 + size_of::<Ethernet>();

/// Checks the checksum of a whole packet over IPv4.
#[inline(always)]
pub(super) fn verify<F: Frame>(frame: &F, ip: &Ipv4, udp: &Udp) -> Result<(), Outcome> {
    let field = udp.checksum();
    if field == 0 {
        return Ok(());
    }
    let pseudo =
        checksum::pseudo4(ip.source_bytes(), ip.destination_bytes(), protocol::UDP, udp.len() as u16);
    if field == checksum::fold(pseudo) || is_ahead_of_inner(frame, pseudo) {
        return Ok(());
    }
    match frame.outer_checksum(pseudo, UDP_AT) {
        Checksum::Right => Ok(()),
        Checksum::Wrong => Err(Outcome::BadChecksum),
    }
}

/// Whether the checksum is right for the packet as it will be once the inner checksum is finished: then all from
/// the inner transport header on sums up to the complement of its pseudo header, which stands in the field.
#[inline(always)]
fn is_ahead_of_inner<F: Frame>(frame: &F, pseudo: u32) -> bool {
    let Ok(ethernet) = frame.view::<Ethernet>(OUTER4) else { return false };
    match ethernet.ether_type {
        EtherType::IPV4 => {
            const TRANSPORT_AT: usize = INNER_IP_AT + size_of::<Ipv4>();
            let Ok(ip) = frame.view::<Ipv4>(INNER_IP_AT) else { return false };
            if ip.header_len() != size_of::<Ipv4>() || !ip.has_ports() {
                return false;
            }
            let length = ip.total_len().saturating_sub(size_of::<Ipv4>()) as u16;
            let inner = checksum::pseudo4(ip.source_bytes(), ip.destination_bytes(), ip.protocol, length);
            is_unfinished::<_, TRANSPORT_AT>(frame, ip.protocol, inner)
                && sums_up::<_, { TRANSPORT_AT - UDP_AT }>(frame, pseudo, inner)
        }
        EtherType::IPV6 => {
            const TRANSPORT_AT: usize = INNER_IP_AT + size_of::<Ipv6>();
            let Ok(ip) = frame.view::<Ipv6>(INNER_IP_AT) else { return false };
            let length = ip.payload_len() as u16;
            let inner = checksum::pseudo6(&ip.source, &ip.destination, ip.next_header, length);
            is_unfinished::<_, TRANSPORT_AT>(frame, ip.next_header, inner)
                && sums_up::<_, { TRANSPORT_AT - UDP_AT }>(frame, pseudo, inner)
        }
        EtherType(_) => false,
    }
}

/// Whether the checksum field of the transport header holds the sum of its pseudo header.
#[inline(always)]
fn is_unfinished<F: Frame, const AT: usize>(frame: &F, transport: u8, pseudo: u32) -> bool {
    let field = match transport {
        protocol::TCP => frame.view::<[u8; 2]>(AT + 16),
        protocol::UDP => frame.view::<[u8; 2]>(AT + 6),
        _ => return false,
    };
    field.is_ok_and(|field| u16::from_be_bytes(*field) == checksum::fold(pseudo))
}

/// Whether the outer checksum fits `HEADERS` bytes from the outer UDP header on and a finished rest.
#[inline(always)]
fn sums_up<F: Frame, const HEADERS: usize>(frame: &F, outer: u32, inner: u32) -> bool {
    let Ok(headers) = frame.view::<[u8; HEADERS]>(UDP_AT) else { return false };
    let rest = u32::from(!checksum::fold(inner));
    checksum::fold(outer + checksum::sum(headers) + rest) == 0xffff
}
