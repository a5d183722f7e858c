//! P6 and P7: an FDB of a million stations.

use std::{env, fs, path::PathBuf, process, time::Instant};

use aya::{Ebpf, maps::HashMap};
use vxlan_tests::{Host, Net, Side as HostSide, Topology, json};

use crate::{
    claim::{Bound, Claim},
    finding::Finding,
    packets::Range,
    programs::{self, Globals, Object, xdp},
    rounds::{Effort, Side, interleave},
    series::{Sample, Series},
    stage::Way,
};

const SMALL: u32 = 1000;
const LARGE: u32 = 1_000_000;

/// Look-ups of one run of `bench_lookup`.
const LOOKUPS: f64 = 32.0;

/// P6: what a packet costs when the FDB is large.
pub fn large(object: &Object, effort: &Effort) -> Finding {
    let mut finding = Finding {
        id: "P6",
        title: "an FDB of 1 million stations against 1 thousand",
        how: "As P1 with random destinations, all of them known to both hosts: written down on the sender, learned at the \
              far port. Beside it, random hits in a bare hash map with keys and values of the same size (nothing but \
              look-ups, less what choosing costs), and what the kernel says the tables take.",
        ..Finding::default()
    };
    let many = u32::try_from(effort.count(LARGE.into())).expect("a number of stations");
    let ranges = [SMALL, many].map(|stations| {
        let range = Range::new(object, Way::Xdp, &format!("ageing 0 fdbsize {}", room(stations)));
        fill(range.near(), stations);
        range.prepare(object, stations);
        (count(stations), stations, range)
    });
    let mut sides: Vec<Side<'_>> = ranges
        .iter()
        .map(|(name, stations, range)| (name.as_str(), range.side(object, effort, *stations).1))
        .collect();
    let packets = interleave(effort, &mut sides);
    drop(sides);
    let (small, large) = (&packets[0], &packets[1]);
    finding.claims.push(Claim::ratio(
        format!("64 B, {} stations, of 1 k", count(many)),
        large,
        small,
        Bound::AtMost(2.5),
    ));
    let bytes = bytes_an_entry(ranges[1].2.near(), room(many));
    finding.claims.push(Claim::exact(
        "memory of a station, ring included",
        bytes,
        "bytes",
        Bound::AtMost(128.0),
    ));
    drop(ranges);

    let maps = bare_maps(object, effort, many);
    finding.claims.push(Claim::ratio(
        format!("bare map, one look-up, {} of 1 k", count(many)),
        &maps[1],
        &maps[0],
        Bound::Told,
    ));
    finding.add_table("random stations", "ns a packet that arrived", packets);
    finding.add_table("bare hash map", "ns a look-up", maps);
    finding
}

/// A number of stations, in a word.
fn count(stations: u32) -> String {
    if stations == LARGE { "1 M".into() } else { format!("{} k", stations / 1000) }
}

/// Twice as many as there are: half of the room is for what is learned.
fn room(stations: u32) -> u32 {
    (2 * stations).max(131_072)
}

/// Writes so many stations down on a vxbpf host, all behind the other one.
fn fill(host: &Host, stations: u32) {
    let file = Batch::new("fill", "vxlan1", stations);
    host.vxbpf(&format!("-batch {}", file.0.display()));
}

/// What tables `fdb` and `ring` take, for each station that they have room for.
fn bytes_an_entry(host: &Host, room: u32) -> f64 {
    let maps = host.json("bpftool -j map show");
    // No other namespace has tables of this size.
    let bytes = |name: &str, rows: u32| {
        let mut maps = json::objects(&maps).into_iter();
        let map = maps.find(|map| map["name"] == name && map["max_entries"] == rows);
        map.unwrap_or_else(|| panic!("no map {name} of {rows} rows"))["bytes_memlock"]
            .as_f64()
            .expect("a size")
    };
    (bytes("fdb", room) + bytes("ring", room / 2)) / f64::from(room)
}

fn bare_maps(object: &Object, effort: &Effort, many: u32) -> Vec<Series> {
    let mut objects = [SMALL, many].map(|stations| bare_map(object, stations));
    let runs = u32::try_from(effort.count(40_000)).expect("a number of runs");
    let names = [SMALL, many].map(count);
    let mut sides: Vec<Side<'_>> = names
        .iter()
        .zip(&mut objects)
        .map(|(name, object)| -> Side<'_> {
            (name.as_str(), Box::new(move || Sample::whole(look_up(object, runs))))
        })
        .collect();
    interleave(effort, &mut sides)
}

