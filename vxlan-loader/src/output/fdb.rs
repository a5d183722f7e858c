//! `fdb show` and `fdb get`: what `bridge fdb` prints (`print_fdb` of iproute2 6.1).

use std::fmt::Write;
use std::net::IpAddr;

use serde_json::{Map, Value};
use vxlan_common::{Mac, UdpPort, Vni};

use super::Style;
use crate::request::FdbState;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The station, or all zero for everything that is not known.
    pub mac: Mac,
    /// Name of the VTEP device.
    pub device: String,
    /// The VTEP behind which it is; `None`: it is on this host.
    pub dst: Option<IpAddr>,
    /// UDP port to send to, if it is not the overlay's.
    pub port: Option<UdpPort>,
    /// VNI to send with, if it is not the overlay's.
    pub vni: Option<Vni>,
    /// Name of the device to send by, if one was named.
    pub via: Option<String>,
    /// Seconds since it was used and since it was set or seen.
    pub used: Option<(u32, u32)>,
    /// Behind it is a router.
    pub router: bool,
    /// A control plane set it.
    pub extern_learn: bool,
    /// It never moves.
    pub sticky: bool,
    /// Name of the direct port behind which a station of this host is.
    pub local_port: Option<String>,
    /// How long it stays.
    pub state: FdbState,
}

impl Row {
    fn flags(&self) -> Vec<&'static str> {
        [
            ("self", true),
            ("router", self.router),
            ("extern_learn", self.extern_learn),
            ("sticky", self.sticky),
        ]
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
        .collect()
    }

    fn state(&self) -> &'static str {
        match self.state {
            FdbState::Permanent => "permanent",
            FdbState::Static => "static",
            // `bridge` has no word for what ages.
            FdbState::Dynamic => "",
        }
    }
}

/// A line an entry. `of_one_device`: the device was asked for, so `bridge` does not print it.
pub fn text(rows: &[Row], of_one_device: bool, style: Style) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = write!(out, "{} ", row.mac);
        if !of_one_device {
            let _ = write!(out, "dev {} ", row.device);
        }
        if let Some(dst) = row.dst {
            let _ = write!(out, "dst {dst} ");
        }
        if let Some(port) = row.port {
            let _ = write!(out, "port {} ", port.0);
        }
        if let Some(vni) = row.vni {
            let _ = write!(out, "vni {vni} ");
        }
        if let Some(via) = row.via.as_ref().or(row.local_port.as_ref()) {
            let _ = write!(out, "via {via} ");
        }
        if let (Some((used, updated)), true) = (row.used, style.statistics > 0) {
            let _ = write!(out, "used {used}/{updated} ");
        }
        for flag in row.flags() {
            let _ = write!(out, "{flag} ");
        }
        let _ = writeln!(out, "{}", row.state());
    }
    out
}

/// `bridge -j fdb show`'s keys; a station of this host has its port under `vxbpf`.
pub fn json(rows: &[Row], of_one_device: bool, style: Style) -> Value {
    rows.iter().map(|row| one_json(row, of_one_device, style)).collect()
}

fn one_json(row: &Row, of_one_device: bool, style: Style) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.into(), value);
    };
    put("mac", row.mac.to_string().into());
    if !of_one_device {
        put("ifname", row.device.as_str().into());
    }
    if let Some(dst) = row.dst {
        put("dst", dst.to_string().into());
    }
    if let Some(port) = row.port {
        put("port", port.0.into());
    }
    if let Some(vni) = row.vni {
        put("vni", vni.get().into());
    }
    if let Some(via) = &row.via {
        put("viaIf", via.as_str().into());
    }
    if let (Some((used, updated)), true) = (row.used, style.statistics > 0) {
        put("used", used.into());
        put("updated", updated.into());
    }
    put("flags", row.flags().into());
    put("state", row.state().into());
    if let Some(port) = &row.local_port {
        put("vxbpf", serde_json::json!({"port": port}));
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mac: &str, dst: &str, state: FdbState) -> Row {
        Row {
            mac: mac.parse().expect(mac),
            device: "vxlan4".into(),
            dst: Some(dst.parse().expect(dst)),
            port: None,
            vni: None,
            via: None,
            used: Some((3, 2)),
            router: false,
            extern_learn: false,
            sticky: false,
            local_port: None,
            state,
        }
    }

    /// What was told to `bridge fdb` 6.1, and below what it printed.
    fn rows() -> [Row; 4] {
        [
            Row {
                router: true,
                extern_learn: true,
                sticky: true,
                ..row("52:5e:55:58:9a:ae", "192.168.1.201", FdbState::Permanent)
            },
            row("52:5e:55:58:9a:ad", "192.168.1.201", FdbState::Dynamic),
            row("52:5e:55:58:9a:ac", "192.168.1.201", FdbState::Static),
            Row {
                port: Some(UdpPort(1234)),
                vni: Vni::new(5).ok(),
                via: Some("e0".into()),
                ..row("00:00:00:00:00:00", "192.168.1.201", FdbState::Permanent)
            },
        ]
    }

    #[test]
    fn lines_are_those_of_bridge() {
        assert_eq!(
            text(&rows(), false, Style::default()),
            "52:5e:55:58:9a:ae dev vxlan4 dst 192.168.1.201 self router extern_learn sticky permanent\n\
             52:5e:55:58:9a:ad dev vxlan4 dst 192.168.1.201 self \n\
             52:5e:55:58:9a:ac dev vxlan4 dst 192.168.1.201 self static\n\
             00:00:00:00:00:00 dev vxlan4 dst 192.168.1.201 port 1234 vni 5 via e0 self permanent\n"
        );
    }

    #[test]
    fn the_device_that_was_asked_for_is_left_out() {
        let style = Style { statistics: 1, ..Style::default() };
        assert_eq!(
            text(&rows()[3..], true, style),
            "00:00:00:00:00:00 dst 192.168.1.201 port 1234 vni 5 via e0 used 3/2 self permanent\n"
        );
    }

    #[test]
    fn keys_are_those_of_bridge() {
        let style = Style::default();
        assert_eq!(
            style.json_text(&json(&rows()[..2], true, style)),
            "[{\"mac\":\"52:5e:55:58:9a:ae\",\"dst\":\"192.168.1.201\",\"flags\":[\"self\",\"router\",\"extern_learn\",\"sticky\"],\"state\":\"permanent\"},\
             {\"mac\":\"52:5e:55:58:9a:ad\",\"dst\":\"192.168.1.201\",\"flags\":[\"self\"],\"state\":\"\"}]\n"
        );
        let style = Style { statistics: 1, ..style };
        assert_eq!(
            style.json_text(&json(&rows()[3..], false, style)),
            "[{\"mac\":\"00:00:00:00:00:00\",\"ifname\":\"vxlan4\",\"dst\":\"192.168.1.201\",\"port\":1234,\"vni\":5,\"viaIf\":\"e0\",\
             \"used\":3,\"updated\":2,\"flags\":[\"self\"],\"state\":\"permanent\"}]\n"
        );
    }

    #[test]
    fn a_station_of_this_host_is_behind_its_port() {
        let local = Row {
            dst: None,
            local_port: Some("veth0".into()),
            ..row("52:5e:55:58:9a:ad", "10.0.0.1", FdbState::Dynamic)
        };
        assert_eq!(
            text(std::slice::from_ref(&local), false, Style::default()),
            "52:5e:55:58:9a:ad dev vxlan4 via veth0 self \n"
        );
        assert_eq!(json(&[local], false, Style::default())[0]["vxbpf"]["port"], "veth0");
    }
}
