//! P4 and P9: questions and answers of 64 bytes.

use std::cell::RefCell;

use vxlan_tests::Wire;

use crate::{
    claim::{Bound, Claim},
    finding::Finding,
    programs::Object,
    rounds::{Effort, Side, interleave},
    series::{Sample, Series, quantile},
    stage::{Stage, Way},
    traffic,
};

const WAYS: [Way; 4] = [Way::Kernel, Way::Tc, Way::Floor, Way::EncapOnly];

/// P4: one question at a time.
pub fn one_flow(object: &Object, effort: &Effort) -> Finding {
    let stages = WAYS.map(|way| Stage::new(object, way, Wire::Veth));
    let count = effort.count(40_000);
    let late: RefCell<Vec<Series>> = RefCell::new(WAYS.map(|way| Series::new(way.name())).to_vec());
    let late_of = &late;
    let mut sides: Vec<Side<'_>> = (stages.iter().enumerate())
        .map(|(number, stage)| -> Side<'_> {
            let work = move || {
                let times = traffic::ping_pong(&stage.net, count);
                late_of.borrow_mut()[number].samples.push(Sample::whole(quantile(&times, 0.99)));
                Sample::whole(quantile(&times, 0.5))
            };
            (stage.way.name(), Box::new(work))
        })
        .collect();
    let median = interleave(effort, &mut sides);
    drop(sides);
    let mut late = late.into_inner();
    for series in &mut late {
        // The round that warmed up.
        series.samples.remove(0);
    }
    let mut finding = Finding {
        id: "P4",
        title: "request and response, one flow",
        how: "64 bytes of UDP from c1 to c2 and back, one after the other, each timed; both ends on one core. p50 and p99 \
              of each round.",
        ..Finding::default()
    };
    for (name, all) in [("p50", &median), ("p99", &late)] {
        let [kernel, vxbpf, floor, encap_only] = &all[..] else { unreachable!("a series for each way") };
        let what = |over| format!("64-byte round trip, {name}, {over}");
        finding.claims.extend([
            Claim::ratio(what("of the kernel"), vxbpf, kernel, Bound::AtMost(0.70)),
            Claim::ratio(what("of encap-only"), vxbpf, encap_only, Bound::AtMost(1.04)),
            Claim::ratio(what("of the floor"), vxbpf, floor, Bound::Told),
        ]);
    }
    finding.add_table("p50", "us a round trip", median);
    finding.add_table("p99", "us a round trip", late);
    finding
}

/// P9: many at a time.
pub fn many_flows(object: &Object, effort: &Effort) -> Finding {
    let stages = WAYS.map(|way| Stage::new(object, way, Wire::Veth));
    let generations = effort.count(16).max(2);
    let mut sides: Vec<Side<'_>> = stages
        .iter()
        .map(|stage| -> Side<'_> {
            (stage.way.name(), Box::new(move || traffic::many_flows(&stage.net, generations)))
        })
        .collect();
    let all = interleave(effort, &mut sides);
    let [kernel, vxbpf, floor, encap_only] = &all[..] else { unreachable!("a series for each way") };
    let mut finding = Finding {
        id: "P9",
        title: "32 parallel request and response flows",
        how: "64 bytes of UDP and back on 32 sockets at a time, replaced by new ones after 128 questions each, so that \
              new flows keep coming; c1 on one core, c2 on the other; answers a second.",
        ..Finding::default()
    };
    finding.claims = vec![
        Claim::ratio("32 flows, answers, times the kernel", vxbpf, kernel, Bound::AtLeast(1.35)),
        Claim::ratio("32 flows, answers, of encap-only", vxbpf, encap_only, Bound::Told),
        Claim::ratio("32 flows, answers, of the floor", vxbpf, floor, Bound::Told),
    ];
    finding.add_table("32 flows", "answers a second", all);
    finding
}
