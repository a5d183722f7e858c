//! Who is believed: only VTEPs that somebody named, by whatever way their packets come.
//!
//! ```text
//!   a: vxlan1 ==== vni 444 ==== b: vxlan1
//!      eth0 ------ switch ------ eth0          192.168.1.0/24
//!      up2  -------------------- up2           10.9.0.0/24, no program of ours on it
//! ```

use std::net::Ipv4Addr;

use vxlan_tests::{
    Host, Mac, Net, Side, Topology, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, IPV4, Vxlan, ethernet, udp4},
    ping,
    wait::SOON,
    wait_until,
};

const ON_A: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 2);

fn two_hosts() -> Net {
    let net = Topology::new("admission").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let (a, b) = (net.host("a"), net.host("b"));
    a.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 dev eth0");
    a.run("ip addr add 172.55.1.2/24 dev vxlan1");
    a.run("ip link set dev vxlan1 up");
    a.run(&format!("ip link add up2 type veth peer name up2 netns {}", b.netns().name()));
    for (host, address) in [(a, "10.9.0.1"), (b, "10.9.0.2")] {
        host.run(&format!("ip addr add {address}/24 dev up2"));
        host.run("ip link set dev up2 up");
    }
    net
}

fn join(b: &Host, local: &str, remote: &str) {
    b.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} local {local}"));
    b.run("ip addr add 172.55.1.3/24 dev vxlan1");
    b.run("ip link set dev vxlan1 up");
}

#[test]
fn a_vtep_that_nobody_named_is_not_believed() {
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    b.run("ip addr add 192.168.1.66/24 dev eth0");
    join(b, "192.168.1.66", "192.168.1.100");

    assert_eq!(ping(b, ON_A, 2), 0);

    let counters = a.counters();
    assert!(counters.of("444 rx not_admitted") > 0, "{counters:?}");
    assert_eq!(counters.of("444 rx unwatched"), 0);
}

#[test]
fn nor_is_one_whose_packets_come_by_an_uplink_without_a_program() {
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    join(b, "10.9.0.2", "10.9.0.1");

    assert_eq!(ping(b, ON_A, 2), 0);

    let counters = a.counters();
    assert!(counters.of("444 rx unwatched") > 0, "{counters:?}");
    assert_eq!(counters.of("444 rx not_admitted"), 0);
}

#[test]
fn the_named_one_is_believed_also_when_its_packets_come_in_fragments() {
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    join(b, "192.168.1.200", "192.168.1.100");
    // Inner packets of 1500 bytes and no DF on the outer ones: the kernel's device fragments those.
    b.run("ip link set dev vxlan1 mtu 1500");

    expect_ping(b, ON_A, 3);
    let answers = ping::ping_with(b, ON_A, 3, "-s 1460 -M dont");

    assert_eq!(answers, 3);
    let counters = a.counters();
    assert_eq!((counters.of("444 rx unwatched"), counters.of("444 rx not_admitted")), (0, 0));
    assert!(counters.of("444 rx outer_fragment") > 0, "{counters:?}");
}

/// More VTEPs than there is room for are claimed to exist; learned ones must give way to each other, and never to
/// the point where the named one is not learned from.
#[test]
fn where_everyone_is_believed_invented_vteps_do_not_push_out_the_real_one() {
    const INVENTED: u16 = 10_000;
    let net = two_hosts();
    let (a, b) = (net.host("a"), net.host("b"));
    join(b, "192.168.1.200", "192.168.1.100");
    a.link_set("dev vxlan1 type vxlan allow any");
    expect_ping(b, ON_A, 1);
    let before = a.counters();

    let socket = FrameSocket::open(b, "eth0");
    let (to, from) = (a.mac_of("eth0"), b.mac_of("eth0"));
    for number in 0..INVENTED {
        let [high, low] = number.to_be_bytes();
        let station = ethernet(Mac::BROADCAST, Mac([2, 0, 0, 9, high, low]), EXPERIMENTAL, &[0; 46]);
        let packet = Vxlan::new(444).before(&station);
        let source = format!("10.66.{high}.{low}");
        socket.send(&ethernet(to, from, IPV4, &udp4(&source, "192.168.1.100", 50_000, 4789, &packet)));
    }
    wait_until("all to be counted", SOON, || {
        let moved = a.counters().since(&before);
        moved.get("444 rx unicast").is_some_and(|count| *count >= u64::from(INVENTED))
    });

    let last = Mac([2, 0, 0, 9, 0x27, 0x0f]);
    a.wait_for_fdb("vxlan1", &format!("{last} dev vxlan1 dst 10.66.39.15 self"));
    expect_ping(a, [172, 55, 1, 3], 3);
    a.wait_for_fdb("vxlan1", &format!("{} dev vxlan1 dst 192.168.1.200 self", b.mac_of("vxlan1")));
    assert_eq!(a.slow_path(), 0);
}
