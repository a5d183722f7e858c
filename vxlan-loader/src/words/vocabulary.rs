//! The words of each verb, in the order in which iproute2 compares them: a prefix means the first that it fits.
//!
//! The orders are those of iproute2 7.1: `do_iplink`, `iplink_parse`, `vxlan_parse_opt`, `do_fdb`, `fdb_modify`,
//! `fdb_get`, `fdb_flush`, `do_ipneigh`, `ipneigh_modify` and `do_show_or_flush`, of the objects `ip.c` and `bridge.c`. Words of our own come after them.

/// A keyword that stands for a long option of clap's, or is dealt with before clap sees it.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// As users write it.
    pub text: &'static str,
    /// Whether a prefix is enough: iproute2's `matches()`, where others take `strcmp()`.
    pub short: bool,
    /// How many words after it are its values.
    pub values: usize,
    /// What becomes of it.
    pub meaning: Meaning,
}

/// What becomes of a [`Word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It is this long option.
    Option(&'static str),
    /// It asks for what is so anyway.
    Nothing,
    /// It asks for what `vxbpf` does not do; what to do instead.
    Refused(&'static str),
}

/// What the one word of a verb without a keyword in front of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// There is none.
    Nothing,
    /// A device: the verb's first word is its name, whatever it says. These words may stand in front of it.
    Name(&'static [&'static str]),
    /// Something that is no word of the verb: a device that may be left out, an Ethernet address.
    Free(&'static [&'static str]),
}

/// What a user can do with an object.
#[derive(Debug)]
pub struct Verb {
    /// clap's name of it.
    pub name: &'static str,
    /// What users call it; true: a prefix is enough.
    pub called: &'static [(&'static str, bool)],
    /// Its word without a keyword.
    pub subject: Subject,
    /// Its keywords.
    pub words: &'static [&'static [Word]],
    /// Its keywords after `type vxlan`, if they are compared in another order there.
    pub after_type: &'static [&'static [Word]],
}

/// What the first word of a command line names.
#[derive(Debug)]
pub struct Object {
    /// Its name, the same for clap.
    pub name: &'static str,
    /// What else users call it.
    pub also: &'static [&'static str],
    /// Its verbs.
    pub verbs: &'static [Verb],
    /// Whether the verbs are clap's subcommands of it; else there is one, which need not be said.
    pub nested: bool,
}

/// Every object. iproute2's come first and in its order; of ours `d` is the harmless `drops`.
pub const OBJECTS: &[Object] = &[
    Object { name: "neigh", also: &["neighbor", "neighbour"], verbs: NEIGH, nested: true },
    object("link", LINK, true),
    object("fdb", FDB, true),
    object("stats", LISTING, false),
    object("attach", ATTACH, false),
    object("port", PORT, true),
    object("status", LISTING, false),
    object("drops", LISTING, false),
    object("detach", DETACH, false),
    object("monitor", MONITOR, false),
    object("trace", LISTING, false),
];

const SHOW: &[(&str, bool)] = &[("show", true), ("lst", true), ("list", true)];
const DELETE: &[(&str, bool)] = &[("delete", true)];
const DEV: &[&str] = &["dev"];
const NAME_OR_DEV: &[&str] = &["name", "dev"];
const TO: &[&str] = &["to"];

const NEIGH: &[Verb] = &[
    verb("add", &[("add", true)], Subject::Free(TO), &[NEIGH_ENTRY], &[]),
    verb("change", &[("change", true), ("chg", false)], Subject::Free(TO), &[NEIGH_ENTRY], &[]),
    verb("replace", &[("replace", true)], Subject::Free(TO), &[NEIGH_ENTRY], &[]),
    verb("del", DELETE, Subject::Free(TO), &[NEIGH_ENTRY], &[]),
    verb("get", &[("get", true)], Subject::Free(TO), &[NEIGH_GET], &[]),
    verb("show", SHOW, Subject::Free(TO), &[NEIGH_SHOW], &[]),
    verb("flush", &[("flush", true)], Subject::Free(TO), &[NEIGH_SHOW], &[]),
];

