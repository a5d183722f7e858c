//! One changing command at a time, on the whole machine.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};

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
            match fs::create_dir(&path) {
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
            let inode = directory.metadata().map(|found| found.ino()).ok();
            let held = Flock::lock(directory, FlockArg::LockExclusive)
                .map_err(|(_, errno)| errno)
                .with_context(|| format!("cannot lock {}", path.display()))?;
            if inode.is_some() && fs::metadata(&path).map(|found| found.ino()).ok() == inode {
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
