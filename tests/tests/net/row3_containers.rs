//! Row 3: containers, behind a bridge as in the article, or straight on the overlay.
//!
//! ```text
//!   c1 172.55.1.2                                         c2 172.55.1.3
//!    | p-c1                                                | p-c2
//!   br0                                                   br0          or: `vxbpf port add p-c1`
//!    | vxlan1                  vni 444                     | vxlan1
//!   a: 192.168.1.100 --------- switch ---------- b: 192.168.1.200      239.1.1.1
//! ```

use vxlan_tests::{
    Container, Host, Net, Side, Topology, Wire, expect_ping,
    transfer::{tcp_transfer, udp_exchange, udp_gso_burst},
};

use crate::load::{VXLAN, carry_a_big_transfer, slow_paths};

/// Payloads of UDP: none, some, odd, the largest that fits 1450 bytes, and one in fragments.
const UDP_SIZES: &[usize] = &[0, 1, 512, 1023, 1422, 4000];

/// How a container gets at the overlay.
#[derive(Clone, Copy)]
enum Plug {
    /// Through a bridge, next to the vxlan device.
    Bridge,
    /// As a port of the overlay, where the host can do that; through a bridge elsewhere.
    Port,
}

/// Two hosts in one group, a container on each.
fn two_containers(name: &str, plug: Plug, a: Side, b: Side, wire: Wire) -> Net {
    let net = Topology::new(name).wire(wire).host("a", a).host("b", b);
    let net = net.container("c1").on("a").container("c2").on("b").up();
    for (host, container) in [("a", "c1"), ("b", "c2")] {
        let (host, container) = (net.host(host), net.container(container));
        let local = host.address;
        host.link_add("vxlan1", &format!("id 444 dstport 4789 group 239.1.1.1 local {local} dev eth0"));
        connect(host, container, plug);
    }
    net
}

fn connect(host: &Host, container: &Container, plug: Plug) {
    let port = container.port();
    match (plug, host.side()) {
        (Plug::Port, Side::Vxbpf) => {
            host.run("ip link set vxlan1 up");
            host.vxbpf(&format!("port add {port} --vni 444"));
        }
        (Plug::Port, Side::Kernel) | (Plug::Bridge, _) => host.bridge("br0", &["vxlan1", &port]),
    }
}

fn containers_talk(net: &Net) {
    let (c1, c2) = (net.container("c1"), net.container("c2"));

    let on_the_wire = net.capture_at("a", VXLAN);
    expect_ping(c1, c2.ipv4, 3);
    let before = slow_paths(net);
    expect_ping(c2, c1.ipv4, 3);
    expect_ping(c1, c2.ipv6, 3);
    expect_ping(c2, c1.ipv6, 3);
    udp_exchange(c1, c2, c2.ipv4, UDP_SIZES);
    udp_exchange(c1, c2, c2.ipv6, UDP_SIZES);
    assert_eq!(slow_paths(net), before, "steady traffic took the slow path");
    let pcap = on_the_wire.stop();
    pcap.verify_checksums(net.wire().strictness());
    assert!(pcap.packets().iter().all(|packet| packet.is_of_vni(444)));

    let (here, there) = (net.host("a"), net.host("b"));
    here.wait_for_fdb("vxlan1", &format!("{} dev vxlan1 dst {} self", c2.mac, there.address));
    there.wait_for_fdb("vxlan1", &format!("{} dev vxlan1 dst {} self", c1.mac, here.address));
}

fn containers_move_data(net: &Net) {
    let (c1, c2) = (net.container("c1"), net.container("c2"));

    let before = slow_paths(net);
    let on_the_wire = net.capture_at("a", VXLAN);
    assert_eq!(udp_gso_burst(c1, c2, c2.ipv4, 1400, 400), 400, "segments that arrived over IPv4");
    assert_eq!(udp_gso_burst(c2, c1, c1.ipv6, 1400, 400), 400, "segments that arrived over IPv6");
    on_the_wire.stop().verify_checksums(net.wire().strictness());

    tcp_transfer(c2, c1, c1.ipv6, 4 << 20);
    assert_eq!(slow_paths(net), before, "steady traffic took the slow path");
    carry_a_big_transfer(net, c1, c2, c2.ipv4);
}

mod over_a_bridge {
    use super::*;

    fn they_talk_and_move_data(a: Side, b: Side, wire: Wire) {
        let net = two_containers("row3-bridge", Plug::Bridge, a, b, wire);
        containers_talk(&net);
        containers_move_data(&net);
    }

    between_all_sides!(super::they_talk_and_move_data, with_the_kernel_alone);
}

mod straight_on_the_overlay {
    use super::*;

    fn they_talk_and_move_data(a: Side, b: Side, wire: Wire) {
        let net = two_containers("row3-port", Plug::Port, a, b, wire);
        containers_talk(&net);
        containers_move_data(&net);
    }

    between_all_sides!(super::they_talk_and_move_data);
}
