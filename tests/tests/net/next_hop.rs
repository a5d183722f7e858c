//! The way to a VTEP, and its changes, none of which a daemon watches.

use std::time::Duration;

use vxlan_tests::{Host, Side, Topology, expect_ping, ping, wait_until};

fn join(host: &Host, vxlan: &str, address: &str) {
    host.link_add("vxlan1", &format!("id 444 dstport 4789 {vxlan}"));
    host.run(&format!("ip addr add {address}/24 dev vxlan1"));
    host.run("ip link set dev vxlan1 up");
}

#[test]
fn a_vtep_behind_a_router_is_reached_from_hosts_that_do_not_forward() {
    for other in [Side::Vxbpf, Side::Kernel] {
        let net = Topology::new("routed").routed().host("a", Side::Vxbpf).host("b", other).up();
        let (a, b) = (net.host("a"), net.host("b"));
        join(a, &format!("remote {} local {} dev eth0", b.address, a.address), "172.55.1.2");
        join(b, &format!("remote {} local {} dev eth0", a.address, b.address), "172.55.1.3");
        expect_ping(a, [172, 55, 1, 3], 3);
        expect_ping(b, [172, 55, 1, 2], 3);
        assert_eq!(a.slow_path(), 0);
    }
}

#[test]
fn a_vtep_that_changes_its_mac_is_found_again_announced_or_not() {
    let net = Topology::new("mac").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let (a, b) = (net.host("a"), net.host("b"));
    join(a, "remote 192.168.1.200 local 192.168.1.100 dev eth0", "172.55.1.2");
    join(b, "remote 192.168.1.100 local 192.168.1.200 dev eth0", "172.55.1.3");
    expect_ping(a, [172, 55, 1, 3], 2);
    b.run("ip link set dev eth0 address 02:00:00:00:be:ef");
    // b's next packet makes a's kernel learn the new address, as it would for the kernel's own device.
    wait_until("b to be reached again", Duration::from_secs(10), || ping(a, [172, 55, 1, 3], 1) == 1);
    expect_ping(a, [172, 55, 1, 3], 3);
    assert_eq!(a.slow_path(), 0);
}

#[test]
fn a_route_that_changes_is_followed_within_two_seconds() {
    let net =
        Topology::new("route").host("a", Side::Vxbpf).host("b", Side::Kernel).host("r", Side::Kernel).up();
    let (a, b, router) = (net.host("a"), net.host("b"), net.host("r"));
    // b's VTEP address is not on the wire: it is reached through b itself, then through r.
    b.run("ip addr add 10.5.0.1/32 dev lo");
    router.set("ipv4/ip_forward", "1");
    router.set("ipv4/conf/eth0/send_redirects", "0");
    router.set("ipv4/conf/all/send_redirects", "0");
    router.run("ip route add 10.5.0.1 via 192.168.1.200");
    a.run("ip route add 10.5.0.1 via 192.168.1.200");
    join(a, "remote 10.5.0.1 local 192.168.1.100", "172.55.1.2");
    join(b, "remote 192.168.1.100 local 10.5.0.1", "172.55.1.3");
    expect_ping(a, [172, 55, 1, 3], 2);

    a.run(&format!("ip route replace 10.5.0.1 via {}", router.address));
    let seen = net.capture_at("r", "udp port 4789");
    wait_until("two seconds of pings", Duration::from_secs(5), || ping(a, [172, 55, 1, 3], 10) == 10);
    assert!(!seen.stop().packets().is_empty(), "nothing went by the new route");

    a.run("ip route del 10.5.0.1");
    wait_until("the missing route to be seen", Duration::from_secs(5), || ping(a, [172, 55, 1, 3], 1) == 0);
    a.run("ip route add 10.5.0.1 via 192.168.1.200");
    wait_until("the route to be back", Duration::from_secs(5), || ping(a, [172, 55, 1, 3], 1) == 1);
}

/// The kernel keeps a frame while it resolves its next hop; what the host itself sent has a route of the overlay, by
/// which it must not be looked after.
#[test]
fn the_first_frame_of_a_host_waits_for_its_next_hop_and_nobody_in_the_overlay_is_asked_for_it() {
    for (remotes, name) in
        [("remote 192.168.1.200", "one"), ("remote 192.168.1.200 remote 192.168.1.201", "two")]
    {
        let net = Topology::new(&format!("first-{name}")).host("a", Side::Vxbpf).host("b", Side::Kernel);
        let net = net.host("c", Side::Kernel).up();
        let (a, b) = (net.host("a"), net.host("b"));
        join(b, "remote 192.168.1.100 local 192.168.1.200 dev eth0", "172.55.1.3");
        let at_a = net.capture_at("a", "udp port 4789");
        join(a, &format!("{remotes} local 192.168.1.100 dev eth0"), "172.55.1.2");
        // The hosts have heard of each other by now.
        a.run("ip neigh flush all");
        assert_eq!(ping(a, [172, 55, 1, 3], 1), 1, "the first ping, {name}");
        let pcap = at_a.stop();
        let astray = pcap.matching(|packet| {
            packet.inner_arp().is_some_and(|arp| arp.target.to_string().starts_with("192.168."))
        });
        assert!(astray.is_empty(), "questions of the underlay inside the overlay: {astray:?}");
        let neighbours = a.run("ip neigh show dev vxlan1").stdout;
        assert!(!neighbours.contains("192.168."), "{neighbours}");
    }
}
