//! P3 and P5: one TCP stream from container to container.

use vxlan_tests::Wire;

use crate::{
    claim::{Bound, Claim},
    finding::Finding,
    programs::Object,
    rounds::{Effort, Side, interleave},
    series::Series,
    stage::{Stage, Way},
    traffic,
};

const WAYS: [Way; 4] = [Way::Kernel, Way::Tc, Way::Floor, Way::EncapOnly];
const UNIT: &str = "Gbit/s of payload that arrived";

/// P3: nothing on the way splits 64 KB packets.
pub fn veth(object: &Object, effort: &Effort) -> Finding {
    let stages = WAYS.map(|way| Stage::new(object, way, Wire::Veth));
    let all = rounds(&stages, effort);
    let [kernel, vxbpf, floor, encap_only] = &all[..] else { unreachable!("a series for each way") };
    let mut finding = Finding {
        id: "P3",
        title: "one TCP stream, direct ports, 64 KB packets",
        how: "One TCP stream from c1 to c2, its sender on one core and its receiver on the other; bytes that the \
              receiver read in a fixed time. Each host hands 64 KB packets to the next, as veths do.",
        ..Finding::default()
    };
    finding.claims = vec![
        Claim::ratio("one TCP stream, times the kernel", vxbpf, kernel, Bound::AtLeast(1.25)),
        Claim::ratio("one TCP stream, of encap-only", vxbpf, encap_only, Bound::AtLeast(0.97)),
        Claim::ratio("one TCP stream, of the floor", vxbpf, floor, Bound::Told),
    ];
    finding.add_table("one TCP stream", UNIT, all);
    finding
}

/// P5: the underlay is a wire, where a packet fits the MTU.
pub fn wire(object: &Object, effort: &Effort) -> Finding {
    let mut finding = Finding {
        id: "P5",
        title: "one TCP stream, emulated wire",
        how: "As P3, with tx, tso and gso off at both ends of the underlay, so that every packet on it fits the MTU and \
              has its checksums; with gro on at the receiver, as network cards have it, and off.",
        ..Finding::default()
    };
    let stages = WAYS.map(|way| Stage::new(object, way, Wire::Emulated));
    for (gro, least, of_floor) in [("on", 1.1, Bound::AtLeast(0.85)), ("off", 1.15, Bound::Told)] {
        for host in stages.iter().flat_map(|stage| stage.net.hosts()) {
            host.run(&format!("ethtool -K eth0 gro {gro}"));
        }
        let all = rounds(&stages, effort);
        let [kernel, vxbpf, floor, encap_only] = &all[..] else { unreachable!("a series for each way") };
        let what = |over| format!("stream on a wire, GRO {gro}, {over}");
        finding.claims.extend([
            Claim::ratio(what("times the kernel"), vxbpf, kernel, Bound::AtLeast(least)),
            Claim::ratio(what("of the floor"), vxbpf, floor, of_floor),
            Claim::ratio(what("of encap-only"), vxbpf, encap_only, Bound::Told),
        ]);
        finding.add_table(format!("GRO {gro}"), UNIT, all);
    }
    finding
}

fn rounds(stages: &[Stage], effort: &Effort) -> Vec<Series> {
    let mut sides: Vec<Side<'_>> = stages
        .iter()
        .map(|stage| -> Side<'_> {
            (stage.way.name(), Box::new(|| traffic::stream(&stage.net, effort.stream)))
        })
        .collect();
    interleave(effort, &mut sides)
}
