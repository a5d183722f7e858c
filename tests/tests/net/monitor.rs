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

/// Ten thousand addresses a second that nobody has are asked for, for a minute, and one of those who listen does not
/// read.
#[test]
fn a_storm_of_misses_is_bounded_counted_and_felt_by_nobody_else() {
    const A_SECOND: u32 = 10_000;
    let net = a_container_and_a_kernel_peer("nolearning proxy l3miss");
    let (a, b, c1) = (net.host("a"), net.host("b"), net.container("c1"));
    a.vxbpf(&format!("neigh add 172.55.1.9 lladdr {} dev vxlan0", b.mac_of("vxlan0")));
    b.run(&format!("ip neigh add {} lladdr {} dev vxlan0 nud permanent", c1.ipv4, c1.mac));
    let calm = latency(c1, "-c 20 -i 0.05");
    assert_eq!(calm.answered, calm.sent, "before the storm");
    let (reads, stuck) = (a.monitor("miss"), a.monitor("miss"));
    wait_until("both to listen", SOON * 4, || listeners(a) == 2);
    let stopped = stop(&stuck);
    let (tables, memory) = (table_bytes(a), resident(&reads));

    let socket = FrameSocket::open(c1, "eth0");
    let (begin, mut asked) = (Instant::now(), 0_u32);
    let stormy = std::thread::scope(|scope| {
        let pings = scope.spawn(|| latency(c1, "-c 280 -i 0.2"));
        while asked < A_SECOND * 60 {
            let due = begin.elapsed().as_millis() * u128::from(A_SECOND) / 1000;
            while u128::from(asked) <= due {
                let [_, x, y, z] = asked.to_be_bytes();
                // The queue of a veth whose other end polls, as with XDP, may be full.
                asked += u32::from(socket.offer(&arp_question((c1.mac, c1.ipv4), [10, x, y, z].into())));
            }
            // The pace of the storm, which waits for nothing.
            std::thread::park_timeout(Duration::from_millis(2));
        }
        pings.join().expect("the pings")
    });
    let seconds = u32::try_from(begin.elapsed().as_secs()).expect("about a minute");
    // A machine that cannot keep the pace has another storm.
    assert!((59..=70).contains(&seconds), "{asked} in {seconds} s");
    println!("{asked} misses in {seconds} s; ping: calm {calm:?}, stormy {stormy:?}");
    assert_eq!(stormy.answered, stormy.sent, "of pings to a known address, during the storm");
    assert!(stormy.median < calm.median * 10.0 + 5.0, "{calm:?} before, {stormy:?} during the storm");

    let misses = |lines: &Lines| lines.so_far().iter().filter(|line| line.starts_with("miss 10.")).count();
    wait_until("the rest to be read", SOON * 2, || misses(&reads) > 30_000);
    let most = 1_100 * (usize::try_from(seconds).expect("few") + 1);
    assert!(misses(&reads) <= most, "{} of {asked} were told", misses(&reads));
    wait_until("the loss to be told", SOON * 2, || {
        let untold = |line: &String| {
            let words: Vec<&str> = line.split(' ').collect();
            words.first() == Some(&"lost") && words.get(9).is_some_and(|count| *count != "0")
        };
        reads.so_far().iter().any(untold)
    });
    // Nothing grew with the storm but what is bounded: the counters of one more reason, and the reader's buffers.
    let grown = table_bytes(a).saturating_sub(tables);
    assert!(grown < 1 << 16, "tables grew by {grown} bytes");
    let grown = resident(&reads).saturating_sub(memory);
    assert!(grown < 16 << 10, "the reader grew by {grown} KiB");
    println!("tables {tables} bytes; told {} of {asked}; the reader grew by {grown} KiB", misses(&reads));

    go_on(stopped);
    wait_until("the one that did not read to say what it lost", SOON * 2, || {
        stuck.so_far().iter().any(|line| line.starts_with("lost ") && !line.starts_with("lost 0 "))
    });
    expect_ping(c1, [172, 55, 1, 9], 2);
}

/// Stops a reader without ending it.
fn stop(reader: &Lines) -> Pid {
    let id = reader.process().with(|child| Pid::from_raw(i32::try_from(child.id()).expect("an id")));
    kill(id, Signal::SIGSTOP).expect("it to be there");
    id
}

fn go_on(id: Pid) {
    kill(id, Signal::SIGCONT).expect("it to be there");
}

