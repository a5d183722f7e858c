//! Learned neighbours under attack: containers that announce whatever they like, on all CPUs at once, while what is
//! learned is over every second and commands come between.
//!
//! ```text
//!   c1 -- p-c1 |
//!              | a: vxlan1, vni 444, maxneigh 3
//!   c2 -- p-c2 |
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use vxlan_tests::{
    Host, Mac, Side, Topology, command,
    frames::{FrameSocket, arp_answer},
    json,
    wait::SOON,
    wait_until,
};

const PLACES: usize = 3;
const HAND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const STATION: Mac = Mac([0x52, 0x5e, 0x55, 0x58, 0x9a, 0xab]);
/// The flag of a row that was learned.
const LEARNED: u64 = 1 << 2;

fn table(host: &Host, name: &str) -> Vec<(Value, Value)> {
    let status = json::parse(&host.vxbpf("-j status"));
    let directory = status["pins"].as_str().expect("a directory");
    let dump = json::parse(&command::run(&format!("bpftool -j map dump pinned {directory}/maps/{name}")));
    let row = |row: &Value| (row["formatted"]["key"].clone(), row["formatted"]["value"].clone());
    json::objects(&dump).into_iter().map(row).collect()
}

/// Learned rows by the port and number of their places; each has one of its own, which names it.
fn assert_places_are_sound(host: &Host) -> usize {
    let number = |value: &Value| value.as_u64().expect("a number");
    let place = |value: &Value| (number(&value["port"]), number(&value["number"]));
    let places: BTreeMap<(u64, u64), Value> =
        table(host, "binding").iter().map(|(at, row)| (place(at), row["holder"].clone())).collect();
    let mut taken = BTreeSet::new();
    for (key, row) in table(host, "neigh") {
        if number(&row["flags"]) & LEARNED != 0 {
            let at = place(&row["place"]);
            assert_eq!(places.get(&at), Some(&key), "{key} {row}");
            assert!(taken.insert(at), "{key} {row} shares its place");
        }
    }
    assert!(places.keys().all(|(_, number)| *number < PLACES as u64), "{places:?}");
    taken.len()
}

#[test]
fn announcements_on_all_cpus_at_once_and_commands_between_never_share_a_place_nor_touch_what_was_set_by_hand()
{
    const ATTACK: Duration = Duration::from_secs(10);
    let net = Topology::new("attacked").host("a", Side::Vxbpf);
    let net = net.container("c1").on("a").container("c2").on("a").up();
    let (a, containers) = (net.host("a"), ["c1", "c2"].map(|name| net.container(name)));
    a.link_add("vxlan1", "id 444 dstport 4789 local 192.168.1.100 dev eth0 neighlearn");
    a.run("ip link set dev vxlan1 up");
    a.set("ipv4/neigh/vxlan1/base_reachable_time_ms", "1000");
    a.vxbpf(&format!("link set vxlan1 type vxlan maxneigh {PLACES}"));
    for port in ["p-c1", "p-c2"] {
        a.vxbpf(&format!("port add {port} --vni 444"));
    }
    a.vxbpf(&format!("neigh add {HAND} lladdr {STATION} dev vxlan1"));
    let reader = a.monitor("neigh");
    wait_until("it to listen", SOON, || json::parse(&a.vxbpf("-j status"))["tables"]["reader"]["used"] == 1);

    let (begin, is_over) = (Instant::now(), AtomicBool::new(false));
    let mut sent = 0;
    std::thread::scope(|scope| {
        let attackers = (0..4_u8).map(|number| {
            let (container, is_over) = (containers[usize::from(number % 2)], &is_over);
            scope.spawn(move || {
                let socket = FrameSocket::open(container, "eth0");
                let mut random = u32::from(number) + 1;
                let mut frames = 0_u32;
                while !is_over.load(Ordering::Relaxed) {
                    // xorshift32: addresses and stations in no order.
                    for shift in [13, -17, 5] {
                        random ^= if shift > 0 { random << shift } else { random >> -shift };
                    }
                    let [host, station, ..] = random.to_be_bytes();
                    let (address, mac) =
                        ([10, 0, 0, host % 20 + 1].into(), Mac([2, 0, 0, 0, 7, station % 4]));
                    frames += u32::from(socket.offer(&arp_answer((mac, address), (STATION, HAND))));
                }
                frames
            })
        });
        let attackers: Vec<_> = attackers.collect();
        let mut turn = 0;
        while begin.elapsed() < ATTACK {
            let host = turn % 20 + 2;
            a.try_vxbpf(&format!("neigh del 10.0.0.{host} dev vxlan1"));
            a.vxbpf(&format!("neigh replace 10.0.0.{host} lladdr {STATION} dev vxlan1"));
            let shown = a.vxbpf(&format!("neigh get 10.0.0.{host} dev vxlan1")).stdout;
            assert_eq!(shown, format!("10.0.0.{host} dev vxlan1 lladdr {STATION} PERMANENT \n"));
            a.vxbpf(&format!("neigh del 10.0.0.{host} dev vxlan1"));
            if turn % 5 == 0 {
                a.vxbpf("neigh flush dev vxlan1");
            }
            turn += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        sent = attackers.into_iter().map(|attacker| attacker.join().expect("an attacker")).sum();
    });
    println!("{sent} announcements, {} lines told", reader.so_far().len());
    assert!(sent > 100_000, "{sent} are no attack");
    let learned = assert_places_are_sound(a);
    assert!((1..=2 * PLACES).contains(&learned), "{learned} were learned");
    assert_eq!(
        a.vxbpf(&format!("neigh get {HAND} dev vxlan1")).stdout,
        format!("{HAND} dev vxlan1 lladdr {STATION} PERMANENT \n")
    );
    // Both ports still learn.
    for (container, host) in containers.iter().zip([101, 102]) {
        let socket = FrameSocket::open(container, "eth0");
        wait_until("a new address to be learned", SOON, || {
            socket.send(&arp_answer((container.mac, [10, 0, 0, host].into()), (STATION, HAND)));
            a.vxbpf("neigh show")
                .stdout
                .contains(&format!("10.0.0.{host} dev vxlan1 lladdr {}", container.mac))
        });
    }
    assert_places_are_sound(a);
}
