//! From the words that users of `ip` and `bridge` type to the long options that clap reads.
//!
//! It knows where each word of a command line stands: what is an option, what is an option's value, what is the
//! object of the verb. What a value means, and whether an option is missing, is clap's and `cli`'s business.

mod globals;
mod vocabulary;

use vocabulary::{Meaning, OBJECTS, Object, Subject, Verb, Word};

/// What is wrong with a command line, before its values are looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// The first word is no object.
    #[error("\"{0}\" is no object of vxbpf: `vxbpf --help` lists them")]
    Object(String),
    /// The second word is no verb of the object.
    #[error("{object}: \"{word}\" is no verb of it: `vxbpf {object} --help` lists them")]
    Verb {
        /// The object.
        object: &'static str,
        /// The word.
        word: String,
    },
    /// An option that does not exist.
    #[error("option \"{0}\" is unknown: `vxbpf --help` lists them")]
    Option(String),
    /// A word that is no keyword of the verb.
    #[error("{verb}: \"{word}\" is not understood here: `vxbpf {verb} --help` lists the words")]
    Word {
        /// The object and its verb.
        verb: String,
        /// The word.
        word: String,
    },
    /// An option that ends the command line before its value.
    #[error("{verb}: a value of \"{word}\" is missing")]
    Value {
        /// The object and its verb.
        verb: String,
        /// The option.
        word: String,
    },
    /// Something that `ip` or `bridge` can do.
    #[error("{verb}: vxbpf does not take \"{word}\": {remedy}")]
    Refused {
        /// The object and its verb.
        verb: String,
        /// The word.
        word: String,
        /// What to do instead.
        remedy: &'static str,
    },
}

/// The command line `words` (without the program's own name) in clap's spelling: `vxbpf`, the global options, the
/// object and its verb, the options, and behind `--` the device or address without a keyword.
pub fn rewrite(words: &[String]) -> Result<Vec<String>, WordError> {
    let (globals, rest) = globals::leading(words)?;
    let mut line = vec!["vxbpf".to_owned()];
    line.extend(globals);
    let Some((word, rest)) = rest.split_first() else { return Ok(line) };
    if word == "help" {
        line.push("--help".into());
        return Ok(line);
    }
    let object = OBJECTS
        .iter()
        .find(|object| begins(object.name, word) || object.also.iter().any(|name| begins(name, word)))
        .ok_or_else(|| WordError::Object(word.clone()))?;
    line.extend(command(object, rest)?);
    Ok(line)
}

fn command(object: &'static Object, words: &[String]) -> Result<Vec<String>, WordError> {
    let asks_help = |word: &String| ["help", "-h", "-help", "--help"].contains(&word.as_str());
    if words.first().is_some_and(asks_help) {
        return Ok(vec![object.name.into(), "--help".into()]);
    }
    let (verb, words) = pick_verb(object, words)?;
    let (path, name) = if object.nested {
        (vec![object.name.to_owned(), verb.name.to_owned()], format!("{} {}", object.name, verb.name))
    } else {
        (vec![object.name.to_owned()], object.name.to_owned())
    };
    let arguments = arguments(verb, &name, words)?;
    Ok([arguments.globals, path, arguments.options, subject(arguments.subject)].concat())
}

/// Whether `word` is enough to mean `name`; nothing is not (iproute2's `matches`).
fn begins(name: &str, word: &str) -> bool {
    !word.is_empty() && name.starts_with(word)
}

fn subject(subject: Option<String>) -> Vec<String> {
    subject.map_or_else(Vec::new, |subject| vec!["--".into(), subject])
}

/// The verb that the first word names, or `show`, where it need not be said.
fn pick_verb<'a>(
    object: &'static Object,
    words: &'a [String],
) -> Result<(&'static Verb, &'a [String]), WordError> {
    let show = object.verbs.iter().find(|verb| verb.name == "show" || !object.nested);
    let Some((word, rest)) = words.split_first() else {
        let missing = || WordError::Verb { object: object.name, word: String::new() };
        return Ok((show.ok_or_else(missing)?, words));
    };
    let named = object
        .verbs
        .iter()
        .find(|verb| verb.called.iter().any(|(name, short)| name == word || (*short && begins(name, word))));
    match (named, show) {
        (Some(verb), _) => Ok((verb, rest)),
        (None, Some(show)) if !object.nested || word.starts_with('-') || show.has(word) => Ok((show, words)),
        _ => Err(WordError::Verb { object: object.name, word: word.clone() }),
    }
}

