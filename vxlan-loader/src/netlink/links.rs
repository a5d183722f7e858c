//! Looking at devices, and what can be done to one of any kind.

use libc::{EINVAL, ENODEV};
use netlink_packet_core::DefaultNla;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use vxlan_common::IfIndex;

use super::request::Refusal;
use super::{Link, Netlink, Result, Vxlan};

/// Bytes of a device's name, the zero at the end included.
const NAME_SIZE: usize = 16;
/// Bytes of another name of a device, likewise.
const ALTNAME_SIZE: usize = 128;
/// `IFLA_ALT_IFNAME`, which netlink-packet-route knows inside a list only.
const ALT_IFNAME: u16 = 53;

impl Netlink {
    /// Index of the device called `name`, by its own or another name.
    pub fn link_index(&self, name: &str) -> Result<Option<IfIndex>> {
        let mut message = LinkMessage::default();
        message.attributes.push(match name.len() {
            1..NAME_SIZE => LinkAttribute::IfName(name.to_owned()),
            NAME_SIZE..ALTNAME_SIZE => {
                let bytes = name.bytes().chain([0]).collect();
                LinkAttribute::Other(DefaultNla::new(ALT_IFNAME, bytes))
            }
            _ => return Ok(None),
        });
        let found = self.find(message).map_err(|refusal| refusal.to(format!("cannot look for {name}")))?;
        Ok(found.map(|message| IfIndex(message.header.index)))
    }

    /// Name of device `index`.
    pub fn link_name(&self, index: IfIndex) -> Result<Option<String>> {
        Ok(self.link(index)?.map(|link| link.name))
    }

    /// Device `index`.
    pub fn link(&self, index: IfIndex) -> Result<Option<Link>> {
        Ok(self.by_index(index)?.as_ref().map(Link::read))
    }

    /// All devices, in the order of their indices.
    pub fn links(&self) -> Result<Vec<Link>> {
        let messages = self.link_messages(LinkMessage::default())?;
        Ok(messages.iter().map(Link::read).collect())
    }

    /// What the kernel knows of the vxlan device `index`; `None` if that is no vxlan device or gone.
    pub fn vxlan(&self, index: IfIndex) -> Result<Option<Vxlan>> {
        Ok(self.by_index(index)?.as_ref().and_then(Vxlan::read))
    }

    /// All vxlan devices, in the order of their indices.
    pub fn vxlans(&self) -> Result<Vec<(Link, Vxlan)>> {
        let mut filter = LinkMessage::default();
        filter.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Vxlan)]));
        let messages = self.link_messages(filter)?;
        Ok(messages.iter().filter_map(|message| Some((Link::read(message), Vxlan::read(message)?))).collect())
    }

    /// Brings a device up or down.
    pub fn set_up(&self, index: IfIndex, up: bool) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        message.header.change_mask = LinkFlags::Up;
        message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
        let direction = if up { "up" } else { "down" };
        self.change(0, RouteNetlinkMessage::SetLink(message))
            .map_err(|refusal| refusal.to(format!("cannot bring {} {direction}", self.say(index))))
    }

    /// Sets a device's MTU in bytes.
    pub fn set_mtu(&self, index: IfIndex, mtu: u32) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        message.attributes.push(LinkAttribute::Mtu(mtu));
        self.change(0, RouteNetlinkMessage::SetLink(message)).map_err(|refusal| {
            let refusal =
                refusal.meaning(EINVAL, "it is larger than the underlay's less 50 bytes (IPv6: 70)");
            refusal.to(format!("cannot set the MTU of {} to {mtu}", self.say(index)))
        })
    }

    /// Removes a device; one that is gone already is fine.
    pub fn delete_link(&self, index: IfIndex) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        match self.change(0, RouteNetlinkMessage::DelLink(message)) {
            Err(refusal) if refusal.errno() != Some(ENODEV) => {
                Err(refusal.to(format!("cannot remove {}", self.say(index))))
            }
            _ => Ok(()),
        }
    }

    /// A device's name for an error message.
    pub(super) fn say(&self, index: IfIndex) -> String {
        self.link_name(index).ok().flatten().unwrap_or_else(|| format!("device {}", index.0))
    }

    fn by_index(&self, index: IfIndex) -> Result<Option<LinkMessage>> {
        if index == IfIndex::NONE {
            return Ok(None);
        }
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        self.find(message).map_err(|refusal| refusal.to(format!("cannot read device {}", index.0)))
    }

    fn find(&self, message: LinkMessage) -> std::result::Result<Option<LinkMessage>, Refusal> {
        match self.ask(RouteNetlinkMessage::GetLink(message)) {
            Ok(RouteNetlinkMessage::NewLink(message)) => Ok(Some(message)),
            Ok(_) => Err(Refusal::Lost),
            Err(refusal) if refusal.errno() == Some(ENODEV) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    fn link_messages(&self, filter: LinkMessage) -> Result<Vec<LinkMessage>> {
        let answers = self
            .list(&RouteNetlinkMessage::GetLink(filter))
            .map_err(|refusal| refusal.to("cannot list the devices"))?;
        Ok(answers
            .into_iter()
            .filter_map(|answer| match answer {
                RouteNetlinkMessage::NewLink(message) => Some(message),
                _ => None,
            })
            .collect())
    }
}
