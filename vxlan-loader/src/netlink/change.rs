//! Changing the options of a vxlan device while it runs: those that `vxlan_changelink` of the kernel allows.

use std::net::IpAddr;

use libc::EOPNOTSUPP;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVxlan, LinkAttribute, LinkInfo, LinkMessage, VxlanDf,
};
use vxlan_common::{Df, IfIndex};

use super::{Netlink, Result};
use crate::vtep::Tos;

/// What to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VxlanChange {
    /// The default destination, `remote` or `group`; the unspecified address: none.
    pub remote: Option<IpAddr>,
    /// The underlay device.
    pub device: Option<IfIndex>,
    /// The source address; the unspecified address: the routes'.
    pub local: Option<IpAddr>,
    /// The outer TTL; 0: auto. To and from `inherit` the kernel does not change.
    pub ttl: Option<u8>,
    /// The outer TOS.
    pub tos: Option<Tos>,
    /// The outer DF bit.
    pub df: Option<Df>,
    /// The outer flow label.
    pub flowlabel: Option<u32>,
    /// Learning.
    pub learning: Option<bool>,
    /// Seconds until a learned address is forgotten.
    pub ageing: Option<u32>,
    /// Short cut to a VTEP of this host (Linux 6.5).
    pub localbypass: Option<bool>,
}

impl Netlink {
    /// Changes the vxlan device `index`.
    pub fn set_vxlan(&self, index: IfIndex, change: &VxlanChange) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Vxlan),
            LinkInfo::Data(InfoData::Vxlan(options(change))),
        ]));
        self.change(0, RouteNetlinkMessage::NewLink(message)).map_err(|refusal| {
            let refusal = refusal.meaning(EOPNOTSUPP, "it is no vxlan device");
            refusal.to(format!("cannot change {}", self.say(index)))
        })
    }
}

fn options(change: &VxlanChange) -> Vec<InfoVxlan> {
    let options = [
        change.remote.map(remote),
        change.device.map(|device| InfoVxlan::Link(device.0)),
        change.local.map(local),
        change.ttl.map(InfoVxlan::Ttl),
        change.tos.map(tos),
        change.df.map(df),
        change.flowlabel.map(InfoVxlan::Label),
        change.learning.map(InfoVxlan::Learning),
        change.ageing.map(InfoVxlan::Ageing),
        change.localbypass.map(InfoVxlan::Localbypass),
    ];
    options.into_iter().flatten().collect()
}

/// IFLA_VXLAN_GROUP or GROUP6.
pub(super) fn remote(address: IpAddr) -> InfoVxlan {
    match address {
        IpAddr::V4(address) => InfoVxlan::Group(address),
        IpAddr::V6(address) => InfoVxlan::Group6(address),
    }
}

/// IFLA_VXLAN_LOCAL or LOCAL6.
pub(super) fn local(address: IpAddr) -> InfoVxlan {
    match address {
        IpAddr::V4(address) => InfoVxlan::Local(address),
        IpAddr::V6(address) => InfoVxlan::Local6(address),
    }
}

/// IFLA_VXLAN_TOS, in which 1 means the inner packet's.
pub(super) fn tos(tos: Tos) -> InfoVxlan {
    match tos {
        Tos::Inherit => InfoVxlan::Tos(1),
        Tos::Fixed(tos) => InfoVxlan::Tos(tos),
    }
}

/// IFLA_VXLAN_DF.
pub(super) fn df(df: Df) -> InfoVxlan {
    InfoVxlan::Df(match df {
        Df::Unset => VxlanDf::Unset,
        Df::Set => VxlanDf::Set,
        Df::Inherit => VxlanDf::Inherit,
    })
}
