//! What concerns no single overlay: the sysctl that the first attach turned on, the version of the programs, and
//! whether a command is at work. The row of table `spec` that is no overlay's.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::record::{from_text, host_key, to_text};
use crate::datapath::{Tables, Text};
use crate::sysctl;

/// That row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Host {
    /// Whether `lo` had forwarding on before the first overlay.
    pub(super) forwarding: bool,
    /// What the programs are known by.
    pub(super) version: String,
    /// Whether a command began and did not say that it ended.
    pub(super) is_busy: bool,
}

impl Host {
    pub(super) fn read(tables: &Tables) -> Result<Option<Self>> {
        tables.spec.get(&host_key())?.map(|text| Self::of_row(&text)).transpose()
    }

    pub(super) fn of_row(row: &Text) -> Result<Self> {
        from_text(row).and_then(|value| Self::parse(&value)).context("table spec cannot be read")
    }

    /// Gives back what the first overlay took.
    pub(super) fn leave(&self) -> Result<()> {
        if !self.forwarding {
            sysctl::set_forwarding("lo", false)?;
        }
        Ok(())
    }

    pub(super) fn write(&self, tables: &mut Tables) -> Result<()> {
        tables.spec.set(&host_key(), &to_text(&self.value())?)
    }

    fn value(&self) -> Value {
        json!({ "forwarding": self.forwarding, "version": self.version, "busy": self.is_busy })
    }

    fn parse(value: &Value) -> Result<Self> {
        let switch =
            |name: &str| value[name].as_bool().with_context(|| format!("{name} is neither true nor false"));
        Ok(Self {
            forwarding: switch("forwarding")?,
            version: value["version"].as_str().unwrap_or_default().to_owned(),
            is_busy: switch("busy")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let host = Host { forwarding: true, version: "0123456789abcdef".into(), is_busy: true };
        assert_eq!(Host::parse(&host.value()).expect("it is right"), host);
    }
}
