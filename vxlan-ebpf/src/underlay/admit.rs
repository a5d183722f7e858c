//! Which VTEPs are believed.

use vxlan_common::{Outcome, OverlayFlags};

use super::Arrival;
use crate::Tables;

/// Lets a packet through if its source is a VTEP that this overlay knows or allows. With a group, and no word of
/// the user, every source is.
#[inline(always)]
pub(super) fn source<T: Tables>(tables: &T, arrival: &Arrival<'_>) -> Result<(), Outcome> {
    let Arrival { key, overlay, source, .. } = arrival;
    if !overlay.has(OverlayFlags::ADMIT_KNOWN) || tables.is_known(*key, *source) {
        return Ok(());
    }
    if overlay.has(OverlayFlags::ADMIT_PREFIXES) && tables.is_allowed(*key, *source) {
        return Ok(());
    }
    Err(Outcome::NotAdmitted)
}
