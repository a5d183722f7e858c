//! From the underlay towards the local ports.

mod admit;
mod checksum;
mod decap;
mod deliver;
mod ecn;
mod parse;

use vxlan_common::{Class, Direction, FdbKey, Outcome, Overlay, OverlayFlags};

use crate::{
    Frame, Tables, Verdict, learn,
    verdict::{Action, Ending},
};
pub use deliver::from_device;
use parse::{Arrival, Refusal};

/// The whole pipeline for a frame that the underlay brought.
#[inline(always)]
pub fn run<F: Frame, T: Tables>(frame: &mut F, tables: &T) -> Verdict {
    let bytes = frame.len();
    let arrival = match parse::outer(frame, tables) {
        Ok(arrival) => arrival,
        Err(Refusal::NotOurs) => return Verdict::PASS,
        Err(Refusal::Ended(port, outcome)) => {
            tables.count_outside(port, outcome, bytes);
            return if outcome.class() == Class::Device { Verdict::PASS } else { Verdict::STOP };
        }
    };
    let ending = receive(frame, tables, &arrival).unwrap_or_else(|outcome| early(outcome, arrival.overlay));
    tables.count(arrival.key, Direction::Rx, ending.outcome, bytes);
    ending.verdict
}

/// The end of a journey that was cut short: what is the vxlan device's to do passes on to its socket.
#[inline(always)]
fn early(outcome: Outcome, overlay: &Overlay) -> Ending {
    match outcome.class() {
        Class::Device => Ending::new(outcome, Verdict::with(Action::Device, overlay.vtep_device())),
        Class::Dropped | Class::Forwarded => Ending::new(outcome, Verdict::STOP),
    }
}

#[inline(always)]
fn receive<F: Frame, T: Tables>(frame: &mut F, tables: &T, arrival: &Arrival<'_>) -> Result<Ending, Outcome> {
    admit::source(tables, arrival)?;
    let inner = decap::inspect(frame, arrival)?;
    let bytes = frame.len().saturating_sub(arrival.outer);
    if arrival.overlay.has(OverlayFlags::LEARNING) {
        let sender = FdbKey::new(arrival.key, inner.source());
        if let Some(vtep) = learn::from_vtep(tables, &sender, arrival.source)? {
            tables.count_received(vtep, bytes);
        }
    }
    decap::strip(frame, arrival, &inner)?;
    deliver::inner(frame, tables, arrival.key, arrival.overlay, &inner)
}