/// Echo requests to the station that is known.
#[derive(Debug)]
struct Latency {
    sent: usize,
    answered: usize,
    /// In milliseconds.
    median: f64,
}

fn latency(from: &vxlan_tests::Netns, options: &str) -> Latency {
    let output = from.try_run(&format!("ping -n -W 2 {options} 172.55.1.9"));
    let time = |line: &str| line.split_once("time=")?.1.split(' ').next()?.parse::<f64>().ok();
    let mut times: Vec<f64> = output.stdout.lines().filter_map(time).collect();
    times.sort_by(f64::total_cmp);
    let summary = output.stdout.lines().find(|line| line.contains("packets transmitted")).expect("a summary");
    let sent = summary.split(' ').next().expect("a word").parse().expect("a count");
    Latency { sent, answered: times.len(), median: times.get(times.len() / 2).copied().unwrap_or(f64::MAX) }
}

/// Bytes of the tables of a host, and of nobody else's.
fn table_bytes(host: &Host) -> u64 {
    let status = json::parse(&host.vxbpf("-j status"));
    let directory = status["pins"].as_str().expect("a directory");
    let pins = std::fs::read_dir(format!("{directory}/maps")).expect("its maps");
    pins.map(|pin| {
        let path = pin.expect("a pin").path();
        let shown = vxlan_tests::command::run(&format!("bpftool -j map show pinned {}", path.display()));
        json::parse(&shown)["bytes_memlock"].as_u64().expect("a size")
    })
    .sum()
}

/// Kibibytes of memory that a reader has.
fn resident(reader: &Lines) -> u64 {
    let id = reader.process().with(|child| child.id());
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it to run");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|count| count.parse().ok()).expect("a count")
}

#[test]
fn what_commands_change_is_told_in_the_words_of_ip_and_bridge() {
    let net = a_container_and_a_kernel_peer("nolearning proxy");
    let (a, b) = (net.host("a"), net.host("b"));
    let (fdb, neigh) = (a.monitor("fdb"), a.monitor("neigh"));
    let (of_one, stamped) =
        (a.monitor("all dev vxlan0"), Lines::of(a.netns(), &[&binary(), "-t", "monitor"]));
    let objects = Lines::of(a.netns(), &[&binary(), "-j", "monitor", "all"]);
    wait_until("all to listen", SOON * 4, || listeners(a) == 5);
    let mac = b.mac_of("vxlan0");
    for line in [
        "fdb append 00:00:00:00:00:00 dst 192.168.1.201 dev vxlan0",
        "fdb add 52:5e:55:58:9a:01 dst 192.168.1.200 dev vxlan0 static",
        "fdb replace 52:5e:55:58:9a:01 dst 192.168.1.201 dev vxlan0 router",
        "fdb del 52:5e:55:58:9a:01 dev vxlan0",
        "fdb del 00:00:00:00:00:00 dst 192.168.1.201 dev vxlan0",
        "fdb flush dev vxlan0",
        "neigh add 172.55.1.7 lladdr 52:5e:55:58:9a:01 dev vxlan0",
        "neigh replace 172.55.1.7 lladdr 52:5e:55:58:9a:02 dev vxlan0 nud reachable",
        "neigh change 172.55.1.7 dev vxlan0 nud noarp",
        "neigh del 172.55.1.7 dev vxlan0",
        "neigh add fd55::7 lladdr 52:5e:55:58:9a:03 dev vxlan0 nud reachable",
        "neigh flush dev vxlan0",
    ] {
        a.vxbpf(line);
    }
    let stations = [
        "00:00:00:00:00:00 dev vxlan0 dst 192.168.1.201 self permanent".to_owned(),
        "52:5e:55:58:9a:01 dev vxlan0 dst 192.168.1.200 self static".to_owned(),
        "52:5e:55:58:9a:01 dev vxlan0 dst 192.168.1.201 self router permanent".to_owned(),
        "Deleted 52:5e:55:58:9a:01 dev vxlan0 dst 192.168.1.201 self router permanent".to_owned(),
        "Deleted 00:00:00:00:00:00 dev vxlan0 dst 192.168.1.201 self permanent".to_owned(),
        format!("Deleted {mac} dev vxlan0 dst 192.168.1.200 self permanent"),
    ];
    let neighbours = [
        "172.55.1.7 dev vxlan0 lladdr 52:5e:55:58:9a:01 PERMANENT",
        "172.55.1.7 dev vxlan0 lladdr 52:5e:55:58:9a:02 REACHABLE",
        "172.55.1.7 dev vxlan0 lladdr 52:5e:55:58:9a:02 NOARP",
        "Deleted 172.55.1.7 dev vxlan0 lladdr 52:5e:55:58:9a:02 NOARP",
        "fd55::7 dev vxlan0 lladdr 52:5e:55:58:9a:03 REACHABLE",
        "Deleted fd55::7 dev vxlan0 lladdr 52:5e:55:58:9a:03 REACHABLE",
    ];
    // Stations of containers come on their own, and so do drops of what they say once nobody is left to flood to.
    let comes_on_its_own = |line: &String| line.contains(" via p-c1 ") || line.starts_with("drop ");
    let by_command =
        |lines: &Lines| lines.so_far().into_iter().filter(|line| !comes_on_its_own(line)).collect::<Vec<_>>();
    wait_until("the neighbours to be told", SOON, || by_command(&neigh) == neighbours);
    wait_until("the stations to be told", SOON, || by_command(&fdb) == stations);
    wait_until("all to be told with a stamp", SOON, || {
        by_command(&stamped).iter().filter(|line| line.starts_with("Timestamp: ")).count() >= 12
    });
    let all: Vec<String> = stations.iter().cloned().chain(neighbours.map(str::to_owned)).collect();
    let without_device: Vec<String> = all.iter().map(|line| line.replace("dev vxlan0 ", "")).collect();
    wait_until("all to be told of the one device", SOON, || by_command(&of_one) == without_device);
    let events = || {
        objects
            .so_far()
            .iter()
            // A station of the container, which a flush takes along if it has spoken.
            .filter(|line| !line.contains("\"p-c1\""))
            .map(|line| serde_json::from_str(line).expect("an object a line"))
            .collect::<Vec<serde_json::Value>>()
    };
    let told = |table: &str, event: &str| {
        events().iter().filter(|told| told["event"] == event && told[table].is_object()).count()
    };
    wait_until("all to be told as objects", SOON, || told("neigh", "deleted") == 2);
    assert_eq!((told("fdb", "set"), told("fdb", "deleted"), told("neigh", "set")), (3, 3, 4));
    for event in events() {
        assert_eq!((&event["dev"], &event["vni"]), (&"vxlan0".into(), &42.into()), "{event}");
    }
}

