//! Map `vni`: the settings of one overlay.

use bytemuck::{Pod, Zeroable};

use crate::{Address, Mac, RemoteIndex, Vni};

/// An interface index of this network namespace; 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct IfIndex(pub u32);

impl IfIndex {
    /// No device.
    pub const NONE: Self = Self(0);
}

/// A UDP port in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UdpPort(pub u16);

impl UdpPort {
    /// VXLAN's assigned port (RFC 7348 section 8).
    pub const VXLAN: Self = Self(4789);
}

/// Seconds of CLOCK_MONOTONIC; wraps after 136 years of uptime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seconds(pub u32);

impl Seconds {
    /// How long ago `earlier` was; 0 if it lies ahead (CPUs read the coarse clock a tick apart).
    #[inline(always)]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Which overlay: a VNI on a UDP port. The pair is unique in a network namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct OverlayKey {
    vni: u32,
    udp_port: u16,
    reserved: u16,
}

impl OverlayKey {
    /// The overlay of `vni` on `udp_port`.
    #[inline(always)]
    pub const fn new(vni: Vni, udp_port: UdpPort) -> Self {
        Self { vni: vni.get(), udp_port: udp_port.0, reserved: 0 }
    }

    /// That of a map's row, which has the numbers among others.
    #[inline(always)]
    pub(crate) const fn of_row(vni: u32, udp_port: u16) -> Self {
        Self { vni, udp_port, reserved: 0 }
    }

    /// Its VNI.
    #[inline(always)]
    pub const fn vni(&self) -> Vni {
        match Vni::new(self.vni) {
            Ok(vni) => vni,
            Err(_) => Vni::from_wire([0xff; 3]),
        }
    }

    /// Its UDP port.
    #[inline(always)]
    pub const fn udp_port(&self) -> UdpPort {
        UdpPort(self.udp_port)
    }
}

/// Bits of [`Overlay::flags`].
pub struct OverlayFlags;

impl OverlayFlags {
    /// Source addresses of decapsulated frames are learned (`learning`).
    pub const LEARNING: u32 = 1 << 0;
    /// Only VTEPs in map `admit` are believed; unset: every source that knows the VNI.
    pub const ADMIT_KNOWN: u32 = 1 << 1;
    /// Prefixes in map `allow` are believed too.
    pub const ADMIT_PREFIXES: u32 = 1 << 2;
    /// The outer TTL is the inner one (`ttl inherit`).
    pub const TTL_INHERIT: u32 = 1 << 3;
    /// The outer DSCP is the inner one (`tos inherit`).
    pub const TOS_INHERIT: u32 = 1 << 4;
    /// The user asked for something that only the vxlan device's own transmit can do (an outer checksum):
    /// every frame takes it.
    pub const DEVICE_TRANSMIT: u32 = 1 << 5;
    /// The underlay is IPv6, which only the vxlan device's own socket receives so far: what it receives is believed.
    pub const DEVICE_RECEIVE: u32 = 1 << 6;
    /// ARP and ND are answered from map `neigh` (`proxy`).
    pub const PROXY: u32 = 1 << 7;
    /// With [`Self::PROXY`]: questions that cannot be answered are dropped, not flooded (`suppress`).
    pub const SUPPRESS: u32 = 1 << 8;
    /// The vxlan device writes the group policy of what it receives to `skb->mark` (`gbp`).
    pub const POLICY_MARKS: u32 = 1 << 9;
    /// What goes to a router goes straight to the station behind it (`rsc`).
    pub const ROUTE_SHORT_CIRCUIT: u32 = 1 << 10;
    /// Destinations that nobody knows are reported (`l2miss`).
    pub const STATION_MISSES: u32 = 1 << 11;
    /// IP addresses that nobody knows are reported (`l3miss`).
    pub const ADDRESS_MISSES: u32 = 1 << 12;
    /// What stations at local ports say of their IP addresses is learned into map `neigh` (`neighlearn`).
    pub const BINDINGS: u32 = 1 << 13;
}

/// The DF bit of an outer IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Df {
    /// Never set.
    Unset = 0,
    /// Always set.
    Set = 1,
    /// As in the inner IPv4 header; set for inner IPv6; unset for what is not IP.
    Inherit = 2,
}