const LINK: &[Verb] = &[
    verb(
        "add",
        &[("add", true)],
        Subject::Name(NAME_OR_DEV),
        &[LINK_ADD, VXLAN, OURS],
        &[VXLAN, LINK_ADD, OURS],
    ),
    verb(
        "set",
        &[("set", true), ("change", true), ("chg", false)],
        Subject::Name(DEV),
        &[LINK_SET, VXLAN, OURS],
        &[VXLAN, LINK_SET, OURS],
    ),
    verb("del", DELETE, Subject::Name(DEV), &[&[option("type", true)]], &[]),
    verb("show", SHOW, Subject::Free(DEV), &[LINK_SHOW], &[]),
];

const FDB: &[Verb] = &[
    verb("add", &[("add", true)], Subject::Free(TO), &[FDB_ENTRY], &[]),
    verb("append", &[("append", true)], Subject::Free(TO), &[FDB_ENTRY], &[]),
    verb("replace", &[("replace", true)], Subject::Free(TO), &[FDB_ENTRY], &[]),
    verb("del", DELETE, Subject::Free(TO), &[FDB_ENTRY], &[]),
    verb("get", &[("get", true)], Subject::Free(TO), &[FDB_GET], &[]),
    verb("show", SHOW, Subject::Nothing, &[FDB_SHOW], &[]),
    verb("flush", &[("flush", false)], Subject::Nothing, &[FDB_FLUSH], &[]),
];

const PORT: &[Verb] = &[
    verb("add", &[("add", true)], Subject::Name(&[]), &[WHICH, &[option("mode", true)]], &[]),
    verb("del", DELETE, Subject::Name(&[]), &[WHICH], &[]),
    verb("show", SHOW, Subject::Free(&[]), &[WHICH], &[]),
];

const ATTACH: &[Verb] = &[verb("attach", &[], Subject::Name(DEV), &[ATTACH_OWN, VXLAN, OURS], &[])];
const ATTACH_OWN: &[Word] =
    &[option("name", false), refused("dev", 1, true, "the underlay device is named once, first: attach DEV")];
const DETACH: &[Verb] = &[verb("detach", &[], Subject::Name(DEV), &[WHICH_VNI, &[flag("all")]], &[])];
const MONITOR: &[Verb] = &[verb("show", &[], Subject::Free(&[]), &[&[option("dev", true)]], &[])];
const LISTING: &[Verb] = &[verb("show", SHOW, Subject::Free(&[]), &[WHICH], &[])];

const LINK_ADD: &[Word] = &[
    flag("up"),
    flag("down"),
    option("address", true),
    option("mtu", false),
    option("type", true),
    refused("link", 1, true, "name the underlay with `dev`"),
    refused("master", 1, true, LATER),
    refused("alias", 1, true, LATER),
    refused("txqueuelen", 1, true, LATER),
    refused("netns", 1, false, "make it there: `vxbpf -n NETNS link add ...`"),
    refused("index", 1, false, "leave the index to the kernel"),
];

const LINK_SET: &[Word] = &[
    flag("up"),
    flag("down"),
    refused("name", 1, false, BY_IP),
    option("address", true),
    refused("txqueuelen", 1, true, BY_IP),
    option("mtu", false),
    refused("netns", 1, false, "delete it and make it there: `vxbpf -n NETNS link add ...`"),
    refused("multicast", 1, false, BY_IP),
    refused("allmulticast", 1, false, BY_IP),
    refused("promisc", 1, false, BY_IP),
    refused("arp", 1, false, BY_IP),
    refused("master", 1, true, BY_IP),
    refused("nomaster", 0, true, BY_IP),
    option("type", true),
    refused("alias", 1, true, BY_IP),
    refused("addrgenmode", 1, true, BY_IP),
];

const LINK_SHOW: &[Word] =
    &[flag("up"), option("master", false), option("type", false), option_as("vni", true, "vni")];

const BY_IP: &str = "it is an ordinary device: use `ip link set`";
const LATER: &str = "set it on the device afterwards, with `ip link set`";
const NO_METADATA: &str = "a vxbpf device has one VNI: make one device for each";

