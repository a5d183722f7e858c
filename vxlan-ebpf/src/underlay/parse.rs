//! The outer headers: is it VXLAN, and for us?

use vxlan_common::{Address, Mac, Outcome, Overlay, OverlayKey, UdpPort};

use super::checksum;
use crate::{
    Frame, Tables,
    frame::{Addressed, Word},
    wire::{EtherType, Ethernet, Ipv4, OUTER4, Outer4, Udp, Vxlan, protocol},
};

/// A VXLAN packet for one of our overlays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub key: OverlayKey,
    pub overlay: &'a Overlay,
    /// The VTEP that sent it, if it is to be believed.
    pub source: Address,
    /// Both outer IP addresses.
    pub addresses: u64,
    /// To whom the link layer brought it.
    pub link: Word<Mac>,
    /// TOS of the outer header.
    pub tos: u8,
    /// Bytes of the outer headers.
    pub outer: usize,
    /// Why the vxlan device's socket is to have it, if its sender is believed.
    pub set_aside: Option<Outcome>,
}

/// Why there is no [`Arrival`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Other traffic of the host, or VXLAN that the host only forwards.
    NotOurs,
    /// It came to one of our UDP ports and is for no overlay.
    Outside(UdpPort, Outcome),
    /// It is for an overlay, and wrong.
    Unsound(OverlayKey, Outcome),
}

const IP_AT: usize = size_of::<Ethernet>();
const UDP_AT: usize = IP_AT + size_of::<Ipv4>();
const VXLAN_AT: usize = UDP_AT + size_of::<Udp>();
/// The least total length of an IP packet that has a VXLAN header: bytes behind it are padding of the link layer.
const LEAST: usize = size_of::<Outer4>() - IP_AT;

/// Whether it is UDP over IPv4 with a VNI, or to a port that an overlay listens on; or hard to tell, as what has IP options:
/// all that the entry looks at.
#[inline(always)]
pub(super) fn may_be_vxlan<F: Frame, T: Tables>(frame: &F, tables: &T) -> bool {
    let Ok(ethernet) = frame.view::<Ethernet>(0) else { return false };
    if ethernet.ether_type != EtherType::IPV4 {
        return false;
    }
    let Ok(ip) = frame.view::<Ipv4>(IP_AT) else { return false };
    if ip.protocol != protocol::UDP {
        return false;
    }
    if ip.header_len() != size_of::<Ipv4>() {
        return true;
    }
    frame.view::<Vxlan>(VXLAN_AT).is_ok_and(|vxlan| vxlan.vni().is_some())
        || frame.view::<Udp>(UDP_AT).is_ok_and(|udp| tables.listens(udp.destination()))
}

/// Reads the outer headers. Order: the destination, then the VNI, then all else, so that what is not ours is not
/// judged either.
#[inline(always)]
pub(super) fn outer<'a, F: Frame, T: Tables>(frame: &mut F, tables: &'a T) -> Result<Arrival<'a>, Refusal> {
    let ethernet = *frame.view::<Ethernet>(0).map_err(|_| Refusal::NotOurs)?;
    let tag = frame.tag();
    if ethernet.ether_type != EtherType::IPV4
        || frame.addressed() == Addressed::Other
        || tag.is_some_and(|tag| tag.has_vlan())
    {
        return Err(Refusal::NotOurs);
    }
    let ip = *frame.view::<Ipv4>(IP_AT).map_err(|_| Refusal::NotOurs)?;
    if ip.version() != 4 || ip.protocol != protocol::UDP || !ip.is_first() {
        return Err(Refusal::NotOurs);
    }
    if ip.header_len() != size_of::<Ipv4>() {
        return Err(with_options(frame, tables, &ip));
    }
    let udp = *frame.view::<Udp>(UDP_AT).map_err(|_| Refusal::NotOurs)?;
    let port = udp.destination();
    let vxlan = match frame.view::<Vxlan>(VXLAN_AT) {
        Ok(vxlan) if ip.total_len() >= LEAST => *vxlan,
        _ if ip.is_fragment() => return Err(at_our_port(tables, &ip, port, Outcome::TinyFragment)),
        _ => return Err(at_our_port(tables, &ip, port, Outcome::Truncated)),
    };
    let Some(vni) = vxlan.vni() else { return Err(at_our_port(tables, &ip, port, Outcome::NoVniFlag)) };
    let key = OverlayKey::new(vni, port);
    let Some(overlay) = tables.overlay(key) else {
        return Err(at_our_port(tables, &ip, port, Outcome::UnknownVni));
    };
    if !is_ours(tables, overlay, ip.destination()) {
        return Err(Refusal::NotOurs);
    }
    sound(frame, &ip, &udp).map_err(|outcome| Refusal::Unsound(key, outcome))?;
    Ok(Arrival {
        key,
        overlay,
        source: ip.source(),
        addresses: ip.address_word(),
        link: Word(ethernet.destination()),
        tos: ip.tos,
        outer: OUTER4,
        set_aside: match tag {
            _ if ip.is_fragment() => Some(Outcome::OuterFragment),
            Some(_) => Some(Outcome::OuterTag),
            None => None,
        },
    })
}

/// Options move the UDP header; no VTEP sends them, so what has them is only told from other traffic.
#[inline(always)]
fn with_options<F: Frame, T: Tables>(frame: &F, tables: &T, ip: &Ipv4) -> Refusal {
    let at = IP_AT + (ip.header_len() & 0x3c);
    match frame.view::<Udp>(at) {
        Ok(udp) => at_our_port(tables, ip, udp.destination(), Outcome::BadOuterHeader),
        Err(_) => Refusal::NotOurs,
    }
}

/// `outcome`, if an overlay of ours listens there and the packet is for this host.
#[inline(always)]
fn at_our_port<T: Tables>(tables: &T, ip: &Ipv4, port: UdpPort, outcome: Outcome) -> Refusal {
    let destination = ip.destination();
    if tables.listens(port) && (destination.is_multicast() || tables.is_local(destination)) {
        Refusal::Outside(port, outcome)
    } else {
        Refusal::NotOurs
    }
}

/// A router must not eat VXLAN that it forwards: the destination is `local`, else an address of this host, else
/// the overlay's group.
#[inline(always)]
fn is_ours<T: Tables>(tables: &T, overlay: &Overlay, destination: Address) -> bool {
    if destination == overlay.local() {
        return true;
    }
    if destination.is_multicast() {
        let group = overlay.group().and_then(|group| tables.remote(group));
        return group.is_some_and(|group| group.address() == destination);
    }
    tables.is_local(destination)
}

/// Lengths and checksums. A fragment goes to the vxlan device, which reassembles, once its sender is known: see
/// [`super::admit`].
#[inline(always)]
fn sound<F: Frame>(frame: &mut F, ip: &Ipv4, udp: &Udp) -> Result<(), Outcome> {
    if !ip.is_sound() {
        return Err(Outcome::BadOuterHeader);
    }
    let length = ip.total_len();
    if IP_AT + length > frame.len() || !ip.is_fragment() && udp.len() != length - size_of::<Ipv4>() {
        return Err(Outcome::BadLength);
    }
    if F::SHORT_CUT && (IP_AT + length < frame.len() || udp.checksum() != 0) {
        // Padding and checksums are the next hook's to deal with.
        return Err(Outcome::ByDevice);
    }
    if IP_AT + length < frame.len() {
        // A switch padded it: the inner frame must not get the padding.
        frame.resize(IP_AT + length)?;
    }
    if ip.is_fragment() { Ok(()) } else { checksum::verify(frame, udp) }
}
