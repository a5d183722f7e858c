//! The names of the maps, in the object and as pins.

/// Names of the maps that are pinned. The last two are the loader's own; the rest are in the object.
pub(super) const MAPS: [&str; 22] = [
    "vni",
    "listen",
    "port",
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
    "state",
    EVENTS,
    STAGE,
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
