//! The judgement on every checksum of a capture.
//!
//! tshark judges. Only where a veth lawfully passes unfinished checksums, a frame that tshark
//! calls bad is looked at once more, by [`unfinished`].

use std::{fmt, path::Path};

use super::{
    tshark,
    unfinished::{self, Sum},
};

/// What may be seen on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Every checksum is right or, for UDP, absent: what a cable carries.
    Finished,
    /// As above, but a TCP or UDP checksum may still be the sum of its pseudo-header alone, and
    /// an outer UDP checksum may already count on the inner one being finished: what a veth
    /// carries. Checksums of IP headers, ICMP and IGMP are right even so.
    MayBeUnfinished,
}

/// What was found, in a capture where nothing is wrong. A frame counts once a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// Frames in the capture.
    pub frames: usize,
    /// Checksums that tshark found right.
    pub right: usize,
    /// UDP checksums of zero, that is, none.
    pub absent: usize,
    /// Frames with a checksum that is unfinished, and right in that.
    pub unfinished_frames: usize,
}

/// One column a protocol. The order matters: see [`TRANSPORT`] and [`QUOTES`].
const FIELDS: &[&str] = &[
    "ip.checksum.status",
    "udp.checksum.status",
    "tcp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "igmp.checksum.status",
];

/// The columns of the checksums that may be unfinished: UDP and TCP.
const TRANSPORT: [usize; 2] = [1, 2];

/// The columns of ICMP, which quotes the beginnings of packets, too short to be judged.
const QUOTES: [usize; 2] = [3, 4];

// What tshark says of a checksum (PROTO_CHECKSUM_E_* in wireshark's epan/proto.h).
const BAD: &str = "0";
const GOOD: &str = "1";
const UNVERIFIED: &str = "2";
const NOT_PRESENT: &str = "3";

/// Judges the capture in `file`; `frames` reads its bytes when they are needed.
#[track_caller]
pub(super) fn verify(
    file: &Path,
    vxlan_ports: &[u16],
    strictness: Strictness,
    frames: impl FnOnce() -> Vec<Vec<u8>>,
) -> Checksums {
    let rows = tshark::fields(file, vxlan_ports, FIELDS);
    assert!(!rows.is_empty(), "nothing was captured in {}: no checksum can be judged", file.display());
    let verdicts: Vec<Verdict> = rows.iter().map(|row| judge(row)).collect();
    let suspicious = verdicts.iter().any(|verdict| verdict.suspects > 0);
    let frames = if suspicious { frames() } else { Vec::new() };

    let mut found = Checksums { frames: rows.len(), ..Checksums::default() };
    let mut culprits = Vec::new();
    for (index, verdict) in verdicts.iter().enumerate() {
        found.right += verdict.right;
        found.absent += verdict.absent;
        let sums =
            frames.get(index).map_or_else(Vec::new, |frame| unfinished::transport_sums(frame, vxlan_ports));
        let unfinished = if strictness == Strictness::MayBeUnfinished { unfinished_in(&sums) } else { 0 };
        if verdict.wrong || verdict.suspects > unfinished && !is_another_zero(&sums) {
            culprits.push(Culprit(index, &rows[index]));
        } else if unfinished > 0 {
            found.unfinished_frames += 1;
        }
    }
    assert!(
        culprits.is_empty(),
        "{} of {} frames have a wrong checksum: {culprits:?}",
        culprits.len(),
        rows.len()
    );
    found
}

/// What tshark says of the checksums of one frame.
#[derive(Default)]
struct Verdict {
    right: usize,
    absent: usize,
    /// TCP and UDP checksums that are not right: unfinished, or wrong.
    suspects: usize,
    /// Whether there is one that nothing can excuse.
    wrong: bool,
}

/// Counts what tshark says of each checksum of one frame.
fn judge(row: &[tshark::Occurrences]) -> Verdict {
    let mut verdict = Verdict::default();
    let quotes = QUOTES.iter().any(|column| !row[*column].is_empty());
    for (column, statuses) in row.iter().enumerate() {
        for status in statuses {
            match status.as_str() {
                GOOD => verdict.right += 1,
                NOT_PRESENT => verdict.absent += 1,
                UNVERIFIED if quotes => {}
                BAD if TRANSPORT.contains(&column) => verdict.suspects += 1,
                _ => verdict.wrong = true,
            }
        }
    }
    verdict
}

/// How many checksums of a frame are unfinished, or wait for one that is. None when one is wrong:
/// that one excuses nobody.
fn unfinished_in(sums: &[Sum]) -> usize {
    let unfinished = |sum: &&Sum| matches!(sum, Sum::Unfinished | Sum::RightOnceInnerIsFinished);
    if sums.contains(&Sum::Wrong) { 0 } else { sums.iter().filter(unfinished).count() }
}

/// Whether a frame that tshark suspects is right after all: it wants 0x0000 where all ones, the other zero of one's
/// complement (RFC 1071), stand in a TCP checksum.
fn is_another_zero(sums: &[Sum]) -> bool {
    !sums.is_empty() && sums.iter().all(|sum| matches!(sum, Sum::Right | Sum::Absent))
}

/// A frame with a wrong checksum: its index, and what tshark says of each protocol in it.
struct Culprit<'a>(usize, &'a [tshark::Occurrences]);

impl fmt::Debug for Culprit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame {}", self.0 + 1)?;
        for (field, statuses) in FIELDS.iter().zip(self.1).filter(|(_, statuses)| !statuses.is_empty()) {
            write!(f, " {field}={}", statuses.join(","))?;
        }
        Ok(())
    }
}
