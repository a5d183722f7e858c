//! Where an XDP program hangs in front of that of TC: what was asked for, and what the devices can.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use vxlan_common::{Device, IfIndex, PortFlags, PortKind};

use super::Overlays;
use super::record::Record;
use crate::datapath::Hook;
use crate::netlink::Link;
use crate::vtep::Mode;

/// Whether an XDP program hangs at a device, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) is_xdp: bool,
    pub(super) why: &'static str,
}

impl Choice {
    const fn xdp(why: &'static str) -> Self {
        Self { is_xdp: true, why }
    }

    const fn tc(why: &'static str) -> Self {
        Self { is_xdp: false, why }
    }
}

/// What a device can, as far as XDP goes.
#[derive(Clone, Copy, Debug)]
struct Ability {
    /// Its driver runs XDP programs.
    is_native: bool,
    is_veth: bool,
    /// Number of somebody else's program that hangs there.
    foreign: Option<u32>,
}

/// The choice for an underlay device that overlays of these modes share.
fn at_underlay(modes: &[Mode], ability: Ability) -> Choice {
    if modes.contains(&Mode::Xdp) {
        return if ability.is_veth {
            Choice::xdp("as asked; a veth with an XDP program costs its other end TSO")
        } else {
            Choice::xdp("as asked")
        };
    }
    if !modes.contains(&Mode::Auto) {
        return Choice::tc("as asked");
    }
    match ability {
        Ability { is_veth: true, .. } => {
            Choice::tc("auto: a veth with an XDP program would cost its other end TSO")
        }
        Ability { is_native: false, .. } => Choice::tc("auto: its driver has no native XDP"),
        Ability { foreign: Some(_), .. } => Choice::tc("auto: another XDP program hangs there"),
        _ => Choice::xdp("auto: its driver has native XDP"),
    }
}

impl Overlays<'_> {
    /// Whether an XDP program hangs at underlay device `device`, and why.
    pub(super) fn choice(&self, device: IfIndex) -> Result<Choice> {
        let tables = self.tables()?;
        let mut modes = Vec::new();
        for (key, overlay) in tables.vni.rows()? {
            let is_there = [device, IfIndex::NONE].contains(&overlay.underlay_device());
            if let Some(record) = Record::read(tables, key)?.filter(|_| is_there) {
                modes.push(record.spec.mode);
            }
        }
        Ok(match self.observed.link(device) {
            Some(link) => at_underlay(&modes, self.ability(link, Hook::UnderlayXdp)?),
            None => Choice::tc("the device is gone"),
        })
    }

    /// Refuses mode xdp where a device cannot have it. `hook` is where our own program hangs, if it does.
    pub(super) fn check_xdp(&self, link: &Link, hook: Hook) -> Result<()> {
        let name = &link.name;
        match self.ability(link, hook)? {
            Ability { is_native: false, .. } => {
                bail!("the driver of {name} has no native XDP: use mode tc, or auto")
            }
            Ability { foreign: Some(program), .. } => bail!(
                "an XDP program, number {program}, hangs at {name} already: `ip link set dev {name} xdp off` removes \
                 it; or use mode tc, or auto"
            ),
            _ => Ok(()),
        }
    }

    fn ability(&self, link: &Link, hook: Hook) -> Result<Ability> {
        let ours = self
            .datapath
            .links()?
            .into_iter()
            .any(|pinned| (pinned.hook, pinned.device) == (hook, link.index) && pinned.is_alive());
        Ok(Ability {
            is_native: self.observed.xdp_features(link.index)?.is_native(),
            is_veth: link.kind.as_deref() == Some("veth"),
            foreign: link.xdp_program.filter(|_| !ours),
        })
    }

    /// Hangs the XDP program at underlay device `device` where it belongs, and takes it off where it does not.
    pub(super) fn settle_xdp(&mut self, device: IfIndex) -> Result<()> {
        let choice = self.choice(device)?;
        if choice.is_xdp {
            self.datapath.attach(Hook::UnderlayXdp, device, &self.observed.name(device)).map(drop)
        } else {
            self.datapath.detach(Hook::UnderlayXdp, device)
        }
    }

    /// Hangs the XDP program at a port that is to have it.
    pub(super) fn settle_xdp_port(&mut self, device: IfIndex, flags: u8) -> Result<()> {
        if flags & PortFlags::XDP == 0 {
            return Ok(());
        }
        self.datapath.attach(Hook::PortXdp, device, &self.observed.name(device)).map(drop)
    }

    /// Writes what XDP programs have to know of the devices that frames come by and leave by: `underlays`, and the ports.
    pub(super) fn settle_devices(&mut self, underlays: &BTreeSet<IfIndex>) -> Result<()> {
        let mut wanted = underlays.clone();
        let ports = self.tables()?.port.rows()?.into_iter();
        wanted.extend(
            ports.filter(|(_, port)| port.kind() == PortKind::Direct).map(|(device, _)| IfIndex(device)),
        );
        let mut rows = Vec::new();
        for device in &wanted {
            if let Some(link) = self.observed.link(*device) {
                let takes_xdp = self.observed.xdp_features(*device)?.takes_redirected();
                rows.push((device.0, Device::new(link.mac, takes_xdp)));
            }
        }
        let table = &mut self.tables_mut()?.device;
        table.remove_where(|device, _| !wanted.contains(&IfIndex(*device)))?;
        for (device, row) in rows {
            if table.get(&device)? != Some(row) {
                table.set(&device, &row)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIC: Ability = Ability { is_native: true, is_veth: false, foreign: None };

    #[test]
    fn auto_takes_xdp_where_it_costs_nobody_anything() {
        let auto = |ability| at_underlay(&[Mode::Auto, Mode::Tc], ability);
        assert!(auto(NIC).is_xdp);
        for (ability, why) in [
            (Ability { is_veth: true, ..NIC }, "TSO"),
            (Ability { is_native: false, ..NIC }, "no native XDP"),
            (Ability { foreign: Some(7), ..NIC }, "another XDP program"),
        ] {
            let choice = auto(ability);
            assert!(!choice.is_xdp && choice.why.contains(why), "{choice:?}");
        }
    }

    #[test]
    fn one_overlay_that_asks_for_xdp_is_enough_and_none_is_too_few() {
        let veth = Ability { is_veth: true, ..NIC };
        assert!(at_underlay(&[Mode::Tc, Mode::Xdp], veth).is_xdp);
        assert_eq!(at_underlay(&[Mode::Tc], NIC), Choice::tc("as asked"));
        assert!(!at_underlay(&[], NIC).is_xdp);
    }
}
