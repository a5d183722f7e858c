//! A frame at an XDP hook: a short cut in front of TC. What it cannot do is never asked of it, since the engine passes such
//! frames on; see [`Frame::SHORT_CUT`].

use aya_ebpf::{
    bindings::xdp_md,
    helpers::generated::{bpf_xdp_adjust_head, bpf_xdp_get_buff_len},
};
use vxlan_common::{IfIndex, Mac, Outcome, RemoteIndex};
use vxlan_ebpf::{
    Frame,
    frame::{Addressed, Checksum, Header, Inside},
    wire::{Ethernet, Tag},
};

use crate::maps::DEVICE;

pub(crate) struct XdpFrame {
    context: *mut xdp_md,
    /// Bytes in all buffers of the frame.
    len: usize,
}

impl XdpFrame {
    #[inline(always)]
    pub(crate) fn new(context: *mut xdp_md) -> Self {
        // SAFETY: `context` is the one the kernel gave.
        let len = unsafe { bpf_xdp_get_buff_len(context) as usize };
        Self { context, len }
    }

    /// The device that it came by.
    #[inline(always)]
    pub(crate) fn device(&self) -> IfIndex {
        // SAFETY: `context` is the one the kernel gave.
        IfIndex(unsafe { (*self.context).ingress_ifindex })
    }

    /// The start of `size` readable bytes `at` bytes from the start of the frame.
    #[inline(always)]
    fn place(&self, at: usize, size: usize) -> Option<usize> {
        // SAFETY: `context` is the one the kernel gave; the fields change with each helper, hence volatile.
        let (data, end) = unsafe {
            (
                (&raw const (*self.context).data).read_volatile() as usize,
                (&raw const (*self.context).data_end).read_volatile() as usize,
            )
        };
        let start = data + at;
        (start + size <= end).then_some(start)
    }
}

impl Frame for XdpFrame {
    const SHORT_CUT: bool = true;

    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn view<T: Header>(&self, at: usize) -> Result<&T, Outcome> {
        let start = self.place(at, size_of::<T>()).ok_or(Outcome::Truncated)?;
        // SAFETY: `place` compared with `data_end`; a Header has alignment 1 and any bytes are one; the borrow
        // of `self` keeps helpers that move the packet away from the reference.
        Ok(unsafe { &*(start as *const T) })
    }

    #[inline(always)]
    fn view_mut<T: Header>(&mut self, at: usize) -> Result<&mut T, Outcome> {
        let start = self.place(at, size_of::<T>()).ok_or(Outcome::Truncated)?;
        // SAFETY: as in `view`.
        Ok(unsafe { &mut *(start as *mut T) })
    }

    /// Not to be seen here: see `PortFlags::TAGS`.
    #[inline(always)]
    fn tag(&self) -> Option<Tag> {
        None
    }

    #[inline(always)]
    fn segment(&self) -> Option<u32> {
        None
    }

    #[inline(always)]
    fn addressed(&self) -> Addressed {
        let Ok(ethernet) = self.view::<Ethernet>(0) else { return Addressed::Other };
        let Mac([first, ..]) = ethernet.destination();
        if first & 1 != 0 {
            return Addressed::Group;
        }
        // SAFETY: not preallocated, so a replaced row lives until this program ends.
        match unsafe { DEVICE.get(self.device().0) } {
            Some(device) if device.mac() == ethernet.destination() => Addressed::Host,
            Some(_) | None => Addressed::Other,
        }
    }

    #[inline(always)]
    fn push(&mut self, outer: usize, _: usize, _: Inside) -> Result<(), Outcome> {
        // SAFETY: `context` is the one the kernel gave; no view of the frame is alive. A failure changes nothing.
        if unsafe { bpf_xdp_adjust_head(self.context, -(outer as i32)) } != 0 {
            return Err(Outcome::SlowPath);
        }
        self.len += outer;
        Ok(())
    }

    #[inline(always)]
    fn pull(&mut self, outer: usize, _: Option<Tag>, _: Inside) -> Result<(), Outcome> {
        // SAFETY: as in `push`.
        if unsafe { bpf_xdp_adjust_head(self.context, outer as i32) } != 0 {
            return Err(Outcome::SlowPath);
        }
        self.len = self.len.wrapping_sub(outer);
        Ok(())
    }

    #[inline(always)]
    fn settle(&mut self, _: Option<Tag>) -> Result<(), Outcome> {
        Ok(())
    }

    #[inline(always)]
    fn resize(&mut self, _: usize) -> Result<(), Outcome> {
        Err(Outcome::SlowPath)
    }

    #[inline(always)]
    fn copy_to(&mut self, _: IfIndex) {}

    #[inline(always)]
    fn copy_into(&mut self, _: IfIndex) {}

    #[inline(always)]
    fn copy_to_transmit(&mut self, _: IfIndex) {}

    #[inline(always)]
    fn copy_to_resolve(&mut self, _: IfIndex, _: RemoteIndex) {}

    #[inline(always)]
    fn outer_checksum(&self, _: u32, _: usize) -> Checksum {
        Checksum::Wrong
    }
}
