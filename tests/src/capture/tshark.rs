//! Asking tshark for fields of every packet in a file.

use std::path::Path;

use crate::command;

/// How tshark judges and reads. Reassembly and sequence analysis of TCP cost time and say nothing
/// that these tests ask for.
const PREFERENCES: &[&str] = &[
    "ip.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "udp.ignore_ipv6_zero_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "tcp.analyze_sequence_numbers:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
];

/// The values of one field in one packet, from the outermost layer inwards.
pub(super) type Occurrences = Vec<String>;

/// Reads `fields` of every packet: a row a packet, a column a field.
///
/// # Panics
/// When tshark fails.
pub(super) fn fields(file: &Path, vxlan_ports: &[u16], fields: &[&str]) -> Vec<Vec<Occurrences>> {
    let decode: Vec<String> = vxlan_ports.iter().map(|port| format!("udp.port=={port},vxlan")).collect();
    let mut words = vec!["tshark", "-n", "-r", file.to_str().expect("a path that can be spelled")];
    words.extend(decode.iter().flat_map(|rule| ["-d", rule]));
    words.extend(PREFERENCES.iter().flat_map(|preference| ["-o", preference]));
    words.extend(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,"]);
    words.extend(fields.iter().flat_map(|field| ["-e", field]));
    let output = command::run_words(&words).expect_success();
    output.stdout.lines().map(row).collect()
}

/// Splits one printed line into its columns, and each column into its occurrences.
fn row(line: &str) -> Vec<Occurrences> {
    let columns = line.split('\t');
    columns
        .map(|column| column.split(',').filter(|value| !value.is_empty()).map(Into::into).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_a_packet_lacks_has_no_occurrence() {
        assert_eq!(row("1\t\t4,5"), [vec!["1".to_owned()], vec![], vec!["4".into(), "5".into()]]);
    }
}
