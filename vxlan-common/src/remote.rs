//! Maps `remote`, `vtep`, `nexthop` and `vtep_traffic`: the VTEPs, how to reach them, what went to and fro.

use bytemuck::{Pod, Zeroable};

use crate::{Address, IfIndex, Mac, Seconds, UdpPort, Vni};

/// Size of map `remote`. Index 0 is never used: it means "none".
pub const REMOTES: u32 = 8192;

/// Indices below this are given out by the loader; the rest by the data path, to VTEPs met by learning.
pub const LOADER_REMOTES: u32 = 4096;

/// Index of a VTEP in map `remote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteIndex(pub u32);

/// What makes a remote different from others: an address, and what an FDB entry may override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct RemoteKey {
    address: [u8; 16],
    vni: u32,
    via: u32,
    udp_port: u16,
    reserved: u16,
}

impl RemoteKey {
    /// A VTEP that is sent to with the overlay's own VNI and port, by the way that the routes say.
    #[inline(always)]
    pub const fn plain(address: Address) -> Self {
        Self { address: address.0, vni: 0, via: 0, udp_port: 0, reserved: 0 }
    }

    /// With an egress VNI, UDP port and device of its own (`bridge fdb ... vni, port, via`).
    pub fn with(address: Address, vni: Option<Vni>, port: Option<UdpPort>, via: Option<IfIndex>) -> Self {
        Self {
            address: address.0,
            // A VNI of 0 is a VNI: store one more, so that 0 can mean "the overlay's".
            vni: vni.map_or(0, |vni| vni.get() + 1),
            via: via.map_or(0, |via| via.0),
            udp_port: port.map_or(0, |port| port.0),
            reserved: 0,
        }
    }
}

/// Bits of [`Remote::flags`].
pub struct RemoteFlags;

impl RemoteFlags {
    /// The data path claimed it when it learned.
    pub const LEARNED: u32 = 1 << 0;
    /// The loader found its address on this host. (`bpf_fib_lookup` gives one answer for "local" and "no route".)
    pub const HOME: u32 = 1 << 1;
}

/// A VTEP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Remote {
    /// What it is; all zero: a free index.
    pub key: RemoteKey,
    /// Bits of [`RemoteFlags`].
    pub flags: u32,
    /// One more each time the index is given to another VTEP, so that a cached next hop is not believed.
    pub generation: u32,
}

impl Remote {
    /// A remote of generation `generation`.
    #[inline(always)]
    pub const fn new(key: RemoteKey, flags: u32, generation: u32) -> Self {
        Self { key, flags, generation }
    }

    /// Its address in the underlay.
    #[inline(always)]
    pub const fn address(&self) -> Address {
        Address(self.key.address)
    }

    /// The VNI to send with, if it is not the overlay's.
    #[inline(always)]
    pub fn vni(&self) -> Option<Vni> {
        self.key.vni.checked_sub(1).and_then(|vni| Vni::new(vni).ok())
    }

    /// The UDP port to send to, if it is not the overlay's.
    #[inline(always)]
    pub const fn udp_port(&self) -> Option<UdpPort> {
        if self.key.udp_port == 0 { None } else { Some(UdpPort(self.key.udp_port)) }
    }

    /// The device to send by, if the user named one.
    #[inline(always)]
    pub const fn via(&self) -> Option<IfIndex> {
        if self.key.via == 0 { None } else { Some(IfIndex(self.key.via)) }
    }
}

/// What is known of the way to a VTEP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum HopState {
    /// Nothing yet.
    Unknown = 0,
    /// Device, next hop and both Ethernet addresses.
    Ready = 1,
    /// Device and next hop; the kernel has to find the Ethernet address.
    Unresolved = 2,
    /// The address is our own.
    Home = 3,
    /// No route leads there.
    NoRoute = 4,
    /// The kernel would not say: it has to look for the route itself when the frame leaves by the overlay's device.
    Guess = 5,
}

/// The way to a VTEP, cached by one CPU for a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct NextHop {
    generation: u32,
    checked: u32,
    device: u32,
    state: u32,
    gateway: [u8; 16],
    source: [u8; 16],
    destination_mac: [u8; 6],
    source_mac: [u8; 6],
    /// Largest IP packet that the path takes; 0: not known.
    pub mtu: u32,
}

impl NextHop {
    /// Nothing known but the state.
    #[inline(always)]
    pub const fn new(state: HopState, generation: u32, checked: Seconds) -> Self {
        Self {
            generation,
            checked: checked.0,
            device: 0,
            state: state as u32,
            gateway: [0; 16],
            source: [0; 16],
            destination_mac: [0; 6],
            source_mac: [0; 6],
            mtu: 0,
        }
    }

    /// Changes what is known.
    #[inline(always)]
    pub const fn set_state(&mut self, state: HopState) {
        self.state = state as u32;
    }

    /// The device and the next hop, our address on that path, and its MTU (0: not known).
    #[inline(always)]
    pub const fn set_path(&mut self, device: IfIndex, gateway: Address, source: Address, mtu: u32) {
        self.device = device.0;
        self.gateway = gateway.0;
        self.source = source.0;
        self.mtu = mtu;
    }

    /// Both Ethernet addresses.
    #[inline(always)]
    pub const fn set_macs(&mut self, destination: Mac, source: Mac) {
        self.destination_mac = destination.0;
        self.source_mac = source.0;
    }

    /// Whether it still holds: same VTEP, looked up within this second.
    #[inline(always)]
    pub const fn is_fresh(&self, generation: u32, now: Seconds) -> bool {
        self.state != HopState::Unknown as u32 && self.generation == generation && self.checked == now.0
    }

    /// What is known.
    #[inline(always)]
    pub const fn state(&self) -> HopState {
        match self.state {
            1 => HopState::Ready,
            2 => HopState::Unresolved,
            3 => HopState::Home,
            4 => HopState::NoRoute,
            5 => HopState::Guess,
            _ => HopState::Unknown,
        }
    }

    /// The device to leave by.
    #[inline(always)]
    pub const fn device(&self) -> IfIndex {
        IfIndex(self.device)
    }

    /// The next hop: a router, or the VTEP itself.
    #[inline(always)]
    pub const fn gateway(&self) -> Address {
        Address(self.gateway)
    }

    /// The address that the routes prefer as our own on this path.
    #[inline(always)]
    pub const fn source(&self) -> Address {
        Address(self.source)
    }

    /// The next hop's Ethernet address, if [`HopState::Ready`].
    #[inline(always)]
    pub const fn destination_mac(&self) -> Mac {
        Mac(self.destination_mac)
    }

    /// Our own Ethernet address on that device, if [`HopState::Ready`].
    #[inline(always)]
    pub const fn source_mac(&self) -> Mac {
        Mac(self.source_mac)
    }
}

/// What went to a VTEP and came from it, by one CPU. Copies of a flooded frame count each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RemoteTraffic {
    /// Frames sent to it.
    pub tx_packets: u64,
    /// Bytes of the inner frames sent to it.
    pub tx_bytes: u64,
    /// Frames from it.
    pub rx_packets: u64,
    /// Bytes of the inner frames from it.
    pub rx_bytes: u64,
}

const _: () = assert!(size_of::<RemoteKey>() == 28);
const _: () = assert!(size_of::<Remote>() == 36);
const _: () = assert!(size_of::<NextHop>() == 64);
