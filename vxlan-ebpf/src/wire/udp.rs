//! UDP (RFC 768), and what the engine reads of TCP.

use vxlan_common::UdpPort;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The first four bytes of TCP, UDP and SCTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Ports([u8; 4]);

impl Ports {
    /// Both ports as one number.
    #[inline(always)]
    pub const fn both(&self) -> u32 {
        u32::from_ne_bytes(self.0)
    }
}

/// A UDP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Udp {
    source: [u8; 2],
    destination: [u8; 2],
    length: [u8; 2],
    checksum: [u8; 2],
}

impl Udp {
    /// A header with checksum zero, which over IPv4 says "none".
    #[inline(always)]
    pub const fn new(source: u16, destination: UdpPort, length: u16) -> Self {
        Self {
            source: source.to_be_bytes(),
            destination: destination.0.to_be_bytes(),
            length: length.to_be_bytes(),
            checksum: [0; 2],
        }
    }

    /// Fills in what each packet has of its own, in a header without checksum.
    #[inline(always)]
    pub const fn complete(&mut self, source: u16, length: u16) {
        self.source = source.to_be_bytes();
        self.length = length.to_be_bytes();
    }

    /// Changes the destination port of a header without checksum.
    #[inline(always)]
    pub const fn direct(&mut self, destination: UdpPort) {
        self.destination = destination.0.to_be_bytes();
    }

    /// To which port.
    #[inline(always)]
    pub const fn destination(&self) -> UdpPort {
        UdpPort(u16::from_be_bytes(self.destination))
    }

    /// From which port.
    #[inline(always)]
    pub const fn source(&self) -> u16 {
        u16::from_be_bytes(self.source)
    }

    /// Bytes of header and payload.
    #[inline(always)]
    pub const fn len(&self) -> usize {
        u16::from_be_bytes(self.length) as usize
    }

    /// Whether the length field is zero.
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The checksum field.
    #[inline(always)]
    pub const fn checksum(&self) -> u16 {
        u16::from_be_bytes(self.checksum)
    }
}

/// A TCP header without options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Tcp {
    ports: Ports,
    numbers: [u8; 8],
    offset: u8,
    rest: [u8; 7],
}

impl Tcp {
    /// Bytes of the header, options included.
    #[inline(always)]
    pub const fn header_len(&self) -> usize {
        (self.offset >> 4) as usize * 4
    }
}

const _: () = assert!(size_of::<Udp>() == 8);
const _: () = assert!(size_of::<Tcp>() == 20);
