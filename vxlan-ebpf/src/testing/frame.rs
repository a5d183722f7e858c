//! A frame in a byte vector.

use std::vec::Vec;

use vxlan_common::{IfIndex, Outcome, RemoteIndex};

use super::proof;
use crate::{
    Frame,
    frame::{Addressed, Checksum, Header, Inside},
    wire::{EtherType, Tag},
};

/// What undefined bytes look like: a byte that was forgotten is seen.
pub(super) const UNDEFINED: u8 = 0xa5;

const ETHERNET: usize = 14;

/// How a copy left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    To,
    Into,
    ToResolve(RemoteIndex),
    ToTransmit,
}

/// A copy, as it was when it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub how: How,
    pub device: IfIndex,
    pub bytes: Vec<u8>,
    pub tag: Option<Tag>,
}

#[derive(Clone, Debug)]
pub(super) struct Bytes {
    pub bytes: Vec<u8>,
    pub tag: Option<Tag>,
    pub segment: Option<u32>,
    pub addressed: Addressed,
    /// The kernel has no room for it: each change of its length fails.
    pub cramped: bool,
    pub copies: Vec<Copied>,
    /// What `push` and `pull` were told is inside.
    pub inside: Option<Inside>,
    /// The tag that was pulled and not settled yet.
    unsettled: Option<Option<Tag>>,
}

impl Bytes {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            tag: None,
            segment: None,
            addressed: Addressed::Host,
            cramped: false,
            copies: Vec::new(),
            inside: None,
            unsettled: None,
        }
    }

    /// With a customer VLAN tag beside it.
    pub fn beside(mut self, control: [u8; 2]) -> Self {
        self.tag = Some(Tag { kind: EtherType::VLAN, control });
        self
    }

    /// As segments of `payload` bytes that nobody has cut yet.
    pub fn segments(mut self, payload: u32) -> Self {
        self.segment = Some(payload);
        self
    }

    /// Brought by the link layer to `addressed`.
    pub fn addressed(mut self, addressed: Addressed) -> Self {
        self.addressed = addressed;
        self
    }

    /// Without room to grow or shrink.
    pub fn cramped(mut self) -> Self {
        self.cramped = true;
        self
    }

    /// Whether each [`Frame::pull`] was followed by its [`Frame::settle`].
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_none()
    }

    fn copy(&mut self, how: How, device: IfIndex) {
        assert!(self.is_settled(), "a copy between pull and settle");
        self.copies.push(Copied { how, device, bytes: self.bytes.clone(), tag: self.tag });
    }

    /// As `skb_vlan_pop` does it: the tag beside the frame goes, and the next one takes its place.
    fn pop(&mut self) {
        if self.tag.take().is_none() {
            self.bytes.drain(12..16);
        }
        if is_tagged(&self.bytes) {
            let tag: Vec<u8> = self.bytes.drain(12..16).collect();
            self.tag = Some(Tag { kind: EtherType([tag[0], tag[1]]), control: [tag[2], tag[3]] });
        }
    }

    fn room(&self) -> Result<(), Outcome> {
        if self.cramped { Err(Outcome::NoRoom) } else { Ok(()) }
    }
}

/// Whether there is a tag in the bytes.
fn is_tagged(bytes: &[u8]) -> bool {
    bytes.get(12..14).is_some_and(|kind| EtherType([kind[0], kind[1]]).is_vlan())
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl Frame for Bytes {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn view<T: Header>(&self, at: usize) -> Result<&T, Outcome> {
        let bytes = self.bytes.get(at..).ok_or(Outcome::Truncated)?;
        T::ref_from_prefix(bytes).map(|(view, _)| view).map_err(|_| Outcome::Truncated)
    }

    fn view_mut<T: Header>(&mut self, at: usize) -> Result<&mut T, Outcome> {
        let bytes = self.bytes.get_mut(at..).ok_or(Outcome::Truncated)?;
        T::mut_from_prefix(bytes).map(|(view, _)| view).map_err(|_| Outcome::Truncated)
    }

    fn tag(&self) -> Option<Tag> {
        self.tag
    }

    fn segment(&self) -> Option<u32> {
        self.segment
    }

    fn addressed(&self) -> Addressed {
        self.addressed
    }

    fn push(&mut self, outer: usize, tags: usize, inside: Inside) -> Result<(), Outcome> {
        self.room()?;
        self.inside = Some(inside);
        for _ in 0..tags {
            self.pop();
        }
        assert_eq!((self.tag, is_tagged(&self.bytes)), (None, false), "a tag that nobody counted");
        self.bytes.splice(..ETHERNET, std::vec![UNDEFINED; outer + ETHERNET + 4 * tags]);
        Ok(())
    }

    fn pull(&mut self, outer: usize, tag: Option<Tag>, inside: Inside) -> Result<(), Outcome> {
        self.room()?;
        assert!(self.is_settled(), "pulled twice");
        let end = outer + tag.map_or(0, |_| 4) + ETHERNET;
        if self.bytes.len() < end {
            return Err(Outcome::NoRoom);
        }
        self.inside = Some(inside);
        self.bytes.splice(..end, [UNDEFINED; ETHERNET]);
        self.unsettled = Some(tag);
        Ok(())
    }

    fn settle(&mut self, tag: Option<Tag>) -> Result<(), Outcome> {
        assert_eq!(self.unsettled.take(), Some(tag), "another tag than was pulled");
        self.tag = tag;
        Ok(())
    }

    fn resize(&mut self, len: usize) -> Result<(), Outcome> {
        self.room()?;
        self.bytes.resize(len, UNDEFINED);
        self.segment = None;
        Ok(())
    }

    fn copy_to(&mut self, device: IfIndex) {
        self.copy(How::To, device);
    }

    fn copy_into(&mut self, device: IfIndex) {
        self.copy(How::Into, device);
    }

    fn copy_to_transmit(&mut self, vtep_device: IfIndex) {
        self.copy(How::ToTransmit, vtep_device);
    }

    fn copy_to_resolve(&mut self, vtep_device: IfIndex, remote: RemoteIndex) {
        self.copy(How::ToResolve(remote), vtep_device);
    }

    fn outer_checksum(&self, pseudo_header: u32, udp_at: usize) -> Checksum {
        let pseudo = pseudo_header.to_be_bytes();
        if proof::sum(&[&pseudo, &self.bytes[udp_at..]]) == 0xffff {
            Checksum::Right
        } else {
            Checksum::Wrong
        }
    }
}
