//! What came of one target.

use std::time::Duration;

use crate::{claim::Claim, series::Series};

/// Rounds of several sides that were taken together.
#[derive(Clone, Debug)]
pub struct Table {
    /// What was measured: "one flow".
    pub title: String,
    /// In which unit: "ns a packet".
    pub unit: &'static str,
    /// The sides.
    pub series: Vec<Series>,
}

/// All of one target.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// "P1".
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// How it was measured, in one sentence.
    pub how: &'static str,
    /// The rounds.
    pub tables: Vec<Table>,
    /// What follows from them.
    pub claims: Vec<Claim>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Finding {
    /// The rounds of `title`, which is then told apart from the others by its title.
    pub fn add_table(&mut self, title: impl Into<String>, unit: &'static str, series: Vec<Series>) {
        self.tables.push(Table { title: title.into(), unit, series });
    }
}
