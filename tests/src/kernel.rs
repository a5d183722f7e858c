//! What these tests need of the machine, proven before the first namespace is made.
//!
//! A test that cannot run fails and names what is missing; it never passes by skipping.

use std::{env, path::Path, sync::Once};

use nix::{
    sys::statfs::{BPF_FS_MAGIC, statfs},
    unistd::geteuid,
};

/// Each tool, and the Debian package that has it.
const TOOLS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("bridge", "iproute2"),
    ("tcpdump", "tcpdump"),
    ("tshark", "tshark"),
    ("ethtool", "ethtool"),
    ("bpftool", "bpftool"),
    ("iperf3", "iperf3"),
    ("ping", "iputils-ping"),
    ("timeout", "coreutils"),
];

/// Where the programs, links and maps of the hosts are pinned.
const BPFFS: &str = "/sys/fs/bpf";

/// Checks this machine, once a process.
///
/// # Panics
/// With one line that names everything that is missing, and the remedy.
pub fn require() {
    static CHECKED: Once = Once::new();
    CHECKED.call_once(|| {
        let missing = missing();
        assert!(missing.is_empty(), "the network tests cannot run here: {}", missing.join("; "));
    });
}

/// What this machine lacks, each with its remedy; empty when the tests can run.
pub fn missing() -> Vec<String> {
    let mut missing = Vec::new();
    if !geteuid().is_root() {
        missing.push("not root (run as root or with sudo -E)".into());
    }
    if !statfs(BPFFS).is_ok_and(|fs| fs.filesystem_type() == BPF_FS_MAGIC) {
        missing.push(format!("no bpffs at {BPFFS} (mount -t bpf bpf {BPFFS})"));
    }
    for (tool, package) in TOOLS {
        if !on_the_path(tool) {
            missing.push(format!("no {tool} on the PATH (apt-get install {package})"));
        }
    }
    missing
}

/// Whether a directory of the PATH holds `tool`.
fn on_the_path(tool: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory: std::path::PathBuf| Path::new(&directory).join(tool).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_does_not_exist_is_not_found() {
        assert!(!on_the_path("no-such-tool-on-any-machine"));
    }
}