/// One that is stopped, and one whose own reader does not read: their rings fill, and nobody else waits.
#[test]
fn a_reader_of_events_that_stops_reading_holds_up_no_command_and_says_what_it_lost() {
    const CHANGES: usize = 6_000;
    let net = a_container_and_a_kernel_peer("nolearning proxy");
    let a = net.host("a");
    let (reads, stopped) = (a.monitor("neigh"), a.monitor("neigh"));
    let unread = a.netns().spawn(&[&binary(), "monitor", "neigh"]);
    wait_until("three to listen", SOON * 4, || listeners(a) == 3);
    let id = stop(&stopped);
    let batch = std::env::temp_dir().join(format!("vxt-{}-changes", std::process::id()));
    let line = |number: usize| {
        format!("neigh replace 10.0.{}.{} lladdr 2:0:0:0:0:1 dev vxlan0\n", number / 250, number % 250 + 1)
    };
    std::fs::write(&batch, (0..CHANGES).map(line).collect::<String>()).expect("a file of commands");
    let begin = Instant::now();
    a.vxbpf(&format!("-batch {}", batch.display()));
    println!("{CHANGES} changes took {:?}", begin.elapsed());
    assert!(begin.elapsed() < SOON * 4, "{:?}", begin.elapsed());
    std::fs::remove_file(&batch).expect("the file to be there");
    wait_until("the one that reads to have read all", SOON * 2, || {
        let lines = reads.so_far();
        lines.iter().filter(|line| line.starts_with("10.")).count() == CHANGES
            || lines.iter().any(|line| line.starts_with("lost "))
    });
    go_on(id);
    wait_until("the stopped one to say what it lost", SOON * 2, || {
        let lost = stopped
            .so_far()
            .iter()
            .find_map(|line| line.strip_prefix("lost ")?.split(' ').next()?.parse::<usize>().ok());
        lost.is_some_and(|lost| lost > 0 && lost < CHANGES)
    });
    // One whose output nobody reads hangs in its own output, and its place is taken back when it is gone.
    assert!(!unread.ended() && listeners(a) == 3);
    drop(unread);
    a.vxbpf("neigh flush dev vxlan0 nud all");
    wait_until("its place to be free", SOON, || listeners(a) == 2);
}
