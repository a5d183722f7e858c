//! What a hash map costs by itself: keys and values as large as those of vxbpf's FDB.

use core::hint::black_box;

use aya_ebpf::{
    bindings::xdp_action::{XDP_DROP, XDP_PASS},
    btf_maps::HashMap,
    macros::{btf_map, xdp},
    programs::XdpContext,
};

use crate::{STATIONS, random};

/// How many look-ups one run does: so many that what a run costs besides is little.
const LOOKUPS: u32 = 32;

/// Station, by its number and zeros.
#[btf_map(name = "stations")]
static TABLE: HashMap<[u32; 3], [u64; 2], 1024> = HashMap::new();

/// Random hits; passes if one is missed.
#[xdp]
pub fn bench_lookup(_: XdpContext) -> u32 {
    for _ in 0..LOOKUPS {
        let station = random::choose(random::scatter(random::turn()), STATIONS.load());
        if TABLE.get_ptr([station, 0, 0]).is_none() {
            return XDP_PASS;
        }
    }
    XDP_DROP
}

/// The same without the map.
#[xdp]
pub fn bench_no_lookup(_: XdpContext) -> u32 {
    for _ in 0..LOOKUPS {
        black_box(random::choose(random::scatter(random::turn()), STATIONS.load()));
    }
    XDP_DROP
}
