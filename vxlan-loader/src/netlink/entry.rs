//! One entry of a vxlan device's forwarding table, and the AF_BRIDGE message that carries it.

use std::net::IpAddr;

use netlink_packet_core::{DefaultNla, Nla};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourHeader, NeighbourMessage,
};
use netlink_packet_route::route::RouteType;
use vxlan_common::{IfIndex, Mac, UdpPort, Vni};

/// `NDA_NH_ID`, which netlink-packet-route does not know.
const NEXTHOP: u16 = 13;
/// Ticks a second of `struct nda_cacheinfo` (USER_HZ).
const TICKS: u32 = 100;

/// State of a forwarding entry: bits of NUD_*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NudState(pub u16);

impl NudState {
    /// `permanent`, `local`: it never ages.
    pub const PERMANENT: Self = Self(0x80);
    /// `static`: it never ages (NOARP and REACHABLE, as `bridge` sends it).
    pub const STATIC: Self = Self(0x42);
    /// `dynamic`: it ages.
    pub const DYNAMIC: Self = Self(0x02);

    /// Whether it ages.
    pub const fn is_dynamic(self) -> bool {
        self.0 & (Self::PERMANENT.0 | 0x40) == 0
    }
}

/// Bits of [`KernelFdb::flags`] (NTF_*).
pub struct FdbFlags;

impl FdbFlags {
    /// `self`: of the device, not of its bridge. Always sent, always there.
    pub const SELF: u8 = 1 << 1;
    /// `extern_learn`: of a control plane.
    pub const EXTERN_LEARN: u8 = 1 << 4;
    /// `router`: the station routes.
    pub const ROUTER: u8 = 1 << 7;
}

/// One destination of one Ethernet address in a vxlan device's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelFdb {
    /// The Ethernet address; zero: everything that is not known.
    pub mac: Mac,
    /// The VTEP; `None` where a nexthop group is in its place, or to remove the address altogether.
    pub dst: Option<IpAddr>,
    /// The UDP port, if it is not the device's.
    pub port: Option<UdpPort>,
    /// The VNI to send with, if it is not the device's.
    pub vni: Option<Vni>,
    /// The device to send by, if one is named.
    pub via: Option<IfIndex>,
    /// Its state.
    pub state: NudState,
    /// Bits of [`FdbFlags`].
    pub flags: u8,
    /// The VNI it holds for, on an `external` device.
    pub src_vni: Option<Vni>,
    /// The nexthop group (`nhid`).
    pub nexthop: Option<u32>,
    /// Seconds since a frame was last sent to it. Read only.
    pub used: Option<u32>,
    /// Seconds since it was set, or a frame came from it. Read only.
    pub updated: Option<u32>,
}

impl KernelFdb {
    /// `mac` behind `dst`, by the device's own port and VNI.
    pub const fn new(mac: Mac, dst: Option<IpAddr>, state: NudState) -> Self {
        Self {
            mac,
            dst,
            port: None,
            vni: None,
            via: None,
            state,
            flags: 0,
            src_vni: None,
            nexthop: None,
            used: None,
            updated: None,
        }
    }
}

/// The message that sets or removes `entry` at `device`.
pub(super) fn write(device: IfIndex, entry: &KernelFdb) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header = NeighbourHeader {
        family: AddressFamily::Bridge,
        ifindex: device.0,
        state: entry.state.0.into(),
        flags: NeighbourFlags::from_bits_retain(entry.flags | FdbFlags::SELF),
        kind: RouteType::Unspec,
    };
    let optional = [
        entry.dst.map(|dst| NeighbourAttribute::Destination(dst.into())),
        entry.port.map(|port| NeighbourAttribute::Port(port.0)),
        entry.vni.map(|vni| NeighbourAttribute::Vni(vni.get())),
        entry.via.map(|via| NeighbourAttribute::IfIndex(via.0)),
        entry.src_vni.map(|vni| NeighbourAttribute::SourceVni(vni.get())),
        entry
            .nexthop
            .map(|id| NeighbourAttribute::Other(DefaultNla::new(NEXTHOP, id.to_ne_bytes().to_vec()))),
    ];
    message.attributes.push(NeighbourAttribute::LinkLayerAddress(entry.mac.0.to_vec()));
    message.attributes.extend(optional.into_iter().flatten());
    message
}

/// The entry that a message tells of.
pub(super) fn read(message: &NeighbourMessage) -> KernelFdb {
    let mut entry = KernelFdb::new(Mac::ZERO, None, NudState(message.header.state.into()));
    entry.flags = message.header.flags.bits();
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::LinkLayerAddress(bytes) => {
                entry.mac = bytes.as_slice().try_into().map_or(Mac::ZERO, Mac);
            }
            NeighbourAttribute::Destination(address) => entry.dst = ip(address),
            NeighbourAttribute::Port(port) => entry.port = Some(UdpPort(*port)),
            NeighbourAttribute::Vni(vni) => entry.vni = Vni::new(*vni).ok(),
            NeighbourAttribute::IfIndex(index) => entry.via = Some(IfIndex(*index)),
            NeighbourAttribute::SourceVni(vni) => entry.src_vni = Vni::new(*vni).ok(),
            NeighbourAttribute::CacheInfo(times) => {
                entry.used = Some(times.used / TICKS);
                entry.updated = Some(times.updated / TICKS);
            }
            NeighbourAttribute::Other(other) if other.kind() == NEXTHOP => entry.nexthop = number(other),
            _ => {}
        }
    }
    entry
}

fn number(attribute: &DefaultNla) -> Option<u32> {
    let mut bytes = [0; 4];
    (attribute.value_len() == bytes.len()).then(|| {
        attribute.emit_value(&mut bytes);
        u32::from_ne_bytes(bytes)
    })
}

/// In AF_BRIDGE messages an address is known by its length.
fn ip(address: &NeighbourAddress) -> Option<IpAddr> {
    match address {
        NeighbourAddress::Inet(address) => Some((*address).into()),
        NeighbourAddress::Inet6(address) => Some((*address).into()),
        NeighbourAddress::Other(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(bytes.as_slice()).ok().map(IpAddr::from),
            16 => <[u8; 16]>::try_from(bytes.as_slice()).ok().map(IpAddr::from),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn an_entry_survives_the_round_trip() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let mut plain = KernelFdb::new(mac, Some(Ipv4Addr::new(10, 0, 0, 2).into()), NudState::STATIC);
        plain.flags = FdbFlags::SELF | FdbFlags::ROUTER;
        let full = KernelFdb {
            dst: Some(Ipv6Addr::LOCALHOST.into()),
            port: Some(UdpPort(4790)),
            vni: Vni::new(7).ok(),
            via: Some(IfIndex(3)),
            src_vni: Vni::new(8).ok(),
            ..plain
        };
        let group = KernelFdb { dst: None, nexthop: Some(0x0102_0304), ..plain };
        for entry in [plain, full, group] {
            assert_eq!(read(&write(IfIndex(5), &entry)), entry);
        }
    }

    #[test]
    fn only_dynamic_entries_age() {
        assert!(NudState::DYNAMIC.is_dynamic());
        assert!(!NudState::PERMANENT.is_dynamic() && !NudState::STATIC.is_dynamic());
        assert!(!NudState(0x82).is_dynamic(), "the default destination");
    }
}
