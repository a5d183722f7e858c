//! Where things are in the workspace, and the cargo that works on it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a directory of the workspace")
}

/// Tools that `setup` builds: a `cargo install --root`.
pub fn tools() -> PathBuf {
    root().join("target/tools")
}

/// The eBPF object that `vxlan-loader` embeds.
pub fn object() -> PathBuf {
    root().join("target/bpf/vxbpf.o")
}

/// The eBPF object that the bench measures with.
pub fn bench_object() -> PathBuf {
    root().join("target/bpf/bench.o")
}

/// Cargo's target directory of the eBPF build. It is its own because another rustc works there: in a common
/// one each compiler would throw away what the other built for the host.
pub fn ebpf_target() -> PathBuf {
    root().join("target/ebpf")
}

/// The `vxbpf` binary of the release profile.
pub fn vxbpf() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    root().join(target).join("release/vxbpf")
}

/// The cargo that runs this xtask, to be run in the workspace's root.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}
