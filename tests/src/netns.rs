//! A network namespace that lives as long as its handle.
//!
//! Commands run on a thread of their own that has entered the namespace; a child process inherits
//! the namespace of the thread that started it. Unlike `ip netns exec` this leaves the mounts
//! alone, so `/sys/fs/bpf` is the machine's; and it needs no `unsafe`.

use std::{
    fs::{self, File},
    panic,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use nix::sched::{CloneFlags, setns};

use crate::{
    command::{self, Background, Output},
    kernel,
};

/// Where `ip netns` keeps its names.
const NAMES: &str = "/var/run/netns";

/// What every namespace of these tests is set to, so that no default of the machine decides a
/// test: no forwarding, addresses usable at once, and no packet that nobody asked for.
const SETTINGS: &[(&str, &str)] = &[
    ("ipv4/ip_forward", "0"),
    ("ipv4/conf/all/forwarding", "0"),
    ("ipv4/conf/default/forwarding", "0"),
    ("ipv6/conf/all/forwarding", "0"),
    ("ipv6/conf/default/forwarding", "0"),
    ("ipv6/conf/all/accept_dad", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/dad_transmits", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
];

/// A network namespace of its own name, gone when this is dropped, also after a panic.
pub struct Netns {
    name: String,
    /// Keeps the namespace alive and is what threads enter.
    handle: File,
    /// What [`Netns::spawn`] started here: a process keeps its namespace alive.
    started: Mutex<Vec<Background>>,
}

impl Netns {
    /// Makes the namespace `vxt-<pid>-<counter>-<name>` with `lo` up.
    ///
    /// # Panics
    /// When the machine lacks what the tests need, see [`kernel::require`].
    pub fn new(name: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        kernel::require();
        remove_what_dead_tests_left();
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("vxt-{}-{number}-{name}", process::id());
        command::run(&format!("ip netns add {name}")).expect_success();
        let path = Path::new(NAMES).join(&name);
        let handle = File::open(&path).unwrap_or_else(|error| panic!("cannot open {path:?}: {error}"));
        let netns = Self { name, handle, started: Mutex::default() };
        for (key, value) in SETTINGS {
            netns.set(key, value);
        }
        netns.run("ip link set dev lo up");
        netns
    }

    /// The name under which `ip -n` and `vxbpf -n` know this namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `work` on a fresh thread inside this namespace and returns what it returns.
    ///
    /// A socket made by `work` stays in this namespace wherever it is used afterwards.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let inside = || {
            setns(&self.handle, CloneFlags::CLONE_NEWNET)
                .unwrap_or_else(|error| panic!("cannot enter {}: {error}", self.name));
            work()
        };
        let result = thread::scope(|scope| scope.spawn(inside).join());
        result.unwrap_or_else(|cause| panic::resume_unwind(cause))
    }

    /// Runs a command line in here.
    ///
    /// # Panics
    /// With the command line and its complaint, when it fails.
    #[track_caller]
    pub fn run(&self, line: &str) -> Output {
        self.try_run(line).expect_success()
    }

    /// Runs a command line in here, whatever comes of it.
    pub fn try_run(&self, line: &str) -> Output {
        self.within(|| command::run(line))
    }

    /// Starts a command in here that runs beside the test, with its output piped. It is killed
    /// when the handle is dropped, and at the latest when the namespace is.
    pub fn spawn(&self, words: &[&str]) -> Background {
        let [program, arguments @ ..] = words else { panic!("no command to spawn in {}", self.name) };
        let background = self.within(|| {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            Background::start(&mut command)
        });
        self.started.lock().unwrap_or_else(PoisonError::into_inner).push(background.share());
        background
    }

    /// Whether there is such a setting below `/proc/sys/net`: what the kernel lacks has none.
    pub fn has(&self, key: &str) -> bool {
        self.within(|| Path::new(&setting(key)).exists())
    }

    /// Writes a setting below `/proc/sys/net`, such as `ipv4/ip_forward`.
    pub fn set(&self, key: &str, value: &str) {
        let path = setting(key);
        self.within(|| fs::write(&path, value))
            .unwrap_or_else(|error| panic!("cannot set {key} to {value} in {}: {error}", self.name));
    }

    /// Reads a setting below `/proc/sys/net`.
    pub fn get(&self, key: &str) -> String {
        let path = setting(key);
        let text = self.within(|| fs::read_to_string(&path));
        text.unwrap_or_else(|error| panic!("cannot read {key} in {}: {error}", self.name)).trim().to_owned()
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        self.started.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        let removed = command::run(&format!("ip netns del {}", self.name));
        if !removed.status.success() {
            eprintln!("a namespace stays behind: {removed}");
        }
    }
}

/// The file of a setting. `/proc/sys/net` shows the namespace of the thread that opens it.
fn setting(key: &str) -> PathBuf {
    Path::new("/proc/sys/net").join(key)
}

/// Removes the namespaces of test processes that were killed before they could clean up.
fn remove_what_dead_tests_left() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(names) = fs::read_dir(NAMES) else { return };
        for name in names.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            let owner = name.strip_prefix("vxt-").and_then(|rest| rest.split('-').next());
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                command::run(&format!("ip netns del {name}"));
            }
        }
    });
}
