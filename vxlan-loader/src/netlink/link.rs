//! A network device, as RTM_GETLINK tells of it.

use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, LinkXdp, Prop,
};
use vxlan_common::{IfIndex, Mac};

/// Link mode of a device (RFC 2863); prints as `ip` prints it.
pub use netlink_packet_route::link::LinkMode;
/// RFC 2863 state of a device; prints as `ip` prints it.
pub use netlink_packet_route::link::State as OperState;
/// Counters of a device, `struct rtnl_link_stats64`; bytes are those of whole frames.
pub use netlink_packet_route::link::Stats64 as LinkStats;

/// A network device.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its index.
    pub index: IfIndex,
    /// Its name.
    pub name: String,
    /// Its Ethernet address; zero where it has none.
    pub mac: Mac,
    /// Its MTU in bytes, link-layer header excluded.
    pub mtu: u32,
    /// Whether it is administratively up.
    pub up: bool,
    /// Its kind (`vxlan`, `veth`, ...); hardware has none.
    pub kind: Option<String>,
    /// Whether it is a veth or netkit whose other end is in another network namespace.
    pub peer_in_other_netns: bool,
    /// The bridge, bond or VRF it belongs to.
    pub master: Option<IfIndex>,
    /// What it is to its master (`bridge`, `bond`, `vrf`, ...).
    pub port_kind: Option<String>,
    /// Its other names.
    pub altnames: Vec<String>,
    /// Bits of IFF_*.
    pub flags: u32,
    /// ARPHRD_*: 1 is Ethernet, 772 loopback, 65534 none.
    pub hardware: u16,
    /// Its link-layer address of whatever length.
    pub address: Vec<u8>,
    /// Its link-layer broadcast address.
    pub broadcast: Vec<u8>,
    /// The address it was made with, if it says so.
    pub permanent_address: Vec<u8>,
    /// The device below it, or a veth's peer: what `ip` prints behind `@`. Index 0 prints as `NONE`; it is
    /// an index of namespace `link_netns` if there is one.
    pub link: Option<IfIndex>,
    /// Identifier of the network namespace that `link` belongs to, if it is another one; -1: not known.
    pub link_netns: Option<i32>,
    /// Its root queueing discipline.
    pub qdisc: Option<String>,
    /// Its operational state.
    pub operstate: OperState,
    /// Its link mode.
    pub mode: LinkMode,
    /// Its group; 0 prints as `default`.
    pub group: u32,
    /// Length of its transmit queue in packets.
    pub txqlen: Option<u32>,
    /// Its description.
    pub alias: Option<String>,
    /// What `ip -d` adds.
    pub details: LinkDetails,
    /// Number of the XDP program that hangs there.
    pub xdp_program: Option<u32>,
    /// Its counters.
    pub stats: LinkStats,
}

/// What `ip -d link show` adds; `None` is what this kernel does not tell.
#[derive(Clone, Debug, Default)]
pub struct LinkDetails {
    pub promiscuity: Option<u32>,
    pub allmulti: Option<u32>,
    pub minmtu: Option<u32>,
    pub maxmtu: Option<u32>,
    /// IN6_ADDR_GEN_MODE_*: 0 eui64, 1 none, 2 stable_secret, 3 random.
    pub addrgenmode: Option<u8>,
    pub numtxqueues: Option<u32>,
    pub numrxqueues: Option<u32>,
    pub gso_max_size: Option<u32>,
    pub gso_max_segs: Option<u32>,
    pub tso_max_size: Option<u32>,
    pub tso_max_segs: Option<u32>,
    pub gro_max_size: Option<u32>,
    pub gso_ipv4_max_size: Option<u32>,
    pub gro_ipv4_max_size: Option<u32>,
    pub portname: Option<String>,
    pub portid: Vec<u8>,
    pub switchid: Vec<u8>,
    pub parentbus: Option<String>,
    pub parentdev: Option<String>,
    pub carrier_changes: Option<u32>,
    pub protodown: bool,
}

impl Link {
    /// From the kernel's message. What it does not know is left out.
    pub(super) fn read(message: &LinkMessage) -> Self {
        let header = &message.header;
        let mut link = Self {
            index: IfIndex(header.index),
            name: String::new(),
            mac: Mac::ZERO,
            mtu: 0,
            up: header.flags.contains(LinkFlags::Up),
            kind: None,
            peer_in_other_netns: false,
            master: None,
            port_kind: None,
            altnames: Vec::new(),
            flags: header.flags.bits(),
            hardware: header.link_layer_type.into(),
            address: Vec::new(),
            broadcast: Vec::new(),
            permanent_address: Vec::new(),
            link: None,
            link_netns: None,
            qdisc: None,
            operstate: OperState::Unknown,
            mode: LinkMode::Default,
            group: 0,
            txqlen: None,
            alias: None,
            details: LinkDetails::default(),
            xdp_program: None,
            stats: LinkStats::default(),
        };
        message.attributes.iter().for_each(|attribute| link.take(attribute));
        let has_peer = matches!(link.kind.as_deref(), Some("veth" | "netkit"));
        link.peer_in_other_netns = has_peer && link.link_netns.is_some();
        link
    }

