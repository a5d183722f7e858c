//! Counters: by overlay, by VTEP, by reason.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Result;
use vxlan_common::{
    Class, Count, CountKey, Direction, LOADER_REMOTES, Outcome, OverlayKey, RemoteIndex, RemoteTraffic,
    UdpPort,
};

use super::Overlays;

/// Traffic.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// By overlay, in the order of their VNIs.
    pub overlays: Vec<OverlayCounts>,
    /// By VTEP, of all overlays together, in the order of their addresses.
    pub vteps: Vec<VtepCounts>,
    /// What came to one of our UDP ports and belongs to no overlay.
    pub outside: Vec<(UdpPort, Outcome, Count)>,
}

/// What became of the frames of an overlay.
#[derive(Clone, Debug)]
pub struct OverlayCounts {
    /// VNI and UDP port.
    pub key: OverlayKey,
    /// Name of its VTEP device.
    pub name: String,
    /// By direction and outcome; those that are zero are left out.
    pub counts: Vec<(Direction, Outcome, Count)>,
}

impl OverlayCounts {
    /// The sum of one direction and class.
    pub fn total(&self, direction: Direction, class: Class) -> Count {
        let of = self.counts.iter().filter(|count| count.0 == direction && count.1.class() == class);
        of.fold(Count::default(), |sum, (_, _, one)| Count {
            packets: sum.packets + one.packets,
            bytes: sum.bytes + one.bytes,
        })
    }
}

/// What went to a VTEP and came from it.
#[derive(Clone, Debug)]
pub struct VtepCounts {
    /// Its address.
    pub address: IpAddr,
    /// Whether nobody but the data path, which learned it, knows it.
    pub learned: bool,
    /// Frames and bytes.
    pub traffic: RemoteTraffic,
}

/// Dropped frames of one reason.
#[derive(Clone, Debug)]
pub struct Drop {
    /// The overlay and the name of its VTEP device; `None`: it belonged to no overlay.
    pub overlay: Option<(OverlayKey, String)>,
    /// The UDP port.
    pub udp_port: UdpPort,
    /// Which way they went.
    pub direction: Direction,
    /// Why.
    pub outcome: Outcome,
    /// How many.
    pub count: Count,
}

impl Overlays<'_> {
    /// Traffic by overlay and by VTEP.
    pub fn stats(&self) -> Result<Stats> {
        let Some(tables) = self.datapath.tables()? else { return Ok(Stats::default()) };
        let counts = tables.counts()?;
        let mut overlays = Vec::new();
        for vtep in self.list()? {
            overlays.push(OverlayCounts {
                key: vtep.key,
                name: vtep.name,
                counts: of(&counts, Some(vtep.key)),
            });
        }
        let mut outside: Vec<_> = counts
            .iter()
            .filter(|(key, count)| key.overlay().is_none() && count.packets != 0)
            .filter_map(|(key, count)| Some((key.udp_port(), key.outcome()?, *count)))
            .collect();
        outside.sort_by_key(|(port, outcome, _)| (*port, *outcome));
        Ok(Stats { overlays, vteps: self.vtep_counts()?, outside })
    }

    /// Dropped frames by overlay, direction and reason. Reasons that nothing was dropped for are left out.
    pub fn drops(&self) -> Result<Vec<Drop>> {
        let Stats { overlays, outside, .. } = self.stats()?;
        let inside = overlays.into_iter().flat_map(|overlay| {
            let OverlayCounts { key, name, counts } = overlay;
            counts.into_iter().map(move |(direction, outcome, count)| Drop {
                overlay: Some((key, name.clone())),
                udp_port: key.udp_port(),
                direction,
                outcome,
                count,
            })
        });
        let outside = outside.into_iter().map(|(udp_port, outcome, count)| Drop {
            overlay: None,
            udp_port,
            direction: Direction::Rx,
            outcome,
            count,
        });
        Ok(inside.chain(outside).filter(|drop| drop.outcome.class() == Class::Dropped).collect())
    }

    /// A VTEP that has several indices, since entries override its VNI or port, is one line.
    fn vtep_counts(&self) -> Result<Vec<VtepCounts>> {
        let tables = self.tables()?;
        let mut vteps: BTreeMap<IpAddr, VtepCounts> = BTreeMap::new();
        for (_, index) in tables.vtep.rows()? {
            let index = RemoteIndex(index);
            let remote = tables.vtep_at(index)?;
            if remote.is_free() {
                continue;
            }
            let address = remote.address().into();
            let traffic = tables.traffic(index)?;
            let learned = index.slot() >= LOADER_REMOTES;
            vteps
                .entry(address)
                .and_modify(|known| {
                    known.traffic = known.traffic.plus(traffic);
                    known.learned &= learned;
                })
                .or_insert(VtepCounts { address, learned, traffic });
        }
        Ok(vteps.into_values().collect())
    }
}

/// The counters of one overlay that are not zero, in order.
fn of(counts: &[(CountKey, Count)], overlay: Option<OverlayKey>) -> Vec<(Direction, Outcome, Count)> {
    let of = counts.iter().filter(|(key, count)| key.overlay() == overlay && count.packets != 0);
    let mut of: Vec<_> =
        of.filter_map(|(key, count)| Some((key.direction(), key.outcome()?, *count))).collect();
    of.sort_by_key(|(direction, outcome, _)| (*direction, *outcome));
    of
}

#[cfg(test)]
mod tests {
    use vxlan_common::Vni;

    use super::*;

    #[test]
    fn a_class_sums_its_outcomes_in_one_direction() {
        let key = OverlayKey::new(Vni::from_wire([0, 0, 1]), UdpPort::VXLAN);
        let other = OverlayKey::new(Vni::from_wire([0, 0, 2]), UdpPort::VXLAN);
        let row = |key, direction, outcome, packets| {
            (CountKey::new(key, direction, outcome), Count { packets, bytes: 100 * packets })
        };
        let counts = [
            row(key, Direction::Tx, Outcome::Flooded, 2),
            row(key, Direction::Tx, Outcome::Unicast, 3),
            row(key, Direction::Tx, Outcome::NoRoute, 5),
            row(key, Direction::Rx, Outcome::Unicast, 7),
            row(key, Direction::Rx, Outcome::TooBig, 0),
            row(other, Direction::Tx, Outcome::Unicast, 11),
        ];
        let counts = OverlayCounts { key, name: String::new(), counts: of(&counts, Some(key)) };
        assert_eq!(counts.total(Direction::Tx, Class::Forwarded), Count { packets: 5, bytes: 500 });
        assert_eq!(counts.total(Direction::Rx, Class::Forwarded).packets, 7);
        assert_eq!(counts.counts.len(), 4);
        assert_eq!(counts.counts[0].1, Outcome::Unicast);
    }
}
