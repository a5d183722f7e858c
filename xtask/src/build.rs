//! `cargo xtask build`: everything up to the one binary that a user needs. `test` starts with it.

use anyhow::Result;

use crate::setup::{self, Scope};
use crate::{build_ebpf, run, workspace};

/// Sets up for `scope` and builds the eBPF object and then `vxbpf`, which embeds it.
pub fn run(scope: Scope) -> Result<()> {
    object(scope)?;
    run::visibly(workspace::cargo().args(["build", "--release", "--package", "vxlan-loader"]))
}

/// Sets up for `scope` and builds the eBPF object.
pub fn object(scope: Scope) -> Result<()> {
    setup::run(scope)?;
    build_ebpf::run(&build_ebpf::Args::default())
}
