//! What is mounted: /proc/PID/mountinfo (proc_pid_mountinfo(5)).

use std::path::PathBuf;
use std::{fs, io};

/// One mount.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Major and minor number of its file system.
    pub(super) device: (u64, u64),
    /// What of its file system is mounted; of a namespace `net:[4026531840]`.
    pub(super) root: String,
    /// Where.
    pub(super) point: PathBuf,
    /// The file system's kind.
    pub(super) kind: String,
}

/// All mounts that process `process` (a number, or `self`) sees.
pub(super) fn mounts(process: &str) -> io::Result<Vec<Mount>> {
    let text = fs::read_to_string(format!("/proc/{process}/mountinfo"))?;
    Ok(text.lines().filter_map(read).collect())
}

fn read(line: &str) -> Option<Mount> {
    let (mount, source) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(2);
    let (major, minor) = fields.next()?.split_once(':')?;
    Some(Mount {
        device: (major.parse().ok()?, minor.parse().ok()?),
        root: unescape(fields.next()?),
        point: unescape(fields.next()?).into(),
        kind: source.split(' ').next()?.to_owned(),
    })
}

/// Space, tab, newline and backslash are written as three octal digits behind a backslash.
fn unescape(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_with_and_without_optional_fields() {
        let bpf = Mount { device: (0, 30), root: "/".into(), point: "/mnt/a b".into(), kind: "bpf".into() };
        assert_eq!(read(r"29 24 0:30 / /mnt/a\040b rw,nosuid - bpf none rw,mode=700"), Some(bpf));
        let namespace = read("57 22 0:4 net:[4026532237] /run/netns/x rw shared:3 master:1 - nsfs nsfs rw");
        assert_eq!(namespace.map(|mount| mount.root), Some("net:[4026532237]".into()));
    }

    #[test]
    fn what_is_no_mount_is_left_out() {
        for line in ["", " - ", "29 24 0:30 / /mnt rw", "29 24 thirty / /mnt rw - bpf none rw"] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }
}
