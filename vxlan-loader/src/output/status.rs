//! `status`: overlays, their ports, and what hangs where.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use vxlan_common::{UdpPort, Vni};

use super::{Style, port};
use crate::vtep::Mode;

/// A program on a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Name of the device.
    pub device: String,
    /// Where on it: `ingress` or `egress`.
    pub direction: &'static str,
    /// How: `tcx`.
    pub kind: &'static str,
    /// Name of the program.
    pub program: &'static str,
    /// The kernel's number of the link; `None`: the device is gone.
    pub link: Option<u32>,
    /// The kernel's number of the program, likewise.
    pub program_id: Option<u32>,
}

/// An overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Name of its VTEP device.
    pub device: String,
    /// Its VNI.
    pub vni: Vni,
    /// Its UDP port.
    pub dstport: UdpPort,
    /// Name of its underlay device.
    pub underlay: Option<String>,
    /// The mode in use.
    pub mode: Mode,
    /// Why it is that one.
    pub why: &'static str,
    /// Why all that it sends takes the vxlan device's own transmit, if that is so.
    pub by_device: Option<&'static str>,
    /// Whether the device is up.
    pub up: bool,
    /// VTEPs in its flood list.
    pub flood: u32,
    /// Stations that were learned.
    pub learned: usize,
    /// Stations that were configured.
    pub configured: usize,
    /// Programs on the VTEP device and the underlay.
    pub hooks: Vec<Hook>,
    /// Its direct ports, each with its programs.
    pub ports: Vec<(port::Row, Vec<Hook>)>,
}

/// What to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Where the pins are; `None`: nothing is attached.
    pub pins: Option<String>,
    /// The overlays.
    pub overlays: Vec<Overlay>,
    /// Name of each table, rows that it has, rows that it has room for.
    pub tables: Vec<(&'static str, usize, u32)>,
}

/// A line an overlay, below it a line a program and a port; with details also the tables and the pins.
pub fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for overlay in &report.overlays {
        let _ = write!(out, "{}: vni {} dstport {} ", overlay.device, overlay.vni, overlay.dstport.0);
        if let Some(underlay) = &overlay.underlay {
            let _ = write!(out, "dev {underlay} ");
        }
        let state = if overlay.up { "UP" } else { "DOWN" };
        let _ = writeln!(out, "mode {} state {state}", word(overlay.mode));
        let Overlay { flood, learned, configured, .. } = overlay;
        let _ = writeln!(out, "    flood {flood} learned {learned} configured {configured}");
        if style.details {
            let _ = writeln!(out, "    mode {}: {}", word(overlay.mode), overlay.why);
        }
        if let Some(reason) = overlay.by_device {
            let _ = writeln!(out, "    slow path for all that it sends: {reason}");
        }
        hooks(&overlay.hooks, "    ", &mut out);
        for (row, programs) in &overlay.ports {
            let peer = if row.peer { " peer" } else { "" };
            let _ =
                writeln!(out, "    port {} mode {}{peer} stations {}", row.device, row.mode, row.stations);
            hooks(programs, "        ", &mut out);
        }
    }
    if style.details {
        for (name, used, room) in &report.tables {
            let _ = writeln!(out, "table {name}: {used} of {room}");
        }
        if let Some(pins) = &report.pins {
            let _ = writeln!(out, "pins: {pins}");
        }
    }
    out
}

fn hooks(hooks: &[Hook], indent: &str, out: &mut String) {
    for Hook { device, direction, kind, program, link, program_id } in hooks {
        let _ = write!(out, "{indent}{device} {kind} {direction} {program} ");
        let _ = match (program_id, link) {
            (Some(program), Some(link)) => writeln!(out, "prog {program} link {link}"),
            _ => writeln!(out, "gone"),
        };
    }
}

const fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto => "auto",
        Mode::Tc => "tc",
        Mode::Xdp => "xdp",
    }
}

/// The same as objects: `overlays`, `tables`, `pins`.
pub fn json(report: &Report) -> Value {
    let overlays: Vec<_> = report.overlays.iter().map(overlay_json).collect();
    let table =
        |&(name, used, room): &(&str, usize, u32)| (name.to_owned(), json!({"used": used, "room": room}));
    let tables: Map<_, _> = report.tables.iter().map(table).collect();
    json!({"overlays": overlays, "tables": tables, "pins": report.pins})
}

