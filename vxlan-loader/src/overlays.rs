//! What the verbs do: overlays, their VTEP devices, stations, flood lists, ports, counters.
//!
//! An overlay is a row of table `spec` (what was asked), a flood list, configured stations, ports, and the kernel's
//! vxlan device. All else is worked out from these and can be again: settings, indices and references of VTEPs,
//! who is admitted, UDP ports, the vxlan device's own forwarding table, links at underlay devices.
//!
//! A changing command says so in a row before it begins. Whoever finds that row, because a command was killed,
//! works all of that out anew ([`recover`]); so does a command that fails half-way. Programs are attached last.

mod admit;
mod attach;
mod counters;
mod detach;
mod fdb;
mod flood;
mod host;
mod listen;
mod mirror;
mod modes;
mod neigh;
mod observed;
mod plan;
mod ports;
mod record;
mod recover;
mod remotes;
mod set;
mod settle;
mod show;
mod status;
mod underlay;
mod vtep;
mod words;

use anyhow::{Context, Error, Result};

use crate::datapath::{Datapath, Tables};
use crate::namespace;
use crate::netlink::Netlink;
use fdb::Bulk;
use host::Host;
use observed::Observed;

pub use attach::Attached;
pub use counters::{Drop, OverlayCounts, Stats, VtepCounts};
pub use fdb::Plain;
pub use listen::{Ears, Happening, Notice};
pub use neigh::Neighbour;
pub use ports::DirectPort;
pub use show::{Behind, Station};
pub use status::{OverlayStatus, Program};
pub use vtep::Vtep;

/// The overlays of this network namespace.
pub struct Overlays<'a> {
    netlink: &'a Netlink,
    datapath: Datapath,
    observed: Observed<'a>,
    bulk: Bulk,
}

impl<'a> Overlays<'a> {
    /// For questions: takes no lock and changes nothing.
    pub fn look(netlink: &'a Netlink) -> Result<Self> {
        let datapath = Datapath::look(namespace::bpffs()?, namespace::cookie()?)?;
        Ok(Self { netlink, datapath, observed: Observed::new(netlink)?, bulk: Bulk::default() })
    }

    /// For changes: waits until no other command changes anything, then puts right what killed commands, removed
    /// devices and dead namespaces left. No other command changes anything while it lives.
    pub fn change(netlink: &'a Netlink) -> Result<Self> {
        let datapath = Datapath::change(namespace::bpffs()?, namespace::cookie()?)?;
        let observed = Observed::new(netlink)?;
        let mut overlays = Self { netlink, datapath, observed, bulk: Bulk::default() };
        if let Err(error) = overlays.datapath.sweep(|| Ok(namespace::live_cookies()?)) {
            // It is another's, and may be done by a command that can.
            log::debug!("cannot remove what dead namespaces left: {error:#}");
        }
        overlays.tidy()?;
        Ok(overlays)
    }

    fn tables(&self) -> Result<&Tables> {
        self.datapath.tables()?.with_context(nothing_here)
    }

    fn tables_mut(&mut self) -> Result<&mut Tables> {
        self.datapath.tables_mut().with_context(nothing_here)
    }

    /// Looks at the devices again after one was made, changed or removed.
    fn observe(&mut self) -> Result<()> {
        self.observed = Observed::new(self.netlink)?;
        Ok(())
    }

    /// Does something that takes more than one step: all of it or nothing.
    fn work<T>(&mut self, steps: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.set_busy(true)?;
        let done = steps(self);
        match done {
            Ok(value) => {
                self.set_busy(false)?;
                Ok(value)
            }
            Err(error) => match self.recover() {
                Ok(()) => Err(error),
                Err(second) => Err(half_done(&error, &second)),
            },
        }
    }

    fn set_busy(&mut self, is_busy: bool) -> Result<()> {
        // The last overlay takes the tables with it.
        let Some(tables) = self.datapath.tables_mut() else { return Ok(()) };
        let host = Host::read(tables)?.unwrap_or_default();
        Host { is_busy, ..host }.write(tables)
    }
}

fn nothing_here() -> &'static str {
    "there is no overlay in this network namespace: `vxbpf attach` makes one"
}

fn half_done(first: &Error, second: &Error) -> Error {
    anyhow::anyhow!("{first:#}; then undoing it failed, and the next command tries again: {second:#}")
}
