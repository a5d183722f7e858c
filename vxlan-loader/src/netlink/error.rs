//! What the kernel refuses, in one line that names the object and the remedy.

use std::io;

use vxlan_common::{UdpPort, Vni};

use super::request::Refusal;

/// Why a method of [`super::Netlink`] failed. `action` says what was wanted of which object.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No socket.
    #[error("cannot open a netlink socket: {0}")]
    Socket(io::Error),
    /// EPERM.
    #[error("{action}: not permitted: run as root, or with CAP_NET_ADMIN")]
    NotPermitted {
        /// What was wanted.
        action: String,
    },
    /// ENODEV.
    #[error("{action}: there is no such device: `ip link` lists them")]
    NoDevice {
        /// What was wanted.
        action: String,
    },
    /// No device can have this name.
    #[error(
        "{name:?} cannot be the name of a device: 1 to 15 bytes without spaces, \"/\" or \":\" are expected"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// EEXIST for the name of a new device.
    #[error("cannot create {name}: there is a device of that name: choose another, or `ip link del {name}`")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// EEXIST for the VNI of a new device.
    #[error(
        "cannot create {name}: VNI {vni} on UDP port {} belongs to {holder}: choose another VNI or dstport, \
         or remove that device",
        .port.0
    )]
    VniTaken {
        /// Name of the device that was to be made.
        name: String,
        /// Its VNI.
        vni: Vni,
        /// Its UDP port.
        port: UdpPort,
        /// Name of the device that has them, or words for one that is not in this network namespace.
        holder: String,
    },
    /// Any other errno.
    #[error("{action}: {}", reason(*.errno, .message.as_deref()))]
    Refused {
        /// What was wanted.
        action: String,
        /// Positive errno.
        errno: i32,
        /// The kernel's own words, if it had any.
        message: Option<String>,
    },
    /// The answer cannot be read or did not come.
    #[error("{action}: the kernel's answer was lost or is not understood: try again")]
    Lost {
        /// What was wanted.
        action: String,
    },
}

impl Error {
    /// The kernel's errno, if it was the kernel that refused.
    pub const fn errno(&self) -> Option<i32> {
        match self {
            Self::Socket(_) | Self::BadName { .. } | Self::Lost { .. } => None,
            Self::NotPermitted { .. } => Some(libc::EPERM),
            Self::NoDevice { .. } => Some(libc::ENODEV),
            Self::NameTaken { .. } | Self::VniTaken { .. } => Some(libc::EEXIST),
            Self::Refused { errno, .. } => Some(*errno),
        }
    }
}

impl Refusal {
    /// The kernel's errno.
    pub(super) const fn errno(&self) -> Option<i32> {
        match self {
            Self::Errno { errno, .. } => Some(*errno),
            Self::Lost => None,
        }
    }

    /// With `words` for an `errno` that the kernel says nothing to, where the reason is known.
    pub(super) fn meaning(self, errno: i32, words: &str) -> Self {
        match self {
            Self::Errno { errno: found, message: None } if found == errno => {
                Self::Errno { errno, message: Some(words.to_owned()) }
            }
            other => other,
        }
    }

    /// The error for someone who wanted `action`.
    pub(super) fn to(self, action: impl Into<String>) -> Error {
        let action = action.into();
        match self {
            Self::Lost => Error::Lost { action },
            Self::Errno { errno: libc::EPERM, .. } => Error::NotPermitted { action },
            Self::Errno { errno: libc::ENODEV, message } if says_nothing(message.as_deref()) => {
                Error::NoDevice { action }
            }
            Self::Errno { errno, message } => Error::Refused { action, errno, message },
        }
    }
}

/// `rtnl_fdb_add` says this of the device itself; of one that an option names the kernel says more.
fn says_nothing(message: Option<&str>) -> bool {
    matches!(message, None | Some("unknown ifindex"))
}

fn reason(errno: i32, message: Option<&str>) -> String {
    let words = match message {
        Some(message) => message.trim_end_matches('.').to_owned(),
        None => nix::errno::Errno::from_raw(errno).desc().to_owned(),
    };
    match remedy(errno, message) {
        Some(remedy) => format!("{words}: {remedy}"),
        None => words,
    }
}

/// What to do about an errno that says little by itself.
fn remedy(errno: i32, message: Option<&str>) -> Option<&'static str> {
    match (errno, message) {
        (libc::EOPNOTSUPP, Some("Unknown device type")) => Some("load the kernel module: `modprobe vxlan`"),
        (libc::EADDRINUSE, _) => Some("another program has the UDP port: `ss -ulpn` shows it"),
        (libc::EAFNOSUPPORT, None) => Some("IPv4 and IPv6 were mixed, or IPv6 is off in this kernel"),
        (libc::ENETUNREACH, None) => Some("the underlay device has no address of this family yet"),
        (libc::EADDRNOTAVAIL, None) => Some("an address, or the device it goes by, is not on this host"),
        (libc::ENOSPC, None) => Some("the device's `maxaddress` is reached"),
        (libc::EINTR, None) => Some("it changed all the time while it was read: try again"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(errno: i32, message: Option<&str>) -> String {
        Refusal::Errno { errno, message: message.map(str::to_owned) }.to("cannot create vxlan1").to_string()
    }

    #[test]
    fn an_error_names_the_object_and_the_remedy() {
        assert_eq!(
            line(libc::EPERM, None),
            "cannot create vxlan1: not permitted: run as root, or with CAP_NET_ADMIN"
        );
        assert_eq!(
            line(libc::EOPNOTSUPP, Some("Unknown device type")),
            "cannot create vxlan1: Unknown device type: load the kernel module: `modprobe vxlan`"
        );
    }

    #[test]
    fn the_kernels_own_words_are_kept() {
        assert_eq!(line(libc::EINVAL, Some("Bad thing.")), "cannot create vxlan1: Bad thing");
        assert_eq!(line(libc::EINVAL, None), "cannot create vxlan1: Invalid argument");
    }
}