fn overlay_json(overlay: &Overlay) -> Value {
    let ports: Vec<_> = overlay.ports.iter().map(|(row, programs)| port_json(row, programs)).collect();
    json!({
        "ifname": overlay.device,
        "vni": overlay.vni.get(),
        "dstport": overlay.dstport.0,
        "link": overlay.underlay,
        "mode": word(overlay.mode),
        "why": overlay.why,
        "slow_path": overlay.by_device,
        "up": overlay.up,
        "flood": overlay.flood,
        "learned": overlay.learned,
        "configured": overlay.configured,
        "hooks": hooks_json(&overlay.hooks),
        "ports": ports,
    })
}

fn port_json(row: &port::Row, programs: &[Hook]) -> Value {
    let mut out = port::one_json(row);
    out["hooks"] = hooks_json(programs);
    out
}

fn hooks_json(hooks: &[Hook]) -> Value {
    let one = |hook: &Hook| {
        json!({
            "ifname": hook.device,
            "direction": hook.direction,
            "kind": hook.kind,
            "program": hook.program,
            "prog_id": hook.program_id,
            "link_id": hook.link,
        })
    };
    hooks.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(device: &str, direction: &'static str, program: &'static str, id: u32) -> Hook {
        let kind = "tcx";
        Hook { device: device.into(), direction, kind, program, link: Some(id - 10), program_id: Some(id) }
    }

    fn report() -> Report {
        let (vni, dstport) = (Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        let (device, vtep) = ("veth0".into(), "vxlan1".into());
        let port = port::Row {
            index: vxlan_common::IfIndex(9),
            device,
            vni,
            dstport,
            vtep,
            mode: "tc",
            peer: true,
            stations: 1,
            bindings: None,
        };
        let overlay = Overlay {
            device: "vxlan1".into(),
            vni,
            dstport,
            underlay: Some("eth0".into()),
            mode: Mode::Tc,
            why: "as asked",
            by_device: None,
            up: true,
            flood: 2,
            learned: 3,
            configured: 4,
            hooks: vec![
                hook("vxlan1", "egress", "vxbpf_vtep", 12),
                hook("eth0", "ingress", "vxbpf_underlay", 14),
            ],
            ports: vec![(port, vec![hook("veth0", "ingress", "vxbpf_port", 15)])],
        };
        Report {
            pins: Some("/sys/fs/bpf/vxbpf/1".into()),
            overlays: vec![overlay],
            tables: vec![("fdb", 7, 131_072)],
        }
    }

    #[test]
    fn status_shows_what_hangs_where() {
        assert_eq!(
            text(&report(), Style::default()),
            "vxlan1: vni 444 dstport 4789 dev eth0 mode tc state UP\n    \
             flood 2 learned 3 configured 4\n    \
             vxlan1 tcx egress vxbpf_vtep prog 12 link 2\n    \
             eth0 tcx ingress vxbpf_underlay prog 14 link 4\n    \
             port veth0 mode tc peer stations 1\n        \
             veth0 tcx ingress vxbpf_port prog 15 link 5\n"
        );
    }

    #[test]
    fn details_tell_why_and_how_full_the_tables_are() {
        let text = text(&report(), Style { details: true, ..Style::default() });
        assert!(text.contains("\n    mode tc: as asked\n"), "{text}");
        assert!(text.ends_with("table fdb: 7 of 131072\npins: /sys/fs/bpf/vxbpf/1\n"), "{text}");
    }

    #[test]
    fn what_is_gone_or_slow_is_told() {
        let mut report = report();
        report.overlays[0].hooks[0].program_id = None;
        report.overlays[0].by_device = Some("the underlay is IPv6");
        let text = text(&report, Style::default());
        assert!(text.contains("vxbpf_vtep gone\n"), "{text}");
        assert!(text.contains("slow path for all that it sends: the underlay is IPv6\n"), "{text}");
    }

    #[test]
    fn json_tells_the_same() {
        let json = json(&report());
        assert_eq!(json["overlays"][0]["hooks"][1]["prog_id"], 14);
        assert_eq!(json["overlays"][0]["ports"][0]["hooks"][0]["program"], "vxbpf_port");
        assert_eq!(json["overlays"][0]["ports"][0]["ifname"], "veth0");
        assert_eq!(json["tables"]["fdb"]["used"], 7);
    }
}
