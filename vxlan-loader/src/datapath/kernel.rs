//! What the kernel must have, told in one line before anything is touched.

use std::io;

use anyhow::{Result, bail};
use aya::programs::tc::TcAttachType;
use aya::programs::{ProgramError, SchedClassifier};

/// Asks the kernel for the programs at TCX of `lo`: the answer tells whether it has TCX and lets us use it.
pub fn check() -> Result<()> {
    match SchedClassifier::query_tcx("lo", TcAttachType::Ingress) {
        Ok(_) => Ok(()),
        Err(error) => match errno(&error) {
            Some(libc::EPERM | libc::EACCES) => {
                bail!(
                    "not permitted to use BPF: run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN"
                )
            }
            Some(libc::ENOSYS) => {
                bail!("this kernel has no BPF system call: one with CONFIG_BPF_SYSCALL is needed")
            }
            Some(libc::EINVAL | libc::EOPNOTSUPP) => bail!(
                "this kernel has no TCX, where the programs hang: Linux 6.6 or newer with CONFIG_NET_XGRESS is needed"
            ),
            _ => Err(error.into()),
        },
    }
}

fn errno(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::SyscallError(error) => error.io_error.raw_os_error(),
        error => std::error::Error::source(error)?.downcast_ref::<io::Error>()?.raw_os_error(),
    }
}
