//! A frame at a TC hook. The one place that touches packet bytes.

use aya_ebpf::bindings::bpf_adj_room_mode::BPF_ADJ_ROOM_MAC;
use aya_ebpf::{
    bindings::{
        __sk_buff, BPF_CSUM_LEVEL_DEC, BPF_CSUM_LEVEL_QUERY, BPF_F_ADJ_ROOM_DECAP_L3_IPV4,
        BPF_F_ADJ_ROOM_DECAP_L3_IPV6, BPF_F_ADJ_ROOM_ENCAP_L2_ETH, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4,
        BPF_F_ADJ_ROOM_ENCAP_L4_UDP, BPF_F_ADJ_ROOM_FIXED_GSO, BPF_F_ADJ_ROOM_NO_CSUM_RESET, BPF_F_INGRESS,
    },
    helpers::generated::{
        bpf_clone_redirect, bpf_csum_diff, bpf_csum_level, bpf_skb_adjust_room, bpf_skb_change_head,
        bpf_skb_change_tail, bpf_skb_load_bytes, bpf_skb_pull_data, bpf_skb_vlan_pop, bpf_skb_vlan_push,
    },
};
use vxlan_common::{IfIndex, Outcome, RemoteIndex, mark};
use vxlan_ebpf::{
    Frame, Tables,
    frame::{Addressed, Checksum, Header, Inside},
    wire::{EtherType, Ipv4, Tag, checksum},
};

use crate::{
    apart,
    maps::{SCRATCH, SCRATCH_PAD, TOKEN},
};

/// How far the engine reads: the outer headers, a tagged inner one, IPv6 and TCP.
const HEADERS: u32 = 50 + 18 + 40 + 20;

/// An Ethernet header, which `bpf_skb_adjust_room` leaves in front.
const ETHERNET: u64 = 14;
const TAG: usize = 4;
/// What `bpf_skb_adjust_room` leaves at least of a frame that it was not told to hold IPv6.
const LEAST: usize = ETHERNET as usize + size_of::<Ipv4>();

/// `BPF_F_ADJ_ROOM_ENCAP_L2(len)`, a macro that bindings cannot carry.
const fn encap_l2(len: u64) -> u64 {
    (len & 0xff) << 56
}

pub(crate) struct TcFrame {
    skb: *mut __sk_buff,
}

impl TcFrame {
    /// The frame of a context, with its headers where they can be read.
    #[inline(always)]
    pub(crate) fn new(skb: *mut __sk_buff) -> Self {
        let frame = Self { skb };
        let (linear, len) = (frame.data_end() - frame.data(), frame.len());
        if linear < HEADERS as usize && linear < len {
            let wanted = if len < HEADERS as usize { len as u32 } else { HEADERS };
            // SAFETY: `skb` is the context the kernel gave. A failure leaves less to read, which `view` sees.
            unsafe { bpf_skb_pull_data(skb, wanted) };
        }
        frame
    }

    #[inline(always)]
    fn data(&self) -> usize {
        // SAFETY: `skb` is the context the kernel gave; the field may change with each helper, hence volatile.
        unsafe { (&raw const (*self.skb).data).read_volatile() as usize }
    }

    #[inline(always)]
    fn data_end(&self) -> usize {
        // SAFETY: as in `data`.
        unsafe { (&raw const (*self.skb).data_end).read_volatile() as usize }
    }

    /// The start of `size` readable bytes `at` bytes from the start of the frame.
    #[inline(always)]
    fn place(&self, at: usize, size: usize) -> Option<usize> {
        let start = self.data() + at;
        (start + size <= self.data_end()).then_some(start)
    }

    /// The device at whose hook it is.
    #[inline(always)]
    pub(crate) fn device(&self) -> IfIndex {
        // SAFETY: `skb` is the context the kernel gave.
        IfIndex(unsafe { (*self.skb).ifindex })
    }

    /// What `mark` says.
    #[inline(always)]
    pub(crate) fn mark(&self) -> u32 {
        // SAFETY: `skb` is the context the kernel gave.
        unsafe { (*self.skb).mark }
    }

