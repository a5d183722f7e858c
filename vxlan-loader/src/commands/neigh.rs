//! `neigh`: for whom ARP and ND are answered, in `ip neigh`'s words.

use anyhow::{Context, Result};
use vxlan_common::NeighFlags;

use super::session::Session;
use crate::cli::Neigh;
use crate::output::{
    self,
    neigh::{self, Row},
};
use crate::overlays::Neighbour;

pub(super) fn run(verb: &Neigh, session: &mut Session<'_>) -> Result<()> {
    match verb {
        Neigh::Add(entry) => {
            let spec = entry.spec()?;
            session.change(|overlays| overlays.neigh_add(&spec))
        }
        Neigh::Change(entry) => {
            let spec = entry.spec()?;
            session.change(|overlays| overlays.neigh_change(&spec))
        }
        Neigh::Replace(entry) => {
            let spec = entry.spec()?;
            session.change(|overlays| overlays.neigh_replace(&spec))
        }
        Neigh::Del(del) => session.change(|overlays| overlays.neigh_del(&del.dev, del.address)),
        Neigh::Show(show) => {
            let filter = show.filter()?;
            let neighbours = session.look(|overlays| overlays.neigh_show(&filter))?;
            print(&neighbours, filter.device.is_some(), session)
        }
        Neigh::Get(get) => {
            let neighbour = session.look(|overlays| overlays.neigh_get(&get.dev, get.address))?;
            print(&[neighbour], false, session)
        }
        Neigh::Flush(flush) => {
            let filter = flush.filter()?;
            let removed = session.change(|overlays| overlays.neigh_flush(&filter))?;
            if session.style.statistics > 0 {
                output::print(&neigh::flushed(removed)).context("cannot print")?;
            }
            Ok(())
        }
    }
}

fn print(neighbours: &[Neighbour], of_one_device: bool, session: &Session<'_>) -> Result<()> {
    let rows: Vec<_> = neighbours.iter().map(row).collect();
    let style = session.style;
    session.print(|| neigh::text(&rows, of_one_device, style), || neigh::json(&rows, of_one_device, style))
}

pub(super) fn row(neighbour: &Neighbour) -> Row {
    Row {
        address: neighbour.address,
        device: neighbour.device.clone(),
        mac: neighbour.entry.mac(),
        router: neighbour.entry.has(NeighFlags::ROUTER),
        extern_learn: neighbour.entry.has(NeighFlags::EXTERN_LEARN),
        age: neighbour.age,
        left: neighbour.left,
        nud: neighbour.nud,
        port: neighbour.port.clone(),
    }
}
