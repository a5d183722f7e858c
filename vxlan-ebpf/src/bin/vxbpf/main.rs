//! The eBPF object: one program a hook, each a few lines between a context and the engine.

#![no_std]
#![no_main]
#![feature(core_intrinsics)]
#![expect(internal_features, reason = "atomic addition, which core offers in no other way on this target")]

mod apart;
mod entry;
mod fib;
mod kernel_tables;
mod maps;
mod state;
mod tc_frame;
mod tell;
#[cfg(feature = "trace")]
mod trace;
mod xdp_entry;
mod xdp_frame;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The engine has no path that panics; the linker would keep one only if that changed, and the verifier
    // would then refuse this loop.
    loop {}
}

/// The kernel gives some helpers only to programs under a GPL-compatible licence.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
