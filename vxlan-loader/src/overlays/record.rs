//! What was asked of an overlay, kept where the next command finds it: a row of table `spec`.
//!
//! The row also says how far a command came. It is written before anything else of an overlay is made, and removed
//! after all else is gone, so that a killed command leaves something to go by.

use std::net::IpAddr;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};
use vxlan_common::{Mac, OverlayKey, UdpPort, Vni};

use super::words;
use crate::datapath::{Tables, Text};
use crate::vtep::VtepSpec;

/// How far a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being made: whoever finds it so undoes it.
    Making,
    /// It is there.
    Made,
    /// It is being taken away: whoever finds it so goes on.
    Going,
}

impl Phase {
    const ALL: [Self; 3] = [Self::Making, Self::Made, Self::Going];

    const fn word(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Made => "made",
            Self::Going => "going",
        }
    }
}

/// What was asked of an overlay. Of the remotes only the first is here, the default destination of the vxlan device:
/// the flood list has them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) phase: Phase,
    /// Name of the VTEP device when it was made.
    pub(super) name: String,
    /// Its Ethernet address when it was made.
    pub(super) mac: Mac,
    pub(super) spec: VtepSpec,
    /// While it is being changed: the default destination before, which may still be in the flood list.
    pub(super) was: Option<Option<IpAddr>>,
}

impl Record {
    /// The row of `key`.
    pub(super) fn read(tables: &Tables, key: OverlayKey) -> Result<Option<Self>> {
        tables.spec.get(&key)?.map(|text| Self::parse(key, &text)).transpose()
    }

    /// All rows.
    pub(super) fn read_all(tables: &Tables) -> Result<Vec<(OverlayKey, Self)>> {
        let rows = tables.spec.rows()?.into_iter().filter(|(key, _)| *key != host_key());
        let mut records: Vec<_> =
            rows.map(|(key, text)| Ok((key, Self::parse(key, &text)?))).collect::<Result<_>>()?;
        records.sort_by_key(|(key, _)| (key.vni(), key.udp_port()));
        Ok(records)
    }

    /// Writes the row of `key`.
    pub(super) fn write(&self, tables: &mut Tables, key: OverlayKey) -> Result<()> {
        let text = to_text(&self.value()).with_context(|| {
            format!("too much was asked of VNI {}: name fewer prefixes with `allow`", key.vni())
        })?;
        tables.spec.set(&key, &text)
    }

    fn value(&self) -> Value {
        let mut object = Map::new();
        object.insert("phase".into(), self.phase.word().into());
        object.insert("name".into(), self.name.clone().into());
        object.insert("mac".into(), self.mac.to_string().into());
        object.insert("spec".into(), words::of_spec(&self.spec).into());
        object.extend(self.was.map(|was| ("was".into(), was.map(|was| was.to_string()).into())));
        object.into()
    }

    fn parse(key: OverlayKey, text: &Text) -> Result<Self> {
        Self::from_value(key, &from_text(text)?)
            .with_context(|| format!("what was asked of VNI {} cannot be read", key.vni()))
    }

    fn from_value(key: OverlayKey, value: &Value) -> Result<Self> {
        let word = |name: &str| value[name].as_str().with_context(|| format!("it has no {name}"));
        let phase = word("phase")?;
        let mac = word("mac")?.parse().map_err(|error: String| anyhow!(error))?;
        Ok(Self {
            phase: Phase::ALL.into_iter().find(|known| known.word() == phase).context("it is in no phase")?,
            name: word("name")?.to_owned(),
            mac,
            spec: words::to_spec(key, &value["spec"])?,
            was: value.get("was").map(|was| was.as_str().map(str::parse).transpose()).transpose()?,
        })
    }
}

/// The row that is no overlay's: UDP port 0 does not exist.
pub(super) fn host_key() -> OverlayKey {
    OverlayKey::new(Vni::from_wire([0; 3]), UdpPort(0))
}

/// JSON, and zeros behind it.
pub(super) fn to_text(value: &Value) -> Result<Text> {
    let mut text: Text = [0; size_of::<Text>()];
    let json = value.to_string();
    let Some(room) = text.get_mut(..json.len()) else {
        bail!("{} bytes do not fit {}", json.len(), size_of::<Text>());
    };
    room.copy_from_slice(json.as_bytes());
    Ok(text)
}

/// The opposite of [`to_text`].
pub(super) fn from_text(text: &Text) -> Result<Value> {
    let length = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    Ok(serde_json::from_slice(&text[..length])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let key = OverlayKey::new(Vni::from_wire([0, 1, 0xbc]), UdpPort::VXLAN);
        let record = |phase, was| Record {
            phase,
            name: "vxlan1".into(),
            mac: Mac([2, 0, 0, 0, 0, 1]),
            spec: VtepSpec::new(key.vni()),
            was,
        };
        let address = IpAddr::from([192, 168, 1, 200]);
        for phase in Phase::ALL {
            for was in [None, Some(None), Some(Some(address))] {
                let record = record(phase, was);
                let text = to_text(&record.value()).expect("it fits");
                assert_eq!(Record::parse(key, &text).expect("it is a record"), record);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(to_text(&Value::String("x".repeat(4094))).is_ok());
        assert!(to_text(&Value::String("x".repeat(4095))).is_err());
    }
}
