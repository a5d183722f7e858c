//! The bench's own BPF programs: loaded from the object once for each place, and gone when they are dropped.

use std::time::Duration;

use aya::{
    Ebpf, EbpfLoader,
    maps::{MapData, PerCpuArray, ProgramArray},
    programs::{
        ProgramFd, SchedClassifier, TcAttachType, TestRun as _, TestRunAttrs, TestRunOptions, Xdp, XdpMode,
        loaded_programs,
    },
};
use vxlan_tests::{Netns, json};

/// The object that `cargo xtask build-ebpf --bench` makes.
pub struct Object(pub Vec<u8>);

/// What a copy of the programs is told when it is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Globals {
    /// Device that redirects lead to.
    pub target: u32,
    /// UDP port that makes a frame one of the bench's own.
    pub port: u16,
    /// Stations to choose from.
    pub stations: u32,
}

impl Default for Globals {
    fn default() -> Self {
        Self { target: 0, port: DISCARD, stations: 1 }
    }
}

/// UDP port of what the bench sends (RFC 863).
pub const DISCARD: u16 = 9;

impl Object {
    /// Loads the maps; programs are loaded when they are asked for.
    pub fn load(&self, globals: Globals) -> Ebpf {
        self.load_with(globals, 1)
    }

    /// The same with room for so many rows in the bare table.
    pub fn load_with(&self, globals: Globals, rows: u32) -> Ebpf {
        EbpfLoader::new()
            .override_global("TARGET", &globals.target, true)
            .override_global("PORT", &u32::from(globals.port), true)
            .override_global("STATIONS", &globals.stations, true)
            .map_max_entries("stations", rows)
            .load(&self.0)
            .expect("the bench's object")
    }

    /// Hangs an XDP program at a device.
    pub fn attach_xdp(&self, name: &str, netns: &Netns, device: &str, globals: Globals) -> Ebpf {
        let mut object = self.load(globals);
        hang_xdp(&mut object, name, netns, device);
        object
    }

    /// Hangs a program at a device's TC ingress.
    pub fn attach_tc(&self, name: &str, netns: &Netns, device: &str, target: &str) -> Ebpf {
        let mut object = self.load(Globals { target: index_of(netns, target), ..Globals::default() });
        hang_tc(&mut object, name, netns, device);
        object
    }
}

fn hang_xdp(object: &mut Ebpf, name: &str, netns: &Netns, device: &str) {
    let index = index_of(netns, device);
    netns.within(|| {
        xdp(object, name)
            .attach_to_if_index(index, XdpMode::Driver)
            .unwrap_or_else(|error| panic!("cannot attach {name} to {device}: {error}"))
    });
}

fn hang_tc(object: &mut Ebpf, name: &str, netns: &Netns, device: &str) {
    netns.within(|| {
        let program: &mut SchedClassifier =
            object.program_mut(name).expect("a program").try_into().expect("a TC program");
        program.load().unwrap_or_else(|error| panic!("cannot load {name}: {error}"));
        program
            .attach(device, TcAttachType::Ingress)
            .unwrap_or_else(|error| panic!("cannot attach {name} to {device}: {error}"))
    });
}

/// Loads an XDP program, if it is not.
pub fn xdp<'a>(object: &'a mut Ebpf, name: &str) -> &'a mut Xdp {
    let program: &mut Xdp = object.program_mut(name).expect("a program").try_into().expect("an XDP program");
    if program.fd().is_err() {
        program.load().unwrap_or_else(|error| panic!("cannot load {name}: {error}"));
    }
    program
}

/// The index of a device.
pub fn index_of(netns: &Netns, device: &str) -> u32 {
    let links = netns.json(&format!("ip -j link show dev {device}"));
    let index = json::objects(&links)[0]["ifindex"].as_u64().expect("an index");
    index.try_into().expect("a small index")
}

