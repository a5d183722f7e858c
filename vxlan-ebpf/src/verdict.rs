//! What the hook does with a frame when the engine is done with it.

use vxlan_common::{Address, Class, IfIndex, Outcome};

/// What the hook does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// Not ours: the next program, or the stack, gets it untouched.
    Pass,
    /// It goes no further: it was dropped, or all its copies are on their way.
    Stop,
    /// The kernel's vxlan device does the rest with its transmit.
    Device,
    /// Out of a device of this host.
    Egress,
    /// To the other end of a veth, in the container.
    Peer,
    /// As if the device had received it.
    Ingress,
    /// Out of the device to the next hop, whose Ethernet address the kernel finds; without a next hop the kernel
    /// looks for a route itself.
    Neighbour,
    /// The same for a frame that the kernel does not yet know to be IP.
    NeighbourNotIp,
    /// On to the stage that looks at the sender.
    Forward,
    /// On to the stage that looks for the destination.
    Onward,
    /// On to the stage that takes a packet of the underlay in.
    Arrive,
    /// On to the stage that floods.
    Flood,
    /// On to the stage that floods the ports of this host only.
    FloodLocally,
    /// On to the stage that tells the sender.
    TooBig,
    /// On to the stage that answers ARP and ND.
    Answer,
    /// On to the stage that looks behind a router.
    Route,
    /// On to the stage that learns bindings.
    Bind,
}

impl Action {
    /// Whether another stage goes on with the frame, and counts it.
    #[inline(always)]
    pub const fn goes_on(self) -> bool {
        matches!(
            self,
            Self::Forward
                | Self::Onward
                | Self::Arrive
                | Self::Flood
                | Self::FloodLocally
                | Self::TooBig
                | Self::Answer
                | Self::Route
                | Self::Bind
        )
    }
}

/// The end of the engine's work on a frame.
///
/// A plain struct with every field set, not an enum with data: the compiler would keep the fields of other
/// variants as undefined registers, and the verifier refuses to see those saved. It also wants the stack accessed
/// by aligned words, hence the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Verdict {
    /// The next hop.
    pub gateway: Address,
    /// What the hook does.
    pub action: Action,
    /// With which device.
    pub device: IfIndex,
}

impl Verdict {
    /// [`Action::Pass`].
    pub const PASS: Self = Self::with(Action::Pass, IfIndex::NONE);
    /// [`Action::Stop`].
    pub const STOP: Self = Self::with(Action::Stop, IfIndex::NONE);

    /// On to another stage.
    #[inline(always)]
    pub const fn next_stage(action: Action) -> Self {
        Self::with(action, IfIndex::NONE)
    }

    /// An action that needs no next hop.
    #[inline(always)]
    pub const fn with(action: Action, device: IfIndex) -> Self {
        Self { action, device, gateway: Address::NONE }
    }

    /// [`Action::Neighbour`], or [`Action::NeighbourNotIp`].
    #[inline(always)]
    pub const fn neighbour(device: IfIndex, gateway: Address, is_ip: bool) -> Self {
        Self { action: if is_ip { Action::Neighbour } else { Action::NeighbourNotIp }, device, gateway }
    }
}

/// The end of a frame's journey: what is counted, and what the hook does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Ending {
    /// What the hook does.
    pub verdict: Verdict,
    /// What is counted.
    pub outcome: Outcome,
}

impl Ending {
    /// An end.
    #[inline(always)]
    pub const fn new(outcome: Outcome, verdict: Verdict) -> Self {
        Self { outcome, verdict }
    }

    /// Whether a hook that stands in front of another one may end the frame so. (What is too short to be read there may
    /// only lie in several pieces.)
    #[inline(always)]
    pub fn is_of_short_cut(&self) -> bool {
        match self.outcome.class() {
            Class::Dropped => self.outcome != Outcome::Truncated && self.verdict.action == Action::Stop,
            Class::Forwarded => self.verdict.action == Action::Egress,
            Class::Device => false,
        }
    }

    /// The end of a journey that was cut short: the class of the outcome says who goes on.
    #[inline(always)]
    pub const fn early(outcome: Outcome, vtep_device: IfIndex) -> Self {
        match outcome.class() {
            Class::Device => Self::new(outcome, Verdict::with(Action::Device, vtep_device)),
            Class::Dropped | Class::Forwarded => Self::new(outcome, Verdict::STOP),
        }
    }
}
