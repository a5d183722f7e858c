//! A VTEP as the user describes it: the options of `link add ... type vxlan` and of `attach`, checked and typed.
//!
//! Nothing here knows a map or a netlink message.

use std::net::IpAddr;

use vxlan_common::{Df, UdpPort, Vni};

/// The outer TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ttl {
    /// 64 towards a VTEP, 1 towards a group.
    #[default]
    Auto,
    /// The inner packet's.
    Inherit,
    /// This one, 1 to 255.
    Fixed(u8),
}

/// The outer TOS or traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tos {
    /// The inner packet's DSCP.
    Inherit,
    /// This one.
    Fixed(u8),
}

/// Which sources are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Everyone who knows the VNI.
    Any,
    /// The VTEPs that the user or a control plane named.
    Known,
    /// Those, and the addresses of this prefix.
    Prefix(IpAddr, u8),
}

/// Where the programs hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// What is best for the device.
    #[default]
    Auto,
    /// Traffic control only.
    Tc,
    /// XDP in front of traffic control.
    Xdp,
}

/// How many bindings a port learns unless told otherwise: a bridge has a host's containers behind it, with a few
/// addresses each.
pub const MAXNEIGH: u32 = 256;

/// A VTEP to be made. Every field that is `None` takes the default that its line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VtepSpec {
    /// Its VNI.
    pub vni: Vni,
    /// Name of the underlay device; none: routes decide (and no multicast group).
    pub device: Option<String>,
    /// VTEPs that get everything not known; the first one is the device's own default destination.
    pub remotes: Vec<IpAddr>,
    /// Multicast group that gets everything not known.
    pub group: Option<IpAddr>,
    /// Source address of what is sent; default: the routes'.
    pub local: Option<IpAddr>,
    /// UDP destination port.
    pub dstport: UdpPort,
    /// UDP source ports, both ends included; default: 49152 to 65535.
    pub srcport: Option<(u16, u16)>,
    /// Outer TTL.
    pub ttl: Ttl,
    /// Outer TOS.
    pub tos: Tos,
    /// Outer DF bit.
    pub df: Df,
    /// Outer IPv6 flow label.
    pub flowlabel: u32,
    /// Learn source addresses from the underlay.
    pub learning: bool,
    /// Seconds until a learned address is forgotten; 0: never.
    pub ageing: u32,
    /// Most addresses to learn; 0: no limit.
    pub maxaddress: u32,
    /// Answer ARP and ND from the `neigh` table.
    pub proxy: bool,
    /// Route short circuit.
    pub rsc: bool,
    /// Report unknown destination addresses.
    pub l2miss: bool,
    /// Report unknown neighbours.
    pub l3miss: bool,
    /// Outer UDP checksum over IPv4; `None`: zero by the fast path, the kernel's default by the device.
    pub udpcsum: Option<bool>,
    /// Zero checksum over IPv6 on transmit.
    pub udp6zerocsumtx: bool,
    /// Zero checksum over IPv6 accepted.
    pub udp6zerocsumrx: bool,
    /// Group policy extension.
    pub gbp: bool,
    /// Short cut to a VTEP of this very host; default: on.
    pub localbypass: Option<bool>,
    /// The VTEP device's MTU; default: the underlay's less the outer headers.
    pub mtu: Option<u32>,
    /// The VTEP device's Ethernet address; default: the kernel's choice.
    pub address: Option<vxlan_common::Mac>,
    /// Where the programs hang.
    pub mode: Mode,
    /// Sources believed; empty: known ones, and with a group every one.
    pub allow: Vec<Allow>,
    /// Do not flood ARP and ND that the proxy cannot answer.
    pub suppress: bool,
    /// Learn the IP addresses of stations at local ports into the `neigh` table.
    pub neighlearn: bool,
    /// How many of them at each port.
    pub maxneigh: u32,
}

impl VtepSpec {
    /// All defaults.
    pub fn new(vni: Vni) -> Self {
        Self {
            vni,
            device: None,
            remotes: Vec::new(),
            group: None,
            local: None,
            dstport: UdpPort::VXLAN,
            srcport: None,
            ttl: Ttl::Auto,
            tos: Tos::Fixed(0),
            df: Df::Unset,
            flowlabel: 0,
            learning: true,
            ageing: 300,
            maxaddress: 0,
            proxy: false,
            rsc: false,
            l2miss: false,
            l3miss: false,
            udpcsum: None,
            udp6zerocsumtx: false,
            udp6zerocsumrx: false,
            gbp: false,
            localbypass: None,
            mtu: None,
            address: None,
            mode: Mode::Auto,
            allow: Vec::new(),
            suppress: false,
            neighlearn: false,
            maxneigh: MAXNEIGH,
        }
    }
}
