//! P1 and P2: 64-byte packets on one core, from port to port through encapsulation, underlay and decapsulation.
//!
//! Frames enter by the kernel's live-frame mode of BPF_PROG_TEST_RUN, as if port `p-c1` had received them, and end in a
//! counting XDP drop at the far container. A program of the bench's hands them on by a tail call: on vxbpf's side to the
//! very program that hangs at the port, on the kernel's to one that returns XDP_PASS, which puts them into the stack at
//! the same place, on the floor's to one that redirects.

use std::time::{Duration, Instant};

use aya::{Ebpf, programs::ProgramFd};
use vxlan_tests::{
    Host, Netns, Wire,
    frames::{IPV4, ethernet, udp4},
};

use crate::{
    claim::{Bound, Claim},
    cpu,
    finding::Finding,
    programs::{DISCARD, Globals, Gun, Object, Sink, index_of, xdp, xdp_at},
    rounds::{Effort, Side, interleave},
    series::{Sample, Series},
    stage::{Stage, Way, ends},
};

/// Stations for "random MACs".
const STATIONS: u32 = 1000;

/// Frames that do not arrive are given up after this.
const PATIENCE: Duration = Duration::from_millis(100);

/// A way for packets: where they enter, and where they are counted.
pub struct Range {
    /// Hosts and containers.
    pub stage: Stage,
    /// At the far container.
    pub sink: Sink,
    /// Programs that hang where the kernel needs one before it takes or gives XDP frames.
    _hung: Vec<Ebpf>,
    /// The program that frames are handed to.
    entry: ProgramFd,
}

impl Range {
    /// Builds it.
    pub fn new(object: &Object, way: Way, options: &str) -> Self {
        let stage = Stage::with(object, way, Wire::Veth, options);
        let (a, b) = (stage.net.host("a"), stage.net.host("b"));
        let mut hung = Vec::new();
        let entry = match way {
            Way::Xdp => xdp_at(a, "p-c1").expect("an XDP program at a port of mode xdp"),
            Way::Bare => {
                let on = |host, device, target| {
                    let globals = Globals { target: index_of(host, target), ..Globals::default() };
                    object.attach_xdp("bench_forward", host, device, globals)
                };
                hung.push(on(b, "eth0", "p-c2"));
                // The other way is not taken; but a veth takes XDP frames only where its peer polls.
                hung.push(on(a, "eth0", "p-c1"));
                let mut at_port = on(a, "p-c1", "eth0");
                let entry = fd(&mut at_port, "bench_forward");
                hung.push(at_port);
                entry
            }
            Way::Kernel | Way::Tc | Way::Floor | Way::EncapOnly => {
                // Live frames need a device with an XDP program; theirs go straight into the stack.
                for (host, port) in [(a, "p-c1"), (b, "p-c2")] {
                    hung.push(object.attach_xdp("bench_pass", host, port, Globals::default()));
                }
                fd(&mut hung[0], "bench_pass")
            }
        };
        let sink = Sink::at(object, stage.net.container("c2"), "eth0", DISCARD);
        if way == Way::Xdp {
            // What takes XDP frames is found out when a command changes something: now the far ends poll.
            for (host, container, _) in ends(&stage.net) {
                host.vxbpf(&format!("port add {} --vni 444 --mode xdp", container.port()));
            }
        }
        Self { stage, sink, _hung: hung, entry }
    }

    /// Lets both hosts know where the stations are.
    pub fn prepare(&self, object: &Object, stations: u32) {
        if stations > 1 && self.stage.way != Way::Bare {
            self.announce(object, stations);
        }
    }

    /// A round: frames to one station or to many.
    pub fn side(&self, object: &Object, effort: &Effort, stations: u32) -> Side<'_> {
        let (mut gun, frame) = (self.gun(object, stations), self.frame());
        let count = effort.count(match self.stage.way {
            Way::Kernel => 60_000,
            Way::Tc | Way::Floor | Way::EncapOnly => 200_000,
            Way::Xdp | Way::Bare => 800_000,
        });
        (self.stage.way.name(), Box::new(move || self.shoot(&mut gun, &frame, count)))
    }

    /// A gun at the near port; with `stations`, its frames go to that many by turns.
    pub fn gun(&self, object: &Object, stations: u32) -> Gun {
        let globals = Globals { stations, ..Globals::default() };
        let generator = if stations > 1 { "bench_generate" } else { "bench_hand_on" };
        Gun::through(object, generator, &self.entry, self.near(), "p-c1", globals)
    }

    /// The near host.
    pub fn near(&self) -> &Host {
        self.stage.net.host("a")
    }

    /// Has every one of `stations` say something from the far port, so that both hosts know where it is.
    pub fn announce(&self, object: &Object, stations: u32) {
        let far = self.stage.net.host("b");
        let mut pass = object.load(Globals::default());
        let into_the_stack = fd(&mut pass, "bench_pass");
        let mut gun =
            Gun::through(object, "bench_announce", &into_the_stack, far, "p-c2", Globals::default());
        let c1 = self.stage.net.container("c1");
        let frame = frame(c1.mac.0, [0; 6], "172.55.1.3", "172.55.1.2");
        far.within(|| gun.fire(&frame, stations.into()));
    }

    /// Frames to the far container.
    pub fn frame(&self) -> Vec<u8> {
        let (c1, c2) = (self.stage.net.container("c1"), self.stage.net.container("c2"));
        frame(c2.mac.0, c1.mac.0, "172.55.1.2", "172.55.1.3")
    }

    /// Sends so many frames and waits for them at the far end; nanoseconds of each that arrived.
    pub fn shoot(&self, gun: &mut Gun, frame: &[u8], count: u64) -> Sample {
        shoot(self.near(), gun, &self.sink, frame, count, 1)
    }
}

