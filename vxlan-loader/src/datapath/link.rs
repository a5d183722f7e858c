//! Hanging programs at devices, by links that are pinned: no process has to hold them.
//!
//! At TCX ours go behind those that hang there already, and pass on what is not ours, so that both work. At XDP there is
//! room for one, and whose it is stays.

use std::io::ErrorKind;

use anyhow::{Context, Error, Result, anyhow};
use aya::programs::links::{FdLink, LinkOrder};
use aya::programs::tc::TcAttachOptions;
use aya::programs::xdp::XdpMode;
use aya::programs::{ProgramError, SchedClassifier, Xdp};
use aya_obj::programs::XdpAttachType;
use vxlan_common::IfIndex;

use super::bpf;
use super::directory::{Directory, remove_pin};
use super::hook::Hook;

/// A pinned link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Where it hangs.
    pub hook: Hook,
    /// At which device.
    pub device: IfIndex,
    /// Numbers of the link and its program, as bpftool prints them; `None`: the device is gone.
    pub numbers: Option<(u32, u32)>,
}

impl Pinned {
    /// Whether frames still come by.
    pub const fn is_alive(&self) -> bool {
        self.numbers.is_some()
    }
}

/// All pinned links of a namespace, by hook and device.
pub(super) fn all(directory: &Directory) -> Result<Vec<Pinned>> {
    let mut links = Vec::new();
    for (hook, device, path) in directory.links()? {
        let link = match bpf::device_link(&path) {
            // Another command took it away meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            link => link.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let numbers = (link.device == device).then_some((link.id, link.program));
        links.push(Pinned { hook, device, numbers });
    }
    links.sort_by_key(|link| (link.hook, link.device));
    Ok(links)
}

/// Whether the program of `hook` hangs at `device`.
pub(super) fn is_attached(directory: &Directory, hook: Hook, device: IfIndex) -> bool {
    bpf::device_link(&directory.link(hook, device)).is_ok_and(|link| link.device == device)
}

/// Hangs the program of `hook` at `device`, called `name`; false if it hangs there already.
pub(super) fn attach(directory: &Directory, hook: Hook, device: IfIndex, name: &str) -> Result<bool> {
    if is_attached(directory, hook, device) {
        return Ok(false);
    }
    let path = directory.link(hook, device);
    remove_pin(&path)?;
    let attached = hang(directory, hook, device, name).map_err(|error| refused(error, hook, name))?;
    attached.pin(&path).with_context(|| format!("cannot pin {}", path.display()))?;
    Ok(true)
}

/// Takes the program of `hook` off `device`.
pub(super) fn detach(directory: &Directory, hook: Hook, device: IfIndex) -> Result<()> {
    remove_pin(&directory.link(hook, device))
}

fn hang(directory: &Directory, hook: Hook, device: IfIndex, name: &str) -> Result<FdLink> {
    let path = directory.program(hook.program());
    let Some(direction) = hook.tc() else {
        let mut program = Xdp::from_pin(path, XdpAttachType::Interface)?;
        let id = program.attach_to_if_index(device.0, XdpMode::Driver)?;
        return Ok(program.take_link(id)?.try_into()?);
    };
    let mut program = SchedClassifier::from_pin(path)?;
    let order = TcAttachOptions::TcxOrder(LinkOrder::default());
    let id = program.attach_with_options(name, direction, order)?;
    Ok(program.take_link(id)?.try_into()?)
}

fn refused(error: Error, hook: Hook, name: &str) -> Error {
    let errno = match error.downcast_ref::<ProgramError>() {
        Some(ProgramError::SyscallError(error)) => error.io_error.raw_os_error(),
        _ => None,
    };
    let (program, direction) = (hook.program(), hook.direction());
    match errno {
        Some(libc::ENODEV) => anyhow!("{name} went away while its program was attached: try again"),
        Some(libc::ERANGE | libc::ENOSPC) => {
            anyhow!("too many TCX programs at the {direction} of {name}: `bpftool net` shows them")
        }
        Some(libc::EPERM | libc::EACCES) => anyhow!(
            "not permitted to attach {program} to {name}: run as root, or with CAP_BPF and CAP_NET_ADMIN"
        ),
        Some(libc::EBUSY) if hook.tc().is_none() => {
            anyhow!("another XDP program hangs at {name}: `ip link set dev {name} xdp off` removes it")
        }
        Some(libc::EOPNOTSUPP | libc::EINVAL) if hook.tc().is_none() => {
            anyhow!("the driver of {name} refuses XDP programs: use mode tc")
        }
        _ => error.context(format!("cannot attach {program} to the {direction} of {name}")),
    }
}
