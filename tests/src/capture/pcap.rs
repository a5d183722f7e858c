//! A capture on disk.

use std::{cell::OnceCell, fs, path::PathBuf, thread};

use super::{
    checksums::{self, Checksums, Strictness},
    decode,
    packet::Packet,
};

/// The port that VXLAN has by itself (RFC 7348, section 5).
const VXLAN_PORT: u16 = 4789;

/// The length of the file's own header and of the header before each packet, in bytes.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

/// A finished capture. Its file is removed with it, unless the test fails.
pub struct Pcap {
    file: PathBuf,
    vxlan_ports: Vec<u16>,
    packets: OnceCell<Vec<Packet>>,
}

impl Pcap {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, vxlan_ports: vec![VXLAN_PORT], packets: OnceCell::new() }
    }

    /// Says that UDP to this port is VXLAN, too.
    pub fn with_vxlan_port(mut self, port: u16) -> Self {
        self.vxlan_ports.push(port);
        self
    }

    /// All packets, decoded by tshark.
    pub fn packets(&self) -> &[Packet] {
        self.packets.get_or_init(|| decode::decode(&self.file, &self.vxlan_ports))
    }

    /// The packets that meet a condition.
    pub fn matching(&self, condition: impl Fn(&Packet) -> bool) -> Vec<&Packet> {
        self.packets().iter().filter(|packet| condition(packet)).collect()
    }

    /// Judges every checksum of every layer, outer and inner.
    ///
    /// # Panics
    /// When one is wrong, naming the frame and the file; or when there is no packet to judge.
    #[track_caller]
    pub fn verify_checksums(&self, strictness: Strictness) -> Checksums {
        let frames = || self.frames();
        checksums::verify(&self.file, &self.vxlan_ports, strictness, frames)
    }

    /// The bytes of every packet, from the Ethernet header on.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let bytes =
            fs::read(&self.file).unwrap_or_else(|error| panic!("cannot read {:?}: {error}", self.file));
        let mut frames = Vec::new();
        let mut rest = bytes.get(FILE_HEADER..).unwrap_or_default();
        while let Some(header) = rest.first_chunk::<PACKET_HEADER>() {
            // The captured length is the third word, in the byte order of the machine.
            let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *header;
            let length = u32::from_ne_bytes([a, b, c, d]) as usize;
            let Some(frame) = rest.get(PACKET_HEADER..PACKET_HEADER + length) else { break };
            frames.push(frame.to_vec());
            rest = &rest[PACKET_HEADER + length..];
        }
        frames
    }
}

impl Drop for Pcap {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the capture is kept in {}", self.file.display());
        } else if let Err(error) = fs::remove_file(&self.file) {
            eprintln!("cannot remove {}: {error}", self.file.display());
        }
    }
}
