//! `cargo xtask test`: builds all and runs the tests, ring by ring; a ring that runs no test fails.

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

    /// What `cargo test` is told, run by run.
    fn cargo_args(self) -> &'static [&'static [&'static str]] {
        match self {
            // The default members, the loader's own, and what the bench makes of its figures.
            Self::Unit => &[&[], &["--package", "vxlan-loader"], &["--package", "vxlan-bench"]],
            Self::Net => &[&["--release", "--package", "vxlan-tests", "--tests"]],
        }
    }
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
    for args in ring.cargo_args() {
        run::visibly(cargo_test(args).arg("--no-run"))?;
    }
    let (begin, mut passed) = (Instant::now(), 0);
    let outcome = ring.cargo_args().iter().try_for_each(|args| {
        let mut command = cargo_test(args);
        match ring {
            Ring::Unit => {}
            Ring::Net => {
                // In the environment, unlike in the arguments, a user's own --test-threads overrides it.
                command.env("RUST_TEST_THREADS", "2").env("VXBPF", workspace::vxbpf());
                command.arg("--").args(net_args);
            }
        }
        run::streaming(&mut command, |line| passed += tests_passed(line))
    });
    let name = ring.name();
    println!("ring {name}: {passed} tests passed in {:.1} s", begin.elapsed().as_secs_f64());
    outcome?;
    ensure!(passed > 0, "ring {name}: no test ran");
    Ok(passed)
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
    fn only_the_closing_line_of_a_test_binary_counts() {
        assert_eq!(tests_passed("test result: ok. 12 passed; 0 failed; 3 ignored; finished in 0.1s"), 12);
        assert_eq!(tests_passed("test result: FAILED. 7 passed; 1 failed; 0 ignored"), 7);
        assert_eq!(tests_passed("running 12 tests"), 0);
        assert_eq!(tests_passed("test a_host_says_3 passed ... ok"), 0);
    }
}
