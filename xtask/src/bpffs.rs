//! The BPF file system, where vxbpf and bpftool pin programs and maps.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run;

const PATH: &str = "/sys/fs/bpf";

/// Mounts the BPF file system where it belongs, if it is not there.
pub fn mount() -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mounts").context("cannot read /proc/self/mounts")?;
    if is_mounted(&mounts) {
        return Ok(());
    }
    let args = ["-t", "bpf", "bpf", PATH];
    if !run::is_root() {
        bail!("the BPF file system is not mounted; as root run: mount {}", args.join(" "));
    }
    println!("setup: mounting the BPF file system at {PATH}");
    run::visibly(Command::new("mount").args(args))
}

fn is_mounted(mounts: &str) -> bool {
    mounts.lines().any(|line| {
        let mut fields = line.split(' ').skip(1);
        fields.next() == Some(PATH) && fields.next() == Some("bpf")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bpf_file_system_at_its_own_place_counts() {
        assert!(is_mounted("sysfs /sys sysfs rw 0 0\nnone /sys/fs/bpf bpf rw,mode=700 0 0\n"));
        assert!(!is_mounted("none /run/bpf bpf rw 0 0\ntmpfs /sys/fs/bpf tmpfs rw 0 0\n"));
    }
}
