//! VXLAN packets as VTEPs send them, made of plain bytes, right but for what a test bends.

use std::{vec, vec::Vec};

use vxlan_common::Address;

use super::{OWN, PEER, proof::sum};

/// The outer UDP checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksummed {
    /// Zero: none.
    No,
    Right,
    Wrong,
}

#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub source: Address,
    pub destination: Address,
    pub port: u16,
    pub vni: u32,
    /// The VXLAN header but for the VNI: its first word, and its last byte.
    pub flags: u32,
    pub reserved: u8,
    pub tos: u8,
    pub fragment: u16,
    pub options: Vec<u8>,
    pub checksum: Checksummed,
    /// Added to the UDP length, or taken from it.
    pub udp_length_off: i32,
    /// The same of the IP length.
    pub ip_length_off: i32,
    /// Bytes behind the packet, as a switch pads a short frame.
    pub padding: Vec<u8>,
}

impl Packet {
    /// To this host's VNI 444, without a checksum.
    pub fn from(source: Address) -> Self {
        Self {
            source,
            destination: OWN,
            port: 4789,
            vni: 444,
            flags: 0x0800_0000,
            reserved: 0,
            tos: 0,
            fragment: 0,
            options: Vec::new(),
            checksum: Checksummed::No,
            udp_length_off: 0,
            ip_length_off: 0,
            padding: Vec::new(),
        }
    }

    /// From the peer, bent by `bend`.
    pub fn bent(bend: impl FnOnce(&mut Self)) -> Self {
        let mut packet = Self::from(PEER);
        bend(&mut packet);
        packet
    }

    pub fn tos(mut self, tos: u8) -> Self {
        self.tos = tos;
        self
    }

    pub fn checksum(mut self, checksum: Checksummed) -> Self {
        self.checksum = checksum;
        self
    }

    /// The whole frame, with `inner` in it.
    pub fn carrying(&self, inner: &[u8]) -> Vec<u8> {
        let mut udp = vec![0xc3, 0x50];
        udp.extend(self.port.to_be_bytes());
        udp.extend(((16 + inner.len()) as i32 + self.udp_length_off).to_be_bytes()[2..].iter());
        udp.extend([0, 0]);
        udp.extend(self.flags.to_be_bytes());
        udp.extend((self.vni << 8 | u32::from(self.reserved)).to_be_bytes());
        udp.extend(inner);
        let length = [udp[4], udp[5]];
        let pseudo = [&self.source.v4_bytes()[..], &self.destination.v4_bytes(), &[0, 17], &length].concat();
        let right = match !sum(&[&pseudo, &udp]) {
            0 => 0xffff,
            right => right,
        };
        let checksum: u16 = match self.checksum {
            Checksummed::No => 0,
            Checksummed::Right => right,
            Checksummed::Wrong => right ^ 0x0400,
        };
        udp[6..8].copy_from_slice(&checksum.to_be_bytes());
        [self.ethernet_and_ip(udp.len()), udp, self.padding.clone()].concat()
    }

    /// The packet as a station of the underlay would send it in pieces: the one with the first `length` bytes behind
    /// its IP header. More follow.
    pub fn first_fragment(&self, inner: &[u8], length: usize) -> Vec<u8> {
        let whole = Self { fragment: 0x2000, ..self.clone() };
        let udp = &whole.carrying(inner)[34..][..length];
        [whole.ethernet_and_ip(length), udp.to_vec(), self.padding.clone()].concat()
    }

    fn ethernet_and_ip(&self, payload: usize) -> Vec<u8> {
        let header = 20 + self.options.len();
        let mut frame = vec![4, 0, 0, 0, 0, 100, 4, 0, 0, 0, 0, 200, 8, 0];
        let mut ip = vec![0x40 | (header / 4) as u8, self.tos];
        ip.extend(((header + payload) as i32 + self.ip_length_off).to_be_bytes()[2..].iter());
        ip.extend([0, 7]);
        ip.extend(self.fragment.to_be_bytes());
        ip.extend([64, 17, 0, 0]);
        ip.extend(self.source.v4_bytes());
        ip.extend(self.destination.v4_bytes());
        ip.extend(&self.options);
        let checksum = (!sum(&[&ip])).to_be_bytes();
        ip[10..12].copy_from_slice(&checksum);
        frame.extend(ip);
        frame
    }
}