/// The words of a verb, sorted.
#[derive(Debug, Default)]
struct Arguments {
    globals: Vec<String>,
    options: Vec<String>,
    subject: Option<String>,
}

/// How the first word of a verb that wants a device is read, where it could be a keyword or the device's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// `dev` and `name` stand in front of the name, any other word is the name.
    Named,
    /// It is the name, also if it says `dev`.
    Name,
    /// It is a keyword, and the name comes later: `link set mtu 1400 vxlan1`.
    Keyword,
}

fn arguments(verb: &Verb, name: &str, words: &[String]) -> Result<Arguments, WordError> {
    let read = |first| Reading { verb, name, first, typed: false, found: Arguments::default() }.read(words);
    let as_said = read(First::Named);
    match verb.subject {
        Subject::Nothing | Subject::Free(_) => as_said,
        // What makes no sense one way may make sense another way; if none does, the first error is the clearest.
        Subject::Name(_) => as_said.or_else(|error| {
            let other = read(First::Name).or_else(|_| read(First::Keyword));
            other.ok().filter(|_| matches!(error, WordError::Word { .. })).ok_or(error)
        }),
    }
}

struct Reading<'a> {
    verb: &'a Verb,
    name: &'a str,
    first: First,
    /// Behind `type vxlan`.
    typed: bool,
    found: Arguments,
}

