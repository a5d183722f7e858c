//! The names of the maps, in the object and as pins.

/// Names of the maps that are pinned. The last two are the loader's own; the rest are in the object.
pub(super) const MAPS: [&str; 27] = [
    "vni",
    "listen",
    "port",
    "device",
    "fdb",
    "neigh",
    "binding",
    "binder",
    "ring",
    "flood",
    "remote",
    "vtep",
    "vtep_traffic",
    "nexthop",
    "admit",
    "allow",
    "local",
    "count",
    "unicast",
    "tx_cache",
    "rx_cache",
    "state",
    EVENTS,
    STAGE,
    XDP_STAGE,
    READER,
    SPEC,
];

/// The table of what was asked for.
pub(super) const SPEC: &str = "spec";
/// The table of who listens.
pub(super) const READER: &str = "reader";

/// The table of the rings of those who listen.
pub(super) const EVENTS: &str = "events";

/// The program that commands run to tell what they changed.
pub(super) const ANNOUNCE: &str = "vxbpf_announce";

/// The table of the programs that others call.
pub(super) const STAGE: &str = "stage";
/// That of XDP programs.
pub(super) const XDP_STAGE: &str = "xdp_stage";
