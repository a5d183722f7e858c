//! Against what `ip` 6.1 printed for kernel devices with these options (Linux 6.18).

use vxlan_common::{Df, IfIndex, Mac, UdpPort, Vni};

use super::*;
use crate::netlink::{LinkMode, LinkStats, OperState};

fn vxlan(vni: u32) -> Vxlan {
    Vxlan {
        vni: Vni::new(vni).expect("a VNI"),
        remote: None,
        link: None,
        local: None,
        srcport: None,
        dstport: UdpPort::VXLAN,
        ttl: 0,
        ttl_inherit: false,
        tos: 0,
        df: Df::Unset,
        flowlabel: 0,
        flowlabel_inherit: false,
        learning: true,
        ageing: 300,
        maxaddress: 0,
        proxy: false,
        rsc: false,
        l2miss: false,
        l3miss: false,
        external: false,
        vnifilter: false,
        udpcsum: true,
        udp6zerocsumtx: false,
        udp6zerocsumrx: false,
        remcsumtx: false,
        remcsumrx: false,
        remcsum_nopartial: false,
        gbp: false,
        gpe: false,
        localbypass: Some(true),
        reserved_bits: None,
        mcroute: None,
    }
}

fn row() -> Row {
    let mac = [0xce, 0xea, 0x5b, 0xb1, 0x19, 0xab];
    let mut stats = LinkStats::default();
    (stats.tx_bytes, stats.tx_packets) = (76, 1);
    let link = Link {
        index: IfIndex(4),
        name: "vxlan1".into(),
        mac: Mac(mac),
        mtu: 1450,
        up: true,
        kind: Some("vxlan".into()),
        peer_in_other_netns: false,
        master: None,
        port_kind: None,
        altnames: Vec::new(),
        flags: 0x1_1043,
        hardware: 1,
        address: mac.to_vec(),
        broadcast: vec![0xff; 6],
        permanent_address: Vec::new(),
        link: None,
        link_netns: None,
        qdisc: Some("noqueue".into()),
        operstate: OperState::Unknown,
        mode: LinkMode::Default,
        xdp_program: None,
        group: 0,
        txqlen: Some(1000),
        alias: None,
        details: LinkDetails {
            promiscuity: Some(0),
            allmulti: Some(0),
            minmtu: Some(68),
            maxmtu: Some(65535),
            addrgenmode: Some(0),
            numtxqueues: Some(1),
            numrxqueues: Some(1),
            gso_max_size: Some(65536),
            gso_max_segs: Some(65535),
            tso_max_size: Some(524_280),
            tso_max_segs: Some(65535),
            gro_max_size: Some(65536),
            carrier_changes: Some(0),
            ..LinkDetails::default()
        },
        stats,
    };
    let vxlan = Vxlan {
        remote: Some([192, 168, 1, 200].into()),
        local: Some([192, 168, 1, 100].into()),
        link: Some(IfIndex(3)),
        ..vxlan(444)
    };
    let ours = Ours {
        source_ports: (49152, 65535),
        mode: "tc",
        ageing: 300,
        admit_known: true,
        suppress: false,
        neighlearn: false,
        maxneigh: 256,
        allow: Vec::new(),
    };
    Row { link, vxlan, underlay: Some("e0".into()), master: None, ours }
}

const TWO_LINES: &str = "4: vxlan1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/ether ce:ea:5b:b1:19:ab brd ff:ff:ff:ff:ff:ff";
const STATS: &str = "
    RX:  bytes packets errors dropped  missed   mcast           
             0       0      0       0       0       0 
    TX:  bytes packets errors dropped carrier collsns           
            76       1      0       0       0       0 
";
const ALL_STATS: &str = "
    RX:  bytes packets errors dropped  missed   mcast           
             0       0      0       0       0       0 
    RX errors:  length    crc   frame    fifo overrun
                     0      0       0       0       0 
    TX:  bytes packets errors dropped carrier collsns           
            76       1      0       0       0       0 
    TX errors: aborted   fifo  window heartbt transns
                     0      0       0       0       0 
";
const DETAILS: &str = " promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 
    vxlan id 444 remote 192.168.1.200 local 192.168.1.100 dev e0 srcport 0 0 dstport 4789 ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 ";

#[test]
fn two_lines_are_those_of_ip() {
    assert_eq!(text(&[row()], Style::default()), format!("{TWO_LINES}\n"));
}

#[test]
fn details_are_those_of_ip() {
    let style = Style { details: true, ..Style::default() };
    assert_eq!(text(&[row()], style), format!("{TWO_LINES}{DETAILS}\n"));
}

#[test]
fn statistics_are_those_of_ip() {
    let style = Style { statistics: 1, ..Style::default() };
    assert_eq!(text(&[row()], style), format!("{TWO_LINES}{STATS}"));
    let style = Style { statistics: 2, details: true, ..Style::default() };
    assert_eq!(text(&[row()], style), format!("{TWO_LINES}{DETAILS}{ALL_STATS}"));
}

