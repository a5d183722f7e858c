//! Where XDP programs hang: natively or not at all, where that is asked for or costs nobody anything, and never in the
//! place of somebody else's.

use vxlan_tests::{Host, Net, Netns, Side, Topology, json};

const OPTIONS: &str = "id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100";
/// `XDP_ATTACHED_DRV` of linux/if_link.h: the driver runs it.
const NATIVE: u64 = 1;

fn a_host_with_a_container(name: &str) -> Net {
    Topology::new(name).host("a", Side::Vxbpf).host("b", Side::Vxbpf).container("c1").on("a").up()
}

/// How an XDP program hangs at a device, and its number.
fn xdp_at(netns: &Netns, device: &str) -> Option<(u64, u64)> {
    let links = netns.json(&format!("ip -j -d link show dev {device}"));
    let xdp = &json::objects(&links)[0]["xdp"];
    Some((xdp["mode"].as_u64()?, xdp["prog"]["id"].as_u64()?))
}

/// The words in which `status -d` gives the reason of its mode.
fn why(host: &Host) -> String {
    let status = json::parse(&host.vxbpf("-j status"));
    let why = status["overlays"][0]["why"].as_str().expect("a reason").to_owned();
    let text = host.vxbpf("-d status").stdout;
    assert!(text.contains(&why), "the text says what the JSON says: {text}");
    why
}

/// What is refused, in one line that names all of `parts`.
#[track_caller]
fn refused(host: &Host, command: &str, parts: &[&str]) {
    let output = host.try_vxbpf(command);
    assert!(!output.status.success(), "{output}");
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
    for part in parts {
        assert!(output.stderr.contains(part), "it does not say {part:?}: {output}");
    }
    assert_eq!(json::parse(&host.vxbpf("-j status"))["overlays"], serde_json::json!([]), "nothing was made");
}

#[test]
fn in_mode_xdp_programs_hang_natively_and_status_says_where_and_what_it_costs() {
    let net = a_host_with_a_container("xdp-hooks");
    let a = net.host("a");
    a.link_add("vxlan1", &format!("{OPTIONS} mode xdp dev eth0"));
    a.vxbpf("port add p-c1 --vni 444 --mode xdp");

    let status = json::parse(&a.vxbpf("-j status"));
    let overlay = &status["overlays"][0];
    assert_eq!(overlay["mode"], "xdp");
    let text = a.vxbpf("status").stdout;
    let hooks = [
        ("eth0", "vxbpf_xunderlay", &overlay["hooks"]),
        ("p-c1", "vxbpf_xport", &overlay["ports"][0]["hooks"]),
    ];
    for (device, program, hooks) in hooks {
        let hooks = json::objects(hooks);
        let hook = hooks.iter().find(|hook| hook["kind"] == "xdp").expect("an XDP hook");
        assert_eq!((&hook["ifname"], &hook["program"]), (&device.into(), &program.into()));
        assert_eq!(hook["direction"], "native");
        assert_eq!(xdp_at(a, device), Some((NATIVE, hook["prog_id"].as_u64().expect("a number"))));
        assert!(text.contains(&format!("{device} xdp native {program} prog")), "{text}");
    }
    assert!(why(a).contains("costs its other end TSO"), "{}", why(a));
    let offloads = net.fabric().run("ethtool -k wire-a").stdout;
    assert!(offloads.contains("tcp-segmentation-offload: off"), "so it is: {offloads}");

    a.vxbpf("detach eth0 --vni 444");
    assert_eq!((xdp_at(a, "eth0"), xdp_at(a, "p-c1")), (None, None));
}

#[test]
fn auto_takes_tc_on_a_veth_and_xdp_on_a_device_that_it_costs_nothing() {
    let net = a_host_with_a_container("xdp-auto");
    let (a, b) = (net.host("a"), net.host("b"));
    a.link_add("vxlan1", &format!("{OPTIONS} mode auto dev eth0"));
    a.vxbpf("port add p-c1 --vni 444");
    assert_eq!((xdp_at(a, "eth0"), xdp_at(a, "p-c1")), (None, None));
    assert!(why(a).starts_with("auto: a veth") && why(a).contains("TSO"), "{}", why(a));

    b.run("ip tuntap add mode tap name tap0");
    b.run("ip addr add 10.7.0.1/24 dev tap0");
    b.run("ip link set dev tap0 up");
    b.link_add("vxlan1", "id 444 dstport 4789 remote 10.7.0.2 local 10.7.0.1 mode auto dev tap0");
    assert_eq!(xdp_at(b, "tap0").map(|(mode, _)| mode), Some(NATIVE));
    assert_eq!(why(b), "auto: its driver has native XDP");
}

