//! `monitor`: what the programs tell, until the command is ended.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use vxlan_common::FdbKey;

use super::session::Session;
use super::{fdb, neigh};
use crate::cli::{Monitor, Topic};
use crate::output::monitor::{self as print, Event, Row, What};
use crate::output::{Style, print_on};
use crate::overlays::{Ears, Happening, Notice, Overlays};

/// How often it looks for what nobody tells: what has aged, what was lost.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn monitor(monitor: &Monitor, session: &mut Session<'_>) -> Result<()> {
    let (topic, device) = (monitor.topic(), monitor.device()?);
    if let Some(name) = &device {
        session.look(|overlays| overlays.find_named(name).map(drop))?;
    }
    let ended = end_signals()?;
    let mut ears = session.change(Overlays::listen)?;
    let mut listener = Listener { topic, device, style: session.style, known: HashSet::new(), lost: None };
    let done = listener.listen(&mut ears, &ended, session);
    session.change(|overlays| overlays.close(&ears))?;
    done
}

/// The signals that end it, to be waited for beside events.
fn end_signals() -> Result<SignalFd> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    signals.thread_block().context("cannot wait for signals")?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).context("cannot wait for signals")
}

/// One that listens.
struct Listener {
    topic: Topic,
    device: Option<String>,
    style: Style,
    /// Stations that have not aged.
    known: HashSet<FdbKey>,
    /// What was lost when it last looked; `None`: it did not look yet.
    lost: Option<(u64, u64)>,
}

impl Listener {
    fn listen(&mut self, ears: &mut Ears, ended: &SignalFd, session: &mut Session<'_>) -> Result<()> {
        let mut looked = Instant::now();
        self.look(ears, session)?;
        loop {
            let left = PAUSE.saturating_sub(looked.elapsed());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            let readable = {
                let mut ready = [
                    PollFd::new(ended.as_fd(), PollFlags::POLLIN),
                    PollFd::new(ears.as_fd(), PollFlags::POLLIN),
                ];
                match poll(&mut ready, timeout) {
                    Ok(_) | Err(Errno::EINTR) => {}
                    Err(error) => return Err(error).context("cannot wait for events"),
                }
                ready.map(|one| one.any().unwrap_or(false))
            };
            let [is_ended, has_events] = readable;
            if is_ended {
                return Ok(());
            }
            if has_events {
                let events: Vec<_> = std::iter::from_fn(|| ears.next()).take(1024).collect();
                let notices = session.look(|overlays| overlays.notices(&events))?;
                if !self.tell(&notices)? {
                    return Ok(());
                }
            }
            if looked.elapsed() >= PAUSE {
                looked = Instant::now();
                if !self.look(ears, session)? {
                    return Ok(());
                }
            }
        }
    }

    /// Looks for what nobody tells; false: nobody reads what is printed.
    fn look(&mut self, ears: &mut Ears, session: &mut Session<'_>) -> Result<bool> {
        let wants_aged = matches!(self.topic, Topic::All | Topic::Fdb);
        let (lost, aged) = session.look(|overlays| {
            let aged = if wants_aged { overlays.aged(&mut self.known)? } else { Vec::new() };
            Ok((overlays.lost(ears)?, aged))
        })?;
        let Some(lost) = lost else {
            // All tables were taken away. Once there are new ones, it goes on with those.
            if let Ok(new) = session.change(Overlays::listen) {
                (*ears, self.lost) = (new, None);
            }
            return Ok(true);
        };
        let before = self.lost.replace(lost).unwrap_or(lost);
        let (by_ring, untold) = (lost.0.saturating_sub(before.0), lost.1.saturating_sub(before.1));
        if by_ring + untold > 0 && !write(&print::lost(by_ring, untold, self.style))? {
            return Ok(false);
        }
        self.tell(&aged)
    }

    fn tell(&self, notices: &[Notice]) -> Result<bool> {
        let of_one_device = self.device.is_some();
        let mut text = String::new();
        for notice in notices.iter().filter(|notice| self.wants(notice)) {
            text.push_str(&print::one(&row(notice), of_one_device, self.style));
        }
        write(&text)
    }

    fn wants(&self, notice: &Notice) -> bool {
        let topic = match notice.happening {
            Happening::StationMissing(_) | Happening::AddressMissing(_) => {
                matches!(self.topic, Topic::All | Topic::Miss | Topic::Neigh)
            }
            Happening::Learned(_)
            | Happening::Forgotten(_)
            | Happening::StationSet(_)
            | Happening::StationDeleted(_) => matches!(self.topic, Topic::All | Topic::Fdb),
            Happening::NeighLearned(_)
            | Happening::NeighForgotten(_)
            | Happening::NeighSet(_)
            | Happening::NeighDeleted(_)
            | Happening::NeighRefused(_) => matches!(self.topic, Topic::All | Topic::Neigh),
            Happening::Dropped(..) => matches!(self.topic, Topic::All | Topic::Drop),
        };
        topic && self.device.as_ref().is_none_or(|device| *device == notice.device)
    }
}

fn row(notice: &Notice) -> Row {
    Row {
        time: notice.time,
        device: notice.device.clone(),
        vni: notice.overlay.vni(),
        dstport: notice.overlay.udp_port(),
        what: match &notice.happening {
            Happening::StationMissing(mac) => What::StationMissing(*mac),
            Happening::AddressMissing(address) => What::AddressMissing((*address).into()),
            Happening::Learned(station) => What::Station(Event::Learned, fdb::row(station)),
            Happening::StationSet(station) => What::Station(Event::Set, fdb::row(station)),
            Happening::Forgotten(station) | Happening::StationDeleted(station) => {
                What::Station(Event::Deleted, fdb::row(station))
            }
            Happening::NeighLearned(neighbour) => What::Neigh(Event::Learned, neigh::row(neighbour)),
            Happening::NeighSet(neighbour) => What::Neigh(Event::Set, neigh::row(neighbour)),
            Happening::NeighForgotten(neighbour) | Happening::NeighDeleted(neighbour) => {
                What::Neigh(Event::Deleted, neigh::row(neighbour))
            }
            Happening::NeighRefused(port) => What::NeighRefused(port.clone()),
            Happening::Dropped(direction, outcome) => What::Dropped(*direction, *outcome),
        },
    }
}

/// Prints; false: whoever read it has gone away.
fn write(text: &str) -> Result<bool> {
    print_on(text).context("cannot print")
}
