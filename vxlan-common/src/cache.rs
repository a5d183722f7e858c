//! Maps `tx_cache` and `rx_cache`: what a CPU did with the last frame between two stations, so that the next one needs
//! no other table. What is remembered holds for the second or so in which it was found out, and until a table changes: so
//! ageing, learning and the ways to the VTEPs are looked after once a second, not once a frame.

use bytemuck::{Pod, Zeroable};

use crate::{Address, IfIndex, Mac, OverlayKey, RemoteIndex};

/// Rows of either cache; a pair of stations has one of them.
pub const CACHE_ROWS: u32 = 4096;

/// Until when a row holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Stamp {
    generation: u32,
    span: u32,
}

impl Stamp {
    /// A span of 2^30 nanoseconds, a second or so, which is told without a division; with the tables as they are after
    /// `generation` changes.
    #[inline(always)]
    pub const fn new(generation: u32, nanoseconds: u64) -> Self {
        Self { generation, span: (nanoseconds >> 30) as u32 }
    }

    #[inline(always)]
    const fn word(self) -> u64 {
        self.generation as u64 | (self.span as u64) << 32
    }
}

/// A row for the words of a key.
#[inline(always)]
const fn row(first: u64, second: u64) -> u32 {
    const BITS: u32 = CACHE_ROWS.trailing_zeros();
    let mixed = (first ^ second.rotate_left(31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - BITS)) as u32
}

/// A pair of stations, as their addresses stand in an Ethernet header: its first eight bytes, and the next four.
pub type Stations = (u64, u32);

/// The pair `destination`, `source`.
#[inline(always)]
pub const fn stations(destination: Mac, source: Mac) -> Stations {
    let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (destination.0, source.0);
    (u64::from_ne_bytes([a, b, c, d, e, f, g, h]), u32::from_ne_bytes([i, j, k, l]))
}

/// Which frames a row of `tx_cache` is about: those between two stations from one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TxKey([u64; 2]);

impl TxKey {
    /// Frames between `stations` from `port`.
    #[inline(always)]
    pub const fn new(stations: Stations, port: IfIndex) -> Self {
        Self([stations.0, stations.1 as u64 | (port.0 as u64) << 32])
    }

    /// Its row.
    #[inline(always)]
    pub const fn row(&self) -> u32 {
        let [first, second] = self.0;
        row(first, second)
    }
}

/// Bits of [`TxHit::flags`].
pub struct TxFlags;

impl TxFlags {
    /// The outer TTL is the inner one.
    pub const TTL_INHERIT: u32 = 1 << 0;
    /// The outer DSCP is the inner one.
    pub const TOS_INHERIT: u32 = 1 << 1;
    /// The outer DF bit is the inner one.
    pub const DF_INHERIT: u32 = 1 << 2;
    /// The overlay answers neighbour solicitations, or learns from advertisements: those need a closer look.
    pub const NEIGHBOURS: u32 = 1 << 3;
    /// An XDP program may send by it: the headers have the Ethernet addresses of the next hop, and nobody at the port has
    /// VLAN tags beside the frames.
    pub const SHORT_CUT: u32 = 1 << 4;
    /// The outer DF bit is set.
    pub const DF: u32 = 1 << 5;
}

/// A row of `tx_cache`: how frames between two stations leave for a VTEP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TxHit {
    key: TxKey,
    stamp: Stamp,
    gateway: [u8; 16],
    device: u32,
    remote: u32,
    /// Number of the overlay: its row in map `unicast`.
    pub overlay: u32,
    /// The largest inner packet that fits the path.
    pub room: u32,
    /// Bits of [`TxFlags`].
    pub flags: u32,
    /// Sum of the outer IP header without what each frame has of its own.
    pub sum: u32,
    /// First UDP source port.
    pub source_port_min: u16,
    /// Last UDP source port.
    pub source_port_max: u16,
    /// TOS without its ECN bits.
    pub tos: u8,
    reserved: u8,
    /// The outer headers: Ethernet, IPv4, UDP, VXLAN.
    pub headers: [u8; 50],
}

impl TxHit {
    /// Whether it is about these frames, and still holds.
    #[inline(always)]
    pub const fn holds(&self, key: TxKey, stamp: Stamp) -> bool {
        let ([a, b], [c, d]) = (self.key.0, key.0);
        a == c && b == d && self.stamp.word() == stamp.word()
    }

    /// Makes it about these frames. Nothing is said yet.
    #[inline(always)]
    pub const fn set_key(&mut self, key: TxKey, stamp: Stamp) {
        self.key = key;
        self.stamp = stamp;
    }

    /// Says where they go: to which VTEP, by which device and next hop.
    #[inline(always)]
    pub const fn set_way(&mut self, remote: RemoteIndex, device: IfIndex, gateway: Address) {
        self.remote = remote.0;
        self.device = device.0;
        self.gateway = gateway.0;
    }

    /// The VTEP.
    #[inline(always)]
    pub const fn remote(&self) -> RemoteIndex {
        RemoteIndex(self.remote)
    }

    /// The device to leave by.
    #[inline(always)]
    pub const fn device(&self) -> IfIndex {
        IfIndex(self.device)
    }

    /// The next hop.
    #[inline(always)]
    pub const fn gateway(&self) -> Address {
        Address(self.gateway)
    }

