//! The outer headers and the inner Ethernet header in one piece, as they are written.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Ethernet, Ipv4, TaggedEthernet, TwiceTaggedEthernet, Udp, Vxlan};

/// Everything in front of the inner frame, over IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Outer4 {
    /// Outer Ethernet header.
    pub ethernet: Ethernet,
    /// Outer IP header.
    pub ip: Ipv4,
    /// UDP.
    pub udp: Udp,
    /// VXLAN.
    pub vxlan: Vxlan,
}

/// Bytes of [`Outer4`].
pub const OUTER4: usize = size_of::<Outer4>();

/// [`Outer4`] with the inner Ethernet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Encapsulated4 {
    /// The outer headers.
    pub outer: Outer4,
    /// The inner Ethernet header.
    pub inner: Ethernet,
}

/// [`Outer4`] with a tagged inner Ethernet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Tagged4 {
    /// The outer headers.
    pub outer: Outer4,
    /// The inner Ethernet header.
    pub inner: TaggedEthernet,
}

/// [`Outer4`] with an inner Ethernet header that has two tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct TwiceTagged4 {
    /// The outer headers.
    pub outer: Outer4,
    /// The inner Ethernet header.
    pub inner: TwiceTaggedEthernet,
}

const _: () = assert!(OUTER4 == 50);
const _: () = assert!(size_of::<Encapsulated4>() == 64);
const _: () = assert!(size_of::<Tagged4>() == 68);
const _: () = assert!(size_of::<TwiceTagged4>() == 72);
