//! The forwarding table of a vxlan device: `bridge fdb ... dev D self`.

use libc::{EEXIST, ENOENT};
use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::neighbour::{NeighbourFlags, NeighbourMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use vxlan_common::IfIndex;

use super::entry::{KernelFdb, read, write};
use super::request::Refusal;
use super::{Error, Netlink, Result};

impl Netlink {
    /// Adds a destination. The kernel has more than one for multicast addresses and the zero address only:
    /// a second one of a station is silently dropped.
    pub fn fdb_append(&self, device: IfIndex, entry: &KernelFdb) -> Result<()> {
        self.fdb_new(device, entry, NLM_F_CREATE | NLM_F_APPEND, "append")
    }

    /// Puts a station behind another VTEP, or adds it. Multicast and zero: EOPNOTSUPP.
    pub fn fdb_replace(&self, device: IfIndex, entry: &KernelFdb) -> Result<()> {
        self.fdb_new(device, entry, NLM_F_CREATE | NLM_F_REPLACE, "replace")
    }

    /// Removes one destination, or with no `dst` the whole address. ENOENT for an unknown address.
    ///
    /// A destination is what `dst`, `port`, `vni` and `via` are together. One that is not in the table is
    /// silently success, so remove what [`Self::fdb`] returned: the default destination that a device was
    /// made with goes `via` its underlay device.
    pub fn fdb_del(&self, device: IfIndex, entry: &KernelFdb) -> Result<()> {
        self.change(0, RouteNetlinkMessage::DelNeighbour(write(device, entry)))
            .map_err(|refusal| self.fdb_error(refusal, "remove", device, entry))
    }

    /// The whole table of a vxlan device, in no order; empty if the device is gone.
    pub fn fdb(&self, device: IfIndex) -> Result<Vec<KernelFdb>> {
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Bridge;
        message.header.ifindex = device.0;
        let answers = self.list(&RouteNetlinkMessage::GetNeighbour(message)).map_err(|refusal| {
            refusal.to(format!("cannot read the forwarding table of {}", self.say(device)))
        })?;
        Ok(answers
            .iter()
            .filter_map(|answer| match answer {
                RouteNetlinkMessage::NewNeighbour(message) => Some(message),
                _ => None,
            })
            // The bridge's own entries for this port come too, without SELF.
            .filter(|message| {
                message.header.ifindex == device.0 && message.header.flags.contains(NeighbourFlags::Own)
            })
            .map(read)
            .collect())
    }

    fn fdb_new(&self, device: IfIndex, entry: &KernelFdb, flags: u16, verb: &str) -> Result<()> {
        self.change(flags, RouteNetlinkMessage::NewNeighbour(write(device, entry)))
            .map_err(|refusal| self.fdb_error(refusal, verb, device, entry))
    }

    fn fdb_error(&self, refusal: Refusal, verb: &str, device: IfIndex, entry: &KernelFdb) -> Error {
        let dst = entry.dst.map(|dst| format!(" dst {dst}")).unwrap_or_default();
        refusal
            .meaning(EEXIST, "it has an entry already: replace that one")
            .meaning(ENOENT, "it has no entry")
            .to(format!("forwarding table of {}: cannot {verb} {}{dst}", self.say(device), entry.mac))
    }
}
