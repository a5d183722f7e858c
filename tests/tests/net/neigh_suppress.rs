//! The cases of the kernel's `test_bridge_neigh_suppress.sh` (tools/testing/selftests/net), asked of the proxy: over
//! IPv4 and IPv6, with and without suppression, an entry for the station in the FDB, one in `neigh`, and the station there
//! or its host gone.
//!
//! ```text
//!   c1 -- p-c1 -- a: vxlan1 ==== vni 444 ==== b: vxlan1 172.55.1.3, fd55::3, the kernel's
//! ```
//!
//! What the kernel's bridge calls `neigh_suppress on` is `proxy` here: who is known is answered for, the rest is flooded.
//! (The bridge wants an entry in its FDB beside that of the neighbour; the vxlan device's proxy and ours do not.) `suppress`
//! drops the rest.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use vxlan_tests::{
    Capture, Mac, Net, Side, Topology,
    frames::{FrameSocket, arp_question, neighbour_solicitation},
    wait::SOON,
    wait_until,
};

use crate::load::VXLAN;

const STATION4: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 3);
const STATION6: Ipv6Addr = Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, 3);

/// What a host does about questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Off,
    Proxy,
    Suppress,
}

/// Who answers, if anybody does, and whether the question crosses the underlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It crosses, and the station answers, if it is there.
    Asked,
    /// The host answers, whether the station is there or not, and nothing crosses.
    Answered,
    /// Nothing crosses, and nobody answers.
    Dropped,
}

use Expected::{Answered, Asked, Dropped};

/// A row for each mode, FDB entry and neighbour; each holds over both families, and with the peer up and down.
const CASES: [(Mode, bool, bool, Expected); 12] = [
    // mode          fdb    neigh  expected
    (Mode::Off, false, false, Asked),
    (Mode::Off, true, false, Asked),
    (Mode::Off, false, true, Asked),
    (Mode::Off, true, true, Asked),
    (Mode::Proxy, false, false, Asked),
    (Mode::Proxy, true, false, Asked),
    (Mode::Proxy, false, true, Answered),
    (Mode::Proxy, true, true, Answered),
    (Mode::Suppress, false, false, Dropped),
    (Mode::Suppress, true, false, Dropped),
    (Mode::Suppress, false, true, Answered),
    (Mode::Suppress, true, true, Answered),
];

fn a_container_and_a_kernel_peer(options: &str) -> (Net, Mac) {
    let net = Topology::new("neigh-suppress").host("a", Side::Vxbpf).host("b", Side::Kernel);
    let net = net.container("c1").on("a").up();
    let (a, b) = (net.host("a"), net.host("b"));
    a.link_add("vxlan1", &format!("id 444 dstport 4789 remote 192.168.1.200 nolearning dev eth0 {options}"));
    a.run("ip link set dev vxlan1 up");
    a.vxbpf("port add p-c1 --vni 444");
    b.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.100 dev eth0");
    b.run(&format!("ip addr add {STATION4}/24 dev vxlan1"));
    b.run(&format!("ip addr add {STATION6}/64 dev vxlan1 nodad"));
    b.run("ip link set dev vxlan1 up");
    // What leaves for a host that is gone is seen to leave.
    let underlay = b.mac_of("eth0");
    a.run(&format!("ip neigh replace 192.168.1.200 lladdr {underlay} dev eth0 nud permanent"));
    let station = b.mac_of("vxlan1");
    (net, station)
}

/// A question of c1 with `number` behind it, as padding that nobody looks at, so that it is known again on the wire.
fn question(net: &Net, is_v6: bool, number: u8) -> Vec<u8> {
    let c1 = net.container("c1");
    let mut frame = if is_v6 {
        neighbour_solicitation((c1.mac, c1.ipv6), STATION6, true)
    } else {
        arp_question((c1.mac, c1.ipv4), STATION4)
    };
    frame.extend([number; 8]);
    frame
}

