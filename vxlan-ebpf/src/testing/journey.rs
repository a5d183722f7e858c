//! Sends frames through the stages as the hooks do, and holds each to the rules that all obey: it is counted once
//! or passes untouched, its verdict fits what was counted, what leaves for the underlay is sound, and nothing that
//! the underlay brought goes back there.

use std::vec::Vec;

use vxlan_common::{Class, Direction, IfIndex, Outcome};

use super::{Bytes, Copied, Counted, ETH0, Host, How, key, proof};
use crate::{
    overlay, underlay,
    verdict::{Action, Verdict},
};

/// How many stages may follow the first: one that looks at the sender, one that learns a binding, one that answers or
/// routes, one that looks for the destination, and one that floods or tells the sender.
const STAGES: usize = 5;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From this port towards the underlay.
    From(IfIndex),
    /// From the underlay.
    Underlay,
}

/// What became of a frame.
#[derive(Debug)]
pub(super) struct After {
    pub verdict: Verdict,
    /// The one counter that moved.
    pub counted: Option<Counted>,
    pub frame: Bytes,
}

/// The counter of VNI 444 towards the underlay.
pub(super) fn tx(outcome: Outcome) -> Option<Counted> {
    Some(Counted::Of(key(), Direction::Tx, outcome))
}

/// The counter of VNI 444 from the underlay.
pub(super) fn rx(outcome: Outcome) -> Option<Counted> {
    Some(Counted::Of(key(), Direction::Rx, outcome))
}

/// The counter of what came to port 4789 and belongs to no overlay.
pub(super) fn outside(outcome: Outcome) -> Option<Counted> {
    Some(Counted::Outside(key().udp_port(), outcome))
}

impl Host {
    /// Sends a frame from a port, through all its stages.
    pub fn send(&self, frame: impl Into<Bytes>, from: IfIndex) -> After {
        self.go(frame.into(), Way::From(from))
    }

    /// Brings a frame from the underlay.
    pub fn receive(&self, frame: impl Into<Bytes>) -> After {
        self.go(frame.into(), Way::Underlay)
    }

    fn go(&self, frame: Bytes, way: Way) -> After {
        self.hold_the_short_cut_to_its_rule(&frame, way);
        let after = self.by_long_way(frame.clone(), way);
        self.again(frame, &after, way);
        after
    }

    /// All stages, one after the other.
    pub(super) fn by_long_way(&self, mut frame: Bytes, way: Way) -> After {
        let before = frame.clone();
        let verdict = match way {
            Way::From(port) => self.depart(&mut frame, port),
            Way::Underlay => underlay::arrive(&mut frame, self),
        };
        let after = self.judge(&before, frame, verdict);
        match way {
            Way::From(_) => after.to_underlay().iter().for_each(|bytes| drop(proof::outer(bytes))),
            Way::Underlay => assert_eq!(after.to_underlay(), [] as [Vec<u8>; 0], "split horizon"),
        }
        after
    }

    fn depart(&self, frame: &mut Bytes, from: IfIndex) -> Verdict {
        let before = frame.clone();
        let mut verdict = Verdict::next_stage(Action::Forward);
        let mut is_turned = false;
        for _ in 0..STAGES {
            if !verdict.action.goes_on() {
                break;
            }
            assert!(self.counts.borrow().is_empty(), "counted before its last stage");
            if !is_turned {
                assert_eq!(
                    (&frame.bytes, frame.tag),
                    (&before.bytes, before.tag),
                    "each stage reads the frame anew"
                );
            }
            is_turned |= verdict.action == Action::Route;
            verdict = match verdict.action {
                Action::Forward => overlay::forward(frame, self, from),
                Action::Onward => overlay::onward(frame, self, from),
                Action::Flood => overlay::flood(frame, self, from),
                Action::FloodLocally => overlay::flood_locally(frame, self, from),
                Action::Answer => overlay::answer(frame, self, from),
                Action::Bind => overlay::bind(frame, self, from),
                Action::Route => overlay::route(frame, self, from),
                _ => overlay::too_big(frame, self, from),
            };
        }
        assert!(!verdict.action.goes_on(), "a further stage");
        verdict
    }

