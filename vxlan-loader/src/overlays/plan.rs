//! What is asked for, turned into what the tables hold. Pure.

use std::net::IpAddr;

use anyhow::{Result, bail, ensure};
use vxlan_common::{Address, AllowKey, IfIndex, Mac, Overlay, OverlayFlags, OverlayKey, RemoteIndex};

use crate::vtep::{Allow, Tos, Ttl, VtepSpec};

/// What an overlay has found on this host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its number.
    pub(super) number: u32,
    /// Its VTEP device.
    pub(super) device: IfIndex,
    /// That device's address.
    pub(super) mac: Mac,
    /// Its underlay device, if one was named.
    pub(super) underlay: IfIndex,
    /// Its group, and what is sent to that comes from there.
    pub(super) group: Option<(RemoteIndex, Address)>,
    /// Seconds for which its kernel believes a neighbour there, over IPv4 and IPv6.
    pub(super) reachable: [u32; 2],
}

/// Refuses what contradicts itself.
pub(super) fn check(spec: &VtepSpec) -> Result<()> {
    ensure!(spec.dstport.0 != 0, "UDP port 0 does not exist: name another `dstport`");
    if let Some(group) = spec.group {
        ensure!(group.is_multicast(), "{group} is no multicast group: name a VTEP with `remote`");
        ensure!(spec.device.is_some(), "a group needs to know its device: name it with `dev`");
    }
    for remote in &spec.remotes {
        check_vtep(*remote)?;
    }
    ensure!(
        spec.proxy || !spec.suppress,
        "suppress drops what the proxy cannot answer: make the VTEP device with `proxy`, or leave suppress out"
    );
    if let Some(local) = spec.local {
        ensure!(!local.is_multicast(), "{local} is a multicast group: it cannot be the source of anything");
    }
    let mut families = addresses(spec).map(IpAddr::is_ipv4);
    if let Some(first) = families.next() {
        ensure!(
            families.all(|other| other == first),
            "IPv4 and IPv6 addresses are mixed: a VTEP has one family"
        );
    }
    ensure!(
        !is_ipv6(spec) || spec.allow.iter().all(|allow| *allow == Allow::Any),
        "allow cannot be kept on an IPv6 underlay, where the vxlan device itself receives and believes everyone: leave \
         it out, and filter UDP port {} by a firewall",
        spec.dstport.0
    );
    for allow in &spec.allow {
        if let Allow::Prefix(address, bits) = allow {
            let most = if address.is_ipv4() { 32 } else { 128 };
            ensure!(*bits <= most, "{address}/{bits} is no prefix: it has at most {most} bits");
        }
    }
    Ok(())
}

/// Refuses what cannot be one VTEP.
pub(super) fn check_vtep(address: IpAddr) -> Result<()> {
    if address.is_multicast() {
        bail!(
            "{address} is a multicast group, not a VTEP: name it with `group` when the VTEP device is made"
        );
    }
    ensure!(!address.is_unspecified(), "{address} is nobody's address: name the VTEP");
    Ok(())
}

/// Whether the underlay is IPv6. One without any address is IPv4, as the kernel sees it.
pub(super) fn is_ipv6(spec: &VtepSpec) -> bool {
    addresses(spec).any(IpAddr::is_ipv6)
}

fn addresses(spec: &VtepSpec) -> impl Iterator<Item = &IpAddr> {
    spec.remotes.iter().chain(&spec.group).chain(&spec.local)
}

/// The row of table `vni`.
pub(super) fn overlay(spec: &VtepSpec, place: &Place) -> Overlay {
    let mut overlay = Overlay::new(place.device, place.mac).on(place.underlay).with_df(spec.df);
    if let Some(local) = spec.local {
        overlay = overlay.from_local(local.into());
    }
    if let Some((group, source)) = place.group {
        overlay = overlay.to_group(group, source);
    }
    overlay.number = place.number;
    overlay.flags = flags(spec);
    overlay.ageing = spec.ageing;
    overlay.learned_limit = spec.maxaddress;
    overlay.binding_limit = spec.maxneigh;
    [overlay.reachable_v4, overlay.reachable_v6] = place.reachable.map(|seconds| seconds.min(65535) as u16);
    if let Some((min, max)) = spec.srcport.filter(|&(_, max)| max != 0) {
        (overlay.source_port_min, overlay.source_port_max) = (min, max);
    }
    overlay.ttl = match spec.ttl {
        Ttl::Fixed(ttl) => ttl,
        Ttl::Auto | Ttl::Inherit => 0,
    };
    overlay.tos = match spec.tos {
        Tos::Fixed(tos) => tos,
        Tos::Inherit => 0,
    };
    overlay
}

