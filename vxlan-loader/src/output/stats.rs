//! `stats`: traffic by VNI and by VTEP.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use vxlan_common::{Class, Count, Direction, Outcome, RemoteTraffic, UdpPort};

use super::Style;
use crate::overlays::{OverlayCounts, Stats, VtepCounts};

const DIRECTIONS: [Direction; 2] = [Direction::Rx, Direction::Tx];

/// Lines for each overlay, with details also by each end; then for each VTEP, and what belongs to no overlay.
pub fn text(stats: &Stats, style: Style) -> String {
    let mut out = String::new();
    for overlay in &stats.overlays {
        let OverlayCounts { key, name, .. } = overlay;
        let _ = writeln!(out, "vni {} dstport {} dev {name}", key.vni(), key.udp_port().0);
        for direction in DIRECTIONS {
            let Count { packets, bytes } = all(overlay, direction);
            let device = overlay.total(direction, Class::Device).packets;
            let dropped = overlay.total(direction, Class::Dropped).packets;
            let way = direction.name().to_uppercase();
            let _ =
                writeln!(out, "    {way}: bytes {bytes} packets {packets} device {device} dropped {dropped}");
            if style.details {
                for (outcome, Count { packets, bytes }) in ends(overlay, direction) {
                    let _ = writeln!(out, "        {} bytes {bytes} packets {packets}", outcome.name());
                }
            }
        }
    }
    for VtepCounts { address, learned, traffic } in &stats.vteps {
        let RemoteTraffic { tx_packets, tx_bytes, rx_packets, rx_bytes, .. } = traffic;
        let _ = writeln!(out, "vtep {address}{}", if *learned { " learned" } else { "" });
        let _ = writeln!(out, "    RX: bytes {rx_bytes} packets {rx_packets}");
        let _ = writeln!(out, "    TX: bytes {tx_bytes} packets {tx_packets}");
    }
    for (port, outcome, Count { packets, bytes }) in &stats.outside {
        let _ = writeln!(out, "dstport {} {} bytes {bytes} packets {packets}", port.0, outcome.name());
    }
    out
}

/// All frames of an overlay that went this way.
fn all(overlay: &OverlayCounts, direction: Direction) -> Count {
    let counts =
        [Class::Forwarded, Class::Device, Class::Dropped].map(|class| overlay.total(direction, class));
    Count {
        packets: counts.iter().map(|count| count.packets).sum(),
        bytes: counts.iter().map(|count| count.bytes).sum(),
    }
}

/// What became of them.
fn ends(overlay: &OverlayCounts, wanted: Direction) -> impl Iterator<Item = (Outcome, Count)> + '_ {
    let counts = overlay.counts.iter().filter(move |(direction, ..)| *direction == wanted);
    counts.map(|&(_, outcome, count)| (outcome, count))
}

/// `vnis` with the keys of `bridge -j -s vni show` under `stats` and every end under `outcomes`, `vteps` and
/// `outside`.
pub fn json(stats: &Stats) -> Value {
    let vnis: Vec<_> = stats.overlays.iter().map(overlay_json).collect();
    let vteps: Vec<_> = stats.vteps.iter().map(vtep_json).collect();
    let outside: Vec<_> = stats.outside.iter().map(outside_json).collect();
    json!({"vnis": vnis, "vteps": vteps, "outside": outside})
}

fn overlay_json(overlay: &OverlayCounts) -> Value {
    let mut stats = Map::new();
    let mut outcomes = Map::new();
    for direction in DIRECTIONS {
        let (name, all) = (direction.name(), all(overlay, direction));
        stats.insert(format!("{name}_bytes"), all.bytes.into());
        stats.insert(format!("{name}_pkts"), all.packets.into());
        stats.insert(format!("{name}_drops"), overlay.total(direction, Class::Dropped).packets.into());
        let by_end: Map<_, _> = ends(overlay, direction)
            .map(|(outcome, Count { packets, bytes })| {
                (outcome.name().to_owned(), json!({"packets": packets, "bytes": bytes}))
            })
            .collect();
        outcomes.insert(name.into(), by_end.into());
    }
    json!({
        "ifname": overlay.name,
        "vni": overlay.key.vni().get(),
        "dstport": overlay.key.udp_port().0,
        "stats": stats,
        "outcomes": outcomes,
    })
}

fn vtep_json(vtep: &VtepCounts) -> Value {
    let RemoteTraffic { tx_packets, tx_bytes, rx_packets, rx_bytes, .. } = vtep.traffic;
    json!({
        "address": vtep.address.to_string(),
        "learned": vtep.learned,
        "stats": {"rx_bytes": rx_bytes, "rx_pkts": rx_packets, "tx_bytes": tx_bytes, "tx_pkts": tx_packets},
    })
}

fn outside_json((port, outcome, count): &(UdpPort, Outcome, Count)) -> Value {
    json!({"dstport": port.0, "outcome": outcome.name(), "packets": count.packets, "bytes": count.bytes})
}

#[cfg(test)]
mod tests {
    use vxlan_common::{OverlayKey, Vni};

    use super::*;

    fn stats() -> Stats {
        let count = |packets, bytes| Count { packets, bytes };
        let mut traffic = RemoteTraffic::default();
        (traffic.tx_packets, traffic.tx_bytes) = (11, 1042);
        (traffic.rx_packets, traffic.rx_bytes) = (9, 900);
        Stats {
            overlays: vec![OverlayCounts {
                key: OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN),
                name: "vxlan1".into(),
                counts: vec![
                    (Direction::Tx, Outcome::Unicast, count(10, 1000)),
                    (Direction::Tx, Outcome::SlowPath, count(1, 42)),
                    (Direction::Rx, Outcome::Unicast, count(9, 900)),
                    (Direction::Rx, Outcome::NotAdmitted, count(2, 200)),
                ],
            }],
            vteps: vec![VtepCounts { address: [192, 168, 1, 200].into(), learned: true, traffic }],
            outside: vec![(UdpPort::VXLAN, Outcome::UnknownVni, count(4, 400))],
        }
    }

    #[test]
    fn traffic_is_told_by_vni_and_by_vtep() {
        assert_eq!(
            text(&stats(), Style::default()),
            "vni 444 dstport 4789 dev vxlan1\n    \
             RX: bytes 1100 packets 11 device 0 dropped 2\n    \
             TX: bytes 1042 packets 11 device 1 dropped 0\n\
             vtep 192.168.1.200 learned\n    \
             RX: bytes 900 packets 9\n    \
             TX: bytes 1042 packets 11\n\
             dstport 4789 unknown_vni bytes 400 packets 4\n"
        );
        let details = text(&stats(), Style { details: true, ..Style::default() });
        assert!(details.contains("\n        not_admitted bytes 200 packets 2\n"), "{details}");
    }

    #[test]
    fn json_has_the_keys_of_bridge_vni_and_every_end() {
        let json = json(&stats());
        assert_eq!(json["vnis"][0]["stats"]["rx_drops"], 2);
        assert_eq!(json["vnis"][0]["stats"]["tx_pkts"], 11);
        assert_eq!(json["vnis"][0]["outcomes"]["tx"]["slow_path"]["packets"], 1);
        assert_eq!(json["vteps"][0]["stats"]["rx_bytes"], 900);
        assert_eq!(json["outside"][0]["outcome"], "unknown_vni");
    }
}
