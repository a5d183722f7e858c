//! Frames with something wrong in them, on a real wire: each moves its own counter and no other, and the overlay goes
//! on as if they had never been.

use std::collections::BTreeMap;

use vxlan_tests::{
    Host, Mac, Net, Side, Topology, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, IPV4, Vxlan, ethernet, fragments, reseal, udp4},
    wait::SOON,
    wait_until,
};

const LOCAL: &str = "192.168.1.100";
const PEER: &str = "192.168.1.200";
const STATION: Mac = Mac([2, 0, 0, 0, 0, 9]);
/// Where the headers of an outer frame begin.
const IP: usize = 14;
const UDP: usize = 34;

fn two_hosts(name: &str) -> Net {
    let net = Topology::new(name).host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    for (host, address) in [("a", "172.55.1.2"), ("b", "172.55.1.3")] {
        let (host, other) = (net.host(host), if host == "a" { PEER } else { LOCAL });
        // Nothing but what the test sends shall move a counter.
        host.set("ipv6/conf/default/disable_ipv6", "1");
        host.link_add(
            "vxlan1",
            &format!("id 444 dstport 4789 remote {other} local {} dev eth0", host.address),
        );
        host.run(&format!("ip addr add {address}/24 dev vxlan1"));
        host.run("ip link set dev vxlan1 up");
    }
    net
}

/// A frame for everyone, from a station behind the peer.
fn station(source: Mac) -> Vec<u8> {
    ethernet(Mac::BROADCAST, source, EXPERIMENTAL, &[0; 46])
}

/// Makes outer frames from b to a.
struct Sender {
    socket: FrameSocket,
    to: Mac,
    from: Mac,
}

impl Sender {
    fn new(a: &Host, b: &Host) -> Self {
        Self { socket: FrameSocket::open(b, "eth0"), to: a.mac_of("eth0"), from: b.mac_of("eth0") }
    }

    fn frame(&self, source: &str, payload: &[u8]) -> Vec<u8> {
        self.carrying(&udp4(source, LOCAL, 50_000, 4789, payload))
    }

    fn carrying(&self, packet: &[u8]) -> Vec<u8> {
        ethernet(self.to, self.from, IPV4, packet)
    }

    /// A good frame, bent.
    fn bent(&self, bend: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut frame = self.frame(PEER, &Vxlan::new(444).before(&station(STATION)));
        bend(&mut frame);
        frame
    }
}

fn put(bytes: &mut [u8], at: usize, word: u16) {
    bytes[at..at + 2].copy_from_slice(&word.to_be_bytes());
}

/// Bent frames, and the counter that each of them moves.
fn bad_frames(sender: &Sender, own: Mac) -> Vec<(&'static str, Vec<u8>)> {
    let inside = |vxlan: Vxlan, inner: &[u8]| sender.frame(PEER, &vxlan.before(inner));
    let good = || Vxlan::new(444).before(&station(STATION));
    let congested =
        ethernet(Mac::BROADCAST, STATION, IPV4, &udp4("172.55.1.9", "172.55.1.2", 1, 2, b"hello"));
    let parts = fragments(&udp4(PEER, LOCAL, 50_000, 4789, &good()), 60);
    let tiny = fragments(&udp4(PEER, LOCAL, 50_000, 4789, &good()), 28);
    vec![
        ("outside no_vni_flag", inside(Vxlan { flags: 0, ..Vxlan::new(444) }, &station(STATION))),
        ("outside unknown_vni", inside(Vxlan::new(9), &station(STATION))),
        ("444 rx bad_length", sender.bent(|frame| put(frame, UDP + 4, 60))),
        ("444 rx bad_length", sender.bent(|frame| frame.truncate(60))),
        ("444 rx bad_checksum", sender.bent(|frame| frame[UDP + 6] ^= 0x10)),
        ("444 rx bad_outer_header", sender.bent(|frame| frame[IP + 10] ^= 1)),
        (
            "outside bad_outer_header",
            sender.bent(|frame| {
                frame[IP] = 0x46;
                frame.splice(UDP..UDP, [1; 4]);
                let length = u16::try_from(frame.len() - IP).expect("a short frame");
                put(frame, IP + 2, length);
                reseal(frame);
            }),
        ),
        ("outside truncated", sender.frame(PEER, &[8, 0, 0])),
        ("outside tiny_fragment", sender.carrying(&tiny[0])),
        ("444 rx outer_fragment", sender.carrying(&parts[0])),
        ("444 rx not_admitted", sender.frame("192.168.1.66", &good())),
        ("444 rx truncated", inside(Vxlan::new(444), &[1, 2, 3, 4, 5])),
        ("444 rx source_mac_invalid", inside(Vxlan::new(444), &station(Mac([1, 0, 0x5e, 0, 0, 1])))),
        ("444 rx source_mac_invalid", inside(Vxlan::new(444), &station(Mac([0; 6])))),
        ("444 rx source_mac_own", inside(Vxlan::new(444), &station(own))),
        ("444 rx ecn_congested", {
            let mut frame = inside(Vxlan::new(444), &congested);
            frame[IP + 1] = 3;
            reseal(&mut frame);
            frame
        }),
        ("444 rx static_elsewhere", inside(Vxlan::new(444), &station(Mac([2, 0, 0, 0, 0, 77])))),
        ("444 rx unicast", sender.bent(|_| ())),
    ]
}

