//! A frame on its way, with what was found out about it.

use vxlan_common::{IfIndex, Mac, Outcome, Overlay, OverlayKey, Port, PortKind};

use crate::{
    Frame, Verdict,
    flow::{self, Packet},
    frame::Word,
    verdict::Action,
    wire::{EtherType, Ethernet},
};

/// A frame on its way.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Journey<'a> {
    pub destination: Word<Mac>,
    source: Word<Mac>,
    pub ether_type: Word<EtherType>,
    pub port: Word<Port>,
    pub overlay: &'a Overlay,
    pub key: OverlayKey,
    /// The device that it came from.
    pub from: IfIndex,
    pub packet: Packet,
}

impl<'a> Journey<'a> {
    /// Reads the frame that came from `from`, which is `port` of `overlay`.
    #[inline(always)]
    pub fn begin<F: Frame>(
        frame: &F,
        port: Port,
        key: OverlayKey,
        overlay: &'a Overlay,
        from: IfIndex,
    ) -> Result<Self, Outcome> {
        let ethernet = *frame.view::<Ethernet>(0)?;
        if !ethernet.source().is_station() {
            return Err(Outcome::SourceMacInvalid);
        }
        // No container shall be taken for the device.
        if port.kind() == PortKind::Direct && ethernet.source() == overlay.mac() {
            return Err(Outcome::SourceMacOwn);
        }
        Ok(Self {
            destination: Word(ethernet.destination()),
            source: Word(ethernet.source()),
            ether_type: Word(ethernet.ether_type),
            port: Word(port),
            overlay,
            key,
            from,
            packet: flow::packet(frame, &ethernet)?,
        })
    }

    /// What kind of port it came from.
    #[inline(always)]
    pub fn kind(&self) -> PortKind {
        self.port.0.kind()
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

    /// The verdict for an answer: back to where the frame came from.
    #[inline(always)]
    pub fn back(&self) -> Verdict {
        let action = match self.kind() {
            PortKind::Vtep => Action::Ingress,
            PortKind::Direct => Action::Egress,
        };
        Verdict::with(action, self.from)
    }

    /// Writes its Ethernet header again, at another place.
    #[inline(always)]
    pub fn write_ethernet(&self, header: &mut Ethernet) {
        header.set(&self.destination.0, &self.source.0, self.ether_type.0);
    }
}
