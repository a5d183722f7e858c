//! ARP and ND proxy: what it answers, byte by byte as the kernel's device does for the same question, and where it
//! does otherwise on purpose.
//!
//! ```text
//!   c1 (52:5e:55:58:9a:aa)                      c2 (the same address)
//!    | straight on the overlay, or over br0      | over br0
//!   a: vxlan1, vni 444, vxbpf                   b: vxlan1, vni 445, the kernel alone
//! ```
//!
//! The two overlays do not meet: each proxy is asked by a station of its own.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use vxlan_tests::{
    Capture, Mac, Net, Netns, Side, Topology, expect_ping,
    frames::{FrameSocket, arp_answer, arp_question, neighbour_solicitation, tagged},
    json,
    wait::SOON,
    wait_until,
};

use crate::load::VXLAN;

const ASKER: Mac = Mac([0x52, 0x5e, 0x55, 0x58, 0x9a, 0xaa]);
const KNOWN: Mac = Mac([0x52, 0x5e, 0x55, 0x58, 0x9a, 0xab]);
const ASKER4: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 2);
const KNOWN4: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 77);
const UNKNOWN4: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 99);
const ASKER6: Ipv6Addr = Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, 2);
const KNOWN6: Ipv6Addr = Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, 0x77);
const ROUTER6: Ipv6Addr = Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, 0x78);
const UNKNOWN6: Ipv6Addr = Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, 0x99);
const ENTRIES: [&str; 3] = [
    "172.55.1.77 lladdr 52:5e:55:58:9a:ab dev vxlan1",
    "fd55::77 lladdr 52:5e:55:58:9a:ab dev vxlan1",
    "fd55::78 lladdr 52:5e:55:58:9a:ab dev vxlan1 router",
];

/// How a station gets at the overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plug {
    /// The host itself has the address, at the VTEP device.
    Device,
    /// Through a bridge.
    Bridge,
    /// As a port of the overlay.
    Port,
}

/// A host that is a proxy with vxbpf, another with the kernel's device, and the same entries on both.
fn two_proxies(name: &str, plug: Plug, options: &str) -> Net {
    let net = Topology::new(name).host("a", Side::Vxbpf).host("b", Side::Kernel);
    let net = net.container("c1").on("a").mac("52:5e:55:58:9a:aa").ipv4(ASKER4).ipv6(ASKER6);
    let net = net.container("c2").on("b").mac("52:5e:55:58:9a:aa").ipv4(ASKER4).ipv6(ASKER6).up();
    for (host, vni, remote, own, port) in
        [("a", 444, "192.168.1.200", options, "p-c1"), ("b", 445, "192.168.1.100", "", "p-c2")]
    {
        let host = net.host(host);
        host.link_add(
            "vxlan1",
            &format!(
                "id {vni} dstport 4789 remote {remote} local {} dev eth0 nolearning proxy {own}",
                host.address
            ),
        );
        host.run("ip link set dev vxlan1 up");
        for entry in ENTRIES {
            host.neigh(&format!("add {entry}"));
        }
        match plug {
            Plug::Device => {}
            Plug::Port if host.side() == Side::Vxbpf => {
                host.vxbpf(&format!("port add {port} --vni {vni}"));
            }
            Plug::Port | Plug::Bridge => host.bridge("br0", &["vxlan1", port]),
        }
    }
    net
}

/// Where the station of a host sends its questions and hears the answers.
fn station<'a>(net: &'a Net, plug: Plug, host: &str) -> (&'a Netns, &'static str) {
    match (plug, host) {
        (Plug::Device, host) => (net.host(host), "vxlan1"),
        (_, "a") => (net.container("c1"), "eth0"),
        (_, _) => (net.container("c2"), "eth0"),
    }
}

/// What comes back for a question, if it does at once.
fn answer(socket: &FrameSocket, question: &[u8]) -> Option<Vec<u8>> {
    socket.send(question);
    socket.receive(Duration::from_millis(500), is_answer)
}

