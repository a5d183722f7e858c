//! From a local port towards the underlay.
//!
//! Stages, each a program of its own in the kernel, since one program's stack does not hold them all:
//! [`run`] takes every frame and sends what goes to one VTEP or port; it leaves broadcast, unknown and multicast
//! to [`flood`] and [`flood_locally`], what does not fit the path to [`too_big`], and where the overlay is a proxy, ARP
//! and ND to [`answer`], and what goes to a router to [`route`]; these two hand on what they are not the end of. Where the
//! overlay learns bindings, what may announce one goes to [`bind`] before [`answer`]. Each stage reads the frame anew.

mod answer;
mod bind;
mod discovery;
mod encap;
mod flood;
mod journey;
mod lookup;
mod miss;
mod route;
mod too_big;

use vxlan_common::{
    Address, Direction, FdbKey, HopState, IfIndex, Outcome, Overlay, OverlayFlags, Port, PortKind,
};

use crate::{
    Frame, Tables, Verdict,
    frame::Inside,
    learn,
    tables::{Way, way},
    verdict::{Action, Ending},
};
use journey::Journey;
use lookup::Found;

/// A stage: reads the frame, does its work with it, counts it.
///
/// A macro and not a function that is given the work: the compiler would not always put the work in line, and the stack
/// of a program does not hold one more call.
macro_rules! stage {
    ($(#[$doc:meta])* $name:ident: $work:path) => {
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<F: Frame, T: Tables>(frame: &mut F, tables: &T, device: IfIndex) -> Verdict {
            let Some(departure) = Departure::from(frame, tables, device) else { return Verdict::PASS };
            let ended = match departure.journey(frame) {
                Ok(journey) => $work(frame, tables, &journey),
                Err(outcome) => Err(outcome),
            };
            departure.end(tables, ended)
        }
    };
}

stage! {
    /// The first stage. `device` is the port that the frame came from.
    run: forward
}
stage! {
    /// The stage for broadcast, unknown and multicast frames.
    flood: flood::everyone
}
stage! {
    /// The stage for what the FDB says is on this host, but not at which port.
    flood_locally: flood::local_ports
}
stage! {
    /// The stage for what does not fit the path.
    too_big: too_big::answer
}
stage! {
    /// The stage for ARP and neighbour advertisements where the overlay learns bindings; [`answer`] follows.
    bind: bind::announcement
}
stage! {
    /// The stage for ARP and ND where the overlay is a proxy; another one may follow.
    answer: answer::question
}

/// The stage for what goes to a router, which it may turn: then it is read anew. Another one may follow.
#[inline(always)]
pub fn route<F: Frame, T: Tables>(frame: &mut F, tables: &T, device: IfIndex) -> Verdict {
    let Some(departure) = Departure::from(frame, tables, device) else { return Verdict::PASS };
    let turned = departure.journey(frame).and_then(|journey| route::short_cut(frame, tables, &journey));
    let ended = turned.and_then(|_| departure.journey(frame));
    let ended = match ended {
        Ok(journey) => onward(frame, tables, &journey),
        Err(outcome) => Err(outcome),
    };
    departure.end(tables, ended)
}

/// What is left of a frame whose next stage could not be called: the vxlan device can do it all.
#[inline(always)]
pub fn without_stage<F: Frame, T: Tables>(frame: &mut F, tables: &T, device: IfIndex) -> Verdict {
    let Some(departure) = Departure::from(frame, tables, device) else { return Verdict::PASS };
    departure.end(tables, Err(Outcome::SlowPath))
}

/// Where a frame sets out, and what counts it where it ends.
#[derive(Clone, Copy)]
struct Departure<'a> {
    port: Port,
    overlay: &'a Overlay,
    device: IfIndex,
    bytes: usize,
}

impl<'a> Departure<'a> {
    #[inline(always)]
    fn from<F: Frame, T: Tables>(frame: &F, tables: &'a T, device: IfIndex) -> Option<Self> {
        let port = tables.port(device)?;
        let overlay = tables.overlay(port.overlay())?;
        Some(Self { port, overlay, device, bytes: frame.len() })
    }

    #[inline(always)]
    fn journey<F: Frame>(&self, frame: &F) -> Result<Journey<'a>, Outcome> {
        Journey::begin(frame, self.port, self.port.overlay(), self.overlay, self.device)
    }

    /// Counts the frame, unless another stage goes on with it.
    #[inline(always)]
    fn end<T: Tables>(&self, tables: &T, ended: Result<Ending, Outcome>) -> Verdict {
        let ending = match ended {
            Ok(ending) => ending,
            Err(outcome) => Ending::early(outcome, self.overlay.vtep_device()),
        };
        if !ending.verdict.action.goes_on() {
            tables.count(self.port.overlay(), Direction::Tx, ending.outcome, self.bytes);
        }
        ending.verdict
    }
}

