//! Frames made byte by byte, and a socket that sends and receives them as they are.
//!
//! For what no ordinary socket sends: an ARP request at a chosen moment, a tagged frame, an
//! ethertype that nobody knows, a fragment, a VXLAN packet with something wrong in it.

mod build;
mod socket;
mod vxlan;

pub use build::{
    arp_answer, arp_question, ethernet, fragments, neighbour_advertisement, neighbour_solicitation, reseal,
    tagged, tagged_as, udp4,
};
pub use socket::FrameSocket;
pub use vxlan::Vxlan;

/// An ethertype for local experiments (IEEE 802, "Local Experimental Ethertype 1"): no stack
/// knows it, so a frame that has it is the test's own.
pub const EXPERIMENTAL: u16 = 0x88b5;

/// The ethertype of IPv4.
pub const IPV4: u16 = 0x0800;
