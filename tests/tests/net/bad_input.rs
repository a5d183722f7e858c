//! What cannot be done is refused in one line that names the object and the remedy, and changes nothing.

use vxlan_tests::{
    Host, Net, Side, Topology,
    command::{Output, run_words},
    side::vxbpf_binary,
};

/// The command line cannot be understood.
const MALFORMED: i32 = 1;
/// It is understood, and cannot be done.
const FAILED: i32 = 2;

/// What is typed, how it ends, and words that the complaint must have: the object first, the remedy last.
type Case = (&'static str, i32, &'static [&'static str]);

const VTEP_DEVICES: &[Case] = &[
    ("attach eth0 --vni 16777216", FAILED, &["16777216", "0 to 16777215"]),
    ("attach eth0 --vni abc", MALFORMED, &["--vni", "abc", "--help"]),
    ("attach eth0", MALFORMED, &["--vni must be given", "--help"]),
    ("attach nosuch --vni 5", FAILED, &["nosuch", "`ip link`"]),
    ("attach eth0 --vni 444 --remote 192.168.1.201", FAILED, &["vxlan1", "differs", "vxbpf link set vxlan1"]),
    ("attach eth0 --vni 5 --name a234567890123456", FAILED, &["a234567890123456", "1 to 15 bytes"]),
    ("attach eth0 --vni 5 --name a/b", FAILED, &["a/b", "choose"]),
    ("attach eth0 --vni 5 --name vxlan1", FAILED, &["vxlan1 already", "choose another name"]),
    ("attach eth0 --vni 5 --name p1", FAILED, &["veth device p1", "choose another name"]),
    ("attach eth0 --vni 9 --dstport 4790", FAILED, &["foreign", "another VNI or dstport"]),
    ("attach eth0 --vni 5 --remote 192.168.1.300", MALFORMED, &["192.168.1.300", "--help"]),
    ("attach eth0 --vni 5 --remote 2001:db8::1 --local 192.168.1.100", FAILED, &["families", "IPv4 or IPv6"]),
    ("attach eth0 --vni 5 --remote 239.1.1.1", FAILED, &["239.1.1.1", "use `group`"]),
    ("attach eth0 --vni 5 --group 10.1.1.1", FAILED, &["10.1.1.1", "use `remote 10.1.1.1`"]),
    ("attach eth0 --vni 5 --dstport 65536", FAILED, &["dstport 65536", "choose"]),
    ("attach eth0 --vni 5 --ttl 256", FAILED, &["ttl 256", "choose 0 to 255"]),
    ("attach eth0 --vni 5 --mtu 10", FAILED, &["mtu 10", "choose 68 to 65535"]),
    ("attach eth0 --vni 5 --bogus", MALFORMED, &["--bogus", "--help"]),
    ("attach eth0 --vni 5 --suppress", FAILED, &["suppress", "make the VTEP device with `proxy`"]),
    ("link set vxlan1 type vxlan suppress", FAILED, &["suppress", "with `proxy`"]),
    ("link add v2 type bridge", MALFORMED, &["bridge", "`ip link`"]),
    ("link set vxlan1 id 5", FAILED, &["vxlan1", "delete it and add it again"]),
    ("link set foreign ttl 5", FAILED, &["foreign", "use `ip`"]),
    ("link set nosuch ttl 5", FAILED, &["nosuch", "`ip link`"]),
    ("link del foreign", FAILED, &["foreign", "vxbpf link show"]),
    ("detach eth0 --vni 99", FAILED, &["VNI 99", "vxbpf link show"]),
    ("detach", MALFORMED, &["DEV", "--help"]),
    ("frobnicate", MALFORMED, &["frobnicate", "--help"]),
];

const PORTS: &[Case] = &[
    ("port add p1", FAILED, &["p1", "vni ID"]),
    ("port add p1 --vni 7", FAILED, &["VNI 7", "vxbpf link show"]),
    ("port add nosuch --vni 444", FAILED, &["nosuch", "`ip link`"]),
    ("port add vxlan1 --vni 444", FAILED, &["vxlan1", "VTEP device"]),
    ("port add eth0 --vni 444", FAILED, &["eth0", "underlay"]),
    ("port add lo --vni 444", FAILED, &["lo", "loopback"]),
    ("port del p1 --vni 444", FAILED, &["p1", "vxbpf port show"]),
];

const STATIONS: &[Case] = &[
    (
        "fdb add 01:00:5e:00:00:01 dev vxlan1 dst 192.168.1.200",
        FAILED,
        &["01:00:5e:00:00:01", "append the VTEP"],
    ),
    (
        "fdb add 02:00:00:00:00:zz dev vxlan1 dst 192.168.1.200",
        MALFORMED,
        &["02:00:00:00:00:zz", "six hex bytes"],
    ),
    ("fdb add 02:00:00:00:00:01 dev vxlan1", MALFORMED, &["--dst", "--help"]),
    ("fdb add 02:00:00:00:00:01 dst 192.168.1.200", MALFORMED, &["--dev", "--help"]),
    (
        "fdb add 02:00:00:00:00:01 dev vxlan1 dst 2001:db8::1",
        FAILED,
        &["vxlan1 is an IPv4 VTEP", "2001:db8::1"],
    ),
    ("fdb add 02:00:00:00:00:01 dev vxlan1 dst 239.1.1.1", FAILED, &["239.1.1.1", "name its address"]),
    ("fdb add 02:00:00:00:00:01 dev vxlan1 dst 0.0.0.0", FAILED, &["0.0.0.0", "name one"]),
    ("fdb add 02:00:00:00:00:01 dev eth0 dst 192.168.1.200", FAILED, &["eth0", "vxbpf link show"]),
    (
        "fdb add 02:00:00:00:00:01 dev foreign dst 192.168.1.200",
        FAILED,
        &["foreign", "use `ip` and `bridge`"],
    ),
    ("fdb add 02:00:00:00:00:01 dev nosuch dst 192.168.1.200", FAILED, &["nosuch", "`ip link`"]),
    ("fdb add 02:00:00:00:00:01 dev vxlan1 dst 192.168.1.200 vni 16777216", FAILED, &["16777216", "choose"]),
    ("fdb add 02:00:00:00:00:01 dev vxlan1 dst 192.168.1.200 port 70000", FAILED, &["70000", "choose"]),
    ("fdb add 02:00:00:00:00:01 dev vxlan1 dst 192.168.1.200 via nosuch", FAILED, &["nosuch", "`ip link`"]),
    ("fdb add 02:00:00:00:00:77 dev vxlan1 dst 192.168.1.201", FAILED, &["File exists", "vxbpf fdb replace"]),
    ("fdb del 02:00:00:00:00:01 dev vxlan1", FAILED, &["No such entry", "02:00:00:00:00:01"]),
    ("fdb frobnicate", MALFORMED, &["frobnicate", "--help"]),
];

const NEIGHBOURS: &[Case] = &[
    (
        "neigh add 239.1.1.1 lladdr 02:00:00:00:00:01 dev vxlan1",
        FAILED,
        &["239.1.1.1 dev vxlan1", "multicast", "name the address of one station"],
    ),
    ("neigh add ff02::1 lladdr 02:00:00:00:00:01 dev vxlan1", FAILED, &["ff02::1", "multicast", "name"]),
    (
        "neigh add ::ffff:10.0.0.1 lladdr 02:00:00:00:00:01 dev vxlan1",
        FAILED,
        &["::ffff:10.0.0.1", "wrong family", "name 10.0.0.1"],
    ),
    ("neigh add 10.0.0.1 lladdr 01:00:5e:00:00:01 dev vxlan1", FAILED, &["01:00:5e:00:00:01", "choose one"]),
    ("neigh add 10.0.0.1 lladdr 10.0.0.2 dev vxlan1", MALFORMED, &["10.0.0.2", "six hex bytes"]),
    ("neigh add 10.0.0.1 lladdr 02:00:00:00:00:01", MALFORMED, &["--dev", "--help"]),
    ("neigh add 10.0.0 lladdr 02:00:00:00:00:01 dev vxlan1", MALFORMED, &["10.0.0", "--help"]),
    ("neigh add 10.0.0.1 dev vxlan1", FAILED, &["10.0.0.1 dev vxlan1", "`lladdr`"]),
    (
        "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev foreign",
        FAILED,
        &["foreign", "use `ip` and `bridge`"],
    ),
    ("neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0", FAILED, &["eth0", "vxbpf link show"]),
    ("neigh show dev foreign", FAILED, &["foreign", "use `ip` and `bridge`"]),
    ("neigh show dev nosuch", FAILED, &["nosuch", "`ip link`"]),
    (
        "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev vxlan1 nud failed",
        FAILED,
        &["nud failed", "use permanent"],
    ),
    (
        "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev vxlan1 timeout 5",
        FAILED,
        &["timeout", "nud reachable"],
    ),
    ("neigh del 10.0.0.1 dev vxlan1", FAILED, &["No such entry", "10.0.0.1", "vxbpf neigh show"]),
    ("neigh change 10.0.0.1 lladdr 02:00:00:00:00:01 dev vxlan1", FAILED, &["10.0.0.1", "vxbpf neigh add"]),
    (
        "neigh add 172.55.1.77 lladdr 02:00:00:00:00:01 dev vxlan1",
        FAILED,
        &["File exists", "vxbpf neigh replace"],
    ),
    ("neigh add proxy 10.0.0.1 dev vxlan1", MALFORMED, &["proxy", "leave the word out"]),
    ("neigh flush", MALFORMED, &["PREFIX", "--help"]),
    ("neigh append 10.0.0.1 dev vxlan1", MALFORMED, &["append", "--help"]),
];

/// A host with an overlay, a station, a free veth, and a vxlan device that is not ours.
fn host() -> Net {
    let net = Topology::new("bad-input").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    let a = net.host("a");
    a.run("ip link add p1 type veth peer name q1");
    a.run("ip link add foreign type vxlan id 9 dstport 4790 dev eth0");
    a.vxbpf("attach eth0 --vni 444 --name vxlan1 --remote 192.168.1.200 --local 192.168.1.100");
    a.vxbpf("fdb add 02:00:00:00:00:77 dev vxlan1 dst 192.168.1.200");
    a.vxbpf("neigh add 172.55.1.77 lladdr 02:00:00:00:00:77 dev vxlan1");
    net
}

/// All that a command could change.
fn state(host: &Host) -> Vec<String> {
    let theirs = ["ip -o -d link", "ip -o addr", "bridge fdb", "tc qdisc"].map(|line| host.run(line).stdout);
    let ours = ["-d link show", "fdb show", "neigh show nud all", "port show", "status"]
        .map(|line| host.vxbpf(line).stdout);
    theirs.into_iter().chain(ours).collect()
}

fn expect_refusal(refused: &Output, code: i32, words: &[&str]) {
    assert_eq!(refused.status.code(), Some(code), "{refused}");
    assert_eq!(refused.stdout, "", "{refused}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused}");
    for word in words {
        assert!(refused.stderr.contains(word), "{word:?} is not in: {refused}");
    }
}

fn expect_refusals(cases: &[Case]) {
    let net = host();
    let a = net.host("a");
    let before = state(a);
    for (line, code, words) in cases {
        expect_refusal(&a.try_vxbpf(line), *code, words);
    }
    assert_eq!(state(a), before);
}

#[test]
fn of_vtep_devices() {
    expect_refusals(VTEP_DEVICES);
}

#[test]
fn of_ports() {
    expect_refusals(PORTS);
}

#[test]
fn of_stations() {
    expect_refusals(STATIONS);
}

#[test]
fn of_neighbours() {
    expect_refusals(NEIGHBOURS);
}

/// Runs vxbpf inside the namespace of a host, behind a command that takes something away.
fn without(host: &Host, what: &[&str], arguments: &str) -> Output {
    let binary = vxbpf_binary();
    let words = what.iter().copied().chain([binary.to_str().expect("a path of text")]);
    let words: Vec<&str> = words.chain(arguments.split(' ')).collect();
    host.within(|| run_words(&words))
}

#[test]
fn without_a_capability_it_says_which() {
    let net = host();
    let a = net.host("a");
    let before = state(a);
    for (bounds, missing) in [
        ("--bounding-set=-net_admin", "CAP_NET_ADMIN"),
        ("--bounding-set=-sys_admin,-bpf", "CAP_BPF"),
        ("--bounding-set=-all", "CAP_NET_ADMIN and CAP_BPF"),
    ] {
        let refused = without(a, &["setpriv", bounds, "--inh-caps=-all"], "attach eth0 --vni 5");
        expect_refusal(&refused, FAILED, &[missing, "run as root"]);
    }
    assert_eq!(state(a), before);
}

#[test]
fn without_a_bpf_file_system_it_says_how_to_mount_one() {
    let net = host();
    let a = net.host("a");
    let before = state(a);
    let command = format!("umount -l /sys/fs/bpf && exec {} attach eth0 --vni 5", vxbpf_binary().display());
    let line = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", &command];
    let refused = a.within(|| run_words(&line));
    expect_refusal(&refused, FAILED, &["BPF file system", "mount -t bpf bpf /sys/fs/bpf"]);
    assert_eq!(state(a), before);
}

#[test]
fn a_full_flood_list_says_so_and_keeps_what_it_has() {
    let net = host();
    let a = net.host("a");
    let batch = std::env::temp_dir().join(format!("{}.batch", a.netns().name()));
    let lines = (0..1023).map(|at| {
        format!("fdb append 00:00:00:00:00:00 dev vxlan1 dst 10.0.{}.{}\n", at / 250, at % 250 + 1)
    });
    std::fs::write(&batch, lines.collect::<String>()).expect("a file for the batch");
    a.vxbpf(&format!("-batch {}", batch.display()));
    std::fs::remove_file(&batch).expect("the file to be there");
    let before = state(a);
    let refused = a.try_vxbpf("fdb append 00:00:00:00:00:00 dev vxlan1 dst 10.0.99.1");
    expect_refusal(&refused, FAILED, &["VNI 444", "1024", "remove some"]);
    assert_eq!(state(a), before);
}
