//! Every map. Their names are what `bpftool map` shows; their types are vxlan-common's.

use aya_ebpf::{
    Global,
    bindings::{BPF_F_NO_PREALLOC, bpf_fib_lookup},
    btf_maps::{
        Array, ArrayOfMaps, HashMap, LpmTrie, LruHashMap, PerCpuArray, PerCpuHashMap, ProgramArray, RingBuf,
    },
    macros::btf_map,
};
use vxlan_common::{
    AdmitKey, AllowKey, Binder, CACHE_ROWS, Count, CountKey, Device, Event, FdbEntry, FdbKey, FloodList,
    Known, LocalAddress, NeighEntry, NeighKey, NextHop, Overlay, OverlayKey, Place, PlaceKey, Port, READERS,
    REMOTES, Remote, RemoteKey, RemoteTraffic, RxHit, Subject, TxHit, Unicast,
};

const SPARSE: usize = BPF_F_NO_PREALLOC as usize;
const OVERLAYS: usize = 4096;
const FDB: usize = 131_072;
const RING: usize = 65_536;
const VTEPS: usize = REMOTES as usize;

/// Size of map `ring`; the loader says otherwise when it makes the map of another size.
#[unsafe(no_mangle)]
pub(crate) static RING_SLOTS: Global<u32> = Global::new(RING as u32);

#[btf_map(name = "vni")]
pub(crate) static VNI: HashMap<OverlayKey, Overlay, OVERLAYS, SPARSE> = HashMap::new();

#[btf_map(name = "listen")]
pub(crate) static LISTEN: HashMap<u32, u32, OVERLAYS, SPARSE> = HashMap::new();

#[btf_map(name = "port")]
pub(crate) static PORT: HashMap<u32, Port, { 4 * OVERLAYS }> = HashMap::new();

#[btf_map(name = "device")]
pub(crate) static DEVICE: HashMap<u32, Device, { 8 * OVERLAYS }, SPARSE> = HashMap::new();

#[btf_map(name = "fdb")]
pub(crate) static FDB_TABLE: HashMap<FdbKey, FdbEntry, FDB> = HashMap::new();

#[btf_map(name = "neigh")]
pub(crate) static NEIGH: HashMap<NeighKey, NeighEntry, FDB, SPARSE> = HashMap::new();

/// As many bindings as can be learned in all: half of what `neigh` has room for.
#[btf_map(name = "binding")]
pub(crate) static BINDING: HashMap<PlaceKey, Place, { FDB / 2 }, SPARSE> = HashMap::new();

#[btf_map(name = "binder")]
pub(crate) static BINDER: HashMap<u32, Binder, { 4 * OVERLAYS }, SPARSE> = HashMap::new();

#[btf_map(name = "ring")]
pub(crate) static RING_TABLE: Array<FdbKey, RING> = Array::new();

#[btf_map(name = "flood")]
pub(crate) static FLOOD: HashMap<OverlayKey, FloodList, OVERLAYS, SPARSE> = HashMap::new();

#[btf_map(name = "remote")]
pub(crate) static REMOTE: Array<Remote, VTEPS> = Array::new();

#[btf_map(name = "vtep")]
pub(crate) static VTEP: HashMap<RemoteKey, u32, VTEPS> = HashMap::new();

#[btf_map(name = "vtep_traffic")]
pub(crate) static VTEP_TRAFFIC: PerCpuArray<RemoteTraffic, VTEPS> = PerCpuArray::new();

#[btf_map(name = "nexthop")]
pub(crate) static NEXTHOP: PerCpuArray<NextHop, VTEPS> = PerCpuArray::new();

#[btf_map(name = "admit")]
pub(crate) static ADMIT: HashMap<AdmitKey, Known, { 16 * OVERLAYS }, SPARSE> = HashMap::new();

#[btf_map(name = "allow")]
pub(crate) static ALLOW: LpmTrie<AllowKey, Known, { 4 * OVERLAYS }> = LpmTrie::new();

/// Slots of map `local`, chosen by the address's last byte.
pub(crate) const LOCAL_SLOTS: usize = 16;

