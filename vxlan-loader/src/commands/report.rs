//! `status`, `stats` and `drops`: what hangs where, what went where, what went nowhere.

use anyhow::Result;

use super::port;
use super::session::Session;
use crate::cli::Listing;
use crate::datapath::Hook;
use crate::output::{drops as print_drops, stats as print_stats, status as print_status};
use crate::overlays::{OverlayStatus, Overlays, Program};
use crate::request::Which;

pub(super) fn status(listing: &Listing, session: &mut Session<'_>) -> Result<()> {
    let which = asked(listing, session)?;
    let status = session.look(Overlays::status)?;
    let overlays = status.overlays.iter().filter(|overlay| {
        let vtep = &overlay.vtep;
        which.matches(vtep.key, &vtep.name, vtep.underlay.as_deref())
    });
    let report = print_status::Report {
        pins: status.directory.as_ref().map(|path| path.display().to_string()),
        overlays: overlays.map(|overlay| overlay_row(overlay, &status.programs)).collect(),
        tables: status.tables.iter().map(|fill| (fill.table, fill.used, fill.room)).collect(),
    };
    let style = session.style;
    session.print(|| print_status::text(&report, style), || print_status::json(&report))
}

fn overlay_row(overlay: &OverlayStatus, programs: &[Program]) -> print_status::Overlay {
    let vtep = &overlay.vtep;
    let on = |hooks: &[Hook], devices: &[&str]| -> Vec<_> {
        let here =
            |program: &&Program| hooks.contains(&program.hook) && devices.contains(&program.device.as_str());
        programs.iter().filter(here).map(hook_row).collect()
    };
    let underlays: Vec<_> = overlay.underlays.iter().map(String::as_str).collect();
    let mut hooks = on(&[Hook::Vtep, Hook::Device], &[&vtep.name]);
    hooks.extend(on(&[Hook::Underlay, Hook::UnderlayXdp], &underlays));
    let ports =
        overlay.ports.iter().map(|port| (port::row(port), on(&[Hook::Port, Hook::PortXdp], &[&port.device])));
    print_status::Overlay {
        device: vtep.name.clone(),
        vni: vtep.key.vni(),
        dstport: vtep.key.udp_port(),
        underlay: vtep.underlay.clone(),
        mode: overlay.mode,
        why: overlay.why,
        by_device: overlay.by_device,
        up: overlay.is_up,
        flood: overlay.flood,
        learned: overlay.learned,
        configured: overlay.configured,
        hooks,
        ports: ports.collect(),
    }
}

fn hook_row(program: &Program) -> print_status::Hook {
    print_status::Hook {
        device: program.device.clone(),
        direction: program.hook.direction(),
        kind: program.hook.kind(),
        program: program.hook.program(),
        link: program.link,
        program_id: program.program,
    }
}

pub(super) fn stats(listing: &Listing, session: &mut Session<'_>) -> Result<()> {
    let which = asked(listing, session)?;
    let mut stats = session.look(Overlays::stats)?;
    stats.overlays.retain(|overlay| which.matches(overlay.key, &overlay.name, None));
    if which != Which::default() {
        // These are not of one overlay.
        stats.vteps.clear();
        stats.outside.clear();
    }
    let style = session.style;
    session.print(|| print_stats::text(&stats, style), || print_stats::json(&stats))
}

pub(super) fn drops(listing: &Listing, session: &mut Session<'_>) -> Result<()> {
    let which = asked(listing, session)?;
    let mut drops = session.look(Overlays::drops)?;
    drops.retain(|drop| match &drop.overlay {
        Some((key, name)) => which.matches(*key, name, None),
        None => which == Which::default(),
    });
    session.print(|| print_drops::text(&drops), || print_drops::json(&drops))
}

/// The overlays that are asked about; one that does not exist is an error.
pub(super) fn asked(listing: &Listing, session: &mut Session<'_>) -> Result<Which> {
    let which = listing.which()?;
    if which != Which::default() {
        session.look(|overlays| overlays.find(&which).map(drop))?;
    }
    Ok(which)
}
