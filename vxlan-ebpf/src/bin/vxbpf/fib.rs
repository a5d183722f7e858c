//! Questions to the kernel's routing tables.
//!
//! `bpf_fib_lookup` is asked with `lo` as the device and without the OUTPUT flag: that is exactly the lookup that
//! the kernel does for its own packets (`ip_route_output_key` sets `flowi4_iif` to `lo`). It answers
//! FWD_DISABLED unless `lo` has forwarding on, which attach sees to; on `lo` that forwards nothing for anybody.

use core::mem::zeroed;

use aya_ebpf::{
    bindings::{
        __sk_buff, BPF_FIB_LKUP_RET_FWD_DISABLED, BPF_FIB_LKUP_RET_NO_NEIGH, BPF_FIB_LKUP_RET_NOT_FWDED,
        BPF_FIB_LKUP_RET_SUCCESS, BPF_FIB_LOOKUP_SKIP_NEIGH, BPF_FIB_LOOKUP_SRC, bpf_fib_lookup,
    },
    helpers::generated::{bpf_check_mtu, bpf_fib_lookup as fib_lookup},
};
use vxlan_common::{
    Address, Device, HopState, IfIndex, Mac, NextHop, Overlay, OverlayKey, Remote, RemoteIndex, Seconds,
    UdpPort, Vni,
};
use vxlan_ebpf::wire::protocol;

use crate::{
    maps::{DEVICE, NEXTHOP, QUESTION, REMOTE, VNI},
    state,
};

const AF_INET: u8 = 2;
const LOOPBACK: u32 = 1;
/// Makes the kernel fill in the path's MTU without refusing anything: any packet is at least this long.
const ASK_FOR_MTU: u16 = 1;

/// Writes the way to a VTEP of an overlay, as the kernel sees it now, into map `nexthop`.
///
/// A function of its own for the verifier too (global linkage, numbers as arguments): it is checked once and not
/// again for every path that leads to its callers.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_resolve(skb: *mut __sk_buff, index: u32, vni: u32, udp_port: u32, now: u32) -> u32 {
    let Ok(vni) = Vni::new(vni) else { return 0 };
    let key = OverlayKey::new(vni, UdpPort(udp_port as u16));
    // SAFETY: not preallocated, so a replaced row lives until this program ends.
    let Some(overlay) = (unsafe { VNI.get(key) }) else { return 0 };
    let index = RemoteIndex(index);
    let (Some(remote), Some(hop)) = (REMOTE.get(index.slot()), NEXTHOP.get_ptr_mut(index.slot())) else {
        return 0;
    };
    // SAFETY: this CPU's own value of a per-CPU map.
    let hop = unsafe { &mut *hop };
    hop.begin(index, overlay, Seconds(now), state::word(state::CHANGES) as u32);
    let destination = remote.address();
    if !destination.is_v4() {
        return 0;
    }
    if destination.is_multicast() {
        group(skb, remote, overlay, hop);
    } else {
        unicast(skb, remote, overlay, hop);
    }
    0
}

/// The device that the user named for this VTEP, or for the overlay.
#[inline(always)]
fn named_device(remote: &Remote, overlay: &Overlay) -> IfIndex {
    remote.via().unwrap_or(overlay.underlay_device())
}

/// A group is reached by the overlay's device; the kernel knows its Ethernet address.
#[inline(always)]
fn group(skb: *mut __sk_buff, remote: &Remote, overlay: &Overlay, hop: &mut NextHop) {
    let device = named_device(remote, overlay);
    if device == IfIndex::NONE || !is_local(skb, u32::from_ne_bytes(overlay.group_source().v4_bytes())) {
        return;
    }
    let mut mtu = 0;
    // SAFETY: `skb` is the context the kernel gave, `mtu` lives on the stack. On failure `mtu` stays 0: not known.
    unsafe { bpf_check_mtu(skb.cast(), device.0, &raw mut mtu, 0, 0) };
    hop.set_state(HopState::Unresolved);
    hop.set_path(device, remote.address(), overlay.group_source(), mtu);
}

