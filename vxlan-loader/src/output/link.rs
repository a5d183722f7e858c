//! `link show`: what `ip link show` prints of a device (`print_linkinfo` of iproute2 6.1).

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{Style, link_stats, vxlan};
use crate::netlink::{Link, LinkDetails, Vxlan};

/// A VTEP device.
#[derive(Clone, Debug)]
pub struct Row {
    /// As the kernel tells of it.
    pub link: Link,
    /// Its vxlan options.
    pub vxlan: Vxlan,
    /// Name of the underlay device.
    pub underlay: Option<String>,
    /// Name of its master.
    pub master: Option<String>,
    /// What the kernel does not know.
    pub ours: Ours,
}

/// What is under `vxbpf` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ours {
    /// UDP source ports in use, both ends included.
    pub source_ports: (u16, u16),
    /// Hooks in use: `tc` or `xdp`.
    pub mode: &'static str,
    /// Seconds until a learned address is forgotten; 0: never.
    pub ageing: u32,
    /// Whether only known VTEPs are believed.
    pub admit_known: bool,
    /// Whether ARP and ND that the proxy cannot answer are dropped.
    pub suppress: bool,
    /// Whether neighbours are learned at local ports.
    pub neighlearn: bool,
    /// How many at each.
    pub maxneigh: u32,
    /// Prefixes of VTEPs that are believed too, as text.
    pub allow: Vec<String>,
}

const IFF_UP: u32 = 1;
const IFF_POINTOPOINT: u32 = 1 << 4;
const IFF_RUNNING: u32 = 1 << 6;

/// In the order in which `ip` prints them.
const FLAGS: [(u32, &str); 18] = [
    (1 << 3, "LOOPBACK"),
    (1 << 1, "BROADCAST"),
    (IFF_POINTOPOINT, "POINTOPOINT"),
    (1 << 12, "MULTICAST"),
    (1 << 7, "NOARP"),
    (1 << 9, "ALLMULTI"),
    (1 << 8, "PROMISC"),
    (1 << 10, "MASTER"),
    (1 << 11, "SLAVE"),
    (1 << 2, "DEBUG"),
    (1 << 15, "DYNAMIC"),
    (1 << 14, "AUTOMEDIA"),
    (1 << 13, "PORTSEL"),
    (1 << 5, "NOTRAILERS"),
    (IFF_UP, "UP"),
    (1 << 16, "LOWER_UP"),
    (1 << 17, "DORMANT"),
    (1 << 18, "ECHO"),
];

/// Two lines a device, more with details, statistics and other names.
pub fn text(rows: &[Row], style: Style) -> String {
    rows.iter().map(|row| one(row, style)).collect()
}

fn one(row: &Row, style: Style) -> String {
    let link = &row.link;
    let mut out = format!("{}: {}", link.index.0, link.name);
    if let Some(lower) = lower(link) {
        let _ = write!(out, "@{lower}");
    }
    let _ = write!(out, ": <{}> mtu {} ", flags(link.flags).join(","), link.mtu);
    if let Some(qdisc) = &link.qdisc {
        let _ = write!(out, "qdisc {qdisc} ");
    }
    if let Some(master) = &row.master {
        let _ = write!(out, "master {master} ");
    }
    let _ = write!(out, "state {} mode {} group {} ", link.operstate, link.mode, group(link.group));
    if let Some(length) = link.txqlen.filter(|&length| length != 0) {
        let _ = write!(out, "qlen {length}");
    }
    let _ = write!(out, "\n    link/{} {}", hardware(link.hardware), address(&link.address));
    if !link.broadcast.is_empty() {
        let word = if link.flags & IFF_POINTOPOINT != 0 { "peer" } else { "brd" };
        let _ = write!(out, " {word} {}", address(&link.broadcast));
    }
    if let Some(permanent) = permanent(link) {
        let _ = write!(out, " permaddr {permanent}");
    }
    match link.link_netns {
        Some(id) if id >= 0 => {
            let _ = write!(out, " link-netnsid {id}");
        }
        Some(_) => out.push_str(" link-netnsid unknown"),
        None => {}
    }
    if link.details.protodown {
        out.push_str(" protodown on ");
    }
    if style.details {
        details(row, &mut out);
    }
    if let Some(alias) = &link.alias {
        let _ = write!(out, "\n    alias {alias}");
    }
    if style.statistics > 0 {
        out.push('\n');
        out.push_str(&link_stats::text(&link.stats, link.details.carrier_changes, style.statistics > 1));
    }
    for name in &link.altnames {
        let _ = write!(out, "\n    altname {name}");
    }
    out.push('\n');
    out
}

fn details(row: &Row, out: &mut String) {
    let details = &row.link.details;
    for (name, value) in [
        (" promiscuity", details.promiscuity),
        (" allmulti", details.allmulti),
        ("minmtu", details.minmtu),
        ("maxmtu", details.maxmtu),
    ] {
        number(name, value, out);
    }
    let _ = write!(out, "\n    vxlan {}", vxlan::text(&row.vxlan, row.underlay.as_deref()));
    if let Some(kind) = &row.link.port_kind {
        let _ = write!(out, "\n    {kind}_slave ");
    }
    if let Some(mode) = details.addrgenmode {
        let _ = write!(out, "addrgenmode {} ", addrgenmode(mode));
    }
    for (_, name, value) in queues(details) {
        number(name, value, out);
    }
}

fn number(name: &str, value: Option<u32>, out: &mut String) {
    if let Some(value) = value {
        let _ = write!(out, "{name} {value} ");
    }
}

