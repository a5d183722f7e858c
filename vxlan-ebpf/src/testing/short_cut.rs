//! The short cut in front of the pipelines, held to its rule for every frame that a test sends: what it ends, it ends as
//! the long way does, with the same counter, bytes, device and tables; all else it passes on untouched and uncounted, and
//! the long way behind it ends the same as without it.

use std::{collections::HashMap, vec::Vec};

use vxlan_common::{
    FdbEntry, FdbKey, IfIndex, NeighEntry, NeighKey, Outcome, Place, PlaceKey, Port, Remote, RemoteIndex,
    RxHit, Subject, Target, Tiding, TxHit,
};

use super::{
    After, Bytes, ETH0, Host,
    journey::{Way, unnumbered},
    tables::{Devices, Traffic},
};
use crate::{
    Frame,
    frame::{Addressed, Checksum, Header, Inside},
    overlay, underlay,
    verdict::{Action, Verdict},
    wire::Tag,
};

/// A frame at a hook that is a short cut: as XDP sees it, without the tag beside it and in one piece.
pub(super) struct Short(Bytes);

impl Frame for Short {
    const SHORT_CUT: bool = true;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn view<T: Header>(&self, at: usize) -> Result<&T, Outcome> {
        self.0.view(at)
    }

    fn view_mut<T: Header>(&mut self, at: usize) -> Result<&mut T, Outcome> {
        self.0.view_mut(at)
    }

    fn tag(&self) -> Option<Tag> {
        None
    }

    fn segment(&self) -> Option<u32> {
        None
    }

    fn addressed(&self) -> Addressed {
        self.0.addressed
    }

    /// Nothing is moved: the inner Ethernet header stays where it is.
    fn push(&mut self, outer: usize, _: usize, inside: Inside) -> Result<(), Outcome> {
        self.room()?;
        self.0.inside = Some(inside);
        self.0.bytes.splice(..0, std::vec![super::frame::UNDEFINED; outer]);
        Ok(())
    }

    fn pull(&mut self, outer: usize, tag: Option<Tag>, inside: Inside) -> Result<(), Outcome> {
        assert_eq!(tag, None, "a tag cannot be put beside the frame here");
        self.room()?;
        self.0.inside = Some(inside);
        self.0.bytes.drain(..outer);
        Ok(())
    }

    fn settle(&mut self, _: Option<Tag>) -> Result<(), Outcome> {
        Ok(())
    }

    fn resize(&mut self, _: usize) -> Result<(), Outcome> {
        Err(Outcome::SlowPath)
    }

    fn copy_to(&mut self, _: IfIndex) {}

    fn copy_into(&mut self, _: IfIndex) {}

    fn copy_to_transmit(&mut self, _: IfIndex) {}

    fn copy_to_resolve(&mut self, _: IfIndex, _: RemoteIndex) {}

    fn outer_checksum(&self, _: u32, _: usize) -> Checksum {
        Checksum::Wrong
    }
}

impl Short {
    fn room(&self) -> Result<(), Outcome> {
        if self.0.cramped { Err(Outcome::SlowPath) } else { Ok(()) }
    }
}

/// What the short cut made of a frame.
#[derive(Debug)]
pub(super) struct Shortened {
    pub after: After,
    /// It was ended from the cache, without a second stage.
    pub by_recall: bool,
}

impl Shortened {
    /// Whether the next hook gets it.
    pub fn is_passed(&self) -> bool {
        self.after.verdict == Verdict::PASS
    }
}

/// What was told of neighbours.
type Told = Vec<(Tiding, NeighKey, NeighEntry)>;