fn flags(spec: &VtepSpec) -> u32 {
    let has_prefix = spec.allow.iter().any(|allow| matches!(allow, Allow::Prefix(..)));
    let is_open = spec.allow.contains(&Allow::Any) || (spec.group.is_some() && spec.allow.is_empty());
    let bits = [
        (spec.learning, OverlayFlags::LEARNING),
        (!is_open, OverlayFlags::ADMIT_KNOWN),
        (has_prefix, OverlayFlags::ADMIT_PREFIXES),
        (spec.ttl == Ttl::Inherit, OverlayFlags::TTL_INHERIT),
        (spec.tos == Tos::Inherit, OverlayFlags::TOS_INHERIT),
        (why_by_device(spec).is_some(), OverlayFlags::DEVICE_TRANSMIT),
        (is_ipv6(spec), OverlayFlags::DEVICE_RECEIVE),
        (spec.proxy, OverlayFlags::PROXY),
        (spec.suppress, OverlayFlags::SUPPRESS),
        (spec.gbp, OverlayFlags::POLICY_MARKS),
        (spec.rsc, OverlayFlags::ROUTE_SHORT_CIRCUIT),
        (spec.l2miss, OverlayFlags::STATION_MISSES),
        (spec.l3miss, OverlayFlags::ADDRESS_MISSES),
        (spec.neighlearn, OverlayFlags::BINDINGS),
    ];
    bits.into_iter().filter_map(|(is_set, bit)| is_set.then_some(bit)).sum()
}

/// Why every frame has to take the vxlan device's own transmit, if it has to.
pub(super) fn why_by_device(spec: &VtepSpec) -> Option<&'static str> {
    let reasons = [
        (spec.udpcsum == Some(true), "only the vxlan device makes outer checksums (udpcsum)"),
        (is_ipv6(spec), "the underlay is IPv6"),
        (spec.gbp, "only the vxlan device sends group policies (gbp)"),
    ];
    reasons.into_iter().find_map(|(is_so, reason)| is_so.then_some(reason))
}

/// Whether the kernel's device is told of `proxy`, which it cannot unlearn. The data path answers; the device must not,
/// and one that is a proxy swallows every ARP request and neighbour solicitation that reaches its transmit. So it is told
/// only where none does, because all frames leave by the data path: `ip -d link` then shows what was asked for. And it
/// is told where it is to report unknown neighbours (`l3miss`), which it does as a proxy only.
pub(super) fn is_kernel_proxy(spec: &VtepSpec) -> bool {
    spec.proxy && (spec.l3miss || why_by_device(spec).is_none())
}

