//! Which VTEPs are believed.

use vxlan_common::{Outcome, OverlayFlags};

use super::Arrival;
use crate::Tables;

/// Lets a packet through if its source is a VTEP that this overlay knows or allows. With a group, and no word of
/// the user, every source is.
#[inline(always)]
pub(super) fn source<T: Tables>(tables: &T, arrival: &Arrival<'_>) -> Result<(), Outcome> {
    let Arrival { key, overlay, source, .. } = arrival;
    // Nobody but we can have it, though the list, which is the same on all hosts, has it, too. Without `local` our
    // addresses are not known here: then the loader believes none of them.
    if *source == overlay.local() {
        return Err(Outcome::SourceOwn);
    }
    if !overlay.has(OverlayFlags::ADMIT_KNOWN) || tables.is_known(*key, *source) {
        return Ok(());
    }
    if overlay.has(OverlayFlags::ADMIT_PREFIXES) && tables.is_allowed(*key, *source) {
        return Ok(());
    }
    Err(Outcome::NotAdmitted)
}
