//! ARP and ND on behalf of the stations that map `neigh` knows: the reply is made out of the question and goes back to
//! the port that it came from. What says something else than a question, and a question about a station that is not
//! known, goes on as any frame does; the latter is dropped where the overlay suppresses such floods.
//!
//! A question that every receiver has to discard is dropped here. A question with a tag inside the frame is not seen.

use vxlan_common::{Address, FdbFlags, FdbKey, NeighEntry, NeighFlags, NeighKey, Outcome, OverlayFlags};

use super::{
    Journey,
    discovery::{self, ETHERNET},
    lookup, miss, onwards,
};
use crate::{
    Frame, Tables,
    verdict::Ending,
    wire::{AdvertisementFrame, Arp, ArpFrame, EtherType, solicitation},
};

/// Whether a frame may ask for a station: all that the first stage looks at.
#[inline(always)]
pub(super) fn may_be_question<F: Frame>(frame: &F, ether_type: EtherType) -> bool {
    ether_type == EtherType::ARP || discovery::is_message(frame, ether_type, solicitation::KIND)
}

/// Answers the frame, or says where it goes on.
#[inline(always)]
pub(super) fn question<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    // Where bindings are learned, what announces one comes here, too.
    if !journey.overlay.has(OverlayFlags::PROXY) || !may_be_question(frame, journey.ether_type.0) {
        return onwards();
    }
    let is_arp = journey.ether_type.0 == EtherType::ARP;
    let target = if is_arp { arp_target(frame, journey)? } else { nd_target(frame, journey)? };
    if target.is_none() {
        return onwards();
    }
    let known = known(tables, journey, target);
    if known.is_none() {
        miss::address(frame, tables, journey, &target);
    }
    let Some(neighbour) = known.filter(|known| is_answered(tables, journey, known)) else {
        // Whoever asks a station alone does not ask everyone.
        if journey.overlay.has(OverlayFlags::SUPPRESS) && journey.destination().is_multicast() {
            return Err(Outcome::Suppressed);
        }
        return onwards();
    };
    if is_arp {
        fit(frame, size_of::<ArpFrame>())?;
        frame.view_mut::<ArpFrame>(0)?.answer(neighbour.mac());
    } else {
        fit(frame, size_of::<AdvertisementFrame>())?;
        let is_router = is_router(tables, journey, &neighbour);
        frame.view_mut::<AdvertisementFrame>(0)?.answer(neighbour.mac(), is_router);
    }
    Ok(Ending::new(Outcome::Proxied, journey.back()))
}

/// The address that an ARP request asks for; none: the packet says something else.
#[inline(always)]
fn arp_target<F: Frame>(frame: &F, journey: &Journey<'_>) -> Result<Address, Outcome> {
    let arp = frame.view::<Arp>(ETHERNET)?;
    if !arp.is_request() {
        return Ok(Address::NONE);
    }
    if !arp.has_right_lengths() {
        return Err(Outcome::MalformedQuestion);
    }
    if arp.sender_mac() != journey.source() {
        return Err(Outcome::ForgedSender);
    }
    // An announcement (RFC 5227 section 3) asks nothing.
    if arp.sender() == arp.target() {
        return Ok(Address::NONE);
    }
    Ok(Address::v4(arp.target()))
}

/// The address that a neighbour solicitation asks for; none: not one that is answered here.
#[inline(always)]
fn nd_target<F: Frame>(frame: &F, journey: &Journey<'_>) -> Result<Address, Outcome> {
    let message = discovery::Message::of(frame)?;
    if !message.frame.is_sound_question() {
        return Err(Outcome::MalformedQuestion);
    }
    let (target, is_from_nobody) = (Address(message.frame.target()), message.frame.is_from_nobody());
    if message.is_long() || target.is_v4() {
        return Ok(Address::NONE);
    }
    message.read_options(frame, |option| {
        let is_source = option.is_source();
        if is_source && (is_from_nobody || option.units() != 1) {
            return Err(Outcome::MalformedQuestion);
        }
        if is_source && option.mac() != journey.source() {
            return Err(Outcome::ForgedSender);
        }
        Ok(())
    })?;
    Ok(target)
}

/// The station that has `address`.
#[inline(always)]
fn known<T: Tables>(tables: &T, journey: &Journey<'_>, address: Address) -> Option<NeighEntry> {
    let entry = tables.neighbour(&NeighKey::new(journey.key, address))?;
    entry.is_valid(tables.now()).then_some(entry)
}

/// Whether the asker is told of a station: not if it is that station itself, to whom the answer would say that another
/// one has its address (RFC 5227 section 2.1.1, RFC 4862 section 5.4.4), nor if that station hears the question by itself.
#[inline(always)]
fn is_answered<T: Tables>(tables: &T, journey: &Journey<'_>, known: &NeighEntry) -> bool {
    known.mac() != journey.source() && !lookup::hears_by_itself(tables, journey, known.mac())
}

/// A router is who is said to be one here, or in the FDB, which is where the kernel's device looks.
#[inline(always)]
fn is_router<T: Tables>(tables: &T, journey: &Journey<'_>, neighbour: &NeighEntry) -> bool {
    let in_fdb = || tables.fdb(&FdbKey::new(journey.key, neighbour.mac()));
    neighbour.has(NeighFlags::ROUTER) || in_fdb().is_some_and(|entry| entry.flags & FdbFlags::ROUTER != 0)
}

/// Cuts padding, makes room for an option.
#[inline(always)]
fn fit<F: Frame>(frame: &mut F, len: usize) -> Result<(), Outcome> {
    if frame.len() == len { Ok(()) } else { frame.resize(len) }
}
