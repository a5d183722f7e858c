//! What is left to the kernel's vxlan device goes out right, and only where it should.
//!
//! ```text
//!   a: vxlan1, udpcsum ==== b: vxlan1
//!                      ==== c: vxlan1
//! ```

use vxlan_tests::{Side, Topology, Wire, expect_ping, transfer::tcp_transfer};

use crate::load::VXLAN;

#[test]
fn an_overlay_of_the_device_alone_learns_and_sends_unicast_to_one() {
    let net = Topology::new("by-device").wire(Wire::Emulated);
    let net = net.host("a", Side::Vxbpf).host("b", Side::Kernel).host("c", Side::Kernel).up();
    let a = net.host("a");
    a.link_add(
        "vxlan1",
        "id 444 dstport 4789 remote 192.168.1.200 remote 192.168.1.201 local 192.168.1.100 udpcsum dev eth0",
    );
    for name in ["b", "c"] {
        let host = net.host(name);
        host.link_add(
            "vxlan1",
            &format!("id 444 dstport 4789 remote 192.168.1.100 local {} dev eth0", host.address),
        );
    }
    for (host, address) in net.hosts().iter().zip(["172.55.1.2", "172.55.1.3", "172.55.1.4"]) {
        host.run(&format!("ip addr add {address}/24 dev vxlan1"));
        host.run("ip link set dev vxlan1 up");
    }
    expect_ping(a, [172, 55, 1, 3], 2);
    let at_c = net.capture_at("c", "udp port 4789 and dst host 192.168.1.201");
    let at_a = net.capture_some_at("a", VXLAN, 1000);
    expect_ping(a, [172, 55, 1, 3], 5);
    tcp_transfer(a, net.host("b"), [172, 55, 1, 3], 1 << 20);
    let astray = at_c.stop().matching(|packet| packet.carries([172, 55, 1, 2], [172, 55, 1, 3])).len();
    assert_eq!(astray, 0, "unicast to b that c got");
    at_a.stop().verify_checksums(net.wire().strictness());
    let counters = a.counters();
    assert!(counters.of("444 rx by_device") > 0 && counters.of("444 tx slow_path") > 0, "{counters:?}");
    assert_eq!(
        counters.sum(|end| !end.ends_with("by_device") && !end.ends_with("slow_path")),
        0,
        "{counters:?}"
    );
}
