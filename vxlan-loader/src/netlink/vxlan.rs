//! What is special to a vxlan device, as RTM_GETLINK tells of it.

use std::net::IpAddr;

use netlink_packet_route::link::{InfoData, InfoVxlan, LinkAttribute, LinkInfo, LinkMessage, VxlanDf};
use vxlan_common::{Df, IfIndex, UdpPort, Vni};

/// The options of a vxlan device (IFLA_VXLAN_*), as they are in force.
///
/// `None` is what is not set, or what this kernel does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vxlan {
    /// `id`; 0 on an `external` device.
    pub vni: Vni,
    /// `group` if it is a multicast address, else `remote`: the default destination.
    pub remote: Option<IpAddr>,
    /// `dev`: the underlay device.
    pub link: Option<IfIndex>,
    /// `local`: the source address.
    pub local: Option<IpAddr>,
    /// `srcport`, as it was given: MIN and MAX, of which the kernel never uses MAX; `None`: 0 0.
    pub srcport: Option<(u16, u16)>,
    /// `dstport`.
    pub dstport: UdpPort,
    /// `ttl`; 0: auto.
    pub ttl: u8,
    /// `ttl inherit`.
    pub ttl_inherit: bool,
    /// `tos`; 1: inherit.
    pub tos: u8,
    /// `df`.
    pub df: Df,
    /// `flowlabel`, 20 bits.
    pub flowlabel: u32,
    /// `flowlabel inherit` (Linux 6.7): the label is the inner one's.
    pub flowlabel_inherit: bool,
    /// `learning`.
    pub learning: bool,
    /// `ageing` in seconds.
    pub ageing: u32,
    /// `maxaddress`; 0: no limit.
    pub maxaddress: u32,
    /// `proxy`.
    pub proxy: bool,
    /// `rsc`.
    pub rsc: bool,
    /// `l2miss`.
    pub l2miss: bool,
    /// `l3miss`.
    pub l3miss: bool,
    /// `external`: VNI and VTEP come with each packet.
    pub external: bool,
    /// `vnifilter`.
    pub vnifilter: bool,
    /// `udpcsum`.
    pub udpcsum: bool,
    /// `udp6zerocsumtx`.
    pub udp6zerocsumtx: bool,
    /// `udp6zerocsumrx`.
    pub udp6zerocsumrx: bool,
    /// `remcsumtx`.
    pub remcsumtx: bool,
    /// `remcsumrx`.
    pub remcsumrx: bool,
    /// IFLA_VXLAN_REMCSUM_NOPARTIAL, for which `ip` has no word.
    pub remcsum_nopartial: bool,
    /// `gbp`.
    pub gbp: bool,
    /// `gpe`.
    pub gpe: bool,
    /// `localbypass` (Linux 6.5).
    pub localbypass: Option<bool>,
    /// `reserved_bits` (Linux 6.14): bits of the VXLAN header, of which one that is set rejects a packet.
    pub reserved_bits: Option<u64>,
    /// `mcroute` (Linux 6.17).
    pub mcroute: Option<bool>,
}

impl Vxlan {
    /// From the kernel's message, if it tells of a vxlan device.
    pub(super) fn read(message: &LinkMessage) -> Option<Self> {
        let options = message.attributes.iter().find_map(options)?;
        let mut vxlan = Self {
            vni: Vni::from_wire([0; 3]),
            remote: None,
            link: None,
            local: None,
            srcport: None,
            dstport: UdpPort(0),
            ttl: 0,
            ttl_inherit: false,
            tos: 0,
            df: Df::Unset,
            flowlabel: 0,
            flowlabel_inherit: false,
            learning: false,
            ageing: 0,
            maxaddress: 0,
            proxy: false,
            rsc: false,
            l2miss: false,
            l3miss: false,
            external: false,
            vnifilter: false,
            udpcsum: false,
            udp6zerocsumtx: false,
            udp6zerocsumrx: false,
            remcsumtx: false,
            remcsumrx: false,
            remcsum_nopartial: false,
            gbp: false,
            gpe: false,
            localbypass: None,
            reserved_bits: None,
            mcroute: None,
        };
        options.iter().for_each(|option| vxlan.take(option));
        Some(vxlan)
    }

    fn take(&mut self, option: &InfoVxlan) {
        match *option {
            InfoVxlan::Id(id) => self.vni = Vni::new(id).unwrap_or(self.vni),
            InfoVxlan::Group(address) => self.remote = Some(address.into()),
            InfoVxlan::Group6(address) => self.remote = Some(address.into()),
            InfoVxlan::Link(index) => self.link = Some(IfIndex(index)),
            InfoVxlan::Local(address) => self.local = Some(address.into()),
            InfoVxlan::Local6(address) => self.local = Some(address.into()),
            InfoVxlan::PortRange((0, 0)) => self.srcport = None,
            InfoVxlan::PortRange(range) => self.srcport = Some(range),
            InfoVxlan::Port(port) => self.dstport = UdpPort(port),
            InfoVxlan::Ttl(ttl) => self.ttl = ttl,
            InfoVxlan::TtlInherit(inherit) => self.ttl_inherit = inherit != 0,
            InfoVxlan::TtlInheritFlag => self.ttl_inherit = true,
            InfoVxlan::Tos(tos) => self.tos = tos,
            InfoVxlan::Df(VxlanDf::Set) => self.df = Df::Set,
            InfoVxlan::Df(VxlanDf::Inherit) => self.df = Df::Inherit,
            InfoVxlan::Label(label) => self.flowlabel = label,
            InfoVxlan::LabelPolicy(policy) => self.flowlabel_inherit = policy == 1,
            InfoVxlan::Learning(on) => self.learning = on,
            InfoVxlan::Ageing(seconds) => self.ageing = seconds,
            InfoVxlan::Limit(limit) => self.maxaddress = limit,
            InfoVxlan::Proxy(on) => self.proxy = on,
            InfoVxlan::Rsc(on) => self.rsc = on,
            InfoVxlan::L2Miss(on) => self.l2miss = on,
            InfoVxlan::L3Miss(on) => self.l3miss = on,
            InfoVxlan::CollectMetadata(on) => self.external = on,
            InfoVxlan::Vnifilter(on) => self.vnifilter = on,
            InfoVxlan::UDPCsum(on) => self.udpcsum = on,
            InfoVxlan::UDPZeroCsumTX(on) => self.udp6zerocsumtx = on,
            InfoVxlan::UDPZeroCsumRX(on) => self.udp6zerocsumrx = on,
            InfoVxlan::RemCsumTX(on) => self.remcsumtx = on,
            InfoVxlan::RemCsumRX(on) => self.remcsumrx = on,
            InfoVxlan::RemCsumNoPartial => self.remcsum_nopartial = true,
            InfoVxlan::Gbp => self.gbp = true,
            InfoVxlan::Gpe => self.gpe = true,
            InfoVxlan::Localbypass(on) => self.localbypass = Some(on),
            InfoVxlan::ReservedBits(bits) => self.reserved_bits = Some(bits),
            InfoVxlan::McRoute(on) => self.mcroute = Some(on),
            _ => {}
        }
    }
}

fn options(attribute: &LinkAttribute) -> Option<&[InfoVxlan]> {
    let LinkAttribute::LinkInfo(infos) = attribute else { return None };
    infos.iter().find_map(|info| match info {
        LinkInfo::Data(InfoData::Vxlan(options)) => Some(options.as_slice()),
        _ => None,
    })
}