fn is_answer(frame: &[u8]) -> bool {
    let is_reply = frame.get(12..14) == Some(&[8, 6]) && frame.get(21) == Some(&2);
    is_reply || frame.get(12..14) == Some(&[0x86, 0xdd]) && frame.get(54) == Some(&136)
}

fn questions() -> Vec<(&'static str, Vec<u8>)> {
    let probe = arp_question((ASKER, Ipv4Addr::UNSPECIFIED), KNOWN4);
    let mut to_one = arp_question((ASKER, ASKER4), KNOWN4);
    to_one[..6].copy_from_slice(&KNOWN.0);
    vec![
        ("an ARP request", arp_question((ASKER, ASKER4), KNOWN4)),
        ("an ARP probe", probe),
        ("an ARP request to one station", to_one),
        ("a solicitation", neighbour_solicitation((ASKER, ASKER6), KNOWN6, true)),
        ("a solicitation without an option", neighbour_solicitation((ASKER, ASKER6), KNOWN6, false)),
    ]
}

/// The kernel's device in the reference takes every question and answers some: what it answers, we answer the same.
fn answers_are_the_kernels(plug: Plug) {
    let net = two_proxies("proxy-bytes", plug, "");
    let on_the_wire = net.capture_at("a", VXLAN);
    let [ours, theirs] = ["a", "b"].map(|host| {
        let (netns, device) = station(&net, plug, host);
        FrameSocket::open(netns, device)
    });
    for has_entry in [false, true] {
        if has_entry {
            for (host, remote) in [("a", "192.168.1.200"), ("b", "192.168.1.100")] {
                net.host(host).fdb(&format!("add {KNOWN} dev vxlan1 dst {remote}"));
            }
        }
        for (name, question) in questions() {
            let expected = answer(&theirs, &question).unwrap_or_else(|| panic!("the kernel answers {name}"));
            let answered = answer(&ours, &question).unwrap_or_else(|| panic!("vxbpf answers {name}"));
            assert_eq!(answered, expected, "{name}, fdb entry: {has_entry}");
        }
    }
    let pcap = on_the_wire.stop();
    let crossed = pcap.matching(|packet| packet.asks_for(KNOWN4));
    assert!(crossed.is_empty(), "{crossed:?}");
}

#[test]
fn answers_at_a_port_are_the_kernels() {
    answers_are_the_kernels(Plug::Port);
}

#[test]
fn answers_in_a_bridge_are_the_kernels() {
    answers_are_the_kernels(Plug::Bridge);
}

#[test]
fn answers_at_the_device_are_the_kernels() {
    answers_are_the_kernels(Plug::Device);
}

/// The kernel's device looks for the flag in its FDB, and takes no notice of that of the neighbour.
#[test]
fn a_router_is_who_is_said_to_be_one_here_or_in_the_fdb() {
    let net = two_proxies("proxy-router", Plug::Port, "");
    let [ours, theirs] = ["c1", "c2"].map(|name| FrameSocket::open(net.container(name), "eth0"));
    let ask = |socket, target| {
        answer(socket, &neighbour_solicitation((ASKER, ASKER6), target, true)).expect("an answer")
    };
    let flags = |frame: &[u8]| frame[58] & 0xe0;
    assert_eq!((flags(&ask(&ours, ROUTER6)), flags(&ask(&theirs, ROUTER6))), (0xe0, 0x60));
    assert_eq!((flags(&ask(&ours, KNOWN6)), flags(&ask(&theirs, KNOWN6))), (0x60, 0x60));
    for (host, remote) in [("a", "192.168.1.200"), ("b", "192.168.1.100")] {
        net.host(host).fdb(&format!("add {KNOWN} dev vxlan1 dst {remote} router"));
    }
    assert_eq!(flags(&ask(&ours, KNOWN6)), 0xe0);
    assert_eq!(ask(&ours, KNOWN6), ask(&theirs, KNOWN6));
}

