//! `cargo xtask test`: builds all and runs the tests, ring by ring; a run of a ring that runs no test fails.
//!
//! The network scenarios run in mode auto, again in mode xdp but for those of [`ONCE`], and a few in mode tc: see
//! [`net_runs`].

use std::env;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::setup::Scope;
use crate::{build, run, workspace};

/// The options of `test`.
#[derive(clap::Args)]
pub struct Args {
    /// Run this ring only
    #[arg(long, value_enum)]
    ring: Option<Ring>,
    /// Arguments of the network tests' binaries: names to run, --nocapture, ...
    #[arg(last = true)]
    net_args: Vec<String>,
}

/// A set of tests with the same needs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ring {
    /// Unit and property tests, on the host, without root
    Unit,
    /// Loaded programs and network namespaces; needs root
    Net,
}

impl Ring {
    fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Net => "net",
        }
    }

    /// Its runs, one after the other.
    fn runs(self, net_args: &[String]) -> Vec<TestRun> {
        match self {
            // The default members, the loader's own, and what the bench makes of its figures.
            Self::Unit => [&[][..], &["--package", "vxlan-loader"], &["--package", "vxlan-bench"]]
                .map(|cargo| TestRun { cargo, mode: None, tests: Vec::new() })
                .into(),
            Self::Net => net_runs(net_args, env::var(MODE).ok()),
        }
    }
}

/// A run of test binaries.
#[derive(Debug, PartialEq, Eq)]
struct TestRun {
    /// What `cargo test` is told.
    cargo: &'static [&'static str],
    /// The mode that VTEP devices are made with.
    mode: Option<String>,
    /// What the test binaries are told.
    tests: Vec<String>,
}

/// The variable from which the network tests know their mode.
const MODE: &str = "VXBPF_MODE";

const NET: &[&str] = &["--release", "--package", "vxlan-tests", "--tests"];

/// Network tests, most of them whole modules, that one run is enough for, since no mode changes what they see. (libtest
/// skips by a part of the name: the first also stands for the scenarios between two hosts of the kernel's.)
const ONCE: &[&str] = &[
    // Without vxbpf.
    "harness::",
    // Names modes itself, each of them.
    "budget::",
    "xdp::",
    "xdp_traffic::",
    // What is refused, printed and kept in tables, before a frame is looked at.
    "article::",
    "bad_input::",
    "bpftool::",
    "fdb_batch::",
    // Long, and about machines rather than modes.
    "throughput::",
    "mixed::",
    "lifetime::a_thousand_rounds",
    "monitor::a_storm_of_misses",
];

/// The scenarios that show that mode tc is what it was: containers, the host itself, frames of all kinds, changes.
const IN_TC: &[&str] = &[
    "row1_point_to_point::vxbpf_to_vxbpf",
    "row3_containers::",
    "frames_of_all_kinds::",
    "fdb_life::",
    "mtu::",
];

/// Who names tests, or a mode in the environment, gets one run.
fn net_runs(net_args: &[String], mode: Option<String>) -> Vec<TestRun> {
    let run = |mode: &str, tests| TestRun { cargo: NET, mode: Some(mode.into()), tests };
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if !net_args.is_empty() || mode.is_some() {
        return vec![run(mode.as_deref().unwrap_or("auto"), net_args.to_vec())];
    }
    let skipped: Vec<&str> = ONCE.iter().flat_map(|module| ["--skip", module]).collect();
    vec![run("auto", Vec::new()), run("xdp", own(&skipped)), run("tc", own(IN_TC))]
}

/// Builds what the wanted rings need and runs them, the cheapest first.
pub fn run(args: &Args) -> Result<()> {
    let rings = args.ring.map_or_else(|| vec![Ring::Unit, Ring::Net], |ring| vec![ring]);
    if rings.contains(&Ring::Net) {
        ensure!(run::is_root(), "the net tests need root: run as root, or only `--ring unit`");
        build::run(Scope::Test)?;
    } else {
        build::object(Scope::Build)?;
    }
    let mut tests = 0;
    for ring in rings {
        tests += run_ring(ring, &args.net_args)?;
    }
    // The last binary may well have run none: this line tells of all of them.
    println!("tests: {tests} passed, 0 failed");
    Ok(())
}

/// Compiles a ring's tests, then runs them against the clock; returns how many passed.
fn run_ring(ring: Ring, net_args: &[String]) -> Result<u64> {
    let runs = ring.runs(net_args);
    for run in &runs {
        run::visibly(cargo_test(run.cargo).arg("--no-run"))?;
    }
    let (begin, mut passed) = (Instant::now(), 0);
    // One failure shall not hide the next run's.
    let outcomes: Vec<Result<u64>> = runs.iter().map(|run| run_tests(ring, run, &mut passed)).collect();
    let name = ring.name();
    println!("ring {name}: {passed} tests passed in {:.1} s", begin.elapsed().as_secs_f64());
    for outcome in outcomes {
        ensure!(outcome? > 0, "ring {name}: no test ran");
    }
    Ok(passed)
}

fn run_tests(ring: Ring, run: &TestRun, passed: &mut u64) -> Result<u64> {
    let (begin, before) = (Instant::now(), *passed);
    let mut command = cargo_test(run.cargo);
    if ring == Ring::Net {
        // In the environment, unlike in the arguments, a user's own --test-threads overrides it.
        command.env("RUST_TEST_THREADS", "2").env("VXBPF", workspace::vxbpf());
        command.arg("--").args(&run.tests);
    }
    if let Some(mode) = &run.mode {
        command.env(MODE, mode);
    }
    let outcome = run::streaming(&mut command, |line| *passed += tests_passed(line));
    if let Some(mode) = &run.mode {
        println!("mode {mode}: {} tests passed in {:.1} s", *passed - before, begin.elapsed().as_secs_f64());
    }
    outcome.map(|()| *passed - before)
}

fn cargo_test(args: &[&str]) -> Command {
    let mut command = workspace::cargo();
    // One failure shall not hide the next file's.
    command.args(["test", "--no-fail-fast"]).args(args);
    command
}

/// How many tests passed, if this is the line with which a test binary ends.
fn tests_passed(line: &str) -> u64 {
    line.strip_prefix("test result: ")
        .and_then(|rest| rest.split_once(" passed"))
        .and_then(|(before, _)| before.split(' ').next_back()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_modes_are_run_unless_somebody_names_one_or_names_tests() {
        let modes = |args: &[String], mode: Option<&str>| {
            let runs = net_runs(args, mode.map(Into::into));
            runs.into_iter().filter_map(|run| run.mode).collect::<Vec<_>>()
        };
        assert_eq!(modes(&[], None), ["auto", "xdp", "tc"]);
        assert_eq!(modes(&[], Some("xdp")), ["xdp"]);
        assert_eq!(modes(&["row1".into()], None), ["auto"]);
        let again = net_runs(&[], None).remove(1).tests;
        assert_eq!(again.get(..2), Some(&["--skip".to_owned(), "harness::".to_owned()][..]));
    }

    #[test]
    fn only_the_closing_line_of_a_test_binary_counts() {
        assert_eq!(tests_passed("test result: ok. 12 passed; 0 failed; 3 ignored; finished in 0.1s"), 12);
        assert_eq!(tests_passed("test result: FAILED. 7 passed; 1 failed; 0 ignored"), 7);
        assert_eq!(tests_passed("running 12 tests"), 0);
        assert_eq!(tests_passed("test a_host_says_3 passed ... ok"), 0);
    }
}
