//! What the XDP programs cannot do right they leave to those of TC, and nobody notices.
//!
//! ```text
//!   c1 -- p-c1 --+                              +-- p-c2 -- c2
//!                a ======== vni 444 ============ b
//!   c3 -- p-c3 --+
//! ```

use vxlan_tests::{
    Net, Side, Topology, expect_ping,
    frames::FrameSocket,
    transfer::{tcp_transfer, udp_exchange},
};

const BYTES: u64 = 1 << 20;

fn with_xdp_everywhere(name: &str) -> Net {
    let net = Topology::new(name).cabled().host("a", Side::Vxbpf).host("b", Side::Vxbpf);
    let net = net.container("c1").on("a").container("c3").on("a").container("c2").on("b").up();
    for (name, remote, containers) in
        [("a", "192.168.1.200", &["c1", "c3"][..]), ("b", "192.168.1.100", &["c2"])]
    {
        let host = net.host(name);
        host.vxbpf(&format!("attach eth0 --vni 444 --remote {remote} --mode xdp"));
        for container in containers {
            let container = net.container(container);
            host.vxbpf(&format!("port add {} --vni 444 --mode xdp", container.port()));
        }
    }
    net
}

/// Ports take what an XDP program redirects to them.
fn let_ports_poll(net: &Net) {
    for (host, containers) in [("a", &["c1", "c3"][..]), ("b", &["c2"])] {
        for container in containers {
            let container = net.container(container);
            container.run("ethtool -K eth0 gro on");
            net.host(host).vxbpf(&format!("port add {} --vni 444 --mode xdp", container.port()));
        }
    }
}

#[test]
fn unfinished_checksums_reach_a_port_of_the_same_host() {
    let net = with_xdp_everywhere("xdpsame");
    let_ports_poll(&net);
    let (c1, c3) = (net.container("c1"), net.container("c3"));
    expect_ping(c1, c3.ipv4, 2);
    tcp_transfer(c1, c3, c3.ipv4, BYTES);
}

#[test]
fn unfinished_checksums_in_a_tunnel_of_the_containers_cross() {
    let net = with_xdp_everywhere("xdptun");
    let_ports_poll(&net);
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    for checksum in ["udpcsum", "noudpcsum"] {
        for (here, there, number) in [(c1, c2, 1), (c2, c1, 2)] {
            let (local, remote) = (here.ipv4, there.ipv4);
            here.run(&format!(
                "ip link add inner type vxlan id 9 dstport 4789 local {local} remote {remote} {checksum}"
            ));
            here.run(&format!("ip addr add 172.56.0.{number}/24 dev inner"));
            here.run("ip link set dev inner up");
        }
        expect_ping(c1, [172, 56, 0, 2], 2);
        udp_exchange(c1, c2, [172, 56, 0, 2], &[200; 20]);
        for container in [c1, c2] {
            container.run("ip link del inner");
        }
    }
}

#[test]
fn a_packet_socket_at_the_underlay_costs_no_frame() {
    let net = with_xdp_everywhere("xdptap");
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    let _ears = ["a", "b"].map(|host| FrameSocket::open(net.host(host), "eth0"));
    expect_ping(c1, c2.ipv4, 10);
    tcp_transfer(c1, c2, c2.ipv4, BYTES);
}

#[test]
fn what_a_host_routes_on_is_not_taken_for_its_own_by_the_next_one() {
    let net = with_xdp_everywhere("xdproute");
    let (a, b, c1) = (net.host("a"), net.host("b"), net.container("c1"));
    // From the overlay to b's VTEP device, and on from there to a's underlay address.
    b.set("ipv4/ip_forward", "1");
    b.run("ip link set dev vxlan1 up");
    c1.run("ip addr add 172.57.0.1/24 dev eth0");
    b.run("ip addr add 172.57.0.2/24 dev vxlan1");
    c1.run("ip route add 192.168.1.0/24 via 172.57.0.2");
    a.run("ip route add 172.57.0.0/24 via 192.168.1.200");
    for device in ["all", "default", "eth0", "vxlan1"] {
        a.set(&format!("ipv4/conf/{device}/rp_filter"), "0");
        b.set(&format!("ipv4/conf/{device}/rp_filter"), "0");
    }
    expect_ping(c1, a.address, 10);
}
