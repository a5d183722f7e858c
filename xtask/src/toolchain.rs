//! Finds a Rust compiler that can make code for `bpfel-unknown-none`.
//!
//! rustup ships no `core` for BPF, so either it is built from source (nightly or stable with the component
//! rust-src) or Debian's packages bring a compiler with a ready one.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::linker::LLVM_MAJOR;
use crate::{run, workspace};

/// The target of the eBPF programs.
pub const TARGET: &str = "bpfel-unknown-none";

/// The Debian packages that bring `/usr/bin/rustc` and its `core` for BPF.
pub const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "libstd-rust-web-dev-bpf"];

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A compiler for the eBPF programs.
pub struct BpfCompiler {
    name: String,
    rustc: PathBuf,
    /// The cargo of the same toolchain; `None`: the one that runs xtask.
    cargo: Option<PathBuf>,
    builds_core: bool,
}

impl BpfCompiler {
    /// A `cargo build` for [`TARGET`] with this compiler, to be run in the workspace's root.
    pub fn cargo_build(&self) -> Command {
        let mut command = workspace::cargo();
        if let Some(cargo) = &self.cargo {
            command = Command::new(cargo);
            command.current_dir(workspace::root());
        }
        // aya-ebpf turns on an unstable feature for BPF, and `-Z` needs it on stable.
        command.env("RUSTC", &self.rustc).env("RUSTC_BOOTSTRAP", "1");
        command.args(["build", "--release", "--target", TARGET]);
        if self.builds_core {
            command.arg("-Zbuild-std=core");
        }
        command
    }
}

impl fmt::Display for BpfCompiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = if self.builds_core { "core built from rust-src" } else { "ready core" };
        write!(f, "{} ({core})", self.name)
    }
}

/// The first compiler that fits: rustup's nightly, rustup's stable, Debian's.
pub fn find() -> Option<BpfCompiler> {
    with_source("nightly").or_else(|| with_source("stable")).or_else(with_ready_core)
}

fn with_source(channel: &str) -> Option<BpfCompiler> {
    // `rustup run` may download a toolchain that is not there; a list never does.
    let list = run::answer(Command::new("rustup").args(["toolchain", "list", "-v"]))?;
    let (name, path) = list.lines().filter_map(name_and_path).find(|(name, _)| name.starts_with(channel))?;
    let rustc = path.join("bin/rustc");
    let has_source = path.join("lib/rustlib/src/rust/library/core/src/lib.rs").exists();
    (has_source && is_usable(&rustc)).then(|| BpfCompiler {
        name: format!("rustup's {name}"),
        rustc,
        cargo: Some(path.join("bin/cargo")),
        builds_core: true,
    })
}

fn with_ready_core() -> Option<BpfCompiler> {
    let rustc = Path::new(DEBIAN_RUSTC);
    let sysroot = run::answer(Command::new(rustc).args(["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib");
    let has_core = fs::read_dir(libraries).ok()?.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib")
    });
    (has_core && is_usable(rustc)).then(|| BpfCompiler {
        name: DEBIAN_RUSTC.to_owned(),
        rustc: rustc.to_owned(),
        cargo: None,
        builds_core: false,
    })
}

/// A line of `rustup toolchain list -v`: `stable-x86_64-unknown-linux-gnu (active, default) /path`.
fn name_and_path(line: &str) -> Option<(&str, &Path)> {
    let name = line.split_whitespace().next()?;
    let path = &line[line.find(" /")? + 1..];
    Some((name, Path::new(path)))
}

fn is_usable(rustc: &Path) -> bool {
    run::answer(Command::new(rustc).arg("-vV")).is_some_and(|text| fits(&text))
}

/// Whether `rustc -vV` tells of a compiler that is new enough for the workspace, and whose LLVM is not newer
/// than bpf-linker's: an older LLVM does not read a newer one's bitcode.
fn fits(version: &str) -> bool {
    let numbers = |key: &str| version.lines().find_map(|line| line.strip_prefix(key)).map(leading_numbers);
    let Some((release, llvm)) = numbers("release: ").zip(numbers("LLVM version: ")) else { return false };
    release >= leading_numbers(env!("CARGO_PKG_RUST_VERSION")) && llvm.0 <= LLVM_MAJOR
}

/// `1.97.0-nightly` is (1, 97).
fn leading_numbers(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|part| part.trim().parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_line_gives_its_name_and_its_directory() {
        let line = "stable-x86_64-unknown-linux-gnu (active, default) /home/a b/.rustup/toolchains/stable";
        let want = ("stable-x86_64-unknown-linux-gnu", Path::new("/home/a b/.rustup/toolchains/stable"));
        assert_eq!(name_and_path(line), Some(want));
        assert_eq!(name_and_path("no installed toolchains"), None);
    }

    #[test]
    fn a_compiler_too_old_or_with_a_newer_llvm_than_the_linker_is_left_out() {
        assert!(fits("rustc 1.96.0\nrelease: 1.96.0\nLLVM version: 22.1.8\n"));
        assert!(fits("release: 1.97.0-nightly\nLLVM version: 21.1"));
        assert!(!fits("release: 1.85.0\nLLVM version: 19.1.7"));
        assert!(!fits("release: 1.99.0\nLLVM version: 23.1.0"));
        assert!(!fits(""));
    }
}