    fn take(&mut self, attribute: &LinkAttribute) {
        match attribute {
            LinkAttribute::IfName(name) => self.name.clone_from(name),
            LinkAttribute::Address(address) => {
                self.mac = address.as_slice().try_into().map_or(Mac::ZERO, Mac);
                self.address.clone_from(address);
            }
            LinkAttribute::Broadcast(address) => self.broadcast.clone_from(address),
            LinkAttribute::PermAddress(address) => self.permanent_address.clone_from(address),
            LinkAttribute::Mtu(mtu) => self.mtu = *mtu,
            LinkAttribute::Controller(master) => self.master = Some(IfIndex(*master)),
            LinkAttribute::Link(link) => self.link = Some(IfIndex(*link)),
            LinkAttribute::LinkNetNsId(id) => self.link_netns = Some(*id),
            LinkAttribute::Qdisc(qdisc) => self.qdisc = Some(qdisc.clone()),
            LinkAttribute::OperState(state) => self.operstate = *state,
            LinkAttribute::Mode(mode) => self.mode = *mode,
            LinkAttribute::Group(group) => self.group = *group,
            LinkAttribute::TxQueueLen(length) => self.txqlen = Some(*length),
            LinkAttribute::IfAlias(alias) => self.alias = Some(alias.clone()),
            LinkAttribute::Stats64(stats) => self.stats = *stats,
            LinkAttribute::Xdp(facts) => {
                self.xdp_program = facts.iter().find_map(|fact| match fact {
                    LinkXdp::ProgId(program) => Some(*program),
                    _ => None,
                });
            }
            LinkAttribute::LinkInfo(infos) => infos.iter().for_each(|info| self.take_info(info)),
            LinkAttribute::PropList(properties) => {
                self.altnames.extend(properties.iter().filter_map(altname));
            }
            _ => self.details.take(attribute),
        }
    }

    fn take_info(&mut self, info: &LinkInfo) {
        match info {
            LinkInfo::Kind(kind) => self.kind = Some(kind.to_string()),
            LinkInfo::PortKind(kind) => self.port_kind = Some(kind.to_string()),
            _ => {}
        }
    }
}

impl LinkDetails {
    fn take(&mut self, attribute: &LinkAttribute) {
        match attribute {
            LinkAttribute::Promiscuity(count) => self.promiscuity = Some(*count),
            LinkAttribute::AllMulticast(count) => self.allmulti = Some(*count),
            LinkAttribute::MinMtu(mtu) => self.minmtu = Some(*mtu),
            LinkAttribute::MaxMtu(mtu) => self.maxmtu = Some(*mtu),
            LinkAttribute::AfSpecUnspec(families) => self.addrgenmode = families.iter().find_map(addrgenmode),
            LinkAttribute::NumTxQueues(queues) => self.numtxqueues = Some(*queues),
            LinkAttribute::NumRxQueues(queues) => self.numrxqueues = Some(*queues),
            LinkAttribute::GsoMaxSize(size) => self.gso_max_size = Some(*size),
            LinkAttribute::GsoMaxSegs(segments) => self.gso_max_segs = Some(*segments),
            LinkAttribute::TsoMaxSize(size) => self.tso_max_size = Some(*size),
            LinkAttribute::TsoMaxSegs(segments) => self.tso_max_segs = Some(*segments),
            LinkAttribute::GroMaxSize(size) => self.gro_max_size = Some(*size),
            LinkAttribute::GsoIpv4MaxSize(size) => self.gso_ipv4_max_size = Some(*size),
            LinkAttribute::GroIpv4MaxSize(size) => self.gro_ipv4_max_size = Some(*size),
            LinkAttribute::PhysPortName(name) => self.portname = Some(name.clone()),
            LinkAttribute::PhysPortId(id) => self.portid = id.id.iter().copied().take(id.len).collect(),
            LinkAttribute::PhysSwitchId(id) => self.switchid = id.id.iter().copied().take(id.len).collect(),
            LinkAttribute::ParentDevBusName(name) => self.parentbus = Some(name.clone()),
            LinkAttribute::ParentDevName(name) => self.parentdev = Some(name.clone()),
            LinkAttribute::CarrierChanges(count) => self.carrier_changes = Some(*count),
            LinkAttribute::ProtoDown(down) => self.protodown = *down != 0,
            _ => {}
        }
    }
}

fn altname(property: &Prop) -> Option<String> {
    match property {
        Prop::AltIfName(name) => Some(name.clone()),
        _ => None,
    }
}

fn addrgenmode(family: &AfSpecUnspec) -> Option<u8> {
    let AfSpecUnspec::Inet6(attributes) = family else { return None };
    attributes.iter().find_map(|attribute| match attribute {
        AfSpecInet6::AddrGenMode(mode) => Some(mode.into()),
        _ => None,
    })
}
