//! Ethernet II and IEEE 802.1Q.

use vxlan_common::{Mac, Stations, stations};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// An EtherType, in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct EtherType(pub [u8; 2]);

impl EtherType {
    /// IPv4.
    pub const IPV4: Self = Self([0x08, 0x00]);
    /// ARP.
    pub const ARP: Self = Self([0x08, 0x06]);
    /// IPv6.
    pub const IPV6: Self = Self([0x86, 0xdd]);
    /// A customer VLAN tag (802.1Q).
    pub const VLAN: Self = Self([0x81, 0x00]);
    /// A service VLAN tag (802.1ad).
    pub const SERVICE_VLAN: Self = Self([0x88, 0xa8]);

    /// Whether a VLAN tag follows.
    #[inline(always)]
    pub fn is_vlan(self) -> bool {
        self == Self::VLAN || self == Self::SERVICE_VLAN
    }
}

/// A VLAN tag: which kind, and its priority and VLAN number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Tag {
    /// 802.1Q or 802.1ad.
    pub kind: EtherType,
    /// Priority, drop eligibility and VLAN number, in network order.
    pub control: [u8; 2],
}

impl Tag {
    /// All of it as one number, which is not 0.
    #[inline(always)]
    pub const fn word(self) -> u32 {
        let ([a, b], [c, d]) = (self.kind.0, self.control);
        u32::from_be_bytes([a, b, c, d])
    }

    /// The tag that [`Self::word`] made; 0: none.
    #[inline(always)]
    pub const fn from_word(word: u32) -> Option<Self> {
        let [a, b, c, d] = word.to_be_bytes();
        if word == 0 { None } else { Some(Self { kind: EtherType([a, b]), control: [c, d] }) }
    }

    /// Whether it names a VLAN; else it is there for the priority alone.
    #[inline(always)]
    pub const fn has_vlan(&self) -> bool {
        u16::from_be_bytes(self.control) & 0xfff != 0
    }
}

/// An Ethernet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Ethernet {
    destination: [u8; 6],
    source: [u8; 6],
    /// What follows.
    pub ether_type: EtherType,
}

impl Ethernet {
    /// A header.
    #[inline(always)]
    pub const fn new(destination: Mac, source: Mac, ether_type: EtherType) -> Self {
        Self { destination: destination.0, source: source.0, ether_type }
    }

    /// To whom.
    #[inline(always)]
    pub const fn destination(&self) -> Mac {
        Mac(self.destination)
    }

    /// From whom.
    #[inline(always)]
    pub const fn source(&self) -> Mac {
        Mac(self.source)
    }

    /// To whom and from whom, as one key.
    #[inline(always)]
    pub const fn stations(&self) -> Stations {
        stations(self.destination(), self.source())
    }

    /// Sends the frame back to where it came from.
    #[inline(always)]
    pub const fn turn_around(&mut self) {
        (self.destination, self.source) = (self.source, self.destination);
    }

    /// Writes a header in place.
    #[inline(always)]
    pub const fn set(&mut self, destination: &Mac, source: &Mac, ether_type: EtherType) {
        self.destination = destination.0;
        self.source = source.0;
        self.ether_type = ether_type;
    }
}

/// An Ethernet header with one VLAN tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct TaggedEthernet {
    destination: [u8; 6],
    source: [u8; 6],
    /// The tag.
    pub tag: Tag,
    /// What follows the tag.
    pub inner: EtherType,
}

impl TaggedEthernet {
    /// Writes a header in place.
    #[inline(always)]
    pub const fn set(&mut self, destination: &Mac, source: &Mac, tag: Tag, inner: EtherType) {
        self.destination = destination.0;
        self.source = source.0;
        self.tag = tag;
        self.inner = inner;
    }

    /// The same without the tag.
    #[inline(always)]
    pub const fn untagged(&self) -> Ethernet {
        Ethernet { destination: self.destination, source: self.source, ether_type: self.inner }
    }
}

/// An Ethernet header with two VLAN tags (802.1ad).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct TwiceTaggedEthernet {
    destination: [u8; 6],
    source: [u8; 6],
    tags: [Tag; 2],
    inner: EtherType,
}

impl TwiceTaggedEthernet {
    /// Writes a header in place.
    #[inline(always)]
    pub const fn set(&mut self, destination: &Mac, source: &Mac, tags: [Tag; 2], inner: EtherType) {
        self.destination = destination.0;
        self.source = source.0;
        self.tags = tags;
        self.inner = inner;
    }
}

const _: () = assert!(size_of::<Ethernet>() == 14);
const _: () = assert!(size_of::<TaggedEthernet>() == 18);
