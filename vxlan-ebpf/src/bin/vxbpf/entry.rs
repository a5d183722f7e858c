//! The programs. Each is named after the place that it hangs at.

use aya_ebpf::{
    bindings::{
        __sk_buff, BPF_F_INGRESS, TC_ACT_SHOT, TC_ACT_UNSPEC, bpf_redir_neigh, bpf_redir_neigh__bindgen_ty_1,
    },
    helpers::generated::{bpf_redirect, bpf_redirect_neigh, bpf_redirect_peer},
    macros::classifier,
    programs::TcContext,
};
use vxlan_common::{Address, IfIndex, mark};
use vxlan_ebpf::{Verdict, overlay, underlay, verdict::Action};

use crate::{
    kernel_tables::{BySkb, KernelTables},
    maps::{STAGE, stage},
    tc_frame::TcFrame,
    tell,
};

/// TC ingress of a direct port: what a container sends.
#[classifier]
pub fn vxbpf_port(context: TcContext) -> i32 {
    run(&context, overlay::enter)
}

/// TC egress of the VTEP device: what the host or its bridge sends into the overlay.
#[classifier]
pub fn vxbpf_vtep(context: TcContext) -> i32 {
    let (mut frame, tables) = take(context.skb.skb);
    let device = frame.device();
    match frame.vouched() {
        0 => {
            let verdict = overlay::enter(&mut frame, &tables, device);
            let verdict = go_on(&context, &mut frame, &tables, verdict);
            give(&mut frame, verdict)
        }
        mark::SLOW_PATH => TC_ACT_UNSPEC,
        encapsulated => {
            let verdict = overlay::resolve(&frame, &tables, device, encapsulated & !mark::ENCAPSULATED);
            give(&mut frame, verdict)
        }
    }
}

/// Programs of the stages that follow, reached by tail call: the name of each is that of its stage.
macro_rules! stages {
    ($($name:ident: $work:path;)*) => {
        $(
            #[doc = concat!("Reached by tail call: [`", stringify!($work), "`].")]
            #[classifier]
            pub fn $name(context: TcContext) -> i32 {
                run(&context, $work)
            }
        )*
    };
}

stages! {
    vxbpf_forward: overlay::forward;
    vxbpf_onward: overlay::onward;
    vxbpf_flood: overlay::flood;
    vxbpf_local: overlay::flood_locally;
    vxbpf_too_big: overlay::too_big;
    vxbpf_answer: overlay::answer;
    vxbpf_bind: overlay::bind;
    vxbpf_route: overlay::route;
}

/// TC ingress of the VTEP device: what we delivered to it passes; what its own socket received may be for a
/// direct port.
#[classifier]
pub fn vxbpf_device(context: TcContext) -> i32 {
    let (mut frame, tables) = take(context.skb.skb);
    let device = frame.device();
    let (mark, index) = (frame.mark(), frame.index());
    if mark == mark::DELIVERED || mark == mark::ADMITTED {
        frame.set_mark(0);
    }
    if mark == mark::DELIVERED {
        return TC_ACT_UNSPEC;
    }
    let admitted = mark == mark::ADMITTED
        || index == mark::ADMITTED_INDEX && underlay::has_policy_marks(&tables, device);
    let verdict = underlay::from_device(&mut frame, &tables, device, admitted);
    give(&mut frame, verdict)
}

/// Hangs nowhere: a command runs it to tell whoever listens what it changed.
#[classifier]
pub fn vxbpf_announce(context: TcContext) -> i32 {
    tell::relay(context.skb.skb);
    TC_ACT_UNSPEC
}

/// TC ingress of an underlay device.
#[classifier]
pub fn vxbpf_underlay(context: TcContext) -> i32 {
    let (mut frame, tables) = take(context.skb.skb);
    let verdict = underlay::enter(&mut frame, &tables);
    let verdict = go_on(&context, &mut frame, &tables, verdict);
    give(&mut frame, verdict)
}

/// Reached by tail call from there: [`underlay::arrive`].
#[classifier]
pub fn vxbpf_arrive(context: TcContext) -> i32 {
    let (mut frame, tables) = take(context.skb.skb);
    let verdict = underlay::arrive(&mut frame, &tables);
    if verdict.action == Action::Device {
        // On its way to the device's socket: `vxbpf_device` knows it again by this.
        frame.set_mark(mark::ADMITTED);
        frame.set_index(mark::ADMITTED_INDEX);
        return TC_ACT_UNSPEC;
    }
    give(&mut frame, verdict)
}