#[btf_map(name = "local")]
pub(crate) static LOCAL: PerCpuArray<LocalAddress, LOCAL_SLOTS> = PerCpuArray::new();

#[btf_map(name = "count")]
pub(crate) static COUNT: PerCpuHashMap<CountKey, Count, { 64 * OVERLAYS }, SPARSE> = PerCpuHashMap::new();

/// What of [`COUNT`] need not be looked for, by the number of the overlay.
#[btf_map(name = "unicast")]
pub(crate) static UNICAST: PerCpuArray<Unicast, OVERLAYS> = PerCpuArray::new();

#[btf_map(name = "tx_cache")]
pub(crate) static TX_CACHE: PerCpuArray<TxHit, { CACHE_ROWS as usize }> = PerCpuArray::new();

#[btf_map(name = "rx_cache")]
pub(crate) static RX_CACHE: PerCpuArray<RxHit, { CACHE_ROWS as usize }> = PerCpuArray::new();

#[btf_map(name = "state")]
pub(crate) static STATE: Array<u64, 16> = Array::new();

/// What was reported, and in which second.
#[btf_map(name = "told")]
pub(crate) static TOLD: LruHashMap<Subject, u32, 8192> = LruHashMap::new();

/// The rings of those who listen; each brings its own. (The type says how large one is that the loader never makes.)
#[btf_map(name = "events")]
pub(crate) static EVENTS: ArrayOfMaps<RingBuf<Event, 4096>, { READERS as usize }> = ArrayOfMaps::new();

/// A tiding on its way into the rings.
#[btf_map(name = "event")]
pub(crate) static EVENT: PerCpuArray<Event, 1> = PerCpuArray::new();

/// Where an outer checksum is summed up, a piece at a time.
pub(crate) const SCRATCH: usize = 512;

/// The question to `bpf_fib_lookup`, and its answer: here the stack is spared, and need not be aligned.
#[btf_map(name = "question")]
pub(crate) static QUESTION: PerCpuArray<bpf_fib_lookup, 1> = PerCpuArray::new();

/// What map `stage` holds at which index.
pub(crate) mod stage {
    /// `vxbpf_flood`.
    pub(crate) const FLOOD: u32 = 0;
    /// `vxbpf_too_big`.
    pub(crate) const TOO_BIG: u32 = 1;
    /// `vxbpf_local`.
    pub(crate) const LOCAL: u32 = 2;
    /// `vxbpf_answer`.
    pub(crate) const ANSWER: u32 = 3;
    /// `vxbpf_route`.
    pub(crate) const ROUTE: u32 = 4;
    /// `vxbpf_forward`.
    pub(crate) const FORWARD: u32 = 5;
    /// `vxbpf_onward`.
    pub(crate) const ONWARD: u32 = 6;
    /// `vxbpf_arrive`.
    pub(crate) const ARRIVE: u32 = 7;
    /// `vxbpf_bind`.
    pub(crate) const BIND: u32 = 8;
}

/// The programs of later stages; the loader puts them in.
#[btf_map(name = "stage")]
pub(crate) static STAGE: ProgramArray<9> = ProgramArray::new();

/// What map `xdp_stage` holds at which index.
pub(crate) mod xdp_stage {
    /// `vxbpf_xforward`.
    pub(crate) const FORWARD: u32 = 0;
    /// `vxbpf_xarrive`.
    pub(crate) const ARRIVE: u32 = 1;
}

/// The XDP programs of later stages.
#[btf_map(name = "xdp_stage")]
pub(crate) static XDP_STAGE: ProgramArray<2> = ProgramArray::new();

/// What the program that sends a frame to the VTEP device's egress tells the one there, on the same CPU.
#[btf_map(name = "token")]
pub(crate) static TOKEN: PerCpuArray<u32, 1> = PerCpuArray::new();

#[btf_map(name = "allow_key")]
pub(crate) static ALLOW_KEY: PerCpuArray<[u32; 7], 1> = PerCpuArray::new();

#[btf_map(name = "scratch")]
pub(crate) static SCRATCH_PAD: PerCpuArray<[u32; SCRATCH / 4], 1> = PerCpuArray::new();
