//! The seam to the bytes of a frame.

use vxlan_common::{IfIndex, Outcome, RemoteIndex};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::{Tables, overlay, underlay, wire::Tag};

/// A header that can be looked at anywhere in a frame.
pub trait Header: FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned {}
impl<T: FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned> Header for T {}

/// To whom the link layer brought a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed {
    /// To this host.
    Host,
    /// To a group or to everyone.
    Group,
    /// To somebody else (a promiscuous device).
    Other,
}

/// What an inner frame carries, as far as the kernel has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Inside {
    /// An IPv4 packet.
    Ipv4 = 0,
    /// An IPv6 packet.
    Ipv6 = 1,
    /// ARP, LLDP, anything else.
    Other = 2,
}

/// What is known of the outer UDP checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The receiver of the frame, or this function, found it right; or it never left this machine.
    Right,
    /// It is wrong.
    Wrong,
}

/// An Ethernet frame at a hook.
pub trait Frame: Sized {
    /// Whether this hook stands in front of another one that can do it all: then what it cannot do it passes on
    /// untouched and uncounted.
    const SHORT_CUT: bool = false;

    /// Bytes of the whole frame, a VLAN tag beside it not included.
    fn len(&self) -> usize;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The header `at` bytes from the start.
    fn view<T: Header>(&self, at: usize) -> Result<&T, Outcome>;

    /// The header `at` bytes from the start, to write.
    fn view_mut<T: Header>(&mut self, at: usize) -> Result<&mut T, Outcome>;

    /// The VLAN tag that the kernel keeps beside the frame.
    fn tag(&self) -> Option<Tag>;

    /// Payload bytes of each segment, if the frame is several that the kernel has not cut yet (GSO).
    fn segment(&self) -> Option<u32>;

    /// To whom the link layer brought it.
    fn addressed(&self) -> Addressed;

    /// Makes room for `outer` bytes of headers in front of the inner frame. `tags` is how many VLAN tags the frame
    /// has, the one beside it included: 0 to 2. Afterwards none is beside it, and the first `outer` + 14 + 4 * `tags`
    /// bytes are undefined: the caller writes the tags, too.
    fn push(&mut self, outer: usize, tags: usize, inside: Inside) -> Result<(), Outcome>;

    /// Takes `outer` bytes from the front, and the 4 bytes of a tag if one is given, which then stands beside
    /// the frame where the kernel keeps it there. Afterwards the first 14 bytes are undefined: the caller writes
    /// the inner Ethernet header, then calls [`Self::settle`].
    fn pull(&mut self, outer: usize, tag: Option<Tag>, inside: Inside) -> Result<(), Outcome>;

    /// Puts the tag that was given to [`Self::pull`] in its place.
    fn settle(&mut self, tag: Option<Tag>) -> Result<(), Outcome>;

    /// Cuts or grows the frame to `len` bytes; it is no longer several segments.
    fn resize(&mut self, len: usize) -> Result<(), Outcome>;

    /// Does [`overlay::encapsulate`]: the kernel side keeps that apart.
    fn encapsulate<T: Tables>(&mut self, tables: &T, device: IfIndex, to_group: bool) -> Result<(), Outcome> {
        overlay::encapsulate(self, tables, device, to_group)
    }

    /// Does [`overlay::largest_packet`]: the kernel side keeps that apart.
    fn largest_packet(&self) -> usize {
        overlay::largest_packet(self)
    }

    /// Sends a copy out of `device`.
    fn copy_to(&mut self, device: IfIndex);

    /// Lets `device` receive a copy.
    fn copy_into(&mut self, device: IfIndex);

    /// Gives a copy to the own transmit of the vxlan device `vtep_device`.
    fn copy_to_transmit(&mut self, vtep_device: IfIndex);

    /// Gives a copy that carries its outer headers to `vtep_device`, whose program finds the way to `remote`.
    fn copy_to_resolve(&mut self, vtep_device: IfIndex, remote: RemoteIndex);

    /// Does [`underlay::checksum_is_right`]: the kernel side keeps that apart.
    fn checksum_is_right(&self) -> bool {
        underlay::checksum_is_right(self)
    }

    /// Checks a finished UDP checksum by all bytes from the UDP header, `udp_at`, to the end of the frame, unless
    /// the kernel or the NIC has done so. `pseudo_header` is the sum of the pseudo header (RFC 768).
    fn outer_checksum(&self, pseudo_header: u32, udp_at: usize) -> Checksum;
}

/// A value at the start of a word: the verifier wants the stack accessed by aligned words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub(crate) struct Word<T>(pub T);
