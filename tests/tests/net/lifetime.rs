//! What comes with an overlay goes with it; nothing runs meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use vxlan_tests::{Host, Net, Side, Topology, expect_ping};

const ATTACH: &str = "attach eth0 --vni 444 --local 192.168.1.100 --remote 192.168.1.200";

fn two_hosts(name: &str) -> Net {
    let net = Topology::new(name).host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let b = net.host("b");
    b.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.100 local 192.168.1.200 dev eth0");
    b.run("ip addr add 172.55.1.3/24 dev vxlan1");
    b.run("ip link set dev vxlan1 up");
    net
}

/// Whatever of a host an overlay could leave something in.
fn state(host: &Host) -> String {
    let lists = ["ip -o link", "ip -o addr", "tc qdisc", "tc filter show dev eth0 ingress"];
    let mut state: Vec<String> = lists.iter().map(|list| host.run(list).stdout).collect();
    state.push(host.get("ipv4/conf/lo/forwarding"));
    // Addresses that a device gives itself, and the state of the link, come and go by themselves.
    state.join("\n").lines().filter(|line| !line.contains("inet6")).collect::<Vec<_>>().join("\n")
}

fn expect_traffic(net: &Net) {
    let a = net.host("a");
    a.run("ip addr replace 172.55.1.2/24 dev vxlan1");
    expect_ping(a, [172, 55, 1, 3], 2);
}

#[test]
fn detach_leaves_a_host_as_attach_found_it() {
    let net = two_hosts("lifetime");
    let a = net.host("a");
    for forwarding in ["0", "1"] {
        a.set("ipv4/conf/lo/forwarding", forwarding);
        let before = state(a);
        a.vxbpf(ATTACH);
        expect_traffic(&net);
        assert_ne!(state(a), before);
        a.vxbpf("detach eth0 --vni 444");
        assert_eq!(state(a), before);
        assert_eq!(a.vxbpf("status").stdout, "");
    }
}

#[test]
fn attaching_twice_changes_nothing_and_other_settings_are_refused() {
    let net = two_hosts("twice");
    let a = net.host("a");
    a.vxbpf(ATTACH);
    expect_traffic(&net);
    let (before, fdb) = (state(a), a.show_fdb("vxlan1"));
    a.vxbpf(ATTACH);
    assert_eq!((state(a), a.show_fdb("vxlan1")), (before.clone(), fdb));

    let refused = a.try_vxbpf(&format!("{ATTACH} --ttl 9"));
    assert_eq!(refused.status.code(), Some(2), "{refused}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused}");
    assert!(refused.stderr.contains("444") && refused.stderr.contains("ttl"), "{refused}");
    assert_eq!(state(a), before);
    expect_traffic(&net);
}

#[test]
fn two_overlays_on_a_device_share_its_program() {
    let net = two_hosts("share");
    let a = net.host("a");
    a.vxbpf(ATTACH);
    a.vxbpf("attach eth0 --vni 445 --remote 192.168.1.200 --name vxlan2");
    let underlay_links = || -> BTreeSet<String> {
        let status = a.vxbpf("status").stdout;
        let lines = status.lines().filter(|line| line.contains("vxbpf_underlay"));
        lines.filter_map(|line| line.split_once(" link ")).map(|(_, link)| link.to_owned()).collect()
    };
    let shared = underlay_links();
    assert_eq!(shared.len(), 1, "{shared:?}");
    a.vxbpf("detach eth0 --vni 445");
    assert_eq!(underlay_links(), shared);
    expect_traffic(&net);
    a.vxbpf("detach eth0");
    assert_eq!(a.vxbpf("status").stdout, "");
}

#[test]
fn a_device_that_was_deleted_under_it_is_cleaned_up_by_the_next_command() {
    let net = two_hosts("deleted");
    let a = net.host("a");
    let before = state(a);
    a.vxbpf(ATTACH);
    a.run("ip link del vxlan1");
    a.vxbpf(ATTACH);
    expect_traffic(&net);
    a.run("ip link del vxlan1");
    a.vxbpf("detach --all");
    assert_eq!(state(a), before);
}

#[test]
fn killed_at_any_point_attach_leaves_nothing_that_the_next_one_cannot_finish() {
    let net = two_hosts("killed");
    let a = net.host("a");
    let before = state(a);
    let binary = std::env::var("VXBPF").unwrap_or_else(|_| "target/release/vxbpf".to_owned());
    for step in 0..30_u64 {
        let mut attach = Command::new(&binary);
        attach
            .args(["-n", a.netns().name()])
            .args(ATTACH.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut attach = attach.spawn().expect("vxbpf to start");
        thread::sleep(Duration::from_millis(step * 50));
        attach.kill().expect("its end");
        attach.wait().expect("its status");

        a.vxbpf(ATTACH);
        expect_traffic(&net);
        a.vxbpf("detach --all");
        assert_eq!(state(a), before, "killed after {} ms", step * 50);
    }
}

#[test]
fn a_thousand_rounds_leave_what_was_there() {
    let net = two_hosts("rounds");
    let a = net.host("a");
    // This one stays, and keeps the programs loaded: 980 rounds of an overlay beside it. Then 20 of all.
    a.vxbpf("attach eth0 --vni 1 --remote 192.168.1.200 --name vxlan0");
    // What the device has learned changes by itself, also from its own frames.
    let status = || {
        let status = a.vxbpf("status").stdout;
        status.lines().filter(|line| !line.contains(" learned ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = (state(a), status());
    for _ in 0..980 {
        a.vxbpf(ATTACH);
        a.vxbpf("detach eth0 --vni 444");
    }
    assert_eq!((state(a), status()), before);
    a.vxbpf("detach --all");
    let before = state(a);
    for _ in 0..20 {
        a.vxbpf(ATTACH);
        a.vxbpf("detach --all");
    }
    assert_eq!(state(a), before);
    assert_eq!(a.vxbpf("status").stdout, "");
}

#[test]
fn another_filter_on_the_hook_stays_and_another_vxlan_device_on_the_port_keeps_receiving() {
    let net = two_hosts("neighbours");
    let (a, b) = (net.host("a"), net.host("b"));
    a.run("tc qdisc add dev eth0 clsact");
    // Classic BPF that matches every packet.
    let bytecode = std::env::temp_dir().join(format!("{}.bpf", a.netns().name()));
    fs::write(&bytecode, "1,6 0 0 4294967295").expect("a file for the bytecode");
    let file = bytecode.display();
    a.run(&format!(
        "tc filter add dev eth0 ingress protocol all prio 1 bpf bytecode-file {file} classid 1:1"
    ));
    fs::remove_file(&bytecode).expect("the file to be there");
    let filter = a.run("tc filter show dev eth0 ingress").stdout;
    for (host, local, remote, address) in [(a, "100", "200", "2"), (b, "200", "100", "3")] {
        host.run(&format!(
            "ip link add other type vxlan id 9 dstport 4789 remote 192.168.1.{remote} local 192.168.1.{local} dev eth0"
        ));
        host.run(&format!("ip addr add 172.99.1.{address}/24 dev other"));
        host.run("ip link set dev other up");
    }
    a.vxbpf(ATTACH);
    expect_traffic(&net);
    expect_ping(a, [172, 99, 1, 3], 2);
    expect_ping(b, [172, 99, 1, 2], 2);
    a.vxbpf("detach --all");
    assert!(!filter.is_empty());
    assert_eq!(a.run("tc filter show dev eth0 ingress").stdout, filter);
    expect_ping(a, [172, 99, 1, 3], 1);
}
