//! Capturing frames with tcpdump, and judging them with tshark.
//!
//! ```no_run
//! # use vxlan_tests::{Topology, Side, Strictness};
//! let net = Topology::new("doc").host("a", Side::Kernel).up();
//! let capture = net.capture_at("a", "udp port 4789");
//! // ... traffic ...
//! let pcap = capture.stop();
//! pcap.verify_checksums(Strictness::Finished);
//! assert_eq!(pcap.packets().len(), 1);
//! ```

mod checksums;
mod decode;
mod packet;
mod pcap;
mod tcpdump;
mod tshark;
mod unfinished;

pub use checksums::{Checksums, Strictness};
pub use packet::{Arp, Layer, Packet, Vxlan};
pub use pcap::Pcap;
pub use tcpdump::Capture;
