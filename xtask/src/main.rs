//! `cargo xtask`: what the project needs done and cargo alone cannot do.
//!
//! A file is a subcommand. A new one takes a `mod` line, a variant of [`Task`] and its arm in [`main`].

#![forbid(unsafe_code)]

mod bench;
mod bpffs;
mod build;
mod build_ebpf;
mod demo;
mod elf;
mod linker;
mod packages;
mod run;
mod setup;
mod test;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// The command line of `cargo xtask`.
#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, test and show vxbpf")]
enum Task {
    /// Find or install what building and testing need
    Setup,
    /// Compile the eBPF programs to target/bpf/vxbpf.o
    BuildEbpf(build_ebpf::Args),
    /// Set up, compile the eBPF programs and then vxbpf itself, to target/release/vxbpf
    Build,
    /// Build all and show two hosts, a container on each, at work
    Demo,
    /// Build all and run the tests, ring by ring
    Test(test::Args),
    /// Build all and measure it against the kernel's vxlan device
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Setup => setup::run(setup::Scope::Test),
        Task::BuildEbpf(args) => build_ebpf::run(&args),
        Task::Build => build::run(setup::Scope::Build),
        Task::Demo => demo::run(),
        Task::Test(args) => test::run(&args),
        Task::Bench(args) => bench::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
