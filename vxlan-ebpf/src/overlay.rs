//! From a local port towards the underlay.
//!
//! Stages, each a program of its own in the kernel, since one program's stack does not hold them all, and the verifier
//! follows every way through one:
//!
//! ```text
//! enter     the pair of stations did it before, within this second: by the same headers to the same VTEP; else
//!   forward   the sender is behind this port; does it say who it is, is it a question, or for a router?
//!     bind      ARP and ND that tell whose an address is, where the overlay learns that
//!     answer    ARP and ND, where the overlay is a proxy
//!     route     a packet for a router, where the overlay looks behind it
//!     onward    to one VTEP or port, else to
//!       flood, flood_locally, too_big
//! ```
//!
//! Each stage reads the frame anew. At a hook that is a short cut (XDP) what is not sent by [`enter`] or the first two
//! stages, which are one there, is passed on untouched.

mod answer;
mod bind;
mod discovery;
mod encap;
mod flood;
mod journey;
mod lookup;
mod miss;
mod recall;
mod route;
mod too_big;

use vxlan_common::{
    Address, Direction, FdbKey, HopState, IfIndex, Outcome, Overlay, OverlayFlags, Port, PortFlags, PortKind,
};

use crate::{
    Frame, Tables, Verdict, flow,
    frame::Inside,
    learn,
    tables::{Way, way},
    unfinished,
    verdict::{Action, Ending},
    wire::Ethernet,
};
use journey::Journey;
use lookup::Found;

/// The entry. `device` is the port that the frame came from.
#[inline(always)]
pub fn enter<F: Frame, T: Tables>(frame: &mut F, tables: &T, device: IfIndex) -> Verdict {
    recall::recall(frame, tables, device).unwrap_or(Verdict::next_stage(Action::Forward))
}

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
            let ended = match departure.journey(frame, tables) {
                Ok(journey) => $work(frame, tables, &journey),
                Err(outcome) => Err(outcome),
            };
            departure.end::<F, T>(tables, ended)
        }
    };
}

stage! {
    /// The stage for what [`enter`] does not remember. It learns the sender.
    forward: from_station
}
stage! {
    /// The stage that looks for the destination.
    onward: to_station
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
stage! {
    /// The stage for what goes to a router, which it may turn; another one follows.
    route: route::short_cut
}
stage! {
    /// What is left of a frame whose next stage could not be called: the vxlan device can do it all.
    without_stage: to_device
}

/// Puts the outer headers on a frame of port `device`, all but what is a VTEP's own.
#[inline(always)]
pub fn encapsulate<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    device: IfIndex,
    to_group: bool,
) -> Result<(), Outcome> {
    let departure = Departure::from(frame, tables, device).ok_or(Outcome::SlowPath)?;
    let journey = departure.journey(frame, tables)?;
    encap::onto(frame, tables, &journey, to_group)
}

/// Bytes of the inner packet, or of the largest of its segments, VLAN tags counted with it.
#[inline(always)]
pub fn largest_packet<F: Frame>(frame: &F) -> usize {
    let Ok(ethernet) = frame.view::<Ethernet>(0).copied() else { return 0 };
    let inside = flow::packet(frame, &ethernet).map_or(Inside::Other, |packet| packet.inside);
    too_big::largest(frame, ethernet.ether_type, inside)
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
    fn journey<F: Frame, T: Tables>(&self, frame: &F, tables: &T) -> Result<Journey<'a>, Outcome> {
        if F::SHORT_CUT && self.port.has(PortFlags::TAGS) {
            return Err(Outcome::SlowPath);
        }
        if !F::SHORT_CUT && self.port.kind() == PortKind::Direct && frame.tag().is_some() {
            tables.note_tags(self.device, self.port);
        }
        Journey::begin(frame, self.port, self.port.overlay(), self.overlay, self.device)
    }

    /// Counts the frame, unless another stage or hook goes on with it.
    #[inline(always)]
    fn end<F: Frame, T: Tables>(&self, tables: &T, ended: Result<Ending, Outcome>) -> Verdict {
        let ending = match ended {
            Ok(ending) => ending,
            Err(outcome) => Ending::early(outcome, self.overlay.vtep_device()),
        };
        if F::SHORT_CUT && !ending.is_of_short_cut() {
            return Verdict::PASS;
        }
        if ending.verdict.action.goes_on() {
            return ending.verdict;
        }
        if ending.outcome == Outcome::Unicast {
            tables.count_unicast(self.overlay.number, Direction::Tx, self.bytes);
        } else {
            tables.count(self.port.overlay(), Direction::Tx, ending.outcome, self.bytes);
        }
        ending.verdict
    }
}

