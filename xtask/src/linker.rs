//! bpf-linker, which turns rustc's bitcode into the eBPF object. It is built once into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{run, workspace};

/// The major version of the LLVM that bpf-linker is built with.
pub const LLVM_MAJOR: u32 = 22;

const VERSION: &str = "0.13.0";
const LLVM_PREFIX: &str = "/usr/lib/llvm-22";
const LLVM_FEATURE: &str = "llvm-22";

/// Where the linker is when [`is_installed`].
pub fn path() -> PathBuf {
    workspace::tools().join("bin/bpf-linker")
}

/// Whether the right version is there and finds its shared libraries.
pub fn is_installed() -> bool {
    answers_with_version(&path())
}

fn answers_with_version(linker: &Path) -> bool {
    run::answer(Command::new(linker).arg("--version"))
        .is_some_and(|text| text.split_whitespace().last() == Some(VERSION))
}

/// The object at `linked` without its DWARF sections, four fifths of it, which are no use once there is BTF; itself, where
/// LLVM's tools are not there.
pub fn without_debug_sections(linked: &Path) -> Result<PathBuf> {
    let objcopy = Path::new(LLVM_PREFIX).join("bin/llvm-objcopy");
    if !objcopy.exists() {
        return Ok(linked.to_owned());
    }
    let stripped = linked.with_extension("stripped");
    run::silently(Command::new(objcopy).arg("--strip-debug").args([linked, &stripped]))?;
    Ok(stripped)
}

/// Compiles bpf-linker; takes about a minute.
pub fn install() -> Result<()> {
    println!("setup: compiling bpf-linker {VERSION} into target/tools, which takes a minute or two");
    let mut command = workspace::cargo();
    command
        .env("LLVM_PREFIX", LLVM_PREFIX)
        // It finds Debian's libLLVM also where the dynamic linker would not look for it.
        .env("CARGO_ENCODED_RUSTFLAGS", format!("-C\x1flink-arg=-Wl,-rpath,{LLVM_PREFIX}/lib"))
        .args(["install", "bpf-linker", "--version", VERSION, "--locked", "--force"])
        .args(["--no-default-features", "--features", LLVM_FEATURE, "--root"])
        .arg(workspace::tools());
    run::silently(&mut command)?;
    if !is_installed() {
        bail!("{} was compiled but does not run", path().display());
    }
    Ok(())
}
