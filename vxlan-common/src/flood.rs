//! Map `flood`: who gets the broadcast, unknown and multicast frames of an overlay.

use bytemuck::{Pod, Zeroable};

use crate::{IfIndex, RemoteIndex};

/// How many VTEPs a flood list holds.
pub const FLOOD_REMOTES: usize = 1024;

/// How many direct ports an overlay holds on one host.
pub const FLOOD_PORTS: usize = 256;

/// The flood list of one overlay. It is replaced whole, so a reader sees the old list or the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct FloodList {
    remotes: u32,
    ports: u32,
    remote: [u32; FLOOD_REMOTES],
    port: [u32; FLOOD_PORTS],
}

impl Default for FloodList {
    fn default() -> Self {
        Self::zeroed()
    }
}

impl FloodList {
    /// How many VTEPs are in it.
    #[inline(always)]
    pub const fn remote_count(&self) -> u32 {
        self.remotes
    }

    /// How many direct ports are in it.
    #[inline(always)]
    pub const fn port_count(&self) -> u32 {
        self.ports
    }

    /// The VTEP at position `at`.
    #[inline(always)]
    pub fn remote(&self, at: u32) -> Option<RemoteIndex> {
        if at >= self.remotes {
            return None;
        }
        self.remote.get(at as usize).copied().map(RemoteIndex)
    }

    /// The port at position `at`.
    #[inline(always)]
    pub fn port(&self, at: u32) -> Option<IfIndex> {
        if at >= self.ports {
            return None;
        }
        self.port.get(at as usize).copied().map(IfIndex)
    }

    /// The VTEPs in it.
    pub fn remotes(&self) -> impl Iterator<Item = RemoteIndex> + '_ {
        (0..self.remotes).filter_map(|at| self.remote(at))
    }

    /// The ports in it.
    pub fn ports(&self) -> impl Iterator<Item = IfIndex> + '_ {
        (0..self.ports).filter_map(|at| self.port(at))
    }

    /// Adds a VTEP; false if the list is full. One that is in it already stays once.
    pub fn add_remote(&mut self, remote: RemoteIndex) -> bool {
        add(&mut self.remote, &mut self.remotes, remote.0)
    }

    /// Takes a VTEP out; false if it was not in it.
    pub fn remove_remote(&mut self, remote: RemoteIndex) -> bool {
        remove(&mut self.remote, &mut self.remotes, remote.0)
    }

    /// Adds a port; false if the list is full. One that is in it already stays once.
    pub fn add_port(&mut self, port: IfIndex) -> bool {
        add(&mut self.port, &mut self.ports, port.0)
    }

    /// Takes a port out; false if it was not in it.
    pub fn remove_port(&mut self, port: IfIndex) -> bool {
        remove(&mut self.port, &mut self.ports, port.0)
    }
}

fn add(list: &mut [u32], count: &mut u32, value: u32) -> bool {
    let used = *count as usize;
    if list.iter().take(used).any(|&there| there == value) {
        return true;
    }
    let Some(free) = list.get_mut(used) else { return false };
    *free = value;
    *count += 1;
    true
}

fn remove(list: &mut [u32], count: &mut u32, value: u32) -> bool {
    let used = *count as usize;
    let Some(at) = list.iter().take(used).position(|&there| there == value) else { return false };
    // The order stays, as `bridge fdb` shows it.
    list.copy_within(at + 1..used, at);
    *count -= 1;
    if let Some(last) = list.get_mut(used - 1) {
        *last = 0;
    }
    true
}

const _: () = assert!(size_of::<FloodList>() == 8 + 4 * (FLOOD_REMOTES + FLOOD_PORTS));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_order_and_holds_each_vtep_once() {
        let mut list = FloodList::default();
        for remote in [3, 1, 2, 1] {
            assert!(list.add_remote(RemoteIndex(remote)));
        }
        assert!(list.remove_remote(RemoteIndex(1)));
        assert!(!list.remove_remote(RemoteIndex(1)));
        assert!(list.remotes().eq([3, 2].map(RemoteIndex)));
    }

    #[test]
    fn a_full_list_says_so() {
        let mut list = FloodList::default();
        assert!((1..=FLOOD_REMOTES as u32).all(|remote| list.add_remote(RemoteIndex(remote))));
        assert!(!list.add_remote(RemoteIndex(5000)));
        assert!(list.add_remote(RemoteIndex(FLOOD_REMOTES as u32)));
    }
}
