//! Tidings for whoever listens. With nobody there, one word is looked at.

use aya_ebpf::{
    bindings::{__sk_buff, BPF_ANY},
    helpers::generated::{bpf_ktime_get_ns, bpf_ringbuf_output, bpf_skb_load_bytes},
};
use vxlan_common::{Event, READERS, Seconds, Subject, Target};

use crate::{
    maps::{EVENT, EVENTS, STATE, TOLD},
    state::{self, add_one, word},
};

/// How much is reported a second in all.
const REPORTS_A_SECOND: u32 = 1000;

/// Whether somebody listens.
#[inline(always)]
pub(crate) fn is_heard() -> bool {
    word(state::READERS) != 0
}

/// Whether `subject` was told in this second already.
#[inline(always)]
fn is_told(subject: &Subject, now: Seconds) -> bool {
    // SAFETY: the value is read at once.
    let told = unsafe { TOLD.get(subject) };
    told == Some(&now.0)
}

/// Whether `subject` is to be reported now: not if it was in this second, nor if this second had enough.
#[inline(always)]
fn is_news(subject: &Subject, now: Seconds) -> bool {
    if is_told(subject, now) {
        return false;
    }
    if word(state::SECOND) != u64::from(now.0) {
        // CPUs that do so at the same moment report a little more.
        let _ = STATE.set(state::SECOND, u64::from(now.0), BPF_ANY.into());
        let _ = STATE.set(state::REPORTS, 0, BPF_ANY.into());
    }
    if add_one(state::REPORTS) >= REPORTS_A_SECOND {
        add_one(state::UNREPORTED);
        return false;
    }
    TOLD.insert(subject, now.0, BPF_ANY.into()).is_ok()
}

/// This CPU's place for a tiding.
#[inline(always)]
fn place() -> Option<&'static mut Event> {
    let place = EVENT.get_ptr_mut(0)?;
    // SAFETY: this CPU's own value of a per-CPU map, and one tiding is told before the next is written.
    Some(unsafe { &mut *place })
}

/// Puts a tiding into all rings; `write` says what happened to whom.
#[inline(always)]
pub(crate) fn tell(target: Option<Target>, write: impl FnOnce(&mut Subject)) {
    if !is_heard() {
        return;
    }
    let Some(event) = place() else { return };
    write(&mut event.subject);
    event.set_target(target);
    vxbpf_tell();
}

/// The same for what is told once a second; whether it was.
#[inline(always)]
pub(crate) fn report(now: Seconds, write: impl FnOnce(&mut Event)) -> bool {
    let Some(event) = place() else { return false };
    event.set_target(None);
    write(event);
    if !is_news(&event.subject, now) {
        return false;
    }
    if is_heard() {
        vxbpf_tell();
    }
    true
}

/// The same for what there is a limit of anyway, so that no storm of others hides it.
#[inline(always)]
pub(crate) fn notify(now: Seconds, write: impl FnOnce(&mut Event)) {
    let Some(event) = place() else { return };
    event.set_target(None);
    write(event);
    if !is_told(&event.subject, now) {
        let _ = TOLD.insert(&event.subject, now.0, BPF_ANY.into());
        vxbpf_tell();
    }
}

/// Tells what a command wrote behind an Ethernet header.
#[inline(always)]
pub(crate) fn relay(skb: *mut __sk_buff) {
    const ETHERNET: u32 = 14;
    let Some(event) = EVENT.get_ptr_mut(0) else { return };
    // SAFETY: `skb` is the context the kernel gave; this CPU's own value of a per-CPU map has this size.
    if unsafe { bpf_skb_load_bytes(skb.cast(), ETHERNET, event.cast(), size_of::<Event>() as u32) } == 0 {
        vxbpf_tell();
    }
}

/// Puts what is in map `event` into the ring of each reader. A function of its own for the verifier, too.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_tell() -> u32 {
    let (Some(event), readers) = (EVENT.get_ptr_mut(0), word(state::READERS)) else { return 0 };
    // SAFETY: this CPU's own value of a per-CPU map; the helper has no arguments.
    unsafe { (*event).time = bpf_ktime_get_ns() };
    for slot in 0..READERS {
        if readers & 1 << slot == 0 {
            continue;
        }
        let Some(ring) = EVENTS.get(slot) else { continue };
        let ring = core::ptr::from_ref(ring).cast_mut();
        // SAFETY: `ring` is a map that the kernel gave, `event` a value of this size.
        if unsafe { bpf_ringbuf_output(ring.cast(), event.cast(), size_of::<Event>() as u64, 0) } != 0 {
            add_one(state::LOST + slot);
        }
    }
    0
}
