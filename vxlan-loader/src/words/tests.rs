//! What users type, and what clap reads.

use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// What clap reads, without the program's name.
fn becomes(line: &str) -> String {
    let rewritten = rewrite(&words(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(rewritten[0], "vxbpf");
    rewritten[1..].join(" ")
}

fn error(line: &str) -> String {
    let error = rewrite(&words(line)).expect_err(line).to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn a_keyword_becomes_a_long_option_with_its_value() {
    assert_eq!(
        becomes(
            "link add vxlan1 type vxlan id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 dev eth0"
        ),
        "link add --type=vxlan --vni=444 --dstport=4789 --remote=192.168.1.200 --local=192.168.1.100 --dev=eth0 -- vxlan1"
    );
    assert_eq!(
        becomes("fdb append 00:00:00:00:00:00 dev vxlan0 dst 192.168.1.100"),
        "fdb append --dev=vxlan0 --dst=192.168.1.100 -- 00:00:00:00:00:00"
    );
}

#[test]
fn long_options_are_left_as_they_are() {
    assert_eq!(
        becomes("attach eth0 --vni 444 --name vxlan1 --remote=10.0.0.1 --no-learning"),
        "attach --vni=444 --name=vxlan1 --remote=10.0.0.1 --no-learning -- eth0"
    );
    assert_eq!(
        becomes("fdb add --dev vxlan1 --src_vni 5 1:2:3:4:5:6"),
        "fdb add --dev=vxlan1 --src-vni=5 -- 1:2:3:4:5:6"
    );
    assert_eq!(becomes("detach --all"), "detach --all");
}

#[test]
fn no_forms_become_no_options() {
    assert_eq!(
        becomes(
            "attach eth0 vni 4 nolearning noproxy norsc nol2miss nol3miss noudpcsum noudp6zerocsumtx noudp6zerocsumrx nogbp nolocalbypass"
        ),
        "attach --vni=4 --no-learning --no-proxy --no-rsc --no-l2miss --no-l3miss --no-udpcsum --no-udp6zerocsumtx \
         --no-udp6zerocsumrx --no-gbp --no-localbypass -- eth0"
    );
    assert_eq!(
        becomes("fdb flush dev vxlan1 nopermanent noextern_learn"),
        "fdb flush --dev=vxlan1 --no-permanent --no-extern-learn"
    );
}

#[test]
fn a_source_port_range_is_two_words() {
    assert_eq!(becomes("attach eth0 srcport 1000 2000 vni 4"), "attach --srcport=1000,2000 --vni=4 -- eth0");
    assert_eq!(
        becomes("attach eth0 --srcport 1000 2000 --vni 4"),
        "attach --srcport=1000,2000 --vni=4 -- eth0"
    );
    assert_eq!(error("attach eth0 vni 4 srcport 1000"), "attach: a value of \"srcport\" is missing");
}

#[test]
fn an_options_value_is_a_value_whatever_it_says() {
    assert_eq!(
        becomes("link add vxlan1 type vxlan id 4 dev group group 239.1.1.1"),
        "link add --type=vxlan --vni=4 --dev=group --group=239.1.1.1 -- vxlan1"
    );
    assert_eq!(becomes("fdb show dev dynamic dynamic"), "fdb show --dev=dynamic --dynamic");
    assert_eq!(becomes("link show dev up"), "link show -- up");
    assert_eq!(
        becomes("fdb add 1:2:3:4:5:6 dev dst dst 10.0.0.1 via via"),
        "fdb add --dev=dst --dst=10.0.0.1 --via=via -- 1:2:3:4:5:6"
    );
}

#[test]
fn the_first_word_of_a_verb_is_its_device_whatever_it_says() {
    assert_eq!(becomes("attach group vni 4"), "attach --vni=4 -- group");
    assert_eq!(becomes("attach vni vni 4"), "attach --vni=4 -- vni");
    assert_eq!(becomes("link add group type vxlan id 4"), "link add --type=vxlan --vni=4 -- group");
    assert_eq!(becomes("link add type type vxlan id 4"), "link add --type=vxlan --vni=4 -- type");
    assert_eq!(becomes("link set up mtu 1400"), "link set --mtu=1400 -- up");
    assert_eq!(becomes("link set group mtu 1400"), "link set --mtu=1400 -- group");
    assert_eq!(becomes("link set group dev eth1"), "link set --dev=eth1 -- group");
    assert_eq!(becomes("link set dev mtu 1400"), "link set --mtu=1400 -- dev");
    assert_eq!(becomes("link set dev dev up"), "link set --up -- dev");
    assert_eq!(becomes("link del dev"), "link del -- dev");
    assert_eq!(becomes("link del dev dev"), "link del -- dev");
    assert_eq!(becomes("link del all"), "link del -- all");
    assert_eq!(becomes("port add dev vni 4"), "port add --vni=4 -- dev");
    assert_eq!(becomes("detach all"), "detach -- all");
    assert_eq!(becomes("attach --vni 4 vni"), "attach --vni=4 -- vni");
}

#[test]
fn name_and_dev_may_stand_in_front_of_the_device() {
    assert_eq!(becomes("link add name vxlan1 type vxlan id 4"), "link add --type=vxlan --vni=4 -- vxlan1");
    assert_eq!(
        becomes("link add dev vxlan1 type vxlan id 4 dev eth0"),
        "link add --type=vxlan --vni=4 --dev=eth0 -- vxlan1"
    );
    assert_eq!(becomes("link set dev vxlan1 up"), "link set --up -- vxlan1");
    assert_eq!(becomes("link set dev vxlan1 type vxlan ttl 5"), "link set --type=vxlan --ttl=5 -- vxlan1");
    assert_eq!(
        becomes("fdb add to 1:2:3:4:5:6 dev vxlan1 dst 10.0.0.1"),
        "fdb add --dev=vxlan1 --dst=10.0.0.1 -- 1:2:3:4:5:6"
    );
    assert_eq!(becomes("detach dev eth0 vni 4"), "detach --vni=4 -- eth0");
}

#[test]
fn the_device_may_come_after_options_as_users_of_ip_write_it() {
    assert_eq!(becomes("link set up dev vxlan1"), "link set --up -- vxlan1");
    assert_eq!(becomes("link set up vxlan1"), "link set --up -- vxlan1");
    assert_eq!(becomes("link set mtu 1400 dev vxlan1"), "link set --mtu=1400 -- vxlan1");
    assert_eq!(becomes("link set mtu 1400 vxlan1"), "link set --mtu=1400 -- vxlan1");
    assert_eq!(
        becomes("link add mtu 1400 name vxlan1 type vxlan id 4"),
        "link add --mtu=1400 --type=vxlan --vni=4 -- vxlan1"
    );
    assert_eq!(becomes("port add vni 4 veth0"), "port add --vni=4 -- veth0");
    assert_eq!(
        becomes("fdb add dev vxlan1 dst 10.0.0.1 1:2:3:4:5:6"),
        "fdb add --dev=vxlan1 --dst=10.0.0.1 -- 1:2:3:4:5:6"
    );
}

#[test]
fn options_may_stand_before_the_type() {
    assert_eq!(
        becomes("link add vxlan1 mtu 1400 address 2:0:0:0:0:1 dev eth0 type vxlan id 4 local 10.0.0.1"),
        "link add --mtu=1400 --address=2:0:0:0:0:1 --dev=eth0 --type=vxlan --vni=4 --local=10.0.0.1 -- vxlan1"
    );
    assert_eq!(becomes("link add type vxlan id 4 dev eth0"), "link add --type=vxlan --vni=4 --dev=eth0");
}

#[test]
fn prefixes_mean_what_they_mean_to_iproute2() {
    for (line, meant) in [
        ("l", "link show"),
        ("l s vxlan1 up", "link set --up -- vxlan1"),
        ("link sh", "link show"),
        ("link c vxlan1 up", "link set --up -- vxlan1"),
        ("link d vxlan1", "link del -- vxlan1"),
        ("link l", "link show"),
        ("link lst", "link show"),
        ("link list", "link show"),
        ("link chg vxlan1 up", "link set --up -- vxlan1"),
        ("f s", "fdb show"),
        ("fdb a 1:2:3:4:5:6 dev v", "fdb add --dev=v -- 1:2:3:4:5:6"),
        ("fdb ap 1:2:3:4:5:6 dev v", "fdb append --dev=v -- 1:2:3:4:5:6"),
        ("fdb r 1:2:3:4:5:6 dev v", "fdb replace --dev=v -- 1:2:3:4:5:6"),
        ("fdb delete 1:2:3:4:5:6 dev v", "fdb del --dev=v -- 1:2:3:4:5:6"),
        ("fdb d 1:2:3:4:5:6 dev v", "fdb del --dev=v -- 1:2:3:4:5:6"),
        ("fdb g 1:2:3:4:5:6 dev v", "fdb get --dev=v -- 1:2:3:4:5:6"),
        ("s", "stats"),
        ("statu", "status"),
        ("d", "drops"),
        ("a eth0 vni 4", "attach --vni=4 -- eth0"),
        ("p d veth0", "port del -- veth0"),
    ] {
        assert_eq!(becomes(line), meant, "{line}");
    }
    // Only the whole word empties a table.
    assert!(error("fdb fl dev v").contains("no verb"));
}

#[test]
fn prefixes_of_keywords_follow_the_order_before_and_after_the_type() {
    assert_eq!(
        becomes(
            "link add v a 2:0:0:0:0:1 t vxlan a 30 l 10.0.0.1 le p 1 2 pro d eth0 ds 10 dst 4789 r 10.0.0.2"
        ),
        "link add --address=2:0:0:0:0:1 --type=vxlan --ageing=30 --local=10.0.0.1 --learning --srcport=1,2 --proxy \
         --dev=eth0 --tos=10 --dstport=4789 --remote=10.0.0.2 -- v"
    );
    assert_eq!(
        becomes("fdb add 1:2:3:4:5:6 dev v loc r e st"),
        "fdb add --dev=v --permanent --router --extern-learn --static -- 1:2:3:4:5:6"
    );
}

#[test]
fn other_spellings_of_a_keyword_are_the_same_option() {
    assert_eq!(
        becomes("attach eth0 id 4 hoplimit 5 dsfield 10 label 7"),
        "attach --vni=4 --ttl=5 --tos=10 --flowlabel=7 -- eth0"
    );
    assert_eq!(
        becomes("fdb add 1:2:3:4:5:6 dev v local temp"),
        "fdb add --dev=v --permanent --static -- 1:2:3:4:5:6"
    );
    assert_eq!(becomes("fdb show brport vxlan1"), "fdb show --dev=vxlan1");
}

#[test]
fn what_is_so_anyway_may_be_said() {
    assert_eq!(
        becomes("fdb add 1:2:3:4:5:6 dev v self permanent"),
        "fdb add --dev=v --permanent -- 1:2:3:4:5:6"
    );
    assert_eq!(becomes("attach eth0 vni 4 noexternal noremcsumtx"), "attach --vni=4 -- eth0");
}

#[test]
fn show_need_not_be_said() {
    assert_eq!(becomes("fdb"), "fdb show");
    assert_eq!(becomes("fdb dev vxlan1"), "fdb show --dev=vxlan1");
    assert_eq!(becomes("link type vxlan"), "link show --type=vxlan");
    assert_eq!(becomes("port"), "port show");
    assert_eq!(becomes("stats vxlan1"), "stats -- vxlan1");
    assert_eq!(becomes("stats show vxlan1"), "stats -- vxlan1");
    assert_eq!(becomes("drops vni 4"), "drops --vni=4");
}

#[test]
fn global_options_have_one_dash_or_two_and_any_length() {
    assert_eq!(
        becomes("-n red -j -p -d -s -s -t -force -batch - "),
        "--netns=red --json --pretty --details --statistics --statistics --timestamp --force --batch=-"
    );
    assert_eq!(
        becomes("-netns red -json -pretty -details -statistics -timestamp link"),
        "--netns=red --json --pretty --details --statistics --timestamp link show"
    );
    assert_eq!(
        becomes("--netns=red --json -stats -b file -fo"),
        "--netns=red --json --statistics --batch=file --force"
    );
    assert_eq!(becomes("-jp -sd link"), "--json --pretty --statistics --details link show");
    assert_eq!(becomes("-V"), "--version");
    assert_eq!(becomes("-Version"), "--version");
    assert_eq!(becomes("--version"), "--version");
    assert_eq!(becomes("link show -d -n red vxlan1"), "--details --netns=red link show -- vxlan1");
}

#[test]
fn a_name_of_a_namespace_may_be_a_word() {
    assert_eq!(becomes("-n link link show"), "--netns=link link show");
}

#[test]
fn help_can_be_asked_for_everywhere() {
    assert_eq!(becomes("help"), "--help");
    assert_eq!(becomes("-h"), "--help");
    assert_eq!(becomes("link help"), "link --help");
    assert_eq!(becomes("link add --help"), "link add --help");
    assert_eq!(becomes("attach eth0 help"), "attach --help -- eth0");
    assert_eq!(becomes("fdb show help"), "fdb show --help");
}

#[test]
fn what_is_not_understood_is_named() {
    assert_eq!(error("lnik show"), "\"lnik\" is no object of vxbpf: `vxbpf --help` lists them");
    assert_eq!(error("link frob"), "link: \"frob\" is no verb of it: `vxbpf link --help` lists them");
    assert_eq!(
        error("link add vxlan1 type vxlan id 4 colour red"),
        "link add: \"colour\" is not understood here: `vxbpf link add --help` lists the words"
    );
    assert_eq!(
        error("attach eth0 --colour red"),
        "option \"--colour\" is unknown: `vxbpf --help` lists them"
    );
    assert_eq!(error("-4 link"), "option \"-4\" is unknown: `vxbpf --help` lists them");
    assert_eq!(error("-n"), "vxbpf: a value of \"-n\" is missing");
    assert_eq!(error("link set vxlan1 mtu"), "link set: a value of \"mtu\" is missing");
    assert_eq!(
        error("fdb show vxlan1"),
        "fdb show: \"vxlan1\" is not understood here: `vxbpf fdb show --help` lists the words"
    );
}

#[test]
fn an_empty_word_is_no_prefix_of_anything() {
    for line in [&[""][..], &["link", ""], &["fdb", "add", "1:2:3:4:5:6", ""]] {
        let words: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        assert!(rewrite(&words).is_err(), "{line:?}");
    }
}

#[test]
fn what_only_ip_does_is_pointed_to() {
    assert_eq!(
        error("link set vxlan1 master br0"),
        "link set: vxbpf does not take \"master\": it is an ordinary device: use `ip link set`"
    );
    assert!(error("link add vxlan1 type vxlan external").contains("one VNI"));
}

#[test]
fn nothing_is_an_option_behind_two_dashes() {
    assert_eq!(becomes("link del -- --all"), "link del -- --all");
    assert!(error("link del vxlan1 -- vxlan2").contains("vxlan2"));
}

#[test]
fn neighbours_are_told_of_in_the_words_of_ip() {
    assert_eq!(
        becomes("neigh add 172.55.1.3 lladdr 52:5e:55:58:9a:ab dev vxlan0"),
        "neigh add --lladdr=52:5e:55:58:9a:ab --dev=vxlan0 -- 172.55.1.3"
    );
    assert_eq!(
        becomes("neighbour chg to fd00::3 ll 2:0:0:0:0:1 dev v nud reachable router extern timeout 5"),
        "neigh change --lladdr=2:0:0:0:0:1 --dev=v --nud=reachable --router --extern-learn --timeout=5 -- fd00::3"
    );
    assert_eq!(becomes("neighbor del 10.0.0.1 dev v"), "neigh del --dev=v -- 10.0.0.1");
    assert_eq!(becomes("n"), "neigh show");
    assert_eq!(becomes("neigh s dev v nud all"), "neigh show --dev=v --nud=all");
    assert_eq!(becomes("neigh show 10.0.0.0/8"), "neigh show -- 10.0.0.0/8");
    assert_eq!(becomes("neigh flush to 10.0.0.0/8 dev v"), "neigh flush --dev=v -- 10.0.0.0/8");
    assert_eq!(becomes("neigh get 10.0.0.1 dev v"), "neigh get --dev=v -- 10.0.0.1");
    assert!(error("neigh add proxy 10.0.0.1 dev v").contains("leave the word out"));
    assert!(error("neigh append 10.0.0.1 dev v").contains("\"append\" is no verb of it"));
}
