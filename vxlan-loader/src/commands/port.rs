//! `port`: devices straight in an overlay.

use anyhow::{Result, bail};

use super::session::Session;
use crate::cli::{Port, PortShow};
use crate::output::port::{self, Row};
use crate::overlays::{DirectPort, Overlays};

pub(super) fn run(port: &Port, session: &mut Session<'_>) -> Result<()> {
    match port {
        Port::Add(add) => {
            let spec = add.spec()?;
            session.change(|overlays| overlays.port_add(&spec))
        }
        Port::Del(del) => {
            let which = del.which()?;
            session.change(|overlays| overlays.port_del(&del.device, &which))
        }
        Port::Show(show) => print(show, session),
    }
}

fn print(show: &PortShow, session: &mut Session<'_>) -> Result<()> {
    let which = show.which()?;
    let ports = session.look(Overlays::port_show)?;
    let wanted = |port: &&DirectPort| {
        // `port show` does not ask about underlays.
        which.matches(port.overlay, &port.vtep, None)
            && show.device.as_ref().is_none_or(|name| *name == port.device)
    };
    let rows: Vec<_> = ports.iter().filter(wanted).map(row).collect();
    if let (Some(name), true) = (&show.device, rows.is_empty()) {
        bail!("{name} is not a direct port: `vxbpf port show` lists those");
    }
    session.print(|| port::text(&rows), || port::json(&rows))
}

pub(super) fn row(port: &DirectPort) -> Row {
    Row {
        index: port.index,
        device: port.device.clone(),
        vni: port.overlay.vni(),
        dstport: port.overlay.udp_port(),
        vtep: port.vtep.clone(),
        mode: if port.is_xdp { "xdp" } else { "tc" },
        peer: port.has_peer,
        stations: port.stations,
        bindings: port.bindings,
    }
}
