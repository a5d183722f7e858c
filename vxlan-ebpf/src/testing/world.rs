//! The host that the tests know.
//!
//! ```text
//!   port 11 (c1) ---+
//!   port 12 (c2) ---+--- VNI 444, vxlan1 = 10, eth0 = 2, 192.168.1.100 ---- VTEPs 1 (.200), 2 (own), 3 (.201)
//! ```

use vxlan_common::{
    Address, FdbEntry, FdbFlags, FdbKey, HopState, IfIndex, Mac, NextHop, Overlay, OverlayKey, Port,
    PortFlags, PortKind, Remote, RemoteIndex, RemoteKey, Seconds, Target, UdpPort, Vni,
};

use super::Host;

pub(super) const ETH0: IfIndex = IfIndex(2);
pub(super) const VTEP: IfIndex = IfIndex(10);
pub(super) const PORT_1: IfIndex = IfIndex(11);
pub(super) const PORT_2: IfIndex = IfIndex(12);
pub(super) const C1: Mac = Mac([2, 0, 0, 0, 1, 1]);
pub(super) const C2: Mac = Mac([2, 0, 0, 0, 1, 2]);
pub(super) const FAR: Mac = Mac([2, 0, 0, 0, 2, 1]);
pub(super) const DEVICE_MAC: Mac = Mac([2, 0, 0, 0, 0, 10]);
pub(super) const OWN: Address = Address::v4([192, 168, 1, 100]);
pub(super) const PEER: Address = Address::v4([192, 168, 1, 200]);
pub(super) const OTHER: Address = Address::v4([192, 168, 1, 201]);
pub(super) const STRANGER: Address = Address::v4([10, 99, 0, 1]);
pub(super) const GROUP: Address = Address::v4([239, 1, 1, 1]);
pub(super) const MTU: u32 = 1500;

/// VNI 444 on port 4789.
pub(super) fn key() -> OverlayKey {
    key_of(444, 4789)
}

pub(super) fn key_of(vni: u32, port: u16) -> OverlayKey {
    OverlayKey::new(Vni::new(vni).expect("a VNI"), UdpPort(port))
}

pub(super) fn station(mac: Mac) -> FdbKey {
    FdbKey::new(key(), mac)
}

/// Our Ethernet address, and a VTEP's, on the underlay.
pub(super) fn underlay_mac(address: Address) -> Mac {
    Mac([4, 0, 0, 0, 0, address.v4_bytes()[3]])
}

/// The host of the picture: nothing learned, everyone in the flood list, its own address too, as the same list on
/// every host has it.
pub(super) fn host() -> Host {
    bare().with_vtep(PEER).with_vtep(OWN).with_vtep(OTHER).with_port(PORT_1).with_port(PORT_2)
}

/// The same without VTEPs and ports.
pub(super) fn bare() -> Host {
    let host = Host { ring_slots: 64, fdb_room: 1000, neighbour_room: 1000, ..Host::default() };
    host.now.set(Seconds(1000));
    host.claims.set(100);
    host.with_overlay(key())
}

impl Host {
    /// One more overlay, with the same VTEP device.
    pub fn with_overlay(mut self, key: OverlayKey) -> Self {
        let mut overlay = Overlay::new(VTEP, DEVICE_MAC).on(ETH0).from_local(OWN);
        overlay.number = self.overlays.len() as u32;
        self.overlays.insert(key, overlay);
        self.ports.entry(VTEP).or_insert(Port::new(key, PortKind::Vtep, 0));
        self.local.insert(OWN);
        self
    }

    /// A VTEP that the user named: known, and in the flood list.
    pub fn with_vtep(mut self, address: Address) -> Self {
        let index = self.add_remote(RemoteKey::plain(address));
        self.known.insert((key(), address));
        self.floods.entry(key()).or_default().add_remote(index);
        self
    }

    /// A multicast group that floods go to.
    pub fn with_group(mut self, group: Address) -> Self {
        let index = self.add_remote(RemoteKey::plain(group));
        let overlay = self.settings();
        *overlay = overlay.to_group(index, OWN);
        self
    }

    /// A container's veth.
    pub fn with_port(mut self, device: IfIndex) -> Self {
        self.ports.insert(device, Port::new(key(), PortKind::Direct, PortFlags::PEER));
        self.floods.entry(key()).or_default().add_port(device);
        self
    }

    /// A station that the user set for good.
    pub fn with_station(self, mac: Mac, target: Target) -> Self {
        self.put(mac, FdbEntry::configured(target, Seconds(0), FdbFlags::PERMANENT));
        self
    }

    /// With other settings of the overlay.
    pub fn with_settings(mut self, change: impl FnOnce(&mut Overlay)) -> Self {
        change(self.settings());
        self
    }

    /// With flags of the overlay added.
    pub fn with_flags(self, flags: u32) -> Self {
        self.with_settings(|overlay| overlay.flags |= flags)
    }

    /// With another way to a VTEP.
    pub fn with_hop(mut self, address: Address, change: impl FnOnce(&mut NextHop)) -> Self {
        change(self.hops.get_mut(&self.index(address)).expect("a way to it"));
        self
    }

    /// With another address of its own.
    pub fn at(mut self, address: Address) -> Self {
        let overlay = self.settings();
        *overlay = overlay.from_local(address);
        self.local = [address].into();
        for (index, remote) in &self.remotes {
            let hop = self.hops.get_mut(index).expect("a way to it");
            hop.set_state(if remote.address() == address { HopState::Home } else { HopState::Ready });
        }
        self
    }

    pub fn settings(&mut self) -> &mut Overlay {
        self.overlays.get_mut(&key()).expect("the overlay")
    }

    /// Gives an index to a VTEP, and a way there.
    pub fn add_remote(&mut self, remote: RemoteKey) -> RemoteIndex {
        let index = RemoteIndex(self.remotes.len() as u32 + 1);
        let remote = Remote::new(remote, 0, index);
        let address = remote.address();
        let state = if self.local.contains(&address) { HopState::Home } else { HopState::Ready };
        let mut hop = NextHop::new(state, index, &Overlay::new(VTEP, DEVICE_MAC), Seconds(1000));
        hop.set_path(ETH0, address, OWN, MTU);
        hop.set_macs(underlay_mac(address), underlay_mac(OWN));
        self.remotes.insert(index, remote);
        self.hops.insert(index, hop);
        index
    }

    /// The index of a VTEP that a test added.
    pub fn index(&self, address: Address) -> RemoteIndex {
        let found = self.remotes.iter().find(|(_, remote)| remote.address() == address);
        *found.expect("a VTEP of this host").0
    }

    /// A target behind a VTEP that a test added.
    pub fn behind(&self, address: Address) -> Target {
        Target::Remote(self.index(address))
    }

    pub fn put(&self, mac: Mac, entry: FdbEntry) {
        self.fdb.borrow_mut().insert(station(mac), entry);
    }

    /// What the FDB says of a station.
    pub fn entry(&self, mac: Mac) -> Option<FdbEntry> {
        self.fdb.borrow().get(&station(mac)).copied()
    }

    pub fn target(&self, mac: Mac) -> Option<Target> {
        self.entry(mac).map(|entry| entry.target())
    }

    /// Lets a second pass, or several.
    pub fn wait(&self, seconds: u32) {
        self.now.set(Seconds(self.now.get().0 + seconds));
    }
}

/// The host of the picture, with the far station behind the peer.
pub(super) fn host_that_knows_far() -> Host {
    let host = host();
    let peer = host.behind(PEER);
    host.with_station(FAR, peer)
}