    /// Whether a bit of [`TxFlags`] is set.
    #[inline(always)]
    pub const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// Which packets a row of `rx_cache` is about: those of one overlay from a VTEP to an address of ours, brought by the link
/// layer to an address of ours, between two stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RxKey([u64; 4]);

impl RxKey {
    /// Packets with these outer addresses (both of IP as one number; that of the link layer), overlay and stations.
    #[inline(always)]
    pub const fn new(addresses: u64, link: [u8; 6], overlay: OverlayKey, stations: Stations) -> Self {
        let [a, b, c, d, e, f] = link;
        let tail = (u16::from_ne_bytes([a, b]) as u64) << 48;
        let link = (u32::from_ne_bytes([c, d, e, f]) as u64) << 32;
        let (vni, port) = (overlay.vni().get() as u64, overlay.udp_port().0 as u64);
        Self([addresses, vni | port << 32 | tail, stations.0, stations.1 as u64 | link])
    }

    /// Its row.
    #[inline(always)]
    pub const fn row(&self) -> u32 {
        let [_, overlay, first, second] = self.0;
        row(first, second ^ overlay << 3)
    }
}

/// How a frame reaches a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Delivery {
    /// Out of the device.
    Egress = 0,
    /// To the other end of a veth.
    Peer = 1,
    /// As if the device had received it.
    Ingress = 2,
}

/// A row of `rx_cache`: where frames between two stations are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RxHit {
    key: RxKey,
    stamp: Stamp,
    device: u32,
    delivery: u32,
    remote: u32,
    /// Number of the overlay: its row in map `unicast`.
    pub overlay: u32,
    takes_xdp: u32,
    reserved: u32,
}

impl RxHit {
    /// Whether it is about these packets, and still holds.
    #[inline(always)]
    pub const fn holds(&self, key: RxKey, stamp: Stamp) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.key.0, key.0);
        a == e && b == f && c == g && d == h && self.stamp.word() == stamp.word()
    }

    /// Makes it about these packets. Nothing is said yet.
    #[inline(always)]
    pub const fn set_key(&mut self, key: RxKey, stamp: Stamp) {
        self.key = key;
        self.stamp = stamp;
    }

    /// Says which VTEP sends them, and where they go.
    #[inline(always)]
    pub const fn set_way(
        &mut self,
        remote: RemoteIndex,
        device: IfIndex,
        delivery: Delivery,
        takes_xdp: bool,
    ) {
        self.remote = remote.0;
        self.device = device.0;
        self.delivery = delivery as u32;
        self.takes_xdp = takes_xdp as u32;
    }

    /// The VTEP.
    #[inline(always)]
    pub const fn remote(&self) -> RemoteIndex {
        RemoteIndex(self.remote)
    }

    /// The port.
    #[inline(always)]
    pub const fn device(&self) -> IfIndex {
        IfIndex(self.device)
    }

    /// How it is reached.
    #[inline(always)]
    pub const fn delivery(&self) -> Delivery {
        match self.delivery {
            0 => Delivery::Egress,
            1 => Delivery::Peer,
            _ => Delivery::Ingress,
        }
    }

    /// Whether an XDP program can redirect to it.
    #[inline(always)]
    pub const fn takes_xdp(&self) -> bool {
        self.takes_xdp != 0
    }
}

const _: () = assert!(size_of::<TxHit>() == 120);
const _: () = assert!(size_of::<RxHit>() == 64);
const _: () = assert!(CACHE_ROWS.is_power_of_two());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UdpPort, Vni};

    #[test]
    fn a_row_holds_for_its_key_its_second_and_its_generation_only() {
        let (key, stamp) = (TxKey::new((1, 2), IfIndex(3)), Stamp::new(4, 5 << 30));
        let mut hit = TxHit::zeroed();
        hit.set_key(key, stamp);
        assert!(hit.holds(key, stamp));
        for other in [((0, 2), 3), ((1, 0), 3), ((1, 2), 0)] {
            assert!(!hit.holds(TxKey::new(other.0, IfIndex(other.1)), stamp));
        }
        for other in [Stamp::new(3, 5 << 30), Stamp::new(4, 6 << 30), Stamp::new(5, 4 << 30)] {
            assert!(!hit.holds(key, other));
        }
    }

    #[test]
    fn each_part_of_what_a_packet_is_known_by_tells_it_from_another() {
        let overlay = |vni, port| OverlayKey::new(Vni::from_wire([0, 0, vni]), UdpPort(port));
        let key = RxKey::new(1, [2; 6], overlay(3, 4), (5, 6));
        let others = [
            RxKey::new(0, [2; 6], overlay(3, 4), (5, 6)),
            RxKey::new(1, [0, 2, 2, 2, 2, 2], overlay(3, 4), (5, 6)),
            RxKey::new(1, [2, 2, 2, 2, 2, 0], overlay(3, 4), (5, 6)),
            RxKey::new(1, [2; 6], overlay(0, 4), (5, 6)),
            RxKey::new(1, [2; 6], overlay(3, 0), (5, 6)),
            RxKey::new(1, [2; 6], overlay(3, 4), (0, 6)),
            RxKey::new(1, [2; 6], overlay(3, 4), (5, 0)),
        ];
        let stamp = Stamp::new(1, 1 << 30);
        let mut hit = RxHit::zeroed();
        hit.set_key(key, stamp);
        assert!(hit.holds(key, stamp));
        assert!(others.iter().all(|other| !hit.holds(*other, stamp)));
    }

    #[test]
    fn addresses_in_a_sequence_are_spread_over_the_rows() {
        let rows: std::collections::HashSet<u32> =
            (0..1000).map(|at: u64| TxKey::new((at << 40 | 2, 7), IfIndex(3)).row()).collect();
        assert!(rows.len() > 800, "{} rows for 1000 stations", rows.len());
    }
}
