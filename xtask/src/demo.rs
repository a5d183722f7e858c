//! `cargo xtask demo`: two hosts and a container on each, made of network namespaces; what one types, what crosses
//! the wire, what the tables hold; then everything is removed.

mod stage;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::run::is_root;
use crate::setup::Scope;
use stage::Stage;

const PING: &str = "ping -n -c 3 -i 0.2 -W 2 172.55.1.3";
const CAPTURE: &str = "/tmp/vxbpf-demo.pcap";

/// Builds what is missing and plays it.
pub fn run() -> Result<()> {
    ensure!(is_root(), "the demo makes network namespaces and loads programs: run it as root");
    build::run(Scope::Test)?;
    let begin = Instant::now();
    let stage = Stage::new()?;
    play(&stage)?;
    let left = stage.remove()?;
    heading("Everything is removed");
    println!("{left}");
    println!("\nThat took {:.0} s. `vxbpf --help` and README.md say more.", begin.elapsed().as_secs_f64());
    Ok(())
}

fn play(stage: &Stage) -> Result<()> {
    let (a, b) = (&stage.a, &stage.b);
    println!(
        "\n  c1 172.55.1.2               vni 444               c2 172.55.1.3\n\
         \x20  |                                                |\n\
         \x20 host a 192.168.1.100 ------ the wire ------ host b 192.168.1.200"
    );
    heading("On each host: a VTEP, and its container straight in the overlay");
    for (host, local, remote) in
        [(a, "192.168.1.100", "192.168.1.200"), (b, "192.168.1.200", "192.168.1.100")]
    {
        stage.vxbpf(host, &format!("attach eth0 --vni 444 --local {local} --remote {remote}"))?;
        stage.vxbpf(host, "port add p1 --vni 444")?;
    }

    heading("No vxbpf process is running; the containers reach each other");
    ensure!(stage::processes("vxbpf").is_empty(), "a vxbpf process is running");
    println!("{}", stage.c1.run_until(PING, Duration::from_secs(20))?);

    heading("A TCP transfer between the containers");
    let capture =
        a.spawn(&format!("tcpdump -i eth0 -n -s 200 -c 5 -w {CAPTURE} udp port 4789 and greater 1000"))?;
    capture.wait_for_error("listening on")?;
    let server = stage.c2.spawn("iperf3 -s -1 --forceflush")?;
    server.wait_for_output("Server listening")?;
    let transfer = stage.c1.run("iperf3 -c 172.55.1.3 -n 512M -f g")?;
    let lines: Vec<&str> = transfer.lines().filter(|line| line.contains("receiver")).collect();
    println!("{}", lines.join("\n"));

    heading("What the wire carried: one packet, outer headers first");
    drop(capture);
    let packet = a.run(&format!("tshark -r {CAPTURE} -c 1 -V -O eth,ip,udp,vxlan,ipv6,arp,tcp"))?;
    print_headers(&packet);

    heading("The tables, through vxbpf");
    for words in ["status", "fdb", "stats", "drops"] {
        stage.vxbpf(a, words)?;
    }

    heading("The same, through bpftool");
    let table = stage::pinned_table("fdb").context("no pinned table fdb")?;
    let dump = a.run(&format!("bpftool map dump pinned {}", table.display()))?;
    println!("# bpftool map dump pinned {}", table.display());
    println!("{}", dump.lines().take(18).collect::<Vec<_>>().join("\n"));
    println!("  ...");
    let programs = a.run("bpftool prog list")?;
    println!("# bpftool prog list");
    for line in programs.lines().filter(|line| line.contains("vxbpf")) {
        println!("{line}");
    }
    Ok(())
}

/// The lines of a decoded packet that name a header or one of its main fields.
fn print_headers(decoded: &str) {
    const WANTED: [&str; 12] = [
        "Ethernet II",
        "Internet Protocol",
        "User Datagram",
        "Virtual eXtensible",
        "VXLAN Network Identifier",
        "Transmission Control",
        "Address Resolution",
        "    Total Length",
        "    Time to Live",
        "    Source Port",
        "    Destination Port",
        "    Checksum",
    ];
    for line in decoded.lines().filter(|line| {
        WANTED
            .iter()
            .any(|wanted| line.starts_with(wanted) || line.trim_start().starts_with(wanted.trim_start()))
    }) {
        println!("{line}");
    }
}

fn heading(text: &str) {
    println!("\n== {text}");
}
