//! `trace`: the end of each frame, for developers.
//!
//! aya-log carries the records; programs that make them are built by `cargo xtask build-ebpf --trace`. The records
//! are read in the order of their ring, which all programs of a network namespace share, until the command is killed.

use std::os::fd::AsFd;

use anyhow::{Context, Result, bail};
use aya_log::EbpfLogger;
use log::{Log, Metadata, Record};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use vxlan_common::CountKey;

use super::report;
use super::session::Session;
use crate::cli::Listing;
use crate::output;
use crate::overlays::Overlays;
use crate::request::Which;

pub(super) fn trace(listing: &Listing, session: &mut Session<'_>) -> Result<()> {
    if report::asked(listing, session)? != Which::default() {
        bail!("trace shows all overlays of the network namespace: leave the VNI and the device out");
    }
    let status = session.look(Overlays::status)?;
    let Some(program) = status.programs.iter().find_map(|program| program.program) else {
        bail!("nothing is attached here: see `vxbpf link show`");
    };
    let mut logger = EbpfLogger::init_from_id_with_logger(program, Printer).context(
        "the programs do not tell of frames: attach by a vxbpf whose object `cargo xtask build-ebpf --trace` built",
    )?;
    loop {
        let mut ready = [PollFd::new(logger.as_fd(), PollFlags::POLLIN)];
        poll(&mut ready, PollTimeout::NONE).context("cannot wait for records")?;
        logger.flush();
    }
}

/// Turns the numbers of a record into names.
struct Printer;

impl Log for Printer {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        let line = readable(&text).unwrap_or(text);
        if !output::print_on(&format!("{line}\n")).is_ok_and(|goes_on| goes_on) {
            // Nobody reads any more.
            std::process::exit(0);
        }
    }

    fn flush(&self) {}
}

/// The line for a record, which is the key of a counter as one number, and bytes.
fn readable(record: &str) -> Option<String> {
    let (key, bytes) = record.split_once(' ')?;
    let key = CountKey::from_word(key.parse().ok()?);
    let overlay = key.overlay().map_or_else(String::new, |overlay| format!("vni {} ", overlay.vni()));
    let outcome = key.outcome()?.name();
    Some(format!("{overlay}dstport {} {} {outcome} bytes {bytes}", key.udp_port().0, key.direction().name()))
}

#[cfg(test)]
mod tests {
    use vxlan_common::{Direction, Outcome, OverlayKey, UdpPort, Vni};

    use super::*;

    #[test]
    fn a_record_is_read_as_the_counter_that_moved() {
        let overlay = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        let key = CountKey::new(overlay, Direction::Rx, Outcome::NotAdmitted);
        let line = readable(&format!("{} 110", key.word()));
        assert_eq!(line.as_deref(), Some("vni 444 dstport 4789 rx not_admitted bytes 110"));
        let key = CountKey::outside(UdpPort::VXLAN, Outcome::UnknownVni);
        let line = readable(&format!("{} 90", key.word()));
        assert_eq!(line.as_deref(), Some("dstport 4789 rx unknown_vni bytes 90"));
        assert_eq!(readable("something else"), None);
    }
}
