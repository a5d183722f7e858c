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
        bpf_skb_load_bytes, bpf_skb_store_bytes,
    },
    macros::classifier,
    programs::TcContext,
};

use crate::{TARGET, sink};

/// Outer Ethernet, IPv4, UDP and VXLAN headers.
const OUTER: usize = 50;
const ETHERNET: usize = 14;
const IPV4: u16 = 0x0800;

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

/// The end of the way for what is handed into a container behind its veth, and so passes no XDP program there.
#[classifier]
pub fn bench_tc_sink(context: TcContext) -> i32 {
    if sink::takes(context.data(), context.data_end()) { TC_ACT_SHOT } else { TC_ACT_UNSPEC }
}

/// Bytes on the stack, which the verifier wants accessed aligned.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Aligned<const N: usize>([u8; N]);

/// Outer headers that are always the same but for the lengths, so that nothing is looked up: to everybody, VNI 444. The inner
/// Ethernet header comes behind them.
static HEADERS: Aligned<{ OUTER + ETHERNET }> = {
    let mut bytes = [0; OUTER + ETHERNET];
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
    Aligned(bytes)
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
    // The room comes behind the Ethernet header, which moves to its end.
    let Aligned(mut headers) = HEADERS;
    let inner = headers[OUTER..].as_mut_ptr();
    // SAFETY (all helpers here): `skb` is the context that the kernel gave, `headers` as long as is said.
    unsafe {
        if !is_ipv4(skb)
            || bpf_skb_load_bytes(skb.cast(), 0, inner.cast(), ETHERNET as u32) != 0
            || bpf_skb_adjust_room(skb, OUTER as i32, BPF_ADJ_ROOM_MAC, flags) != 0
        {
            return TC_ACT_SHOT;
        }
        let length = (*skb).len - ETHERNET as u32;
        headers[16..18].copy_from_slice(&(length as u16).to_be_bytes());
        headers[38..40].copy_from_slice(&(length as u16 - 20).to_be_bytes());
        if bpf_skb_store_bytes(skb, 0, headers.as_ptr().cast(), headers.len() as u32, 0) != 0 {
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
    let Aligned(mut inner) = Aligned([0; 16]);
    // SAFETY (all helpers here): `skb` is the context that the kernel gave, `inner` as long as is said.
    unsafe {
        if !is_ipv4(skb) {
            return TC_ACT_UNSPEC;
        }
        if bpf_skb_load_bytes(skb.cast(), OUTER as u32, inner.as_mut_ptr().cast(), ETHERNET as u32) != 0
            || bpf_skb_adjust_room(skb, -(OUTER as i32), BPF_ADJ_ROOM_MAC, flags.into()) != 0
            || bpf_skb_store_bytes(skb, 0, inner.as_ptr().cast(), ETHERNET as u32, 0) != 0
        {
            return TC_ACT_SHOT;
        }
        bpf_csum_level(skb, u64::from(BPF_CSUM_LEVEL_DEC));
        bpf_redirect_peer(TARGET.load(), 0) as i32
    }
}

#[inline(always)]
fn is_ipv4(skb: *const __sk_buff) -> bool {
    // SAFETY: `skb` is the context that the kernel gave. The field is in network order.
    unsafe { (*skb).protocol as u16 == IPV4.to_be() }
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
