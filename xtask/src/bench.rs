//! `cargo xtask bench`: builds all and measures it against the kernel's vxlan device. How is in `tests/bench`.

use anyhow::{Result, ensure};

use crate::build_ebpf;
use crate::setup::Scope;
use crate::{build, run, workspace};

/// The options of `bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Fewer and shorter rounds: less than two minutes, and nothing to be published
    #[arg(long)]
    quick: bool,
    /// Targets to measure, P1 to P10 [default: all]
    targets: Vec<String>,
}

/// Builds what is measured and what measures, and runs it.
pub fn run(args: &Args) -> Result<()> {
    ensure!(run::is_root(), "the bench makes network namespaces and loads programs: run it as root");
    build::run(Scope::Test)?;
    build_ebpf::run(&build_ebpf::Args::bench())?;
    run::visibly(workspace::cargo().args(["build", "--release", "--package", "vxlan-bench"]))?;
    let mut bench = workspace::cargo();
    bench.args(["run", "--quiet", "--release", "--package", "vxlan-bench", "--"]);
    bench.env("VXBPF", workspace::vxbpf());
    bench
        .arg("--object")
        .arg(workspace::bench_object())
        .arg("--out")
        .arg(workspace::root().join("target/bench"));
    if args.quick {
        bench.arg("--quick");
    }
    run::visibly(bench.args(&args.targets))
}
