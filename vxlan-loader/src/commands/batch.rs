//! `-batch FILE`: a command a line, in iproute2's way: `#` begins a comment, a backslash at the end of a line joins
//! the next one to it, quotes hold a word together.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// A command of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Number of its last line, from 1.
    pub(super) number: usize,
    /// Its words.
    pub(super) words: Vec<String>,
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
        let line = line.trim_end_matches(['\n', '\r']);
        Ok(Some(line.split_once('#').map_or(line, |(before, _)| before).to_owned()))
    }

    fn command(&mut self) -> io::Result<Option<Line>> {
        while let Some(mut line) = self.line()? {
            while line.ends_with('\\') {
                line.pop();
                let missing =
                    || io::Error::new(io::ErrorKind::UnexpectedEof, "the line after a backslash is missing");
                line.push_str(&self.line()?.ok_or_else(missing)?);
            }
            let words = words(&line)?;
            if !words.is_empty() {
                return Ok(Some(Line { number: self.number, words }));
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

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        let lines = Lines::new(text.as_bytes());
        lines.map(|line| line.map(|line| (line.number, line.words)).expect(text)).collect()
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
        assert!(matches!(Lines::new("link 'a\n".as_bytes()).next(), Some(Err((1, _)))));
    }
}