/// The kernel sends its answer to `::`, which nobody has; RFC 4861 section 7.2.4 says all nodes, unsolicited.
#[test]
fn whoever_has_no_address_yet_is_told_as_the_rfc_says() {
    for plug in [Plug::Port, Plug::Bridge] {
        let net = two_proxies("proxy-dad", plug, "");
        let [ours, theirs] = ["a", "b"].map(|host| {
            let (netns, device) = station(&net, plug, host);
            FrameSocket::open(netns, device)
        });
        let probe = neighbour_solicitation((ASKER, Ipv6Addr::UNSPECIFIED), KNOWN6, false);
        let expected = answer(&theirs, &probe).expect("the kernel's answer");
        let answered = answer(&ours, &probe).expect("an answer");
        assert_eq!((&expected[..6], &expected[38..54]), (&ASKER.0[..], &[0; 16][..]), "the kernel's");
        assert_eq!(answered[..6], [0x33, 0x33, 0, 0, 0, 1]);
        assert_eq!(answered[38..54], "ff02::1".parse::<Ipv6Addr>().expect("an address").octets());
        assert_eq!((answered[58] & 0xe0, expected[58] & 0xe0), (0x20, 0x60), "O alone");
        assert_eq!(answered[62..], expected[62..], "target and its address");
    }
}

/// The kernel's proxy swallows all of these.
#[test]
fn what_it_cannot_answer_is_flooded_or_suppressed_and_never_swallowed() {
    for plug in [Plug::Port, Plug::Bridge, Plug::Device] {
        let net = two_proxies("proxy-unknown", plug, "suppress");
        let a = net.host("a");
        let (netns, device) = station(&net, plug, "a");
        let socket = FrameSocket::open(netns, device);
        let announcement = arp_question((ASKER, ASKER4), ASKER4);
        let mut probe_of_one = arp_question((ASKER, ASKER4), UNKNOWN4);
        probe_of_one[..6].copy_from_slice(&[2, 0, 0, 0, 0, 0x99]);
        let sent = [
            arp_question((ASKER, ASKER4), UNKNOWN4),
            neighbour_solicitation((ASKER, ASKER6), UNKNOWN6, true),
            announcement,
            probe_of_one,
            arp_answer((ASKER, ASKER4), (KNOWN, KNOWN4)),
        ];
        for (word, crosses) in [("suppress", &sent[2..]), ("nosuppress", &sent[..])] {
            a.link_set(&format!("vxlan1 type vxlan {word}"));
            let before = dropped(&net, "suppressed");
            let on_the_wire = net.capture_at("a", VXLAN);
            for frame in &sent {
                // What is dropped on its way out of the device, its sender is told of.
                socket.offer(frame);
            }
            // A copy for the kernel's host each, and nothing else of these.
            let inner = inner_frames(on_the_wire);
            let seen: Vec<_> = sent.iter().filter(|frame| inner.contains(frame)).collect();
            assert_eq!(seen, crosses.iter().collect::<Vec<_>>(), "{plug:?} {word}");
            let suppressed = dropped(&net, "suppressed") - before;
            assert!(suppressed as usize >= sent.len() - crosses.len(), "{plug:?} {word}: {suppressed}");
        }
    }
}

#[test]
fn forged_and_malformed_questions_are_not_answered_and_counted_by_name() {
    let net = two_proxies("proxy-forged", Plug::Port, "");
    let socket = FrameSocket::open(net.container("c1"), "eth0");
    let mut forged = arp_question((ASKER, ASKER4), KNOWN4);
    forged[27] ^= 1;
    let mut malformed = arp_question((ASKER, ASKER4), KNOWN4);
    malformed[18] = 7;
    let mut from_afar = neighbour_solicitation((ASKER, ASKER6), KNOWN6, true);
    from_afar[21] = 254;
    let mut endless = neighbour_solicitation((ASKER, ASKER6), KNOWN6, true);
    endless[79] = 0;
    let on_the_wire = net.capture_at("a", VXLAN);
    for frame in [&forged, &malformed, &from_afar, &endless] {
        socket.send(frame);
    }
    // The next question is answered, and nothing was before it.
    let question = arp_question((ASKER, ASKER4), KNOWN4);
    socket.send(&question);
    let heard = socket.receive_until(SOON, is_answer);
    assert_eq!(heard.iter().filter(|frame| is_answer(frame)).count(), 1);
    let inner = inner_frames(on_the_wire);
    assert!(![forged, malformed, from_afar, endless].iter().any(|frame| inner.contains(frame)));
    assert_eq!((dropped(&net, "forged_sender"), dropped(&net, "malformed_question")), (1, 3));
}

