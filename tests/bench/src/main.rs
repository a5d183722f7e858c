//! Measures vxbpf side by side with the kernel's vxlan device and with floors that no data plane can beat.
//!
//! ```text
//! throughput latency packets flood fdb attach   a family of targets: stages up, rounds run, claims made
//!   stage traffic programs cpu                  hosts and what joins them; streams and questions; BPF programs
//!   rounds series claim                         interleaved rounds; medians and spread; what may be said
//! finding machine report                        what came of it: screen, JSON, Markdown, SVG
//! ```
//!
//! Nothing is claimed that this very run did not measure. `cargo xtask bench` builds all and runs it.

#![forbid(unsafe_code)]

mod attach;
mod claim;
mod cpu;
mod fdb;
mod finding;
mod flood;
mod latency;
mod machine;
mod packets;
mod programs;
mod report;
mod rounds;
mod series;
mod stage;
mod throughput;
mod traffic;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::Parser;

use claim::{Bound, Claim};
use finding::Finding;
use machine::Machine;
use programs::Object;
use rounds::Effort;

/// Measure vxbpf side by side with the kernel's vxlan device
#[derive(Parser)]
struct Args {
    /// The object with the bench's own BPF programs
    #[arg(long)]
    object: PathBuf,
    /// Where results.json, report.md and ratios.svg go
    #[arg(long)]
    out: PathBuf,
    /// Fewer and shorter rounds: less than two minutes, and nothing to be published
    #[arg(long)]
    quick: bool,
    /// Targets to measure: P1 to P10
    targets: Vec<String>,
}

/// A function that measures one target.
type Measure = fn(&Object, &Effort) -> Finding;

/// All targets, in the order in which they are measured.
const TARGETS: [(&str, Measure); 10] = [
    ("P1", packets::against_the_kernel),
    ("P2", packets::against_the_floor),
    ("P3", throughput::veth),
    ("P4", latency::one_flow),
    ("P5", throughput::wire),
    ("P6", fdb::large),
    ("P7", fdb::programming),
    ("P8", flood::copies),
    ("P9", latency::many_flows),
    ("P10", attach::first_packet),
];

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    for name in &args.targets {
        if !TARGETS.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            bail!("there is no target {name}: they are P1 to P10");
        }
    }
    let object = fs::read(&args.object).with_context(|| format!("cannot read {}", args.object.display()))?;
    let object = Object(object);
    let effort = if args.quick { Effort::quick() } else { Effort::full() };
    let machine = Machine::look();
    println!("{}", report::head(&machine, effort.quick));
    let mut findings = Vec::new();
    let mut broken = Vec::new();
    for (name, measure) in TARGETS {
        let wanted =
            args.targets.is_empty() || args.targets.iter().any(|asked| asked.eq_ignore_ascii_case(name));
        if !wanted {
            continue;
        }
        let begin = Instant::now();
        let measured = catch_unwind(AssertUnwindSafe(|| measure(&object, &effort)));
        let mut finding = measured.unwrap_or_else(|cause| {
            broken.push(name);
            failed(name, cause.as_ref())
        });
        finding.took = begin.elapsed();
        println!("{}", report::text(&finding));
        findings.push(finding);
        // After each, so that a run that is ended early leaves what it had.
        report::write(&args.out, &machine, &findings, effort.quick)?;
    }
    println!("\nresults.json, report.md and ratios.svg are in {}", args.out.display());
    if !broken.is_empty() {
        bail!("could not be measured: {}", broken.join(" "));
    }
    Ok(())
}

/// A target whose measurement broke off: its reason stands where its figures would.
fn failed(id: &'static str, cause: &(dyn std::any::Any + Send)) -> Finding {
    let text = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
    let lines: Vec<&str> = text.unwrap_or("for no reason that was told").lines().take(2).collect();
    let why = lines.join("; ");
    let claims = vec![Claim::refused("nothing was measured", Bound::Told, why)];
    Finding { id, title: "could not be measured", claims, ..Finding::default() }
}