/// The rows of table `allow`: how many bits count, and the key. Bits of the address behind those are zero.
pub(super) fn prefixes(key: OverlayKey, spec: &VtepSpec) -> Vec<(u32, AllowKey)> {
    let prefix = |allow: &Allow| match *allow {
        Allow::Any | Allow::Known => None,
        Allow::Prefix(address, bits) => {
            let mapped = if address.is_ipv4() { 96 } else { 0 };
            let bits = mapped + u32::from(bits);
            let address = mask(bytes(address), bits);
            Some((AllowKey::OVERLAY_BITS + bits, AllowKey::new(key, Address(address))))
        }
    };
    let mut prefixes = Vec::new();
    for prefix in spec.allow.iter().filter_map(prefix) {
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}

/// Unlike [`Address`], which says "none" for 0.0.0.0: that is the address of the prefix 0.0.0.0/0.
fn bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn mask(address: [u8; 16], bits: u32) -> [u8; 16] {
    let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
    (u128::from_be_bytes(address) & mask).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use vxlan_common::{UdpPort, Vni};

    use super::*;

    fn spec() -> VtepSpec {
        VtepSpec::new(Vni::from_wire([0, 1, 0xbc]))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    fn settings(spec: &VtepSpec) -> Overlay {
        let place = Place {
            number: 5,
            device: IfIndex(7),
            mac: Mac([2; 6]),
            underlay: IfIndex(3),
            group: None,
            reachable: [30, 90_000],
        };
        overlay(spec, &place)
    }

    #[test]
    fn known_vteps_are_admitted_unless_told_otherwise() {
        let admit = |allow: &[Allow], group: Option<IpAddr>| {
            let overlay = settings(&VtepSpec { allow: allow.to_vec(), group, ..spec() });
            (overlay.has(OverlayFlags::ADMIT_KNOWN), overlay.has(OverlayFlags::ADMIT_PREFIXES))
        };
        let (group, prefix) = (Some(ip("239.1.1.1")), Allow::Prefix(ip("10.0.0.0"), 8));
        assert_eq!(admit(&[], None), (true, false));
        assert_eq!(admit(&[], group), (false, false));
        assert_eq!(admit(&[Allow::Known], group), (true, false));
        assert_eq!(admit(&[prefix], group), (true, true));
        assert_eq!(admit(&[Allow::Any], None), (false, false));
    }

    #[test]
    fn what_only_the_device_can_do_is_left_to_it() {
        let by_device = |spec: VtepSpec| settings(&spec).has(OverlayFlags::DEVICE_TRANSMIT);
        assert!(!by_device(spec()));
        assert!(!by_device(VtepSpec { udpcsum: Some(false), ..spec() }));
        assert!(by_device(VtepSpec { udpcsum: Some(true), ..spec() }));
        assert!(by_device(VtepSpec { remotes: vec![ip("2001:db8::1")], ..spec() }));
    }

    #[test]
    fn the_device_is_a_proxy_only_where_it_swallows_nothing_or_is_to_report() {
        let proxy = VtepSpec { proxy: true, ..spec() };
        let overlay = settings(&VtepSpec { suppress: true, ..proxy.clone() });
        assert!(overlay.has(OverlayFlags::PROXY | OverlayFlags::SUPPRESS));
        assert!(!overlay.has(OverlayFlags::DEVICE_TRANSMIT));
        assert!(is_kernel_proxy(&proxy) && !is_kernel_proxy(&spec()));
        for by_device in [
            VtepSpec { udpcsum: Some(true), ..proxy.clone() },
            VtepSpec { remotes: vec![ip("2001:db8::1")], ..proxy.clone() },
            VtepSpec { gbp: true, ..proxy.clone() },
        ] {
            assert!(!is_kernel_proxy(&by_device));
        }
        assert!(is_kernel_proxy(&VtepSpec { l3miss: true, ..proxy }));
    }

    #[test]
    fn settings_are_those_that_were_asked_for() {
        let overlay = settings(&VtepSpec {
            ttl: Ttl::Fixed(9),
            tos: Tos::Fixed(0x10),
            srcport: Some((1000, 2000)),
            local: Some(ip("192.168.1.100")),
            ageing: 0,
            maxaddress: 5,
            neighlearn: true,
            maxneigh: 7,
            ..spec()
        });
        assert!(overlay.has(OverlayFlags::BINDINGS) && !settings(&spec()).has(OverlayFlags::BINDINGS));
        assert_eq!((overlay.binding_limit, overlay.reachable_v4, overlay.reachable_v6), (7, 30, 65535));
        assert_eq!((overlay.ttl, overlay.tos, overlay.ageing, overlay.learned_limit), (9, 0x10, 0, 5));
        assert_eq!((overlay.source_port_min, overlay.source_port_max), (1000, 2000));
        assert_eq!(overlay.local(), Address::v4([192, 168, 1, 100]));
        assert_eq!((overlay.vtep_device(), overlay.underlay_device()), (IfIndex(7), IfIndex(3)));
        let default = settings(&VtepSpec { srcport: Some((0, 0)), ..spec() });
        assert_eq!((default.source_port_min, default.source_port_max), (49152, 65535));
    }

    #[test]
    fn a_prefix_is_masked_and_counted_from_the_start_of_the_key() {
        let key = OverlayKey::new(spec().vni, UdpPort::VXLAN);
        let rows = |address, bits| {
            prefixes(key, &VtepSpec { allow: vec![Allow::Prefix(ip(address), bits)], ..spec() })
        };
        assert_eq!(rows("10.1.2.3", 8), [(64 + 96 + 8, AllowKey::new(key, Address::v4([10, 0, 0, 0])))]);
        assert_eq!(rows("0.0.0.0", 0), [(64 + 96, AllowKey::new(key, Address::v4([0; 4])))]);
        assert_eq!(rows("::", 0), [(64, AllowKey::new(key, Address([0; 16])))]);
        let twice = VtepSpec { allow: vec![Allow::Prefix(ip("10.0.0.0"), 8); 2], ..spec() };
        assert_eq!(prefixes(key, &twice).len(), 1);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = |spec: VtepSpec| check(&spec).is_err();
        assert!(!refused(spec()));
        assert!(refused(VtepSpec { group: Some(ip("239.1.1.1")), ..spec() }));
        assert!(refused(VtepSpec { remotes: vec![ip("239.1.1.1")], ..spec() }));
        assert!(refused(VtepSpec { remotes: vec![ip("10.0.0.1"), ip("2001:db8::1")], ..spec() }));
        assert!(refused(VtepSpec { allow: vec![Allow::Prefix(ip("10.0.0.0"), 33)], ..spec() }));
        let over_ipv6 = VtepSpec { local: None, group: None, remotes: vec![ip("2001:db8::1")], ..spec() };
        assert!(!refused(over_ipv6.clone()));
        assert!(refused(VtepSpec { allow: vec![Allow::Known], ..over_ipv6 }));
    }
}
