//! The TC hook.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::{
        __sk_buff, BPF_CSUM_LEVEL_DEC, BPF_F_ADJ_ROOM_DECAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L2_ETH,
        BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L4_UDP, BPF_F_ADJ_ROOM_FIXED_GSO,
        BPF_F_ADJ_ROOM_NO_CSUM_RESET, TC_ACT_SHOT, TC_ACT_UNSPEC, bpf_adj_room_mode::BPF_ADJ_ROOM_MAC,
    },
    helpers::generated::{
        bpf_clone_redirect, bpf_csum_level, bpf_loop, bpf_redirect, bpf_redirect_peer, bpf_skb_adjust_room,
        bpf_skb_store_bytes,
    },
    macros::classifier,
    programs::TcContext,
};

use crate::TARGET;

/// Outer Ethernet, IPv4, UDP and VXLAN headers.
const OUTER: usize = 50;
const IPV4: u32 = 0x0800;

/// The floor at a port: on to the underlay.
#[classifier]
pub fn bench_tc_forward(_: TcContext) -> i32 {
    // SAFETY: the helper takes numbers.
    unsafe { bpf_redirect(TARGET.load(), 0) as i32 }
}

/// The floor at the underlay: straight into the container behind a port.
#[classifier]
pub fn bench_tc_deliver(_: TcContext) -> i32 {
    // SAFETY: the helper takes numbers.
    unsafe { bpf_redirect_peer(TARGET.load(), 0) as i32 }
}

/// Outer headers that are always the same, so that nothing is looked up: to everybody, VNI 444.
static HEADERS: [u8; OUTER] = {
    let mut bytes = [0; OUTER];
    let fixed: [u8; 36] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0xbe, 0, 0, 0, 1, 0x08, 0x00, // Ethernet
        0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 168, 1, 100, 192, 168, 1, 200, // IPv4
        0xc0, 0x00, // source port
    ];
    let mut at = 0;
    while at < fixed.len() {
        bytes[at] = fixed[at];
        at += 1;
    }
    (bytes[36], bytes[37]) = (0x12, 0xb5); // port 4789
    bytes[42] = 0x08; // VXLAN: there is a VNI
    (bytes[47], bytes[48]) = (0x01, 0xbc); // 444
    bytes
};

/// Encapsulation without a decision, at a port.
#[classifier]
pub fn bench_tc_encap(context: TcContext) -> i32 {
    let skb: *mut __sk_buff = context.skb.skb;
    let flags = BPF_F_ADJ_ROOM_FIXED_GSO
        | BPF_F_ADJ_ROOM_NO_CSUM_RESET
        | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
        | BPF_F_ADJ_ROOM_ENCAP_L4_UDP
        | BPF_F_ADJ_ROOM_ENCAP_L2_ETH;
    // BPF_F_ADJ_ROOM_ENCAP_L2(14)
    let flags = u64::from(flags) | 14 << 56;
    // SAFETY (all helpers here): `skb` is the context that the kernel gave, HEADERS as long as is said.
    unsafe {
        if u32::from(u16::from_be((*skb).protocol as u16)) != IPV4
            || bpf_skb_adjust_room(skb, OUTER as i32, BPF_ADJ_ROOM_MAC, flags) != 0
        {
            return TC_ACT_SHOT;
        }
        let headers: *const c_void = (&raw const HEADERS).cast();
        if bpf_skb_store_bytes(skb, 0, headers, OUTER as u32, 0) != 0 {
            return TC_ACT_SHOT;
        }
        bpf_redirect(TARGET.load(), 0) as i32
    }
}

/// The opposite, at the underlay.
#[classifier]
pub fn bench_tc_decap(context: TcContext) -> i32 {
    let skb: *mut __sk_buff = context.skb.skb;
    let flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_DECAP_L3_IPV4;
    // SAFETY (all helpers here): `skb` is the context that the kernel gave.
    unsafe {
        if u32::from(u16::from_be((*skb).protocol as u16)) != IPV4 {
            return TC_ACT_UNSPEC;
        }
        if bpf_skb_adjust_room(skb, -(OUTER as i32), BPF_ADJ_ROOM_MAC, flags.into()) != 0 {
            return TC_ACT_SHOT;
        }
        bpf_csum_level(skb, u64::from(BPF_CSUM_LEVEL_DEC));
        bpf_redirect_peer(TARGET.load(), 0) as i32
    }
}

/// How many copies a flood makes.
const COPIES: u32 = 64;

extern "C" fn copy(_: u32, skb: *mut c_void) -> i64 {
    // SAFETY: `bench_tc_copies` passes the place of its own context on the stack.
    unsafe { bpf_clone_redirect(*skb.cast::<*mut __sk_buff>(), TARGET.load(), 0) };
    0
}

/// A flood without a header: bare copies to the underlay.
#[classifier]
pub fn bench_tc_copies(context: TcContext) -> i32 {
    let mut skb: *mut __sk_buff = context.skb.skb;
    let callback = copy as extern "C" fn(u32, *mut c_void) -> i64;
    // SAFETY: `copy` has the type that the helper wants, and `skb` lives until it returns.
    unsafe { bpf_loop(COPIES, callback as *mut c_void, (&raw mut skb).cast(), 0) };
    TC_ACT_SHOT
}
