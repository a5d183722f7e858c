//! The ends that a vxbpf host counted its frames to, from `vxbpf -j stats`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Host, json};

/// Frames by the end they came to: `444 rx unicast`, `444 tx slow_path`, and `outside no_vni_flag` for what came to
/// a VXLAN port and belongs to no overlay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// How many frames came to this end.
    pub fn of(&self, end: &str) -> u64 {
        self.0.get(end).copied().unwrap_or(0)
    }

    /// How many frames came to ends that `condition` names, of any VNI and direction.
    pub fn sum(&self, condition: impl Fn(&str) -> bool) -> u64 {
        self.0.iter().filter(|(end, _)| condition(end)).map(|(_, count)| count).sum()
    }

    /// What was counted since `before`; ends that nothing came to are left out.
    pub fn since(&self, before: &Self) -> BTreeMap<String, u64> {
        let moved = self.0.iter().map(|(end, count)| (end.clone(), count - before.of(end)));
        moved.filter(|(_, count)| *count > 0).collect()
    }

    fn add(&mut self, end: String, count: &Value) {
        let packets = count["packets"].as_u64().unwrap_or_else(|| panic!("no packets: {count}"));
        *self.0.entry(end).or_default() += packets;
    }
}

impl Host {
    /// What it counted so far.
    ///
    /// # Panics
    /// When this is a kernel host.
    #[track_caller]
    pub fn counters(&self) -> Counters {
        let stats = json::parse(&self.vxbpf("-j stats"));
        let mut counters = Counters::default();
        for overlay in stats["vnis"].as_array().into_iter().flatten() {
            for (direction, outcomes) in overlay["outcomes"].as_object().into_iter().flatten() {
                for (name, count) in outcomes.as_object().into_iter().flatten() {
                    counters.add(format!("{} {direction} {name}", overlay["vni"]), count);
                }
            }
        }
        for count in stats["outside"].as_array().into_iter().flatten() {
            counters.add(format!("outside {}", count["outcome"].as_str().expect("a name")), count);
        }
        counters
    }

    /// Frames that the vxlan device's own transmit took.
    #[track_caller]
    pub fn slow_path(&self) -> u64 {
        self.counters().sum(|end| end.ends_with(" tx slow_path"))
    }
}
