//! Neighbours that are learned at local ports (`neighlearn`): from what, for how long, how many, and what is not
//! believed.
//!
//! ```text
//!   c1 -- p-c1 |
//!              | a: vxlan1 ==== vni 444 ==== b: vxlan1 -- p-c3 -- c3
//!   c2 -- p-c2 |
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use vxlan_tests::{
    Container, Host, Mac, Net, Netns, Side, Topology, expect_ping,
    frames::{FrameSocket, arp_answer, arp_question, neighbour_advertisement, tagged},
    json,
    monitor::Lines,
    wait::SOON,
    wait_until,
};

use crate::load::VXLAN;

const CLAIMED: Ipv4Addr = Ipv4Addr::new(172, 55, 1, 77);
const CLAIMED6: Ipv6Addr = Ipv6Addr::new(0xfd55, 0, 0, 0, 0, 0, 0, 0x77);
const STATION: Mac = Mac([0x52, 0x5e, 0x55, 0x58, 0x9a, 0xab]);

/// Two containers at ports of a, one on b at a port, or in a bridge where b is the kernel's.
fn three_containers(b: Side, options: &str) -> Net {
    let net = Topology::new("bindings").host("a", Side::Vxbpf).host("b", b);
    let net = net.container("c1").on("a").container("c2").on("a").container("c3").on("b").up();
    for (host, remote, ports) in
        [("a", "192.168.1.200", &["p-c1", "p-c2"][..]), ("b", "192.168.1.100", &["p-c3"])]
    {
        let host = net.host(host);
        let own = if host.side() == Side::Vxbpf { options } else { "" };
        host.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} dev eth0 {own}"));
        host.run("ip link set dev vxlan1 up");
        match host.side() {
            Side::Kernel => host.bridge("br0", &["vxlan1", "p-c3"]),
            Side::Vxbpf => ports.iter().for_each(|port| {
                host.vxbpf(&format!("port add {port} --vni 444"));
            }),
        }
    }
    net
}

fn shown(host: &Host) -> Vec<String> {
    host.vxbpf("neigh show dev vxlan1").lines().iter().map(|line| line.trim_end().to_owned()).collect()
}

fn line(container: &Container, state: &str) -> [String; 2] {
    let of = |address: String| format!("{address} lladdr {} {state}", container.mac);
    [of(container.ipv4.to_string()), of(container.ipv6.to_string())]
}

fn knows(host: &Host, container: &Container) -> bool {
    line(container, "REACHABLE").iter().all(|line| shown(host).contains(line))
}

/// Lets a station say what its addresses are.
fn announce(container: &Container) {
    let socket = FrameSocket::open(container, "eth0");
    socket.send(&arp_question((container.mac, container.ipv4), container.ipv4));
    socket.send(&neighbour_advertisement((container.mac, container.ipv6), container.mac));
}

fn is_answer(frame: &[u8]) -> bool {
    let is_reply = frame.get(12..14) == Some(&[8, 6]) && frame.get(21) == Some(&2);
    is_reply || frame.get(12..14) == Some(&[0x86, 0xdd]) && frame.get(54) == Some(&136)
}

/// Questions of `asker` for `target` that reached it.
fn heard(target: &Netns, address: Ipv4Addr, asks: impl FnOnce()) -> usize {
    let capture = vxlan_tests::Capture::start(target, "eth0", "arp");
    asks();
    capture
        .stop()
        .matching(|packet| packet.outer.arp.is_some_and(|arp| arp.operation == 1 && arp.target == address))
        .len()
}

fn forget(container: &Netns) {
    container.run("ip neigh flush dev eth0 nud all");
}

fn each_host_learns_its_own_stations_and_answers_for_them(b: Side) {
    let net = three_containers(b, "proxy neighlearn");
    let (a, b, [c1, c2, c3]) =
        (net.host("a"), net.host("b"), ["c1", "c2", "c3"].map(|name| net.container(name)));
    // Each is asked, over IPv4 and IPv6, by one that has not heard of it.
    for (from, to) in [(c1, c2), (c2, c1), (c1, c3), (c3, c2)] {
        forget(from);
        expect_ping(from, to.ipv4, 1);
        expect_ping(from, to.ipv6, 1);
    }
    wait_until("a to know its own", SOON, || knows(a, c1) && knows(a, c2));
    let far = line(c3, "REACHABLE");
    assert!(!shown(a).iter().any(|line| far.contains(line)), "what the underlay brings is not learned");
    if b.side() == Side::Vxbpf {
        assert!(knows(b, c3) && !knows(b, c1));
    }
    // Asked again, it is the host that answers.
    forget(c1);
    let on_the_wire = net.capture_at("a", VXLAN);
    assert_eq!(heard(c2, c2.ipv4, || expect_ping(c1, c2.ipv4, 1)), 0);
    let pcap = on_the_wire.stop();
    assert!(pcap.matching(|packet| packet.asks_for(c2.ipv4)).is_empty());
    assert!(a.counters().of("444 tx proxied") > 0);
    forget(c1);
    expect_ping(c1, c3.ipv4, 1);
}