    /// The short way of a frame that the long way was gone by: where it knows one, it ends the same, bit by bit.
    fn again(&self, before: Bytes, first: &After, way: Way) {
        let traffic = |host: &Self| (host.sent.borrow().clone(), host.received.borrow().clone());
        let kept = traffic(self);
        let mut frame = before.clone();
        let verdict = match way {
            Way::From(port) => overlay::enter(&mut frame, self, port),
            Way::Underlay => underlay::enter(&mut frame, self),
        };
        if verdict.action.goes_on() || verdict.action == Action::Pass {
            assert_eq!((&frame.bytes, frame.tag), (&before.bytes, before.tag), "it was looked at only");
            assert!(self.counts.borrow().is_empty());
        } else {
            let again = self.judge(&before, frame, verdict);
            assert_eq!((again.verdict, again.counted), (first.verdict, first.counted));
            let [sent, like] = [&again, first].map(|after| {
                let sent = after.to_underlay();
                sent.iter().for_each(|bytes| drop(proof::outer(bytes)));
                if sent.is_empty() {
                    std::vec![after.frame.bytes.clone()]
                } else {
                    sent.iter().map(|bytes| unnumbered(bytes)).collect()
                }
            });
            assert_eq!(sent, like);
            self.recalled.set(self.recalled.get() + 1);
        }
        self.sent.replace(kept.0);
        self.received.replace(kept.1);
    }

    /// Holds the end of a frame to the rules that all obey.
    pub(super) fn judge(&self, before: &Bytes, frame: Bytes, verdict: Verdict) -> After {
        let counts = self.counts.take();
        assert!(counts.len() <= 1, "a frame is counted once: {counts:?}");
        assert!(frame.is_settled(), "its tag is lost");
        let counted = counts.first().map(|(counted, bytes)| {
            assert_eq!(*bytes, before.bytes.len(), "bytes are those of the frame as it came");
            assert!(agree(counted.outcome(), verdict.action), "{counted:?} and {verdict:?}");
            *counted
        });
        if counted.is_none() {
            assert_eq!(verdict, Verdict::PASS, "a frame that is not counted is not ours");
        }
        if verdict.action == Action::Pass {
            assert_eq!((&frame.bytes, frame.tag), (&before.bytes, before.tag), "what passes is untouched");
            assert!(frame.copies.is_empty());
        }
        After { verdict, counted, frame }
    }
}

/// An outer packet without what two of the same have of their own: identification, and the header's checksum.
pub(super) fn unnumbered(outer: &[u8]) -> Vec<u8> {
    let mut bytes = outer.to_vec();
    [18, 19, 24, 25].into_iter().for_each(|at| bytes[at] = 0);
    bytes
}

/// Whether a verdict can be the end that was counted.
fn agree(outcome: Outcome, action: Action) -> bool {
    match (outcome, outcome.class()) {
        (Outcome::UnknownVni, _) => action == Action::Pass,
        (Outcome::TooBig | Outcome::Proxied, _) => matches!(action, Action::Egress | Action::Ingress),
        (Outcome::Flooded, _) => {
            matches!(action, Action::Stop | Action::Ingress | Action::Neighbour | Action::NeighbourNotIp)
        }
        (_, Class::Dropped) => action == Action::Stop,
        (_, Class::Device) => action == Action::Device,
        (_, Class::Forwarded) => matches!(
            action,
            Action::Egress | Action::Peer | Action::Ingress | Action::Neighbour | Action::NeighbourNotIp
        ),
    }
}

impl After {
    /// All that left for the underlay: copies first, the frame itself last.
    pub fn to_underlay(&self) -> Vec<Vec<u8>> {
        let copies = self.frame.copies.iter();
        let mut sent: Vec<_> = copies
            .filter(|copy| copy.device == ETH0 || matches!(copy.how, How::ToResolve(_)))
            .map(|copy| {
                assert_eq!(copy.tag, None, "a tag beside an outer frame");
                copy.bytes.clone()
            })
            .collect();
        if matches!(self.verdict.action, Action::Neighbour | Action::NeighbourNotIp)
            || self.verdict.device == ETH0
        {
            assert_eq!(self.frame.tag, None, "a tag beside an outer frame");
            sent.push(self.frame.bytes.clone());
        }
        sent
    }

    /// What left for the underlay, where one frame did.
    pub fn outer(&self) -> proof::Outer {
        let [sent] = &self.to_underlay()[..] else { panic!("not one frame for the underlay: {self:?}") };
        proof::outer(sent)
    }

    /// The VTEPs that it was sent to, in this order.
    pub fn vteps(&self) -> Vec<[u8; 4]> {
        self.to_underlay().iter().map(|bytes| proof::outer(bytes).destination).collect()
    }

    /// The copies that went to devices of this host.
    pub fn local_copies(&self) -> Vec<&Copied> {
        self.frame
            .copies
            .iter()
            .filter(|copy| copy.device != ETH0 && !matches!(copy.how, How::ToResolve(_)))
            .collect()
    }

    /// Where those went, and how.
    pub fn local_devices(&self) -> Vec<(How, IfIndex)> {
        self.local_copies().iter().map(|copy| (copy.how, copy.device)).collect()
    }
}
