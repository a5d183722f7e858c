//! To the port that has the destination, to the VTEP device, or to all of them; never back to the underlay.

use vxlan_common::{
    Delivery, Direction, FdbKey, FloodList, IfIndex, Mac, Outcome, Overlay, OverlayFlags, OverlayKey, Target,
};

use super::{
    Arrival,
    decap::{Inner, UNTAGGED_AT},
};
use crate::{
    Frame, Tables, Verdict,
    frame::Inside,
    unfinished,
    verdict::{Action, Ending},
    wire::Ethernet,
};

/// Where an inner frame goes. (Fields and not variants: the compiler would leave what a variant does not have undefined.)
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Place {
    /// To whom.
    pub to: To,
    /// The port or the VTEP device.
    pub device: IfIndex,
    /// In which way.
    pub delivery: Delivery,
    takes_xdp: u32,
}

/// To whom an inner frame goes.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum To {
    /// To one port, or to the VTEP device.
    One,
    /// To all ports and the VTEP device.
    Everyone,
}

impl Place {
    #[inline(always)]
    const fn device(vtep: IfIndex) -> Self {
        Self { to: To::One, device: vtep, delivery: Delivery::Ingress, takes_xdp: 0 }
    }

    /// Whether an XDP program can redirect to it.
    #[inline(always)]
    pub const fn takes_xdp(&self) -> bool {
        self.takes_xdp != 0
    }
}

/// Finds where an inner frame goes.
#[inline(always)]
pub(super) fn place<T: Tables>(tables: &T, arrival: &Arrival<'_>, inner: &Inner) -> Place {
    let Arrival { key, overlay, .. } = *arrival;
    let vtep = overlay.vtep_device();
    let destination = inner.destination();
    if destination == overlay.mac() {
        return Place::device(vtep);
    }
    match whereabouts(tables, key, overlay, destination) {
        Some(port) if port == vtep => Place::device(vtep),
        Some(device) => at_port(tables, device, inner),
        // Without ports the device is everyone.
        None if tables.flood(key).map_or(0, FloodList::port_count) == 0 => Place::device(vtep),
        None => Place { to: To::Everyone, ..Place::device(vtep) },
    }
}

#[inline(always)]
fn at_port<T: Tables>(tables: &T, device: IfIndex, inner: &Inner) -> Place {
    let port = tables.port(device);
    if let Some(port) = port.filter(|_| inner.is_tagged()) {
        tables.note_tags(device, port);
    }
    let shortcut = inner.inside != Inside::Other && port.is_some_and(|port| port.has_peer());
    let delivery = if shortcut { Delivery::Peer } else { Delivery::Egress };
    Place { to: To::One, device, delivery, takes_xdp: tables.takes_xdp(device).into() }
}

/// Whether a short cut can deliver it: to one port that takes it. (A port gets a finished checksum from there, never an
/// unfinished one.)
#[inline(always)]
pub(super) fn may_go_by_short_cut<F: Frame>(frame: &F, inner: &Inner, place: &Place) -> bool {
    place.to == To::One
        && place.takes_xdp()
        && !inner.is_tagged()
        && !unfinished::may_be(frame, UNTAGGED_AT, inner.inside)
}

/// Delivers a decapsulated frame.
#[inline(always)]
pub(super) fn to<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    arrival: &Arrival<'_>,
    place: &Place,
) -> Ending {
    let outcome = match place.to {
        To::One => Outcome::Unicast,
        To::Everyone => {
            copy_to_ports(frame, tables, arrival.key);
            Outcome::Flooded
        }
    };
    Ending::new(outcome, verdict::<F>(place.device, place.delivery))
}

/// The verdict for a frame to a port or to the VTEP device.
#[inline(always)]
pub(super) fn verdict<F: Frame>(device: IfIndex, delivery: Delivery) -> Verdict {
    let action = match delivery {
        _ if F::SHORT_CUT => Action::Egress,
        Delivery::Egress => Action::Egress,
        Delivery::Peer => Action::Peer,
        Delivery::Ingress => Action::Ingress,
    };
    Verdict::with(action, device)
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
fn copy_to_ports<F: Frame, T: Tables>(frame: &mut F, tables: &T, key: OverlayKey) {
    if let Some(list) = tables.flood(key) {
        tables.repeat(list.port_count(), |at| {
            if let Some(port) = list.port(at) {
                frame.copy_to(port);
            }
        });
    }
}