#[test]
fn each_host_learns_its_own_stations_and_answers_for_them_between_two_of_ours() {
    each_host_learns_its_own_stations_and_answers_for_them(Side::Vxbpf);
}

#[test]
fn each_host_learns_its_own_stations_and_answers_for_them_against_a_kernel_peer() {
    each_host_learns_its_own_stations_and_answers_for_them(Side::Kernel);
}

/// The host itself and a station behind its bridge are at the VTEP device.
#[test]
fn what_is_at_the_vtep_device_is_learned_there() {
    let net = Topology::new("bindings-device").host("a", Side::Vxbpf).host("b", Side::Kernel);
    let net = net.container("c1").on("a").up();
    let (a, b, c1) = (net.host("a"), net.host("b"), net.container("c1"));
    a.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.200 dev eth0 neighlearn");
    a.bridge("br0", &["vxlan1", "p-c1"]);
    b.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.100 dev eth0");
    b.run("ip addr add 172.55.1.9/24 dev vxlan1");
    b.run("ip link set dev vxlan1 up");
    expect_ping(b, c1.ipv4, 2);
    let of_c1 = line(c1, "REACHABLE")[0].clone();
    wait_until("the reply to be learned, without a proxy", SOON, || shown(a).contains(&of_c1));
    let entries = json::parse(&a.vxbpf("-j neigh show dev vxlan1"));
    assert_eq!(entries[0]["vxbpf"]["port"], "vxlan1", "{entries}");
    assert_eq!(entries[0]["state"][0], "REACHABLE", "{entries}");
}

#[test]
fn what_is_learned_gets_stale_and_can_be_shown_flushed_and_deleted() {
    let net = three_containers(Side::Kernel, "proxy neighlearn");
    let (a, [c1, c2]) = (net.host("a"), ["c1", "c2"].map(|name| net.container(name)));
    announce(c1);
    announce(c2);
    wait_until("both to be known", SOON, || knows(a, c1) && knows(a, c2));
    let entries = json::parse(&a.vxbpf(&format!("-j -s neigh show {} dev vxlan1", c1.ipv4)));
    let ours = &entries[0]["vxbpf"];
    assert_eq!(ours["port"], "p-c1");
    assert!(ours["expires"].as_u64().is_some_and(|left| (25..=30).contains(&left)), "{entries}");

    a.vxbpf(&format!("neigh del {} dev vxlan1", c1.ipv4));
    assert!(!knows(a, c1));
    a.vxbpf("neigh flush dev vxlan1");
    assert_eq!(shown(a), Vec::<String>::new());
    // Their places are free again, and the next command makes the shorter time the overlay's.
    for family in ["ipv4", "ipv6"] {
        a.set(&format!("{family}/neigh/vxlan1/base_reachable_time_ms"), "2000");
    }
    a.vxbpf("link set vxlan1 type vxlan maxneigh 2");
    announce(c1);
    wait_until("it to be known again", SOON, || knows(a, c1));
    let stale = line(c1, "STALE");
    wait_until("it to be stale", SOON, || stale.iter().all(|line| shown(a).contains(line)));
    let socket = FrameSocket::open(c2, "eth0");
    let question = arp_question((c2.mac, c2.ipv4), c1.ipv4);
    assert_eq!(
        heard(c1, c1.ipv4, || {
            socket.send(&question);
            socket.receive(SOON, is_answer).expect("its own answer");
        }),
        1
    );
    // What announces itself no more makes room for what does.
    a.vxbpf("link set vxlan1 type vxlan noneighlearn");
    wait_until("the reply to be over", SOON, || stale.iter().all(|line| shown(a).contains(line)));
    announce(c2);
    expect_ping(c2, c1.ipv4, 1);
    assert!(!shown(a).iter().any(|line| line.ends_with("REACHABLE")), "{:?}", shown(a));

    a.vxbpf("link set vxlan1 type vxlan neighlearn maxneigh 7");
    let links = json::parse(&a.vxbpf("-j -d link show dev vxlan1"));
    let ours = &links[0]["vxbpf"];
    assert_eq!((&ours["neighlearn"], &ours["maxneigh"]), (&true.into(), &7.into()), "{links}");
    announce(c2);
    wait_until("the other to be known", SOON, || knows(a, c2));
    a.vxbpf("port del p-c2");
    assert!(!knows(a, c2), "it goes with its port");
    a.vxbpf("link del vxlan1");
}

