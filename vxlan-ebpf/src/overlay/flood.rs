//! Broadcast, unknown and multicast: a copy for every local port, the VTEP device, and every VTEP of the flood
//! list (head-end replication) or the one multicast group.

use vxlan_common::{HopState, Outcome, OverlayFlags, PortKind};

use super::{Journey, encap, leave, too_big};
use crate::{
    Frame, Tables, Verdict,
    tables::{Way, way},
    verdict::Ending,
};

/// To everyone but the port that it came from.
#[inline(always)]
pub(super) fn everyone<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    let has_local = copy_to_local_ports(frame, tables, journey);
    let last = match last_way(tables, journey) {
        Ok(last) => last,
        Err(Outcome::NoTarget) if has_local => return Ok(Ending::new(Outcome::Flooded, Verdict::STOP)),
        Err(outcome) => return Err(outcome),
    };
    let bytes = frame.len();
    let size = too_big::largest(frame, journey);
    encap::onto(frame, tables, journey, journey.overlay.group().is_some())?;
    copy_to_vteps(frame, tables, journey, size);
    if !may_go(frame, journey, &last, size) {
        return Ok(Ending::new(Outcome::Flooded, Verdict::STOP));
    }
    tables.count_sent(last.index, bytes);
    Ok(Ending::new(Outcome::Flooded, leave(journey, &last)))
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
    match journey.kind {
        PortKind::Vtep => has_ports,
        PortKind::Direct => {
            frame.copy_into(journey.overlay.vtep_device());
            true
        }
    }
}

/// The way to the group, else to the last VTEP of the list: the frame itself leaves by it, the others get copies.
#[inline(always)]
fn last_way<'a, T: Tables>(tables: &'a T, journey: &Journey<'a>) -> Result<Way<'a>, Outcome> {
    if journey.overlay.has(OverlayFlags::DEVICE_TRANSMIT) {
        return Err(Outcome::SlowPath);
    }
    let last = match journey.overlay.group() {
        Some(group) => group,
        None => {
            let list = tables.flood(journey.key).ok_or(Outcome::NoTarget)?;
            list.remote(list.remote_count().wrapping_sub(1)).ok_or(Outcome::NoTarget)?
        }
    };
    let last = way(tables, journey.key, journey.overlay, last).ok_or(Outcome::NoTarget)?;
    if last.hop.state() == HopState::Unknown { Err(Outcome::SlowPath) } else { Ok(last) }
}

/// The outer headers are on; each VTEP gets a copy with its addresses.
#[inline(always)]
fn copy_to_vteps<F: Frame, T: Tables>(frame: &mut F, tables: &T, journey: &Journey<'_>, size: usize) {
    let Some(list) = tables.flood(journey.key) else { return };
    let last = u32::from(journey.overlay.group().is_none());
    tables.repeat(list.remote_count().saturating_sub(last), |at| {
        let Some(remote) = list.remote(at) else { return };
        let Some(way) = way(tables, journey.key, journey.overlay, remote) else { return };
        if may_go(frame, journey, &way, size) {
            send_copy(frame, journey, &way);
            tables.count_sent(remote, size);
        }
    });
}

/// Turns the frame towards a VTEP, if it can be sent there. What cannot is left out: a flood is best effort to each.
#[inline(always)]
fn may_go<F: Frame>(frame: &mut F, journey: &Journey<'_>, way: &Way<'_>, size: usize) -> bool {
    way.is_fast() && size <= too_big::room(frame, way) && encap::towards(frame, journey, way).is_ok()
}

/// A clone cannot wait for a neighbour: where the Ethernet address is not known yet, it takes the detour by the
/// VTEP device's program, which can.
#[inline(always)]
fn send_copy<F: Frame>(frame: &mut F, journey: &Journey<'_>, way: &Way<'_>) {
    match way.hop.state() {
        HopState::Ready => frame.copy_to(way.hop.device()),
        HopState::Unknown | HopState::Unresolved | HopState::Home | HopState::NoRoute | HopState::Guess => {
            frame.copy_to_resolve(journey.overlay.vtep_device());
        }
    }
}