    /// Leaves a word for the program where the frame comes in again.
    #[inline(always)]
    pub(crate) fn set_mark(&mut self, mark: u32) {
        // SAFETY: as in `mark`.
        unsafe { (*self.skb).mark = mark }
    }

    /// What `tc_index` says.
    #[inline(always)]
    pub(crate) fn index(&self) -> u32 {
        // SAFETY: as in `mark`.
        unsafe { (*self.skb).tc_index }
    }

    /// Writes `tc_index`.
    #[inline(always)]
    pub(crate) fn set_index(&mut self, index: u32) {
        // SAFETY: as in `mark`.
        unsafe { (*self.skb).tc_index = index }
    }

    /// Leaves a word for the program at the egress where the frame, or its clone, goes next.
    #[inline(always)]
    pub(crate) fn vouch(&mut self, word: u32) {
        if let Some(token) = TOKEN.get_ptr_mut(0) {
            // SAFETY: this CPU's own value of a per-CPU map.
            unsafe { *token = word };
        }
        self.set_index(word);
    }

    /// The word that was left for this frame; 0: none. It is taken out.
    #[inline(always)]
    pub(crate) fn vouched(&mut self) -> u32 {
        let Some(token) = TOKEN.get_ptr_mut(0) else { return 0 };
        // SAFETY: this CPU's own value of a per-CPU map.
        let word = unsafe { token.replace(0) };
        if word == 0 || self.index() != word {
            return 0;
        }
        self.set_index(0);
        word
    }

    /// Makes the kernel read the frame's protocol again: what went in as ARP is IP since it has outer headers.
    /// Pushing two tags and popping them does it (`skb_vlan_pop` derives the protocol from the frame).
    #[inline(always)]
    pub(crate) fn rederive_protocol(&mut self) -> Result<(), Outcome> {
        const ANY_VLAN: u16 = 1;
        // SAFETY: `skb` is the context the kernel gave.
        let failed = unsafe {
            bpf_skb_vlan_push(self.skb, u16::from_ne_bytes(EtherType::VLAN.0), ANY_VLAN) != 0
                || bpf_skb_vlan_push(self.skb, u16::from_ne_bytes(EtherType::VLAN.0), ANY_VLAN) != 0
                || bpf_skb_vlan_pop(self.skb) != 0
                || bpf_skb_vlan_pop(self.skb) != 0
        };
        if failed { Err(Outcome::NoRoom) } else { Ok(()) }
    }
}

impl Frame for TcFrame {
    #[inline(always)]
    fn len(&self) -> usize {
        // SAFETY: `skb` is the context the kernel gave.
        unsafe { (*self.skb).len as usize }
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
        // SAFETY: as in `view`; the kernel unshares the bytes of a frame that a program writes to.
        Ok(unsafe { &mut *(start as *mut T) })
    }

    #[inline(always)]
    fn tag(&self) -> Option<Tag> {
        // SAFETY: `skb` is the context the kernel gave.
        let (present, kind, control) =
            unsafe { ((*self.skb).vlan_present, (*self.skb).vlan_proto, (*self.skb).vlan_tci) };
        // `vlan_proto` is in network order, `vlan_tci` in host order.
        let kind = EtherType((kind as u16).to_ne_bytes());
        (present != 0).then_some(Tag { kind, control: (control as u16).to_be_bytes() })
    }

    #[inline(always)]
    fn segment(&self) -> Option<u32> {
        // SAFETY: `skb` is the context the kernel gave.
        let size = unsafe { (*self.skb).gso_size };
        (size != 0).then_some(size)
    }

    #[inline(always)]
    fn addressed(&self) -> Addressed {
        // linux/if_packet.h
        const PACKET_HOST: u32 = 0;
        const PACKET_BROADCAST: u32 = 1;
        const PACKET_MULTICAST: u32 = 2;
        // SAFETY: `skb` is the context the kernel gave.
        match unsafe { (*self.skb).pkt_type } {
            PACKET_HOST => Addressed::Host,
            PACKET_BROADCAST | PACKET_MULTICAST => Addressed::Group,
            _ => Addressed::Other,
        }
    }

