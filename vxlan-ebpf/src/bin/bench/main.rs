//! Programs that `cargo xtask bench` measures with. None of them is part of vxbpf.
//!
//! | file | has |
//! | --- | --- |
//! | `xdp` | where packets begin and end: generator and sink; the floor at the XDP hook |
//! | `tc` | the floors at the TC hook: a bare redirect, and one with a constant outer header; bare copies |
//! | `sink` | counting what arrived, at either hook |
//! | `lookup` | a hash map and nothing else |
//!
//! The object is loaded once for each place where a program hangs, with the globals that it needs there.

#![no_std]
#![no_main]

mod lookup;
mod random;
mod sink;
mod tc;
mod xdp;

use aya_ebpf::Global;

/// Where redirects lead: index of a device.
#[unsafe(no_mangle)]
static TARGET: Global<u32> = Global::new(0);

/// UDP port, in host order, that makes a frame one of the bench's own.
#[unsafe(no_mangle)]
static PORT: Global<u32> = Global::new(9);

/// How many stations the generator and the lookup choose from.
#[unsafe(no_mangle)]
static STATIONS: Global<u32> = Global::new(1);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nothing here panics; the verifier would refuse this loop.
    loop {}
}

/// The kernel gives some helpers only to programs under a GPL-compatible licence.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
