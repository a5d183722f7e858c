//! A frame in a byte vector.

use std::vec::Vec;

use vxlan_common::{IfIndex, Outcome};

use crate::{
    Frame,
    frame::{Addressed, Checksum, Header, Inside},
    wire::{Tag, checksum},
};

/// What undefined bytes look like: a byte that was forgotten is seen.
const UNDEFINED: u8 = 0xa5;

/// A copy that left, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    To(IfIndex, Vec<u8>),
    Into(IfIndex, Vec<u8>),
    ToResolve(IfIndex, Vec<u8>),
}

#[derive(Clone, Debug)]
pub(super) struct Bytes {
    pub bytes: Vec<u8>,
    pub tag: Option<Tag>,
    pub segment: Option<u32>,
    pub addressed: Addressed,
    pub copies: Vec<Copied>,
}

impl Bytes {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, tag: None, segment: None, addressed: Addressed::Host, copies: Vec::new() }
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

    fn push(&mut self, outer: usize, _: Inside) -> Result<(), Outcome> {
        let tag = self.tag.take().map_or(0, |_| 4);
        let undefined = std::vec![UNDEFINED; outer + 14 + tag];
        self.bytes.splice(..14, undefined);
        Ok(())
    }

    fn pull(&mut self, outer: usize, tag: Option<Tag>, _: Inside) -> Result<(), Outcome> {
        let room = outer + tag.map_or(0, |_| 4);
        if self.bytes.len() < room + 14 {
            return Err(Outcome::NoRoom);
        }
        self.bytes.splice(..room + 14, [UNDEFINED; 14]);
        Ok(())
    }

    fn settle(&mut self, tag: Option<Tag>) -> Result<(), Outcome> {
        self.tag = tag;
        Ok(())
    }

    fn resize(&mut self, len: usize) -> Result<(), Outcome> {
        self.bytes.resize(len, UNDEFINED);
        self.segment = None;
        Ok(())
    }

    fn copy_to(&mut self, device: IfIndex) {
        self.copies.push(Copied::To(device, self.bytes.clone()));
    }

    fn copy_into(&mut self, device: IfIndex) {
        self.copies.push(Copied::Into(device, self.bytes.clone()));
    }

    fn copy_to_resolve(&mut self, vtep_device: IfIndex) {
        self.copies.push(Copied::ToResolve(vtep_device, self.bytes.clone()));
    }

    fn outer_checksum(&self, pseudo_header: u32, udp_at: usize) -> Checksum {
        let sum = checksum::sum(&self.bytes[udp_at..]) + pseudo_header;
        if checksum::fold(sum) == 0xffff { Checksum::Right } else { Checksum::Wrong }
    }
}
