//! To the port that has the destination, to the VTEP device, or to all of them; never back to the underlay.

use vxlan_common::{
    Direction, FdbKey, FloodList, IfIndex, Mac, Outcome, Overlay, OverlayFlags, OverlayKey, Target,
};

use super::decap::Inner;
use crate::{
    Frame, Tables, Verdict,
    frame::Inside,
    verdict::{Action, Ending},
    wire::Ethernet,
};

/// Delivers a decapsulated frame.
#[inline(always)]
pub(super) fn inner<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    key: OverlayKey,
    overlay: &Overlay,
    inner: &Inner,
) -> Result<Ending, Outcome> {
    let vtep = overlay.vtep_device();
    let ports = tables.flood(key).map_or(0, FloodList::port_count);
    let destination = inner.destination();
    if ports == 0 || destination == overlay.mac() {
        return to_device(vtep);
    }
    match whereabouts(tables, key, overlay, destination) {
        Some(port) if port == vtep => to_device(vtep),
        Some(port) => Ok(Ending::new(Outcome::Unicast, to_port(tables, port, inner.inside))),
        None => {
            copy_to_ports(frame, tables, key);
            Ok(Ending::new(Outcome::Flooded, Verdict::with(Action::Ingress, vtep)))
        }
    }
}

/// Takes over a frame that the vxlan device itself received: it may be for a direct port.
///
/// An admitted one (reassembled, or UDP segments) was counted when it was passed on. Any other came by a device
/// whose frames we do not see, such as a second uplink, and its sender is as good as a stranger.
#[inline(always)]
pub fn from_device<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    device: IfIndex,
    admitted: bool,
) -> Verdict {
    let Some(port) = tables.port(device) else { return Verdict::PASS };
    let Some(overlay) = tables.overlay(port.overlay()) else { return Verdict::PASS };
    if !admitted {
        let is_believed =
            !overlay.has(OverlayFlags::ADMIT_KNOWN) || overlay.has(OverlayFlags::DEVICE_RECEIVE);
        let outcome = if is_believed { Outcome::ByDevice } else { Outcome::Unwatched };
        tables.count(port.overlay(), Direction::Rx, outcome, frame.len());
        if !is_believed {
            return Verdict::STOP;
        }
    }
    let Ok(ethernet) = frame.view::<Ethernet>(0).copied() else { return Verdict::PASS };
    match whereabouts(tables, port.overlay(), overlay, ethernet.destination()) {
        Some(port) if port == device => Verdict::PASS,
        Some(port) => Verdict::with(Action::Egress, port),
        None => {
            copy_to_ports(frame, tables, port.overlay());
            Verdict::PASS
        }
    }
}

/// Whether the device at `device` writes group policies to the mark of what it receives.
#[inline(always)]
pub fn has_policy_marks<T: Tables>(tables: &T, device: IfIndex) -> bool {
    let overlay = tables.port(device).and_then(|port| tables.overlay(port.overlay()));
    overlay.is_some_and(|overlay| overlay.has(OverlayFlags::POLICY_MARKS))
}

#[inline(always)]
fn to_device(vtep: IfIndex) -> Result<Ending, Outcome> {
    Ok(Ending::new(Outcome::Unicast, Verdict::with(Action::Ingress, vtep)))
}

/// The local port of a station, if the FDB knows it.
#[inline(always)]
fn whereabouts<T: Tables>(tables: &T, key: OverlayKey, overlay: &Overlay, mac: Mac) -> Option<IfIndex> {
    let entry = tables.fdb(&FdbKey::new(key, mac))?;
    if entry.is_expired(tables.now(), overlay.ageing) {
        return None;
    }
    match entry.target() {
        Target::Port(port) => Some(port),
        Target::Remote(_) => entry.local_place(),
    }
}

#[inline(always)]
fn to_port<T: Tables>(tables: &T, port: IfIndex, inside: Inside) -> Verdict {
    let shortcut = inside != Inside::Other && tables.port(port).is_some_and(|port| port.has_peer());
    if shortcut { Verdict::with(Action::Peer, port) } else { Verdict::with(Action::Egress, port) }
}

#[inline(always)]
fn copy_to_ports<F: Frame, T: Tables>(frame: &mut F, tables: &T, key: OverlayKey) {
    if let Some(list) = tables.flood(key) {
        tables.repeat(list.port_count(), |at| {
            if let Some(port) = list.port(at) {
                frame.copy_to(port);
            }
        });
    }
}
