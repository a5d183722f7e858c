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
    /// Its VLAN tag.
    pub tag: Option<Tag>,
    /// What it carries.
    pub inside: Inside,
}

impl Inner {
    #[inline(always)]
    fn new(ethernet: Ethernet, tag: Option<Tag>, inside: Inside) -> Self {
        Self {
            destination: Word(ethernet.destination()),
            source: Word(ethernet.source()),
            ether_type: Word(ethernet.ether_type),
            tag,
            inside,
        }
    }

    /// The station that sent it.
    #[inline(always)]
    pub fn source(&self) -> Mac {
        self.source.0
    }

    /// The station that it is for.
    #[inline(always)]
    pub fn destination(&self) -> Mac {
        self.destination.0
    }
}

const UNTAGGED_AT: usize = OUTER4 + size_of::<Ethernet>();
const TAGGED_AT: usize = OUTER4 + size_of::<TaggedEthernet>();

/// Reads the inner headers where they are, and gives the inner packet the path's congestion mark.
#[inline(always)]
pub(super) fn inspect<F: Frame>(frame: &mut F, arrival: &Arrival<'_>) -> Result<Inner, Outcome> {
    if arrival.is_fragment {
        return Err(Outcome::OuterFragment);
    }
    let ethernet = *frame.view::<Ethernet>(OUTER4)?;
    if !ethernet.source().is_station() {
        return Err(Outcome::SourceMacInvalid);
    }
    if ethernet.source() == arrival.overlay.mac() {
        return Err(Outcome::SourceMacOwn);
    }
    if ethernet.ether_type.is_vlan() {
        let tagged = *frame.view::<TaggedEthernet>(OUTER4)?;
        let inside = look_inside::<_, TAGGED_AT>(frame, arrival, tagged.inner)?;
        Ok(Inner::new(tagged.untagged(), Some(tagged.tag), inside))
    } else {
        let inside = look_inside::<_, UNTAGGED_AT>(frame, arrival, ethernet.ether_type)?;
        Ok(Inner::new(ethernet, None, inside))
    }
}

#[inline(always)]
fn look_inside<F: Frame, const AT: usize>(
    frame: &mut F,
    arrival: &Arrival<'_>,
    ether_type: EtherType,
) -> Result<Inside, Outcome> {
    let whole = frame.segment().is_some();
    let (inside, next) = match ether_type {
        EtherType::IPV4 => {
            let ip = frame.view_mut::<Ipv4>(AT)?;
            let tos = ecn::decapsulated(ip.tos, arrival.tos)?;
            if tos != ip.tos {
                ip.set_tos(tos);
            }
            (Inside::Ipv4, ip.protocol)
        }
        EtherType::IPV6 => {
            let ip = frame.view_mut::<Ipv6>(AT)?;
            let class = ecn::decapsulated(ip.traffic_class(), arrival.tos)?;
            if class != ip.traffic_class() {
                ip.set_traffic_class(class);
            }
            (Inside::Ipv6, ip.next_header)
        }
        EtherType(_) => (Inside::Other, 0),
    };
    // The kernel loses UDP segments that arrive whole when their outer headers are taken off here (Linux 6.18,
    // `bpf_skb_net_shrink` leaves the tunnel's GSO type).
    if whole && next == protocol::UDP { Err(Outcome::UdpGso) } else { Ok(inside) }
}

/// Takes the outer headers off.
#[inline(always)]
pub(super) fn strip<F: Frame>(frame: &mut F, arrival: &Arrival<'_>, inner: &Inner) -> Result<(), Outcome> {
    frame.pull(arrival.outer, inner.tag, inner.inside)?;
    frame.view_mut::<Ethernet>(0)?.set(&inner.destination.0, &inner.source.0, inner.ether_type.0);
    frame.settle(inner.tag)
}
