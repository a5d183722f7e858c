//! The demo's hosts and containers. They go away when the stage is dropped, also after an error.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Two hosts, a container on each.
pub struct Stage {
    pub a: Namespace,
    pub b: Namespace,
    pub c1: Namespace,
    pub c2: Namespace,
}

impl Stage {
    /// Makes them, with addresses, and devices up.
    pub fn new() -> Result<Self> {
        let stage = Self {
            a: Namespace::new("a")?,
            b: Namespace::new("b")?,
            c1: Namespace::new("c1")?,
            c2: Namespace::new("c2")?,
        };
        wire(&stage.a, "eth0", &stage.b, "eth0")?;
        wire(&stage.a, "p1", &stage.c1, "eth0")?;
        wire(&stage.b, "p1", &stage.c2, "eth0")?;
        for (namespace, address) in [
            (&stage.a, "192.168.1.100/24"),
            (&stage.b, "192.168.1.200/24"),
            (&stage.c1, "172.55.1.2/24"),
            (&stage.c2, "172.55.1.3/24"),
        ] {
            namespace.run(&format!("ip addr add {address} dev eth0"))?;
        }
        // What an overlay leaves of 1500 bytes.
        for container in [&stage.c1, &stage.c2] {
            container.run("ip link set dev eth0 mtu 1450")?;
        }
        for host in [&stage.a, &stage.b] {
            host.run("ip link set dev p1 mtu 1450")?;
        }
        Ok(stage)
    }

    /// Types a `vxbpf` command on a host and shows it with what it prints.
    pub fn vxbpf(&self, host: &Namespace, words: &str) -> Result<()> {
        println!("{}# vxbpf {words}", host.label);
        let binary = workspace::vxbpf();
        let printed = output(Command::new(binary).args(["-n", &host.name]).args(words.split(' ')))?;
        print!("{printed}");
        Ok(())
    }

    /// Detaches on both hosts, removes them, and says what is left of vxbpf on this machine's hooks.
    pub fn remove(self) -> Result<String> {
        for host in [&self.a, &self.b] {
            self.vxbpf(host, "detach --all")?;
        }
        let mut left = String::new();
        for host in [&self.a, &self.b] {
            let devices = host.run("ip -o link show type vxlan")?;
            left += &format!("{}: vxlan devices: {}\n", host.label, devices.lines().count());
        }
        drop(self);
        Ok(left.trim_end().to_owned())
    }
}

/// A network namespace; removed on drop.
pub struct Namespace {
    pub label: &'static str,
    name: String,
}

impl Namespace {
    fn new(label: &'static str) -> Result<Self> {
        let name = format!("vxbpf-demo-{}-{label}", std::process::id());
        output(Command::new("ip").args(["netns", "add", &name]))?;
        let namespace = Self { label, name };
        namespace.run("ip link set dev lo up")?;
        namespace.run("sysctl -qw net.ipv4.ip_forward=0")?;
        Ok(namespace)
    }

    /// Runs a command line in it and returns what it prints.
    pub fn run(&self, line: &str) -> Result<String> {
        output(&mut self.command(line))
    }

    /// Runs a command line until it succeeds.
    pub fn run_until(&self, line: &str, limit: Duration) -> Result<String> {
        let begin = Instant::now();
        loop {
            match self.run(line) {
                Err(_) if begin.elapsed() < limit => thread::sleep(Duration::from_millis(50)),
                done => return done,
            }
        }
    }

    /// Starts a command line in it; it is ended on drop.
    pub fn spawn(&self, line: &str) -> Result<Running> {
        let mut command = self.command(line);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("cannot run `{line}`"))?;
        Ok(Running { child: child.into(), line: line.to_owned() })
    }

    /// By `nsenter`: `ip netns exec` would hide the file system that holds the pins.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/var/run/netns/{}", self.name)).arg("--").args(line.split(' '));
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new(workspace::vxbpf()).args(["-n", &self.name, "detach", "--all"]).output();
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}

/// A command that runs beside; ended on drop.
pub struct Running {
    child: std::cell::RefCell<Child>,
    line: String,
}

impl Running {
    /// Waits until it prints `text` on its standard output.
    pub fn wait_for_output(&self, text: &str) -> Result<()> {
        let from = self.child.borrow_mut().stdout.take().context("its output was read before")?;
        self.wait_for(BufReader::new(from), text)
    }

    /// Waits until it prints `text` on its standard error.
    pub fn wait_for_error(&self, text: &str) -> Result<()> {
        let from = self.child.borrow_mut().stderr.take().context("its errors were read before")?;
        self.wait_for(BufReader::new(from), text)
    }

    fn wait_for(&self, from: impl BufRead + Send + 'static, text: &str) -> Result<()> {
        let mut lines = from.lines();
        for line in lines.by_ref() {
            if line?.contains(text) {
                // Read on, so that it never blocks on a full pipe.
                thread::spawn(move || lines.for_each(drop));
                return Ok(());
            }
        }
        bail!("`{}` ended before it said \"{text}\"", self.line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A table that is pinned for one of the hosts.
pub fn pinned_table(name: &str) -> Option<PathBuf> {
    let directories = fs::read_dir("/sys/fs/bpf/vxbpf").ok()?;
    directories.flatten().map(|entry| entry.path().join("maps").join(name)).find(|path| path.exists())
}

/// The processes whose program is called `name`.
pub fn processes(name: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim() == name))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// A veth pair between two namespaces, up.
fn wire(left: &Namespace, left_name: &str, right: &Namespace, right_name: &str) -> Result<()> {
    left.run(&format!("ip link add {left_name} type veth peer name {right_name} netns {}", right.name))?;
    left.run(&format!("ip link set dev {left_name} up"))?;
    right.run(&format!("ip link set dev {right_name} up"))?;
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    if !done.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
