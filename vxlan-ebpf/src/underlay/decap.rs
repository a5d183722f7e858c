//! The outer headers off, after a look at what is inside.

use vxlan_common::{Mac, Outcome};

use super::{Arrival, ecn};
use crate::{
    Frame,
    frame::{Inside, Word},
    wire::{EtherType, Ethernet, Ipv4, Ipv6, OUTER4, Tag, TaggedEthernet, protocol},
};

/// The inner frame.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Inner {
    destination: Word<Mac>,
    source: Word<Mac>,
    ether_type: Word<EtherType>,
    // A word, not an option: the compiler would leave what a missing tag does not have undefined.
    tag: u32,
    /// What it carries.
    pub inside: Inside,
}

impl Inner {
    #[inline(always)]
    fn new(ethernet: Ethernet, tag: u32, inside: Inside) -> Self {
        Self {
            destination: Word(ethernet.destination()),
            source: Word(ethernet.source()),
            ether_type: Word(ethernet.ether_type),
            tag,
            inside,
        }
    }

    /// The station that it is for.
    #[inline(always)]
    pub fn destination(&self) -> Mac {
        self.destination.0
    }

    /// The station that sent it.
    #[inline(always)]
    pub fn source(&self) -> Mac {
        self.source.0
    }

    /// Whether it has a VLAN tag.
    #[inline(always)]
    pub fn is_tagged(&self) -> bool {
        self.tag != 0
    }
}

pub(super) const UNTAGGED_AT: usize = OUTER4 + size_of::<Ethernet>();
const TAGGED_AT: usize = OUTER4 + size_of::<TaggedEthernet>();

/// The station that sent the inner frame, if it can be one.
#[inline(always)]
pub(super) fn sender<F: Frame>(frame: &F, arrival: &Arrival<'_>) -> Result<Mac, Outcome> {
    let source = frame.view::<Ethernet>(OUTER4)?.source();
    if !source.is_station() {
        Err(Outcome::SourceMacInvalid)
    } else if source == arrival.overlay.mac() {
        Err(Outcome::SourceMacOwn)
    } else {
        Ok(source)
    }
}

/// Reads the inner headers where they are, and gives the inner packet the path's congestion mark.
#[inline(always)]
pub(super) fn inspect<F: Frame>(frame: &mut F, arrival: &Arrival<'_>) -> Result<Inner, Outcome> {
    let ethernet = *frame.view::<Ethernet>(OUTER4)?;
    if ethernet.ether_type.is_vlan() {
        let tagged = *frame.view::<TaggedEthernet>(OUTER4)?;
        let inside = look_inside::<_, TAGGED_AT>(frame, arrival.tos, tagged.inner)?;
        Ok(Inner::new(tagged.untagged(), tagged.tag.word(), inside))
    } else {
        let inside = look_inside::<_, UNTAGGED_AT>(frame, arrival.tos, ethernet.ether_type)?;
        Ok(Inner::new(ethernet, 0, inside))
    }
}

#[inline(always)]
pub(super) fn look_inside<F: Frame, const AT: usize>(
    frame: &mut F,
    outer_tos: u8,
    ether_type: EtherType,
) -> Result<Inside, Outcome> {
    if frame.segment().is_some() && !is_tcp_to_the_end::<_, AT>(frame, ether_type) {
        return Err(Outcome::UdpGso);
    }
    match ether_type {
        EtherType::IPV4 => {
            let ip = frame.view_mut::<Ipv4>(AT)?;
            let tos = ecn::decapsulated(ip.tos, outer_tos)?;
            if tos != ip.tos {
                ip.set_tos(tos);
            }
            Ok(Inside::Ipv4)
        }
        EtherType::IPV6 => {
            let ip = frame.view_mut::<Ipv6>(AT)?;
            let class = ecn::decapsulated(ip.traffic_class(), outer_tos)?;
            if class != ip.traffic_class() {
                ip.set_traffic_class(class);
            }
            Ok(Inside::Ipv6)
        }
        EtherType(_) => Ok(Inside::Other),
    }
}

/// Whether segments that arrive whole are those of one inner TCP stream. All others are the device's: inner UDP the
/// kernel loses when its outer headers are taken off here (Linux 6.18, `bpf_skb_net_shrink` leaves the tunnel's GSO
/// type), and where the outer packets themselves are the segments (UDP GRO or UDP_SEGMENT on the path), each has
/// headers of its own: then the first inner packet ends before the frame does.
#[inline(always)]
fn is_tcp_to_the_end<F: Frame, const AT: usize>(frame: &F, ether_type: EtherType) -> bool {
    match ether_type {
        EtherType::IPV4 => frame
            .view::<Ipv4>(AT)
            .is_ok_and(|ip| ip.protocol == protocol::TCP && AT + ip.total_len() == frame.len()),
        EtherType::IPV6 => frame.view::<Ipv6>(AT).is_ok_and(|ip| {
            ip.next_header == protocol::TCP && AT + size_of::<Ipv6>() + ip.payload_len() == frame.len()
        }),
        EtherType(_) => false,
    }
}

/// Takes the outer headers off.
#[inline(always)]
pub(super) fn strip<F: Frame>(frame: &mut F, arrival: &Arrival<'_>, inner: &Inner) -> Result<(), Outcome> {
    let tag = Tag::from_word(inner.tag);
    frame.pull(arrival.outer, tag, inner.inside)?;
    frame.view_mut::<Ethernet>(0)?.set(&inner.destination.0, &inner.source.0, inner.ether_type.0);
    frame.settle(tag)
}
