//! A line for each frame that ended, for developers. The object that ships is built without it: a line costs more
//! than the frame.

use aya_ebpf::{bindings::__sk_buff, programs::TcContext};
use aya_log_ebpf::debug;
use vxlan_common::CountKey;

/// Tells of a frame that was counted. The key is one number here: `vxbpf trace` knows the names.
#[inline(never)]
pub(crate) fn counted(skb: *mut __sk_buff, key: &CountKey, bytes: u64) {
    debug!(TcContext::new(skb), "{} {}", key.word(), bytes);
}