/// `vxlan_parse_opt`.
const VXLAN: &[Word] = &[
    option_as("id", true, "vni"),
    option("vni", true),
    option("group", true),
    option("remote", true),
    option("local", true),
    option("dev", true),
    option("ttl", true),
    option_as("hoplimit", true, "ttl"),
    option("tos", true),
    option_as("dsfield", true, "tos"),
    option("df", true),
    option_as("label", true, "flowlabel"),
    option("flowlabel", true),
    option("ageing", true),
    option("maxaddress", true),
    Word { text: "port", short: true, values: 2, meaning: Meaning::Option("srcport") },
    Word { text: "srcport", short: true, values: 2, meaning: Meaning::Option("srcport") },
    option("dstport", true),
    switch("nolearning", "no-learning"),
    switch("learning", "learning"),
    switch("noproxy", "no-proxy"),
    switch("proxy", "proxy"),
    switch("norsc", "no-rsc"),
    switch("rsc", "rsc"),
    switch("nol2miss", "no-l2miss"),
    switch("l2miss", "l2miss"),
    switch("nol3miss", "no-l3miss"),
    switch("l3miss", "l3miss"),
    switch("udpcsum", "udpcsum"),
    switch("noudpcsum", "no-udpcsum"),
    switch("udp6zerocsumtx", "udp6zerocsumtx"),
    switch("noudp6zerocsumtx", "no-udp6zerocsumtx"),
    switch("udp6zerocsumrx", "udp6zerocsumrx"),
    switch("noudp6zerocsumrx", "no-udp6zerocsumrx"),
    refused("remcsumtx", 0, true, "leave it out"),
    ignored("noremcsumtx", true),
    refused("remcsumrx", 0, true, "leave it out"),
    ignored("noremcsumrx", true),
    Word { text: "localbypass", short: false, values: 0, meaning: Meaning::Option("localbypass") },
    Word { text: "nolocalbypass", short: false, values: 0, meaning: Meaning::Option("no-localbypass") },
    refused("reserved_bits", 1, false, "reserved bits are ignored, as RFC 7348 says"),
    refused("external", 0, true, NO_METADATA),
    ignored("noexternal", true),
    switch("gbp", "gbp"),
    refused("gpe", 0, true, "leave it out"),
    refused("vnifilter", 0, false, NO_METADATA),
    ignored("novnifilter", false),
    refused("mcroute", 0, false, "leave it out"),
    ignored("nomcroute", false),
];

/// Words of a VTEP that iproute2 does not have, or has elsewhere.
const OURS: &[Word] = &[
    switch("nogbp", "no-gbp"),
    option("mtu", false),
    option("address", true),
    option("mode", true),
    option("allow", true),
    option_as("fdbsize", false, "fdb-size"),
    switch("suppress", "suppress"),
    switch("nosuppress", "no-suppress"),
    switch("neighlearn", "neighlearn"),
    switch("noneighlearn", "no-neighlearn"),
    option("maxneigh", true),
];

/// `ipneigh_modify`.
const NEIGH_ENTRY: &[Word] = &[
    option("lladdr", true),
    option("nud", false),
    refused("proxy", 1, true, NO_PROXY),
    flag("router"),
    ignored("use", false),
    refused("managed", 0, false, "vxbpf asks nobody: set the entry again when it changes"),
    switch("extern_learn", "extern-learn"),
    option("dev", false),
    refused("protocol", 1, true, "leave it out"),
    option("timeout", false),
];

/// `ipneigh_get`.
const NEIGH_GET: &[Word] = &[option("dev", false), refused("proxy", 1, true, NO_PROXY)];

/// `do_show_or_flush`.
const NEIGH_SHOW: &[Word] = &[
    option("dev", false),
    refused("master", 1, false, BY_DEVICE),
    refused("vrf", 1, false, BY_DEVICE),
    refused("nomaster", 0, false, BY_DEVICE),
    ignored("unused", false),
    option("nud", false),
    refused("proxy", 0, false, NO_PROXY),
    refused("protocol", 1, true, "leave it out"),
];

const NO_PROXY: &str = "a VTEP device made with `proxy` answers for all its neighbours: leave the word out, name the address alone";
const BY_DEVICE: &str = "choose the entries of one VTEP device with `dev`";

