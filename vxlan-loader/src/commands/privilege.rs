//! Whether this process may do the work at all, asked before anything is touched.

use std::fs;

use anyhow::{Context, Result, bail};

/// Bits of a capability set (capabilities(7)).
const CAP_NET_ADMIN: u64 = 1 << 12;
const CAP_SYS_ADMIN: u64 = 1 << 21;
const CAP_BPF: u64 = 1 << 39;

/// Fails if a capability is missing that every command needs.
pub(super) fn check() -> Result<()> {
    let status =
        fs::read_to_string("/proc/self/status").context("cannot read this process's capabilities")?;
    // Where /proc does not tell, the kernel will.
    let missing = effective(&status).map(missing).unwrap_or_default();
    if !missing.is_empty() {
        bail!("not permitted without {}: run as root", missing.join(" and "));
    }
    Ok(())
}

fn effective(status: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

fn missing(capabilities: u64) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if capabilities & CAP_NET_ADMIN == 0 {
        missing.push("CAP_NET_ADMIN");
    }
    // CAP_SYS_ADMIN contains CAP_BPF: `bpf_capable`, Linux 5.8.
    if capabilities & (CAP_BPF | CAP_SYS_ADMIN) == 0 {
        missing.push("CAP_BPF");
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(missing(0), ["CAP_NET_ADMIN", "CAP_BPF"]);
        assert_eq!(missing(CAP_NET_ADMIN), ["CAP_BPF"]);
        assert_eq!(missing(CAP_BPF), ["CAP_NET_ADMIN"]);
        assert!(missing(CAP_NET_ADMIN | CAP_BPF).is_empty());
        assert!(missing(CAP_NET_ADMIN | CAP_SYS_ADMIN).is_empty());
    }

    #[test]
    fn the_effective_set_is_read() {
        assert_eq!(effective("Name:\tx\nCapPrm:\t01\nCapEff:\t000001fffeffffff\n"), Some(0x1ff_feff_ffff));
        assert_eq!(effective("Name:\tx\n"), None);
    }
}
