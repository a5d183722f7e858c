//! `monitor`: misses and neighbours as `ip monitor` prints them, stations as `bridge monitor fdb` does, and drops. JSON is an object a
//! line, which those have not.

use std::fmt::Write;
use std::net::IpAddr;

use chrono::{DateTime, Local, TimeDelta};
use serde_json::{Map, Value, json};
use vxlan_common::{Direction, Mac, Outcome, UdpPort, Vni};

use super::{Stamp, Style};
use super::{fdb, neigh};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When, in nanoseconds since 1970; `None`: now.
    pub time: Option<i128>,
    /// Name of the VTEP device.
    pub device: String,
    /// VNI of its overlay.
    pub vni: Vni,
    /// UDP port of its overlay.
    pub dstport: UdpPort,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nobody knows where a station is (`vxlan_fdb_miss`).
    StationMissing(Mac),
    /// Nobody knows who has an address (`vxlan_ip_miss`).
    AddressMissing(IpAddr),
    /// A station came, moved or went.
    Station(Event, fdb::Row),
    /// A neighbour did.
    Neigh(Event, neigh::Row),
    /// A port, by its name, has no place for another neighbour.
    NeighRefused(String),
    /// A frame was dropped.
    Dropped(Direction, Outcome),
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The data path learned it: it is new, or elsewhere.
    Learned,
    /// A command set it.
    Set,
    /// It is gone.
    Deleted,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Set => "set",
            Self::Deleted => "deleted",
        }
    }

    /// What stands in front of the line, as `ip` and `bridge` say it.
    const fn word(self) -> &'static str {
        match self {
            Self::Learned | Self::Set => "",
            Self::Deleted => "Deleted ",
        }
    }
}

/// One line, with the stamp that is wanted. `of_one_device`: the device was asked for, so `ip` does not print it.
pub fn one(row: &Row, of_one_device: bool, style: Style) -> String {
    if style.json {
        return format!("{}\n", json(row, style));
    }
    let mut out = stamp(row.time, style.stamp);
    let vni = if style.details { format!("vni {} ", row.vni) } else { String::new() };
    let dev = if of_one_device { String::new() } else { format!("dev {} ", row.device) };
    let _ = match &row.what {
        What::StationMissing(mac) => writeln!(out, "miss {dev}lladdr {mac} {vni}STALE "),
        What::AddressMissing(address) => writeln!(out, "miss {address} {dev}{vni}STALE "),
        What::Station(event, station) => {
            let line = fdb::text(std::slice::from_ref(station), of_one_device, style);
            write!(out, "{}{line}", event.word())
        }
        What::Neigh(event, neighbour) => {
            let line = neigh::text(std::slice::from_ref(neighbour), of_one_device, style);
            write!(out, "{}{line}", event.word())
        }
        What::NeighRefused(port) => {
            writeln!(out, "full neigh {dev}port {port} vni {} dstport {}", row.vni, row.dstport.0)
        }
        What::Dropped(direction, outcome) => {
            let (reason, way) = (outcome.name(), direction.name());
            writeln!(out, "drop {reason} {way} {dev}vni {} dstport {}", row.vni, row.dstport.0)
        }
    };
    out
}

/// That events are missing: those that a reader was too slow for, and those that were too many a second.
pub fn lost(by_ring: u64, untold: u64, style: Style) -> String {
    if style.json {
        return format!("{}\n", json!({"event": "lost", "ring": by_ring, "rate": untold}));
    }
    format!(
        "{}lost {by_ring} events that were not read in time, {untold} that were too many a second\n",
        stamp(None, style.stamp)
    )
}

fn stamp(time: Option<i128>, kind: Stamp) -> String {
    let at = local(time);
    match kind {
        Stamp::None => String::new(),
        Stamp::Long => format!(
            "Timestamp: {} {:06} usec\n",
            at.format("%a %b %e %H:%M:%S %Y"),
            at.timestamp_subsec_micros()
        ),
        Stamp::Short => format!("[{}] ", at.format("%Y-%m-%dT%H:%M:%S%.6f")),
    }
}

/// A time on the clock of the wall; one that no clock shows is now.
fn local(time: Option<i128>) -> DateTime<Local> {
    let at = |time: i128| {
        let (seconds, nanoseconds) = (time.div_euclid(1_000_000_000), time.rem_euclid(1_000_000_000));
        let since = TimeDelta::new(i64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?)?;
        DateTime::UNIX_EPOCH.checked_add_signed(since)
    };
    time.and_then(at).map_or_else(Local::now, |time| time.with_timezone(&Local))
}

