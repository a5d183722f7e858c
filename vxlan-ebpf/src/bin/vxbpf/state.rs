//! Map `state`: words that all CPUs share.

use core::intrinsics::{AtomicOrdering, atomic_cxchg, atomic_xadd};

use crate::maps::STATE;

/// The clock hand of the ring: how often it was advanced.
pub(crate) const HAND: u32 = 0;
/// How many remotes learning has claimed.
pub(crate) const CLAIMED: u32 = 1;
/// A bit for each slot of `events` whose reader is there; the loader writes it.
pub(crate) const READERS: u32 = 2;
/// The second in which the next word counts.
pub(crate) const SECOND: u32 = 3;
/// How much was reported in that second.
pub(crate) const REPORTS: u32 = 4;
/// How much was not reported, since it was too much a second.
pub(crate) const UNREPORTED: u32 = 5;
/// How often the loader changed a table.
pub(crate) const CHANGES: u32 = 6;
/// How often a program changed one so that what CPUs remember of it holds no longer.
pub(crate) const MOVES: u32 = 7;
/// The first of the words that count, for each reader, what its ring had no room for.
pub(crate) const LOST: u32 = 8;

/// Adds one to a word of map `state`; returns what it was.
#[inline(always)]
pub(crate) fn add_one(index: u32) -> u32 {
    let Some(word) = STATE.get_ptr_mut(index) else { return 0 };
    // SAFETY: a word of a map outlives the program; all who change it do so atomically.
    unsafe { add(word, 1) as u32 }
}

/// Adds to a word of a map; returns what it was. (The methods of `AtomicU64` are left out on this target; the instruction
/// is there since Linux 5.12. With a relaxed ordering LLVM 22 makes the one that does not give the old value.)
///
/// # Safety
/// The word outlives the program, and all who change it do so atomically.
#[inline(always)]
pub(crate) unsafe fn add(word: *mut u64, amount: u64) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::SeqCst }>(word, amount) }
}

/// Sets a word of a map to `new` if it is `old`; whether it was.
///
/// # Safety
/// The word outlives the program, and all who change it do so atomically.
#[inline(always)]
pub(crate) unsafe fn exchange(word: *mut u64, old: u64, new: u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe { atomic_cxchg::<u64, { AtomicOrdering::SeqCst }, { AtomicOrdering::SeqCst }>(word, old, new).1 }
}

/// A word of map `state`.
#[inline(always)]
pub(crate) fn word(index: u32) -> u64 {
    // SAFETY: a word of a map outlives the program.
    STATE.get_ptr_mut(index).map_or(0, |word| unsafe { word.read_volatile() })
}