/// The XDP program that hangs at a device, whoever hung it there.
pub fn xdp_at(netns: &Netns, device: &str) -> Option<ProgramFd> {
    let links = netns.json(&format!("ip -j -d link show dev {device}"));
    let id = json::objects(&links)[0]["xdp"]["prog"]["id"].as_u64()?;
    let program = loaded_programs().flatten().find(|program| u64::from(program.id()) == id)?;
    Some(program.fd().expect("a program that hangs there"))
}

/// The counting end of a way: an XDP program at a device, and one at its TC ingress for what was handed over behind the
/// first.
pub struct Sink {
    object: Ebpf,
}

impl Sink {
    /// Counts, and drops, the frames to UDP port `port` that reach `device`.
    pub fn at(objects: &Object, netns: &Netns, device: &str, port: u16) -> Self {
        let mut object = objects.load(Globals { port, ..Globals::default() });
        hang_xdp(&mut object, "bench_sink", netns, device);
        hang_tc(&mut object, "bench_tc_sink", netns, device);
        Self { object }
    }

    /// How many came so far.
    pub fn arrived(&self) -> u64 {
        let map = self.object.map("arrived").expect("a map");
        let counts: PerCpuArray<&MapData, u64> = map.try_into().expect("an array");
        counts.get(&0, 0).expect("a count").iter().sum()
    }
}

/// A program that gets frames as if a device had received them (live frames: Linux 5.18).
pub struct Gun {
    object: Ebpf,
    program: &'static str,
    device: u32,
    /// Frames that the kernel hands on at a time.
    batch: u32,
}

/// As many frames as a NAPI poll takes.
pub const BATCH: u32 = 64;

impl Gun {
    /// Frames as they are, to `program` of the bench.
    pub fn new(
        objects: &Object,
        program: &'static str,
        netns: &Netns,
        device: &str,
        globals: Globals,
    ) -> Self {
        let mut object = objects.load(globals);
        xdp(&mut object, program);
        Self { object, program, device: index_of(netns, device), batch: BATCH }
    }

    /// Frames that `generator` writes another station into, to `program`.
    pub fn through(
        objects: &Object,
        generator: &'static str,
        program: &ProgramFd,
        netns: &Netns,
        device: &str,
        globals: Globals,
    ) -> Self {
        let mut gun = Self::new(objects, generator, netns, device, globals);
        let map = gun.object.map_mut("next").expect("a map");
        let mut next: ProgramArray<&mut MapData> = map.try_into().expect("a program array");
        next.set(0, program, 0).expect("a program of the same kind as the generator");
        gun
    }

    /// So many frames at a time: fewer where each becomes many.
    pub fn with_batch(mut self, batch: u32) -> Self {
        self.batch = batch;
        self
    }

    /// Sends `frame` `count` times. Call it in the namespace of the device.
    pub fn fire(&mut self, frame: &[u8], count: u64) {
        let context = context(frame.len(), self.device);
        let options = TestRunOptions {
            data_in: Some(frame),
            ctx_in: Some(&context),
            repeat: count.try_into().expect("a count of 32 bits"),
            attrs: TestRunAttrs::new().xdp_live_frames(self.batch),
            ..TestRunOptions::new()
        };
        xdp(&mut self.object, self.program).test_run(options).expect("frames sent by BPF_PROG_TEST_RUN");
    }
}

/// A `struct xdp_md`.
fn context(length: usize, device: u32) -> Vec<u8> {
    let length = u32::try_from(length).expect("a short frame");
    // data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
    [0, length, 0, device, 0, 0].iter().flat_map(|word: &u32| word.to_ne_bytes()).collect()
}

/// Runs an XDP program many times without sending anything; how long one run took, as the kernel says.
pub fn time(program: &mut Xdp, runs: u32) -> (u32, Duration) {
    let frame = [0; 64];
    let options = TestRunOptions { data_in: Some(&frame), repeat: runs, ..TestRunOptions::new() };
    let result = program.test_run(options).expect("a run of the program");
    (result.return_value, result.duration)
}
