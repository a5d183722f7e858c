//! The life of an FDB entry, on the kernel's device and on ours: the same words, the same end.
//!
//! ```text
//!   a: vxlan1, vni 444 ==== b: 192.168.1.200
//!                      ==== c: 192.168.1.201
//! ```

use std::time::Duration;

use vxlan_tests::{
    Host, Mac, Net, Side, Topology,
    frames::{EXPERIMENTAL, FrameSocket, ethernet},
    wait::SOON,
    wait_until,
};

const STATION: Mac = Mac([2, 0, 0, 0, 0, 9]);
/// The kernel looks for old entries every ten seconds (FDB_AGE_INTERVAL).
const AGED: Duration = Duration::from_secs(25);

fn three_hosts(side: Side, options: &str) -> Net {
    let net = Topology::new("fdb-life").host("a", side).host("b", Side::Kernel).host("c", Side::Kernel).up();
    let a = net.host("a");
    a.link_add("vxlan1", &format!("id 444 dstport 4789 local 192.168.1.100 dev eth0 {options}"));
    for vtep in ["192.168.1.200", "192.168.1.201"] {
        a.fdb(&format!("append 00:00:00:00:00:00 dev vxlan1 dst {vtep}"));
    }
    for name in ["b", "c"] {
        let host = net.host(name);
        host.link_add(
            "vxlan1",
            &format!("id 444 dstport 4789 remote 192.168.1.100 local {} dev eth0", host.address),
        );
    }
    for host in net.hosts() {
        host.run("ip link set dev vxlan1 up");
    }
    net
}

/// The station speaks from behind a host; `mark` tells this frame from all others.
fn speak(from: &Host, listener: &FrameSocket, mark: u8) -> bool {
    let frame = ethernet(Mac::BROADCAST, STATION, EXPERIMENTAL, &[mark; 60]);
    FrameSocket::open(from, "vxlan1").send(&frame);
    listener.receive(SOON, |got| got == frame).is_some()
}

/// The lines of a's table that tell of the station.
fn entries(a: &Host) -> Vec<String> {
    let text = STATION.to_string();
    a.show_fdb("vxlan1").into_iter().filter(|line| line.starts_with(&text)).collect()
}

fn learned(vtep: &str) -> Vec<String> {
    vec![format!("{STATION} dev vxlan1 dst {vtep} self")]
}

fn a_station_is_learned_moves_and_ages(side: Side) {
    let net = three_hosts(side, "ageing 2");
    let (a, b, c) = (net.host("a"), net.host("b"), net.host("c"));
    let listener = FrameSocket::open(a, "vxlan1");
    assert!(speak(b, &listener, 1));
    assert_eq!(entries(a), learned("192.168.1.200"));
    assert!(speak(c, &listener, 2));
    assert_eq!(entries(a), learned("192.168.1.201"));
    wait_until("the station to age", AGED, || entries(a).is_empty());
}

fn what_the_user_fixed_is_not_moved_and_frames_that_contradict_it_are_dropped(side: Side) {
    let net = three_hosts(side, "ageing 2");
    let (a, b, c) = (net.host("a"), net.host("b"), net.host("c"));
    let listener = FrameSocket::open(a, "vxlan1");
    a.fdb(&format!("add {STATION} dev vxlan1 dst 192.168.1.201 static"));
    let fixed = entries(a);
    assert_eq!(fixed, [format!("{STATION} dev vxlan1 dst 192.168.1.201 self static")]);
    assert!(speak(c, &listener, 1), "from where it is said to be");

    let frame = ethernet(Mac::BROADCAST, STATION, EXPERIMENTAL, &[2; 60]);
    let marker = ethernet(Mac::BROADCAST, Mac([2, 0, 0, 0, 0, 8]), EXPERIMENTAL, &[3; 60]);
    let socket = FrameSocket::open(b, "vxlan1");
    socket.send(&frame);
    socket.send(&marker);
    let heard = listener.receive_until(SOON, |got| got == marker);
    assert!(!heard.contains(&frame), "from elsewhere");
    assert_eq!(entries(a), fixed);
    if side == Side::Vxbpf {
        assert_eq!(a.counters().of("444 rx static_elsewhere"), 1);
    }
    a.fdb(&format!("del {STATION} dev vxlan1 dst 192.168.1.201"));
    assert!(speak(b, &listener, 4));
    assert_eq!(entries(a), learned("192.168.1.200"));
}

fn a_dynamic_entry_of_the_user_moves_and_ages(side: Side) {
    let net = three_hosts(side, "ageing 2");
    let (a, b) = (net.host("a"), net.host("b"));
    let listener = FrameSocket::open(a, "vxlan1");
    a.fdb(&format!("add {STATION} dev vxlan1 dst 192.168.1.201 dynamic"));
    assert_eq!(entries(a), learned("192.168.1.201"));
    assert!(speak(b, &listener, 1));
    assert_eq!(entries(a), learned("192.168.1.200"));
    a.fdb(&format!("replace {STATION} dev vxlan1 dst 192.168.1.201 dynamic"));
    wait_until("it to age", AGED, || entries(a).is_empty());
}

fn without_learning_the_table_is_the_users(side: Side) {
    let net = three_hosts(side, "nolearning");
    let (a, b) = (net.host("a"), net.host("b"));
    let listener = FrameSocket::open(a, "vxlan1");
    let before = a.show_fdb("vxlan1");
    assert!(speak(b, &listener, 1));
    assert_eq!(a.show_fdb("vxlan1"), before);
}

/// Each life on both sides.
macro_rules! on_both_sides {
    ($($life:ident)*) => {
        $(mod $life {
            use super::*;

            #[test]
            fn on_the_kernels_device() {
                super::$life(Side::Kernel);
            }

            #[test]
            fn on_ours() {
                super::$life(Side::Vxbpf);
            }
        })*
    };
}

on_both_sides! {
    a_station_is_learned_moves_and_ages
    what_the_user_fixed_is_not_moved_and_frames_that_contradict_it_are_dropped
    a_dynamic_entry_of_the_user_moves_and_ages
    without_learning_the_table_is_the_users
}