#[inline(always)]
pub(crate) fn take(skb: *mut __sk_buff) -> (TcFrame, KernelTables<BySkb>) {
    (TcFrame::new(skb), KernelTables::new(BySkb(skb)))
}

/// Runs a stage of the overlay's pipeline, and what follows.
#[inline(always)]
fn run(
    context: &TcContext,
    stage: impl FnOnce(&mut TcFrame, &KernelTables<BySkb>, IfIndex) -> Verdict,
) -> i32 {
    let (mut frame, tables) = take(context.skb.skb);
    let device = frame.device();
    let verdict = stage(&mut frame, &tables, device);
    let verdict = go_on(context, &mut frame, &tables, verdict);
    give(&mut frame, verdict)
}

/// The call of the next stage, which does not return, if there is one.
#[inline(always)]
fn go_on(
    context: &TcContext,
    frame: &mut TcFrame,
    tables: &KernelTables<BySkb>,
    verdict: Verdict,
) -> Verdict {
    let next = match verdict.action {
        Action::Forward => stage::FORWARD,
        Action::Onward => stage::ONWARD,
        Action::Arrive => stage::ARRIVE,
        Action::Flood => stage::FLOOD,
        Action::FloodLocally => stage::LOCAL,
        Action::TooBig => stage::TOO_BIG,
        Action::Answer => stage::ANSWER,
        Action::Route => stage::ROUTE,
        Action::Bind => stage::BIND,
        Action::Pass
        | Action::Again
        | Action::Stop
        | Action::Device
        | Action::Egress
        | Action::Peer
        | Action::Ingress
        | Action::Neighbour
        | Action::NeighbourNotIp => return verdict,
    };
    // SAFETY: nothing here needs to be dropped.
    unsafe { STAGE.tail_call(context, next) };
    if next == stage::ARRIVE { Verdict::PASS } else { overlay::without_stage(frame, tables, frame.device()) }
}

/// Carries out a verdict.
#[inline(always)]
fn give(frame: &mut TcFrame, verdict: Verdict) -> i32 {
    let device = verdict.device.0;
    // SAFETY (all helpers here): they take only numbers.
    match verdict.action {
        // TCX_NEXT and TC_ACT_UNSPEC are the same number: programs after ours get their turn.
        Action::Pass => TC_ACT_UNSPEC,
        Action::Stop
        | Action::Again
        | Action::Forward
        | Action::Onward
        | Action::Arrive
        | Action::Flood
        | Action::FloodLocally
        | Action::TooBig
        | Action::Answer
        | Action::Route
        | Action::Bind => TC_ACT_SHOT,
        // A later stage says "device" for both kinds of port: at the VTEP device itself it means "go on".
        Action::Device if verdict.device == frame.device() => TC_ACT_UNSPEC,
        Action::Device => {
            frame.vouch(mark::SLOW_PATH);
            unsafe { bpf_redirect(device, 0) as i32 }
        }
        Action::Egress => unsafe { bpf_redirect(device, 0) as i32 },
        Action::Peer => unsafe { bpf_redirect_peer(device, 0) as i32 },
        Action::Ingress => {
            frame.set_mark(mark::DELIVERED);
            unsafe { bpf_redirect(device, u64::from(BPF_F_INGRESS)) as i32 }
        }
        Action::Neighbour => to_neighbour(device, verdict.gateway),
        Action::NeighbourNotIp => match frame.rederive_protocol() {
            Ok(()) => to_neighbour(device, verdict.gateway),
            Err(_) => TC_ACT_SHOT,
        },
    }
}

#[inline(always)]
fn to_neighbour(device: u32, gateway: Address) -> i32 {
    const AF_INET: u32 = 2;
    if gateway.is_none() {
        // SAFETY: no pointer is passed.
        return unsafe { bpf_redirect_neigh(device, core::ptr::null_mut(), 0, 0) as i32 };
    }
    let mut next = bpf_redir_neigh {
        nh_family: AF_INET,
        __bindgen_anon_1: bpf_redir_neigh__bindgen_ty_1 { ipv6_nh: [0; 4] },
    };
    next.__bindgen_anon_1.ipv4_nh = u32::from_ne_bytes(gateway.v4_bytes());
    // SAFETY: `next` lives on the stack and has this size.
    unsafe { bpf_redirect_neigh(device, &raw mut next, size_of::<bpf_redir_neigh>() as i32, 0) as i32 }
}
