//! `fdb`: stations and flood lists in `bridge fdb`'s words.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use vxlan_common::Vni;

use super::session::Session;
use crate::cli::{Fdb, FdbGet, FdbShow, StateFilter};
use crate::netlink::Netlink;
use crate::output::fdb::{self, Row};
use crate::overlays::{Behind, Station};
use crate::request::FdbState;

pub(super) fn run(fdb: &Fdb, session: &mut Session<'_>) -> Result<()> {
    match fdb {
        Fdb::Add(entry) => {
            let spec = entry.spec()?;
            session.change(|overlays| overlays.fdb_add(&spec))
        }
        Fdb::Append(entry) => {
            let spec = entry.spec()?;
            session.change(|overlays| overlays.fdb_append(&spec))
        }
        Fdb::Replace(entry) => {
            let spec = entry.spec()?;
            session.change(|overlays| overlays.fdb_replace(&spec))
        }
        Fdb::Del(del) => {
            let victim = del.victim()?;
            session.change(|overlays| overlays.fdb_del(&victim))
        }
        Fdb::Flush(flush) => {
            let filter = flush.filter()?;
            session.change(|overlays| overlays.fdb_flush(&flush.dev, &filter).map(drop))
        }
        Fdb::Show(show) => print(show, session),
        Fdb::Get(get) => print_one(get, session),
    }
}

fn print(show: &FdbShow, session: &mut Session<'_>) -> Result<()> {
    let vni = show.vni()?;
    if let Some(name) = &show.dev {
        let there = session.netlink.link_index(name)?;
        there.with_context(|| {
            format!("there is no device {name}: `vxbpf link show` lists the VTEP devices")
        })?;
    }
    let stations = session.look(|overlays| overlays.fdb_show(show.dev.as_deref()))?;
    let wanted = |station: &&Station| {
        vni.is_none_or(|vni| station.overlay.vni() == vni)
            && show.state.is_none_or(|state| is_in(station, state))
            && !(show.dynamic && station.state == FdbState::Permanent)
    };
    let mut rows: Vec<_> = stations.iter().filter(wanted).map(row).collect();
    if session.style.statistics > 0 {
        date(&mut rows, session.netlink)?;
    }
    let (of_one_device, style) = (show.dev.is_some(), session.style);
    session.print(|| fdb::text(&rows, of_one_device, style), || fdb::json(&rows, of_one_device, style))
}

fn print_one(get: &FdbGet, session: &mut Session<'_>) -> Result<()> {
    let vni = get.vni()?;
    let station = session.look(|overlays| overlays.fdb_get(&get.dev, get.mac))?;
    if vni.is_some_and(|vni| station.overlay.vni() != vni) {
        bail!("{}: VNI {} is not that of {}: leave it out", get.mac, vni.map_or(0, Vni::get), get.dev);
    }
    let mut rows = vec![row(&station)];
    rows.retain(|row| !(get.dynamic && row.state == FdbState::Permanent));
    let style = session.style;
    if style.statistics > 0 {
        date(&mut rows, session.netlink)?;
    }
    session.print(|| fdb::text(&rows, false, style), || fdb::json(&rows, false, style))
}

/// Adds what the vxlan device knows of the flood list: it has the same one, and notes when it was set and used.
fn date(rows: &mut [Row], netlink: &Netlink) -> Result<()> {
    let mut tables = BTreeMap::new();
    for row in rows.iter_mut().filter(|row| row.used.is_none()) {
        if !tables.contains_key(&row.device) {
            let index = netlink.link_index(&row.device)?;
            let table = index.map(|index| netlink.fdb(index)).transpose()?.unwrap_or_default();
            tables.insert(row.device.clone(), table);
        }
        let mut of_device = tables.get(&row.device).into_iter().flatten();
        let same = of_device.find(|entry| {
            entry.mac == row.mac && entry.dst == row.dst && entry.port == row.port && entry.vni == row.vni
        });
        row.used = same.and_then(|entry| entry.used.zip(entry.updated));
    }
    Ok(())
}

const fn is_in(station: &Station, state: StateFilter) -> bool {
    match state {
        StateFilter::All => true,
        StateFilter::Stale => false,
        StateFilter::Permanent => matches!(station.state, FdbState::Permanent),
        StateFilter::Static => matches!(station.state, FdbState::Static),
        StateFilter::Dynamic => matches!(station.state, FdbState::Dynamic),
    }
}

pub(super) fn row(station: &Station) -> Row {
    let mut row = Row {
        mac: station.mac,
        device: station.device.clone(),
        dst: None,
        port: None,
        vni: None,
        via: None,
        // One clock serves both: the data path notes when a station was last heard of, not when it was sent to.
        used: station.age.map(|age| (age, age)),
        router: station.router,
        extern_learn: station.extern_learn,
        sticky: station.sticky,
        local_port: None,
        state: station.state,
    };
    match &station.behind {
        Behind::Vtep { dst, port, vni, via } => {
            (row.dst, row.port, row.vni) = (Some(*dst), *port, *vni);
            row.via.clone_from(via);
        }
        Behind::Port(port) => row.local_port = Some(port.clone()),
    }
    row
}