#[inline(always)]
fn unicast(skb: *mut __sk_buff, remote: &Remote, overlay: &Overlay, hop: &mut NextHop) {
    let destination = u32::from_ne_bytes(remote.address().v4_bytes());
    let Some(route) = question() else { return };
    let mut answer = ask(skb, route, destination, &overlay.local(), 0);
    let state = if answer == BPF_FIB_LKUP_RET_NO_NEIGH {
        // This answer leaves the MTU out; asked without the neighbour, the kernel gives one.
        answer = ask(skb, route, destination, &overlay.local(), BPF_FIB_LOOKUP_SKIP_NEIGH);
        HopState::Unresolved
    } else {
        HopState::Ready
    };
    match answer {
        BPF_FIB_LKUP_RET_SUCCESS => {}
        BPF_FIB_LKUP_RET_FWD_DISABLED => return guess(remote, overlay, hop),
        BPF_FIB_LKUP_RET_NOT_FWDED if remote.is_home(overlay.local()) => {
            return hop.set_state(HopState::Home);
        }
        _ => return hop.set_state(HopState::NoRoute),
    }
    // An IPv6 router on the way to an IPv4 VTEP (RFC 5549), or a device that the user did not name.
    if route.family != AF_INET || remote.via().is_some_and(|via| via.0 != route.ifindex) {
        return guess(remote, overlay, hop);
    }
    // SAFETY: every bit pattern is a value of each member; the kernel filled those of IPv4.
    let (gateway, source, mtu) = unsafe {
        (route.__bindgen_anon_4.ipv4_dst, route.__bindgen_anon_3.ipv4_src, route.__bindgen_anon_1.mtu_result)
    };
    hop.set_state(state);
    hop.set_path(
        IfIndex(route.ifindex),
        Address::v4(gateway.to_ne_bytes()),
        Address::v4(source.to_ne_bytes()),
        mtu.into(),
    );
    if state == HopState::Ready {
        hop.set_macs(Mac(route.dmac), Mac(route.smac));
        // SAFETY: only looked at.
        hop.set_takes_xdp(unsafe { DEVICE.get(route.ifindex) }.is_some_and(Device::takes_xdp));
    }
}

/// With a device and a source, `bpf_redirect_neigh` can do the kernel's own lookup; without, only the vxlan device can.
#[inline(always)]
fn guess(remote: &Remote, overlay: &Overlay, hop: &mut NextHop) {
    let device = named_device(remote, overlay);
    if device != IfIndex::NONE && overlay.local().is_v4() {
        hop.set_state(HopState::Guess);
        hop.set_path(device, Address::NONE, overlay.local(), 0);
    }
}

/// Whether an IPv4 address, its bytes in network order, is this host's: 1 or 0. (The kernel gives the same answer
/// for an address that no route leads to; a packet for it would go no further either.)
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn vxbpf_is_local(skb: *mut __sk_buff, address: u32) -> u32 {
    is_local(skb, address).into()
}

#[inline(always)]
fn is_local(skb: *mut __sk_buff, address: u32) -> bool {
    let Some(route) = question() else { return false };
    let answer = ask(skb, route, address, &Address::NONE, BPF_FIB_LOOKUP_SKIP_NEIGH);
    answer == BPF_FIB_LKUP_RET_NOT_FWDED || answer == BPF_FIB_LKUP_RET_FWD_DISABLED
}

/// This CPU's place for a question.
#[inline(always)]
fn question() -> Option<&'static mut bpf_fib_lookup> {
    let place = QUESTION.get_ptr_mut(0)?;
    // SAFETY: this CPU's own value of a per-CPU map, and one question is done with before the next is asked.
    Some(unsafe { &mut *place })
}

#[inline(always)]
fn ask(
    skb: *mut __sk_buff,
    route: &mut bpf_fib_lookup,
    destination: u32,
    source: &Address,
    flags: u32,
) -> u32 {
    // SAFETY: zero is a value of every member.
    *route = unsafe { zeroed() };
    route.family = AF_INET;
    route.l4_protocol = protocol::UDP;
    route.ifindex = LOOPBACK;
    route.__bindgen_anon_1.tot_len = ASK_FOR_MTU;
    route.__bindgen_anon_4.ipv4_dst = destination;
    let mut flags = flags;
    if source.is_v4() {
        route.__bindgen_anon_3.ipv4_src = u32::from_ne_bytes(source.v4_bytes());
    } else {
        flags |= BPF_FIB_LOOKUP_SRC;
    }
    let size = size_of::<bpf_fib_lookup>() as i32;
    // SAFETY: `skb` is the context the kernel gave; `route` is a map's value of this size.
    unsafe { fib_lookup(skb.cast(), &raw mut *route, size, flags) as u32 }
}
