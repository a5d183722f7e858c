//! `cargo xtask setup`: finds or installs what building and testing need.
//!
//! When everything is there it only looks. It installs as root on Debian; elsewhere it names the command.

use anyhow::{Context, Result};

use crate::{bpffs, linker, packages, toolchain};

pub use crate::packages::Scope;

/// Finds or installs what `scope` needs.
pub fn run(scope: Scope) -> Result<()> {
    let missing = packages::missing(scope);
    if !missing.is_empty() {
        packages::install(&missing)?;
    }
    if !linker::is_installed() {
        linker::install()?;
    }
    match scope {
        Scope::Build => {}
        Scope::Test => bpffs::mount()?,
    }
    let compiler = toolchain::find().with_context(|| {
        format!("no compiler has core for {}, though its packages are installed", toolchain::TARGET)
    })?;
    println!("setup: ready; eBPF compiler: {compiler}");
    Ok(())
}