#[test]
fn every_option_is_told_as_ip_tells_it() {
    let all = Vxlan {
        remote: Some([239, 1, 1, 1].into()),
        srcport: Some((1000, 2000)),
        learning: false,
        proxy: true,
        rsc: true,
        l2miss: true,
        l3miss: true,
        ttl_inherit: true,
        tos: 1,
        df: Df::Set,
        maxaddress: 10,
        ageing: 100,
        udpcsum: false,
        gbp: true,
        ..vxlan(445)
    };
    assert_eq!(
        vxlan::text(&all, Some("e0")),
        "id 445 group 239.1.1.1 dev e0 srcport 1000 2000 dstport 4789 nolearning proxy rsc l2miss l3miss tos inherit \
         ttl inherit df set ageing 100 maxaddr 10 noudpcsum noudp6zerocsumtx noudp6zerocsumrx gbp "
    );
    assert_eq!(
        vxlan::json(&all, Some("e0")).to_string(),
        r#"{"id":445,"group":"239.1.1.1","link":"e0","port_range":{"low":1000,"high":2000},"port":4789,"learning":false,"proxy":true,"rsc":true,"l2miss":true,"l3miss":true,"tos":"0x1","df":"set","ageing":100,"limit":10,"udp_csum":false,"udp_zero_csum6_tx":false,"udp_zero_csum6_rx":false,"gbp":true}"#
    );
    let v6 = Vxlan {
        remote: "fd00::1".parse().ok(),
        local: "fd00::2".parse().ok(),
        dstport: UdpPort(4790),
        udp6zerocsumtx: true,
        udp6zerocsumrx: true,
        ttl: 5,
        tos: 0x16,
        df: Df::Inherit,
        flowlabel: 0x12345,
        ..vxlan(446)
    };
    assert_eq!(
        vxlan::text(&v6, Some("e0")),
        "id 446 remote fd00::1 local fd00::2 dev e0 srcport 0 0 dstport 4790 tos 0x16 ttl 5 df inherit flowlabel 0x12345 \
         ageing 300 udpcsum udp6zerocsumtx udp6zerocsumrx "
    );
    let json = vxlan::json(&v6, None).to_string();
    for part in [
        r#""remote6":"fd00::1""#,
        r#""local6":"fd00::2""#,
        r#""tos":"0x16","ttl":5,"df":"inherit","label":"0x12345""#,
    ] {
        assert!(json.contains(part), "{json}");
    }
}

#[test]
fn json_is_that_of_ip_and_ours_is_apart() {
    let style = Style::default();
    assert_eq!(
        style.json_text(&json(&[row()], style)),
        concat!(
            r#"[{"ifindex":4,"ifname":"vxlan1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1450,"qdisc":"noqueue","operstate":"UNKNOWN","linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"ether","address":"ce:ea:5b:b1:19:ab","broadcast":"ff:ff:ff:ff:ff:ff"}]"#,
            "\n"
        )
    );
    let style = Style { details: true, statistics: 1, ..style };
    let mut full = json(&[row()], style);
    let ours = full[0].as_object_mut().and_then(|row| row.shift_remove("vxbpf")).expect("ours");
    assert_eq!(ours["port_range"], json!({"low": 49152, "high": 65535}));
    assert_eq!(
        full.to_string(),
        r#"[{"ifindex":4,"ifname":"vxlan1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1450,"qdisc":"noqueue","operstate":"UNKNOWN","linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"ether","address":"ce:ea:5b:b1:19:ab","broadcast":"ff:ff:ff:ff:ff:ff","promiscuity":0,"allmulti":0,"min_mtu":68,"max_mtu":65535,"linkinfo":{"info_kind":"vxlan","info_data":{"id":444,"remote":"192.168.1.200","local":"192.168.1.100","link":"e0","port_range":{"low":0,"high":0},"port":4789,"learning":true,"ttl":0,"df":"unset","ageing":300,"udp_csum":true,"udp_zero_csum6_tx":false,"udp_zero_csum6_rx":false}},"inet6_addr_gen_mode":"eui64","num_tx_queues":1,"num_rx_queues":1,"gso_max_size":65536,"gso_max_segs":65535,"tso_max_size":524280,"tso_max_segs":65535,"gro_max_size":65536,"stats64":{"rx":{"bytes":0,"packets":0,"errors":0,"dropped":0,"over_errors":0,"multicast":0},"tx":{"bytes":76,"packets":1,"errors":0,"dropped":0,"carrier_errors":0,"collisions":0}}}]"#
    );
}

#[test]
fn a_bridge_port_with_other_names_is_told_as_by_ip() {
    let mut row = row();
    row.link.flags = 0x1002;
    row.link.qdisc = Some("noop".into());
    row.link.operstate = OperState::Down;
    row.link.alias = Some("hello world".into());
    row.link.altnames = vec!["other_name".into(), "x".into()];
    row.master = Some("br0".into());
    assert_eq!(
        text(&[row], Style::default()),
        "4: vxlan1: <BROADCAST,MULTICAST> mtu 1450 qdisc noop master br0 state DOWN mode DEFAULT group default qlen 1000
    link/ether ce:ea:5b:b1:19:ab brd ff:ff:ff:ff:ff:ff
    alias hello world
    altname other_name
    altname x
"
    );
}

#[test]
fn a_device_in_another_namespace_than_its_underlay_is_told_as_by_ip() {
    let mut row = row();
    row.link.link = Some(IfIndex(4));
    row.link.link_netns = Some(0);
    let text = text(std::slice::from_ref(&row), Style::default());
    assert!(text.starts_with("4: vxlan1@if4: <"), "{text}");
    assert!(text.ends_with("brd ff:ff:ff:ff:ff:ff link-netnsid 0\n"), "{text}");
    assert_eq!(json(&[row], Style::default())[0]["link_index"], 4);
}