fn json(row: &Row, style: Style) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.into(), value);
    };
    if style.stamp != Stamp::None {
        put("timestamp", local(row.time).to_rfc3339().into());
    }
    let event = match &row.what {
        What::StationMissing(_) | What::AddressMissing(_) => "miss",
        What::Station(event, _) | What::Neigh(event, _) => event.name(),
        What::NeighRefused(_) => "full",
        What::Dropped(..) => "drop",
    };
    put("event", event.into());
    match &row.what {
        What::StationMissing(mac) => put("lladdr", mac.to_string().into()),
        What::AddressMissing(address) => put("dst", address.to_string().into()),
        What::Station(_, station) => {
            put("fdb", fdb::json(std::slice::from_ref(station), true, style)[0].take());
        }
        What::Neigh(_, neighbour) => put("neigh", neigh::one_json(neighbour, true, style)),
        What::NeighRefused(port) => {
            put("table", "neigh".into());
            put("port", port.as_str().into());
        }
        What::Dropped(direction, outcome) => {
            put("reason", outcome.name().into());
            put("direction", direction.name().into());
        }
    }
    put("dev", row.device.as_str().into());
    put("vni", row.vni.get().into());
    put("dstport", row.dstport.0.into());
    if event == "miss" {
        put("state", json!(["STALE"]));
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: What) -> Row {
        let time = Some(1_700_000_000_000_191_112);
        Row { time, device: "vxlan0".into(), vni: Vni::from_wire([0, 0, 42]), dstport: UdpPort::VXLAN, what }
    }

    const STATION: Mac = Mac([0xb2, 0xee, 0xaa, 0x42, 0x8b, 0x0b]);

    /// What `ip monitor neigh` 6.1 printed for the kernel's device.
    #[test]
    fn misses_are_printed_as_ip_does() {
        let address = row(What::AddressMissing([172, 55, 1, 3].into()));
        let station = row(What::StationMissing(STATION));
        let style = Style::default();
        assert_eq!(one(&address, false, style), "miss 172.55.1.3 dev vxlan0 STALE \n");
        assert_eq!(one(&address, true, style), "miss 172.55.1.3 STALE \n");
        assert_eq!(one(&station, false, style), "miss dev vxlan0 lladdr b2:ee:aa:42:8b:0b STALE \n");
        assert_eq!(one(&station, true, style), "miss lladdr b2:ee:aa:42:8b:0b STALE \n");
        let details = Style { details: true, ..style };
        assert_eq!(one(&address, true, details), "miss 172.55.1.3 vni 42 STALE \n");
    }

    /// As `ip monitor neigh` 6.1 does, but that what is gone is told as it was: the kernel says FAILED of it.
    #[test]
    fn what_commands_change_is_printed_as_ip_and_bridge_do() {
        let neighbour = neigh::Row {
            address: [172, 55, 1, 3].into(),
            device: "vxlan0".into(),
            mac: STATION,
            router: false,
            extern_learn: false,
            age: 0,
            left: None,
            nud: vxlan_common::Nud::Permanent,
            port: None,
        };
        let told = |event, style| one(&row(What::Neigh(event, neighbour.clone())), false, style);
        let style = Style::default();
        let line = "172.55.1.3 dev vxlan0 lladdr b2:ee:aa:42:8b:0b PERMANENT \n";
        assert_eq!(told(Event::Set, style), line);
        assert_eq!(told(Event::Learned, style), line);
        assert_eq!(told(Event::Deleted, style), format!("Deleted {line}"));
        let json = told(Event::Deleted, Style { json: true, ..style });
        assert_eq!(
            json,
            "{\"event\":\"deleted\",\"neigh\":{\"dst\":\"172.55.1.3\",\"lladdr\":\"b2:ee:aa:42:8b:0b\",\"state\":[\"PERMANENT\"]},\"dev\":\"vxlan0\",\"vni\":42,\"dstport\":4789}\n"
        );
        let full = row(What::NeighRefused("p-c1".into()));
        assert_eq!(one(&full, false, style), "full neigh dev vxlan0 port p-c1 vni 42 dstport 4789\n");
    }

    #[test]
    fn drops_name_reason_and_overlay() {
        let drop = row(What::Dropped(Direction::Rx, Outcome::NotAdmitted));
        assert_eq!(
            one(&drop, false, Style::default()),
            "drop not_admitted rx dev vxlan0 vni 42 dstport 4789\n"
        );
    }

    #[test]
    fn each_has_the_stamp_that_is_wanted() {
        let address = row(What::AddressMissing([172, 55, 1, 3].into()));
        let long = one(&address, true, Style { stamp: Stamp::Long, ..Style::default() });
        let (first, second) = long.split_once('\n').expect("two lines");
        assert!(first.starts_with("Timestamp: ") && first.ends_with(" 2023 000191 usec"), "{first}");
        assert_eq!(second, "miss 172.55.1.3 STALE \n");
        let short = one(&address, true, Style { stamp: Stamp::Short, ..Style::default() });
        assert!(
            short.starts_with("[2023-11-") && short.ends_with(".000191] miss 172.55.1.3 STALE \n"),
            "{short}"
        );
    }

    #[test]
    fn json_is_an_object_a_line() {
        let style = Style { json: true, ..Style::default() };
        let line = one(&row(What::StationMissing(STATION)), true, style);
        assert_eq!(
            line,
            "{\"event\":\"miss\",\"lladdr\":\"b2:ee:aa:42:8b:0b\",\"dev\":\"vxlan0\",\"vni\":42,\"dstport\":4789,\"state\":[\"STALE\"]}\n"
        );
    }
}
