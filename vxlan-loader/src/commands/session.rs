//! What the commands of one run share.

use anyhow::{Context, Error, Result};
use serde_json::Value;

use crate::netlink::Netlink;
use crate::output::{self, Style};
use crate::overlays::{Overlays, Plain};

/// One run of the program.
pub(super) struct Session<'a> {
    pub(super) netlink: &'a Netlink,
    pub(super) style: Style,
    /// Between two changes of a batch nothing is opened again and no other command comes in.
    keep: bool,
    kept: Option<Overlays<'a>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(netlink: &'a Netlink, style: Style) -> Self {
        Self { netlink, style, keep: false, kept: None }
    }

    /// Whether the overlays stay open, and locked, from one change to the next.
    pub(super) fn keep_open(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// Changes overlays.
    pub(super) fn change<T>(&mut self, work: impl FnOnce(&mut Overlays<'a>) -> Result<T>) -> Result<T> {
        let mut overlays = match self.kept.take() {
            Some(mut overlays) => {
                overlays.gather_anew();
                overlays
            }
            None => Overlays::change(self.netlink)?,
        };
        // After an error they are looked at anew.
        let done = work(&mut overlays)?;
        self.kept = self.keep.then_some(overlays);
        Ok(done)
    }

    /// Keeps a station of a batch's line `number` for later, if that is no different from adding it now; an error is that
    /// of one line that was gathered, with its number.
    pub(super) fn gather(&mut self, number: usize, plain: &Plain<'_>) -> Result<bool, (usize, Error)> {
        if !self.keep {
            return Ok(false);
        }
        let at_fault = |error| (number, error);
        let mut overlays = match self.kept.take() {
            Some(overlays) => overlays,
            None => Overlays::change(self.netlink).map_err(at_fault)?,
        };
        let is_gathered = overlays.fdb_gather(number, plain).map_err(at_fault)?;
        let is_enough = overlays.has_gathered_enough();
        self.kept = Some(overlays);
        if is_enough { self.settle().map(|()| is_gathered) } else { Ok(is_gathered) }
    }

    /// Adds what was gathered; to be called again after an error.
    pub(super) fn settle(&mut self) -> Result<(), (usize, Error)> {
        self.kept.as_mut().map_or(Ok(()), Overlays::fdb_settle)
    }

    /// Asks about overlays.
    pub(super) fn look<T>(&mut self, work: impl FnOnce(&Overlays<'a>) -> Result<T>) -> Result<T> {
        match &self.kept {
            Some(overlays) => work(overlays),
            None => work(&Overlays::look(self.netlink)?),
        }
    }

    /// Prints one or the other, as the user likes it.
    pub(super) fn print(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) -> Result<()> {
        let text = if self.style.json { self.style.json_text(&json()) } else { text() };
        output::print(&text).context("cannot print")
    }
}
