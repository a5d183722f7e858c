//! `port show`: the devices that are straight in an overlay.

use std::fmt::Write;

use serde_json::{Value, json};
use vxlan_common::{IfIndex, UdpPort, Vni};

/// A direct port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Index of the device.
    pub index: IfIndex,
    /// Its name.
    pub device: String,
    /// VNI of its overlay.
    pub vni: Vni,
    /// UDP port of its overlay.
    pub dstport: UdpPort,
    /// Name of its overlay's VTEP device.
    pub vtep: String,
    /// Hook in use: `tc` or `xdp`.
    pub mode: &'static str,
    /// Whether frames go straight into the container (`bpf_redirect_peer`).
    pub peer: bool,
    /// How many stations were heard there.
    pub stations: usize,
    /// How many neighbours are learned there, and how many announcements found no place, if there were any.
    pub bindings: Option<(usize, u64)>,
}

/// A line a port.
pub fn text(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows {
        let Row { index: _, device, vni, dstport, vtep, mode, peer, stations, bindings } = row;
        let peer = if *peer { " peer" } else { "" };
        let bindings = bindings.map_or_else(String::new, |(learned, refused)| {
            format!(" neighbours {learned} refused {refused}")
        });
        let _ = writeln!(
            out,
            "{device} vni {vni} dstport {} dev {vtep} mode {mode}{peer} stations {stations}{bindings}",
            dstport.0
        );
    }
    out
}

/// `ifindex, ifname, vni, dstport, dev, mode, peer, stations` of each; `neighbours` and `refused` where there were any.
pub fn json(rows: &[Row]) -> Value {
    rows.iter().map(one_json).collect()
}

pub(super) fn one_json(row: &Row) -> Value {
    let mut out = json!({
        "ifindex": row.index.0,
        "ifname": row.device,
        "vni": row.vni.get(),
        "dstport": row.dstport.0,
        "dev": row.vtep,
        "mode": row.mode,
        "peer": row.peer,
        "stations": row.stations,
    });
    if let Some((learned, refused)) = row.bindings {
        (out["neighbours"], out["refused"]) = (learned.into(), refused.into());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_line_with_its_overlay() {
        let row = Row {
            index: IfIndex(9),
            device: "veth0".into(),
            vni: Vni::from_wire([0, 1, 0xbc]),
            dstport: UdpPort::VXLAN,
            vtep: "vxlan1".into(),
            mode: "tc",
            peer: true,
            stations: 1,
            bindings: None,
        };
        assert_eq!(
            text(std::slice::from_ref(&row)),
            "veth0 vni 444 dstport 4789 dev vxlan1 mode tc peer stations 1\n"
        );
        assert_eq!(
            json(std::slice::from_ref(&row)).to_string(),
            r#"[{"ifindex":9,"ifname":"veth0","vni":444,"dstport":4789,"dev":"vxlan1","mode":"tc","peer":true,"stations":1}]"#
        );
        let row = Row { bindings: Some((2, 7)), ..row };
        assert!(text(std::slice::from_ref(&row)).ends_with(" stations 1 neighbours 2 refused 7\n"));
        assert!(json(&[row]).to_string().ends_with(r#""stations":1,"neighbours":2,"refused":7}]"#));
    }
}
