//! What the run leaves behind: a table on the screen, and `results.json`, `report.md` and `ratios.svg`.

mod chart;
mod json;
mod markdown;
mod text;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{finding::Finding, machine::Machine};

pub use text::{finding as text, head};

/// Writes all files into `directory`.
pub fn write(directory: &Path, machine: &Machine, findings: &[Finding], is_quick: bool) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let files = [
        ("results.json", format!("{:#}\n", json::report(machine, findings, is_quick))),
        ("report.md", markdown::report(machine, findings, is_quick)),
        ("ratios.svg", chart::chart(machine, findings, is_quick)),
    ];
    for (name, content) in files {
        let path = directory.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// A figure with as many digits as mean something.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
