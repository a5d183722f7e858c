//! Reports what nobody knows, for whoever fills the tables on demand: to our own readers, and through the kernel's device,
//! which gets a copy of the frame and sends the message that daemons know (`vxlan_fdb_miss`, `vxlan_ip_miss`). So a report
//! is as rare for the one as for the other.

use vxlan_common::{Address, FdbKey, OverlayFlags};

use super::Journey;
use crate::{Frame, Tables};

/// Nobody knows where the destination is, and there is no VTEP to flood to. A group is never missing.
#[inline(always)]
pub(super) fn station<F: Frame, T: Tables>(frame: &mut F, tables: &T, journey: &Journey<'_>) {
    let mac = journey.destination();
    if journey.overlay.has(OverlayFlags::STATION_MISSES)
        && mac.is_station()
        && tables.report_station(&FdbKey::new(journey.key, mac))
    {
        frame.copy_to_transmit(journey.overlay.vtep_device());
    }
}

/// Nobody knows who has `address`.
#[inline(always)]
pub(super) fn address<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
    address: &Address,
) {
    if journey.overlay.has(OverlayFlags::ADDRESS_MISSES) && tables.report_address(journey.key, address) {
        frame.copy_to_transmit(journey.overlay.vtep_device());
    }
}
