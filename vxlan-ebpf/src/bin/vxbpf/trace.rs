//! A line for each frame that ended, for developers. The object that ships is built without it: a line costs more
//! than the frame.

use aya_ebpf::programs::TcContext;
use aya_log_ebpf::debug;

/// Tells of a frame that was counted. The key is one number here: `vxbpf trace` knows the names.
#[inline(never)]
pub(crate) fn counted(key: u64, bytes: u64) {
    // The context is there for the sake of the macro's form.
    debug!(TcContext::new(core::ptr::null_mut()), "{} {}", key, bytes);
}
