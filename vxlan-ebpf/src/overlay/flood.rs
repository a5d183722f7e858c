//! Broadcast, unknown and multicast: a copy for every local port, the VTEP device, and every VTEP of the flood
//! list (head-end replication) or the one multicast group.

use vxlan_common::{HopState, Outcome, PortKind};

use super::{Journey, encap, leave, lookup, miss, too_big};
use crate::{
    Frame, Tables, Verdict,
    tables::{Way, way},
    verdict::{Action, Ending},
};

/// To everyone but the port that it came from.
#[inline(always)]
pub(super) fn everyone<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    let has_local = copy_to_local_ports(frame, tables, journey);
    let last = match lookup::last_way(tables, journey) {
        Ok(last) => last,
        Err(outcome) => {
            if outcome == Outcome::NoTarget {
                miss::station(frame, tables, journey);
                if has_local {
                    return Ok(Ending::new(Outcome::Flooded, Verdict::STOP));
                }
            }
            return Err(outcome);
        }
    };
    let size = Size { bytes: frame.len(), largest: frame.largest_packet() };
    let fits = size.largest <= too_big::room(&last);
    if !fits && journey.destination().is_station() {
        // Its sender is told; the path to the last VTEP stands for those to all.
        return Ok(Ending::new(Outcome::TooBig, Verdict::next_stage(Action::TooBig)));
    }
    frame.encapsulate(tables, journey.from, journey.overlay.group().is_some())?;
    copy_to_vteps(frame, tables, journey, size);
    if may_go(frame, journey, &last, size) {
        tables.count_sent(last.index, size.bytes);
        return Ok(Ending::new(Outcome::Flooded, leave(journey, &last)));
    }
    let is_only_one = last_of_list(tables, journey) == 0 && !has_local;
    Ok(Ending::new(
        match last.hop.state() {
            _ if !fits => Outcome::TooBigUnanswered,
            HopState::NoRoute if is_only_one => Outcome::NoRoute,
            HopState::Home if is_only_one => Outcome::NoTarget,
            _ => Outcome::Flooded,
        },
        Verdict::STOP,
    ))
}

/// How long a frame is.
#[derive(Clone, Copy)]
struct Size {
    /// As it came.
    bytes: usize,
    /// Of its inner packet, or the largest of its segments, VLAN tags counted with it.
    largest: usize,
}

/// How many VTEPs of the list come before the one that gets the frame itself.
#[inline(always)]
fn last_of_list<T: Tables>(tables: &T, journey: &Journey<'_>) -> u32 {
    let last = u32::from(journey.overlay.group().is_none());
    tables.flood(journey.key).map_or(0, |list| list.remote_count().saturating_sub(last))
}

/// To the other ports of this host only: the FDB says that the destination is here, but not where.
#[inline(always)]
pub(super) fn local_ports<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    if copy_to_local_ports(frame, tables, journey) {
        Ok(Ending::new(Outcome::Flooded, Verdict::STOP))
    } else {
        Err(Outcome::PointsHome)
    }
}

/// Copies the frame, still without outer headers, to the other local ports; returns whether there are any. (They
/// are not counted in the loop: a count that is looked at would make the verifier follow every turn of it.)
#[inline(never)]
fn copy_to_local_ports<F: Frame, T: Tables>(frame: &mut F, tables: &T, journey: &Journey<'_>) -> bool {
    let mut has_ports = false;
    if let Some(list) = tables.flood(journey.key) {
        has_ports = list.port_count() > 0;
        tables.repeat(list.port_count(), |at| match list.port(at) {
            Some(port) if port != journey.from => frame.copy_to(port),
            Some(_) | None => {}
        });
    }
    match journey.kind() {
        PortKind::Vtep => has_ports,
        PortKind::Direct => {
            frame.copy_into(journey.overlay.vtep_device());
            true
        }
    }
}

/// The outer headers are on; each VTEP gets a copy with its addresses.
#[inline(always)]
fn copy_to_vteps<F: Frame, T: Tables>(frame: &mut F, tables: &T, journey: &Journey<'_>, size: Size) {
    let Some(list) = tables.flood(journey.key) else { return };
    tables.repeat(last_of_list(tables, journey), |at| {
        let Some(remote) = list.remote(at) else { return };
        let Some(way) = way(tables, journey.key, journey.overlay, remote) else { return };
        if may_go(frame, journey, &way, size) {
            send_copy(frame, journey, &way);
            tables.count_sent(remote, size.bytes);
        }
    });
}

/// Turns the frame towards a VTEP, if it can be sent there. What cannot is left out: a flood is best effort to each.
#[inline(always)]
fn may_go<F: Frame>(frame: &mut F, journey: &Journey<'_>, way: &Way<'_>, size: Size) -> bool {
    way.is_fast() && size.largest <= too_big::room(way) && encap::towards(frame, journey.key, way).is_ok()
}

/// A clone cannot wait for a neighbour: where the Ethernet address is not known yet, it takes the detour by the
/// VTEP device's program, which can.
#[inline(always)]
fn send_copy<F: Frame>(frame: &mut F, journey: &Journey<'_>, way: &Way<'_>) {
    match way.hop.state() {
        HopState::Ready => frame.copy_to(way.hop.device()),
        HopState::Unknown | HopState::Unresolved | HopState::Home | HopState::NoRoute | HopState::Guess => {
            frame.copy_to_resolve(journey.overlay.vtep_device(), way.index);
        }
    }
}