/// The kernel answers without the tag, to a station that hears tagged frames only.
#[test]
fn a_tagged_question_gets_a_tagged_answer() {
    let net = two_proxies("proxy-tag", Plug::Port, "");
    let c1 = net.container("c1");
    let capture = Capture::start(c1, "eth0", "");
    let socket = FrameSocket::open(c1, "eth0");
    socket.send(&tagged(&arp_question((ASKER, ASKER4), KNOWN4), 42));
    let heard = socket.receive(SOON, |frame| frame.ends_with(&ASKER4.octets()));
    assert!(heard.is_some(), "no answer");
    let pcap = capture.stop();
    let replies = pcap.matching(|packet| packet.outer.arp.is_some_and(|arp| arp.operation == 2));
    assert_eq!(replies.iter().map(|reply| &reply.outer.vlans[..]).collect::<Vec<_>>(), [&[42][..]]);
}

#[test]
fn a_reachable_neighbour_expires_and_the_others_do_not() {
    let net = two_proxies("proxy-expiry", Plug::Port, "");
    let (a, socket) = (net.host("a"), FrameSocket::open(net.container("c1"), "eth0"));
    let question = arp_question((ASKER, ASKER4), KNOWN4);
    let shown = |state: &str| format!("172.55.1.77 lladdr {KNOWN} {state} \n");
    let shows = |state: &str| a.vxbpf("neigh show 172.55.1.77 dev vxlan1").stdout == shown(state);

    a.set("ipv4/neigh/vxlan1/base_reachable_time_ms", "2000");
    for how in ["timeout 2", ""] {
        a.vxbpf(&format!("neigh replace 172.55.1.77 lladdr {KNOWN} dev vxlan1 nud reachable {how}"));
        assert!(answer(&socket, &question).is_some(), "while it is reachable, {how:?}");
        wait_until("the neighbour to be stale", SOON, || shows("STALE"));
        assert_eq!(answer(&socket, &question), None, "{how:?}");
    }
    let entry = a.vxbpf("-j -s neigh show dev vxlan1 nud stale").stdout;
    assert!(entry.contains(r#""state":["STALE"]"#) && !entry.contains("expires"), "{entry}");

    for nud in ["permanent", "noarp"] {
        a.vxbpf(&format!("neigh change 172.55.1.77 dev vxlan1 nud {nud}"));
        assert!(answer(&socket, &question).is_some(), "{nud}");
    }
    a.vxbpf("neigh replace 172.55.1.77 dev vxlan1 nud stale");
    assert_eq!(answer(&socket, &question), None, "stale from the start");
    a.vxbpf("neigh del 172.55.1.77 dev vxlan1");
    assert_eq!(answer(&socket, &question), None, "deleted");
}

/// Every host is given the same list, its own containers in it. The kernel tells a container that its address is
/// taken, by itself.
#[test]
fn a_container_may_have_the_address_that_is_written_down_for_it() {
    let net = two_proxies("proxy-own", Plug::Port, "");
    let (a, c1) = (net.host("a"), net.container("c1"));
    a.vxbpf(&format!("neigh add fd55::5 lladdr {ASKER} dev vxlan1"));
    c1.set("ipv6/conf/eth0/accept_dad", "1");
    c1.set("ipv6/conf/eth0/dad_transmits", "2");
    c1.run("ip addr add fd55::5/64 dev eth0");
    wait_until("the address to be checked", SOON, || !addresses(c1).contains("tentative"));
    assert!(addresses(c1).contains("fd55::5") && !addresses(c1).contains("dadfailed"), "{}", addresses(c1));

    a.vxbpf(&format!("neigh add fd55::6 lladdr {KNOWN} dev vxlan1"));
    c1.run("ip addr add fd55::6/64 dev eth0");
    wait_until("the taken address to be refused", SOON, || addresses(c1).contains("dadfailed"));
}

fn addresses(container: &Netns) -> String {
    container.run("ip -6 addr show dev eth0").stdout
}

#[test]
fn the_host_itself_reaches_what_is_written_down() {
    let net = Topology::new("proxy-host").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let (a, b) = (net.host("a"), net.host("b"));
    for (host, remote, own) in [(a, "192.168.1.200", 2), (b, "192.168.1.100", 3)] {
        host.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} dev eth0 proxy"));
        host.run(&format!("ip addr add 172.55.1.{own}/24 dev vxlan1"));
        host.run("ip link set dev vxlan1 up");
    }
    let (mac_a, mac_b) = (a.mac_of("vxlan1"), b.mac_of("vxlan1"));
    a.neigh(&format!("add 172.55.1.3 lladdr {mac_b} dev vxlan1"));
    b.neigh(&format!("add 172.55.1.2 lladdr {mac_a} dev vxlan1"));
    let on_the_wire = net.capture_at("a", VXLAN);
    expect_ping(a, [172, 55, 1, 3], 3);
    let pcap = on_the_wire.stop();
    assert!(pcap.matching(|packet| packet.inner_arp().is_some()).is_empty());
    let neighbours = a.run("ip neigh show dev vxlan1").stdout;
    assert!(neighbours.contains(&format!("172.55.1.3 lladdr {mac_b} REACHABLE")), "{neighbours}");
}

/// Where every frame takes the device's own transmit, the device must not be a proxy: it would swallow what is flooded.
#[test]
fn both_show_proxy_and_the_device_swallows_nothing() {
    let net = Topology::new("proxy-shown").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let a = net.host("a");
    let shows = |line: &str| a.run(line).stdout.contains(" proxy ");
    let remote = "remote 192.168.1.200 dev eth0 proxy";
    a.link_add("vxlan1", &format!("id 444 dstport 4789 {remote}"));
    a.link_add("vxlan2", &format!("id 445 dstport 4789 {remote} udpcsum"));
    assert!(shows("ip -d link show dev vxlan1") && !shows("ip -d link show dev vxlan2"));
    for device in ["vxlan1", "vxlan2"] {
        let printed = a.vxbpf(&format!("-d link show dev {device}")).stdout;
        assert!(printed.contains(" proxy "), "{printed}");
        a.run(&format!("ip link set dev {device} up"));
    }
    let on_the_wire = net.capture_at("a", VXLAN);
    let mac = a.mac_of("vxlan2");
    let question = arp_question((mac, ASKER4), UNKNOWN4);
    FrameSocket::open(a, "vxlan2").send(&question);
    assert!(inner_frames(on_the_wire).contains(&question));
}

/// The same lines to `ip neigh` and `vxbpf neigh`.
#[test]
fn neighbours_are_shown_as_ip_shows_them() {
    let net = two_proxies("proxy-shown", Plug::Device, "");
    let (a, b) = (net.host("a"), net.host("b"));
    let lines = [
        "add 172.55.1.10 lladdr 52:5e:55:58:9a:01 dev vxlan1 nud reachable",
        "add 172.55.1.11 lladdr 52:5e:55:58:9a:01 dev vxlan1 nud noarp",
        "add 172.55.1.12 lladdr 52:5e:55:58:9a:01 dev vxlan1 nud stale",
        "replace 172.55.1.77 lladdr 52:5e:55:58:9a:02 dev vxlan1",
        "change 172.55.1.10 lladdr 52:5e:55:58:9a:03 dev vxlan1 nud permanent",
        "chg 172.55.1.12 dev vxlan1 nud noarp",
        "del fd55::78 dev vxlan1",
        "add fd55::79 lladdr 52:5e:55:58:9a:04 dev vxlan1 nud stale",
        "flush dev vxlan1 nud stale",
        // Behind the flush: `ip` flushes those whatever their state is.
        "add 172.55.1.13 lladdr 52:5e:55:58:9a:01 dev vxlan1 extern_learn router",
    ];
    for line in lines {
        a.neigh(line);
        b.neigh(line);
    }
    // `ip` has groups among them, and no order.
    let sorted = |printed: String| {
        let lines = printed.lines().filter(|line| !line.starts_with("ff02::"));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    for show in [
        "",
        "show",
        "show dev vxlan1",
        "show nud all",
        "list 172.55.1.0/24",
        "show 172.55.1.77",
        "show nud noarp dev vxlan1",
    ] {
        let (ours, theirs) = (a.neigh(show).stdout, b.neigh(show).stdout);
        // The underlay has neighbours too.
        let theirs = theirs.lines().filter(|line| !line.contains("dev eth0")).collect::<Vec<_>>().join("\n");
        assert_eq!(sorted(ours), sorted(theirs), "{show}");
    }
    let get = "get 172.55.1.13 dev vxlan1";
    assert_eq!(a.neigh(get).stdout, b.neigh(get).stdout);
    let (ours, theirs) =
        (json::parse(&a.vxbpf("-j neigh show dev vxlan1")), b.json("ip -j neigh show dev vxlan1"));
    let by_address = |list: &serde_json::Value| {
        let mut entries: Vec<String> = json::objects(list).iter().map(ToString::to_string).collect();
        entries.sort();
        entries
    };
    assert_eq!(by_address(&ours), by_address(&theirs));
    for (line, status) in [
        ("add 172.55.1.77 lladdr 52:5e:55:58:9a:02 dev vxlan1", 2),
        ("change 172.55.1.99 lladdr 52:5e:55:58:9a:02 dev vxlan1", 2),
        ("del 172.55.1.99 dev vxlan1", 2),
        ("get 172.55.1.99 dev vxlan1", 2),
        ("flush", 1),
    ] {
        let (ours, theirs) = (a.try_vxbpf(&format!("neigh {line}")), b.try_run(&format!("ip neigh {line}")));
        assert_eq!((ours.status.code(), theirs.status.code()), (Some(status), Some(status)), "{line}");
    }
}

#[test]
fn neighbours_go_with_their_overlay() {
    let net = two_proxies("proxy-gone", Plug::Port, "");
    let a = net.host("a");
    a.link_add("vxlan2", "id 555 dstport 4789 remote 192.168.1.200 dev eth0 proxy");
    a.neigh("add 172.55.1.77 lladdr 52:5e:55:58:9a:01 dev vxlan2");
    a.vxbpf("link del vxlan1");
    assert_eq!(
        a.neigh("show nud all").lines(),
        ["172.55.1.77 dev vxlan2 lladdr 52:5e:55:58:9a:01 PERMANENT"]
    );
    a.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.200 dev eth0 proxy");
    assert_eq!(a.neigh("show dev vxlan1 nud all").stdout, "");
}

/// Frames inside the VXLAN packets of a capture.
fn inner_frames(capture: Capture) -> Vec<Vec<u8>> {
    const OUTER: usize = 50;
    let frames = capture.stop().frames();
    frames.into_iter().filter(|frame| frame.len() > OUTER).map(|frame| frame[OUTER..].to_vec()).collect()
}

/// How many frames of host a were dropped for this reason.
fn dropped(net: &Net, reason: &str) -> u64 {
    let drops = json::parse(&net.host("a").vxbpf("-j drops"));
    let rows = json::objects(&drops);
    let row = rows.iter().find(|row| row["reason"] == reason);
    row.map_or(0, |row| row["packets"].as_u64().expect("a count"))
}
