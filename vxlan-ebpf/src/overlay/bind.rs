//! What stations at local ports say of their own IP addresses: ARP replies and announcements, neighbour advertisements.
//! What is believed goes to [`crate::bind`]; the frame goes on, whatever it says.
//!
//! A station speaks for itself only: the address that it names is the source of its frame, which the FDB can be held
//! against. A tagged frame is of a network that map `neigh` does not know.

use vxlan_common::{Address, NeighKey, Outcome};

use super::{Journey, discovery};
use crate::{
    Frame, Tables,
    bind::{self, Announcement},
    frame::Word,
    verdict::{Action, Ending, Verdict},
    wire::{Arp, EtherType, MessageFrame, advertisement},
};

/// Whether a frame may say whose an IP address is: all that the first stage looks at.
#[inline(always)]
pub(super) fn may_be_announcement<F: Frame>(frame: &F, ether_type: EtherType) -> bool {
    ether_type == EtherType::ARP || discovery::is_message(frame, ether_type, advertisement::KIND)
}

/// Learns from the frame what may be, and sends it on.
#[inline(always)]
pub(super) fn announcement<F: Frame, T: Tables>(
    frame: &mut F,
    tables: &T,
    journey: &Journey<'_>,
) -> Result<Ending, Outcome> {
    let is_arp = journey.ether_type.0 == EtherType::ARP;
    // What does not fit into the frame says nothing.
    let said = if is_arp { arp(frame, journey) } else { advertised(frame, journey) };
    let address = said.unwrap_or(Address::NONE);
    if frame.tag().is_none() && is_station(&address, is_arp) {
        let said = Announcement {
            key: NeighKey::new(journey.key, address),
            mac: Word(journey.source()),
            until: journey.overlay.reachable_until(tables.now(), is_arp),
            limit: journey.overlay.binding_limit,
            port: journey.from,
        };
        let overrides = is_arp || frame.view::<MessageFrame>(0).is_ok_and(MessageFrame::overrides);
        bind::learn(tables, journey.overlay, &said, overrides);
    }
    Ok(Ending::new(Outcome::Proxied, Verdict::next_stage(Action::Answer)))
}

/// The address of who sent an ARP packet.
#[inline(always)]
fn arp<F: Frame>(frame: &F, journey: &Journey<'_>) -> Result<Address, Outcome> {
    let arp = frame.view::<Arp>(discovery::ETHERNET)?;
    let speaks_for_itself =
        arp.is_announcement() && arp.has_right_lengths() && arp.sender_mac() == journey.source();
    Ok(if speaks_for_itself { Address::v4(arp.sender()) } else { Address::NONE })
}

/// The address of whom an advertisement is about, where it names the frame's source as the link-layer address.
#[inline(always)]
fn advertised<F: Frame>(frame: &F, journey: &Journey<'_>) -> Result<Address, Outcome> {
    let message = discovery::Message::of(frame)?;
    let target = Address(message.frame.target());
    if !message.frame.is_sound_advertisement() || message.frame.is_from_nobody() {
        return Ok(Address::NONE);
    }
    let mut names_itself = false;
    message.read_options(frame, |option| {
        if option.is_target() && (option.units() != 1 || option.mac() != journey.source()) {
            return Err(Outcome::ForgedSender);
        }
        names_itself |= option.is_target();
        Ok(())
    })?;
    Ok(if names_itself { target } else { Address::NONE })
}

/// Whether one station can have an address: not nobody's, a group's, everybody's or the host's own, nor one of IPv4
/// that an advertisement names.
#[inline(always)]
fn is_station(address: &Address, is_v4: bool) -> bool {
    if address.is_v4() != is_v4 || address.is_multicast() {
        return false;
    }
    if is_v4 {
        let [first, ..] = address.v4_bytes();
        // 0.0.0.0/8 (RFC 791), 127.0.0.0/8 (RFC 1122), and all above 224.0.0.0/4.
        !matches!(first, 0 | 127 | 240..)
    } else {
        // :: and ::1.
        u128::from_be_bytes(address.0) > 1
    }
}
