//! Making a vxlan device.

use libc::EEXIST;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoData, InfoKind, InfoVxlan, LinkAttribute, LinkInfo, LinkMessage};
use vxlan_common::{Df, IfIndex};

use super::change;
use super::request::Refusal;
use super::{Error, Netlink, Result};
use crate::vtep::{Ttl, VtepSpec};

/// Bytes of the longest name of a device.
const LONGEST_NAME: usize = 15;

impl Netlink {
    /// Makes the vxlan device that `spec` asks for, down, over `device`; its index.
    ///
    /// Its default destination is the group if there is one (only that one is joined), else the first
    /// remote. The kernel computes the MTU from `device`, and cuts a larger one that `spec` names without a
    /// word. Source ports go to the kernel as `spec` has them: it never uses the last one.
    pub fn add_vxlan(&self, name: &str, spec: &VtepSpec, device: Option<IfIndex>) -> Result<IfIndex> {
        if !is_name(name) {
            return Err(Error::BadName { name: name.to_owned() });
        }
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        message.attributes.extend(spec.mtu.map(LinkAttribute::Mtu));
        message.attributes.extend(spec.address.map(|mac| LinkAttribute::Address(mac.0.to_vec())));
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Vxlan),
            LinkInfo::Data(InfoData::Vxlan(options(spec, device))),
        ]));
        self.change(NLM_F_CREATE | NLM_F_EXCL, RouteNetlinkMessage::NewLink(message))
            .map_err(|refusal| self.why_not(refusal, name, spec))?;
        self.link_index(name)?
            .ok_or_else(|| Error::NoDevice { action: format!("{name} was removed at once") })
    }

    fn why_not(&self, refusal: Refusal, name: &str, spec: &VtepSpec) -> Error {
        match refusal {
            // The kernel adds a sentence where the VNI is taken, and none where the name is.
            Refusal::Errno { errno: EEXIST, message: None } => Error::NameTaken { name: name.to_owned() },
            Refusal::Errno { errno: EEXIST, message: Some(_) } => {
                let devices = self.vxlans().unwrap_or_default();
                let holder = devices
                    .into_iter()
                    .find(|(_, vxlan)| vxlan.vni == spec.vni && vxlan.dstport == spec.dstport)
                    .map_or_else(|| "a device that was moved elsewhere".to_owned(), |(link, _)| link.name);
                Error::VniTaken { name: name.to_owned(), vni: spec.vni, port: spec.dstport, holder }
            }
            refusal => refusal.to(format!("cannot create {name}")),
        }
    }
}

/// What `dev_valid_name` of the kernel lets pass, less `%`, with which the kernel would choose a number.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name != "."
        && name != ".."
        && !name.bytes().any(|byte| matches!(byte, b'/' | b':' | b'%' | 0..=b' ' | 0x7f))
}

fn options(spec: &VtepSpec, device: Option<IfIndex>) -> Vec<InfoVxlan> {
    let mut options = vec![InfoVxlan::Id(spec.vni.get()), InfoVxlan::Port(spec.dstport.0)];
    options.extend(spec.group.or(spec.remotes.first().copied()).map(change::remote));
    options.extend(device.map(|device| InfoVxlan::Link(device.0)));
    options.extend(spec.local.map(change::local));
    options.extend(spec.srcport.map(InfoVxlan::PortRange));
    match spec.ttl {
        Ttl::Auto => {}
        Ttl::Inherit => options.push(InfoVxlan::TtlInheritFlag),
        Ttl::Fixed(ttl) => options.push(InfoVxlan::Ttl(ttl)),
    }
    options.push(change::tos(spec.tos));
    if spec.df != Df::Unset {
        options.push(change::df(spec.df));
    }
    if spec.flowlabel != 0 {
        options.push(InfoVxlan::Label(spec.flowlabel));
    }
    options.push(InfoVxlan::Learning(spec.learning));
    options.push(InfoVxlan::Ageing(spec.ageing));
    if spec.maxaddress != 0 {
        options.push(InfoVxlan::Limit(spec.maxaddress));
    }
    let switches = [
        (spec.proxy, InfoVxlan::Proxy(true)),
        (spec.rsc, InfoVxlan::Rsc(true)),
        (spec.l2miss, InfoVxlan::L2Miss(true)),
        (spec.l3miss, InfoVxlan::L3Miss(true)),
        (spec.udp6zerocsumtx, InfoVxlan::UDPZeroCsumTX(true)),
        (spec.udp6zerocsumrx, InfoVxlan::UDPZeroCsumRX(true)),
        (spec.gbp, InfoVxlan::Gbp),
    ];
    options.extend(switches.into_iter().filter_map(|(on, option)| on.then_some(option)));
    options.extend(spec.udpcsum.map(InfoVxlan::UDPCsum));
    options.extend(spec.localbypass.map(InfoVxlan::Localbypass));
    options
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use vxlan_common::Vni;

    use super::*;

    #[test]
    fn what_is_not_asked_for_is_left_to_the_kernel() {
        let spec = VtepSpec::new(Vni::from_wire([0, 1, 0xbc]));
        assert_eq!(
            options(&spec, None),
            [
                InfoVxlan::Id(444),
                InfoVxlan::Port(4789),
                InfoVxlan::Tos(0),
                InfoVxlan::Learning(true),
                InfoVxlan::Ageing(300),
            ]
        );
    }

    #[test]
    fn the_group_goes_before_the_remotes_because_only_the_default_destination_is_joined() {
        let group = Ipv4Addr::new(239, 1, 1, 1);
        let mut spec = VtepSpec::new(Vni::from_wire([0, 0, 1]));
        spec.remotes.push(Ipv4Addr::new(10, 0, 0, 2).into());
        spec.group = Some(group.into());
        assert!(options(&spec, Some(IfIndex(3))).contains(&InfoVxlan::Group(group)));
    }

    #[test]
    fn a_name_is_what_the_kernel_takes_literally() {
        assert!(is_name("vxlan1") && is_name("vx.100") && is_name("fifteen-letters"));
        for wrong in ["", ".", "..", "sixteen-letters-", "a b", "a/b", "a:b", "vxlan%d", "a\tb"] {
            assert!(!is_name(wrong), "{wrong:?}");
        }
    }
}
