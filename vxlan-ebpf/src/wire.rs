//! The headers, one a file. Network byte order lives here and nowhere else: fields are bytes, accessors speak
//! host order. Every type has alignment 1 and no padding, so it can be looked at anywhere in a frame.

mod arp;
pub mod checksum;
mod encapsulated;
mod ethernet;
mod icmp;
mod ipv4;
mod ipv6;
mod ndp;
mod udp;
mod vxlan;

pub use arp::{Arp, ArpFrame};
pub use encapsulated::{Encapsulated4, OUTER4, Outer4, Tagged4, TwiceTagged4};
pub use ethernet::{EtherType, Ethernet, Tag, TaggedEthernet, TwiceTaggedEthernet};
pub use icmp::{FragmentationNeeded, PacketTooBig};
pub use ipv4::{Ipv4, Own, protocol};
pub use ipv6::Ipv6;
pub use ndp::{AdvertisementFrame, MessageFrame, MessageOption, advertisement, solicitation};
pub use udp::{Ports, Tcp, Udp};
pub use vxlan::Vxlan;
