//! From command lines to typed values, or to one line that says what is wrong.

use clap::CommandFactory;
use vxlan_common::{Df, Nud, UdpPort, Vni};

use super::*;
use crate::request::{FdbState, VtepChange, Which};
use crate::vtep::{Allow, Mode, Tos, Ttl, VtepSpec};

fn try_read(line: &str) -> Result<Cli, Complaint> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    Reader::new().read(&words)
}

fn read(line: &str) -> Command {
    let cli = try_read(line).unwrap_or_else(|complaint| panic!("{line}: {complaint:?}"));
    cli.command.unwrap_or_else(|| panic!("{line}: no command"))
}

/// The line about a command line that cannot be read.
fn wrong(line: &str) -> String {
    match try_read(line) {
        Err(Complaint::Wrong(text)) => {
            assert!(!text.contains('\n') && !text.is_empty(), "{text}");
            text
        }
        other => panic!("{line}: {other:?}"),
    }
}

fn vtep(line: &str) -> Result<(VtepSpec, Option<String>), Refusal> {
    match read(line) {
        Command::Attach(attach) => attach.spec(),
        Command::Link(Link::Add(add)) => add.spec(),
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    let text = match read(line) {
        Command::Attach(attach) => attach.spec().map(drop),
        Command::Link(Link::Add(add)) => add.spec().map(drop),
        Command::Link(Link::Set(set)) => set.change().map(drop),
        Command::Port(Port::Add(add)) => add.spec().map(drop),
        Command::Fdb(Fdb::Add(entry) | Fdb::Append(entry) | Fdb::Replace(entry)) => entry.spec().map(drop),
        Command::Fdb(Fdb::Flush(flush)) => flush.filter().map(drop),
        Command::Neigh(Neigh::Add(entry)) => entry.spec().map(drop),
        Command::Neigh(Neigh::Show(show)) => show.filter().map(drop),
        Command::Detach(detach) => detach.which().map(drop),
        other => panic!("{line}: {other:?}"),
    };
    let text = text.expect_err(line).to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

fn vni(id: u32) -> Vni {
    Vni::new(id).expect("a VNI")
}

#[test]
fn clap_agrees_with_itself() {
    Cli::command().debug_assert();
}

#[test]
fn every_keyword_is_an_option_of_the_verb_and_every_option_has_a_keyword() {
    let keywords = crate::words::long_options();
    let mut clap = Cli::command();
    clap.build();
    for (path, long, value) in &keywords {
        let command = path.iter().fold(&clap, |command, name| command.find_subcommand(name).expect("a verb"));
        let names = |argument: &&clap::Arg| argument.get_long() == Some(long);
        let found = command.get_arguments().find(names).unwrap_or_else(|| panic!("{path:?} --{long}"));
        assert_eq!(found.get_action().takes_values(), *value, "{path:?} --{long}");
    }
    for (path, ..) in &keywords {
        let command = path.iter().fold(&clap, |command, name| command.find_subcommand(name).expect("a verb"));
        for long in command.get_arguments().filter_map(clap::Arg::get_long).filter(|&long| long != "help") {
            assert!(
                keywords.iter().any(|(other, known, _)| other == path && *known == long),
                "{path:?} --{long}"
            );
        }
    }
}

#[test]
fn the_articles_point_to_point_is_a_vtep() {
    let line =
        "link add vxlan1 type vxlan id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 dev eth0";
    let mut expected = VtepSpec::new(vni(444));
    expected.device = Some("eth0".into());
    expected.remotes = vec!["192.168.1.200".parse().expect("an address")];
    expected.local = Some("192.168.1.100".parse().expect("an address"));
    assert_eq!(vtep(line), Ok((expected, Some("vxlan1".into()))));
}

#[test]
fn both_spellings_make_the_same_vtep() {
    let keywords = "link add v type vxlan id 5 group 239.1.1.1 dev eth0 nolearning proxy l2miss l3miss ttl 5 tos 10 df set srcport 5000 6000 mtu 1300 mode tc allow known allow 10.0.0.0/8 suppress ageing 10 maxaddress 7 noudpcsum neighlearn maxneigh 9";
    let options = "attach eth0 --name v --vni 5 --group 239.1.1.1 --no-learning --proxy --l2miss --l3miss --ttl 5 --tos 0x10 --df set --srcport 5000 6000 --mtu 1300 --mode tc --allow known --allow 10.0.0.0/8 --suppress --ageing 10 --maxaddress 7 --no-udpcsum --neighlearn --maxneigh 9";
    let (spec, name) = vtep(keywords).expect(keywords);
    assert_eq!(vtep(options), Ok((spec.clone(), name)));
    assert_eq!((spec.ttl, spec.tos, spec.df), (Ttl::Fixed(5), Tos::Fixed(0x10), Df::Set));
    assert_eq!((spec.srcport, spec.mtu, spec.mode), (Some((5000, 6000)), Some(1300), Mode::Tc));
    assert_eq!(spec.allow, [Allow::Known, Allow::Prefix([10, 0, 0, 0].into(), 8)]);
    assert_eq!(
        (spec.learning, spec.proxy, spec.rsc, spec.suppress, spec.udpcsum),
        (false, true, false, true, Some(false))
    );
    assert_eq!((spec.neighlearn, spec.maxneigh), (true, 9));
}

#[test]
fn zero_is_the_default_where_it_is_in_ip() {
    let (spec, _) =
        vtep("attach eth0 vni 0 dstport 0 srcport 0 0 ttl 0 tos 1 ageing none maxaddress unlimited")
            .expect("a VTEP");
    let mut expected = VtepSpec::new(vni(0));
    expected.device = Some("eth0".into());
    expected.tos = Tos::Inherit;
    expected.ageing = 0;
    assert_eq!(spec, expected);
}

#[test]
fn a_remote_that_is_named_twice_is_one() {
    let (spec, _) =
        vtep("attach eth0 vni 4 remote 10.0.0.1 remote 10.0.0.2 remote 10.0.0.1").expect("a VTEP");
    assert_eq!(spec.remotes.len(), 2);
}

#[test]
fn a_vni_has_24_bits() {
    assert!(vtep("attach eth0 vni 16777215").is_ok());
    assert_eq!(
        refused("link add v type vxlan id 16777216"),
        "v: 16777216 is no VNI: choose one from 0 to 16777215"
    );
    assert!(refused("attach eth0 vni 99999999999999999999").contains("is no VNI"));
    assert!(refused("fdb append 0:0:0:0:0:0 dev v dst 10.0.0.1 vni 16777216").contains("is no VNI"));
}

#[test]
fn what_is_out_of_range_is_refused_with_the_range() {
    for (options, part) in [
        ("ttl 256", "ttl 256 is out of range: choose 0 to 255"),
        ("tos 100", "tos 256 is out of range"),
        ("neighlearn maxneigh 0", "maxneigh 0 is out of range: choose 1 to 65535"),
        ("neighlearn maxneigh 65536", "maxneigh 65536 is out of range"),
        ("dstport 65536", "choose 0 to 65535"),
        ("srcport 6000 5000", "give the smaller port first"),
        ("srcport 0 5000", "srcport 0 is out of range: choose 1 to 65535"),
        ("flowlabel 0x100000 remote fd00::1", "flowlabel 1048576 is out of range"),
        ("mtu 67", "choose 68 to 65535"),
        ("ageing 4294967296", "ageing"),
        ("allow 10.0.0.0/33", "choose 0 to 32"),
        ("name a-name-that-is-too-long", "choose 1 to 15 bytes"),
        ("name a/b", "choose 1 to 15 bytes"),
        ("address 01:00:00:00:00:01", "is no address of a station"),
        ("address 00:00:00:00:00:00", "is no address of a station"),
    ] {
        let text = refused(&format!("attach eth0 vni 4 {options}"));
        assert!(text.contains(part), "{options}: {text}");
    }
}

#[test]
fn addresses_that_do_not_fit_are_refused() {
    for (options, part) in [
        ("remote 239.1.1.1 dev eth0", "remote 239.1.1.1 is a multicast group: use `group` for it"),
        ("group 10.0.0.1 dev eth0", "group 10.0.0.1 is no multicast group: use `remote 10.0.0.1`"),
        ("group 239.1.1.1", "group needs the underlay device: add `dev DEV`"),
        ("remote 10.0.0.1 group 239.1.1.1 dev eth0", "remote and group contradict each other"),
        ("remote 10.0.0.1 local fd00::1", "remote 10.0.0.1 and local fd00::1 are of different families"),
        ("remote 10.0.0.1 remote fd00::1", "of different families"),
        ("group ff05::1 local 10.0.0.1 dev eth0", "of different families"),
        ("local 224.0.0.1", "local 224.0.0.1 is a multicast group"),
        ("local 0.0.0.0", "no address of a host"),
        ("remote fe80::1", "add `dev DEV`"),
        ("flowlabel 5", "IPv4 has no flow label"),
        ("flowlabel 5 remote 10.0.0.1", "IPv4 has no flow label"),
        ("allow any allow known", "contradict"),
    ] {
        let text = refused(&format!("link add v type vxlan id 4 {options}"));
        assert!(text.starts_with("v: ") && text.contains(part), "{options}: {text}");
    }
}

#[test]
fn link_set_changes_what_can_change() {
    let Command::Link(Link::Set(set)) =
        read("link set dev v type vxlan ttl 5 nolearning ageing 60 mtu 1400 up")
    else {
        panic!("no link set")
    };
    let expected = VtepChange {
        up: Some(true),
        mtu: Some(1400),
        ttl: Some(Ttl::Fixed(5)),
        learning: Some(false),
        ageing: Some(60),
        ..VtepChange::default()
    };
    assert_eq!((set.name.as_str(), set.change()), ("v", Ok(expected)));
    for fixed in [
        "id 5",
        "dstport 5",
        "srcport 5 6",
        "ttl inherit",
        "proxy",
        "nol2miss",
        "udpcsum",
        "gbp",
        "maxaddress 5",
    ] {
        let text = refused(&format!("link set v type vxlan {fixed}"));
        assert!(text.contains("cannot change while the device lives"), "{text}");
    }
}

#[test]
fn an_entry_is_what_bridge_makes_of_it() {
    let entry = |words: &str| {
        let line = format!("fdb add 52:5e:55:58:9a:ab dev v dst 10.0.0.1 {words}");
        match read(&line) {
            Command::Fdb(Fdb::Add(entry)) => entry.spec().expect("an entry"),
            other => panic!("{line}: {other:?}"),
        }
    };
    for (words, state) in [
        ("", FdbState::Permanent),
        ("self local", FdbState::Permanent),
        ("local permanent", FdbState::Permanent),
        ("static", FdbState::Static),
        ("temp static", FdbState::Static),
        ("dynamic", FdbState::Dynamic),
        ("static dynamic", FdbState::Dynamic),
        ("extern_learn", FdbState::Permanent),
    ] {
        assert_eq!(entry(words).state, state, "{words}");
    }
    let all = entry("port 5 vni 6 src_vni 7 via eth0 extern_learn sticky router use");
    assert_eq!((all.port, all.vni, all.src_vni), (Some(UdpPort(5)), Some(vni(6)), Some(vni(7))));
    assert_eq!(all.via.as_deref(), Some("eth0"));
    assert!(all.extern_learn && all.sticky && all.router && all.in_use);
}

#[test]
fn entries_that_cannot_be_are_refused() {
    for (line, part) in [
        ("fdb add 01:00:5e:00:00:01 dev v dst 10.0.0.1", "append the VTEP to 00:00:00:00:00:00"),
        ("fdb add 2:0:0:0:0:1 dev v dst 239.1.1.1", "a station is behind one VTEP"),
        ("fdb add 2:0:0:0:0:1 dev v dst 0.0.0.0", "no address of a host"),
        ("fdb add 2:0:0:0:0:1 dev v nhid 5", "nhid is not supported: name the VTEP with `dst`"),
        ("fdb add 2:0:0:0:0:1 dev v dst 10.0.0.1 port 65536", "out of range"),
        ("fdb flush dev v nhid 5", "nhid is not supported"),
    ] {
        let text = refused(line);
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn a_flush_has_conditions() {
    let Command::Fdb(Fdb::Flush(flush)) = read("fdb flush dev v dst 10.0.0.1 nopermanent extern_learn vni 5")
    else {
        panic!("no flush")
    };
    let filter = flush.filter().expect("a filter");
    assert_eq!((filter.permanent, filter.extern_learn, filter.fixed), (Some(false), Some(true), None));
    assert_eq!((filter.vni, filter.dst), (Some(vni(5)), Some([10, 0, 0, 1].into())));
}

#[test]
fn a_neighbour_is_what_ip_makes_of_it() {
    let entry = |words: &str| {
        let line = format!("neigh add 172.55.1.3 lladdr 52:5e:55:58:9a:ab dev v {words}");
        match read(&line) {
            Command::Neigh(Neigh::Add(entry)) => entry.spec().expect("an entry"),
            other => panic!("{line}: {other:?}"),
        }
    };
    for (words, nud) in [
        ("", Nud::Permanent),
        ("nud permanent", Nud::Permanent),
        ("nud noarp", Nud::Noarp),
        ("nud reachable", Nud::Reachable),
        ("nud stale", Nud::Stale),
    ] {
        assert_eq!(entry(words).nud, nud, "{words}");
    }
    let all = entry("nud reachable timeout 7 router extern_learn use");
    assert_eq!((all.timeout, all.router, all.extern_learn), (Some(7), true, true));
    let Command::Neigh(Neigh::Change(change)) = read("neigh change fd00::3 dev v nud stale") else {
        panic!("no change")
    };
    assert_eq!(change.spec().map(|spec| spec.mac), Ok(None));
}

#[test]
fn neighbours_that_cannot_be_are_refused() {
    for (line, part) in [
        ("neigh add 239.1.1.1 lladdr 2:0:0:0:0:1 dev v", "239.1.1.1 dev v: 239.1.1.1 is a multicast group"),
        ("neigh add ff02::1 lladdr 2:0:0:0:0:1 dev v", "name the address of one station"),
        ("neigh add 0.0.0.0 lladdr 2:0:0:0:0:1 dev v", "nobody's address"),
        ("neigh add 127.0.0.1 lladdr 2:0:0:0:0:1 dev v", "a loopback address"),
        ("neigh add 255.255.255.255 lladdr 2:0:0:0:0:1 dev v", "everybody's address"),
        (
            "neigh add ::ffff:10.0.0.1 lladdr 2:0:0:0:0:1 dev v",
            "of the wrong family, an IPv4 address in IPv6: name 10.0.0.1",
        ),
        ("neigh add 10.0.0.1 lladdr 3:0:0:0:0:1 dev v", "no address of a station"),
        ("neigh add 10.0.0.1 lladdr 2:0:0:0:0:1 dev v nud failed", "nud failed is not supported"),
        ("neigh add 10.0.0.1 lladdr 2:0:0:0:0:1 dev v timeout 5", "timeout needs `nud reachable`"),
        ("neigh add 10.0.0.1 lladdr 2:0:0:0:0:1 dev v nud reachable timeout 0", "out of range"),
        ("neigh show 10.0.0.0/33", "PREFIX length 33 is out of range"),
    ] {
        let text = refused(line);
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn states_of_neighbours_add_up() {
    let Command::Neigh(Neigh::Show(show)) = read("neigh show 10.1.0.0/16 dev v nud stale nud noarp") else {
        panic!("no show")
    };
    let filter = show.filter().expect("a filter");
    assert_eq!((filter.nud, filter.to), (Some(0x44), Some(([10, 1, 0, 0].into(), 16))));
    let Command::Neigh(Neigh::Flush(flush)) = read("neigh flush dev v") else { panic!("no flush") };
    assert_eq!(flush.filter().map(|filter| filter.nud), Ok(None));
}

#[test]
fn a_port_needs_an_overlay() {
    let Command::Port(Port::Add(add)) = read("port add veth0 --vni 444 dev vxlan1 mode tc") else {
        panic!("no port")
    };
    let spec = add.spec().expect("a port");
    let overlay = Which { vni: Some(vni(444)), vtep: Some("vxlan1".into()), ..Which::default() };
    assert_eq!((spec.device.as_str(), spec.overlay, spec.mode), ("veth0", overlay, Some(Mode::Tc)));
    assert_eq!(refused("port add veth0"), "veth0: port add needs the overlay: add `vni ID` or `dev VTEP`");
}

#[test]
fn detach_needs_a_device_or_all() {
    let Command::Detach(detach) = read("detach eth0 vni 4") else { panic!("no detach") };
    let expected = Which { vni: Some(vni(4)), underlay: Some("eth0".into()), ..Which::default() };
    assert_eq!(detach.which(), Ok(expected));
    assert!(matches!(read("detach --all"), Command::Detach(Detach { all: true, .. })));
    assert!(wrong("detach").contains("DEV must be given"));
    assert!(wrong("detach eth0 --all").contains("contradicts"));
}

#[test]
fn a_malformed_line_is_one_line_that_names_the_verb_and_the_remedy() {
    for (line, text) in [
        ("attach eth0", "attach: --vni must be given: see `vxbpf attach --help`"),
        ("attach --vni 4", "attach: DEV must be given: see `vxbpf attach --help`"),
        ("attach eth0 vni four", "attach: --vni: \"four\" is no number: see `vxbpf attach --help`"),
        (
            "attach eth0 vni 4 remote 10.0.0",
            "attach: --remote: \"10.0.0\" is no IP address: see `vxbpf attach --help`",
        ),
        ("attach eth0 vni 4 vni 5", "attach: --vni is given twice: see `vxbpf attach --help`"),
        (
            "attach eth0 vni 4 learning nolearning",
            "attach: --learning contradicts --no-learning: see `vxbpf attach --help`",
        ),
        (
            "attach eth0 vni 4 df maybe",
            "attach: --df: \"maybe\" is none of unset, set, inherit: see `vxbpf attach --help`",
        ),
        (
            "link add v type bridge",
            "link add: --type: \"bridge\" is not vxlan: `ip link` makes devices of other types: see `vxbpf link add --help`",
        ),
        ("fdb add 2:0:0:0:0:1 dst 10.0.0.1", "fdb add: --dev must be given: see `vxbpf fdb add --help`"),
        ("fdb add 2:0:0:0:0:1 dev v", "fdb add: --dst must be given: see `vxbpf fdb add --help`"),
        (
            "fdb add 2:0:0:0:0 dev v dst 10.0.0.1",
            "fdb add: MAC: \"2:0:0:0:0\" is no MAC address: six hex bytes between colons are expected: see `vxbpf fdb add --help`",
        ),
        ("fdb add dev v dst 10.0.0.1", "fdb add: MAC must be given: see `vxbpf fdb add --help`"),
        ("fdb get 2:0:0:0:0:1", "fdb get: --dev must be given: see `vxbpf fdb get --help`"),
        ("fdb flush", "fdb flush: --dev must be given: see `vxbpf fdb flush --help`"),
        ("neigh flush", "neigh flush: PREFIX must be given: see `vxbpf neigh flush --help`"),
        (
            "neigh add 10.0.0 dev v",
            "neigh add: ADDR: \"10.0.0\" is no IP address: see `vxbpf neigh add --help`",
        ),
        ("neigh add 10.0.0.1", "neigh add: --dev must be given: see `vxbpf neigh add --help`"),
        ("link del", "link del: NAME must be given: see `vxbpf link del --help`"),
        ("link frob", "link: \"frob\" is no verb of it: `vxbpf link --help` lists them"),
    ] {
        assert_eq!(wrong(line), text, "{line}");
    }
}

#[test]
fn help_and_version_are_text() {
    for line in ["--help", "help", "attach --help", "link help", "fdb add --help", "-V"] {
        assert!(matches!(try_read(line), Err(Complaint::Text(text)) if text.contains("vxbpf")), "{line}");
    }
}

#[test]
fn global_options_reach_every_command() {
    let cli = try_read("-n red -j -s -s -d link show -p").expect("a command");
    let expected = Global {
        netns: Some("red".into()),
        json: true,
        pretty: true,
        details: 1,
        statistics: 2,
        ..Global::default()
    };
    assert_eq!(cli.global, expected);
    let cli = try_read("-batch - -force").expect("a batch");
    assert_eq!((cli.global.batch.as_deref(), cli.global.force, cli.command.is_none()), (Some("-"), 1, true));
}
