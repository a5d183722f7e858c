//! Frames as stations send them, made of plain bytes, with right checksums.

use std::{vec, vec::Vec};

use vxlan_common::Mac;

use super::proof::sum;

pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMP6: u8 = 58;

/// What a station sends; the last word says what is in it and gives the bytes.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    destination: Mac,
    source: Mac,
    tags: Vec<[u8; 4]>,
    is_v6: bool,
    pub tos: u8,
    pub ttl: u8,
    /// The fragment field of IPv4: flags and offset.
    pub fragment: u16,
    /// IPv4 options.
    pub options: Vec<u8>,
    pub ports: (u16, u16),
    /// The last byte of each IP address.
    pub hosts: (u8, u8),
    pub tcp_options: usize,
}

impl Inner {
    pub fn new(destination: Mac, source: Mac) -> Self {
        Self {
            destination,
            source,
            tags: Vec::new(),
            is_v6: false,
            tos: 0,
            ttl: 61,
            fragment: 0,
            options: Vec::new(),
            ports: (1000, 2000),
            hosts: (2, 3),
            tcp_options: 0,
        }
    }

    pub fn v6(mut self) -> Self {
        self.is_v6 = true;
        self
    }

    pub fn tos(mut self, tos: u8) -> Self {
        self.tos = tos;
        self
    }

    pub fn fragment(mut self, fragment: u16) -> Self {
        self.fragment = fragment;
        self
    }

    pub fn ports(mut self, from: u16, to: u16) -> Self {
        self.ports = (from, to);
        self
    }

    /// With one more tag inside, behind those that it has.
    pub fn tagged(mut self, tag: [u8; 4]) -> Self {
        self.tags.push(tag);
        self
    }

    pub fn udp(&self, payload: usize) -> Vec<u8> {
        let mut udp = vec![0; 8];
        udp[..2].copy_from_slice(&self.ports.0.to_be_bytes());
        udp[2..4].copy_from_slice(&self.ports.1.to_be_bytes());
        udp[4..6].copy_from_slice(&((8 + payload) as u16).to_be_bytes());
        udp.extend(pattern(payload));
        self.ip(UDP, Some(6), udp)
    }

    pub fn tcp(&self, payload: usize) -> Vec<u8> {
        let mut tcp = vec![0; 20 + self.tcp_options];
        tcp[..2].copy_from_slice(&self.ports.0.to_be_bytes());
        tcp[2..4].copy_from_slice(&self.ports.1.to_be_bytes());
        tcp[12] = (((20 + self.tcp_options) / 4) << 4) as u8;
        tcp.extend(pattern(payload));
        self.ip(TCP, Some(16), tcp)
    }

    /// ICMP, or ICMPv6, of this type.
    pub fn icmp(&self, kind: u8, payload: usize) -> Vec<u8> {
        let mut icmp = vec![kind, 0, 0, 0, 0, 0, 0, 0];
        icmp.extend(pattern(payload));
        self.ip(if self.is_v6 { ICMP6 } else { ICMP }, Some(2), icmp)
    }

    /// A packet of a protocol that the engine does not know.
    pub fn other(&self, protocol: u8, payload: usize) -> Vec<u8> {
        self.ip(protocol, None, pattern(payload).collect())
    }

    pub fn arp(&self) -> Vec<u8> {
        let mut arp = vec![0, 1, 8, 0, 6, 4, 0, 1];
        arp.extend(self.source.0);
        arp.extend([172, 55, 1, 2, 0, 0, 0, 0, 0, 0, 172, 55, 1, 3]);
        self.raw(0x0806, &arp)
    }

    pub fn lldp(&self) -> Vec<u8> {
        self.raw(0x88cc, &[2, 7, 4, 1, 2, 3, 4, 5, 6, 4, 2, 7, 7, 6, 2, 0, 120, 0, 0])
    }

    /// Anything of an EtherType.
    pub fn raw(&self, ether_type: u16, payload: &[u8]) -> Vec<u8> {
        let ether_type = ether_type.to_be_bytes();
        let tags = self.tags.concat();
        [&self.destination.0[..], &self.source.0, &tags, &ether_type, payload].concat()
    }

    fn ip(&self, protocol: u8, checksum_at: Option<usize>, mut payload: Vec<u8>) -> Vec<u8> {
        let (header, pseudo, ether_type) = if self.is_v6 {
            let header = self.header6(protocol, payload.len());
            let pseudo =
                [&header[8..40], &(payload.len() as u32).to_be_bytes(), &[0, 0, 0, protocol]].concat();
            (header, pseudo, 0x86dd)
        } else {
            let header = self.header4(protocol, payload.len());
            let pseudo =
                [&header[12..20], &[0, protocol], &(payload.len() as u16).to_be_bytes()[..]].concat();
            (header, pseudo, 0x0800)
        };
        if let Some(at) = checksum_at {
            let pseudo = if protocol == ICMP { &[][..] } else { &pseudo };
            let checksum = (!sum(&[pseudo, &payload])).to_be_bytes();
            payload[at..at + 2].copy_from_slice(&checksum);
        }
        self.raw(ether_type, &[header, payload].concat())
    }

    fn header4(&self, protocol: u8, payload: usize) -> Vec<u8> {
        assert!(self.options.len().is_multiple_of(4), "options come in words");
        let header = 20 + self.options.len();
        let total = ((header + payload) as u16).to_be_bytes();
        let [high, low] = self.fragment.to_be_bytes();
        let first = 0x40 | (header / 4) as u8;
        let mut ip =
            vec![first, self.tos, total[0], total[1], 0, 9, high, low, self.ttl, protocol, 0, 0, 172, 55, 1];
        ip.extend([self.hosts.0, 172, 55, 1, self.hosts.1]);
        ip.extend(&self.options);
        let checksum = (!sum(&[&ip])).to_be_bytes();
        ip[10..12].copy_from_slice(&checksum);
        ip
    }

    fn header6(&self, protocol: u8, payload: usize) -> Vec<u8> {
        let [high, low] = (payload as u16).to_be_bytes();
        let mut ip =
            vec![0x60 | self.tos >> 4, self.tos << 4 | 0xa, 0xbc, 0xde, high, low, protocol, self.ttl];
        for host in [self.hosts.0, self.hosts.1] {
            ip.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
        }
        ip
    }
}

/// Bytes that differ from their neighbours.
fn pattern(length: usize) -> impl Iterator<Item = u8> {
    (0..length).map(|at| (at * 7 + 1) as u8)
}

/// As a sender leaves it to the network card: the sum of the pseudo header in place of the checksum of TCP or UDP. What is
/// neither stays as it is.
pub(super) fn unfinished(mut frame: Vec<u8>) -> Vec<u8> {
    let (transport, addresses, header) = match frame.get(12..14) {
        Some([0x08, 0x00]) => (frame[23], 26..34, 34),
        Some([0x86, 0xdd]) => (frame[20], 22..54, 54),
        _ => return frame,
    };
    let at = match transport {
        UDP => header + 6,
        TCP => header + 16,
        _ => return frame,
    };
    let length = ((frame.len() - header) as u16).to_be_bytes();
    let pseudo = sum(&[&frame[addresses], &[0, transport], &length]).to_be_bytes();
    frame[at..at + 2].copy_from_slice(&pseudo);
    frame
}
