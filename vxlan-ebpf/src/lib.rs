//! The VXLAN engine: what happens to a frame, without saying where the frame or the tables live.
//!
//! ```text
//! overlay::run                                underlay::run
//!   parse    which overlay, which flow          parse    outer headers: is it VXLAN for us?
//!   learn    the sender is behind this port     admit    is the sender a VTEP that we believe?
//!   lookup   one VTEP, one port, or everyone    learn    the inner sender is behind that VTEP
//!   too_big  does it fit? else ICMP             decap    ECN, outer headers off
//!   encap    outer headers on                   deliver  one port, the VTEP device, or all of them
//!   flood    a copy for each
//! ```
//!
//! Two seams make it testable: [`Frame`] is bytes, [`Tables`] is everything else. The kernel side implements
//! them for a TC context and BPF maps, the tests for a byte vector and hash maps. There is no unsafe code above
//! the seams, no indexing, no loop without a bound, and no panic.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod bind;
pub mod flow;
pub mod frame;
pub mod learn;
pub mod overlay;
pub mod tables;
#[cfg(test)]
mod testing;
pub mod underlay;
pub mod unfinished;
pub mod verdict;
pub mod wire;

pub use frame::Frame;
pub use tables::Tables;
pub use verdict::Verdict;