/// `fdb_modify`.
const FDB_ENTRY: &[Word] = &[
    option("dev", false),
    option("dst", false),
    option("nhid", false),
    option("port", false),
    option("vni", false),
    option_as("src_vni", false, "src-vni"),
    option("via", false),
    ignored("self", false),
    refused("master", 0, true, ON_BRIDGE),
    switch("router", "router"),
    switch("local", "permanent"),
    switch("permanent", "permanent"),
    switch("temp", "static"),
    switch("static", "static"),
    switch("dynamic", "dynamic"),
    refused("vlan", 1, true, ON_BRIDGE),
    switch("use", "use"),
    switch("extern_learn", "extern-learn"),
    switch("sticky", "sticky"),
];

const ON_BRIDGE: &str = "the bridge keeps those: use `bridge fdb`";

/// `fdb_get`.
const FDB_GET: &[Word] = &[
    option_as("brport", false, "dev"),
    option("dev", false),
    refused("br", 1, false, ON_BRIDGE),
    option("vni", false),
    ignored("self", false),
    refused("master", 0, true, ON_BRIDGE),
    refused("vlan", 1, true, ON_BRIDGE),
    switch("dynamic", "dynamic"),
];

/// `fdb_show`.
const FDB_SHOW: &[Word] = &[
    option_as("brport", false, "dev"),
    option("dev", false),
    refused("br", 1, false, ON_BRIDGE),
    refused("vlan", 1, false, ON_BRIDGE),
    option("state", false),
    flag("dynamic"),
    option("vni", false),
    ignored("self", false),
];

/// `fdb_flush`.
const FDB_FLUSH: &[Word] = &[
    option("dev", false),
    refused("master", 0, false, ON_BRIDGE),
    ignored("self", false),
    flag("permanent"),
    no_flag("nopermanent", "no-permanent"),
    flag("static"),
    no_flag("nostatic", "no-static"),
    flag("dynamic"),
    no_flag("nodynamic", "no-dynamic"),
    no_flag("added_by_user", "added-by-user"),
    no_flag("noadded_by_user", "no-added-by-user"),
    no_flag("extern_learn", "extern-learn"),
    no_flag("noextern_learn", "no-extern-learn"),
    flag("sticky"),
    no_flag("nosticky", "no-sticky"),
    refused("offloaded", 0, false, "no entry is offloaded"),
    ignored("nooffloaded", false),
    flag("router"),
    no_flag("norouter", "no-router"),
    option_as("brport", false, "dev"),
    refused("vlan", 1, false, ON_BRIDGE),
    option_as("src_vni", false, "src-vni"),
    option("nhid", false),
    option("vni", false),
    option("port", false),
    option("dst", false),
];

/// What tells an overlay from others.
const WHICH: &[Word] =
    &[option_as("id", false, "vni"), option("vni", true), option("dev", true), option("dstport", true)];
/// The same, where `dev` stands in front of the subject.
const WHICH_VNI: &[Word] = &[option_as("id", false, "vni"), option("vni", true), option("dstport", true)];

const fn object(name: &'static str, verbs: &'static [Verb], nested: bool) -> Object {
    Object { name, also: &[], verbs, nested }
}

const fn verb(
    name: &'static str,
    called: &'static [(&'static str, bool)],
    subject: Subject,
    words: &'static [&'static [Word]],
    after_type: &'static [&'static [Word]],
) -> Verb {
    Verb { name, called, subject, words, after_type }
}

const fn option(text: &'static str, short: bool) -> Word {
    option_as(text, short, text)
}

const fn option_as(text: &'static str, short: bool, long: &'static str) -> Word {
    Word { text, short, values: 1, meaning: Meaning::Option(long) }
}

const fn flag(text: &'static str) -> Word {
    no_flag(text, text)
}

const fn no_flag(text: &'static str, long: &'static str) -> Word {
    Word { text, short: false, values: 0, meaning: Meaning::Option(long) }
}

const fn switch(text: &'static str, long: &'static str) -> Word {
    Word { text, short: true, values: 0, meaning: Meaning::Option(long) }
}

const fn ignored(text: &'static str, short: bool) -> Word {
    Word { text, short, values: 0, meaning: Meaning::Nothing }
}

const fn refused(text: &'static str, values: usize, short: bool, remedy: &'static str) -> Word {
    Word { text, short, values, meaning: Meaning::Refused(remedy) }
}
