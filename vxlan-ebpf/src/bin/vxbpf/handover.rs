//! What an XDP program leaves in front of a frame that it decapsulated and cannot deliver itself: where the TC program
//! behind it sends it. It lies in the frame's metadata, which no sender can write.

use vxlan_common::IfIndex;
use vxlan_ebpf::{Verdict, verdict::Action};

const PEER: u32 = 0x7662_0001;
const INGRESS: u32 = 0x7662_0002;

/// The word.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Handover {
    action: u32,
    device: u32,
}

impl Handover {
    /// The word for a verdict that TC carries out; `None`: it is none of those.
    #[inline(always)]
    pub(crate) const fn of(verdict: &Verdict) -> Option<Self> {
        let action = match verdict.action {
            Action::Peer => PEER,
            Action::Ingress => INGRESS,
            _ => return None,
        };
        Some(Self { action, device: verdict.device.0 })
    }

    /// The verdict, if this is such a word.
    #[inline(always)]
    pub(crate) const fn verdict(self) -> Option<Verdict> {
        let action = match self.action {
            PEER => Action::Peer,
            INGRESS => Action::Ingress,
            _ => return None,
        };
        Some(Verdict::with(action, IfIndex(self.device)))
    }
}