#[inline(always)]
fn from_station<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    learn::from_port(tables, &FdbKey::new(journey.key, journey.source()), journey.from);
    if journey.overlay.has(OverlayFlags::BINDINGS) && bind::may_be_announcement(frame, journey.ether_type.0) {
        return Ok(Ending::new(Outcome::Proxied, Verdict::next_stage(Action::Bind)));
    }
    if journey.overlay.has(OverlayFlags::PROXY) && answer::may_be_question(frame, journey.ether_type.0) {
        return Ok(Ending::new(Outcome::Proxied, Verdict::next_stage(Action::Answer)));
    }
    if route::may_be_short(tables, journey) {
        return Ok(Ending::new(Outcome::Unicast, Verdict::next_stage(Action::Route)));
    }
    if F::SHORT_CUT { to_station(frame, tables, journey) } else { onwards() }
}

/// On to the stage that looks for the destination.
#[inline(always)]
fn onwards() -> Result<Ending, Outcome> {
    Ok(Ending::new(Outcome::Unicast, Verdict::next_stage(Action::Onward)))
}

/// To where the frame's destination is.
#[inline(always)]
fn to_station<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    match lookup::destination(tables, journey)? {
        Found::Port(port) => Ok(Ending::new(Outcome::Switched, deliver(frame, tables, journey, port)?)),
        Found::Remote(way) => to_remote(frame, tables, journey, &way),
        Found::Everyone => Ok(Ending::new(Outcome::Flooded, Verdict::next_stage(Action::Flood))),
        Found::LocalPorts => Ok(Ending::new(Outcome::Flooded, Verdict::next_stage(Action::FloodLocally))),
    }
}

#[inline(always)]
fn to_device<F: Frame, T: Tables>(_: &mut F, _: &T, _: &Journey<'_>) -> Result<Ending, Outcome> {
    Err(Outcome::SlowPath)
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
    if frame.largest_packet() > too_big::room(way) {
        return Ok(Ending::new(Outcome::TooBig, Verdict::next_stage(Action::TooBig)));
    }
    if F::SHORT_CUT && !(way.hop.is_for_xdp() && may_go_by_short_cut(frame, journey)) {
        return Err(Outcome::SlowPath);
    }
    let is_known = recall::remember(tables, journey, way);
    if F::SHORT_CUT {
        let again = Ending::new(Outcome::Unicast, Verdict::next_stage(Action::Again));
        return if is_known { Ok(again) } else { Err(Outcome::SlowPath) };
    }
    let bytes = frame.len();
    frame.encapsulate(tables, journey.from, false)?;
    encap::towards(frame, journey.key, way)?;
    tables.count_sent(way.index, bytes);
    Ok(Ending::new(Outcome::Unicast, leave(journey, way)))
}

/// A short cut has nobody behind it who finishes checksums, and does not see them behind a tag.
#[inline(always)]
fn may_go_by_short_cut<F: Frame>(frame: &F, journey: &Journey<'_>) -> bool {
    !journey.ether_type.0.is_vlan()
        && !unfinished::may_be(frame, size_of::<Ethernet>(), journey.packet.inside)
}

/// The verdict for an encapsulated frame.
#[inline(always)]
fn leave(journey: &Journey<'_>, way: &Way<'_>) -> Verdict {
    Verdict::neighbour(
        way.hop.device(),
        next_hop(way, journey.kind()),
        journey.packet.inside != Inside::Other,
    )
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
fn deliver<F: Frame, T: Tables>(
    frame: &F,
    tables: &T,
    journey: &Journey<'_>,
    port: IfIndex,
) -> Result<Verdict, Outcome> {
    if F::SHORT_CUT {
        return if tables.takes_xdp(port) && may_go_by_short_cut(frame, journey) {
            Ok(Verdict::with(Action::Egress, port))
        } else {
            Err(Outcome::SlowPath)
        };
    }
    if port == journey.overlay.vtep_device() {
        return Ok(Verdict::with(Action::Ingress, port));
    }
    let shortcut = journey.kind() == PortKind::Direct
        && journey.packet.inside != Inside::Other
        && tables.port(port).is_some_and(|port| port.has_peer());
    Ok(Verdict::with(if shortcut { Action::Peer } else { Action::Egress }, port))
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