/// Whether a frame answers for the station, from its own Ethernet address.
fn is_answer(frame: &[u8], station: Mac, is_v6: bool) -> bool {
    let answers = if is_v6 {
        frame.get(12..14) == Some(&[0x86, 0xdd])
            && frame.get(54) == Some(&136)
            && frame.get(62..78) == Some(&STATION6.octets())
    } else {
        frame.get(12..14) == Some(&[8, 6])
            && frame.get(21) == Some(&2)
            && frame.get(28..32) == Some(&STATION4.octets())
    };
    answers && frame[6..12] == station.0
}

/// Sets what a case says, and takes it back.
fn set(net: &Net, station: Mac, is_set: bool, fdb: bool, neigh: bool) {
    let (a, verb) = (net.host("a"), if is_set { "add" } else { "del" });
    if fdb {
        a.vxbpf(&format!("fdb {verb} {station} dst 192.168.1.200 dev vxlan1"));
    }
    for address in [STATION4.to_string(), STATION6.to_string()].iter().filter(|_| neigh) {
        let lladdr = if is_set { format!("lladdr {station}") } else { String::new() };
        a.vxbpf(&format!("neigh {verb} {address} {lladdr} dev vxlan1"));
    }
}

/// All cases of these modes, which one device can have one after the other.
fn cases_of(modes: &[Mode], options: &str) {
    let (net, station) = a_container_and_a_kernel_peer(options);
    let (a, b) = (net.host("a"), net.host("b"));
    let socket = FrameSocket::open(net.container("c1"), "eth0");
    let on_the_wire = net.capture_at("a", VXLAN);
    let mut seen = Vec::new();
    for is_up in [true, false] {
        if !is_up {
            b.run("ip link set dev eth0 down");
        }
        for &(mode, fdb, neigh, expected) in CASES.iter().filter(|case| modes.contains(&case.0)) {
            if mode != Mode::Off {
                let word = if mode == Mode::Suppress { "suppress" } else { "nosuppress" };
                a.link_set(&format!("vxlan1 type vxlan {word}"));
            }
            set(&net, station, true, fdb, neigh);
            for is_v6 in [false, true] {
                let number = u8::try_from(seen.len() + 1).expect("few cases");
                let name = format!("{mode:?}, fdb {fdb}, neigh {neigh}, IPv6 {is_v6}, peer up {is_up}");
                let question = question(&net, is_v6, number);
                let before = a.counters();
                socket.send(&question);
                let answered = expected == Answered || expected == Asked && is_up;
                let patience = if answered { SOON } else { Duration::from_millis(300) };
                let heard = socket.receive(patience, |frame| is_answer(frame, station, is_v6));
                assert_eq!(heard.is_some(), answered, "{name}");
                let end = match expected {
                    Asked => "444 tx flooded",
                    Answered => "444 tx proxied",
                    Dropped => "444 tx suppressed",
                };
                wait_until(&format!("{name} to be counted as {end}"), SOON, || {
                    a.counters().since(&before).contains_key(end)
                });
                seen.push((name, question, expected == Asked));
            }
            set(&net, station, false, fdb, neigh);
        }
    }
    let crossed = inner_frames(on_the_wire);
    for (name, question, crosses) in seen {
        let times = crossed.iter().filter(|frame| **frame == question).count();
        assert_eq!(times, usize::from(crosses), "{name}: on the wire");
    }
}

/// Frames inside the VXLAN packets of a capture.
fn inner_frames(capture: Capture) -> Vec<Vec<u8>> {
    const OUTER: usize = 50;
    let frames = capture.stop().frames();
    frames.into_iter().filter(|frame| frame.len() > OUTER).map(|frame| frame[OUTER..].to_vec()).collect()
}

#[test]
fn without_a_proxy_every_question_crosses_and_the_station_answers_while_it_is_there() {
    cases_of(&[Mode::Off], "");
}

#[test]
fn a_proxy_answers_for_whom_it_knows_there_or_gone_and_floods_or_suppresses_the_rest() {
    cases_of(&[Mode::Proxy, Mode::Suppress], "proxy");
}
