//! What a user asks of an overlay that exists, beside [`crate::vtep::VtepSpec`], which makes one: checked and typed.
//!
//! Nothing here knows a map or a netlink message, and device names are names: they are looked up where the work is done.

use std::net::IpAddr;

use vxlan_common::{Df, Mac, Nud, OverlayKey, UdpPort, Vni};

use crate::vtep::{Allow, Mode, Tos, Ttl};

/// Which overlay is meant. What is `None` is not asked about; the rest must leave one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Which {
    /// Its VNI.
    pub vni: Option<Vni>,
    /// Its UDP port.
    pub dstport: Option<UdpPort>,
    /// Name of its VTEP device.
    pub vtep: Option<String>,
    /// Name of its underlay device.
    pub underlay: Option<String>,
}

impl Which {
    /// The overlay of the VTEP device `name`.
    pub fn vtep(name: &str) -> Self {
        Self { vtep: Some(name.into()), ..Self::default() }
    }

    /// Whether an overlay with this key, VTEP device and underlay device is meant.
    pub fn matches(&self, key: OverlayKey, vtep: &str, underlay: Option<&str>) -> bool {
        self.vni.is_none_or(|vni| vni == key.vni())
            && self.dstport.is_none_or(|port| port == key.udp_port())
            && self.vtep.as_deref().is_none_or(|name| name == vtep)
            && self.underlay.as_deref().is_none_or(|name| Some(name) == underlay)
    }
}

/// What `link set` changes; `None` stays as it is. Only what can change while the device lives is here.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VtepChange {
    /// Up or down.
    pub up: Option<bool>,
    /// MTU of the VTEP device.
    pub mtu: Option<u32>,
    /// Ethernet address of the VTEP device.
    pub address: Option<Mac>,
    /// Name of the underlay device.
    pub device: Option<String>,
    /// The VTEP that takes the place of the device's own default destination.
    pub remote: Option<IpAddr>,
    /// The multicast group that takes the place of the present one.
    pub group: Option<IpAddr>,
    /// Source address of what is sent.
    pub local: Option<IpAddr>,
    /// Outer TTL; never [`Ttl::Inherit`], which the device takes at its creation only.
    pub ttl: Option<Ttl>,
    /// Outer TOS.
    pub tos: Option<Tos>,
    /// Outer DF bit.
    pub df: Option<Df>,
    /// Outer IPv6 flow label.
    pub flowlabel: Option<u32>,
    /// Learn source addresses from the underlay.
    pub learning: Option<bool>,
    /// Seconds until a learned address is forgotten; 0: never.
    pub ageing: Option<u32>,
    /// Short cut to a VTEP of this very host.
    pub localbypass: Option<bool>,
    /// Where the programs hang.
    pub mode: Option<Mode>,
    /// Sources believed.
    pub allow: Option<Vec<Allow>>,
    /// Do not flood ARP and ND that the proxy cannot answer.
    pub suppress: Option<bool>,
    /// Learn the IP addresses of stations at local ports.
    pub neighlearn: Option<bool>,
    /// How many of them at each port.
    pub maxneigh: Option<u32>,
}

/// How long an FDB entry stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FdbState {
    /// Until it is deleted (`permanent`, `local`): NUD_PERMANENT.
    #[default]
    Permanent,
    /// The same, in the words of `static`: NUD_NOARP.
    Static,
    /// Until it has aged (`dynamic`): NUD_REACHABLE.
    Dynamic,
}

/// An entry that `fdb add`, `append` or `replace` sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FdbSpec {
    /// Name of the VTEP device.
    pub device: String,
    /// The station; all zero: everything that is not known; else multicast is a group of stations.
    pub mac: Mac,
    /// The VTEP behind which it is.
    pub dst: IpAddr,
    /// UDP port to send to; default: the overlay's.
    pub port: Option<UdpPort>,
    /// VNI to send with; default: the overlay's.
    pub vni: Option<Vni>,
    /// VNI of the overlay; the device has one only, so it must be that.
    pub src_vni: Option<Vni>,
    /// Name of the device to send by; default: the routes'.
    pub via: Option<String>,
    /// How long it stays.
    pub state: FdbState,
    /// A control plane set it.
    pub extern_learn: bool,
    /// It never moves.
    pub sticky: bool,
    /// Behind it is a router.
    pub router: bool,
    /// It counts as used now.
    pub in_use: bool,
}

/// An entry that `fdb del` takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FdbVictim {
    /// Name of the VTEP device.
    pub device: String,
    /// The station.
    pub mac: Mac,
    /// Only behind this VTEP; `None`: whatever there is for the address.
    pub dst: Option<IpAddr>,
    /// Only with this UDP port of its own.
    pub port: Option<UdpPort>,
    /// Only with this VNI of its own.
    pub vni: Option<Vni>,
    /// VNI of the overlay.
    pub src_vni: Option<Vni>,
    /// Only by this device.
    pub via: Option<String>,
}

/// Which entries `fdb flush` takes away: those for which every condition that is there holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FdbFilter {
    /// The VTEP behind which they are.
    pub dst: Option<IpAddr>,
    /// UDP port that they are sent to.
    pub port: Option<UdpPort>,
    /// VNI that they are sent with.
    pub vni: Option<Vni>,
    /// VNI of the overlay.
    pub src_vni: Option<Vni>,
    /// State `permanent`, or not.
    pub permanent: Option<bool>,
    /// State `static`, or not.
    pub fixed: Option<bool>,
    /// Ages (learned, or state `dynamic`), or not.
    pub dynamic: Option<bool>,
    /// Set by a control plane, or not.
    pub extern_learn: Option<bool>,
    /// Never moves, or may.
    pub sticky: Option<bool>,
    /// Behind it is a router, or not.
    pub router: Option<bool>,
    /// Set by the user or a control plane, or learned.
    pub added_by_user: Option<bool>,
}

/// An entry that `neigh add`, `change` or `replace` sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighSpec {
    /// Name of the VTEP device.
    pub device: String,
    /// The station's IP address.
    pub address: IpAddr,
    /// Its Ethernet address; `None`: the one that is known.
    pub mac: Option<Mac>,
    /// How long it is true.
    pub nud: Nud,
    /// It is a router.
    pub router: bool,
    /// A control plane set it.
    pub extern_learn: bool,
    /// Seconds for which a reachable one is true; `None`: as the kernel has it for the device.
    pub timeout: Option<u32>,
}

/// Which entries `neigh show` prints and `neigh flush` takes away: those for which every condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NeighFilter {
    /// Name of the VTEP device.
    pub device: Option<String>,
    /// Their prefix, and how many of its bits count.
    pub to: Option<(IpAddr, u8)>,
    /// Bits of [`Nud`]; `None`: the verb's default.
    pub nud: Option<u8>,
}

/// A direct port to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Name of the container's or VM's device on this host.
    pub device: String,
    /// Its overlay.
    pub overlay: Which,
    /// Where its program hangs; `None`: as the overlay's.
    pub mode: Option<Mode>,
}
