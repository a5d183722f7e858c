//! The IP addresses of this network namespace.

use std::net::IpAddr;

use libc::ENODEV;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use vxlan_common::IfIndex;

use super::{Netlink, Result};

impl Netlink {
    /// Addresses of device `index`, each family in the kernel's order: of IPv4 the primary one first.
    /// None if the device is gone.
    pub fn addresses(&self, index: IfIndex) -> Result<Vec<IpAddr>> {
        if index == IfIndex::NONE {
            return Ok(Vec::new());
        }
        self.all_addresses(index)
    }

    /// Addresses of one device, or of all where `index` is none.
    fn all_addresses(&self, index: IfIndex) -> Result<Vec<IpAddr>> {
        let mut message = AddressMessage::default();
        message.header.index = index.0;
        let answers = match self.list(&RouteNetlinkMessage::GetAddress(message)) {
            Err(refusal) if refusal.errno() == Some(ENODEV) => Vec::new(),
            answer => answer.map_err(|refusal| refusal.to("cannot list the IP addresses"))?,
        };
        Ok(answers
            .iter()
            .filter_map(|answer| match answer {
                RouteNetlinkMessage::NewAddress(message) => Some(message),
                _ => None,
            })
            .filter(|message| index == IfIndex::NONE || message.header.index == index.0)
            .filter_map(own)
            .collect())
    }
}

/// IFA_LOCAL, or IFA_ADDRESS where there is none: on a point-to-point device the latter is the peer's.
fn own(message: &AddressMessage) -> Option<IpAddr> {
    let mut own = None;
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => return Some(*address),
            AddressAttribute::Address(address) => own = Some(*address),
            _ => {}
        }
    }
    own
}
