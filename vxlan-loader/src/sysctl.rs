//! The one sysctl that attach turns on and detach turns off: `forwarding` of a device; and one that is only read.
//!
//! Below /proc/sys/net a file is that of the network namespace of the thread that opens it
//! (`net_ctl_header_lookup`), so this works on the namespace that [`crate::namespace::enter`] chose.
//!
//! IPv6 is not here on purpose: to turn its forwarding on, at any device, drops the default routes that came
//! by router advertisement (`addrconf_fixup_forwarding`; tried on Linux 6.18). A device that is made while
//! conf/default/forwarding is 1 has it on without that.

use std::{fs, io};

/// A sysctl that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {path}: {reason}: is /proc mounted, and the device there?")]
    Read {
        /// The sysctl's file.
        path: String,
        /// Why.
        reason: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write {path}: {reason}: run as root, with /proc/sys writable")]
    Write {
        /// The sysctl's file.
        path: String,
        /// Why.
        reason: io::Error,
    },
}

/// Whether IPv4 forwarding is on at `device`.
pub fn get_forwarding(device: &str) -> Result<bool, Error> {
    read(&path(device))
}

/// Turns IPv4 forwarding at `device` on or off.
pub fn set_forwarding(device: &str, on: bool) -> Result<(), Error> {
    write(&path(device), on)
}

/// Seconds for which the kernel takes a neighbour at `device` for reachable after it was heard of
/// (`base_reachable_time_ms`): the kernel's own default where it does not say, as for IPv6 where that is off.
pub fn reachable_seconds(device: &str, is_ipv6: bool) -> u32 {
    const DEFAULT: u32 = 30;
    let family = if is_ipv6 { "ipv6" } else { "ipv4" };
    let path = format!("/proc/sys/net/{family}/neigh/{device}/base_reachable_time_ms");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().parse().map_or(DEFAULT, |milliseconds: u32| milliseconds.div_ceil(1000).max(1))
}

fn path(device: &str) -> String {
    format!("/proc/sys/net/ipv4/conf/{device}/forwarding")
}

fn read(path: &str) -> Result<bool, Error> {
    let text = fs::read_to_string(path).map_err(|reason| Error::Read { path: path.to_owned(), reason })?;
    Ok(text.trim() != "0")
}

fn write(path: &str, on: bool) -> Result<(), Error> {
    fs::write(path, if on { "1" } else { "0" })
        .map_err(|reason| Error::Write { path: path.to_owned(), reason })
}