/// The settings of one overlay, as the data path needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Overlay {
    /// Bits of [`OverlayFlags`].
    pub flags: u32,
    vtep_device: u32,
    underlay_device: u32,
    /// Seconds after which a learned address is forgotten; 0: never.
    pub ageing: u32,
    /// How many addresses may be learned; 0: no limit of its own (`maxaddress`).
    pub learned_limit: u32,
    /// How many bindings may be learned at each port (`maxneigh`).
    pub binding_limit: u32,
    /// Seconds for which a learned binding of an IPv4 address is believed.
    pub reachable_v4: u16,
    /// The same of an IPv6 address.
    pub reachable_v6: u16,
    group: u32,
    /// Its number: its row in map `unicast`.
    pub number: u32,
    local: [u8; 16],
    group_source: [u8; 16],
    mac: [u8; 6],
    /// First UDP source port of encapsulated frames.
    pub source_port_min: u16,
    /// Last UDP source port of encapsulated frames.
    pub source_port_max: u16,
    /// Outer TTL or hop limit; 0: 64 for a VTEP, 1 for a group, as the kernel's device.
    pub ttl: u8,
    /// Outer TOS or traffic class; its two ECN bits are always those of the inner packet.
    pub tos: u8,
    df: u8,
    reserved: [u8; 3],
}

impl Overlay {
    /// Settings of an overlay whose VTEP device is `vtep_device` with address `mac`, all else at its default.
    pub fn new(vtep_device: IfIndex, mac: Mac) -> Self {
        Self {
            flags: OverlayFlags::LEARNING | OverlayFlags::ADMIT_KNOWN,
            vtep_device: vtep_device.0,
            ageing: 300,
            mac: mac.0,
            source_port_min: 49152,
            source_port_max: 65535,
            ..Self::zeroed()
        }
    }

    /// With `underlay` as the device that encapsulated frames leave by when no route says otherwise.
    #[must_use]
    pub fn on(mut self, underlay: IfIndex) -> Self {
        self.underlay_device = underlay.0;
        self
    }

    /// With `local` as the source of encapsulated frames.
    #[must_use]
    pub fn from_local(mut self, local: Address) -> Self {
        self.local = local.0;
        self
    }

    /// With floods going to the multicast group `group`, sent from `source`.
    #[must_use]
    pub fn to_group(mut self, group: RemoteIndex, source: Address) -> Self {
        self.group = group.0;
        self.group_source = source.0;
        self
    }

    /// With this treatment of the outer DF bit.
    #[must_use]
    pub fn with_df(mut self, df: Df) -> Self {
        self.df = df as u8;
        self
    }

    /// Whether all bits of `flag` are set.
    #[inline(always)]
    pub const fn has(&self, flag: u32) -> bool {
        self.flags & flag == flag
    }

    /// The kernel's vxlan device of this overlay.
    #[inline(always)]
    pub const fn vtep_device(&self) -> IfIndex {
        IfIndex(self.vtep_device)
    }

    /// The underlay device, or [`IfIndex::NONE`].
    #[inline(always)]
    pub const fn underlay_device(&self) -> IfIndex {
        IfIndex(self.underlay_device)
    }

    /// The VTEP device's own Ethernet address.
    #[inline(always)]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// Our address in the underlay if the user named one (`local`), else [`Address::NONE`].
    #[inline(always)]
    pub const fn local(&self) -> Address {
        Address(self.local)
    }

    /// Until when a binding is believed that is learned `now`.
    #[inline(always)]
    pub const fn reachable_until(&self, now: Seconds, is_v4: bool) -> Seconds {
        let seconds = if is_v4 { self.reachable_v4 } else { self.reachable_v6 };
        Seconds(now.0.saturating_add(seconds as u32))
    }

    /// The multicast group that floods go to, if there is one.
    #[inline(always)]
    pub const fn group(&self) -> Option<RemoteIndex> {
        if self.group == 0 { None } else { Some(RemoteIndex(self.group)) }
    }

    /// Source of what is sent to the group.
    #[inline(always)]
    pub const fn group_source(&self) -> Address {
        Address(self.group_source)
    }

    /// How the outer DF bit is set.
    #[inline(always)]
    pub const fn df(&self) -> Df {
        match self.df {
            1 => Df::Set,
            2 => Df::Inherit,
            _ => Df::Unset,
        }
    }
}

const _: () = assert!(size_of::<OverlayKey>() == 8);
const _: () = assert!(size_of::<Overlay>() == 84);
