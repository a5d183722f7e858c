//! ARP requests, neighbour solicitations and advertisements as stations send them, made of plain bytes.

use std::{vec, vec::Vec};

use vxlan_common::Mac;

use super::proof::sum;

/// An ARP packet; as made by [`Request::new`] a request to everyone.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub destination: Mac,
    pub source: Mac,
    pub hardware: u16,
    pub protocol: u16,
    pub lengths: [u8; 2],
    pub operation: u16,
    pub sender_mac: Mac,
    pub sender: [u8; 4],
    pub target: [u8; 4],
}

impl Request {
    pub fn new(source: Mac, sender: [u8; 4], target: [u8; 4]) -> Self {
        Self {
            destination: Mac::BROADCAST,
            source,
            hardware: 1,
            protocol: 0x0800,
            lengths: [6, 4],
            operation: 1,
            sender_mac: source,
            sender,
            target,
        }
    }

    /// The same with some of it otherwise.
    pub fn bent(mut self, bend: impl FnOnce(&mut Self)) -> Self {
        bend(&mut self);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        [
            &self.destination.0[..],
            &self.source.0,
            &[8, 6],
            &self.hardware.to_be_bytes(),
            &self.protocol.to_be_bytes(),
            &self.lengths,
            &self.operation.to_be_bytes(),
            &self.sender_mac.0,
            &self.sender,
            &[0; 6],
            &self.target,
        ]
        .concat()
    }
}

/// The address fd00::`host`.
pub(super) const fn v6(host: u8) -> [u8; 16] {
    [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]
}

/// A neighbour solicitation; as made by [`Solicitation::new`] to the target's group, with the asker's address.
#[derive(Clone, Debug)]
pub(super) struct Solicitation {
    pub destination: Mac,
    pub source: Mac,
    pub class: u8,
    pub hop_limit: u8,
    pub from: [u8; 16],
    pub to: [u8; 16],
    pub kind: u8,
    pub code: u8,
    /// The first byte of an advertisement's flags.
    pub flags: u8,
    pub target: [u8; 16],
    pub options: Vec<u8>,
    /// Added to the payload length of the IP header.
    pub longer: i32,
    /// Added to the checksum.
    pub wrong: u16,
}

impl Solicitation {
    pub fn new(source: Mac, from: [u8; 16], target: [u8; 16]) -> Self {
        let [.., a, b, c] = target;
        Self {
            destination: Mac([0x33, 0x33, 0xff, a, b, c]),
            source,
            class: 0,
            hop_limit: 255,
            from,
            to: [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c],
            kind: 135,
            code: 0,
            flags: 0,
            target,
            options: source_option(source),
            longer: 0,
            wrong: 0,
        }
    }

    /// From nobody, who wants to have the target's address (RFC 4862 section 5.4.2), with a nonce (RFC 7527).
    pub fn probe(source: Mac, target: [u8; 16]) -> Self {
        Self { options: vec![14, 1, 1, 2, 3, 4, 5, 6], ..Self::new(source, [0; 16], target) }
    }

    /// What the station that has `target` tells everyone (RFC 4861 section 4.4).
    pub fn advertisement(source: Mac, target: [u8; 16]) -> Self {
        Self {
            kind: 136,
            flags: 0x20,
            destination: Mac([0x33, 0x33, 0, 0, 0, 1]),
            to: [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            options: target_option(source),
            ..Self::new(source, target, target)
        }
    }

    /// The same with some of it otherwise.
    pub fn bent(mut self, bend: impl FnOnce(&mut Self)) -> Self {
        bend(&mut self);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut icmp = vec![self.kind, self.code, 0, 0, self.flags, 0, 0, 0];
        icmp.extend(self.target);
        icmp.extend(&self.options);
        let length = (icmp.len() as i32 + self.longer) as u16;
        let pseudo = [&self.from[..], &self.to, &u32::from(length).to_be_bytes(), &[0, 0, 0, 58]].concat();
        let checksum = (!sum(&[&pseudo, &icmp])).wrapping_add(self.wrong);
        icmp[2..4].copy_from_slice(&checksum.to_be_bytes());
        let [high, low] = length.to_be_bytes();
        let ip = [0x60 | self.class >> 4, self.class << 4, 0, 0, high, low, 58, self.hop_limit];
        [&self.destination.0[..], &self.source.0, &[0x86, 0xdd], &ip, &self.from, &self.to, &icmp].concat()
    }
}

/// The option "its address is".
pub(super) fn target_option(mac: Mac) -> Vec<u8> {
    [&[2, 1][..], &mac.0].concat()
}

/// The option "my address is".
pub(super) fn source_option(mac: Mac) -> Vec<u8> {
    [&[1, 1][..], &mac.0].concat()
}
