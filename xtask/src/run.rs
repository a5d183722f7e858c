//! Runs other programs; a failure says which command it was.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// How many of a silent command's last lines a failure shows.
const TAIL_LINES: usize = 20;

/// Whether this process may install packages, mount, and make network namespaces.
pub fn is_root() -> bool {
    // /proc/self belongs to the effective user.
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Runs a command that talks to the user itself.
pub fn visibly(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", line(command)))?;
    check(command, status)
}

/// Runs a command whose output matters only when it fails.
pub fn silently(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {}", line(command)))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    eprintln!("{}", lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"));
    check(command, output.status)
}

/// What a command prints, or `None` when it cannot be run or fails: the question is whether it is there.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, passes its standard output through and shows `each` line to the caller.
pub fn streaming(command: &mut Command, mut each: impl FnMut(&str)) -> Result<()> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {}", line(command)))?;
    let mut from = BufReader::new(child.stdout.take().context("the child has no standard output")?);
    let mut bytes = Vec::new();
    while from.read_until(b'\n', &mut bytes)? > 0 {
        let mut to = std::io::stdout().lock();
        to.write_all(&bytes)?;
        to.flush()?;
        each(String::from_utf8_lossy(&bytes).trim_end());
        bytes.clear();
    }
    let status = child.wait()?;
    check(command, status)
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("{} failed: {status}", line(command));
    }
    Ok(())
}

/// The command about as one would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = format!("`{}", program.file_name().unwrap_or(program.as_os_str()).display());
    for arg in command.get_args() {
        let _ = write!(line, " {}", arg.display());
    }
    line.push('`');
    line
}
