//! Work that is a function of its own for the verifier too: global linkage and numbers as arguments, so that it is
//! checked once, and not again for every path that leads to it.

use aya_ebpf::bindings::{__sk_buff, BPF_NOEXIST};
use vxlan_common::{Count, CountKey, FdbKey, IfIndex, Target};
use vxlan_ebpf::{
    Tables,
    learn::{self, Standing},
    overlay, underlay,
};

use crate::{
    entry::take,
    kernel_tables::{KernelTables, Nobody},
    maps::COUNT,
    tc_frame::TcFrame,
    tell,
};

/// Counts the end of a frame, and reports it if it was dropped. `key` is a [`CountKey::word`].
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_count(key: u64, bytes: u64) -> u32 {
    #[cfg(feature = "trace")]
    crate::trace::counted(key, bytes);
    let key = CountKey::from_word(key);
    if let Some(count) = COUNT.get_ptr_mut(&key) {
        // SAFETY: this CPU's own value of a per-CPU map; programs of one CPU nest only across devices.
        unsafe { &mut *count }.add(bytes);
    } else {
        // A full table loses the count, never the frame.
        let _ = COUNT.insert(&key, Count { packets: 1, bytes }, BPF_NOEXIST.into());
    }
    if tell::is_heard() && key.is_drop() {
        tell::report(KernelTables::new(Nobody).now(), |event| event.subject.set_drop(&key));
    }
    0
}

/// Writes where a station is now. `first` and `vni` are its [`FdbKey::words`], `target` a [`Target::word`].
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_settle(first: u64, vni: u32, standing: u32, target: u64) -> u32 {
    let standing = match standing {
        0 => Standing::New,
        1 => Standing::Learned,
        _ => Standing::Dynamic,
    };
    let key = FdbKey::from_words(first, vni);
    learn::settle(&KernelTables::new(Nobody), &key, standing, Target::from_word(target));
    0
}

/// [`vxbpf_encapsulate`] did it.
pub(crate) const DONE: u32 = u32::MAX;

/// Puts outer headers on a frame of port `device`; [`DONE`], or the number of the outcome that it ends with.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_encapsulate(skb: *mut __sk_buff, device: u32, to_group: u32) -> u32 {
    let (mut frame, tables) = take(skb);
    match overlay::encapsulate(&mut frame, &tables, IfIndex(device), to_group != 0) {
        Ok(()) => DONE,
        Err(outcome) => outcome as u32,
    }
}

/// Bytes of the largest packet that a frame is or consists of.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_largest(skb: *mut __sk_buff) -> u32 {
    overlay::largest_packet(&TcFrame::new(skb)) as u32
}

/// Whether the outer UDP checksum, which is not zero, is right: 1 or 0.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_checksum(skb: *mut __sk_buff) -> u32 {
    underlay::checksum_is_right(&TcFrame::new(skb)).into()
}
