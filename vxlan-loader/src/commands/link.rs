//! `link`: VTEP devices in `ip link`'s words.

use anyhow::{Context, Result, bail};
use vxlan_common::{Class, Direction, IfIndex, OverlayFlags};

use super::attach;
use super::session::Session;
use crate::cli::{Link, LinkShow};
use crate::netlink::{LinkStats, Netlink, Vxlan};
use crate::output::link::{self, Ours, Row};
use crate::overlays::{OverlayCounts, Overlays, Vtep};
use crate::request::Which;
use crate::vtep::Allow;

pub(super) fn run(link: &Link, session: &mut Session<'_>) -> Result<()> {
    match link {
        Link::Add(add) => {
            let (spec, name) = add.spec()?;
            attach::make(&spec, name.as_deref(), add.up, add.fdb_size()?, session)
        }
        Link::Set(set) => {
            let change = set.change()?;
            session.change(|overlays| overlays.set(&set.name, &change))
        }
        Link::Del(del) => session.change(|overlays| overlays.detach(&Which::vtep(&del.name)).map(drop)),
        Link::Show(show) => print(show, session),
    }
}

fn print(show: &LinkShow, session: &mut Session<'_>) -> Result<()> {
    let rows = rows(show, session)?;
    let style = session.style;
    session.print(|| link::text(&rows, style), || link::json(&rows, style))
}

fn rows(show: &LinkShow, session: &mut Session<'_>) -> Result<Vec<Row>> {
    let which = show.which()?;
    let netlink = session.netlink;
    let vteps = session.look(Overlays::list)?;
    let device = |name: &Option<String>| name.as_deref().map(|name| index(name, netlink)).transpose();
    let (only, master) = (device(&show.name)?, device(&show.master)?);
    if let (Some(name), Some(only)) = (&show.name, only)
        && !vteps.iter().any(|vtep| vtep.device == only)
    {
        bail!("{name} is not the VTEP device of an overlay: `ip link show {name}` shows it");
    }
    // What the programs carried went past the device's own counters.
    let carried =
        if session.style.statistics > 0 { session.look(Overlays::stats)?.overlays } else { Vec::new() };
    let mut rows = Vec::new();
    for vtep in vteps.iter().filter(|vtep| which.matches(vtep.key, &vtep.name, vtep.underlay.as_deref())) {
        // One that went away meanwhile is not there.
        let Some(mut row) = row(vtep, netlink)? else { continue };
        if let Some(carried) = carried.iter().find(|carried| carried.key == vtep.key) {
            add(&mut row.link.stats, carried);
        }
        let wanted = (row.link.up || !show.up)
            && show.kind.as_ref().is_none_or(|kind| kind == "vxlan")
            && only.is_none_or(|only| row.link.index == only)
            && (master.is_none() || row.link.master == master);
        if wanted {
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| row.link.index);
    Ok(rows)
}

fn row(vtep: &Vtep, netlink: &Netlink) -> Result<Option<Row>> {
    let (Some(link), Some(vxlan)) = (netlink.link(vtep.device)?, netlink.vxlan(vtep.device)?) else {
        return Ok(None);
    };
    let name = |index: Option<IfIndex>| index.map(|index| netlink.link_name(index)).transpose();
    let ours = Ours {
        source_ports: (vtep.overlay.source_port_min, vtep.overlay.source_port_max),
        mode: "tc",
        ageing: vtep.overlay.ageing,
        admit_known: vtep.overlay.has(OverlayFlags::ADMIT_KNOWN),
        suppress: vtep.spec.suppress,
        neighlearn: vtep.spec.neighlearn,
        maxneigh: vtep.spec.maxneigh,
        allow: vtep.spec.allow.iter().filter_map(prefix).collect(),
    };
    Ok(Some(Row {
        underlay: name(vxlan.link)?.flatten(),
        master: name(link.master)?.flatten(),
        link,
        // The kernel's device is not always told of it.
        vxlan: Vxlan { proxy: vtep.spec.proxy, ..vxlan },
        ours,
    }))
}

/// Adds what the programs delivered, sent and dropped; what they left to the device it counts itself.
fn add(stats: &mut LinkStats, carried: &OverlayCounts) {
    let of = |direction, class| carried.total(direction, class);
    let (rx, tx) = (of(Direction::Rx, Class::Forwarded), of(Direction::Tx, Class::Forwarded));
    stats.rx_packets += rx.packets;
    stats.rx_bytes += rx.bytes;
    stats.rx_dropped += of(Direction::Rx, Class::Dropped).packets;
    stats.tx_packets += tx.packets;
    stats.tx_bytes += tx.bytes;
    stats.tx_dropped += of(Direction::Tx, Class::Dropped).packets;
}

fn prefix(allow: &Allow) -> Option<String> {
    match allow {
        Allow::Any | Allow::Known => None,
        Allow::Prefix(address, bits) => Some(format!("{address}/{bits}")),
    }
}

fn index(name: &str, netlink: &Netlink) -> Result<IfIndex> {
    netlink.link_index(name)?.with_context(|| format!("there is no device {name}: `ip link` lists them"))
}
