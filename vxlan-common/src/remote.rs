//! Maps `remote`, `vtep`, `nexthop` and `vtep_traffic`: the VTEPs, how to reach them, what went to and fro.

use bytemuck::{Pod, Zeroable};

use crate::{Address, IfIndex, Mac, Overlay, Seconds, UdpPort, Vni};

/// Size of map `remote`. Slot 0 is never used: it means "none".
pub const REMOTES: u32 = 8192;

/// Slots below this are given out by the loader; the rest by the data path, to VTEPs met by learning, the oldest of
/// which loses its slot to the next when all are taken.
pub const LOADER_REMOTES: u32 = 4096;

/// A VTEP in map `remote`: its slot, and which one it is of those that had the slot one after the other. So what
/// still refers to a VTEP that is gone leads nowhere, and not to the one that came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteIndex(pub u32);

impl RemoteIndex {
    /// No VTEP.
    pub const NONE: Self = Self(0);
    const GENERATIONS: u32 = u32::MAX / REMOTES + 1;

    /// The VTEP of generation `generation` at `slot`.
    #[inline(always)]
    pub const fn new(slot: u32, generation: u32) -> Self {
        Self(generation % Self::GENERATIONS * REMOTES + slot % REMOTES)
    }

    /// Its place in maps `remote`, `nexthop` and `vtep_traffic`.
    #[inline(always)]
    pub const fn slot(self) -> u32 {
        self.0 % REMOTES
    }

    /// How many had the slot before.
    #[inline(always)]
    pub const fn generation(self) -> u32 {
        self.0 / REMOTES
    }

    /// The one that will have the slot next.
    #[inline(always)]
    pub const fn successor(self) -> Self {
        Self::new(self.slot(), self.generation() + 1)
    }
}

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

    /// Its address in the underlay.
    #[inline(always)]
    pub const fn address(&self) -> Address {
        Address(self.address)
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
    /// What it is; all zero: a free slot.
    pub key: RemoteKey,
    /// Bits of [`RemoteFlags`].
    pub flags: u32,
    /// That of its [`RemoteIndex`].
    generation: u32,
}

impl Remote {
    /// What `index` is to refer to.
    #[inline(always)]
    pub const fn new(key: RemoteKey, flags: u32, index: RemoteIndex) -> Self {
        Self { key, flags, generation: index.generation() }
    }

    /// Nothing, where `index` was.
    pub fn free(index: RemoteIndex) -> Self {
        Self::new(RemoteKey::zeroed(), 0, index)
    }

    /// Whether the slot is free.
    #[inline(always)]
    pub fn is_free(&self) -> bool {
        self.address().is_none()
    }

    /// What refers to it, if it is at `slot`.
    #[inline(always)]
    pub const fn index(&self, slot: u32) -> RemoteIndex {
        RemoteIndex::new(slot, self.generation)
    }

    /// Its address in the underlay.
    #[inline(always)]
    pub const fn address(&self) -> Address {
        self.key.address()
    }

    /// Whether it is this very host, as the loader found it or as `local`, the overlay's own address, says.
    #[inline(always)]
    pub fn is_home(&self, local: Address) -> bool {
        self.flags & RemoteFlags::HOME != 0 || self.address() == local
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
    index: u32,
    checked: u32,
    device: u32,
    state: u32,
    gateway: [u8; 16],
    source: [u8; 16],
    destination_mac: [u8; 6],
    source_mac: [u8; 6],
    /// Largest IP packet that the path takes; 0: not known.
    pub mtu: u32,
    takes_xdp: u32,
    changes: u32,
    // What of the asking overlay the answer depends on: two overlays may go to one VTEP by different ways.
    asked_device: u32,
    asked_source: [u8; 4],
}

impl NextHop {
    /// Nothing known but the state, asked for `overlay`.
    pub fn new(state: HopState, index: RemoteIndex, overlay: &Overlay, checked: Seconds) -> Self {
        let mut hop = Self::zeroed();
        hop.begin(index, overlay, checked, 0);
        hop.set_state(state);
        hop
    }

