//! `cargo xtask build-ebpf`: compiles the kernel side of `vxlan-ebpf` to the object that the loader embeds; with
//! `--bench`, to the one that the bench measures with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{elf, linker, run, toolchain, workspace};

/// The options of `build-ebpf`.
#[derive(clap::Args, Default)]
pub struct Args {
    /// Fail on a warning; host builds and clippy do not see the kernel side
    #[arg(long)]
    deny_warnings: bool,
    /// Let the programs tell of each frame, for `vxbpf trace`; slow
    #[arg(long)]
    trace: bool,
    /// Compile what the bench measures with, to target/bpf/bench.o, and not vxbpf's own programs
    #[arg(long, conflicts_with = "trace")]
    bench: bool,
}

impl Args {
    /// Those of `--bench`.
    pub fn bench() -> Self {
        Self { bench: true, ..Self::default() }
    }

    /// The binary of `vxlan-ebpf`, the feature that turns it on, and where it goes.
    fn product(&self) -> (&'static str, &'static str, PathBuf) {
        if self.bench {
            ("bench-object", "bench", workspace::bench_object())
        } else {
            ("vxbpf-object", if self.trace { "trace" } else { "kernel" }, workspace::object())
        }
    }
}

/// Compiles the object, checks it and puts it where its users look for it.
pub fn run(args: &Args) -> Result<()> {
    let compiler = toolchain::find().with_context(|| {
        format!("no compiler has core for {}: run `cargo xtask setup`", toolchain::TARGET)
    })?;
    anyhow::ensure!(linker::is_installed(), "bpf-linker is not in target/tools: run `cargo xtask setup`");
    println!("build-ebpf: compiling with {compiler}");
    let (binary, feature, object) = args.product();

    let mut build = compiler.cargo_build();
    build
        .env("CARGO_ENCODED_RUSTFLAGS", flags())
        .args(["--package", "vxlan-ebpf", "--bin", binary, "--features", feature])
        .arg("--target-dir")
        .arg(workspace::ebpf_target());
    if workspace::root().join("Cargo.lock").exists() {
        build.arg("--locked");
    }
    if args.deny_warnings {
        // Unlike `-D warnings` this is no flag of rustc, so it does not compile everything anew.
        build.arg("-Zwarnings").env("CARGO_BUILD_WARNINGS", "deny");
    }
    run::visibly(&mut build)?;
    publish(binary, &object)
}

/// The flags of rustc: BTF is made from the debug information.
fn flags() -> String {
    let linker = format!("linker={}", linker::path().display());
    let flags = [
        linker.as_str(),
        "debuginfo=2",
        "target-cpu=v3",
        "link-arg=--btf",
        // Headers are copied by whole words, not byte by byte: a third of the instructions. All that BPF runs on
        // here reads unaligned packet bytes; the stack the verifier wants aligned, which the types see to.
        "link-arg=--cpu-features=+allows-misaligned-mem-access",
        // Small copies and fills become stores, not calls of a byte loop.
        "link-arg=--disable-expand-memcpy-in-order",
    ];
    flags.map(|flag| format!("-C\x1f{flag}")).join("\x1f")
}

fn publish(binary: &str, object: &Path) -> Result<()> {
    let linked = workspace::ebpf_target().join(toolchain::TARGET).join("release").join(binary);
    let made = linker::without_debug_sections(&linked)?;
    let file = fs::read(&made).with_context(|| format!("cannot read {}", made.display()))?;
    let btf = elf::section_size(&file, ".BTF")
        .with_context(|| format!("{} has no .BTF section: is it linked by bpf-linker?", made.display()))?;

    // An object that did not change keeps its time stamp, so that the loader is not compiled again.
    if fs::read(object).ok().as_ref() != Some(&file) {
        let directory = object.parent().context("the object has no directory")?;
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(object, &file))
            .with_context(|| format!("cannot write {}", object.display()))?;
    }
    let name = object.file_name().unwrap_or_default().display();
    println!("build-ebpf: target/bpf/{name}, {} bytes, of which .BTF {btf}", file.len());
    Ok(())
}
