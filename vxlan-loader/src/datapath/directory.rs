//! Where the pins of a network namespace are: `<bpffs>/vxbpf/<cookie>/{maps,programs,links}`.
//!
//! A directory is whole when all maps and all programs of TC are in it. Maps are pinned first and programs last, links
//! only in a whole one; it is taken away in the opposite order. So one that is not whole is what a killed command
//! left, and can go.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use vxlan_common::IfIndex;

use super::hook::Hook;
use super::names::{ANNOUNCE, MAPS};

/// The pins of one network namespace.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// That of the namespace with `cookie`. Nothing is made yet.
    pub fn new(bpffs: &Path, cookie: u64) -> Self {
        Self(top(bpffs).join(format!("{cookie:x}")))
    }

    /// Those of all namespaces, with their cookies.
    pub fn all(bpffs: &Path) -> Result<Vec<(u64, Self)>> {
        let found = entries(&top(bpffs))?.into_iter().filter_map(|path| {
            let cookie = u64::from_str_radix(path.file_name()?.to_str()?, 16).ok()?;
            Some((cookie, Self(path)))
        });
        Ok(found.collect())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether there is anything of it.
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Whether all maps and programs are there.
    pub fn is_whole(&self) -> bool {
        MAPS.iter().all(|map| self.map(map).exists())
            && Hook::ALL.iter().all(|hook| hook.is_xdp() || self.program(hook.program()).exists())
            && self.program(ANNOUNCE).exists()
    }

    /// Makes the directories.
    pub fn create(&self) -> Result<()> {
        for part in ["maps", "programs", "links"] {
            let path = self.0.join(part);
            fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        }
        Ok(())
    }

    /// The pin of a map.
    pub fn map(&self, name: &str) -> PathBuf {
        self.0.join("maps").join(name)
    }

    /// The pin of a program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.join("programs").join(name)
    }

    /// The pin of the link that hangs a program at a device.
    pub fn link(&self, hook: Hook, device: IfIndex) -> PathBuf {
        self.0.join("links").join(format!("{}-{}", hook.name(), device.0))
    }

    /// All pinned links: where, at which device, and the pin.
    pub fn links(&self) -> Result<Vec<(Hook, IfIndex, PathBuf)>> {
        let pins = entries(&self.0.join("links"))?;
        Ok(pins.into_iter().filter_map(|path| read_link(&path).map(|(hook, at)| (hook, at, path))).collect())
    }

    /// Takes everything away, links first.
    pub fn remove(&self) -> Result<()> {
        for part in ["links", "programs", "maps"] {
            let path = self.0.join(part);
            for pin in entries(&path)? {
                remove_pin(&pin)?;
            }
            remove_directory(&path)?;
        }
        remove_directory(&self.0)
    }
}

/// Where the directories of all namespaces are.
pub fn top(bpffs: &Path) -> PathBuf {
    bpffs.join("vxbpf")
}

/// Takes a pin away; one that is gone already is fine.
pub fn remove_pin(path: &Path) -> Result<()> {
    gone_is_fine(fs::remove_file(path)).with_context(|| format!("cannot remove {}", path.display()))
}

fn remove_directory(path: &Path) -> Result<()> {
    gone_is_fine(fs::remove_dir(path)).with_context(|| format!("cannot remove {}", path.display()))
}

fn gone_is_fine(answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        answer => answer,
    }
}

fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let found = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect()),
    };
    found.with_context(|| format!("cannot read {}", path.display()))
}

fn read_link(path: &Path) -> Option<(Hook, IfIndex)> {
    let (hook, device) = path.file_name()?.to_str()?.split_once('-')?;
    let hook = Hook::ALL.into_iter().find(|known| known.name() == hook)?;
    Some((hook, IfIndex(device.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pin_tells_where_it_hangs() {
        let directory = Directory::new(Path::new("/bpf"), 0x2a);
        assert_eq!(directory.path(), Path::new("/bpf/vxbpf/2a"));
        for hook in Hook::ALL {
            assert_eq!(read_link(&directory.link(hook, IfIndex(7))), Some((hook, IfIndex(7))));
        }
        assert_eq!(read_link(Path::new("/bpf/vxbpf/2a/links/other-7")), None);
    }
}
