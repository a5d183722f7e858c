//! What the kernel must have, told in one line before anything is touched.

use std::io;

use anyhow::{Result, bail};
use aya::programs::tc::TcAttachType;
use aya::programs::{ProgramError, SchedClassifier};

/// Asks the kernel for the programs at TCX of `lo`: the answer tells whether it has TCX and lets us use it.
pub fn check() -> Result<()> {
    match SchedClassifier::query_tcx("lo", TcAttachType::Ingress) {
        Ok(_) => Ok(()),
        Err(error) => match errno(&error).and_then(lacking) {
            Some(what) => bail!("{what}"),
            None => Err(error.into()),
        },
    }
}

/// What is lacking where the kernel answers so.
fn lacking(errno: i32) -> Option<&'static str> {
    match errno {
        libc::EPERM | libc::EACCES => {
            Some("not permitted to use BPF: run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN")
        }
        libc::ENOSYS => Some("this kernel has no BPF system call: one with CONFIG_BPF_SYSCALL is needed"),
        // A kernel from before 6.6 does not know the attach type, one without the option knows it and refuses.
        libc::EINVAL | libc::EOPNOTSUPP => Some(
            "this kernel has no TCX, where the programs hang: Linux 6.6 or newer with CONFIG_NET_XGRESS is needed",
        ),
        _ => None,
    }
}

fn errno(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::SyscallError(error) => error.io_error.raw_os_error(),
        error => std::error::Error::source(error)?.downcast_ref::<io::Error>()?.raw_os_error(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_can_be_lacking_is_named_with_its_remedy() {
        for (errno, feature, remedy) in [
            (libc::EPERM, "not permitted", "CAP_BPF"),
            (libc::ENOSYS, "no BPF system call", "CONFIG_BPF_SYSCALL"),
            (libc::EINVAL, "no TCX", "Linux 6.6 or newer"),
            (libc::EOPNOTSUPP, "no TCX", "CONFIG_NET_XGRESS"),
        ] {
            let what = lacking(errno).expect("a sentence");
            assert!(what.contains(feature) && what.contains(remedy), "{what}");
        }
        assert_eq!(lacking(libc::ENODEV), None);
    }
}
