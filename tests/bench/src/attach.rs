//! P10: how long attaching takes, and what many overlays on one underlay cost a packet.

use std::{
    env,
    fmt::Write as _,
    fs,
    net::UdpSocket,
    process, thread,
    time::{Duration, Instant},
};

use vxlan_tests::{Container, Host, Net, Side as HostSide, Topology, command};

use crate::{
    claim::{Bound, Claim},
    finding::Finding,
    packets::Range,
    programs::Object,
    rounds::{Effort, Side, interleave},
    series::Sample,
    stage::{Way, ends},
};

/// Overlays of one underlay, and of a quick look. Making more takes long: each new device is seen by all that come after
/// it, and the time a device takes grows with their number.
const VNIS: u32 = 512;
const FEW_VNIS: u32 = 16;

/// How long an answer is waited for before the question is asked again.
const AGAIN: Duration = Duration::from_millis(1);

/// Nothing takes longer to attach.
const LIMIT: Duration = Duration::from_secs(30);

/// P10.
pub fn first_packet(object: &Object, effort: &Effort) -> Finding {
    let mut finding = Finding {
        id: "P10",
        title: "attaching, and many overlays on one underlay",
        how: "From the start of the command that makes the overlay and its port, in a namespace that has none, until a \
              question from the container to the other host's has its answer; it is asked every millisecond. Beside it, \
              the kernel's device and bridge made by one `ip -batch`. Then 64-byte packets of one overlay, as P1, with \
              that one overlay on the underlays and with many.",
        ..Finding::default()
    };
    let nets = [HostSide::Kernel, HostSide::Vxbpf].map(two_hosts);
    let mut sides: Vec<Side<'_>> =
        vec![("kernel", Box::new(|| first_answer(&nets[0]))), ("vxbpf", Box::new(|| first_answer(&nets[1])))];
    let all = interleave(effort, &mut sides);
    drop(sides);
    drop(nets);
    let what = "attach until the first packet passes";
    finding.claims.push(Claim::absolute(what, &all[1], "ms", Bound::AtMost(100.0)));
    finding.claims.push(Claim::absolute(format!("{what}, kernel"), &all[0], "ms", Bound::Told));
    finding.add_table("attach", "ms until the first answer", all);

    let vnis = if effort.quick { FEW_VNIS } else { VNIS };
    let ranges = [1, vnis].map(|vnis| {
        let range = Range::new(object, Way::Xdp, "");
        for (host, ..) in ends(&range.stage.net) {
            add_overlays(host, vnis - 1);
        }
        range
    });
    let many = format!("{vnis} VNIs");
    let mut sides: Vec<Side<'_>> = ["1 VNI", many.as_str()]
        .into_iter()
        .zip(&ranges)
        .map(|(name, range)| (name, range.side(object, effort, 1).1))
        .collect();
    let packets = interleave(effort, &mut sides);
    drop(sides);
    finding.notes.push(format!("The target speaks of 4096 overlays; {vnis} are what this run made."));
    let what = format!("64 B, {vnis} VNIs on one underlay, of 1");
    finding.claims.push(Claim::ratio(what, &packets[1], &packets[0], Bound::AtMost(1.05)));
    finding.add_table("one overlay of many", "ns a packet that arrived", packets);
    finding
}

/// Two hosts, of which the second is joined already.
fn two_hosts(side: HostSide) -> Net {
    let name = if side == HostSide::Kernel { "p10-kernel" } else { "p10-vxbpf" };
    let net = Topology::new(name).cabled().host("a", side).host("b", side);
    let net = net.container("c1").on("a").container("c2").on("b").up();
    let (c1, c2) = (net.container("c1"), net.container("c2"));
    for (from, to) in [(c1, c2), (c2, c1)] {
        from.run(&format!("ip neigh replace {} lladdr {} dev eth0 nud permanent", to.ipv4, to.mac));
    }
    join(net.host("b"), c2);
    net
}

/// Makes an overlay and its port by one command.
fn join(host: &Host, container: &Container) {
    let (local, port) = (host.address, container.port());
    let remote = if host.name() == "a" { "192.168.1.200" } else { "192.168.1.100" };
    let netns = host.netns().name();
    let lines = match host.side() {
        HostSide::Kernel => format!(
            "link add vxlan1 type vxlan id 444 dstport 4789 remote {remote} local {local} dev eth0\n\
             link add br0 type bridge\nlink set dev br0 up\nlink set dev vxlan1 master br0 up\n\
             link set dev {port} master br0\n"
        ),
        HostSide::Vxbpf => {
            format!("attach eth0 --vni 444 --remote {remote} --local {local}\nport add {port} --vni 444\n")
        }
    };
    let file = env::temp_dir().join(format!("vxbpf-bench-{}-join", process::id()));
    fs::write(&file, lines).expect("a temporary file");
    let path = file.display();
    match host.side() {
        HostSide::Kernel => drop(command::run(&format!("ip -n {netns} -batch {path}")).expect_success()),
        HostSide::Vxbpf => drop(host.vxbpf(&format!("-batch {path}"))),
    }
    let _gone = fs::remove_file(&file);
}

/// Joins the first host, which has nothing, while its container asks; milliseconds until it is answered.
fn first_answer(net: &Net) -> Sample {
    let (a, c1, c2) = (net.host("a"), net.container("c1"), net.container("c2"));
    let server = c2.within(|| UdpSocket::bind((c2.ipv4, 0))).expect("a socket");
    let client = c1.within(|| UdpSocket::bind((c1.ipv4, 0))).expect("a socket");
    client.connect(server.local_addr().expect("its address")).expect("a way to c2");
    client.set_read_timeout(Some(AGAIN)).expect("a time limit");
    server.set_read_timeout(Some(LIMIT)).expect("a time limit");
    let start = Instant::now();
    let elapsed = thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = [0; 64];
            if let Ok((_, from)) = server.recv_from(&mut buffer) {
                server.send_to(&[0; 64], from).expect("an answer sent");
            }
        });
        let asking = scope.spawn(|| {
            while start.elapsed() < LIMIT {
                client.send(&[0; 64]).expect("a question sent");
                if client.recv(&mut [0; 64]).is_ok() {
                    return Some(start.elapsed());
                }
            }
            None
        });
        join(a, c1);
        asking.join().expect("the client")
    });
    match a.side() {
        HostSide::Kernel => {
            a.run("ip link del dev vxlan1");
            a.run("ip link del dev br0");
        }
        HostSide::Vxbpf => drop(a.vxbpf("detach --all")),
    }
    Sample {
        value: elapsed.unwrap_or(LIMIT).as_secs_f64() * 1e3,
        sent: 1,
        arrived: u64::from(elapsed.is_some()),
    }
}

/// Puts more overlays on the underlay of a vxbpf host; they have no ports.
fn add_overlays(host: &Host, more: u32) {
    let mut lines = String::new();
    for number in 0..more {
        let (vni, local) = (10_000 + number, host.address);
        // Writing to a String cannot fail.
        let _ = writeln!(
            lines,
            "link add v{vni} type vxlan id {vni} dstport 4789 local {local} dev eth0 mode xdp"
        );
    }
    let file = env::temp_dir().join(format!("vxbpf-bench-{}-overlays", process::id()));
    // A command has a minute.
    for part in lines.lines().collect::<Vec<_>>().chunks(256) {
        fs::write(&file, part.join("\n") + "\n").expect("a temporary file");
        host.vxbpf(&format!("-batch {}", file.display()));
    }
    let _gone = fs::remove_file(&file);
}
