//! Everything at once for a minute: small questions and answers, a bulk stream, floods, and a table that changes all the
//! time. No flow stalls, nothing grows, and what one host counted as sent the other counted as received.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use vxlan_tests::{
    Container, Host, Mac, Net, Side, Topology, expect_ping,
    frames::{EXPERIMENTAL, FrameSocket, ethernet},
    json,
    wait::{SOON, wait_for},
    wait_until,
};

const MINUTE: Duration = Duration::from_secs(60);
const FLOWS: u64 = 32;
/// The longest that a flow may stand still.
const STALLED: Duration = Duration::from_secs(2);
/// After so long a datagram is sent again: queues overflow in a storm.
const AGAIN: Duration = Duration::from_millis(200);
/// Broadcasts in a row, before somebody looks whether they arrived.
const STORM: usize = 64;
const STATIONS: u32 = 500;
/// What tables that grow with their rows may take more afterwards: outcomes that were not counted before, in bytes.
const GROWTH: u64 = 64 << 10;

/// The longest time between two steps of something that shall not stand still.
struct Gaps {
    last: Instant,
    longest: Duration,
}

impl Gaps {
    fn new() -> Self {
        Self { last: Instant::now(), longest: Duration::ZERO }
    }

    fn step(&mut self) {
        self.longest = self.longest.max(self.last.elapsed());
        self.last = Instant::now();
    }
}

/// Each packet is a frame of its own from the container on, so that both hosts count the same.
fn network() -> Net {
    let net = Topology::new("mixed").cabled().host("a", Side::Vxbpf).host("b", Side::Vxbpf);
    let net = net.container("c1").on("a").container("c2").on("b").up();
    let ends = [("a", "c1", "192.168.1.200"), ("b", "c2", "192.168.1.100")];
    for (host, container, remote) in ends {
        let (host, container) = (net.host(host), net.container(container));
        container.run("ethtool -K eth0 tx off tso off gso off gro on");
        host.run("ethtool -K eth0 gro off");
        // Nothing is sent before both overlays are there.
        host.set("ipv6/conf/default/disable_ipv6", "1");
        let local = host.address;
        host.link_add("vxlan1", &format!("id 444 dstport 4789 remote {remote} local {local} dev eth0"));
        host.run("ip link set dev vxlan1 up");
    }
    for (host, container, _) in ends {
        net.host(host).vxbpf(&format!("port add p-{container} --vni 444"));
    }
    expect_ping(net.container("c1"), net.container("c2").ipv4, 2);
    net
}

/// What a host holds: rows of its tables, its programs, bytes of its pinned maps.
#[derive(Debug, PartialEq, Eq)]
struct Holdings {
    rows: BTreeMap<String, u64>,
    programs: Vec<u64>,
    bytes: u64,
}

fn holdings(host: &Host) -> Holdings {
    let status = json::parse(&host.vxbpf("-j status"));
    let tables = status["tables"].as_object().expect("tables");
    let used = |table: &Value| table["used"].as_u64().expect("a number of rows");
    let overlay = &status["overlays"][0];
    let mut hooks = json::objects(&overlay["hooks"]);
    hooks.extend(json::objects(&overlay["ports"]).into_iter().flat_map(|port| json::objects(&port["hooks"])));
    let maps = format!("{}/maps", status["pins"].as_str().expect("the pins"));
    let bytes = fs::read_dir(&maps).expect("the pinned maps").flatten().map(|map| {
        let shown = host.json(&format!("bpftool -j map show pinned {}", map.path().display()));
        shown["bytes_memlock"].as_u64().expect("its bytes")
    });
    Holdings {
        rows: tables.iter().map(|(name, table)| (name.clone(), used(table))).collect(),
        programs: hooks.iter().map(|hook| hook["prog_id"].as_u64().expect("a number")).collect(),
        bytes: bytes.sum(),
    }
}

/// What `host` sent into the underlay, by its counters; and all that came from there, dropped or not.
fn sent_and_received(host: &Host) -> (u64, u64) {
    let counters = host.counters();
    let sent = ["unicast", "flooded", "slow_path"].map(|end| counters.of(&format!("444 tx {end}")));
    (sent.iter().sum(), counters.sum(|end| end.starts_with("444 rx ") || end.starts_with("outside ")))
}

/// Packets that the underlay devices themselves dropped, with a reason of their own (a queue that is full).
fn dropped(host: &Host) -> u64 {
    let links = host.json("ip -j -s link show dev eth0");
    let statistics = &json::objects(&links)[0]["stats64"];
    ["rx", "tx"].iter().map(|way| statistics[*way]["dropped"].as_u64().expect("a number")).sum()
}

fn questions_and_answers(client: &UdpSocket, is_over: &AtomicBool) -> Duration {
    client.set_read_timeout(Some(AGAIN)).expect("a read timeout");
    let (mut gaps, mut number) = (Gaps::new(), 0_u64);
    while !is_over.load(Ordering::Relaxed) {
        let mut got = [0; 8];
        client.send(&number.to_be_bytes()).expect("a question");
        // An old answer is one to a question that was asked again.
        if client.recv(&mut got).is_ok() && u64::from_be_bytes(got) == number {
            gaps.step();
            number += 1;
        }
    }
    gaps.step();
    gaps.longest
}

fn answers(server: &UdpSocket, is_over: &AtomicBool) {
    server.set_read_timeout(Some(AGAIN)).expect("a read timeout");
    let mut got = [0; 8];
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((length, from)) = server.recv_from(&mut got) {
            server.send_to(&got[..length], from).expect("an answer");
        }
    }
}

fn write_all(mut stream: TcpStream, is_over: &AtomicBool) {
    let chunk = vec![7; 1 << 16];
    stream.set_write_timeout(Some(SOON)).expect("a write timeout");
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(&chunk).expect("a stream that takes data");
    }
}

