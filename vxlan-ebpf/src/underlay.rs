//! From the underlay towards the local ports.

mod admit;
mod checksum;
mod decap;
mod deliver;
mod ecn;
mod parse;

use vxlan_common::{Class, Direction, FdbKey, Outcome, OverlayFlags};

use crate::{Frame, Tables, Verdict, learn, verdict::Ending};
pub use deliver::{from_device, has_policy_marks};
use parse::{Arrival, Refusal};

/// The whole pipeline for a frame that the underlay brought.
#[inline(always)]
pub fn run<F: Frame, T: Tables>(frame: &mut F, tables: &T) -> Verdict {
    let bytes = frame.len();
    let arrival = match parse::outer(frame, tables) {
        Ok(arrival) => arrival,
        Err(Refusal::NotOurs) => return Verdict::PASS,
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
    tables.count(arrival.key, Direction::Rx, ending.outcome, bytes);
    ending.verdict
}

#[inline(always)]
fn receive<F: Frame, T: Tables>(frame: &mut F, tables: &T, arrival: &Arrival<'_>) -> Result<Ending, Outcome> {
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
    if let Some(vtep) = vtep {
        tables.count_received(vtep, frame.len().saturating_sub(arrival.outer));
    }
    if let Some(outcome) = arrival.set_aside {
        return Err(outcome);
    }
    let inner = decap::inspect(frame, arrival)?;
    decap::strip(frame, arrival, &inner)?;
    deliver::inner(frame, tables, arrival.key, arrival.overlay, &inner)
}
