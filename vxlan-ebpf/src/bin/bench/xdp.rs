//! The XDP hook. All of these are aware of fragments, as the programs of vxbpf are: only such may call each other.

use aya_ebpf::{
    bindings::xdp_action::{XDP_DROP, XDP_PASS},
    btf_maps::ProgramArray,
    helpers::generated::bpf_redirect,
    macros::{btf_map, xdp},
    programs::XdpContext,
};

use crate::{STATIONS, TARGET, random, sink};

/// The program that gets what was generated.
#[btf_map(name = "next")]
static NEXT: ProgramArray<1> = ProgramArray::new();

/// The end of the way: counts the bench's own frames and drops them; others pass.
#[xdp(frags)]
pub fn bench_sink(context: XdpContext) -> u32 {
    if sink::takes(context.data(), context.data_end()) { XDP_DROP } else { XDP_PASS }
}

/// Into the stack.
#[xdp(frags)]
pub fn bench_pass(_: XdpContext) -> u32 {
    XDP_PASS
}

/// The floor: on to the next device.
#[xdp(frags)]
pub fn bench_forward(_: XdpContext) -> u32 {
    // SAFETY: the helper takes numbers.
    unsafe { bpf_redirect(TARGET.load(), 0) as u32 }
}

/// A frame as it is, to the program that a port has.
#[xdp(frags)]
pub fn bench_hand_on(context: XdpContext) -> u32 {
    // SAFETY: nothing here needs to be dropped.
    unsafe { NEXT.tail_call(&context, 0) };
    XDP_DROP
}

/// A frame to a random one of the stations.
#[xdp(frags)]
pub fn bench_generate(context: XdpContext) -> u32 {
    let station = random::choose(random::scatter(random::turn()), STATIONS.load());
    write_station(&context, 0, station)
}

/// A frame from each of the stations in turn.
#[xdp(frags)]
pub fn bench_announce(context: XdpContext) -> u32 {
    write_station(&context, 6, random::turn())
}

/// Writes the address of a station, `02:be:` and its number, and hands the frame on.
#[inline(always)]
fn write_station(context: &XdpContext, at: usize, station: u32) -> u32 {
    let start = context.data() + at;
    if start + 6 > context.data_end() {
        return XDP_DROP;
    }
    let [a, b, c, d] = station.to_be_bytes();
    // SAFETY: compared with `data_end`; six bytes have alignment 1.
    unsafe { (start as *mut [u8; 6]).write([0x02, 0xbe, a, b, c, d]) };
    // SAFETY: nothing here needs to be dropped.
    unsafe { NEXT.tail_call(context, 0) };
    XDP_DROP
}
