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
mod counter;
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
pub use counter::{Class, Count, CountKey, Direction, Outcome};
pub use fdb::{FdbEntry, FdbFlags, FdbKey, Target};
pub use flood::{FLOOD_PORTS, FLOOD_REMOTES, FloodList};
pub use local::LocalAddress;
pub use mac::Mac;
pub use neigh::{NeighEntry, NeighFlags, NeighKey, Nud};
pub use overlay::{Df, IfIndex, Overlay, OverlayFlags, OverlayKey, Seconds, UdpPort};
pub use port::{Port, PortFlags, PortKind};
pub use remote::{
    HopState, LOADER_REMOTES, NextHop, REMOTES, Remote, RemoteFlags, RemoteIndex, RemoteKey, RemoteTraffic,
};
pub use vni::{Vni, VniError};

/// What `tc_index` of an skb says between two of our own programs; no other value is ever left in a frame.
/// (It is copied by `skb_clone`, kept by a redirect, and no user of a container can set it.)
pub mod mark {
    /// Hand this frame to the vxlan device's own transmit: our egress program lets it through.
    pub const SLOW_PATH: u32 = 0x5651;
    /// This frame carries its outer headers already and only needs a neighbour.
    pub const ENCAPSULATED: u32 = 0x5652;
    /// This frame was decapsulated, learned and counted by us: deliver it to the device as it is.
    pub const DELIVERED: u32 = 0x5653;
    /// The sender of this outer packet was checked; the vxlan device's own socket may have it.
    pub const ADMITTED: u32 = 0x5654;
}
