//! What arrived.

use aya_ebpf::{btf_maps::PerCpuArray, macros::btf_map};

use crate::PORT;

/// Frames that arrived.
#[btf_map(name = "arrived")]
static ARRIVED: PerCpuArray<u64, 1> = PerCpuArray::new();

/// The first bytes of a frame: up to the UDP ports.
#[repr(C, packed)]
struct Headers {
    macs: [u8; 12],
    kind: [u8; 2],
    before_protocol: [u8; 9],
    protocol: u8,
    after_protocol: [u8; 10],
    source_port: [u8; 2],
    destination_port: [u8; 2],
}

const IPV4: [u8; 2] = [0x08, 0x00];
const UDP: u8 = 17;

/// Counts a frame that lies between two addresses, if it is one of the bench's own; whether it is.
#[inline(always)]
pub(crate) fn takes(start: usize, end: usize) -> bool {
    if start + size_of::<Headers>() > end {
        return false;
    }
    // SAFETY: compared with the end; any bytes are such headers, whose alignment is 1.
    let headers = unsafe { &*(start as *const Headers) };
    let port = u16::from_be_bytes(headers.destination_port);
    if headers.kind != IPV4 || headers.protocol != UDP || u32::from(port) != PORT.load() {
        return false;
    }
    if let Some(arrived) = ARRIVED.get_ptr_mut(0) {
        // SAFETY: this CPU's own value of a per-CPU map.
        unsafe { *arrived += 1 };
    }
    true
}
