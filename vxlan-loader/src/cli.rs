//! The command line as clap reads it, after [`crate::words`] has put it into long options.
//!
//! The types here are what was typed: words, numbers, addresses. What of that makes sense is decided by the
//! conversions in [`vtep`], [`change`], [`fdb`], [`flush`], [`neigh`] and [`which`], whose errors are [`Refusal`].

mod change;
mod check;
mod complaint;
mod fdb;
mod flush;
mod monitor;
mod neigh;
mod options;
mod refusal;
mod value;
mod vtep;
mod which;

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use change::LinkSet;
pub use complaint::Complaint;
pub use fdb::{FdbDel, FdbEntry, FdbGet, FdbShow, StateFilter};
pub use flush::FdbFlush;
pub use monitor::{Monitor, Topic};
pub use neigh::{NeighDel, NeighEntry, NeighFlush, NeighGet, NeighShow};
pub use refusal::Refusal;
pub use vtep::{Attach, LinkAdd};
pub use which::{Detach, LinkDel, LinkShow, Listing, PortAdd, PortDel, PortShow};

/// A VXLAN (RFC 7348) tunnel endpoint whose data plane is eBPF.
///
/// Words may be spelled as ip and bridge do: `vxbpf link add vxlan1 type vxlan id 444 remote 192.168.1.200 dev eth0`.
#[derive(Debug, Parser)]
#[command(name = "vxbpf", version, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The object and what to do with it.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options in front of the object.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Global {
    /// Work in the network namespace NETNS
    #[arg(short = 'n', long, value_name = "NETNS")]
    pub netns: Option<String>,
    /// Print JSON
    #[arg(short, long)]
    pub json: bool,
    /// Print JSON in lines for people
    #[arg(short, long)]
    pub pretty: bool,
    /// Print details
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub details: u8,
    /// Print statistics; twice: also by kind of error
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub statistics: u8,
    /// Print time stamps
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub timestamp: u8,
    /// Print time stamps in a short form
    #[arg(long)]
    pub tshort: bool,
    /// Do the commands of FILE, one a line ("-": of the standard input)
    #[arg(long, value_name = "FILE")]
    pub batch: Option<String>,
    /// Go on with a batch after a command that failed
    #[arg(long, action = clap::ArgAction::Count)]
    pub force: u8,
}

/// An object and what to do with it.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a VTEP device on DEV and bring it up
    Attach(Box<Attach>),
    /// Take VTEP devices away, leaving nothing behind
    Detach(Detach),
    /// VTEP devices, in the words of ip link
    #[command(subcommand)]
    Link(Link),
    /// Containers' and VMs' devices straight in an overlay
    #[command(subcommand)]
    Port(Port),
    /// Which station is behind which VTEP, in the words of bridge fdb
    #[command(subcommand)]
    Fdb(Fdb),
    /// For which addresses ARP and ND are answered, in the words of ip neigh
    #[command(subcommand)]
    Neigh(Neigh),
    /// Overlays, the hooks that their programs hang on, and ports
    Status(Listing),
    /// Traffic by VNI and VTEP
    Stats(Listing),
    /// Dropped frames by reason
    Drops(Listing),
    /// What happens, as it happens: misses, stations learned and gone, drops
    Monitor(Monitor),
    /// The end of each frame as it comes, from programs that were built to tell
    Trace(Listing),
}

/// `vxbpf link ...`
#[derive(Debug, Subcommand)]
pub enum Link {
    /// Make a VTEP device
    Add(Box<LinkAdd>),
    /// Change what can change while it lives
    Set(Box<LinkSet>),
    /// Take a VTEP device away
    Del(LinkDel),
    /// Print VTEP devices
    Show(LinkShow),
}

/// `vxbpf port ...`
#[derive(Debug, Subcommand)]
pub enum Port {
    /// Put a device into an overlay
    Add(PortAdd),
    /// Take a device out of its overlay
    Del(PortDel),
    /// Print the devices that are in overlays
    Show(PortShow),
}

/// `vxbpf fdb ...`
#[derive(Debug, Subcommand)]
pub enum Fdb {
    /// Add an entry that is not there yet
    Add(FdbEntry),
    /// Add a VTEP to those that get everything not known (00:00:00:00:00:00)
    Append(FdbEntry),
    /// Add an entry or put it in another's place
    Replace(FdbEntry),
    /// Delete an entry
    Del(FdbDel),
    /// Print entries
    Show(FdbShow),
    /// Print one entry
    Get(FdbGet),
    /// Delete all entries that fit
    Flush(FdbFlush),
}

/// `vxbpf neigh ...`
#[derive(Debug, Subcommand)]
pub enum Neigh {
    /// Add an entry that is not there yet
    Add(NeighEntry),
    /// Change an entry that is there
    Change(NeighEntry),
    /// Add an entry or put it in another's place
    Replace(NeighEntry),
    /// Delete an entry
    Del(NeighDel),
    /// Print entries
    Show(NeighShow),
    /// Print one entry
    Get(NeighGet),
    /// Delete all entries that fit
    Flush(NeighFlush),
}

/// Reads command lines; building clap's tables once serves all lines of a batch.
pub struct Reader {
    clap: clap::Command,
}

impl Reader {
    /// Ready to read.
    pub fn new() -> Self {
        Self { clap: Cli::command() }
    }

    /// The command line `words`, without the program's own name.
    pub fn read(&mut self, words: &[String]) -> Result<Cli, Complaint> {
        let rewritten = crate::words::rewrite(words)?;
        let matches = self.clap.try_get_matches_from_mut(rewritten.iter().map(OsString::from));
        matches
            .and_then(|matches| Cli::from_arg_matches(&matches))
            .map_err(|error| Complaint::of_clap(&error, &rewritten))
    }
}

#[cfg(test)]
mod tests;