/// How many announcements of a port found no place.
fn refused(a: &Host, port: &str) -> u64 {
    let ports = json::parse(&a.vxbpf(&format!("-j port show {port}")));
    ports[0]["refused"].as_u64().unwrap_or(0)
}

/// As many addresses as a container can shout: it fills its own places, and nobody else feels it.
#[test]
fn a_hundred_thousand_announced_addresses_fill_one_ports_places_and_are_felt_by_nobody_else() {
    const ADDRESSES: u32 = 100_000;
    let net = three_containers(Side::Kernel, "proxy neighlearn maxneigh 8");
    let (a, [c1, c2, c3]) = (net.host("a"), ["c1", "c2", "c3"].map(|name| net.container(name)));
    a.vxbpf(&format!("neigh add {CLAIMED} lladdr {STATION} dev vxlan1"));
    announce(c2);
    wait_until("the other to be known", SOON, || knows(a, c2));
    let told = a.monitor("neigh");
    wait_until("it to listen", SOON, || json::parse(&a.vxbpf("-j status"))["tables"]["reader"]["used"] == 1);

    let socket = FrameSocket::open(c1, "eth0");
    for number in 0..ADDRESSES {
        let [_, x, y, z] = number.to_be_bytes();
        let address = Ipv4Addr::new(10, x, y, z);
        socket.send(&arp_answer((c1.mac, address), (STATION, CLAIMED)));
    }
    // How many of the last the port's program has seen is known when it counted them all.
    wait_until("all to be refused but eight", SOON * 2, || refused(a, "p-c1") == u64::from(ADDRESSES - 8));
    assert_eq!(refused(a, "p-c2"), 0);
    let learned = shown(a).iter().filter(|line| line.contains(&c1.mac.to_string())).count();
    assert_eq!(learned, 8);
    let is_told = |lines: &Lines, line: &str| lines.so_far().iter().any(|told| told.contains(line));
    wait_until("it to be told", SOON, || is_told(&told, "full neigh dev vxlan1 port p-c1"));
    assert!(told.so_far().len() < 500, "{} lines", told.so_far().len());

    assert!(shown(a).contains(&format!("{CLAIMED} lladdr {STATION} PERMANENT")));
    assert!(knows(a, c2));
    announce(c2);
    expect_ping(c1, c3.ipv4, 2);
    expect_ping(c2, c3.ipv4, 2);
    assert!(knows(a, c2) && refused(a, "p-c2") == 0);
}

#[test]
fn forged_and_malformed_announcements_are_not_believed_and_go_on_as_ever() {
    let net = three_containers(Side::Kernel, "proxy neighlearn");
    let (a, c1) = (net.host("a"), net.container("c1"));
    let own = (c1.mac, CLAIMED);
    let mut forged = arp_question((c1.mac, CLAIMED), CLAIMED);
    forged[27] ^= 1;
    let mut forged_reply = arp_answer((c1.mac, CLAIMED), (STATION, c1.ipv4));
    forged_reply[27] ^= 1;
    let mut lengths = arp_answer(own, (STATION, c1.ipv4));
    lengths[19] = 16;
    let mut from_afar = neighbour_advertisement((c1.mac, CLAIMED6), c1.mac);
    from_afar[21] = 254;
    let mut endless = neighbour_advertisement((c1.mac, CLAIMED6), c1.mac);
    endless[79] = 0;
    let mut unsound = neighbour_advertisement((c1.mac, CLAIMED6), c1.mac);
    unsound[57] ^= 1;
    let sent = [
        ("forged", forged),
        ("a forged reply", forged_reply),
        ("lengths", lengths),
        ("of a group", arp_answer((c1.mac, [239, 1, 1, 1].into()), (STATION, CLAIMED))),
        ("of the loopback", arp_answer((c1.mac, [127, 0, 0, 1].into()), (STATION, CLAIMED))),
        ("of everybody", arp_answer((c1.mac, [255; 4].into()), (STATION, CLAIMED))),
        ("of nobody", arp_answer((c1.mac, [0; 4].into()), (STATION, CLAIMED))),
        ("from afar", from_afar),
        ("an option loop", endless),
        ("a checksum", unsound),
        ("another's address", neighbour_advertisement((c1.mac, CLAIMED6), STATION)),
        ("of IPv4", neighbour_advertisement((c1.mac, CLAIMED.to_ipv6_mapped()), c1.mac)),
        (
            "of a group, in IPv6",
            neighbour_advertisement((c1.mac, "ff02::7".parse().expect("a group")), c1.mac),
        ),
        ("tagged", tagged(&arp_answer(own, (STATION, c1.ipv4)), 42)),
    ];
    let socket = FrameSocket::open(c1, "eth0");
    let before = a.counters();
    for (_, frame) in &sent {
        socket.send(frame);
    }
    socket.send(&arp_answer((c1.mac, c1.ipv4), (STATION, CLAIMED)));
    let own = line(c1, "REACHABLE")[0].clone();
    wait_until("the last of them, which is right, to be learned", SOON, || shown(a).contains(&own));
    assert_eq!(shown(a), [own], "and nothing else");
    // The proxy drops requests that are forged, as without learning; all else goes on.
    let moved = a.counters().since(&before);
    assert_eq!(moved.get("444 tx forged_sender"), Some(&1), "{moved:?}");
    assert!(moved.get("444 tx flooded").is_some_and(|count| *count >= 14), "{moved:?}");
}

