//! P8: a broadcast to 64 VTEPs.

use aya::Ebpf;
use vxlan_tests::{Mac, Wire};

use crate::{
    claim::{Bound, Claim},
    finding::Finding,
    packets::{frame, shoot},
    programs::{DISCARD, Globals, Gun, Object, Sink},
    rounds::{Effort, Side, interleave},
    stage::{Stage, Way},
};

/// VTEPs that are flooded to: 192.168.1.101 and on, and the far host itself.
const VTEPS: u64 = 64;

/// Where the far host counts outer packets.
const VXLAN: u16 = 4789;

/// A near host that floods, and the far end of its underlay, where all copies are counted.
struct Flooder {
    stage: Stage,
    sink: Sink,
    _hung: Vec<Ebpf>,
}

/// P8.
pub fn copies(object: &Object, effort: &Effort) -> Finding {
    let flooders = [Way::Kernel, Way::Tc, Way::Bare].map(|way| Flooder::new(object, way));
    let count = effort.count(8000);
    let mut sides: Vec<Side<'_>> = flooders
        .iter()
        .map(|flooder| -> Side<'_> {
            let mut gun = flooder.gun(object);
            let frame = frame(
                Mac::BROADCAST.0,
                flooder.stage.net.container("c1").mac.0,
                "172.55.1.2",
                "172.55.1.255",
            );
            let near = flooder.stage.net.host("a");
            let shot = move || shoot(near, &mut gun, &flooder.sink, &frame, count, VTEPS);
            (
                if flooder.stage.way == Way::Bare { "bare copies" } else { flooder.stage.way.name() },
                Box::new(shot),
            )
        })
        .collect();
    let all = interleave(effort, &mut sides);
    drop(sides);
    let [kernel, vxbpf, bare] = &all[..] else { unreachable!("a series for each way") };
    let mut finding = Finding {
        id: "P8",
        title: "a broadcast to 64 VTEPs",
        how: "A 64-byte broadcast frame enters at port p-c1, as in P1, one at a time, and becomes 64 outer packets, which \
              are counted by an XDP drop at the far end of the underlay: so the crossing of the veth is included. Bare \
              copies are 64 bpf_clone_redirect of the frame as it is. TC, one core.",
        ..Finding::default()
    };
    finding.claims = vec![
        Claim::ratio("flood to 64, a copy, of the kernel", vxbpf, kernel, Bound::AtMost(0.55)),
        Claim::ratio("flood to 64, a copy, of bare copies", vxbpf, bare, Bound::AtMost(1.1)),
    ];
    finding.add_table("a copy", "ns that arrived", all);
    finding
}

impl Flooder {
    fn new(object: &Object, way: Way) -> Self {
        let stage = Stage::unproven(object, way, Wire::Veth, "");
        let (a, b) = (stage.net.host("a"), stage.net.host("b"));
        let far = b.mac_of("eth0");
        a.run(&format!("ip neigh replace {} lladdr {far} dev eth0 nud permanent", b.address));
        for last in 101..101 + VTEPS - 1 {
            a.run(&format!("ip neigh replace 192.168.1.{last} lladdr {far} dev eth0 nud permanent"));
            if way != Way::Bare {
                a.fdb(&format!("append 00:00:00:00:00:00 dev vxlan1 dst 192.168.1.{last}"));
            }
        }
        let mut hung = Vec::new();
        if way == Way::Bare {
            hung.push(object.attach_tc("bench_tc_copies", a, "p-c1", "eth0"));
        }
        // Live frames need a device with an XDP program; these go straight into the stack.
        hung.push(object.attach_xdp("bench_pass", a, "p-c1", Globals::default()));
        let port = if way == Way::Bare { DISCARD } else { VXLAN };
        let sink = Sink::at(object, b, "eth0", port);
        Self { stage, sink, _hung: hung }
    }

    fn gun(&self, object: &Object) -> Gun {
        let near = self.stage.net.host("a");
        // The far end takes 256 packets before it must have a turn.
        Gun::new(object, "bench_pass", near, "p-c1", Globals::default()).with_batch(1)
    }
}
