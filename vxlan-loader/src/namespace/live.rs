//! Which network namespaces are alive.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use nix::sched::{CloneFlags, setns};

use super::mounts::mounts;
use super::processes::{entries, processes};
use super::{Error, cookie};

/// Cookies of all network namespaces that this process can see: those that a thread is in or holds open, or
/// that are mounted somewhere (`ip netns`, container engines). One that only a socket or a device keeps alive
/// is not seen, so what is not listed is not surely dead. Needs CAP_SYS_ADMIN.
pub fn live_cookies() -> Result<Vec<u64>, Error> {
    let namespaces = visible();
    // A thread of its own, because it visits them.
    thread::spawn(move || namespaces.values().filter_map(|paths| visit(paths).transpose()).collect())
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Moves this thread to the namespace behind one of `paths`; its cookie, or `None` if all of them are gone.
fn visit(paths: &[PathBuf]) -> Result<Option<u64>, Error> {
    let Some(file) = paths.iter().find_map(|path| File::open(path).ok()) else { return Ok(None) };
    setns(&file, CloneFlags::CLONE_NEWNET)
        .map_err(|errno| Error::new("look into the other network namespaces", errno))?;
    cookie().map(Some)
}

/// All ways to each namespace, by what its link says (`net:[4026531840]`).
fn visible() -> HashMap<String, Vec<PathBuf>> {
    let mut namespaces: HashMap<String, Vec<PathBuf>> = HashMap::new();
    let mut add = |name: String, path| namespaces.entry(name).or_default().push(path);
    for process in processes() {
        let threads = entries(&process.join("task")).map(|thread| thread.join("ns/net"));
        for link in threads.chain(entries(&process.join("fd"))) {
            if let Some(name) = fs::read_link(&link).ok().as_deref().and_then(network) {
                add(name, link);
            }
        }
    }
    for (process, root) in [("self", "/"), ("1", "/proc/1/root")] {
        for mount in mounts(process).unwrap_or_default() {
            if let Some(name) = network(Path::new(&mount.root)) {
                let point = mount.point.strip_prefix("/").unwrap_or(&mount.point);
                add(name, Path::new(root).join(point));
            }
        }
    }
    namespaces
}

fn network(link: &Path) -> Option<String> {
    link.to_str().filter(|name| name.starts_with("net:[")).map(str::to_owned)
}
