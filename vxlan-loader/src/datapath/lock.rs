//! One changing command at a time, on the whole machine.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;

use super::directory::top;

/// Held while it lives; the kernel lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _held: Flock<File>,
}

impl Lock {
    /// Waits for the command before this one.
    pub(super) fn take(bpffs: &Path) -> Result<Self> {
        let path = top(bpffs);
        loop {
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(error).with_context(|| format!("cannot create {}", path.display()));
                }
                _ => {}
            }
            let directory = match File::open(&path) {
                // The one before removed it at its end.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                directory => directory.with_context(|| format!("cannot open {}", path.display()))?,
            };
            let found = directory.metadata().with_context(|| format!("cannot look at {}", path.display()))?;
            // Everybody may create directories in a bpffs: pins in somebody else's would be theirs to move.
            ensure!(
                found.uid() == geteuid().as_raw(),
                "{} belongs to user {}: remove it",
                path.display(),
                found.uid()
            );
            let held = Flock::lock(directory, FlockArg::LockExclusive)
                .map_err(|(_, errno)| errno)
                .with_context(|| format!("cannot lock {}", path.display()))?;
            if fs::metadata(&path).is_ok_and(|now| now.ino() == found.ino()) {
                return Ok(Self { path, _held: held });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It succeeds when no namespace has pins any more, and then the lock has nothing to protect.
        let _ = fs::remove_dir(&self.path);
    }
}