    #[inline(always)]
    fn push(&mut self, outer: usize, tags: usize, inside: Inside) -> Result<(), Outcome> {
        // The kernel takes off the tag beside the frame first, and puts the next one of the frame there.
        for tag in 0..2 {
            // SAFETY (all helpers here): `skb` is the context the kernel gave; no view of it is alive.
            if tag < tags && unsafe { bpf_skb_vlan_pop(self.skb) } != 0 {
                return Err(Outcome::NoRoom);
            }
        }
        let tags = TAG * tags;
        let room = outer + tags;
        let refused = if inside == Inside::Other {
            // adjust_room refuses what is not IP; such a frame is never several segments.
            // SAFETY: as above.
            unsafe { bpf_skb_change_head(self.skb, room as u32, 0) }
        } else {
            let flags = BPF_F_ADJ_ROOM_FIXED_GSO
                | BPF_F_ADJ_ROOM_NO_CSUM_RESET
                | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
                | BPF_F_ADJ_ROOM_ENCAP_L4_UDP
                | BPF_F_ADJ_ROOM_ENCAP_L2_ETH;
            let flags = u64::from(flags) | encap_l2(ETHERNET + tags as u64);
            // SAFETY: as above.
            unsafe { bpf_skb_adjust_room(self.skb, room as i32, BPF_ADJ_ROOM_MAC, flags) }
        };
        match refused {
            0 => Ok(()),
            // A tunnel's packet that waits for its checksums or segments cannot be put into a second tunnel here
            // (EALREADY); the device can. A tag that came off meanwhile could not be put back.
            _ if tags == 0 => Err(Outcome::SlowPath),
            _ => Err(Outcome::NoRoom),
        }
    }

    #[inline(always)]
    fn pull(&mut self, outer: usize, tag: Option<Tag>, inside: Inside) -> Result<(), Outcome> {
        let room = outer + tag.map_or(0, |_| TAG);
        let inner = match inside {
            Inside::Ipv4 => BPF_F_ADJ_ROOM_DECAP_L3_IPV4,
            Inside::Ipv6 => BPF_F_ADJ_ROOM_DECAP_L3_IPV6,
            Inside::Other => 0,
        };
        let flags = u64::from(BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | inner);
        let len = self.len() - room;
        // EAPOL and others are shorter.
        let is_short = len < LEAST;
        if is_short {
            self.resize(LEAST + room)?;
        }
        // SAFETY: `skb` is the context the kernel gave; no view of it is alive.
        if unsafe { bpf_skb_adjust_room(self.skb, -(room as i32), BPF_ADJ_ROOM_MAC, flags) } != 0 {
            return Err(Outcome::NoRoom);
        }
        if is_short {
            self.resize(len)?;
        }
        // A NIC that verified the outer checksum said nothing of the inner one.
        // SAFETY: as above.
        unsafe { bpf_csum_level(self.skb, u64::from(BPF_CSUM_LEVEL_DEC)) };
        Ok(())
    }

    #[inline(always)]
    fn settle(&mut self, tag: Option<Tag>) -> Result<(), Outcome> {
        let Some(tag) = tag else { return Ok(()) };
        let (kind, control) = (u16::from_ne_bytes(tag.kind.0), u16::from_be_bytes(tag.control));
        // SAFETY: `skb` is the context the kernel gave; no view of it is alive.
        if unsafe { bpf_skb_vlan_push(self.skb, kind, control) } == 0 { Ok(()) } else { Err(Outcome::NoRoom) }
    }

    #[inline(always)]
    fn resize(&mut self, len: usize) -> Result<(), Outcome> {
        // SAFETY: `skb` is the context the kernel gave; no view of it is alive.
        if unsafe { bpf_skb_change_tail(self.skb, len as u32, 0) } == 0 {
            Ok(())
        } else {
            Err(Outcome::NoRoom)
        }
    }