    /// Forgets all that is known, to ask for `overlay`, with the tables as they are after so many changes by the loader.
    /// In place: a program has no room on its stack for another one.
    #[inline(always)]
    pub const fn begin(&mut self, index: RemoteIndex, overlay: &Overlay, checked: Seconds, changes: u32) {
        self.index = index.0;
        self.checked = checked.0;
        self.set_state(HopState::Unknown);
        self.set_path(IfIndex::NONE, Address::NONE, Address::NONE, 0);
        self.set_macs(Mac::ZERO, Mac::ZERO);
        self.takes_xdp = 0;
        self.changes = changes;
        self.asked_device = overlay.underlay_device().0;
        self.asked_source = overlay.local().v4_bytes();
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

    /// Whether an XDP program can redirect to the device.
    #[inline(always)]
    pub const fn set_takes_xdp(&mut self, takes_xdp: bool) {
        self.takes_xdp = takes_xdp as u32;
    }

    /// Whether an XDP program can send by it: to a device that takes it, with both Ethernet addresses.
    #[inline(always)]
    pub const fn is_for_xdp(&self) -> bool {
        self.takes_xdp != 0 && self.state == HopState::Ready as u32
    }

    /// Both Ethernet addresses.
    #[inline(always)]
    pub const fn set_macs(&mut self, destination: Mac, source: Mac) {
        self.destination_mac = destination.0;
        self.source_mac = source.0;
    }

    /// Whether it holds for `overlay`: same VTEP, same device and source asked for, looked up within this second and
    /// after the last of so many changes by the loader.
    #[inline(always)]
    pub fn is_fresh(&self, index: RemoteIndex, overlay: &Overlay, now: Seconds, changes: u32) -> bool {
        self.state != HopState::Unknown as u32
            && self.changes == changes
            && self.index == index.0
            && self.checked == now.0
            && self.asked_device == overlay.underlay_device().0
            && self.asked_source == overlay.local().v4_bytes()
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
    index: u64,
    /// Frames sent to it.
    pub tx_packets: u64,
    /// Bytes of the inner frames sent to it.
    pub tx_bytes: u64,
    /// Frames from it.
    pub rx_packets: u64,
    /// Bytes of the inner frames from it.
    pub rx_bytes: u64,
}

impl RemoteTraffic {
    /// The traffic of the VTEP at `index`: none, if these are the counts of one that had the slot before.
    #[inline(always)]
    pub fn of(&mut self, index: RemoteIndex) -> &mut Self {
        if self.index != index.0 as u64 {
            *self = Self { index: index.0 as u64, ..Self::default() };
        }
        self
    }

    /// Both together, as those of the first.
    #[must_use]
    pub const fn plus(mut self, other: Self) -> Self {
        self.tx_packets += other.tx_packets;
        self.tx_bytes += other.tx_bytes;
        self.rx_packets += other.rx_packets;
        self.rx_bytes += other.rx_bytes;
        self
    }

    /// One frame more was sent to it.
    #[inline(always)]
    pub const fn add_sent(&mut self, bytes: usize) {
        self.tx_packets += 1;
        self.tx_bytes += bytes as u64;
    }

    /// One frame more came from it.
    #[inline(always)]
    pub const fn add_received(&mut self, bytes: usize) {
        self.rx_packets += 1;
        self.rx_bytes += bytes as u64;
    }
}

const _: () = assert!(size_of::<RemoteKey>() == 28);
const _: () = assert!(size_of::<Remote>() == 36);
const _: () = assert!(size_of::<NextHop>() == 80);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_a_vtep_that_is_gone_does_not_lead_to_its_successor() {
        let first = RemoteIndex::new(REMOTES - 1, 0);
        let second = first.successor();
        assert_eq!((second.slot(), second.generation()), (REMOTES - 1, 1));
        assert_ne!(first, second);
        let last = RemoteIndex::new(5, u32::MAX / REMOTES);
        assert_eq!(last.successor(), RemoteIndex::new(5, 0));
        let remote = Remote::new(RemoteKey::plain(Address::v4([10, 0, 0, 1])), 0, second);
        assert_eq!(remote.index(REMOTES - 1), second);
        assert!(Remote::free(second).is_free() && !remote.is_free());
    }

    #[test]
    fn traffic_is_that_of_one_vtep() {
        let first = RemoteIndex::new(7, 1);
        let mut traffic = RemoteTraffic::default();
        traffic.of(first).add_sent(100);
        traffic.of(first).add_received(60);
        assert_eq!((traffic.of(first).tx_packets, traffic.of(first).rx_bytes), (1, 60));
        traffic.of(first.successor()).add_sent(10);
        assert_eq!((traffic.tx_packets, traffic.tx_bytes, traffic.rx_packets), (1, 10, 0));
    }
}
