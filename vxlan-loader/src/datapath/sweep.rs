//! Directories of network namespaces that are no more.
//!
//! A link keeps its program and tables in the kernel for as long as it is pinned, also when its device is gone.
//! A namespace counts as dead when it is in sight of nobody and none of its links has a device: one that merely
//! cannot be seen from here keeps its directory while it is in use.

use std::path::Path;

use anyhow::Result;

use super::directory::Directory;
use super::link;

/// Removes the directories of dead namespaces other than `own`. `live` tells the cookies of those in sight; it is
/// asked only if something is suspect.
pub(super) fn sweep(bpffs: &Path, own: u64, live: impl FnOnce() -> Result<Vec<u64>>) -> Result<usize> {
    let mut suspects = Vec::new();
    for (cookie, directory) in Directory::all(bpffs)? {
        if cookie != own && link::all(&directory)?.iter().all(|link| !link.is_alive()) {
            suspects.push((cookie, directory));
        }
    }
    if suspects.is_empty() {
        return Ok(0);
    }
    let live = live()?;
    suspects.retain(|(cookie, _)| !live.contains(cookie));
    for (_, directory) in &suspects {
        directory.remove()?;
    }
    Ok(suspects.len())
}
