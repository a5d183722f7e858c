//! Checksums that a veth passes on before anyone has finished them.
//!
//! A device that promises to finish a TCP or UDP checksum gets a packet (CHECKSUM_PARTIAL) in
//! whose checksum field is the folded sum of the pseudo-header; a veth promises, and finishes
//! nothing. An outer UDP checksum in front of such a packet is either unfinished itself, or
//! computed as if the inner one were finished (`lco_csum` in the kernel).

/// How a TCP or UDP checksum stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// A UDP checksum of zero: none.
    Absent,
    /// Right as it is.
    Right,
    /// The sum of the pseudo-header alone.
    Unfinished,
    /// Right when what it covers is finished.
    RightOnceInnerIsFinished,
    /// None of these.
    Wrong,
}

/// A TCP or UDP segment within a frame.
struct Segment {
    /// The sum of its pseudo-header.
    pseudo: u32,
    /// Where it starts and ends in the frame, in bytes.
    start: usize,
    end: usize,
    /// Where its checksum is in the frame, in bytes.
    field: usize,
    udp: bool,
}

const ETHERNET: usize = 14;
const VXLAN: usize = 8;
const UDP: usize = 8;

/// How each TCP or UDP checksum of `frame` stands, from the outermost inwards, through VXLAN.
pub(super) fn transport_sums(frame: &[u8], vxlan_ports: &[u16]) -> Vec<Sum> {
    let mut segments = Vec::new();
    let mut start = Some(0);
    while let Some(segment) = start.take().and_then(|start| segment(frame, start)) {
        let port = word(frame, segment.start + 2).unwrap_or_default();
        if segment.udp && vxlan_ports.contains(&port) {
            start = Some(segment.start + UDP + VXLAN);
        }
        segments.push(segment);
    }
    // From the innermost outwards, finishing what is unfinished on the way.
    let mut finished = frame.to_vec();
    let mut sums: Vec<Sum> =
        segments.iter().rev().map(|segment| judge(segment, frame, &mut finished)).collect();
    sums.reverse();
    sums
}

/// Judges one segment; `finished` is the frame with everything inside this segment finished.
fn judge(segment: &Segment, frame: &[u8], finished: &mut [u8]) -> Sum {
    let Segment { pseudo, start, end, field, udp } = *segment;
    let written = word(frame, field).unwrap_or_default();
    if udp && written == 0 {
        return Sum::Absent;
    }
    // A sum over data that includes its own right checksum is all ones (RFC 1071).
    if fold(pseudo + sum(&frame[start..end])) == 0xffff {
        return Sum::Right;
    }
    if written == fold(pseudo) {
        let right = !fold(pseudo + sum(&finished[start..end]) - u32::from(written));
        finished[field..field + 2].copy_from_slice(&right.to_be_bytes());
        return Sum::Unfinished;
    }
    match fold(pseudo + sum(&finished[start..end])) {
        0xffff => Sum::RightOnceInnerIsFinished,
        _ => Sum::Wrong,
    }
}

/// The TCP or UDP segment in the Ethernet frame that starts at `at`, if it is whole.
fn segment(frame: &[u8], at: usize) -> Option<Segment> {
    let (mut ip, mut ethertype) = (at + ETHERNET, word(frame, at + 12)?);
    while matches!(ethertype, 0x8100 | 0x88a8) {
        ethertype = word(frame, ip + 2)?;
        ip += 4;
    }
    let (start, end, protocol, addresses) = match ethertype {
        0x0800 => {
            let fragment = word(frame, ip + 6)? & 0x3fff;
            let header = usize::from(frame.get(ip)? & 0xf) * 4;
            let end = ip + usize::from(word(frame, ip + 2)?);
            (fragment == 0).then_some((ip + header, end, *frame.get(ip + 9)?, ip + 12..ip + 20))?
        }
        0x86dd => {
            (ip + 40, ip + 40 + usize::from(word(frame, ip + 4)?), *frame.get(ip + 6)?, ip + 8..ip + 40)
        }
        _ => return None,
    };
    let (udp, field) = match protocol {
        17 => (true, start + 6),
        6 => (false, start + 16),
        _ => return None,
    };
    let length = u32::try_from(frame.get(start..end)?.len()).ok()?;
    let pseudo = sum(frame.get(addresses)?) + u32::from(protocol) + u32::from(fold(length));
    (field + 2 <= end).then_some(Segment { pseudo, start, end, field, udp })
}

fn word(frame: &[u8], at: usize) -> Option<u16> {
    frame.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// The sum of big-endian words, an odd last byte padded with zero. A frame has at most 64 Ki
/// bytes, so 32 bits hold it.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

/// The 16-bit ones' complement sum.
fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(0xffff)
}

#[cfg(test)]
mod tests;