fn bare_map(object: &Object, stations: u32) -> Ebpf {
    let mut object = object.load_with(Globals { stations, ..Globals::default() }, stations);
    let map = object.map_mut("stations").expect("a map");
    let mut table: HashMap<_, [u32; 3], [u64; 2]> = map.try_into().expect("a hash map");
    for station in 0..stations {
        table.insert([station, 0, 0], [1, 1], 0).expect("room for a station");
    }
    object
}

fn look_up(object: &mut Ebpf, runs: u32) -> f64 {
    const XDP_DROP: u32 = 1;
    let (verdict, with) = programs::time(xdp(object, "bench_lookup"), runs);
    assert_eq!(verdict, XDP_DROP, "a station is not in the bare map");
    let (_, without) = programs::time(xdp(object, "bench_no_lookup"), runs);
    with.saturating_sub(without).as_nanos() as f64 / LOOKUPS
}

/// P7: how long writing a million stations down takes.
pub fn programming(_: &Object, effort: &Effort) -> Finding {
    let effort = Effort { rounds: effort.rounds.min(3), ..*effort };
    let stations = u32::try_from(effort.count(LARGE.into())).expect("a number of stations");
    let mut finding = Finding {
        id: "P7",
        title: "programming 1 million stations",
        how: "A file with one `fdb add` a line for `vxbpf -batch`, and the same file for `bridge -batch`, into an empty \
              table each time; from the start of the command to its end; what each table then prints is counted.",
        ..Finding::default()
    };
    if effort.quick {
        finding
            .notes
            .push(format!("A quick look: {stations} stations, and starting the command weighs more."));
    }
    let (kernel, vxbpf) = (one_host("p7-kernel", HostSide::Kernel), one_host("p7-vxbpf", HostSide::Vxbpf));
    let file = Batch::new("program", "vxlan1", stations);
    let mut sides: Vec<Side<'_>> = vec![
        ("kernel", Box::new(|| program(kernel.host("a"), &file, stations))),
        ("vxbpf", Box::new(|| program(vxbpf.host("a"), &file, stations))),
    ];
    let all = interleave(&effort, &mut sides);
    drop(sides);
    finding.claims = vec![Claim::ratio(
        format!("programming {} stations, times the kernel", count(stations)),
        &all[0],
        &all[1],
        Bound::AtLeast(10.0),
    )];
    finding.add_table("a station", "us", all);
    finding
}

fn one_host(name: &str, side: HostSide) -> Net {
    Topology::new(name).cabled().host("a", side).host("b", HostSide::Kernel).up()
}

fn program(host: &Host, file: &Batch, stations: u32) -> Sample {
    let options = "id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 dev eth0";
    let path = file.0.display();
    let start;
    match host.side() {
        HostSide::Kernel => {
            host.link_add("vxlan1", options);
            start = Instant::now();
            host.run(&format!("bridge -batch {path}"));
        }
        HostSide::Vxbpf => {
            host.link_add("vxlan1", &format!("{options} fdbsize {}", 2 * LARGE));
            start = Instant::now();
            host.vxbpf(&format!("-batch {path}"));
        }
    }
    let elapsed = start.elapsed();
    let there = host.fdb("show dev vxlan1").stdout.lines().filter(|line| line.starts_with("02:be:")).count();
    match host.side() {
        HostSide::Kernel => drop(host.run("ip link del dev vxlan1")),
        HostSide::Vxbpf => drop(host.vxbpf("detach --all")),
    }
    let value = elapsed.as_secs_f64() * 1e6 / f64::from(stations);
    Sample { value, sent: stations.into(), arrived: there as u64 }
}

/// A file with an `fdb add` for each of so many stations; gone with its owner.
struct Batch(PathBuf);

impl Batch {
    fn new(name: &str, device: &str, stations: u32) -> Self {
        let path = env::temp_dir().join(format!("vxbpf-bench-{}-{name}", process::id()));
        let line = |station: u32| {
            let [a, b, c, d] = station.to_be_bytes();
            format!("fdb add 02:be:{a:02x}:{b:02x}:{c:02x}:{d:02x} dev {device} dst 192.168.1.200\n")
        };
        let text: String = (0..stations).map(line).collect();
        fs::write(&path, text).expect("a temporary file");
        Self(path)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // It is no loss if it is gone.
        let _gone = fs::remove_file(&self.0);
    }
}