/// All that a frame can change in a host.
struct Kept {
    traffic: (Traffic, Traffic),
    fdb: HashMap<FdbKey, FdbEntry>,
    ring: (HashMap<u32, &'static FdbKey>, u32),
    learned: (Vec<&'static Remote>, usize),
    told: Vec<(Subject, Option<Target>)>,
    tags: Devices,
    caches: (HashMap<u32, &'static TxHit>, HashMap<u32, &'static RxHit>),
    counts: (u32, u32),
    neighbours: (HashMap<NeighKey, NeighEntry>, u32, Told),
    places: (HashMap<PlaceKey, &'static Place>, HashMap<IfIndex, u32>, Vec<IfIndex>),
}

impl Kept {
    fn of(host: &Host) -> Self {
        Self {
            traffic: (host.sent.borrow().clone(), host.received.borrow().clone()),
            fdb: host.fdb.borrow().clone(),
            ring: (host.ring.borrow().clone(), host.hand.get()),
            learned: (host.learned.borrow().clone(), host.claims.get()),
            told: host.told.borrow().clone(),
            tags: host.tags.borrow().clone(),
            caches: (host.tx_cache.borrow().clone(), host.rx_cache.borrow().clone()),
            counts: (host.replaced.get(), host.generation.get()),
            neighbours: (
                host.neighbours.borrow().clone(),
                host.neighbour_writes.get(),
                host.told_of.borrow().clone(),
            ),
            places: (
                host.places.borrow().clone(),
                host.hands.borrow().clone(),
                host.refused.borrow().clone(),
            ),
        }
    }

    fn put_back(&self, host: &Host) {
        host.sent.replace(self.traffic.0.clone());
        host.received.replace(self.traffic.1.clone());
        host.fdb.replace(self.fdb.clone());
        host.ring.replace(self.ring.0.clone());
        host.hand.set(self.ring.1);
        host.learned.replace(self.learned.0.clone());
        host.claims.set(self.learned.1);
        host.told.replace(self.told.clone());
        host.tags.replace(self.tags.clone());
        host.tx_cache.replace(self.caches.0.clone());
        host.rx_cache.replace(self.caches.1.clone());
        host.replaced.set(self.counts.0);
        host.generation.set(self.counts.1);
        host.neighbours.replace(self.neighbours.0.clone());
        host.neighbour_writes.set(self.neighbours.1);
        host.told_of.replace(self.neighbours.2.clone());
        host.places.replace(self.places.0.clone());
        host.hands.replace(self.places.1.clone());
        host.refused.replace(self.places.2.clone());
    }
}

impl Host {
    /// Brings a frame to the short cut alone.
    pub fn short_cut(&self, frame: impl Into<Bytes>, way: Way) -> Shortened {
        let before = frame.into();
        let traffic = (self.sent.borrow().clone(), self.received.borrow().clone());
        let mut frame = Short(before.clone());
        let mut verdict = match way {
            Way::From(port) => overlay::enter(&mut frame, self, port),
            Way::Underlay => underlay::enter(&mut frame, self),
        };
        let by_recall = !verdict.action.goes_on();
        if verdict.action.goes_on() {
            assert_eq!(unmarked(&frame.0.bytes, way), unmarked(&before.bytes, way), "each stage reads anew");
            assert!(self.counts.borrow().is_empty(), "counted before its last stage");
            verdict = match (verdict.action, way) {
                (Action::Forward, Way::From(port)) => overlay::forward(&mut frame, self, port),
                (Action::Arrive, Way::Underlay) => underlay::arrive(&mut frame, self),
                (action, _) => panic!("{action:?} is no stage of a short cut"),
            };
        }
        if verdict.action == Action::Again {
            assert!(self.counts.borrow().is_empty(), "counted before it goes the short way");
            verdict = match way {
                Way::From(port) => overlay::enter(&mut frame, self, port),
                Way::Underlay => underlay::enter(&mut frame, self),
            };
            // A frame that cannot grow or shrink is TC's to drop.
            if verdict.action.goes_on() {
                verdict = Verdict::PASS;
            }
        }
        assert!(!verdict.action.goes_on(), "a further stage than XDP has");
        if verdict == Verdict::PASS {
            assert_eq!(
                unmarked(&frame.0.bytes, way),
                unmarked(&before.bytes, way),
                "what passes is untouched"
            );
            assert_eq!(self.counts.take(), [], "what passes is not counted");
            let now = (self.sent.borrow().clone(), self.received.borrow().clone());
            assert_eq!(now, traffic, "the traffic of what passes is the next hook's to count");
            return Shortened { after: After { verdict, counted: None, frame: frame.0 }, by_recall: false };
        }
        let after = self.judge(&before, frame.0, verdict);
        Shortened { after, by_recall }
    }

    /// Holds the short cut to its rule for this frame: with devices that take redirected frames and without, before
    /// anything is remembered and after. Leaves the host as it was.
    pub(super) fn hold_the_short_cut_to_its_rule(&self, frame: &Bytes, way: Way) {
        let is_its_own = match way {
            // XDP hangs at direct ports only.
            Way::From(port) => self.ports.get(&port).is_some_and(Port::has_peer),
            Way::Underlay => true,
        };
        // It cannot see these: a port with tags is marked, and a device with XDP gets no segments.
        if !is_its_own || frame.tag.is_some() || frame.segment.is_some() {
            return;
        }
        let (kept, devices) = (Kept::of(self), self.takes_xdp.borrow().clone());
        let all = self.ports.iter().filter(|(_, port)| port.has_peer()).map(|(device, _)| *device);
        for takes_xdp in [Devices::new(), all.chain([ETH0]).collect()] {
            self.takes_xdp.replace(takes_xdp);
            let begin = || {
                kept.put_back(self);
                self.tx_cache.take();
                self.rx_cache.take();
            };
            begin();
            let long = self.by_long_way(frame.clone(), way);
            let state = Kept::of(self);

            begin();
            let cold = self.short_cut(frame.clone(), way);
            if cold.is_passed() {
                let behind = self.by_long_way(frame.clone(), way);
                assert_eq!((behind.verdict, behind.counted), (long.verdict, long.counted));
                assert_eq!((&behind.frame.bytes, behind.frame.tag), (&long.frame.bytes, long.frame.tag));
                assert_eq!(behind.frame.copies, long.frame.copies);
            } else {
                self.assert_same_end(&cold, &long, way);
            }
            let told = Kept::of(self);
            assert_eq!((told.traffic, told.fdb, told.told), (state.traffic.clone(), state.fdb, state.told));

            // What the long way remembers, the short cut may go by.
            begin();
            self.by_long_way(frame.clone(), way);
            self.sent.replace(kept.traffic.0.clone());
            self.received.replace(kept.traffic.1.clone());
            let warm = self.short_cut(frame.clone(), way);
            if !warm.is_passed() {
                self.assert_same_end(&warm, &long, way);
                assert_eq!((self.sent.borrow().clone(), self.received.borrow().clone()), state.traffic);
            }
            assert_eq!(warm.is_passed(), cold.is_passed(), "what it knows by heart and what it looks up");
        }
        self.takes_xdp.replace(devices);
        kept.put_back(self);
    }

    fn assert_same_end(&self, short: &Shortened, long: &After, way: Way) {
        let Shortened { after, .. } = short;
        assert_eq!(after.counted, long.counted);
        let [short_bytes, long_bytes] = [&after.frame, &long.frame].map(|frame| match way {
            Way::From(_) if long.to_underlay().len() == 1 => unnumbered(&frame.bytes),
            Way::From(_) | Way::Underlay => frame.bytes.clone(),
        });
        assert_eq!(short_bytes, long_bytes);
        assert_eq!((long.frame.tag, long.frame.copies.len()), (None, 0), "what a short cut cannot do");
        let device = long.verdict.device;
        let takes_xdp = self.takes_xdp.borrow().contains(&device);
        let expected = match (long.verdict.action, way) {
            (Action::Neighbour | Action::NeighbourNotIp, Way::From(_)) if takes_xdp => Action::Egress,
            (Action::Peer | Action::Egress | Action::Ingress, _) if takes_xdp => Action::Egress,
            // TC behind this hook delivers what the underlay brought.
            (action @ (Action::Peer | Action::Ingress), Way::Underlay) => action,
            (Action::Stop, _) => Action::Stop,
            (action, _) => panic!("a short cut does not do {action:?}"),
        };
        assert_eq!((after.verdict.action, after.verdict.device), (expected, device));
    }
}

/// A frame of the underlay but for what the path's congestion mark does to an inner packet: that is put on before it is
/// clear who ends the frame, and putting it on twice is the same as once (RFC 6040).
fn unmarked(bytes: &[u8], way: Way) -> Vec<u8> {
    const INNER: usize = 50;
    let mut bytes = bytes.to_vec();
    let congested = way == Way::Underlay && bytes.get(15).is_some_and(|tos| tos & 3 != 0);
    let mut at = INNER + 12;
    if let Some([0x81 | 0x88, 0 | 0xa8]) = bytes.get(at..at + 2) {
        at += 4;
    }
    if congested && bytes.len() > at + 14 {
        let packet = &mut bytes[at + 2..];
        packet[..2].fill(0);
        packet[10..12].fill(0);
    }
    bytes
}
