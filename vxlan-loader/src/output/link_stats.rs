//! The counters of a device as `ip -s link` prints them (`print_stats64` of iproute2 6.1).

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::netlink::LinkStats;

/// Width of `RX errors:`, `packets`, `errors`, `dropped`, `heartbt`, `overrun`, `compressed`, `otherhost`.
const WIDTHS: [usize; 8] = [10, 7, 6, 7, 7, 7, 10, 9];

/// Four lines, with `errors` eight; none ends the last one.
pub(super) fn text(stats: &LinkStats, carrier_changes: Option<u32>, errors: bool) -> String {
    let rx = [
        stats.rx_bytes,
        stats.rx_packets,
        stats.rx_errors,
        stats.rx_dropped,
        stats.rx_missed_errors,
        stats.multicast,
        stats.rx_compressed,
        0,
    ];
    let tx = [
        stats.tx_bytes,
        stats.tx_packets,
        stats.tx_errors,
        stats.tx_dropped,
        stats.tx_carrier_errors,
        stats.collisions,
        stats.tx_compressed,
        0,
    ];
    let rx_errors = [
        0,
        stats.rx_length_errors,
        stats.rx_crc_errors,
        stats.rx_frame_errors,
        stats.rx_fifo_errors,
        stats.rx_over_errors,
        stats.rx_nohandler,
        stats.rx_otherhost_dropped,
    ];
    let changes = carrier_changes.unwrap_or(0).into();
    let (aborted, fifo) = (stats.tx_aborted_errors, stats.tx_fifo_errors);
    let (window, heartbeat) = (stats.tx_window_errors, stats.tx_heartbeat_errors);
    // iproute2 sizes the columns of these one column to the right of where it prints them.
    let tx_errors_sized = [0, 0, aborted, fifo, window, heartbeat, changes, 0];

    let mut widths = WIDTHS;
    let mut fit = |row: &[u64; 8]| {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.to_string().len());
        }
    };
    fit(&rx);
    fit(&tx);
    if errors {
        fit(&rx_errors);
        fit(&tx_errors_sized);
    }

    let mut out = String::new();
    total("RX", &["missed", "mcast"], &rx, &widths, &mut out);
    if errors {
        let mut names = vec!["length", "crc", "frame", "fifo", "overrun"];
        let mut values = rx_errors[1..6].to_vec();
        for (name, value) in [("nohandler", rx_errors[6]), ("otherhost", rx_errors[7])] {
            if value != 0 {
                names.push(name);
                values.push(value);
            }
        }
        by_error("RX", &names, &values, &widths, &mut out);
    }
    out.push('\n');
    total("TX", &["carrier", "collsns"], &tx, &widths, &mut out);
    if errors {
        let mut names = vec!["aborted", "fifo", "window", "heartbt"];
        let mut values = vec![aborted, fifo, window, heartbeat];
        names.push(if carrier_changes.is_some() { "transns" } else { "" });
        values.extend(carrier_changes.map(u64::from));
        by_error("TX", &names, &values, &widths, &mut out);
    }
    out
}

fn total(direction: &str, own: &[&str; 2], values: &[u64; 8], widths: &[usize; 8], out: &mut String) {
    let compressed = if values[6] != 0 { "compressed" } else { "" };
    let names = ["bytes", "packets", "errors", "dropped", own[0], own[1], compressed];
    let _ = write!(out, "    {direction}:");
    for (at, name) in names.iter().enumerate() {
        let width = if at == 0 { widths[0] - 4 } else { widths[at] };
        let _ = write!(out, " {name:>width$}");
    }
    out.push_str("\n    ");
    let shown = if values[6] != 0 { 7 } else { 6 };
    numbers(&values[..shown], &widths[..shown], out);
}

fn by_error(direction: &str, names: &[&str], values: &[u64], widths: &[usize; 8], out: &mut String) {
    let _ = write!(out, "\n    {direction} errors:{:1$}", "", widths[0] - 10);
    for (at, name) in names.iter().enumerate() {
        let width = widths[at + 1];
        let _ = write!(out, " {name:>width$}");
    }
    let _ = write!(out, "\n{:1$}", "", widths[0] + 5);
    numbers(values, &widths[1..], out);
}

fn numbers(values: &[u64], widths: &[usize], out: &mut String) {
    for (value, width) in values.iter().zip(widths) {
        let _ = write!(out, "{value:>width$} ");
    }
}

/// `stats64`.
pub(super) fn json(stats: &LinkStats, carrier_changes: Option<u32>, errors: bool) -> Value {
    let mut rx = members(&[
        ("bytes", stats.rx_bytes),
        ("packets", stats.rx_packets),
        ("errors", stats.rx_errors),
        ("dropped", stats.rx_dropped),
        ("over_errors", stats.rx_over_errors),
        ("multicast", stats.multicast),
    ]);
    let mut tx = members(&[
        ("bytes", stats.tx_bytes),
        ("packets", stats.tx_packets),
        ("errors", stats.tx_errors),
        ("dropped", stats.tx_dropped),
        ("carrier_errors", stats.tx_carrier_errors),
        ("collisions", stats.collisions),
    ]);
    some(&mut rx, "compressed", stats.rx_compressed);
    some(&mut tx, "compressed", stats.tx_compressed);
    if errors {
        rx.extend(members(&[
            ("length_errors", stats.rx_length_errors),
            ("crc_errors", stats.rx_crc_errors),
            ("frame_errors", stats.rx_frame_errors),
            ("fifo_errors", stats.rx_fifo_errors),
            ("missed_errors", stats.rx_missed_errors),
        ]));
        some(&mut rx, "nohandler", stats.rx_nohandler);
        some(&mut rx, "otherhost", stats.rx_otherhost_dropped);
        tx.extend(members(&[
            ("aborted_errors", stats.tx_aborted_errors),
            ("fifo_errors", stats.tx_fifo_errors),
            ("window_errors", stats.tx_window_errors),
            ("heartbeat_errors", stats.tx_heartbeat_errors),
        ]));
        if let Some(changes) = carrier_changes {
            tx.insert("carrier_changes".into(), changes.into());
        }
    }
    json!({"rx": rx, "tx": tx})
}

fn members(named: &[(&str, u64)]) -> Map<String, Value> {
    named.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect()
}

/// Adds what is printed only where it counts something.
fn some(out: &mut Map<String, Value>, name: &str, value: u64) {
    if value != 0 {
        out.insert(name.into(), value.into());
    }
}
