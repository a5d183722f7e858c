//! From the underlay towards the local ports.
//!
//! [`enter`] knows where the last packet between two stations from one VTEP went within this second; what it does not
//! know goes on to [`arrive`], the whole pipeline. At a hook that is a short cut (XDP) what has to be copied, or what
//! the device is to have, is passed on untouched.

mod admit;
mod checksum;
mod decap;
mod deliver;
mod ecn;
mod parse;
mod recall;

use vxlan_common::{Class, Direction, FdbKey, Outcome, OverlayFlags, RemoteIndex};

use crate::{
    Frame, Tables, Verdict, learn,
    verdict::{Action, Ending},
};
pub use checksum::is_right as checksum_is_right;
pub use deliver::{from_device, has_policy_marks};
use parse::{Arrival, Refusal};

/// The entry for a frame that the underlay brought.
#[inline(always)]
pub fn enter<F: Frame, T: Tables>(frame: &mut F, tables: &T) -> Verdict {
    match recall::recall(frame, tables) {
        Some(verdict) => verdict,
        None if parse::may_be_vxlan(frame, tables) => Verdict::next_stage(Action::Arrive),
        None => Verdict::PASS,
    }
}

/// The whole pipeline.
#[inline(always)]
pub fn arrive<F: Frame, T: Tables>(frame: &mut F, tables: &T) -> Verdict {
    let bytes = frame.len();
    let arrival = match parse::outer(frame, tables) {
        Ok(arrival) => arrival,
        Err(Refusal::NotOurs) => return Verdict::PASS,
        Err(Refusal::Outside(_, outcome) | Refusal::Unsound(_, outcome))
            if is_for_next_hook::<F>(outcome) =>
        {
            return Verdict::PASS;
        }
        Err(Refusal::Outside(port, outcome)) => {
            tables.count_outside(port, outcome, bytes);
            return if outcome.class() == Class::Device { Verdict::PASS } else { Verdict::STOP };
        }
        Err(Refusal::Unsound(key, outcome)) => {
            tables.count(key, Direction::Rx, outcome, bytes);
            return Verdict::STOP;
        }
    };
    let ending = receive(frame, tables, &arrival).unwrap_or_else(|outcome| {
        // What is the vxlan device's to do passes on to its socket.
        Ending::early(outcome, arrival.overlay.vtep_device())
    });
    if F::SHORT_CUT && !ending.is_of_short_cut() {
        return Verdict::PASS;
    }
    if ending.verdict.action.goes_on() {
        return ending.verdict;
    }
    if ending.outcome == Outcome::Unicast {
        tables.count_unicast(arrival.overlay.number, Direction::Rx, bytes);
    } else {
        tables.count(arrival.key, Direction::Rx, ending.outcome, bytes);
    }
    ending.verdict
}

/// What a short cut leaves to the hook behind it: all that is the device's, and what it may only not see whole.
#[inline(always)]
fn is_for_next_hook<F: Frame>(outcome: Outcome) -> bool {
    F::SHORT_CUT && (outcome.class() == Class::Device || outcome == Outcome::Truncated)
}

#[inline(always)]
fn receive<F: Frame, T: Tables>(frame: &mut F, tables: &T, arrival: &Arrival<'_>) -> Result<Ending, Outcome> {
    let inner_bytes = frame.len().saturating_sub(arrival.outer);
    admit::source(tables, arrival)?;
    if arrival.overlay.has(OverlayFlags::DEVICE_TRANSMIT) {
        // What the device is to send it has to learn from, too.
        return Err(Outcome::ByDevice);
    }
    let sender = match (decap::sender(frame, arrival), arrival.set_aside) {
        // A first fragment may end before the inner frame tells its sender.
        (Err(Outcome::Truncated), Some(outcome)) => return Err(outcome),
        (sender, _) => sender?,
    };
    let vtep = if arrival.overlay.has(OverlayFlags::LEARNING) {
        learn::from_vtep(tables, &FdbKey::new(arrival.key, sender), arrival.source)?
    } else {
        tables.remote_known(arrival.source)
    };
    let vtep = vtep.unwrap_or(RemoteIndex::NONE);
    if let Some(outcome) = arrival.set_aside {
        if !F::SHORT_CUT {
            heard_of(inner_bytes, tables, vtep);
        }
        return Err(outcome);
    }
    let inner = decap::inspect(frame, arrival)?;
    let place = deliver::place(tables, arrival, &inner);
    if F::SHORT_CUT && !deliver::may_go_by_short_cut(frame, &inner, &place) {
        return Err(Outcome::ByDevice);
    }
    let is_known = recall::remember(tables, arrival, &inner, vtep, &place);
    if F::SHORT_CUT {
        let again = Ending::new(Outcome::Unicast, Verdict::next_stage(Action::Again));
        return if is_known { Ok(again) } else { Err(Outcome::ByDevice) };
    }
    decap::strip(frame, arrival, &inner)?;
    heard_of(inner_bytes, tables, vtep);
    Ok(deliver::to(frame, tables, arrival, &place))
}

/// Counts a packet of a VTEP.
#[inline(always)]
fn heard_of<T: Tables>(inner_bytes: usize, tables: &T, vtep: RemoteIndex) {
    if vtep != RemoteIndex::NONE {
        tables.count_received(vtep, inner_bytes);
    }
}
