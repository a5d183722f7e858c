//! The Debian packages that building and testing need, by the program or file that shows that they are there.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{linker, run, toolchain};

const INSTALL: [&str; 4] = ["install", "-y", "-q", "--no-install-recommends"];

/// What to set up for.
#[derive(Clone, Copy)]
pub enum Scope {
    /// Compiling vxbpf.
    Build,
    /// Compiling it and running the network tests.
    Test,
}

/// What shows that a package, or something as good, is installed.
enum Sign {
    Program(&'static str),
    File(&'static str),
    /// A module of the system's Python, which a virtual environment in `PATH` would hide.
    PythonModule(&'static str),
}

type Row = (Sign, &'static str);

/// To link programs for the host.
const HOST: [Row; 1] = [(Sign::Program("cc"), "gcc")];

/// To compile bpf-linker.
const LINKER: [Row; 3] = [
    (Sign::File("/usr/lib/llvm-22/bin/llvm-config"), "llvm-22-dev"),
    (Sign::File("/usr/include/zstd.h"), "libzstd-dev"),
    (Sign::File("/usr/include/zlib.h"), "zlib1g-dev"),
];

/// To run the network tests.
const TESTS: [Row; 11] = [
    (Sign::Program("ip"), "iproute2"),
    (Sign::Program("bpftool"), "bpftool"),
    (Sign::Program("tcpdump"), "tcpdump"),
    (Sign::Program("tshark"), "tshark"),
    (Sign::Program("iperf3"), "iperf3"),
    (Sign::Program("ethtool"), "ethtool"),
    (Sign::PythonModule("scapy"), "python3-scapy"),
    (Sign::Program("socat"), "socat"),
    (Sign::Program("ping"), "iputils-ping"),
    (Sign::Program("nft"), "nftables"),
    (Sign::Program("jq"), "jq"),
];

/// The packages that are missing for `scope`.
pub fn missing(scope: Scope) -> Vec<&'static str> {
    let mut missing = absent(&HOST);
    if toolchain::find().is_none() {
        missing.extend(toolchain::DEBIAN_PACKAGES);
    }
    if !linker::is_installed() {
        missing.extend(absent(&LINKER));
    }
    match scope {
        Scope::Build => {}
        Scope::Test => missing.extend(absent(&TESTS)),
    }
    missing
}

fn absent(rows: &[Row]) -> Vec<&'static str> {
    rows.iter().filter(|(sign, _)| !is_there(sign)).map(|&(_, package)| package).collect()
}

fn is_there(sign: &Sign) -> bool {
    match sign {
        Sign::Program(name) => has_program(name),
        Sign::File(path) => Path::new(path).exists(),
        Sign::PythonModule(name) => {
            let script = format!("import importlib.util as u, sys; sys.exit(u.find_spec('{name}') is None)");
            run::answer(Command::new("/usr/bin/python3").args(["-c", &script])).is_some()
        }
    }
}

fn has_program(name: &str) -> bool {
    // Debian leaves the sbin directories out of a user's PATH, but that is where ip and bpftool are.
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|directory| directory.join(name).is_file())
}

/// Installs packages, as root on Debian; else fails with the command to type.
pub fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !Path::new("/etc/debian_version").exists() || !has_program("apt-get") {
        bail!(
            "this is not Debian: install what its packages {names} hold (for Rust's core for BPF: \
             `rustup toolchain install nightly --component rust-src`), then run `cargo xtask setup` again"
        );
    }
    if !run::is_root() {
        bail!(
            "packages are missing; as root run: apt-get update && \
             DEBIAN_FRONTEND=noninteractive apt-get {} {names}",
            INSTALL.join(" ")
        );
    }
    println!("setup: installing {names}");
    // Package lists that are missing or old make the first try fail.
    if run::answer(apt_get().args(INSTALL).args(packages)).is_none() {
        run::silently(apt_get().args(["update", "-q"]))?;
        run::silently(apt_get().args(INSTALL).args(packages))?;
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
