//! Where a frame goes: one port, one VTEP, or everyone.

use vxlan_common::{FdbKey, HopState, IfIndex, Mac, Outcome, OverlayFlags, PortKind, Target};

use super::Journey;
use crate::{
    Tables,
    tables::{Way, way},
};

/// Where a frame goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// To a local port or the VTEP device.
    Port(IfIndex),
    /// To one VTEP.
    Remote(Way<'a>),
    /// To the flood list and all local ports: broadcast, unknown, multicast.
    Everyone,
    /// The FDB says "on this host", but not at which port.
    LocalPorts,
}

#[inline(always)]
pub(super) fn destination<'a, T: Tables>(tables: &'a T, journey: &Journey<'a>) -> Result<Found<'a>, Outcome> {
    station(tables, journey, journey.destination())
}

/// Where a station is.
#[inline(always)]
pub(super) fn station<'a, T: Tables>(
    tables: &'a T,
    journey: &Journey<'a>,
    mac: Mac,
) -> Result<Found<'a>, Outcome> {
    if journey.kind() == PortKind::Direct && mac == journey.overlay.mac() {
        return Ok(Found::Port(journey.overlay.vtep_device()));
    }
    let Some(entry) = tables.fdb(&FdbKey::new(journey.key, mac)) else { return Ok(Found::Everyone) };
    if entry.is_expired(tables.now(), journey.overlay.ageing) {
        return Ok(Found::Everyone);
    }
    match entry.target() {
        Target::Port(port) => at_port(journey, port),
        Target::Remote(index) => {
            let Some(way) = way(tables, journey.key, journey.overlay, index) else {
                return Ok(Found::Everyone);
            };
            if !way.is_home() {
                Ok(Found::Remote(way))
            } else {
                match entry.local_place() {
                    Some(port) => at_port(journey, port),
                    None => Ok(Found::LocalPorts),
                }
            }
        }
    }
}

/// A bridge behind the VTEP device knows better than we what is behind it: what it sends out is meant to leave.
#[inline(always)]
fn at_port<'a>(journey: &Journey<'a>, port: IfIndex) -> Result<Found<'a>, Outcome> {
    if port != journey.from {
        return Ok(Found::Port(port));
    }
    match journey.kind() {
        PortKind::Vtep => Ok(Found::Everyone),
        PortKind::Direct => Err(Outcome::SamePort),
    }
}

/// Whether a station is at the very port that the frame came from, so that it hears the frame by itself. Of one that is
/// on this host, nobody knows where, a bridge behind the VTEP device knows; a direct port is asked in vain.
#[inline(always)]
pub(super) fn hears_by_itself<T: Tables>(tables: &T, journey: &Journey<'_>, mac: Mac) -> bool {
    let Some(entry) = tables.fdb(&FdbKey::new(journey.key, mac)) else { return false };
    if entry.is_expired(tables.now(), journey.overlay.ageing) {
        return false;
    }
    match entry.target() {
        Target::Port(port) => port == journey.from,
        Target::Remote(index) => {
            let way = way(tables, journey.key, journey.overlay, index);
            way.is_some_and(|way| way.is_home())
                && match entry.local_place() {
                    Some(port) => port == journey.from,
                    None => journey.kind() == PortKind::Vtep,
                }
        }
    }
}

/// The way to the group, else to the last VTEP of the list: the frame itself leaves by it, the others get copies.
#[inline(always)]
pub(super) fn last_way<'a, T: Tables>(tables: &'a T, journey: &Journey<'a>) -> Result<Way<'a>, Outcome> {
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
