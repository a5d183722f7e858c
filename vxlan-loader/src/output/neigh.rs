//! `neigh show` and `neigh get`: what `ip neigh` prints (`print_neigh` of iproute2 6.1).

use std::fmt::Write;
use std::net::IpAddr;

use serde_json::{Map, Value};
use vxlan_common::{Mac, Nud};

use super::Style;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The station's IP address.
    pub address: IpAddr,
    /// Name of the VTEP device.
    pub device: String,
    /// The station's Ethernet address.
    pub mac: Mac,
    /// It is a router.
    pub router: bool,
    /// A control plane set it.
    pub extern_learn: bool,
    /// Seconds since it was set.
    pub age: u32,
    /// Seconds until it is stale, which `ip` does not know.
    pub left: Option<u32>,
    /// How long it is true.
    pub nud: Nud,
    /// Name of the port where it was learned, which `ip` does not know.
    pub port: Option<String>,
}

impl Row {
    fn flags(&self) -> impl Iterator<Item = &'static str> {
        let flags = [("router", self.router), ("extern_learn", self.extern_learn)];
        flags.into_iter().filter_map(|(name, set)| set.then_some(name))
    }

    const fn state(&self) -> &'static str {
        match self.nud {
            Nud::Reachable => "REACHABLE",
            Nud::Stale => "STALE",
            Nud::Noarp => "NOARP",
            Nud::Permanent => "PERMANENT",
        }
    }
}

/// A line an entry. `of_one_device`: the device was asked for, so `ip` does not print it.
pub fn text(rows: &[Row], of_one_device: bool, style: Style) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = write!(out, "{} ", row.address);
        if !of_one_device {
            let _ = write!(out, "dev {} ", row.device);
        }
        let _ = write!(out, "lladdr {} ", row.mac);
        for flag in row.flags() {
            let _ = write!(out, "{flag} ");
        }
        if style.statistics > 0 {
            // Used, confirmed, updated; `ip` leaves no blank behind them.
            let _ = write!(out, " used {0}/{0}/{0}probes 0 ", row.age);
        }
        let _ = writeln!(out, "{} ", row.state());
    }
    out
}

/// `ip -j neigh`'s keys; under `vxbpf` the port where it was learned and, with statistics, when it expires.
pub fn json(rows: &[Row], of_one_device: bool, style: Style) -> Value {
    rows.iter().map(|row| one_json(row, of_one_device, style)).collect()
}

pub(super) fn one_json(row: &Row, of_one_device: bool, style: Style) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.into(), value);
    };
    put("dst", row.address.to_string().into());
    if !of_one_device {
        put("dev", row.device.as_str().into());
    }
    put("lladdr", row.mac.to_string().into());
    for flag in row.flags() {
        put(flag, Value::Null);
    }
    if style.statistics > 0 {
        for name in ["used", "confirmed", "updated"] {
            put(name, row.age.into());
        }
        put("probes", 0.into());
    }
    put("state", vec![row.state()].into());
    let expires = row.left.filter(|_| style.statistics > 0).map(|left| ("expires", left.into()));
    let port = row.port.clone().map(|port| ("port", port.into()));
    let ours: Map<String, Value> =
        port.into_iter().chain(expires).map(|(name, value)| (name.into(), value)).collect();
    if !ours.is_empty() {
        put("vxbpf", ours.into());
    }
    out.into()
}

/// What `ip -s neigh flush` says.
pub fn flushed(entries: usize) -> String {
    match entries {
        0 => "Nothing to flush.\n".into(),
        entries => format!(
            "\n*** Round 1, deleting {entries} entries ***\n*** Flush is complete after 1 round ***\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(address: &str, nud: Nud) -> Row {
        Row {
            address: address.parse().expect(address),
            device: "vxlan1".into(),
            mac: Mac([0x52, 0x5e, 0x55, 0x58, 0x9a, 0xab]),
            router: false,
            extern_learn: false,
            age: 3,
            left: None,
            nud,
            port: None,
        }
    }

    /// What was told to `ip neigh` 6.1, and below what it printed.
    fn rows() -> [Row; 4] {
        [
            Row { router: true, extern_learn: true, ..row("172.55.1.10", Nud::Permanent) },
            row("172.55.1.4", Nud::Reachable),
            row("172.55.1.6", Nud::Stale),
            Row { router: true, ..row("fd00::3", Nud::Permanent) },
        ]
    }

    #[test]
    fn lines_are_those_of_ip() {
        assert_eq!(
            text(&rows(), false, Style::default()),
            "172.55.1.10 dev vxlan1 lladdr 52:5e:55:58:9a:ab router extern_learn PERMANENT \n\
             172.55.1.4 dev vxlan1 lladdr 52:5e:55:58:9a:ab REACHABLE \n\
             172.55.1.6 dev vxlan1 lladdr 52:5e:55:58:9a:ab STALE \n\
             fd00::3 dev vxlan1 lladdr 52:5e:55:58:9a:ab router PERMANENT \n"
        );
    }

    #[test]
    fn statistics_stand_in_front_of_the_state_and_the_device_that_was_asked_for_is_left_out() {
        let style = Style { statistics: 1, ..Style::default() };
        assert_eq!(
            text(&rows()[..2], true, style),
            "172.55.1.10 lladdr 52:5e:55:58:9a:ab router extern_learn  used 3/3/3probes 0 PERMANENT \n\
             172.55.1.4 lladdr 52:5e:55:58:9a:ab  used 3/3/3probes 0 REACHABLE \n"
        );
    }

    #[test]
    fn keys_are_those_of_ip() {
        let style = Style::default();
        assert_eq!(
            style.json_text(&json(&rows()[..2], false, style)),
            "[{\"dst\":\"172.55.1.10\",\"dev\":\"vxlan1\",\"lladdr\":\"52:5e:55:58:9a:ab\",\"router\":null,\"extern_learn\":null,\"state\":[\"PERMANENT\"]},\
             {\"dst\":\"172.55.1.4\",\"dev\":\"vxlan1\",\"lladdr\":\"52:5e:55:58:9a:ab\",\"state\":[\"REACHABLE\"]}]\n"
        );
        let style = Style { statistics: 1, ..style };
        let reachable = Row { left: Some(27), ..rows()[1].clone() };
        assert_eq!(
            style.json_text(&json(&[reachable], true, style)),
            "[{\"dst\":\"172.55.1.4\",\"lladdr\":\"52:5e:55:58:9a:ab\",\"used\":3,\"confirmed\":3,\"updated\":3,\"probes\":0,\
             \"state\":[\"REACHABLE\"],\"vxbpf\":{\"expires\":27}}]\n"
        );
        let learned = Row { port: Some("p-c1".into()), ..rows()[1].clone() };
        assert_eq!(json(&[learned], true, Style::default())[0]["vxbpf"], serde_json::json!({"port": "p-c1"}));
    }
}