#[test]
fn a_driver_without_native_xdp_is_refused_with_a_remedy_and_auto_works_by_tc() {
    let net = a_host_with_a_container("xdp-none");
    let a = net.host("a");
    for (name, kind) in [("br7", "bridge"), ("ifb7", "ifb")] {
        a.run(&format!("ip link add name {name} type {kind}"));
        a.run(&format!("ip link set dev {name} up"));
        let add = |mode| format!("link add vxlan1 type vxlan {OPTIONS} mode {mode} dev {name}");
        refused(a, &add("xdp"), &[name, "no native XDP", "mode tc", "auto"]);
        a.vxbpf(&add("auto"));
        assert_eq!(xdp_at(a, name), None);
        assert_eq!(why(a), "auto: its driver has no native XDP");
        a.vxbpf("link del vxlan1");
    }
}

#[test]
fn somebody_elses_xdp_program_stays_where_it_is() {
    let net = a_host_with_a_container("xdp-foreign");
    let (a, b) = (net.host("a"), net.host("b"));
    // Any program that lets others' packets pass: that of another host.
    b.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.100 local 192.168.1.200 mode xdp dev eth0");
    let pins = json::parse(&b.vxbpf("-j status"))["pins"].as_str().expect("the pins").to_owned();
    a.run("ip tuntap add mode tap name tap0");
    a.run("ip link set dev tap0 up");
    for device in ["eth0", "tap0", "p-c1"] {
        a.run(&format!("bpftool net attach xdpdrv pinned {pins}/programs/vxbpf_xunderlay dev {device}"));
    }
    let foreign = xdp_at(a, "tap0").expect("a program");
    let number = foreign.1.to_string();

    for device in ["eth0", "tap0"] {
        let add = |mode| format!("link add vxlan1 type vxlan {OPTIONS} mode {mode} dev {device}");
        refused(a, &add("xdp"), &[device, &format!("number {number}"), "mode tc", "auto"]);
        a.vxbpf(&add("auto"));
        assert_eq!(xdp_at(a, device), Some(foreign));
        if device == "tap0" {
            assert_eq!(why(a), "auto: another XDP program hangs there");
        }
        let port = a.try_vxbpf("port add p-c1 --vni 444 --mode xdp");
        assert!(!port.status.success() && port.stderr.contains(&number), "{port}");
        a.vxbpf("detach --all");
        assert_eq!(xdp_at(a, device), Some(foreign), "after detach it is still there");
    }
    assert_eq!(xdp_at(a, "p-c1"), Some(foreign));
}

#[test]
fn the_mode_of_what_runs_can_be_changed_and_changed_back() {
    let net = a_host_with_a_container("xdp-change");
    let a = net.host("a");
    a.link_add("vxlan1", &format!("{OPTIONS} mode tc dev eth0"));
    a.vxbpf("port add p-c1 --vni 444 --mode tc");
    for (mode, is_xdp) in [("xdp", true), ("auto", false), ("xdp", true), ("tc", false)] {
        a.link_set(&format!("vxlan1 type vxlan mode {mode}"));
        assert_eq!(xdp_at(a, "eth0").is_some(), is_xdp, "{mode}");
        let in_use = if is_xdp { "xdp" } else { "tc" };
        assert_eq!(json::parse(&a.vxbpf("-j status"))["overlays"][0]["mode"], in_use);
    }
    for (mode, is_xdp) in [("xdp", true), ("tc", false), ("xdp", true), ("auto", false)] {
        a.vxbpf(&format!("port add p-c1 --vni 444 --mode {mode}"));
        assert_eq!(xdp_at(a, "p-c1").is_some(), is_xdp, "{mode}");
    }
}
