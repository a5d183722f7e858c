//! Checksums that a sender left to the network card (CHECKSUM_PARTIAL): a packet that never left this machine may carry
//! one. A program cannot see that state, but it shows: the field holds the sum of the pseudo header. (A finished one
//! does so once in 65,536 times.)

use crate::{
    Frame,
    frame::Inside,
    wire::{Ipv4, Ipv6, checksum, protocol},
};

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
