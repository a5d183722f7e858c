//! Which station is next.

use aya_ebpf::{btf_maps::PerCpuArray, macros::btf_map};

/// How often a station was chosen, on each CPU.
#[btf_map(name = "turn")]
static TURN: PerCpuArray<u64, 1> = PerCpuArray::new();

/// The next number, counted by this CPU.
#[inline(always)]
pub(crate) fn turn() -> u32 {
    let Some(turn) = TURN.get_ptr_mut(0) else { return 0 };
    // SAFETY: this CPU's own value of a per-CPU map.
    unsafe {
        *turn += 1;
        (*turn - 1) as u32
    }
}

/// Scatters numbers (the finalizer of MurmurHash3): no two give the same, and neighbours are far apart.
#[inline(always)]
pub(crate) fn scatter(number: u32) -> u32 {
    let mut mixed = number;
    mixed = (mixed ^ mixed >> 16).wrapping_mul(0x85eb_ca6b);
    mixed = (mixed ^ mixed >> 13).wrapping_mul(0xc2b2_ae35);
    mixed ^ mixed >> 16
}

/// One of `of` by a scattered number, without a division.
#[inline(always)]
pub(crate) fn choose(scattered: u32, of: u32) -> u32 {
    (u64::from(scattered) * u64::from(of) >> 32) as u32
}