/// What an attacker in a container can claim, and what not.
#[test]
fn what_is_set_by_hand_and_what_the_host_said_is_not_taken_by_a_container() {
    let net = three_containers(Side::Kernel, "proxy neighlearn");
    let (a, [c1, c2]) = (net.host("a"), ["c1", "c2"].map(|name| net.container(name)));
    a.run("ip addr add 172.55.1.100/24 dev vxlan1");
    // The kernel's device drops replies that the host itself sends nowhere: ask it.
    expect_ping(c2, [172, 55, 1, 100], 1);
    let of_host = format!("172.55.1.100 lladdr {} REACHABLE", a.mac_of("vxlan1"));
    wait_until("the host's own address to be known", SOON, || shown(a).contains(&of_host));
    let hand = [
        (CLAIMED, "nud permanent", "PERMANENT"),
        ([172, 55, 1, 78].into(), "nud noarp", "NOARP"),
        ([172, 55, 1, 79].into(), "nud reachable", "REACHABLE"),
        ([172, 55, 1, 80].into(), "extern_learn", "extern_learn PERMANENT"),
    ];
    for (address, nud, _) in hand {
        a.vxbpf(&format!("neigh add {address} lladdr {STATION} dev vxlan1 {nud}"));
    }
    a.vxbpf(&format!("neigh add {CLAIMED6} lladdr {STATION} dev vxlan1"));
    let socket = FrameSocket::open(c1, "eth0");
    for (address, ..) in hand {
        socket.send(&arp_question((c1.mac, address), address));
    }
    socket.send(&arp_question((c1.mac, [172, 55, 1, 100].into()), [172, 55, 1, 100].into()));
    socket.send(&neighbour_advertisement((c1.mac, CLAIMED6), c1.mac));
    announce(c1);
    wait_until("what is its own to be learned", SOON, || knows(a, c1));
    let all: Vec<String> = a
        .vxbpf("neigh show dev vxlan1 nud all")
        .lines()
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect();
    for (address, _, state) in hand {
        let line = format!("{address} lladdr {STATION} {state}");
        assert!(all.contains(&line), "{line}: {all:?}");
    }
    assert!(
        all.contains(&format!("{CLAIMED6} lladdr {STATION} PERMANENT")) && all.contains(&of_host),
        "{all:?}"
    );

    // One that another station announced goes over, which is what announcements are for, and is told.
    let told = a.monitor("neigh");
    wait_until("it to listen", SOON, || json::parse(&a.vxbpf("-j status"))["tables"]["reader"]["used"] == 1);
    announce(c2);
    wait_until("the other to be known", SOON, || knows(a, c2));
    socket.send(&arp_question((c1.mac, c2.ipv4), c2.ipv4));
    let moved = format!("{} dev vxlan1 lladdr {} REACHABLE", c2.ipv4, c1.mac);
    wait_until("the move to be told", SOON, || told.has(&moved));
    // By hand it is put right, for good.
    a.vxbpf(&format!("neigh replace {} lladdr {} dev vxlan1", c2.ipv4, c2.mac));
    socket.send(&arp_question((c1.mac, c2.ipv4), c2.ipv4));
    let own_address = c1.ipv4;
    socket.send(&arp_question((c1.mac, own_address), own_address));
    let own = line(c1, "REACHABLE")[0].clone();
    wait_until("the announcement behind it to be learned", SOON, || shown(a).contains(&own));
    assert!(shown(a).contains(&format!("{} lladdr {} PERMANENT", c2.ipv4, c2.mac)));
}
