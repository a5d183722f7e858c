//! What `ip monitor` and `vxbpf monitor` print, line by line as it comes.

use std::{
    io::{BufRead, BufReader},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crate::{Host, Netns, Side, command::Background, side::vxbpf_binary};

/// A command that prints until it is ended, which it is when this is dropped.
pub struct Lines {
    process: Background,
    printed: Arc<Mutex<Vec<String>>>,
}

impl Lines {
    /// Starts it in a namespace.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn of(netns: &Netns, words: &[&str]) -> Self {
        let process = netns.spawn(words);
        let stdout = process.with(|child| child.stdout.take()).expect("a pipe");
        let printed = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&printed);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { process, printed }
    }

    /// What was printed so far, without blanks at the ends of lines.
    pub fn so_far(&self) -> Vec<String> {
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Whether a line that ends so was printed.
    pub fn has(&self, end: &str) -> bool {
        self.so_far().iter().any(|line| line.ends_with(end))
    }

    /// The process itself.
    pub fn process(&self) -> &Background {
        &self.process
    }
}

impl Host {
    /// Runs `ip monitor ARGUMENTS` or `vxbpf monitor ARGUMENTS`.
    pub fn monitor(&self, arguments: &str) -> Lines {
        let vxbpf = vxbpf_binary().display().to_string();
        let command = match self.side() {
            Side::Kernel => "ip",
            Side::Vxbpf => &vxbpf,
        };
        let words: Vec<&str> = [command, "monitor"].into_iter().chain(arguments.split(' ')).collect();
        Lines::of(self.netns(), &words)
    }
}
