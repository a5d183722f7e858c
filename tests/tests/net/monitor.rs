//! Those who listen to the programs: what they hear, how many there can be, and what happens when it is too much.
//!
//! ```text
//!   c1 -- p-c1: a ==== vni 42 ==== b: vxlan0
//! ```

use std::time::{Duration, Instant};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use vxlan_tests::{
    Host, Mac, Net, Side, Topology, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, arp_question, ethernet},
    json,
    monitor::Lines,
    ping,
    wait::SOON,
    wait_until,
};

fn a_container_and_a_kernel_peer(options: &str) -> Net {
    let net =
        Topology::new("monitor").host("a", Side::Vxbpf).host("b", Side::Kernel).container("c1").on("a").up();
    let (a, b, c1) = (net.host("a"), net.host("b"), net.container("c1"));
    a.link_add("vxlan0", &format!("id 42 dstport 4789 local 192.168.1.100 dev eth0 {options}"));
    a.run("ip link set dev vxlan0 up");
    a.vxbpf(&format!("port add {} --vni 42", c1.port()));
    b.link_add("vxlan0", "id 42 dstport 4789 remote 192.168.1.100 local 192.168.1.200 dev eth0");
    b.run("ip addr add 172.55.1.9/24 dev vxlan0");
    b.run("ip link set dev vxlan0 up");
    let mac = b.mac_of("vxlan0");
    a.vxbpf(&format!("fdb add {mac} dst 192.168.1.200 dev vxlan0"));
    net
}

/// How many listen.
fn listeners(host: &Host) -> usize {
    let status = json::parse(&host.vxbpf("-j status"));
    let listeners = status["tables"]["reader"]["used"].as_u64().expect("a number");
    usize::try_from(listeners).expect("a small one")
}

#[test]
fn stations_that_come_move_and_go_and_drops_are_told() {
    let net = a_container_and_a_kernel_peer("ageing 3");
    let (a, b) = (net.host("a"), net.host("b"));
    let (text, objects) = (a.monitor("fdb"), Lines::of(a.netns(), &[&binary(), "-j", "monitor"]));
    wait_until("both to listen", SOON * 4, || listeners(a) == 2);
    let station = Mac([2, 0, 0, 0, 0, 0x77]);
    let socket = FrameSocket::open(b, "vxlan0");
    socket.send(&ethernet(Mac::BROADCAST, station, EXPERIMENTAL, &[1; 60]));
    socket.send(&ethernet(Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 1]), EXPERIMENTAL, &[2; 60]));
    let line = format!("{station} dev vxlan0 dst 192.168.1.200 self");
    wait_until("the station to be told", SOON * 2, || text.has(&line));
    wait_until("the drop to be told", SOON * 2, || {
        objects.so_far().iter().any(|line| line.contains("\"reason\":\"source_mac_invalid\""))
    });
    wait_until("its end to be told", SOON * 2, || text.has(&format!("Deleted {line}")));
    for line in objects.so_far() {
        let event: serde_json::Value = serde_json::from_str(&line).expect("an object a line");
        assert_eq!(event["vni"], 42, "{line}");
    }
}

fn binary() -> String {
    vxlan_tests::side::vxbpf_binary().display().to_string()
}

#[test]
fn eight_can_listen_the_ninth_is_told_and_the_slot_of_one_that_was_killed_is_taken_back() {
    let net = a_container_and_a_kernel_peer("");
    let a = net.host("a");
    let mut all: Vec<Lines> = (0..8).map(|_| a.monitor("all")).collect();
    wait_until("eight to listen", SOON * 4, || listeners(a) == 8);
    let refused = a.try_vxbpf("monitor");
    assert_eq!(refused.status.code(), Some(2), "{refused}");
    assert!(refused.stderr.contains("8 listen already") && refused.stderr.contains("end one"), "{refused}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused}");

    // Killed without a chance to say so.
    drop(all.pop());
    all.push(a.monitor("all"));
    wait_until("another to have its place", SOON * 4, || listeners(a) == 8);
    // Asked to end, it gives its place back itself.
    let last = all.pop().expect("eight of them");
    let id = last.process().with(|child| Pid::from_raw(i32::try_from(child.id()).expect("an id")));
    kill(id, Signal::SIGINT).expect("it to be there");
    wait_until("its place to be free", SOON * 4, || listeners(a) == 7 && last.process().ended());
}

/// Far more addresses are asked for than anybody has, and one of those who listen does not read.
#[test]
fn a_storm_of_misses_is_bounded_counted_and_felt_by_nobody_else() {
    const STORM: Duration = Duration::from_secs(10);
    let net = a_container_and_a_kernel_peer("nolearning proxy l3miss");
    let (a, b, c1) = (net.host("a"), net.host("b"), net.container("c1"));
    a.vxbpf(&format!("neigh add 172.55.1.9 lladdr {} dev vxlan0", b.mac_of("vxlan0")));
    b.run(&format!("ip neigh add {} lladdr {} dev vxlan0 nud permanent", c1.ipv4, c1.mac));
    expect_ping(c1, [172, 55, 1, 9], 2);
    let (reads, stuck) = (a.monitor("miss"), a.monitor("miss"));
    wait_until("both to listen", SOON * 4, || listeners(a) == 2);
    let id = stuck.process().with(|child| Pid::from_raw(i32::try_from(child.id()).expect("an id")));
    kill(id, Signal::SIGSTOP).expect("it to be there");

    let socket = FrameSocket::open(c1, "eth0");
    let (begin, mut asked) = (Instant::now(), 0_u32);
    let answered = std::thread::scope(|scope| {
        let pings = scope.spawn(|| ping::ping_with(c1, [172, 55, 1, 9], 40, "-i 0.2"));
        while begin.elapsed() < STORM {
            let [_, x, y, z] = asked.to_be_bytes();
            socket.send(&arp_question((c1.mac, c1.ipv4), [10, x, y, z].into()));
            asked += 1;
        }
        pings.join().expect("the pings")
    });
    assert!(asked >= 100_000, "{asked} in {STORM:?} are no storm");
    // The storm and the pings share the container's own queue, which may be full for a moment.
    assert!(answered >= 38, "{answered} of 40 pings to a known address, during the storm");
    let misses = |lines: &Lines| lines.so_far().iter().filter(|line| line.starts_with("miss 10.")).count();
    wait_until("the rest to be read", SOON * 2, || misses(&reads) > 5_000);
    assert!(misses(&reads) <= 1_100 * 11, "{} of {asked} were told", misses(&reads));
    wait_until("the loss to be told", SOON * 2, || {
        let untold = |line: &String| {
            let words: Vec<&str> = line.split(' ').collect();
            words.first() == Some(&"lost") && words.get(9).is_some_and(|count| *count != "0")
        };
        reads.so_far().iter().any(untold)
    });
    kill(id, Signal::SIGCONT).expect("it to be there");
    wait_until("the one that did not read to say what it lost", SOON * 2, || {
        stuck.so_far().iter().any(|line| line.starts_with("lost ") && !line.starts_with("lost 0 "))
    });
    expect_ping(c1, [172, 55, 1, 9], 2);
}
