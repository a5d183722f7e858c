//! `vxbpf monitor ...`

use clap::{Args, ValueEnum};

use super::Refusal;
use super::check::existing_name;

/// `vxbpf monitor`
#[derive(Args, Debug)]
pub struct Monitor {
    /// What to print; all of it if left out
    #[arg(value_name = "TOPIC", value_enum)]
    pub topic: Option<Topic>,
    /// Only of this VTEP device
    #[arg(long, value_name = "DEV")]
    pub dev: Option<String>,
}

/// What can be listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Topic {
    /// All of it
    All,
    /// What nobody knows: stations (l2miss) and IP addresses (l3miss)
    Miss,
    /// The same, and neighbours that are learned, set and deleted
    #[value(alias = "neighbor", alias = "neighbour")]
    Neigh,
    /// Stations that are learned, set, move and go
    Fdb,
    /// Dropped frames, once a second for each reason
    Drop,
}

impl Monitor {
    /// What to print.
    pub fn topic(&self) -> Topic {
        self.topic.unwrap_or(Topic::All)
    }

    /// The name of the only VTEP device that counts.
    pub fn device(&self) -> Result<Option<String>, Refusal> {
        self.dev.as_deref().map(existing_name).transpose()
    }
}
