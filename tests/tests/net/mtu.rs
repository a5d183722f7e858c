//! With every MTU left at its default, containers talk: what does not fit is answered, not lost.

use vxlan_tests::{Net, Side, Topology, expect_ping, ping::ping_with, transfer::tcp_transfer};

fn containers_with_the_default_mtu(plug_in_bridge: bool, options: &str) -> Net {
    let net = Topology::new("mtu").host("a", Side::Vxbpf).host("b", Side::Vxbpf);
    let net = net.container("c1").on("a").mtu(1500).container("c2").on("b").mtu(1500).up();
    for (host, container, remote) in [("a", "c1", "192.168.1.200"), ("b", "c2", "192.168.1.100")] {
        let (host, container) = (net.host(host), net.container(container));
        host.link_add("vxlan1", &format!("id 444 remote {remote} local {} dev eth0 {options}", host.address));
        if plug_in_bridge {
            host.bridge("br0", &["vxlan1", &container.port()]);
        } else {
            host.run("ip link set dev vxlan1 up");
            host.vxbpf(&format!("port add {} --vni 444", container.port()));
        }
    }
    net
}

#[test]
fn tcp_works_at_direct_ports_and_the_large_packets_are_counted() {
    let net = containers_with_the_default_mtu(false, "");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 2);
    tcp_transfer(c1, c2, c2.ipv4, 8 << 20);
    tcp_transfer(c2, c1, c1.ipv6, 8 << 20);
    let drops = net.host("a").vxbpf("drops").stdout;
    assert!(drops.contains("too_big "), "{drops}");
}

#[test]
fn tcp_works_in_a_bridge() {
    let net = containers_with_the_default_mtu(true, "");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 2);
    tcp_transfer(c1, c2, c2.ipv4, 8 << 20);
}

/// Without learning every frame between the two is a flood, to one VTEP.
#[test]
fn tcp_works_where_all_is_flooded() {
    let net = containers_with_the_default_mtu(false, "nolearning");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 2);
    tcp_transfer(c1, c2, c2.ipv4, 8 << 20);
    tcp_transfer(c2, c1, c1.ipv6, 8 << 20);
    assert!(net.host("a").counters().of("444 tx too_big") > 0, "{:?}", net.host("a").counters());
}

#[test]
fn the_answer_names_the_mtu_that_fits() {
    let net = containers_with_the_default_mtu(false, "");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    expect_ping(c1, c2.ipv4, 1);
    let answer = c1.try_run(&format!("ping -n -c 1 -W 2 -M do -s 1472 {}", c2.ipv4));
    assert!(
        format!("{}{}", answer.stdout, answer.stderr).contains("mtu = 1450")
            || format!("{}{}", answer.stdout, answer.stderr).contains("mtu=1450"),
        "{answer}"
    );
    let answer = c1.try_run(&format!("ping -n -c 2 -i 0.2 -W 2 -M do -s 1452 {}", c2.ipv6));
    assert!(
        format!("{}{}", answer.stdout, answer.stderr).contains("mtu=1450")
            || format!("{}{}", answer.stdout, answer.stderr).contains("mtu: 1450"),
        "{answer}"
    );
    assert_eq!(ping_with(c1, c2.ipv4, 2, "-M do -s 1422"), 2);
}
