//! A router that has an overlay of its own forwards other people's VXLAN as it came.
//!
//! ```text
//!   a: 10.4.0.1 ---- r: vxlan1, vni 444, believes 10.4.0.1 ---- b: 10.5.0.1
//! ```

use vxlan_tests::{
    Host, Mac, Net, Side, Topology, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, IPV4, Vxlan, ethernet, udp4},
    wait::SOON,
    wait_until,
};

const A: &str = "10.4.0.1";
const B: &str = "10.5.0.1";

fn end(net: &Net, name: &str, local: &str, remote: &str, inner: &str) {
    let (host, router) = (net.host(name), net.host("r"));
    host.run(&format!("ip addr add {local}/32 dev lo"));
    host.run(&format!("ip route add {remote} via {}", router.address));
    router.run(&format!("ip route add {local} via {}", host.address));
    host.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} local {local}"));
    host.run(&format!("ip addr add {inner}/24 dev vxlan1"));
    host.run("ip link set dev vxlan1 up");
}

fn two_ends_and_a_router() -> Net {
    let net =
        Topology::new("transit").host("a", Side::Kernel).host("b", Side::Kernel).host("r", Side::Vxbpf).up();
    let r = net.host("r");
    r.set("ipv4/ip_forward", "1");
    for device in ["all", "eth0"] {
        r.set(&format!("ipv4/conf/{device}/send_redirects"), "0");
    }
    end(&net, "a", A, B, "172.55.1.2");
    end(&net, "b", B, A, "172.55.1.3");
    r.link_add("vxlan1", &format!("id 444 dstport 4789 remote {A} local {} dev eth0", r.address));
    r.run("ip addr add 172.55.1.4/24 dev vxlan1");
    r.run("ip link set dev vxlan1 up");
    net
}

fn learned(host: &Host) -> usize {
    host.show_fdb("vxlan1").len()
}

#[test]
fn vxlan_of_others_passes_a_router_untouched_uncounted_and_unlearned() {
    let net = two_ends_and_a_router();
    let (a, r) = (net.host("a"), net.host("r"));
    let before = (r.counters(), learned(r));
    let passing = net.capture_at("r", "udp port 4789 and host 10.5.0.1");
    expect_ping(a, [172, 55, 1, 3], 3);

    let mut frames = passing.stop().frames();
    assert!(frames.len() >= 12, "three questions and answers, each in and out: {}", frames.len());
    while let Some(came) = frames.pop() {
        let twin = frames.iter().position(|left| left[26..] == came[26..] && left[22] != came[22]);
        let twin = twin.map(|at| frames.remove(at)).expect("what came in went out, but for MACs and TTL");
        assert_eq!(twin[22].abs_diff(came[22]), 1, "one hop");
    }
    let overlay: Vec<_> =
        r.counters().since(&before.0).into_keys().filter(|end| end.contains("rx")).collect();
    assert_eq!(overlay, [] as [String; 0]);
    assert_eq!(learned(r), before.1);
}

#[test]
fn bad_vxlan_of_others_is_not_judged() {
    let net = two_ends_and_a_router();
    let (a, b, r) = (net.host("a"), net.host("b"), net.host("r"));
    let before = r.counters();
    let (sender, receiver) = (FrameSocket::open(a, "eth0"), FrameSocket::open(b, "eth0"));
    let station = ethernet(Mac::BROADCAST, Mac([2, 0, 0, 0, 0, 9]), EXPERIMENTAL, &[7; 60]);
    let no_flag = Vxlan { flags: 0, ..Vxlan::new(444) };
    for (vxlan, is_spoiled) in [(no_flag, false), (Vxlan::new(9), false), (Vxlan::new(444), true)] {
        let mut packet = udp4(A, B, 50_000, 4789, &vxlan.before(&station));
        if is_spoiled {
            packet[26] ^= 0x10;
        }
        sender.send(&ethernet(r.mac_of("eth0"), a.mac_of("eth0"), IPV4, &packet));
        let arrived = receiver.receive(SOON, |got| got.get(34..) == Some(&packet[20..]));
        assert!(arrived.is_some(), "{vxlan:?}");
    }
    wait_until("the router to have counted nothing", SOON, || {
        r.counters().since(&before).into_keys().all(|end| end.contains("tx"))
    });
}
