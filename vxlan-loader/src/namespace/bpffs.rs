//! Finding the BPF file system in which a pin outlives the command that made it.
//!
//! `ip netns exec` mounts a fresh /sys in a mount namespace of its own. Whatever bpffs is mounted there, by
//! hand or by `tc`, dies with the last process inside, and every link pinned in it with it. One that the
//! first process (of this container, or this machine) has mounted too lasts.

use std::fs::File;
use std::os::fd::IntoRawFd;
use std::path::{Path, PathBuf};

use nix::sys::stat::{major, minor, stat};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

use super::Error;
use super::mounts::mounts;
use super::processes::processes;

/// Where it is by convention.
const CONVENTION: &str = "/sys/fs/bpf";

/// Directory of a bpffs that lasts: the one at /sys/fs/bpf if possible, else any other.
///
/// With `-n`, below `ip netns exec` and without either it is the same one, so that all see the same pins.
/// A path below /proc/self/fd is good until this process ends.
pub fn bpffs() -> Result<PathBuf, Error> {
    let lasting = Lasting::read();
    let convention = PathBuf::from(CONVENTION);
    if lasting.has(&convention) {
        return Ok(convention);
    }
    // The first process may be out of reach even for root (`ptrace_may_access`); then another one outside.
    let outside = processes().map(|process| process.join("root").join(&CONVENTION[1..]));
    if let Some(path) = outside.filter(|path| lasting.has(path)).find_map(|path| hold(&path)) {
        return Ok(path);
    }
    mounts("self")
        .unwrap_or_default()
        .into_iter()
        .filter(|mount| mount.kind == "bpf" && mount.root == "/")
        .map(|mount| mount.point)
        .find(|path| lasting.has(path))
        .ok_or(Error::NoBpffs)
}

/// A path to the same directory that does not end with the process through which it was found.
fn hold(path: &Path) -> Option<PathBuf> {
    let directory = File::open(path).ok()?;
    Some(PathBuf::from(format!("/proc/self/fd/{}", directory.into_raw_fd())))
}

/// Device numbers of the bpffs mounts of the first process; `None` where they cannot be seen.
struct Lasting(Option<Vec<(u64, u64)>>);

impl Lasting {
    fn read() -> Self {
        let mounted = mounts("1").ok();
        Self(mounted.map(|mounts| {
            mounts.into_iter().filter(|mount| mount.kind == "bpf").map(|mount| mount.device).collect()
        }))
    }

    /// Whether `path` is a bpffs, and one that lasts as far as can be seen.
    fn has(&self, path: &Path) -> bool {
        let (Ok(system), Ok(file)) = (statfs(path), stat(path)) else { return false };
        let device = (major(file.st_dev), minor(file.st_dev));
        system.filesystem_type() == BPF_FS_MAGIC
            && self.0.as_ref().is_none_or(|lasting| lasting.contains(&device))
    }
}