#[inline(always)]
fn forward<F: Frame, T: Tables>(frame: &mut F, tables: &T, journey: &Journey<'_>) -> Result<Ending, Outcome> {
    learn::from_port(tables, &FdbKey::new(journey.key, journey.source()), journey.from);
    if journey.overlay.has(OverlayFlags::BINDINGS) && bind::may_be_announcement(frame, journey) {
        return Ok(Ending::new(Outcome::Proxied, Verdict::next_stage(Action::Bind)));
    }
    if journey.overlay.has(OverlayFlags::PROXY) && answer::may_be_question(frame, journey) {
        return Ok(Ending::new(Outcome::Proxied, Verdict::next_stage(Action::Answer)));
    }
    if route::may_be_short(tables, journey) {
        return Ok(Ending::new(Outcome::Unicast, Verdict::next_stage(Action::Route)));
    }
    onward(frame, tables, journey)
}

/// To where the frame's destination is.
#[inline(always)]
fn onward<F: Frame, T: Tables>(frame: &mut F, tables: &T, journey: &Journey<'_>) -> Result<Ending, Outcome> {
    match lookup::destination(tables, journey)? {
        Found::Port(port) => Ok(Ending::new(Outcome::Switched, deliver(tables, journey, port))),
        Found::Remote(way) => to_remote(frame, tables, journey, &way),
        Found::Everyone => Ok(Ending::new(Outcome::Flooded, Verdict::next_stage(Action::Flood))),
        Found::LocalPorts => Ok(Ending::new(Outcome::Flooded, Verdict::next_stage(Action::FloodLocally))),
    }
}

/// To one VTEP.
#[inline(always)]
fn to_remote<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
    way: &Way<'_>,
) -> Result<Ending, Outcome> {
    if way.hop.state() == HopState::NoRoute {
        return Err(Outcome::NoRoute);
    }
    if !way.is_fast() || journey.overlay.has(OverlayFlags::DEVICE_TRANSMIT) {
        return Err(Outcome::SlowPath);
    }
    if too_big::largest(frame, journey) > too_big::room(way) {
        return Ok(Ending::new(Outcome::TooBig, Verdict::next_stage(Action::TooBig)));
    }
    let bytes = frame.len();
    encap::onto(frame, tables, journey, false)?;
    encap::towards(frame, journey, way)?;
    tables.count_sent(way.index, bytes);
    Ok(Ending::new(Outcome::Unicast, leave(journey, way)))
}

/// The verdict for an encapsulated frame.
#[inline(always)]
fn leave(journey: &Journey<'_>, way: &Way<'_>) -> Verdict {
    Verdict::neighbour(way.hop.device(), next_hop(way, journey.kind), journey.packet.inside != Inside::Other)
}

/// The next hop to leave by. A frame that comes from the VTEP device may have a route, the overlay's, and the kernel
/// looks after what it keeps for a neighbour by that (`neigh_update` asks `skb_dst`). Without a next hop it looks for a
/// route itself, which takes the other's place.
#[inline(always)]
fn next_hop(way: &Way<'_>, kind: PortKind) -> Address {
    let gateway = way.hop.gateway();
    match kind {
        PortKind::Direct => gateway,
        PortKind::Vtep if gateway.is_multicast() => gateway,
        PortKind::Vtep => Address::NONE,
    }
}

/// The verdict for a frame to another local port. A frame that leaves the VTEP device is at its egress, where
/// the shortcut into a container is not to be had.
#[inline(always)]
fn deliver<T: Tables>(tables: &T, journey: &Journey<'_>, port: IfIndex) -> Verdict {
    if port == journey.overlay.vtep_device() {
        return Verdict::with(Action::Ingress, port);
    }
    let shortcut = journey.kind == PortKind::Direct
        && journey.packet.inside != Inside::Other
        && tables.port(port).is_some_and(|port| port.has_peer());
    Verdict::with(if shortcut { Action::Peer } else { Action::Egress }, port)
}

/// A copy of a flooded frame that has its outer headers and came by the VTEP device, since a clone cannot wait for
/// a neighbour: finds the way to the VTEP at `slot` again. It was counted when it was made.
///
/// It must be what this overlay would have sent, whoever says that it is such a copy.
#[inline(always)]
pub fn resolve<F: Frame, T: Tables>(frame: &F, tables: &T, device: IfIndex, slot: u32) -> Verdict {
    let Some(port) = tables.port(device) else { return Verdict::STOP };
    let key = port.overlay();
    let Some(overlay) = tables.overlay(key) else { return Verdict::STOP };
    let Some(index) = tables.remote_in(slot) else { return Verdict::STOP };
    let Some(way) = way(tables, key, overlay, index) else { return Verdict::STOP };
    if way.is_fast() && encap::is_for(frame, key, &way) {
        Verdict::neighbour(way.hop.device(), next_hop(&way, PortKind::Vtep), false)
    } else {
        Verdict::STOP
    }
}
