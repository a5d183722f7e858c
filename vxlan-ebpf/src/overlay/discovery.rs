//! Neighbour discovery messages, as far as their options, which a message has any number of.

use vxlan_common::Outcome;

use crate::{
    Frame,
    wire::{EtherType, Ethernet, Ipv6, MessageFrame, MessageOption, checksum, protocol, solicitation},
};

/// Bytes in front of a packet.
pub(super) const ETHERNET: usize = size_of::<Ethernet>();
const ICMP6: usize = ETHERNET + size_of::<Ipv6>();

/// How many times eight bytes of options are read: a link-layer address and a nonce (RFC 7527) make two or three.
const OPTION_UNITS: usize = 6;

/// Whether a frame is an ICMPv6 message of this type.
#[inline(always)]
pub(super) fn is_message<F: Frame>(frame: &F, ether_type: EtherType, kind: u8) -> bool {
    ether_type == EtherType::IPV6
        && frame.view::<Ipv6>(ETHERNET).is_ok_and(|ip| ip.next_header == protocol::ICMP6)
        && frame.view::<u8>(ICMP6).is_ok_and(|there| *there == kind)
}

/// A solicitation or an advertisement with options that can be read, or are too many.
pub(super) struct Message<'a> {
    pub frame: &'a MessageFrame,
    units: usize,
}

impl<'a> Message<'a> {
    /// That of a frame, whose lengths fit each other.
    #[inline(always)]
    pub fn of<F: Frame>(frame: &'a F) -> Result<Self, Outcome> {
        let message = frame.view::<MessageFrame>(0)?;
        let (length, there) = (message.ip.payload_len(), frame.len().saturating_sub(ICMP6));
        let options = length.wrapping_sub(solicitation::LENGTH);
        if length < solicitation::LENGTH || length > there || options % 8 != 0 {
            return Err(Outcome::MalformedQuestion);
        }
        Ok(Self { frame: message, units: options / 8 })
    }

    /// Whether it has more options than are read.
    #[inline(always)]
    pub const fn is_long(&self) -> bool {
        self.units > OPTION_UNITS
    }

    /// Shows each option to `look`, and checks that they end where the message does and that its checksum is right.
    #[inline(always)]
    pub fn read_options<F: Frame>(
        &self,
        frame: &F,
        mut look: impl FnMut(&MessageOption) -> Result<(), Outcome>,
    ) -> Result<(), Outcome> {
        let (units, mut sum, mut next) = (self.units, self.frame.sum(), 0);
        for unit in 0..OPTION_UNITS {
            if unit >= units {
                break;
            }
            let option = *frame.view::<MessageOption>(size_of::<MessageFrame>() + 8 * unit)?;
            sum += option.sum();
            if unit != next {
                continue;
            }
            next += option.units();
            if next == unit {
                return Err(Outcome::MalformedQuestion);
            }
            look(&option)?;
        }
        if next != units || checksum::fold(sum) != 0xffff {
            return Err(Outcome::MalformedQuestion);
        }
        Ok(())
    }
}