/// Bytes that came, and the longest pause.
fn read_all(mut stream: TcpStream) -> (u64, Duration) {
    let (mut gaps, mut bytes, mut buffer) = (Gaps::new(), 0, vec![0; 1 << 16]);
    stream.set_read_timeout(Some(SOON)).expect("a read timeout");
    loop {
        match stream.read(&mut buffer).expect("a stream that goes on") {
            0 => return (bytes, gaps.longest),
            length => bytes += length as u64,
        }
        gaps.step();
    }
}

/// Broadcasts, a row of them at a time; returns how many rows arrived to their end.
fn floods(c1: &Container, c2: &Container, is_over: &AtomicBool) -> u64 {
    let (sender, receiver) = (FrameSocket::open(c1, "eth0"), FrameSocket::open(c2, "eth0"));
    let mut rows = 0;
    while !is_over.load(Ordering::Relaxed) {
        for number in 0..STORM {
            let last = u8::from(number + 1 == STORM);
            sender.offer(&ethernet(Mac::BROADCAST, c1.mac, EXPERIMENTAL, &[last; 60]));
        }
        rows += u64::from(receiver.receive(AGAIN, |got| got.ends_with(&[1; 60])).is_some());
    }
    rows
}

/// A file that adds stations which nobody uses, and takes them away again.
fn churn() -> PathBuf {
    let line = |verb: &str, number: u32| {
        let [_, _, a, b] = number.to_be_bytes();
        format!("fdb {verb} 02:99:00:00:{a:02x}:{b:02x} dev vxlan1 dst 192.168.1.200\n")
    };
    let adds = (0..STATIONS).map(|number| line("add", number));
    let deletes = (0..STATIONS).map(|number| line("del", number));
    let file = env::temp_dir().join(format!("vxt-{}-churn", process::id()));
    fs::write(&file, adds.chain(deletes).collect::<String>()).expect("a batch");
    file
}

#[test]
fn a_minute_of_everything_at_once_stalls_no_flow_leaks_nothing_and_is_counted_on_both_sides() {
    let net = network();
    let (a, b, c1, c2) = (net.host("a"), net.host("b"), net.container("c1"), net.container("c2"));
    let server = c2.within(|| UdpSocket::bind((c2.ipv4, 4000)).expect("a server"));
    let clients: Vec<UdpSocket> = (0..FLOWS)
        .map(|_| {
            let client = c1.within(|| UdpSocket::bind((c1.ipv4, 0)).expect("a client"));
            client.connect((c2.ipv4, 4000)).expect("a way there");
            client
        })
        .collect();
    let listener = c2.within(|| TcpListener::bind((c2.ipv4, 4001)).expect("a listener"));
    let writer = c1.within(|| TcpStream::connect((c2.ipv4, 4001)).expect("a stream"));
    let (reader, _) = listener.accept().expect("its other end");
    let batch = churn();
    let before = [holdings(a), holdings(b)];

    let is_over = &AtomicBool::new(false);
    let (pauses, (bytes, pause), rows, rounds) = thread::scope(|scope| {
        scope.spawn(|| answers(&server, is_over));
        let flows: Vec<_> =
            clients.iter().map(|client| scope.spawn(|| questions_and_answers(client, is_over))).collect();
        scope.spawn(|| write_all(writer, is_over));
        let reader = scope.spawn(|| read_all(reader));
        let floods = scope.spawn(|| floods(c1, c2, is_over));
        let (begin, mut rounds) = (Instant::now(), 0);
        while begin.elapsed() < MINUTE {
            a.vxbpf(&format!("-batch {}", batch.display()));
            rounds += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        let pauses: Vec<Duration> = flows.into_iter().map(|flow| flow.join().expect("a flow")).collect();
        (pauses, reader.join().expect("a stream"), floods.join().expect("floods"), rounds)
    });
    let _removed = fs::remove_file(&batch);

    let longest = pauses.iter().max().expect("flows");
    println!(
        "flows: {longest:?} at most; stream: {bytes} bytes, {pause:?}; {rows} rows of floods; {rounds} rounds"
    );
    assert!(*longest < STALLED, "a flow stood still: {pauses:?}");
    assert!(pause < STALLED, "the stream stood still for {pause:?}");
    assert!(bytes > 1 << 20 && rows > 10 && rounds > 1, "{bytes} bytes, {rows} rows, {rounds} rounds");

    // Sent by one is received by the other, but for what the devices between them dropped: by counters, of the whole life
    // of both overlays.
    for (from, to) in [(a, b), (b, a)] {
        let balance = || {
            let lost = sent_and_received(from).0.checked_sub(sent_and_received(to).1);
            (lost, dropped(from) + dropped(to))
        };
        let add_up = |(lost, dropped): (Option<u64>, u64)| lost.is_some_and(|lost| lost <= dropped);
        let start = Instant::now();
        wait_until("the last frames to be counted", SOON * 2, || add_up(balance()) || start.elapsed() > SOON);
        assert!(
            add_up(balance()),
            "lost and dropped {:?}\n{:?}\n{:?}",
            balance(),
            from.counters(),
            to.counters()
        );
        println!("{} to {}: lost and dropped {:?}", from.name(), to.name(), balance());
    }
    for (host, before) in [a, b].into_iter().zip(before) {
        let after = wait_for("tables with as many rows as before", SOON, || {
            let after = holdings(host);
            (after.rows == before.rows).then_some(after)
        });
        assert_eq!(after.programs, before.programs);
        assert!(after.bytes <= before.bytes + GROWTH, "{} bytes, and {} before", after.bytes, before.bytes);
    }
}