/// Sends frames, each of which becomes `copies`, and waits for them; nanoseconds of each that arrived. One core does it
/// all: what the frames wake runs on the core that sends them.
pub fn shoot(from: &Netns, gun: &mut Gun, sink: &Sink, frame: &[u8], count: u64, copies: u64) -> Sample {
    let before = sink.arrived();
    let sent = count * copies;
    let (elapsed, arrived) = from.within(|| {
        cpu::pin(0);
        let start = Instant::now();
        gun.fire(frame, count);
        let (mut elapsed, mut arrived) = (start.elapsed(), sink.arrived() - before);
        while arrived < sent && start.elapsed() < elapsed + PATIENCE {
            let now = sink.arrived() - before;
            if now > arrived {
                (elapsed, arrived) = (start.elapsed(), now);
            }
        }
        (elapsed, arrived)
    });
    Sample { value: elapsed.as_secs_f64() * 1e9 / arrived.max(1) as f64, sent, arrived }
}

/// 64 bytes of Ethernet, IPv4 and UDP.
pub fn frame(to: [u8; 6], from: [u8; 6], source: &str, destination: &str) -> Vec<u8> {
    let packet = udp4(source, destination, 4000, DISCARD, &[0x5a; 64 - 14 - 28]);
    ethernet(vxlan_tests::Mac(to), vxlan_tests::Mac(from), IPV4, &packet)
}

/// P1: against the kernel.
pub fn against_the_kernel(object: &Object, effort: &Effort) -> Finding {
    let mut finding = Finding {
        id: "P1",
        title: "64-byte packets, one core, port to port, against the kernel",
        how: "64-byte frames enter at port p-c1 by the live-frame mode of BPF_PROG_TEST_RUN and are counted by an XDP drop               at the far container; one core does all of it. Entry, underlay and end are the same on all sides.",
        ..Finding::default()
    };
    for (what, stations, least) in [("one flow", 1, 14.0), ("1,000 MACs at random", STATIONS, 11.0)] {
        let all = rounds(object, effort, &[Way::Kernel, Way::Xdp, Way::Tc], stations);
        let [kernel, vxbpf, tc] = &all[..] else { unreachable!("a series for each way") };
        finding.claims.extend([
            Claim::ratio(format!("64 B, {what}, times the kernel"), kernel, vxbpf, Bound::AtLeast(least)),
            Claim::ratio(format!("64 B, {what}, TC, times the kernel"), kernel, tc, Bound::Told),
        ]);
        finding.add_table(what, "ns a packet that arrived", all);
    }
    finding
}

/// P2: against a bare XDP forward.
pub fn against_the_floor(object: &Object, effort: &Effort) -> Finding {
    let mut finding = Finding {
        id: "P2",
        title: "the same against a bare XDP forward",
        how: "As P1; the floor is a program at the same port and one at the same underlay device that redirect the same               frames along the same path, without encapsulation.",
        ..Finding::default()
    };
    for (what, stations, most) in [("one flow", 1, 1.3), ("1,000 MACs at random", STATIONS, 1.6)] {
        let all = rounds(object, effort, &[Way::Bare, Way::Xdp], stations);
        let [floor, vxbpf] = &all[..] else { unreachable!("a series for each way") };
        finding.claims.push(Claim::ratio(
            format!("64 B, {what}, of the floor"),
            vxbpf,
            floor,
            Bound::AtMost(most),
        ));
        finding.add_table(what, "ns a packet that arrived", all);
    }
    finding
}

fn rounds(object: &Object, effort: &Effort, ways: &[Way], stations: u32) -> Vec<Series> {
    let ranges: Vec<Range> = ways.iter().map(|way| Range::new(object, *way, "")).collect();
    for range in &ranges {
        range.prepare(object, stations);
    }
    let mut sides: Vec<Side<'_>> = ranges.iter().map(|range| range.side(object, effort, stations)).collect();
    interleave(effort, &mut sides)
}

fn fd(object: &mut Ebpf, name: &str) -> ProgramFd {
    xdp(object, name).fd().expect("a loaded program").try_clone().expect("its descriptor")
}
