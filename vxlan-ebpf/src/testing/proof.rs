//! Reads frames by plain offsets and checks every checksum and length in them, without a line of the engine.

use vxlan_common::Mac;

/// The one's complement sum of all bytes, as RFC 1071 section 1 words it. Each part but the last is even.
pub(super) fn sum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

pub(super) fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn mac(bytes: &[u8], at: usize) -> Mac {
    Mac(bytes[at..at + 6].try_into().expect("six bytes"))
}

fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    bytes[at..at + 4].try_into().expect("four bytes")
}

/// Asserts that a whole frame, tags and all, is sound: lengths and checksums of IP, TCP, UDP, ICMP.
pub(super) fn assert_sound(frame: &[u8]) {
    let mut at = 12;
    while matches!(word(frame, at), 0x8100 | 0x88a8) {
        at += 4;
    }
    let packet = &frame[at + 2..];
    match word(frame, at) {
        0x0800 => assert_sound4(packet),
        0x86dd => assert_sound6(packet),
        _ => {}
    }
}

fn assert_sound4(packet: &[u8]) {
    let header = usize::from(packet[0] & 0xf) * 4;
    assert_eq!(packet[0] >> 4, 4, "IP version");
    assert_eq!(usize::from(word(packet, 2)), packet.len(), "IPv4 total length");
    assert_eq!(sum(&[&packet[..header]]), 0xffff, "IPv4 header checksum");
    if word(packet, 6) & 0x3fff != 0 {
        return;
    }
    let payload = &packet[header..];
    let length = (payload.len() as u16).to_be_bytes();
    let pseudo = [&packet[12..20], &[0, packet[9]], &length[..]].concat();
    assert_sound_transport(packet[9], &pseudo, payload, true);
}

fn assert_sound6(packet: &[u8]) {
    assert_eq!(packet[0] >> 4, 6, "IP version");
    assert_eq!(usize::from(word(packet, 4)), packet.len() - 40, "IPv6 payload length");
    let payload = &packet[40..];
    let length = (payload.len() as u32).to_be_bytes();
    let pseudo = [&packet[8..40], &length[..], &[0, 0, 0, packet[6]]].concat();
    assert_sound_transport(packet[6], &pseudo, payload, false);
}

fn assert_sound_transport(protocol: u8, pseudo: &[u8], payload: &[u8], may_be_zero: bool) {
    match protocol {
        1 => assert_eq!(sum(&[payload]), 0xffff, "ICMP checksum"),
        6 | 58 => assert_eq!(sum(&[pseudo, payload]), 0xffff, "checksum of protocol {protocol}"),
        17 => {
            assert_eq!(usize::from(word(payload, 4)), payload.len(), "UDP length");
            if word(payload, 6) != 0 || !may_be_zero {
                assert_eq!(sum(&[pseudo, payload]), 0xffff, "UDP checksum");
            }
        }
        _ => {}
    }
}

/// What an encapsulated frame says, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outer {
    pub to: Mac,
    pub from: Mac,
    pub tos: u8,
    pub identification: u16,
    pub fragment: u16,
    pub ttl: u8,
    pub source: [u8; 4],
    pub destination: [u8; 4],
    pub source_port: u16,
    pub destination_port: u16,
    pub udp_checksum: u16,
    pub vni: u32,
    pub inner: std::vec::Vec<u8>,
}

/// Reads an encapsulated frame; asserts that its outer headers are sound and their fixed fields as RFC 7348 has them.
pub(super) fn outer(frame: &[u8]) -> Outer {
    assert_eq!(word(frame, 12), 0x0800, "outer EtherType");
    assert_sound(frame);
    assert_eq!(frame[14], 0x45, "outer version and header length");
    assert_eq!(frame[23], 17, "outer protocol");
    assert_eq!(frame[42..46], [8, 0, 0, 0], "I flag alone, reserved bits zero");
    assert_eq!(frame[49], 0, "last reserved byte");
    Outer {
        to: mac(frame, 0),
        from: mac(frame, 6),
        tos: frame[15],
        identification: word(frame, 18),
        fragment: word(frame, 20),
        ttl: frame[22],
        source: four(frame, 26),
        destination: four(frame, 30),
        source_port: word(frame, 34),
        destination_port: word(frame, 36),
        udp_checksum: word(frame, 40),
        vni: u32::from_be_bytes([0, frame[46], frame[47], frame[48]]),
        inner: frame[50..].to_vec(),
    }
}

#[test]
fn the_proof_sees_a_single_wrong_byte() {
    use super::{C1, FAR, Inner};
    for frame in
        [Inner::new(FAR, C1).udp(33), Inner::new(FAR, C1).v6().tcp(8), Inner::new(FAR, C1).icmp(8, 9)]
    {
        assert_sound(&frame);
        for at in 22..frame.len() {
            let mut bent = frame.clone();
            bent[at] ^= 0x10;
            assert!(std::panic::catch_unwind(|| assert_sound(&bent)).is_err(), "byte {at}");
        }
    }
}
