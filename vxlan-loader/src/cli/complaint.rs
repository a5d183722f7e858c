//! A command line that cannot be read, in one line; and the two that ask for text instead of work.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::words::WordError;

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Complaint {
    /// `--help` or `--version`: the text to print.
    Text(String),
    /// The command line is wrong: one line that says how.
    Wrong(String),
}

impl From<WordError> for Complaint {
    fn from(error: WordError) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl Complaint {
    /// clap's verdict on the command line `words`.
    pub(super) fn of_clap(error: &clap::Error, words: &[String]) -> Self {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return Self::Text(error.render().to_string());
        }
        let path = path(words);
        let remedy = ["vxbpf", &path, "--help"]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        let what = sentence(error);
        Self::Wrong(match path.as_str() {
            "" => format!("{what}: see `{remedy}`"),
            path => format!("{path}: {what}: see `{remedy}`"),
        })
    }
}

/// The object and its verb.
fn path(words: &[String]) -> String {
    let command = words.iter().skip(1).skip_while(|word| word.starts_with('-'));
    command.take_while(|word| !word.starts_with('-')).cloned().collect::<Vec<_>>().join(" ")
}

fn sentence(error: &clap::Error) -> String {
    let said = |kind| error.get(kind).map(listed).unwrap_or_default();
    match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("{} must be given", said(ContextKind::InvalidArg)),
        ErrorKind::ArgumentConflict => {
            let (one, other) = (said(ContextKind::InvalidArg), said(ContextKind::PriorArg));
            if one == other { format!("{one} is given twice") } else { format!("{one} contradicts {other}") }
        }
        ErrorKind::InvalidValue | ErrorKind::NoEquals => {
            let (option, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
            format!("\"{value}\" is no value of {option}: one of {} is", said(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("{}: {reason}", said(ContextKind::InvalidArg))
        }
        _ => first_line(error),
    }
}

/// What clap would say, without its advice.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Names of arguments, without clap's brackets around their values.
fn listed(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.iter().map(|one| plain(one)).collect::<Vec<_>>().join(", "),
        ContextValue::String(one) => plain(one),
        other => other.to_string(),
    }
}

/// `--vni <ID>` is called `--vni`, `<DEV>` is called `DEV`.
fn plain(argument: &str) -> String {
    match argument.split_once([' ', '=']) {
        Some((option, _)) if option.starts_with("--") => option.to_owned(),
        _ => argument.trim_matches(['<', '>', '[', ']']).to_owned(),
    }
}
