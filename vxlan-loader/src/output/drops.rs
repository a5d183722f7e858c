//! `drops`: every frame that went no further, by reason.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::overlays::Drop;

/// A line a reason: its name, where, how many frames, and what it means.
pub fn text(drops: &[Drop]) -> String {
    let cells: Vec<[String; 4]> = drops.iter().map(cells).collect();
    let [w0, w1, w2, w3] =
        [0, 1, 2, 3].map(|column| cells.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut out = String::new();
    for (drop, [reason, direction, overlay, packets]) in drops.iter().zip(&cells) {
        let meaning = drop.outcome.meaning();
        let _ = writeln!(out, "{reason:w0$} {direction:w1$} {overlay:w2$} {packets:>w3$} {meaning}");
    }
    out
}

fn cells(drop: &Drop) -> [String; 4] {
    let overlay = match &drop.overlay {
        Some((key, name)) => format!("vni {} dstport {} dev {name}", key.vni(), drop.udp_port.0),
        None => format!("dstport {}", drop.udp_port.0),
    };
    [drop.outcome.name().into(), drop.direction.name().into(), overlay, drop.count.packets.to_string()]
}

/// `reason, direction, ifname, vni, dstport, packets, bytes, meaning` of each; `ifname` and `vni` are null outside
/// every overlay.
pub fn json(drops: &[Drop]) -> Value {
    drops.iter().map(one_json).collect()
}

fn one_json(drop: &Drop) -> Value {
    json!({
        "reason": drop.outcome.name(),
        "direction": drop.direction.name(),
        "ifname": drop.overlay.as_ref().map(|(_, name)| name),
        "vni": drop.overlay.as_ref().map(|(key, _)| key.vni().get()),
        "dstport": drop.udp_port.0,
        "packets": drop.count.packets,
        "bytes": drop.count.bytes,
        "meaning": drop.outcome.meaning(),
    })
}

#[cfg(test)]
mod tests {
    use vxlan_common::{Count, Direction, Outcome, OverlayKey, UdpPort, Vni};

    use super::*;

    fn drops() -> [Drop; 2] {
        let key = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        let drop = Drop {
            overlay: Some((key, "v1".into())),
            udp_port: UdpPort::VXLAN,
            direction: Direction::Rx,
            outcome: Outcome::NotAdmitted,
            count: Count { packets: 12, bytes: 1200 },
        };
        let count = Count { packets: 3, bytes: 300 };
        [drop.clone(), Drop { overlay: None, outcome: Outcome::NoVniFlag, count, ..drop }]
    }

    #[test]
    fn a_drop_is_a_line_that_says_what_it_means() {
        assert_eq!(
            text(&drops()),
            "not_admitted rx vni 444 dstport 4789 dev v1 12 the source is not a VTEP that this VNI knows or allows\n\
             no_vni_flag  rx dstport 4789                 3 the VXLAN header does not have the I flag\n"
        );
    }

    #[test]
    fn json_tells_the_same() {
        let json = json(&drops());
        assert_eq!((&json[0]["reason"], &json[0]["packets"]), (&"not_admitted".into(), &12.into()));
        assert!(json[1]["vni"].is_null());
    }
}
