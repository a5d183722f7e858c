//! A tcpdump that is known to listen, and known to have written everything when it stops.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{self, Child, ChildStderr},
    sync::atomic::{AtomicU32, Ordering},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Netns, command::Background, wait::SOON, wait_until};

use super::Pcap;

/// A running capture. Dropped without [`stop`](Self::stop), it ends and leaves no file.
pub struct Capture {
    tcpdump: Background,
    complaints: BufReader<ChildStderr>,
    pcap: Pcap,
    /// Whether it stops by itself after so many packets, and may lose the rest.
    bounded: bool,
}

/// What tcpdump counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    captured: u64,
    dropped: u64,
}

impl Capture {
    /// Captures whole packets on `device` that match `filter` (none when empty), and returns when
    /// tcpdump listens.
    pub fn start(netns: &Netns, device: &str, filter: &str) -> Self {
        Self::launch(netns, device, &[], filter)
    }

    /// As [`Capture::start`], but of the first `packets` only: enough to judge a big transfer by.
    pub fn start_bounded(netns: &Netns, device: &str, filter: &str, packets: u32) -> Self {
        Self::launch(netns, device, &["-c", &packets.to_string()], filter)
    }

    fn launch(netns: &Netns, device: &str, bound: &[&str], filter: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let file = env::temp_dir().join(format!("vxt-{}-{number}-{device}.pcap", process::id()));
        let path = file.to_str().expect("a temporary directory that can be spelled");
        // -U and --immediate-mode: what has passed is in the file; -B: room for bursts, in KiB;
        // -Z root: the file is ours.
        let options = ["-s", "0", "-U", "--immediate-mode", "-B", "65536", "-Z", "root"];
        let mut words = vec!["tcpdump", "-i", device, "-w", path];
        words.extend(options);
        words.extend(bound);
        if !filter.is_empty() {
            words.push(filter);
        }
        let tcpdump = netns.spawn(&words);
        let complaints = tcpdump.with(|child| child.stderr.take()).expect("the stderr of tcpdump");
        let (complaints, bounded) = (BufReader::new(complaints), !bound.is_empty());
        let mut capture = Self { tcpdump, complaints, pcap: Pcap::new(file), bounded };
        let said = capture.read_until("listening on");
        assert!(said.contains("listening on"), "tcpdump on {device} does not listen: {said}");
        capture
    }

    /// Stops, after everything that has passed is written.
    ///
    /// # Panics
    /// When the kernel dropped packets that tcpdump was too slow for: what was not seen cannot be
    /// judged. A bounded capture may miss some.
    pub fn stop(mut self) -> Pcap {
        wait_until("tcpdump to have read all that it received", SOON, || self.ended_or_idle());
        self.signal(Signal::SIGINT);
        let said = self.read_until("dropped by kernel");
        let counted = parse(&said).unwrap_or_else(|| panic!("tcpdump did not count: {said}"));
        self.tcpdump.with(Child::wait).expect("tcpdump to end");
        assert!(
            counted.dropped == 0 || self.bounded,
            "tcpdump missed packets: {counted:?}; capture less, or bounded"
        );
        self.pcap
    }

    /// Whether tcpdump sleeps: in immediate mode it does so only to wait for a packet, with none
    /// left to read. (Its counters cannot tell: they include what came before the filter was set.)
    fn ended_or_idle(&self) -> bool {
        self.tcpdump.ended() || {
            let id = self.tcpdump.with(|child| child.id());
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            // The state follows the name of the program, which is in brackets (proc_pid_stat(5)).
            stat.contains(") S ")
        }
    }

    /// Signals tcpdump by its own id, unless it has ended and its id may be another's.
    fn signal(&self, signal: Signal) {
        if !self.tcpdump.ended() {
            let id = self.tcpdump.with(|child| child.id());
            kill(Pid::from_raw(id.cast_signed()), signal).expect("a signal to tcpdump");
        }
    }

    /// What tcpdump says up to and including the line that contains `marker`, or its end.
    fn read_until(&mut self, marker: &str) -> String {
        let mut said = String::new();
        while !said.contains(marker) {
            if self.complaints.read_line(&mut said).expect("the stderr of tcpdump") == 0 {
                break;
            }
        }
        said
    }
}

/// Reads `3 packets captured` and `0 packets dropped by kernel`, a line each; none when tcpdump
/// did not come to say so.
fn parse(said: &str) -> Option<Counted> {
    let count = |what: &str| {
        let line = said.lines().find(|line| line.contains(what))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Counted { captured: count(" captured")?, dropped: count(" dropped by kernel")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_from_the_last_words() {
        let said = "12 packets captured\n14 packets received by filter\n2 packets dropped by kernel\n";
        assert_eq!(parse(said), Some(Counted { captured: 12, dropped: 2 }));
        assert_eq!(parse("Killed\n"), None);
    }
}
