//! At which devices the program of the underlay hangs. All overlays on a device share it.

use std::collections::BTreeSet;

use anyhow::Result;
use vxlan_common::{IfIndex, Overlay};

use super::Overlays;
use super::vtep::Vtep;
use crate::datapath::Hook;
use crate::netlink::Link;

/// ARPHRD_ETHER.
pub(super) const ETHERNET: u16 = 1;

impl Overlays<'_> {
    /// The devices at which it has to hang.
    pub(super) fn underlays(&self) -> Result<BTreeSet<IfIndex>> {
        let tables = self.tables()?;
        let overlays = tables.vni.rows()?;
        let ports: BTreeSet<_> = tables.port.rows()?.into_iter().map(|(device, _)| IfIndex(device)).collect();
        let any = self.observed.links().filter(|link| suits(link) && !ports.contains(&link.index));
        let any = any.map(|link| link.index).collect();
        let mut wanted = wanted(overlays.iter().map(|(_, overlay)| overlay), any);
        wanted.retain(|index| self.observed.link(*index).is_some());
        Ok(wanted)
    }

    /// The devices by which packets of `vtep` may come.
    pub(super) fn underlays_of(&self, vtep: &Vtep) -> Result<BTreeSet<IfIndex>> {
        match vtep.overlay.underlay_device() {
            IfIndex::NONE => self.underlays(),
            underlay => Ok(BTreeSet::from([underlay])),
        }
    }

    /// Hangs it where it is missing, and takes it off where no overlay needs it any more.
    pub(super) fn settle_underlays(&mut self) -> Result<()> {
        let wanted = self.underlays()?;
        for link in self.datapath.links()? {
            let is_of_underlay = matches!(link.hook, Hook::Underlay | Hook::UnderlayXdp);
            if is_of_underlay && !wanted.contains(&link.device) {
                self.datapath.detach(link.hook, link.device)?;
            }
        }
        self.settle_devices(&wanted)?;
        for device in wanted {
            let hung = self.datapath.attach(Hook::Underlay, device, &self.observed.name(device));
            // XDP passes on to TC, so that comes first.
            match hung.and_then(|_| self.settle_xdp(device)) {
                Err(error) if self.netlink.link(device)?.is_some() => return Err(error),
                // Done, or the device went away meanwhile.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Those that were named; for an overlay without, the routes choose the device of each packet: `any` that suits.
fn wanted<'a>(overlays: impl Iterator<Item = &'a Overlay>, any: BTreeSet<IfIndex>) -> BTreeSet<IfIndex> {
    let (unnamed, named): (BTreeSet<_>, BTreeSet<_>) =
        overlays.map(Overlay::underlay_device).partition(|device| *device == IfIndex::NONE);
    if unnamed.is_empty() { named } else { named.into_iter().chain(any).collect() }
}

/// Whether VXLAN of an overlay without a device of its own may come by it.
fn suits(link: &Link) -> bool {
    link.hardware == ETHERNET && link.kind.as_deref() != Some("vxlan")
}

#[cfg(test)]
mod tests {
    use vxlan_common::Mac;

    use super::*;

    #[test]
    fn overlays_share_a_device_and_one_without_takes_all_that_suit() {
        let on = |device| Overlay::new(IfIndex(9), Mac::ZERO).on(IfIndex(device));
        let any = || BTreeSet::from([2, 3].map(IfIndex));
        let devices = |overlays: &[Overlay]| wanted(overlays.iter(), any());
        assert_eq!(devices(&[on(4), on(4)]), BTreeSet::from([IfIndex(4)]));
        assert_eq!(devices(&[on(4), on(0)]), BTreeSet::from([2, 3, 4].map(IfIndex)));
        assert_eq!(devices(&[]), BTreeSet::new());
    }
}
