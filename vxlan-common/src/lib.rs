//! The words that the data plane and the loader share.
//!
//! Identifiers that cannot be built wrong ([`Vni`], [`Mac`], [`Address`]), the keys and values of every BPF
//! map, and the names of what can happen to a frame ([`Outcome`]). No logic lives here: the engine decides,
//! the loader fills tables.
//!
//! Byte order: MAC and IP addresses are bytes in network order, as on the wire. All integers of map structs
//! are in host order, so that `bpftool map dump` prints them as people say them.
//!
//! Every map struct is `#[repr(C)]` without padding (bytemuck's derive refuses it) and has an asserted size.

#![no_std]
#![cfg_attr(not(feature = "user"), forbid(unsafe_code))]

#[cfg(any(feature = "user", test))]
extern crate std;

mod address;
mod admit;
mod cache;
mod counter;
mod device;
mod event;
mod fdb;
mod flood;
mod local;
mod mac;
mod neigh;
mod overlay;
#[cfg(feature = "user")]
mod pod;
mod port;
mod remote;
mod vni;

pub use address::Address;
pub use admit::{AdmitKey, AllowKey, Known};
pub use cache::{CACHE_ROWS, Delivery, RxHit, RxKey, Stamp, Stations, TxFlags, TxHit, TxKey, stations};
pub use counter::{Class, Count, CountKey, Direction, Outcome, Unicast};
pub use device::Device;
pub use event::{Event, Listener, READERS, Subject, Tiding};
pub use fdb::{FdbEntry, FdbFlags, FdbKey, Target};
pub use flood::{FLOOD_PORTS, FLOOD_REMOTES, FloodList};
pub use local::LocalAddress;
pub use mac::Mac;
pub use neigh::{Binder, NeighEntry, NeighFlags, NeighKey, Nud, Place, PlaceKey};
pub use overlay::{Df, IfIndex, Overlay, OverlayFlags, OverlayKey, Seconds, UdpPort};
pub use port::{Port, PortFlags, PortKind};
pub use remote::{
    HopState, LOADER_REMOTES, NextHop, REMOTES, Remote, RemoteFlags, RemoteIndex, RemoteKey, RemoteTraffic,
};
pub use vni::{Vni, VniError};

/// What a frame carries from one of our own programs to the next.
///
/// Two kinds, since a container whose user may configure `tc` can put any `tc_index` into a frame, and filters of other
/// people write it, too: what goes to the VTEP device's egress gets there at once, on this CPU, so a word of map `token`
/// vouches for it; what goes by the kernel's queues carries `skb->mark`, which a frame loses when it comes from
/// another network namespace (`skb_scrub_packet`). None is left in a frame that goes elsewhere.
pub mod mark {
    /// In `tc_index` and `token`: the vxlan device's own transmit shall have it, our egress program lets it through.
    pub const SLOW_PATH: u32 = 0x5651;
    /// In `tc_index` and `token`: it has its outer headers and only needs a neighbour; the lower bits are the VTEP's
    /// slot in map `remote`.
    pub const ENCAPSULATED: u32 = 0x8000;
    /// In `mark`: it was decapsulated, learned and counted by us, and is delivered to the device as it is.
    pub const DELIVERED: u32 = 0x7662_5653;
    /// In `mark`: the sender of this outer packet was checked; the vxlan device's own socket may have it.
    pub const ADMITTED: u32 = 0x7662_5654;
    /// The same in `tc_index`, for overlays whose device writes its group policy to `mark`.
    pub const ADMITTED_INDEX: u32 = 0x5654;
}

const _: () = assert!(REMOTES <= mark::ENCAPSULATED);
