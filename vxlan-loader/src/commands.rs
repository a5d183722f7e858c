//! From a command line to its work: one file for each family of verbs, each of them thin.
//!
//! A verb turns what was typed into a request, hands it to [`crate::overlays`] and prints what comes back. What it
//! does to tables and devices is not here.

mod attach;
mod batch;
mod fdb;
mod link;
mod monitor;
mod neigh;
mod port;
mod privilege;
mod report;
mod session;
mod trace;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Error, Result};

use crate::cli::{Cli, Command, Complaint, Global, Reader};
use crate::namespace;
use crate::netlink::Netlink;
use crate::output::{self, Stamp, Style};
use session::Session;

/// Why a command was not done, in one line.
#[derive(Debug)]
enum Failure {
    /// The command line is wrong: exit status 1.
    Usage(String),
    /// The work failed: exit status 2.
    Work(Error),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 1,
            Self::Work(_) => 2,
        }
    }

    /// Tells it on the standard error output; `place` says where in a batch it happened.
    fn tell(&self, place: &str) {
        let line = match self {
            Self::Usage(line) => line.clone(),
            Self::Work(error) => format!("{error:#}"),
        };
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        // Nobody is left to be told if this fails.
        let _ = writeln!(std::io::stderr(), "vxbpf: {place}{line}");
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Work(error)
    }
}

/// Does what the command line `words`, without the program's own name, asks for.
pub fn run(words: &[String]) -> ExitCode {
    let mut reader = Reader::new();
    match read(&mut reader, words).and_then(|cli| cli.map_or(Ok(0), |cli| start(&cli, &mut reader))) {
        Ok(status) => status.into(),
        Err(failure) => {
            failure.tell("");
            failure.status().into()
        }
    }
}

/// The command line; `None`: it asked for a text, which is printed.
fn read(reader: &mut Reader, words: &[String]) -> Result<Option<Cli>, Failure> {
    match reader.read(words) {
        Ok(cli) => Ok(Some(cli)),
        Err(Complaint::Text(text)) => Ok(output::print(&text).map(|()| None).context("cannot print")?),
        Err(Complaint::Wrong(line)) => Err(Failure::Usage(line)),
    }
}

/// Goes where the work is to be done, and does it; the exit status.
fn start(cli: &Cli, reader: &mut Reader) -> Result<u8, Failure> {
    let wrong = |line: &str| Err(Failure::Usage(line.into()));
    match (&cli.command, &cli.global.batch) {
        (None, None) => return wrong("no command is given: `vxbpf --help` lists them"),
        (Some(_), Some(_)) => return wrong("-batch takes its commands from the file: give none beside it"),
        (Some(_), None) | (None, Some(_)) => {}
    }
    privilege::check()?;
    if let Some(name) = &cli.global.netns {
        namespace::enter(name).map_err(Error::new)?;
    }
    let netlink = Netlink::new().map_err(Error::new)?;
    let mut session = Session::new(&netlink, style(&cli.global));
    if let Some(command) = &cli.command {
        dispatch(command, &mut session)?;
        return Ok(0);
    }
    let name = cli.global.batch.as_deref().unwrap_or("-");
    batch(name, cli.global.force > 0, reader, &mut session)
}

fn style(global: &Global) -> Style {
    Style {
        json: global.json,
        pretty: global.pretty,
        details: global.details > 0,
        stamp: match (global.timestamp, global.tshort) {
            (_, true) => Stamp::Short,
            (0, false) => Stamp::None,
            (_, false) => Stamp::Long,
        },
        statistics: global.statistics,
    }
}

fn dispatch(command: &Command, session: &mut Session<'_>) -> Result<()> {
    match command {
        Command::Attach(attach) => attach::attach(attach, session),
        Command::Detach(detach) => attach::detach(detach, session),
        Command::Link(link) => link::run(link, session),
        Command::Port(port) => port::run(port, session),
        Command::Fdb(fdb) => fdb::run(fdb, session),
        Command::Neigh(verb) => neigh::run(verb, session),
        Command::Status(listing) => report::status(listing, session),
        Command::Stats(listing) => report::stats(listing, session),
        Command::Drops(listing) => report::drops(listing, session),
        Command::Monitor(monitor) => monitor::monitor(monitor, session),
        Command::Trace(listing) => trace::trace(listing, session),
    }
}

/// Does the commands of the file called `name`, with `force` also after one that failed; the worst exit status of
/// them.
fn batch(name: &str, force: bool, reader: &mut Reader, session: &mut Session<'_>) -> Result<u8, Failure> {
    let file = batch::open(name).with_context(|| format!("cannot read the batch file {name}"))?;
    // Whoever writes the standard input line by line may wait for us, or another command.
    session.keep_open(name != "-");
    let mut worst = 0;
    let mut fail = |number: usize, failure: Failure| {
        failure.tell(&format!("{name}:{number}: "));
        worst = worst.max(failure.status());
        force
    };
    for line in batch::Lines::new(file) {
        let line = match line {
            Ok(line) => line,
            Err((number, error)) => {
                settle(session, &mut fail);
                fail(number, Failure::Work(Error::new(error)));
                return Ok(2);
            }
        };
        match line.plain().map_or(Ok(false), |plain| session.gather(line.number, &plain)) {
            Ok(true) => continue,
            Ok(false) => {}
            // It is that of an earlier line, and this one is gathered.
            Err((number, error)) => {
                if fail(number, error.into()) {
                    continue;
                }
                return Ok(worst);
            }
        }
        // What was gathered comes first.
        let goes_on = settle(session, &mut fail)
            && one_of_batch(&line, reader, session)
                .map_or_else(|failure| fail(line.number, failure), |()| true);
        if !goes_on {
            return Ok(worst);
        }
    }
    settle(session, &mut fail);
    Ok(worst)
}

/// Adds what was gathered; whether to go on.
fn settle(session: &mut Session<'_>, fail: &mut impl FnMut(usize, Failure) -> bool) -> bool {
    while let Err((number, error)) = session.settle() {
        if !fail(number, error.into()) {
            return false;
        }
    }
    true
}

fn one_of_batch(line: &batch::Line, reader: &mut Reader, session: &mut Session<'_>) -> Result<(), Failure> {
    let words = line.words().map_err(Error::new)?;
    let Some(cli) = read(reader, &words)? else { return Ok(()) };
    if cli.global != Global::default() {
        return Err(Failure::Usage("options stand before -batch, not in its lines".into()));
    }
    match &cli.command {
        Some(command) => Ok(dispatch(command, session)?),
        None => Ok(()),
    }
}
