//! A captured packet as tests ask for it: the outer headers, the VXLAN header, the inner headers.

use std::net::IpAddr;

use crate::Mac;

/// One captured packet.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its number in the capture, from 1.
    pub number: usize,
    /// The headers that the underlay sees.
    pub outer: Layer,
    /// The VXLAN header, when there is one.
    pub vxlan: Option<Vxlan>,
    /// The headers of the frame inside, when there is a VXLAN header.
    pub inner: Option<Layer>,
}

/// A VXLAN header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vxlan {
    /// The flags and the reserved bits that follow them; 0x0800 is the I flag alone.
    pub flags: u16,
    /// The network identifier.
    pub vni: u32,
}

/// The headers of one Ethernet frame.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Source and destination of the Ethernet header.
    pub macs: Option<(Mac, Mac)>,
    /// The VLANs of its tags, the outermost first.
    pub vlans: Vec<u16>,
    /// What the frame carries, behind its tags.
    pub ethertype: u16,
    /// Source and destination of the IP header.
    pub ips: Option<(IpAddr, IpAddr)>,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// TOS or traffic class: DSCP and ECN.
    pub tos: Option<u8>,
    /// The don't-fragment bit of an IPv4 header.
    pub dont_fragment: bool,
    /// Source and destination port of the TCP or UDP header.
    pub ports: Option<(u16, u16)>,
    /// The type of an ICMP, ICMPv6 or IGMP message.
    pub message: Option<u8>,
    /// The groups that an IGMP report names.
    pub groups: Vec<IpAddr>,
    /// An ARP message.
    pub arp: Option<Arp>,
}

/// An ARP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// 1 asks, 2 answers.
    pub operation: u16,
    /// Who speaks.
    pub sender: (Mac, IpAddr),
    /// Whom it asks about, or answers to.
    pub target: IpAddr,
}

impl Packet {
    /// Source and destination address of the outer IP header.
    pub fn is_from_to(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>) -> bool {
        self.outer.ips == Some((from.into(), to.into()))
    }

    /// Whether it is VXLAN of this network.
    pub fn is_of_vni(&self, vni: u32) -> bool {
        self.vxlan.is_some_and(|header| header.vni == vni)
    }

    /// The ARP message inside, when it is one.
    pub fn inner_arp(&self) -> Option<Arp> {
        self.inner.as_ref()?.arp
    }

    /// Whether the frame inside asks for the MAC address of `target`.
    pub fn asks_for(&self, target: impl Into<IpAddr>) -> bool {
        let target = target.into();
        self.inner_arp().is_some_and(|arp| arp.operation == 1 && arp.target == target)
    }

    /// Whether the frame inside says where `sender` is, because it was asked.
    pub fn answers_for(&self, sender: impl Into<IpAddr>) -> bool {
        let sender = sender.into();
        self.inner_arp().is_some_and(|arp| arp.operation == 2 && arp.sender.1 == sender)
    }

    /// Whether the frame inside is an IP packet from one address to the other.
    pub fn carries(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.ips == Some((from.into(), to.into())))
    }

    /// Whether it is an IGMP report on this group.
    pub fn joins(&self, group: impl Into<IpAddr>) -> bool {
        self.outer.groups.contains(&group.into())
    }
}
