//! Headers put in front of payloads. Lengths and checksums are right; who wants them wrong
//! changes the bytes afterwards.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Mac;

const ARP: u16 = 0x0806;
const UDP: u8 = 17;
const IPV4_HEADER: usize = 20;
const MORE_FRAGMENTS: u16 = 0x2000;

/// An Ethernet frame.
pub fn ethernet(to: Mac, from: Mac, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&to.0, &from.0, &ethertype.to_be_bytes()[..], payload].concat()
}

/// The frame with an 802.1Q tag in front of what it carries.
pub fn tagged(frame: &[u8], vlan: u16) -> Vec<u8> {
    tagged_as(frame, 0x8100, vlan)
}

/// The frame with a tag of any kind (802.1ad: 0x88a8) in front of what it carries.
pub fn tagged_as(frame: &[u8], kind: u16, vlan: u16) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    [addresses, &kind.to_be_bytes(), &vlan.to_be_bytes(), rest].concat()
}

/// A broadcast frame in which `sender` asks who has `target`.
pub fn arp_question(sender: (Mac, Ipv4Addr), target: Ipv4Addr) -> Vec<u8> {
    ethernet(Mac::BROADCAST, sender.0, ARP, &arp(1, sender, (Mac([0; 6]), target)))
}

/// The frame in which `sender` answers `target`.
pub fn arp_answer(sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    ethernet(target.0, sender.0, ARP, &arp(2, sender, target))
}

/// An ARP message for IPv4 over Ethernet (RFC 826).
fn arp(operation: u8, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let kind = [0, 1, 8, 0, 6, 4, 0, operation];
    [&kind[..], &sender.0.0, &sender.1.octets(), &target.0.0, &target.1.octets()].concat()
}

/// A multicast frame in which `sender` asks who has `target`, with or without its own link-layer address in an option
/// (RFC 4861 section 4.3).
pub fn neighbour_solicitation(sender: (Mac, Ipv6Addr), target: Ipv6Addr, with_option: bool) -> Vec<u8> {
    let [.., a, b, c] = target.octets();
    let group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c];
    let mut message = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &target.octets()].concat();
    if with_option {
        message.extend([1, 1]);
        message.extend(sender.0.0);
    }
    discovery(sender, group, message)
}

/// The frame in which `sender` tells everyone that its address is at `link_layer` (RFC 4861 section 4.4).
pub fn neighbour_advertisement(sender: (Mac, Ipv6Addr), link_layer: Mac) -> Vec<u8> {
    const OVERRIDE: u8 = 0x20;
    let message =
        [&[136, 0, 0, 0, OVERRIDE, 0, 0, 0][..], &sender.1.octets(), &[2, 1], &link_layer.0].concat();
    discovery(sender, [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], message)
}

/// A neighbour discovery message to a group, with its checksum.
fn discovery(sender: (Mac, Ipv6Addr), group: [u8; 16], mut message: Vec<u8>) -> Vec<u8> {
    const ICMP6: u8 = 58;
    let length = u8::try_from(message.len()).expect("a short message");
    let addresses = [sender.1.octets(), group].concat();
    let sum = checksum(&[&addresses[..], &[0, 0, 0, length, 0, 0, 0, ICMP6], &message].concat());
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let packet = [&[0x60, 0, 0, 0, 0, length, ICMP6, 255][..], &addresses, &message].concat();
    let [.., a, b, c, d] = group;
    ethernet(Mac([0x33, 0x33, a, b, c, d]), sender.0, 0x86dd, &packet)
}

/// An IPv4 packet with a UDP datagram.
///
/// # Panics
/// When an address is none, or the payload does not fit.
pub fn udp4(from: &str, to: &str, sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let [from, to] = [from, to].map(|text| text.parse::<Ipv4Addr>().expect("an IPv4 address").octets());
    let length = u16::try_from(8 + payload.len()).expect("a payload that fits");
    let pseudo = [&from[..], &to, &[0, UDP], &length.to_be_bytes()].concat();
    let mut datagram =
        [&sport.to_be_bytes()[..], &dport.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat();
    // A sum of zero is sent as all ones: zero means none (RFC 768).
    let sum = match checksum(&[&pseudo[..], &datagram].concat()) {
        0 => 0xffff,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    [&ipv4_header(from, to, 0, datagram.len())[..], &datagram].concat()
}

/// The IPv4 packet, cut so that no part is longer than `mtu` bytes.
///
/// # Panics
/// When the MTU has no room for a part.
pub fn fragments(packet: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let (header, payload) = packet.split_at(IPV4_HEADER);
    let from: [u8; 4] = header[12..16].try_into().expect("a source address");
    let to: [u8; 4] = header[16..20].try_into().expect("a destination address");
    // Offsets count units of eight bytes (RFC 791).
    let portion = (mtu - IPV4_HEADER) / 8 * 8;
    let parts = payload.chunks(portion).enumerate();
    parts
        .map(|(index, part)| {
            let offset = u16::try_from(index * portion / 8).expect("an offset that fits");
            let more = if (index + 1) * portion < payload.len() { MORE_FRAGMENTS } else { 0 };
            [&ipv4_header(from, to, offset | more, part.len())[..], part].concat()
        })
        .collect()
}

/// Makes the header checksum of a frame's IPv4 packet right again.
pub fn reseal(frame: &mut [u8]) {
    let ip = &mut frame[14..];
    let header = usize::from(ip[0] & 0xf) * 4;
    ip[10..12].copy_from_slice(&[0, 0]);
    let sum = checksum(&ip[..header]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// An IPv4 header for UDP, with an identification that all parts of a packet share.
fn ipv4_header(from: [u8; 4], to: [u8; 4], fragment: u16, payload: usize) -> [u8; IPV4_HEADER] {
    let mut header = [0; IPV4_HEADER];
    let length = u16::try_from(IPV4_HEADER + payload).expect("a packet that fits");
    header[0] = 0x45;
    header[2..4].copy_from_slice(&length.to_be_bytes());
    header[4..6].copy_from_slice(&0x5656_u16.to_be_bytes());
    header[6..8].copy_from_slice(&fragment.to_be_bytes());
    header[8..10].copy_from_slice(&[64, UDP]);
    header[12..16].copy_from_slice(&from);
    header[16..20].copy_from_slice(&to);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_make_up_the_packet() {
        let packet = udp4("10.0.0.1", "10.0.0.2", 1, 2, &[7; 3000]);
        let parts = fragments(&packet, 1500);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.len() <= 1500));
        let payload: Vec<u8> = parts.iter().flat_map(|part| part[IPV4_HEADER..].to_vec()).collect();
        assert!(payload == packet[IPV4_HEADER..]);
    }
}