/// JSON key, word and value of what `ip -d` prints last.
fn queues(details: &LinkDetails) -> [(&'static str, &'static str, Option<u32>); 7] {
    [
        ("num_tx_queues", "numtxqueues", details.numtxqueues),
        ("num_rx_queues", "numrxqueues", details.numrxqueues),
        ("gso_max_size", "gso_max_size", details.gso_max_size),
        ("gso_max_segs", "gso_max_segs", details.gso_max_segs),
        ("tso_max_size", "tso_max_size", details.tso_max_size),
        ("tso_max_segs", "tso_max_segs", details.tso_max_segs),
        ("gro_max_size", "gro_max_size", details.gro_max_size),
    ]
}

/// `ip -j link show`'s keys, and `vxbpf` at the end.
pub fn json(rows: &[Row], style: Style) -> Value {
    rows.iter().map(|row| one_json(row, style)).collect()
}

fn one_json(row: &Row, style: Style) -> Value {
    let link = &row.link;
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.into(), value);
    };
    put("ifindex", link.index.0.into());
    match (link.link, link.link_netns) {
        (Some(lower), Some(_)) if lower.0 != 0 => put("link_index", lower.0.into()),
        (Some(_), _) => put("link", Value::Null),
        (None, _) => {}
    }
    put("ifname", link.name.as_str().into());
    put("flags", flags(link.flags).into());
    put("mtu", link.mtu.into());
    if let Some(qdisc) = &link.qdisc {
        put("qdisc", qdisc.as_str().into());
    }
    if let Some(master) = &row.master {
        put("master", master.as_str().into());
    }
    put("operstate", link.operstate.to_string().into());
    put("linkmode", link.mode.to_string().into());
    put("group", group(link.group).into());
    if let Some(length) = link.txqlen.filter(|&length| length != 0) {
        put("txqlen", length.into());
    }
    put("link_type", hardware(link.hardware).into());
    put("address", address(&link.address).into());
    if !link.broadcast.is_empty() {
        put("broadcast", address(&link.broadcast).into());
    }
    if let Some(permanent) = permanent(link) {
        put("permaddr", permanent.into());
    }
    if let Some(id) = link.link_netns {
        put("link_netnsid", id.into());
    }
    if link.details.protodown {
        put("proto_down", true.into());
    }
    if style.details {
        let details = &link.details;
        for (name, value) in [
            ("promiscuity", details.promiscuity),
            ("allmulti", details.allmulti),
            ("min_mtu", details.minmtu),
            ("max_mtu", details.maxmtu),
        ] {
            if let Some(value) = value {
                put(name, value.into());
            }
        }
        put("linkinfo", linkinfo(row));
        if let Some(mode) = details.addrgenmode {
            put("inet6_addr_gen_mode", addrgenmode(mode).into());
        }
        for (name, _, value) in queues(details) {
            if let Some(value) = value {
                put(name, value.into());
            }
        }
    }
    if let Some(alias) = &link.alias {
        put("ifalias", alias.as_str().into());
    }
    if style.statistics > 0 {
        put("stats64", link_stats::json(&link.stats, link.details.carrier_changes, style.statistics > 1));
    }
    if !link.altnames.is_empty() {
        put("altnames", link.altnames.clone().into());
    }
    if style.details {
        put("vxbpf", ours(row));
    }
    out.into()
}

fn linkinfo(row: &Row) -> Value {
    let mut out =
        json!({"info_kind": "vxlan", "info_data": vxlan::json(&row.vxlan, row.underlay.as_deref())});
    if let (Some(kind), Some(out)) = (&row.link.port_kind, out.as_object_mut()) {
        out.insert("info_slave_kind".into(), kind.as_str().into());
    }
    out
}

fn ours(row: &Row) -> Value {
    let (low, high) = row.ours.source_ports;
    json!({
        "mode": row.ours.mode,
        "port_range": {"low": low, "high": high},
        "ageing": row.ours.ageing,
        "admit": if row.ours.admit_known { "known" } else { "any" },
        "allow": row.ours.allow,
        "suppress": row.ours.suppress,
        "neighlearn": row.ours.neighlearn,
        "maxneigh": row.ours.maxneigh,
        "localbypass": row.vxlan.localbypass,
    })
}

/// What `ip` prints behind `@`.
fn lower(link: &Link) -> Option<String> {
    link.link.map(|lower| if lower.0 == 0 { "NONE".into() } else { format!("if{}", lower.0) })
}

fn flags(flags: u32) -> Vec<String> {
    let mut names = Vec::new();
    if flags & IFF_UP != 0 && flags & IFF_RUNNING == 0 {
        names.push("NO-CARRIER".to_owned());
    }
    names.extend(FLAGS.iter().filter(|(flag, _)| flags & flag != 0).map(|&(_, name)| name.to_owned()));
    let rest = FLAGS.iter().fold(flags & !IFF_RUNNING, |rest, (flag, _)| rest & !flag);
    if rest != 0 {
        names.push(format!("{rest:x}"));
    }
    names
}

fn group(group: u32) -> String {
    if group == 0 { "default".into() } else { group.to_string() }
}

fn hardware(kind: u16) -> String {
    match kind {
        1 => "ether".into(),
        65534 => "none".into(),
        other => format!("[{other}]"),
    }
}

fn address(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn permanent(link: &Link) -> Option<String> {
    let differs = !link.permanent_address.is_empty() && link.permanent_address != link.address;
    differs.then(|| address(&link.permanent_address))
}

fn addrgenmode(mode: u8) -> String {
    match mode {
        0 => "eui64".into(),
        1 => "none".into(),
        2 => "stable_secret".into(),
        3 => "random".into(),
        other => format!("{other:#04x}"),
    }
}

#[cfg(test)]
mod tests;