/// Waits until as many frames were counted as were sent, and returns what moved.
fn counted(a: &Host, before: &vxlan_tests::counters::Counters, sent: u64) -> BTreeMap<String, u64> {
    wait_until("every frame to be counted", SOON, || {
        a.counters().since(before).values().sum::<u64>() >= sent
    });
    a.counters().since(before)
}

#[test]
fn each_moves_its_own_counter_and_no_other() {
    let net = two_hosts("bad-frames");
    let (a, b) = (net.host("a"), net.host("b"));
    a.vxbpf("fdb add 02:00:00:00:00:4d dev vxlan1 dst 192.168.1.201 static");
    let sender = Sender::new(a, b);
    let cases = bad_frames(&sender, a.mac_of("vxlan1"));
    let quiet = a.counters();
    for (end, frame) in &cases {
        let before = a.counters();
        sender.socket.send(frame);
        let moved = counted(a, &before, 1);
        assert_eq!(moved, [((*end).to_owned(), 1)].into(), "{frame:02x?}");
    }
    let all: u64 = a.counters().since(&quiet).values().sum();
    assert_eq!(all, cases.len() as u64, "the sum of all counters is what was sent");
    for (end, _) in cases.iter().filter(|(end, _)| !end.ends_with("unicast")) {
        let name = end.rsplit(' ').next().expect("a name");
        let is_drop = !matches!(name, "unknown_vni" | "outer_fragment");
        assert_eq!(a.vxbpf("drops").stdout.contains(name), is_drop, "{name} in `vxbpf drops`");
    }
    let learned = a.show_fdb("vxlan1").join("\n");
    assert_eq!(
        learned.matches("dst 192.168.1.200").count(),
        2,
        "the flood entry and the good station: {learned}"
    );
    expect_ping(a, [172, 55, 1, 3], 3);
}

#[test]
fn truncated_at_every_byte_each_is_counted_once_or_nobodys() {
    let net = two_hosts("truncated");
    let (a, b) = (net.host("a"), net.host("b"));
    let sender = Sender::new(a, b);
    let whole = sender.bent(|_| ());
    let before = a.counters();
    for length in 14..whole.len() {
        sender.socket.send(&whole[..length]);
    }
    // Up to the end of the UDP header nobody can say that it is VXLAN; up to that of the VXLAN header, for whom.
    let (truncated, bad_length) = (50 - 42, whole.len() as u64 - 50);
    let moved = counted(a, &before, truncated + bad_length);
    assert_eq!(
        moved,
        [("outside truncated".to_owned(), truncated), ("444 rx bad_length".to_owned(), bad_length)].into()
    );
    expect_ping(a, [172, 55, 1, 3], 3);
}
