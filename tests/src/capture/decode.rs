//! From the fields that tshark prints to a [`Packet`].
//!
//! tshark prints the values of a field from the outermost layer inwards; reading the headers in
//! the order in which they follow each other puts each value where it belongs.

use std::{path::Path, str::FromStr};

use super::{
    packet::{Arp, Layer, Packet, Vxlan},
    tshark::{self, Occurrences},
};

const FIELDS: &[&str] = &[
    "eth.src",
    "eth.dst",
    "eth.type",
    "vlan.id",
    "vlan.etype",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ip.dsfield",
    "ip.flags.df",
    "ip.proto",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "ipv6.tclass",
    "ipv6.nxt",
    "udp.srcport",
    "udp.dstport",
    "tcp.srcport",
    "tcp.dstport",
    "icmp.type",
    "icmpv6.type",
    "igmp.type",
    "igmp.maddr",
    "arp.opcode",
    "arp.src.hw_mac",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "vxlan.flags",
    "vxlan.vni",
];

/// Reads all packets of a capture.
pub(super) fn decode(file: &Path, vxlan_ports: &[u16]) -> Vec<Packet> {
    let rows = tshark::fields(file, vxlan_ports, FIELDS);
    rows.into_iter().enumerate().map(|(index, row)| packet(index + 1, row)).collect()
}

fn packet(number: usize, row: Vec<Occurrences>) -> Packet {
    let mut values = Values { row };
    let outer = layer(&mut values);
    // Ports without a VXLAN header behind them, as in a quoted packet, are not ours.
    let header = (values.number("vxlan.flags"), values.number("vxlan.vni"));
    let vxlan = match (header, outer.ports) {
        ((Some(flags), Some(vni)), Some(_)) => Some(Vxlan { flags: truncate(flags), vni }),
        _ => None,
    };
    let inner = vxlan.map(|_| layer(&mut values));
    Packet { number, outer, vxlan, inner }
}

/// Takes the values of one Ethernet frame, header by header, as they follow each other.
fn layer(values: &mut Values) -> Layer {
    let mut layer = Layer {
        macs: values.parsed("eth.src").zip(values.parsed("eth.dst")),
        ethertype: values.number("eth.type").map_or(0, truncate),
        ..Layer::default()
    };
    while matches!(layer.ethertype, 0x8100 | 0x88a8) {
        layer.vlans.extend(values.number("vlan.id").map(truncate));
        layer.ethertype = values.number("vlan.etype").map_or(0, truncate);
    }
    let protocol = match layer.ethertype {
        0x0800 => {
            layer.ips = values.parsed("ip.src").zip(values.parsed("ip.dst"));
            layer.ttl = values.parsed("ip.ttl");
            layer.tos = values.number("ip.dsfield").map(|tos| truncate(tos).to_be_bytes()[1]);
            layer.dont_fragment =
                values.take("ip.flags.df").is_some_and(|flag| flag == "1" || flag == "True");
            values.number("ip.proto")
        }
        0x86dd => {
            layer.ips = values.parsed("ipv6.src").zip(values.parsed("ipv6.dst"));
            layer.ttl = values.parsed("ipv6.hlim");
            layer.tos = values.number("ipv6.tclass").map(|class| truncate(class).to_be_bytes()[1]);
            values.number("ipv6.nxt")
        }
        0x0806 => {
            layer.arp = arp(values);
            None
        }
        _ => None,
    };
    match protocol {
        Some(17) => layer.ports = values.parsed("udp.srcport").zip(values.parsed("udp.dstport")),
        Some(6) => layer.ports = values.parsed("tcp.srcport").zip(values.parsed("tcp.dstport")),
        Some(1) => layer.message = values.parsed("icmp.type"),
        // Behind a hop-by-hop header is MLD, which is ICMPv6.
        Some(58 | 0) => layer.message = values.parsed("icmpv6.type"),
        Some(2) => {
            layer.message = values.number("igmp.type").map(|kind| truncate(kind).to_be_bytes()[1]);
            layer.groups = std::iter::from_fn(|| values.parsed("igmp.maddr")).collect();
        }
        _ => {}
    }
    layer
}

fn arp(values: &mut Values) -> Option<Arp> {
    let operation = values.parsed("arp.opcode")?;
    let sender = values.parsed("arp.src.hw_mac").zip(values.parsed("arp.src.proto_ipv4"))?;
    Some(Arp { operation, sender, target: values.parsed("arp.dst.proto_ipv4")? })
}

/// The low 16 bits: tshark prints no more for these fields.
fn truncate(number: u32) -> u16 {
    let [_, _, high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// The values of one packet, each taken once, from the outermost layer inwards.
struct Values {
    row: Vec<Occurrences>,
}

impl Values {
    fn take(&mut self, field: &str) -> Option<String> {
        let column = FIELDS.iter().position(|known| *known == field).expect("a field that was asked for");
        let values = self.row.get_mut(column).filter(|values| !values.is_empty())?;
        Some(values.remove(0))
    }

    fn parsed<T: FromStr>(&mut self, field: &str) -> Option<T> {
        self.take(field)?.parse().ok()
    }

    /// A number, which tshark prints in decimal or as `0x0800`.
    fn number(&mut self, field: &str) -> Option<u32> {
        let text = self.take(field)?;
        match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }
}
