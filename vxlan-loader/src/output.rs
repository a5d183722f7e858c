//! What is printed: pure functions from rows to text and JSON, in `ip`'s and `bridge`'s own layout.
//!
//! Nothing is looked up here: rows carry names, not indices. Text that `ip` or `bridge` print too is theirs byte
//! by byte (iproute2 6.1), blanks at the ends of lines included; JSON has their keys in their order, and ours
//! under `vxbpf`.

pub mod drops;
pub mod fdb;
mod json;
pub mod link;
mod link_stats;
pub mod monitor;
pub mod neigh;
pub mod port;
pub mod stats;
pub mod status;
mod vxlan;

use std::io::{self, Write};

use serde_json::Value;

/// What the user wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// JSON instead of text.
    pub json: bool,
    /// JSON in lines for people.
    pub pretty: bool,
    /// Details.
    pub details: bool,
    /// When it happened.
    pub stamp: Stamp,
    /// How much of the statistics: 0 none, 1, 2 also by kind of error.
    pub statistics: u8,
}

/// How `monitor` says when something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// Not at all.
    #[default]
    None,
    /// A line of its own.
    Long,
    /// In front of the line.
    Short,
}

impl Style {
    /// `value` as text, with the end of its line.
    pub fn json_text(self, value: &Value) -> String {
        json::text(value, self.pretty)
    }
}

/// Writes to the standard output. A reader that has gone away wants no more, which is no error.
pub fn print(text: &str) -> io::Result<()> {
    print_on(text).map(drop)
}

/// The same for what goes on and on; false: the reader has gone away.
pub fn print_on(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
