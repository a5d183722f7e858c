//! Network namespaces: entering one, telling them apart, and the bpffs in which pins outlive a command.

mod bpffs;
mod live;
mod mounts;
mod processes;

use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::GetStruct;

pub use bpffs::bpffs;
pub use live::live_cookies;

/// Where `ip netns` keeps namespaces by name.
const NAMED: &str = "/var/run/netns";

/// Why a namespace, its cookie or a bpffs is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such name.
    #[error("there is no network namespace {name:?}: `ip netns list` shows those that have a name")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A file without a namespace, as `ip netns` leaves it when the machine was switched off.
    #[error("{path} is a left-over file and no network namespace: `ip netns delete {name}` removes it")]
    LeftOver {
        /// The name.
        name: String,
        /// The file.
        path: String,
    },
    /// EPERM.
    #[error("cannot {action}: not permitted: run as root, or with CAP_SYS_ADMIN")]
    NotPermitted {
        /// What was wanted.
        action: String,
    },
    /// Anything else.
    #[error("cannot {action}: {reason}")]
    Failed {
        /// What was wanted.
        action: String,
        /// Why.
        reason: io::Error,
    },
    /// No bpffs that outlives this command.
    #[error(
        "no BPF file system that outlives this command: mount one with `mount -t bpf bpf /sys/fs/bpf`, and \
         instead of `ip netns exec NAME vxbpf`, which hides it, use `vxbpf -n NAME`"
    )]
    NoBpffs,
}

impl Error {
    fn new(action: impl Into<String>, reason: impl Into<io::Error>) -> Self {
        let (action, reason) = (action.into(), reason.into());
        match reason.kind() {
            ErrorKind::PermissionDenied => Self::NotPermitted { action },
            _ => Self::Failed { action, reason },
        }
    }
}

/// Moves this thread into the network namespace that `ip netns` calls `name`; its mounts stay, so that
/// /sys/fs/bpf is still the host's. Call it before any thread or socket is made.
pub fn enter(name: &str) -> Result<(), Error> {
    let path = path_of(name).ok_or_else(|| Error::Unknown { name: name.to_owned() })?;
    let file = File::open(&path).map_err(|reason| match reason.kind() {
        ErrorKind::NotFound => Error::Unknown { name: name.to_owned() },
        _ => Error::new(format!("open {}", path.display()), reason),
    })?;
    setns(&file, CloneFlags::CLONE_NEWNET).map_err(|errno| match errno {
        Errno::EINVAL => Error::LeftOver { name: name.to_owned(), path: path.display().to_string() },
        errno => Error::new(format!("enter network namespace {name}"), errno),
    })
}

/// The cookie of this thread's network namespace: unlike names and inodes it is never used again while the
/// machine runs. Linux 5.14.
pub fn cookie() -> Result<u64, Error> {
    const ACTION: &str = "tell the cookie of this network namespace (it needs Linux 5.14)";
    let socket = UnixDatagram::unbound().map_err(|reason| Error::new(ACTION, reason))?;
    getsockopt(&socket, NetnsCookie).map_err(|errno| Error::new(ACTION, errno))
}

/// SO_NETNS_COOKIE, which nix lacks.
#[derive(Clone, Copy, Debug)]
struct NetnsCookie;

nix::getsockopt_impl!(NetnsCookie, libc::SOL_SOCKET, libc::SO_NETNS_COOKIE, u64, GetStruct<u64>);

fn path_of(name: &str) -> Option<PathBuf> {
    let is_name = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
    is_name.then(|| Path::new(NAMED).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_directory_of_namespaces() {
        for wrong in ["", ".", "..", "../../proc/1/ns/net", "a/b"] {
            assert!(matches!(enter(wrong), Err(Error::Unknown { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_with_the_remedy() {
        let error = enter("vxnl-no-such-name").expect_err("there is no such namespace").to_string();
        assert!(error.contains("vxnl-no-such-name") && error.contains("ip netns list"), "{error}");
        assert!(!error.contains('\n'));
    }
}
