//! `-batch FILE`: a command a line, in iproute2's way: `#` begins a comment, a backslash at the end of a line joins
//! the next one to it, quotes hold a word together.
//!
//! The commonest line by far, `fdb add MAC dev DEV dst IP`, is also read without clap, which takes a hundred times as
//! long; what it means is the same.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};

use crate::overlays::Plain;
use crate::request::FdbState;

/// A command of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Number of its last line, from 1.
    pub(super) number: usize,
    /// What it says.
    text: String,
}

impl Line {
    /// Its words.
    pub(super) fn words(&self) -> io::Result<Vec<String>> {
        words(&self.text)
    }

    /// The station that it adds, if it is of the commonest kind.
    pub(super) fn plain(&self) -> Option<Plain<'_>> {
        plain(&self.text)
    }
}

/// Reads `fdb add|append|replace MAC dev DEV dst IPV4 [static|permanent|dynamic]`, spelled like that and in this order.
fn plain(text: &str) -> Option<Plain<'_>> {
    let words = &mut text.split_ascii_whitespace();
    said(words, &["fdb"])?;
    said(words, &["add", "append", "replace"])?;
    let mac = words.next()?.parse().ok()?;
    said(words, &["dev"])?;
    // A quoted word may hold more than one.
    let device = words.next().filter(|name| !name.starts_with(['-', '"', '\'']))?;
    said(words, &["dst"])?;
    let dst: Ipv4Addr = words.next()?.parse().ok()?;
    let state = match words.next() {
        None | Some("permanent") => FdbState::Permanent,
        Some("static") => FdbState::Static,
        Some("dynamic") => FdbState::Dynamic,
        Some(_) => return None,
    };
    words.next().is_none().then_some(Plain { mac, device, dst: IpAddr::V4(dst), state })
}

/// The next word, if it is one of those expected.
fn said<'a>(words: &mut impl Iterator<Item = &'a str>, expected: &[&str]) -> Option<&'a str> {
    words.next().filter(|word| expected.contains(word))
}

/// The file called `name`, or the standard input for "-".
pub(super) fn open(name: &str) -> io::Result<Box<dyn BufRead>> {
    Ok(match name {
        "-" => Box::new(BufReader::new(io::stdin())),
        name => Box::new(BufReader::new(File::open(name)?)),
    })
}

/// The commands of a batch; lines without a word are passed over.
pub(super) struct Lines<R> {
    reader: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// The next line without its comment; `None`: there is none.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let end = line.find('#').unwrap_or_else(|| line.trim_end_matches(['\n', '\r']).len());
        line.truncate(end);
        Ok(Some(line))
    }

    fn command(&mut self) -> io::Result<Option<Line>> {
        while let Some(mut line) = self.line()? {
            while line.ends_with('\\') {
                line.pop();
                let missing =
                    || io::Error::new(io::ErrorKind::UnexpectedEof, "the line after a backslash is missing");
                line.push_str(&self.line()?.ok_or_else(missing)?);
            }
            if !line.trim_start().is_empty() {
                return Ok(Some(Line { number: self.number, text: line }));
            }
        }
        Ok(None)
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    /// A command, or why there is none and the number of the line.
    type Item = Result<Line, (usize, io::Error)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.command().map_err(|error| (self.number.max(1), error)).transpose()
    }
}

fn words(line: &str) -> io::Result<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let word;
        (word, rest) = if matches!(first, '\'' | '"') {
            let open = || io::Error::new(io::ErrorKind::InvalidData, "a quoted word does not end");
            rest[1..].split_once(first).ok_or_else(open)?
        } else {
            rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()))
        };
        words.push(word.to_owned());
        rest = rest.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, Fdb, Reader};

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        let lines = Lines::new(text.as_bytes());
        lines.map(|line| line.map(|line| (line.number, line.words().expect(text))).expect(text)).collect()
    }

    fn words_of(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_a_command_and_keeps_its_number() {
        let text = "# first\n\nfdb show  dev v\r\n  link show # all\n";
        assert_eq!(read(text), [(3, words_of("fdb show dev v")), (4, words_of("link show"))]);
    }

    #[test]
    fn a_backslash_joins_lines() {
        assert_eq!(
            read("fdb add a \\\n dev v\nlink"),
            [(2, words_of("fdb add a dev v")), (3, words_of("link"))]
        );
        assert!(Lines::new("fdb \\".as_bytes()).next().is_some_and(|line| line.is_err()));
    }

    #[test]
    fn quotes_hold_a_word_together() {
        let expected = vec!["link".to_owned(), "show".into(), "a b".into(), String::new()];
        assert_eq!(read("link show 'a b' \"\"\n"), [(1, expected)]);
        let line = Lines::new("link 'a\n".as_bytes()).next().expect("a line").expect("it can be read");
        assert!(line.words().is_err());
    }

    #[test]
    fn a_plain_line_means_what_clap_makes_of_it() {
        let lines = [
            "fdb add 02:00:00:00:00:01 dev v dst 10.0.0.1",
            "fdb append 02:00:00:00:00:01 dev vxlan1 dst 10.0.0.1 permanent",
            "  fdb  replace 02:00:00:00:00:01\tdev v dst 10.0.0.1 static ",
            "fdb add 02:00:00:00:00:01 dev dev dst 10.0.0.1 dynamic",
        ];
        for line in lines {
            let plain = plain(line).expect(line);
            let cli = Reader::new().read(&words(line).expect(line)).expect(line);
            let Some(Command::Fdb(Fdb::Add(entry) | Fdb::Append(entry) | Fdb::Replace(entry))) = cli.command
            else {
                panic!("{line}: not an entry");
            };
            let spec = entry.spec().expect(line);
            assert_eq!(
                (plain.mac, plain.device, plain.dst, plain.state),
                (spec.mac, spec.device.as_str(), spec.dst, spec.state)
            );
            let nothing_else = spec.port.is_none() && spec.vni.is_none() && spec.via.is_none();
            assert!(nothing_else && !spec.extern_learn && !spec.sticky && !spec.router, "{line}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_clap() {
        let lines = [
            "fdb del 02:00:00:00:00:01 dev v",
            "fdb add 02:00:00:00:00:01 dev v dst 10.0.0.1 port 1",
            "fdb add 02:00:00:00:00:01 dev v dst 10.0.0.1 static sticky",
            "fdb add 02:00:00:00:00:01 dev 'v' dst 10.0.0.1",
            "fdb add 02:00:00:00:00:01 dst 10.0.0.1 dev v",
            "fdb add 02:00:00:00:00:01 dev v dst 2001:db8::1",
            "fdb add 02:00:00:00:00 dev v dst 10.0.0.1",
            "fdb add 02:00:00:00:00:01 dev v",
        ];
        for line in lines {
            assert_eq!(plain(line), None, "{line}");
        }
    }
}
