//! Hosts, containers and wires made of network namespaces, for the tests that need a network.
//!
//! A test builds a [`Topology`], types the commands that a user would type, and asserts what must
//! be seen: on the devices, in the tables, and in the frames captured on the wire. The same words
//! drive both kinds of host, so that every scenario runs with `vxbpf` on both sides and with the
//! kernel's own vxlan device on either: see [`Side`].
//!
//! Nothing here uses the product's own code: a frame is decoded and its checksums are judged by
//! tshark, so that a mistake in the product cannot hide behind itself. Nothing here sleeps: a test
//! waits for a named condition ([`wait_until`]). And nothing here skips: what a machine lacks is
//! said in one line by [`kernel::require`], and the test fails.
//!
//! Functions panic instead of returning errors: a test that cannot go on has failed, and a panic
//! says where.
#![forbid(unsafe_code)]

pub mod capture;
pub mod command;
pub mod container;
pub mod counters;
pub mod frames;
pub mod host;
pub mod json;
pub mod kernel;
pub mod mac;
pub mod monitor;
pub mod netns;
pub mod ping;
pub mod program;
pub mod side;
pub mod topology;
pub mod transfer;
pub mod wait;

pub use capture::{Capture, Packet, Pcap, Strictness};
pub use container::Container;
pub use host::Host;
pub use mac::Mac;
pub use netns::Netns;
pub use ping::{expect_ping, ping};
pub use side::Side;
pub use topology::{Net, Topology, Wire};
pub use wait::wait_until;