impl Reading<'_> {
    fn read(mut self, words: &[String]) -> Result<Arguments, WordError> {
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            rest = self.take(word, after)?;
        }
        Ok(self.found)
    }

    /// Reads `word` and what belongs to it; what is left of `after`.
    fn take<'w>(&mut self, word: &str, after: &'w [String]) -> Result<&'w [String], WordError> {
        if word.len() > 1 && word.starts_with('-') {
            return self.take_option(word, after);
        }
        if let Some(named) = self.names_subject(word, after) {
            return Ok(named);
        }
        if let Some(keyword) = self.keyword(word) {
            return self.take_keyword(keyword, word, None, after);
        }
        if self.found.subject.is_none() && self.verb.subject != Subject::Nothing {
            self.found.subject = Some(word.into());
        } else if word == "help" {
            self.found.options.push("--help".into());
        } else {
            return Err(self.unknown(word));
        }
        Ok(after)
    }

    /// Takes the subject if it begins here; what is left then.
    fn names_subject<'w>(&mut self, word: &str, after: &'w [String]) -> Option<&'w [String]> {
        let (naming, any) = match self.verb.subject {
            Subject::Name(naming) => (naming, self.first != First::Keyword),
            Subject::Free(naming) => (naming, false),
            Subject::Nothing => return None,
        };
        if self.found.subject.is_some() || self.typed {
            return None;
        }
        if let Some((name, rest)) = after.split_first()
            && naming.contains(&word)
            && self.first != First::Name
        {
            self.found.subject = Some(name.clone());
            return Some(rest);
        }
        if !any || self.is_certainly_keyword(word, after, naming) {
            return None;
        }
        self.found.subject = Some(word.into());
        Some(after)
    }

    /// `type vxlan`, and a keyword that the name follows, as in `link set up dev vxlan1`, are no names.
    fn is_certainly_keyword(&self, word: &str, after: &[String], naming: &[&str]) -> bool {
        let Some(keyword) = self.keyword(word) else { return false };
        if keyword.text == "type" {
            return after.first().is_some_and(|kind| kind == "vxlan");
        }
        after.get(keyword.values).is_some_and(|next| naming.contains(&next.as_str()))
            && after.len() > keyword.values + 1
    }

    fn keyword(&self, word: &str) -> Option<&'static Word> {
        self.verb.word(word, self.typed)
    }

    /// An option with one dash or two.
    fn take_option<'w>(&mut self, word: &str, after: &'w [String]) -> Result<&'w [String], WordError> {
        let Some(long) = word.strip_prefix("--") else {
            return self.take_global(word, after);
        };
        if long.is_empty() {
            return self.take_rest(after);
        }
        let (long, value) = match long.split_once('=') {
            Some((long, value)) => (long, Some(value)),
            None => (long, None),
        };
        let spelled = long.replace('_', "-");
        match self.verb.option(&spelled) {
            Some(keyword) => self.take_keyword(keyword, word, value, after),
            None => self.take_global(word, after),
        }
    }

    fn take_global<'w>(&mut self, word: &str, after: &'w [String]) -> Result<&'w [String], WordError> {
        if ["-h", "-help", "--help"].contains(&word) {
            self.found.options.push("--help".into());
            return Ok(after);
        }
        let (globals, rest) = globals::one(word, after)?;
        self.found.globals.extend(globals);
        Ok(rest)
    }

    /// Behind `--` nothing is an option.
    fn take_rest<'w>(&mut self, words: &'w [String]) -> Result<&'w [String], WordError> {
        for word in words {
            if self.found.subject.is_some() || self.verb.subject == Subject::Nothing {
                return Err(self.unknown(word));
            }
            self.found.subject = Some(word.clone());
        }
        Ok(&[])
    }

    fn take_keyword<'w>(
        &mut self,
        keyword: &Word,
        word: &str,
        value: Option<&str>,
        after: &'w [String],
    ) -> Result<&'w [String], WordError> {
        let (name, said) = (self.name.to_owned(), word.to_owned());
        let wanted = if value.is_some() { 0 } else { keyword.values };
        let Some((values, rest)) = after.split_at_checked(wanted) else {
            return Err(WordError::Value { verb: name, word: said });
        };
        match keyword.meaning {
            Meaning::Nothing => {}
            Meaning::Refused(remedy) => return Err(WordError::Refused { verb: name, word: said, remedy }),
            Meaning::Option(long) => self.found.options.push(match (values, value) {
                ([], None) => format!("--{long}"),
                ([], Some(value)) => format!("--{long}={value}"),
                (values, _) => format!("--{long}={}", values.join(",")),
            }),
        }
        self.typed |= keyword.text == "type";
        Ok(rest)
    }

    fn unknown(&self, word: &str) -> WordError {
        WordError::Word { verb: self.name.into(), word: word.into() }
    }
}

impl Verb {
    /// The keyword that `word` is or, in iproute2's order, begins.
    fn word(&self, word: &str, typed: bool) -> Option<&'static Word> {
        let groups = if typed && !self.after_type.is_empty() { self.after_type } else { self.words };
        let all = || groups.iter().copied().flatten();
        all()
            .find(|known| known.text == word)
            .or_else(|| all().find(|known| known.short && begins(known.text, word)))
    }

    /// Whether `word` is a keyword, written out.
    fn has(&self, word: &str) -> bool {
        self.words.iter().copied().flatten().any(|known| known.text == word)
    }

    /// The keyword that stands for the long option `long`, or the one that is spelled like it.
    fn option(&self, long: &str) -> Option<&'static Word> {
        self.words.iter().copied().flatten().find(|known| {
            matches!(known.meaning, Meaning::Option(name) if name == long)
                || known.text.replace('_', "-") == long
        })
    }
}

/// Every long option that the rewriter can write for a verb: the object and verb, the option, whether it has a value.
#[cfg(test)]
pub(crate) fn long_options() -> Vec<(Vec<&'static str>, &'static str, bool)> {
    let mut all = Vec::new();
    for object in OBJECTS {
        for verb in object.verbs {
            let path = if object.nested { vec![object.name, verb.name] } else { vec![object.name] };
            for word in verb.words.iter().chain(verb.after_type).copied().flatten() {
                let reached = verb.word(word.text, false).is_some_and(|known| known.meaning == word.meaning);
                if let (Meaning::Option(long), true) = (word.meaning, reached) {
                    all.push((path.clone(), long, word.values > 0));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;
