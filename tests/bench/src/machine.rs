//! Where and when it was measured.

use std::{fs, process::Command};

use vxlan_tests::command;

/// The machine of this run.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its CPU, as it calls itself.
    pub cpu: String,
    /// How many of them this process may use.
    pub cores: usize,
    /// Its kernel.
    pub kernel: String,
    /// When, in UTC.
    pub date: String,
    /// The revision of the project.
    pub revision: String,
    /// What waits for a core besides the bench: the load average over the last minute.
    pub load: String,
}

impl Machine {
    /// This one, now.
    pub fn look() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            cpu: cpu(&info).unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease"),
            date: command::run("date -u +%Y-%m-%dT%H:%MZ").stdout.trim().to_owned(),
            revision: revision(),
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

fn cpu(info: &str) -> Option<&str> {
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// "-dirty" says that something was changed since.
fn revision() -> String {
    let said = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let said = said.ok().filter(|said| said.status.success());
    said.map_or_else(|| "unknown".to_owned(), |said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_named_as_the_kernel_names_it() {
        assert_eq!(cpu("processor : 0\nmodel name\t: Some CPU @ 2.20GHz\n"), Some("Some CPU @ 2.20GHz"));
        assert_eq!(cpu(""), None);
    }
}
