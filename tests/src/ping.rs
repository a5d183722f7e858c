//! Pinging from a namespace.

use std::net::IpAddr;

use crate::Netns;

/// Sends `count` echo requests from `from` to `to`, five a second, and returns how many came back.
///
/// Waits two seconds for each answer, so that a lost one is told from a late one.
pub fn ping(from: &Netns, to: impl Into<IpAddr>, count: u32) -> u32 {
    ping_with(from, to, count, "")
}

/// As [`ping`], with more options of `ping`, such as `-s 1400 -M do`.
pub fn ping_with(from: &Netns, to: impl Into<IpAddr>, count: u32, options: &str) -> u32 {
    let to = to.into();
    // `ping` fails when answers are missing; the count says the same and more.
    let output = from.try_run(&format!("ping -n -c {count} -i 0.2 -W 2 {options} {to}"));
    received(&output.stdout).unwrap_or_else(|| panic!("ping counted nothing: {output}"))
}

/// Pings `count` times and expects every answer.
///
/// # Panics
/// When one is missing.
#[track_caller]
pub fn expect_ping(from: &Netns, to: impl Into<IpAddr>, count: u32) {
    let to = to.into();
    let answers = ping(from, to, count);
    assert_eq!(answers, count, "{to} answered {answers} of {count} pings from {}", from.name());
}

/// The number in `3 packets transmitted, 3 received, 0% packet loss`.
fn received(printed: &str) -> Option<u32> {
    let summary = printed.lines().find(|line| line.contains("packets transmitted"))?;
    let part = summary.split(',').find(|part| part.ends_with(" received"))?;
    part.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_also_beside_errors() {
        let printed = "4 packets transmitted, 1 received, +3 errors, 75% packet loss, time 3ms\n";
        assert_eq!(received(printed), Some(1));
    }
}
