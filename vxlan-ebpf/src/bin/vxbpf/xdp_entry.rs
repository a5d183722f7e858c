//! The XDP programs: the short cut in front of those of `entry`. Whatever they cannot end they pass on as it came, but for the
//! congestion mark of the path, which may be on the inner packet already: TC puts it on again, and nothing changes (RFC 6040).

use aya_ebpf::{
    bindings::xdp_action::{XDP_DROP, XDP_PASS},
    helpers::generated::bpf_redirect,
    macros::xdp,
    programs::XdpContext,
};
use vxlan_ebpf::{Verdict, overlay, underlay, verdict::Action};

use crate::{
    kernel_tables::{KernelTables, Nobody},
    maps::{XDP_STAGE, xdp_stage},
    xdp_frame::XdpFrame,
};

/// XDP of a direct port.
#[xdp(frags)]
pub fn vxbpf_xport(context: XdpContext) -> u32 {
    let (mut frame, tables) = take(&context);
    let device = frame.device();
    let verdict = overlay::enter(&mut frame, &tables, device);
    give(&context, &verdict)
}

/// Reached by tail call from there: [`overlay::forward`], so that the short way knows the frame.
#[xdp(frags)]
pub fn vxbpf_xforward(context: XdpContext) -> u32 {
    let (mut frame, tables) = take(&context);
    let device = frame.device();
    let mut verdict = overlay::forward(&mut frame, &tables, device);
    if verdict.action == Action::Again {
        verdict = once(overlay::enter(&mut frame, &tables, device));
    }
    give(&context, &verdict)
}

/// XDP of an underlay device.
#[xdp(frags)]
pub fn vxbpf_xunderlay(context: XdpContext) -> u32 {
    let (mut frame, tables) = take(&context);
    let verdict = underlay::enter(&mut frame, &tables);
    give(&context, &verdict)
}

/// Reached by tail call from there: [`underlay::arrive`].
#[xdp(frags)]
pub fn vxbpf_xarrive(context: XdpContext) -> u32 {
    let (mut frame, tables) = take(&context);
    let mut verdict = underlay::arrive(&mut frame, &tables);
    if verdict.action == Action::Again {
        verdict = once(underlay::enter(&mut frame, &tables));
    }
    give(&context, &verdict)
}

#[inline(always)]
fn take(context: &XdpContext) -> (XdpFrame, KernelTables<Nobody>) {
    (XdpFrame::new(context.ctx), KernelTables::new(Nobody))
}

/// What another CPU made the short way forget meanwhile is left to TC, not looked up in circles.
#[inline(always)]
fn once(verdict: Verdict) -> Verdict {
    if verdict.action.goes_on() { Verdict::PASS } else { verdict }
}

/// Carries out a verdict.
#[inline(always)]
fn give(context: &XdpContext, verdict: &Verdict) -> u32 {
    match verdict.action {
        // SAFETY: nothing here needs to be dropped. A call that fails leaves the frame to TC.
        Action::Forward => unsafe { XDP_STAGE.tail_call(context, xdp_stage::FORWARD) },
        // SAFETY: as above.
        Action::Arrive => unsafe { XDP_STAGE.tail_call(context, xdp_stage::ARRIVE) },
        Action::Stop => return XDP_DROP,
        // SAFETY: the helper takes only numbers.
        Action::Egress => return unsafe { bpf_redirect(verdict.device.0, 0) as u32 },
        Action::Pass
        | Action::Again
        | Action::Peer
        | Action::Ingress
        | Action::Device
        | Action::Neighbour
        | Action::NeighbourNotIp
        | Action::Onward
        | Action::Flood
        | Action::FloodLocally
        | Action::TooBig
        | Action::Answer
        | Action::Bind
        | Action::Route => {}
    }
    XDP_PASS
}
