//! What bpftool, which nobody here wrote, says of the programs and tables.

use std::collections::BTreeMap;

use serde_json::Value;
use vxlan_tests::{Host, Net, Side, Topology, expect_ping, json, side::mode, wait::SOON, wait_until};

/// The tables of the README, and fields that each of them names.
const TABLES: &[(&str, &[&str])] = &[
    ("vni", &["key.vni", "key.udp_port", "value.local", "value.ageing", "value.ttl"]),
    ("fdb", &["key.mac", "key.vni", "value.target", "value.last_seen", "value.flags"]),
    ("ring", &["value.mac", "value.vni"]),
    ("remote", &["value.key.address", "value.generation"]),
    ("vtep", &["key.address", "value"]),
    ("vtep_traffic", &["values.0.value.tx_packets", "values.0.value.rx_bytes"]),
    ("nexthop", &["values.0.value.gateway", "values.0.value.destination_mac", "values.0.value.mtu"]),
    ("flood", &["key.vni", "value.remotes", "value.remote"]),
    ("admit", &["key.overlay.vni", "key.address", "value.facts"]),
    ("allow", &["key.prefix_len", "key.data.overlay.vni", "key.data.address", "value.facts"]),
    ("port", &["key", "value.vni", "value.kind"]),
    ("listen", &["key", "value"]),
    ("unicast", &["values.0.value.tx.packets", "values.0.value.rx.bytes"]),
    ("tx_cache", &["values.0.value.gateway", "values.0.value.room"]),
    ("rx_cache", &["values.0.value.device", "values.0.value.delivery"]),
    ("count", &["key.vni", "key.direction", "key.outcome", "values.0.value.packets"]),
];

fn overlay() -> Net {
    let net = Topology::new("bpftool").host("a", Side::Vxbpf).host("b", Side::Kernel).up();
    for (name, remote, address) in
        [("a", "192.168.1.200", "172.55.1.2"), ("b", "192.168.1.100", "172.55.1.3")]
    {
        let host = net.host(name);
        host.link_add(
            "vxlan1",
            &format!("id 444 dstport 4789 remote {remote} local {} dev eth0", host.address),
        );
        host.run(&format!("ip addr add {address}/24 dev vxlan1"));
        host.run("ip link set dev vxlan1 up");
    }
    net.host("a").link_set("dev vxlan1 type vxlan allow 10.1.0.0/16 allow known");
    expect_ping(net.host("a"), [172, 55, 1, 3], 1);
    net
}

/// The programs that `vxbpf status` names, by their ids.
fn programs(host: &Host) -> BTreeMap<u64, String> {
    let status = json::parse(&host.vxbpf("-j status"));
    let overlays = status["overlays"].as_array().into_iter().flatten();
    let hooks = overlays.flat_map(|overlay| overlay["hooks"].as_array().into_iter().flatten());
    hooks
        .map(|hook| {
            let name = hook["program"].as_str().expect("a name").to_owned();
            (hook["prog_id"].as_u64().expect("an id"), name)
        })
        .collect()
}

fn bpftool(host: &Host, arguments: &str) -> Value {
    host.json(&format!("bpftool -j {arguments}"))
}

/// The maps that programs use, by name: those that hang somewhere, and those that they call.
fn maps(host: &Host, programs: &BTreeMap<u64, String>) -> BTreeMap<String, u64> {
    let mut maps = used_by(host, programs.keys().copied());
    let stages: Vec<u64> = bpftool(host, &format!("map dump id {}", maps["stage"]))
        .as_array()
        .expect("a list of programs")
        .iter()
        .map(|row| u64::from(number(&row["value"])))
        .collect();
    maps.extend(used_by(host, stages.into_iter()));
    maps
}

fn used_by(host: &Host, programs: impl Iterator<Item = u64>) -> BTreeMap<String, u64> {
    let used = programs.flat_map(|id| {
        let program = bpftool(host, &format!("prog show id {id}"));
        program["map_ids"].as_array().cloned().unwrap_or_default()
    });
    used.map(|id| {
        let map = bpftool(host, &format!("map show id {id}"));
        (map["name"].as_str().unwrap_or_default().to_owned(), id.as_u64().expect("an id"))
    })
    .collect()
}

/// A number that bpftool prints byte by byte: `["0x01","0x00","0x00","0x00"]`.
fn number(bytes: &Value) -> u32 {
    let byte = |byte: &Value| {
        let text = byte.as_str().expect("a byte").trim_start_matches("0x");
        u8::from_str_radix(text, 16).expect("a hexadecimal number")
    };
    let bytes: Vec<u8> = bytes.as_array().expect("bytes").iter().map(byte).collect();
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

fn field<'a>(entry: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(entry, |value, name| match name.parse::<usize>() {
        Ok(at) => value.get(at),
        Err(_) => value.get(name),
    })
}

#[test]
fn every_table_is_dumped_with_the_names_of_its_fields() {
    let net = overlay();
    let a = net.host("a");
    let maps = maps(a, &programs(a));
    for (table, fields) in TABLES {
        let id = maps.get(*table).unwrap_or_else(|| panic!("no program uses {table}: {maps:?}"));
        let dump = bpftool(a, &format!("map dump id {id}"));
        let first = &dump[0]["formatted"];
        for path in *fields {
            assert!(field(first, path).is_some(), "{table} does not name {path}: {first}");
        }
    }
    let fdb = bpftool(a, &format!("map dump id {}", maps["fdb"]));
    let station = net.host("b").mac_of("vxlan1");
    let entries = fdb.as_array().into_iter().flatten();
    let macs: Vec<_> = entries.map(|entry| entry["formatted"]["key"]["mac"].clone()).collect();
    assert!(macs.contains(&station.0.as_slice().into()), "{station} is not among {macs:?}");
}

#[test]
fn programs_have_names_and_are_gone_with_their_maps_after_detach() {
    let net = overlay();
    let a = net.host("a");
    let programs = programs(a);
    let mut names: Vec<&str> = programs.values().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected = vec!["vxbpf_device", "vxbpf_underlay", "vxbpf_vtep"];
    if mode() == "xdp" {
        expected.push("vxbpf_xunderlay");
    }
    assert_eq!(names, expected);
    for (id, name) in &programs {
        assert!(name.starts_with("vxbpf_"), "{name}");
        let shown = bpftool(a, &format!("prog show id {id}"));
        assert_eq!(shown["name"].as_str(), Some(name.as_str()), "{shown}");
        assert_eq!(shown["gpl_compatible"], true, "{shown}");
    }
    let maps = maps(a, &programs);
    assert!(maps.len() >= TABLES.len(), "{maps:?}");

    a.vxbpf("detach --all");
    // The kernel frees a program when its last reader has left it.
    wait_until("the programs and maps to be gone", SOON, || {
        let is_gone =
            |kind: &str, id: &u64| !a.try_run(&format!("bpftool {kind} show id {id}")).status.success();
        programs.keys().all(|id| is_gone("prog", id)) && maps.values().all(|id| is_gone("map", id))
    });
}
