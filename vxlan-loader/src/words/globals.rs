//! The options in front of the object, which iproute2 takes with one dash or two and by any prefix.

use super::WordError;

/// A global option.
struct Global {
    /// As iproute2 writes it, without the dash.
    text: &'static str,
    /// clap's long option; `None`: iproute2 has it, `vxbpf` does not.
    long: Option<&'static str>,
    value: bool,
}

/// In the order of `ip.c`, which `bridge.c` agrees with where a prefix of one letter is concerned.
const GLOBALS: &[Global] = &[
    unknown("loops"),
    unknown("family"),
    flag("stats", "statistics"),
    flag("statistics", "statistics"),
    flag("details", "details"),
    unknown("resolve"),
    unknown("oneline"),
    flag("timestamp", "timestamp"),
    flag("tshort", "tshort"),
    flag("Version", "version"),
    flag("version", "version"),
    flag("force", "force"),
    value("batch", "batch"),
    unknown("brief"),
    flag("json", "json"),
    flag("pretty", "pretty"),
    unknown("rcvbuf"),
    unknown("color"),
    // `-h` is help, not iproute2's human-readable.
    flag("help", "help"),
    value("netns", "netns"),
];

/// The global options that `words` begins with, in clap's spelling, and what is left.
pub(super) fn leading(words: &[String]) -> Result<(Vec<String>, &[String]), WordError> {
    let mut globals = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        if word == "--" {
            return Ok((globals, after));
        }
        if !word.starts_with('-') {
            break;
        }
        let (found, left) = one(word, after)?;
        globals.extend(found);
        rest = left;
    }
    Ok((globals, rest))
}

/// The global option or options `word`, and what is left of `after` behind its value.
pub(super) fn one<'a>(word: &str, after: &'a [String]) -> Result<(Vec<String>, &'a [String]), WordError> {
    let unknown = || WordError::Option(word.into());
    let text = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).ok_or_else(unknown)?;
    let (text, given) = match text.split_once('=') {
        Some((text, given)) => (text, Some(given)),
        None => (text, None),
    };
    let fits = |global: &&Global| !text.is_empty() && global.text.starts_with(text);
    let Some(global) = GLOBALS.iter().find(fits) else {
        // Not iproute2's: several letters behind one dash, as in `-jp`.
        let together: Option<Vec<_>> = text.chars().map(letter).collect();
        return match together {
            Some(longs) if !longs.is_empty() && given.is_none() => Ok((longs, after)),
            _ => Err(unknown()),
        };
    };
    let long = global.long.ok_or_else(unknown)?;
    match (global.value, given) {
        (false, None) => Ok((vec![format!("--{long}")], after)),
        (false, Some(_)) => Err(unknown()),
        (true, Some(given)) => Ok((vec![format!("--{long}={given}")], after)),
        (true, None) => {
            let missing = || WordError::Value { verb: "vxbpf".into(), word: word.into() };
            let (value, rest) = after.split_first().ok_or_else(missing)?;
            Ok((vec![format!("--{long}={value}")], rest))
        }
    }
}

/// The flag of this one letter.
fn letter(letter: char) -> Option<String> {
    let long = match letter {
        'd' => "details",
        'j' => "json",
        'p' => "pretty",
        's' => "statistics",
        't' => "timestamp",
        _ => return None,
    };
    Some(format!("--{long}"))
}

const fn flag(text: &'static str, long: &'static str) -> Global {
    Global { text, long: Some(long), value: false }
}

const fn value(text: &'static str, long: &'static str) -> Global {
    Global { text, long: Some(long), value: true }
}

const fn unknown(text: &'static str) -> Global {
    Global { text, long: None, value: false }
}
