//! Checksums that a sender left to the network card (CHECKSUM_PARTIAL): a packet that never left this machine may carry
//! one. A program cannot see that state, but it shows: the field holds the sum of the pseudo header. (A finished one
//! does so once in 65,536 times.)

use crate::{
    Frame,
    frame::Inside,
    wire::{Ipv4, Ipv6, Udp, checksum, protocol},
};

/// Destination ports of tunnels over UDP: VXLAN, its first implementation's on Linux, GENEVE. What is inside those may be
/// unfinished behind a finished checksum that was computed ahead of it.
const TUNNELS: [u16; 3] = [4789, 8472, 6081];

/// Whether the packet that begins at `at` may carry an unfinished checksum. Only what is known to carry none passes: one
/// behind IP options, extension headers, in another protocol or in a tunnel would not show.
#[inline(always)]
pub fn may_be<F: Frame>(frame: &F, at: usize, inside: Inside) -> bool {
    let (transport_at, transport) = match inside {
        Inside::Ipv4 => match frame.view::<Ipv4>(at) {
            // A packet is finished before it is cut.
            Ok(ip) if ip.is_fragment() => return false,
            Ok(ip) if ip.header_len() == size_of::<Ipv4>() => (at + size_of::<Ipv4>(), ip.protocol),
            Ok(_) | Err(_) => return true,
        },
        Inside::Ipv6 => match frame.view::<Ipv6>(at) {
            Ok(ip) => (at + size_of::<Ipv6>(), ip.next_header),
            Err(_) => return true,
        },
        Inside::Other => return false,
    };
    match transport {
        protocol::ICMP | protocol::ICMP6 => false,
        protocol::TCP => pseudo_header(frame, at, inside).is_some(),
        protocol::UDP => {
            let hides_another = |udp: &Udp| udp.checksum() == 0 || TUNNELS.contains(&udp.destination().0);
            frame.view::<Udp>(transport_at).map_or(true, hides_another)
                || pseudo_header(frame, at, inside).is_some()
        }
        _ => true,
    }
}

/// The sum of the pseudo header of the packet that begins at `at`, if its transport's checksum is unfinished.
#[inline(always)]
pub fn pseudo_header<F: Frame>(frame: &F, at: usize, inside: Inside) -> Option<u32> {
    match inside {
        Inside::Ipv4 => {
            let ip = frame.view::<Ipv4>(at).ok()?;
            if ip.header_len() != size_of::<Ipv4>() || !ip.has_ports() {
                return None;
            }
            let (length, transport) = (ip.total_len().saturating_sub(size_of::<Ipv4>()) as u16, ip.protocol);
            let sum = checksum::pseudo4(ip.source_bytes(), ip.destination_bytes(), transport, length);
            holds(frame, at + size_of::<Ipv4>(), transport, sum)
        }
        Inside::Ipv6 => {
            let ip = frame.view::<Ipv6>(at).ok()?;
            let (length, transport) = (ip.payload_len() as u16, ip.next_header);
            let sum = checksum::pseudo6(&ip.source, &ip.destination, transport, length);
            holds(frame, at + size_of::<Ipv6>(), transport, sum)
        }
        Inside::Other => None,
    }
}

/// `sum`, if the checksum field of the transport header at `at` holds it.
#[inline(always)]
fn holds<F: Frame>(frame: &F, at: usize, transport: u8, sum: u32) -> Option<u32> {
    let field = match transport {
        protocol::TCP => frame.view::<[u8; 2]>(at + 16),
        protocol::UDP => frame.view::<[u8; 2]>(at + 6),
        _ => return None,
    };
    field.is_ok_and(|field| u16::from_be_bytes(*field) == checksum::fold(sum)).then_some(sum)
}
