//! Row 6: as row 5, with `proxy`, and every container's IP address written down by hand: nobody has to ask across the
//! underlay.

use vxlan_tests::{Capture, Packet, Side, Wire, expect_ping};

use crate::{
    load::{VXLAN, carry_a_big_transfer},
    row4_hand_kept_group::three_hosts_with_a_list,
};

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

fn known_addresses_are_asked_for_at_home(a: Side, b: Side, wire: Wire) {
    let net = three_hosts_with_a_list("row6", "nolearning proxy", a, b, wire);
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    for host in net.hosts() {
        for (container, vtep) in [(c1, "192.168.1.100"), (c2, "192.168.1.200")] {
            let mac = container.mac;
            host.fdb(&format!("append {mac} dev vxlan0 dst {vtep}"));
            host.neigh(&format!("add {} lladdr {mac} dev vxlan0", container.ipv4));
            host.neigh(&format!("add {} lladdr {mac} dev vxlan0", container.ipv6));
        }
        let shown = host.neigh("show").stdout;
        for line in [
            "172.55.1.3 dev vxlan0 lladdr 52:5e:55:58:9a:ab PERMANENT \n",
            "fd55::3 dev vxlan0 lladdr 52:5e:55:58:9a:ab PERMANENT \n",
        ] {
            assert!(shown.contains(line), "{line:?} is not in {shown}");
        }
    }

    let captures = ["a", "b", "c"].map(|host| net.capture_at(host, VXLAN));
    expect_ping(c1, c2.ipv4, 3);
    expect_ping(c2, c1.ipv4, 3);
    expect_ping(c1, c2.ipv6, 3);
    expect_ping(c2, c1.ipv6, 3);
    let captures = captures.map(Capture::stop);
    for pcap in &captures {
        let asked = pcap.matching(|packet| asks_or_answers(packet, &[c1.ipv6.into(), c2.ipv6.into()]));
        assert!(asked.is_empty(), "{asked:?}");
    }
    captures[0].verify_checksums(wire.strictness());
    assert_eq!(captures[0].matching(|packet| packet.carries(c1.ipv4, c2.ipv4)).len(), 6);
    assert!(captures[2].matching(|packet| packet.carries(c1.ipv4, c2.ipv4)).is_empty());

    carry_a_big_transfer(&net, c1, c2, c2.ipv4);
}

between_all_sides!(super::known_addresses_are_asked_for_at_home, with_the_kernel_alone);

/// ARP of any kind, or ND of the containers' addresses (hosts and link-local ones have their own).
fn asks_or_answers(packet: &Packet, of: &[std::net::IpAddr]) -> bool {
    let Some(inner) = &packet.inner else { return false };
    let is_nd = matches!(inner.message, Some(SOLICITATION | ADVERTISEMENT));
    inner.arp.is_some() || is_nd && inner.ips.is_some_and(|(from, _)| of.contains(&from))
}