    #[inline(always)]
    fn encapsulate<T: Tables>(&mut self, _: &T, device: IfIndex, to_group: bool) -> Result<(), Outcome> {
        match apart::vxbpf_encapsulate(self.skb, device.0, to_group.into()) {
            apart::DONE => Ok(()),
            number if number == Outcome::SlowPath as u32 => Err(Outcome::SlowPath),
            number if number == Outcome::Truncated as u32 => Err(Outcome::Truncated),
            _ => Err(Outcome::NoRoom),
        }
    }

    #[inline(always)]
    fn largest_packet(&self) -> usize {
        apart::vxbpf_largest(self.skb) as usize
    }

    #[inline(always)]
    fn checksum_is_right(&self) -> bool {
        apart::vxbpf_checksum(self.skb) != 0
    }

    #[inline(always)]
    fn copy_to(&mut self, device: IfIndex) {
        // SAFETY: `skb` is the context the kernel gave; no view of it is alive. A copy that cannot leave is
        // counted by the device that refused it.
        unsafe { bpf_clone_redirect(self.skb, device.0, 0) };
    }

    #[inline(always)]
    fn copy_into(&mut self, device: IfIndex) {
        let own = self.mark();
        self.set_mark(mark::DELIVERED);
        // SAFETY: as in `copy_to`.
        unsafe { bpf_clone_redirect(self.skb, device.0, u64::from(BPF_F_INGRESS)) };
        self.set_mark(own);
    }

    #[inline(always)]
    fn copy_to_transmit(&mut self, vtep_device: IfIndex) {
        self.vouch(mark::SLOW_PATH);
        // SAFETY: as in `copy_to`.
        unsafe { bpf_clone_redirect(self.skb, vtep_device.0, 0) };
        self.vouch(0);
    }

    #[inline(always)]
    fn copy_to_resolve(&mut self, vtep_device: IfIndex, remote: RemoteIndex) {
        self.vouch(mark::ENCAPSULATED | remote.slot());
        // SAFETY: as in `copy_to`.
        unsafe { bpf_clone_redirect(self.skb, vtep_device.0, 0) };
        self.vouch(0);
    }

    #[inline(always)]
    fn outer_checksum(&self, pseudo_header: u32, udp_at: usize) -> Checksum {
        // SAFETY: `skb` is the context the kernel gave.
        let level = unsafe { bpf_csum_level(self.skb, u64::from(BPF_CSUM_LEVEL_QUERY)) };
        if level >= 0 || self.segment().is_some() {
            return Checksum::Right;
        }
        let sum = self.sum_from(udp_at) + u64::from(pseudo_header);
        let sum = (sum & 0xffff_ffff) + (sum >> 32);
        let sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
        if checksum::fold(sum as u32) == 0xffff { Checksum::Right } else { Checksum::Wrong }
    }
}

impl TcFrame {
    /// Sum of the 16-bit words from `at` to the end, in host order, not folded. At most 64 KiB.
    #[inline(always)]
    fn sum_from(&self, at: usize) -> u64 {
        const PIECES: usize = 0x10000 / SCRATCH;
        let Some(pad) = SCRATCH_PAD.get_ptr_mut(0) else { return 0 };
        let mut sum = 0_u64;
        for piece in 0..PIECES {
            let start = at + piece * SCRATCH;
            let left = self.len().saturating_sub(start);
            if left == 0 {
                break;
            }
            let size = if left < SCRATCH { left } else { SCRATCH };
            // SAFETY: `pad` is this CPU's own element of a per-CPU map, SCRATCH bytes long, and no program of ours
            // runs inside another one between these lines.
            let difference = unsafe {
                if size < SCRATCH {
                    pad.write([0; SCRATCH / 4]);
                }
                let wanted = ((size - 1) & (SCRATCH - 1)) + 1;
                if bpf_skb_load_bytes(self.skb.cast(), start as u32, pad.cast(), wanted as u32) != 0 {
                    return 0;
                }
                bpf_csum_diff(core::ptr::null_mut(), 0, pad.cast(), SCRATCH as u32, 0)
            };
            // csum_diff sums 16-bit words in memory order: swap, as RFC 1071 section 2(B) allows.
            let folded = checksum::fold(checksum::fold(difference as u32).into());
            sum += u64::from(folded.swap_bytes());
        }
        sum
    }
}
