//! A command line, run to its end or in the background.
//!
//! Words are separated by blanks, without quoting: no command of these tests needs more. Where
//! the command runs is the business of [`Netns`](crate::Netns).

use std::{
    fmt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

/// No command takes longer than this many seconds; one that does has hung, and is killed.
const LIMIT: &str = "60";

/// What a finished command left behind.
#[derive(Clone, Debug)]
pub struct Output {
    /// The command line as it was typed.
    pub line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Output {
    /// The same output, provided that the command succeeded.
    ///
    /// # Panics
    /// With the command line and everything it printed, when it failed.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }

    /// The printed lines, without blanks at their ends.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().map(str::trim_end).collect()
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ended with {}\n{}{}", self.line, self.status, self.stderr, self.stdout)
    }
}

/// Runs `line` to its end, in the network namespace of the calling thread.
///
/// # Panics
/// When there is no such program.
pub fn run(line: &str) -> Output {
    let words: Vec<&str> = line.split_whitespace().collect();
    run_words(&words)
}

/// As [`run`], for words that hold blanks themselves.
pub fn run_words(words: &[&str]) -> Output {
    let line = words.join(" ");
    let output = Command::new("timeout")
        .args(["--signal=KILL", LIMIT])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot run `{line}`: {error}"));
    Output {
        line,
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A process, shared between those who may have to end it.
type Process = Arc<Mutex<Child>>;

/// A process that runs beside the test. It is killed, by its own handle, when this is dropped.
pub struct Background(Process);

impl Background {
    /// Starts `command` in the network namespace of the calling thread.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        Self(Arc::new(Mutex::new(child)))
    }

    /// A second handle on the same process, for the namespace that the process keeps alive.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// Does something with the process itself: takes its pipes, sends it a signal, waits for it.
    pub fn with<T>(&self, work: impl FnOnce(&mut Child) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the process has ended by itself.
    pub fn ended(&self) -> bool {
        self.with(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.with(|child| {
            // An error means that it is gone, and that is what is wanted.
            let _gone = child.kill();
            let _reaped = child.wait();
        });
    }
}
