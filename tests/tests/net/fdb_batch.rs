//! A batch that adds many stations does what its lines would do one after the other, though it sets them by the
//! thousand.

use std::{env, fs, path::PathBuf, process};

use vxlan_tests::{Host, Net, Side, Topology, command::Output, json, wait::SOON, wait_until};

const STATIONS: u32 = 5000;

fn overlay(name: &str, options: &str) -> Net {
    let net = Topology::new(name).host("a", Side::Vxbpf).up();
    let options = format!("id 444 dstport 4789 remote 192.168.1.200 dev eth0 {options}");
    net.host("a").link_add("vxlan1", &options);
    net
}

fn station(number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    format!("02:be:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

fn add(number: u32) -> String {
    format!("fdb add {} dev vxlan1 dst 192.168.1.200", station(number))
}

/// Does the lines, with more options in front of them.
fn batch(host: &Host, name: &str, lines: &[String], options: &str) -> Output {
    let file = File(env::temp_dir().join(format!("vxbpf-test-{}-{name}", process::id())));
    fs::write(&file.0, lines.join("\n") + "\n").expect("a temporary file");
    host.try_vxbpf(&format!("{options} -batch {}", file.0.display()))
}

struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

fn stations(host: &Host) -> usize {
    host.show_fdb("vxlan1").iter().filter(|line| line.starts_with("02:be:")).count()
}

#[test]
fn all_stations_of_a_batch_are_there_and_can_be_deleted_again() {
    let net = overlay("batch-all", "");
    let a = net.host("a");
    let lines: Vec<String> = (0..STATIONS).map(add).collect();
    batch(a, "all", &lines, "").expect_success();
    assert_eq!(stations(a), STATIONS as usize);
    let line = format!("{} dev vxlan1 dst 192.168.1.200 self permanent", station(STATIONS - 1));
    assert!(a.show_fdb("vxlan1").contains(&line), "{line:?} is missing");
    // The device is told of the first ones only.
    assert!(a.run("bridge fdb show dev vxlan1").lines().len() < 1000);
    a.vxbpf("fdb flush dev vxlan1");
    assert_eq!(stations(a), 0);
}

#[test]
fn a_station_that_is_there_is_refused_by_its_line_and_what_came_before_stays() {
    let net = overlay("batch-twice", "");
    let a = net.host("a");
    let mut lines: Vec<String> = (0..STATIONS).map(add).collect();
    lines.insert(3000, add(2000));
    let output = batch(a, "twice", &lines, "");
    assert_eq!(output.status.code(), Some(2), "{output}");
    assert!(output.stderr.contains(":3001: File exists"), "{output}");
    assert_eq!(stations(a), 3000);
    // With -force the rest is done, too, and what is there already is refused line by line.
    let output = batch(a, "twice", &lines[2900..], "-force");
    assert_eq!(output.status.code(), Some(2), "{output}");
    assert_eq!(output.stderr.lines().count(), 101, "complaints");
    assert_eq!(stations(a), STATIONS as usize);
}

#[test]
fn a_full_table_names_the_line_that_did_not_fit_and_keeps_the_rest() {
    let net = overlay("batch-full", "fdbsize 1024");
    let a = net.host("a");
    let lines: Vec<String> = (0..1500).map(add).collect();
    let output = batch(a, "full", &lines, "");
    assert_eq!(output.status.code(), Some(2), "{output}");
    assert!(output.stderr.contains(":1025: table fdb is full"), "{output}");
    assert_eq!(stations(a), 1024);
    let output = batch(a, "full-more", &lines[1024..], "-force");
    assert_eq!(output.stderr.lines().count(), 1500 - 1024, "{output}");
    a.vxbpf("fdb flush dev vxlan1");
    let status = a.vxbpf("status");
    assert!(status.stdout.contains("configured 0"), "{status}");
}

#[test]
fn a_wrong_line_is_told_after_those_before_it_are_done() {
    let net = overlay("batch-wrong", "");
    let a = net.host("a");
    let mut lines: Vec<String> = (0..600).map(add).collect();
    lines.insert(500, "fdb add 02:be:zz dev vxlan1 dst 192.168.1.200".into());
    lines.insert(550, format!("fdb del {} dev vxlan1", station(499)));
    let output = batch(a, "wrong", &lines, "");
    assert_eq!(output.status.code(), Some(1), "{output}");
    assert!(output.stderr.contains(":501:"), "{output}");
    assert_eq!(stations(a), 500);
    lines.remove(500);
    let output = batch(a, "wrong", &lines[500..], "");
    output.expect_success();
    assert_eq!(stations(a), 599);
}

fn listeners(host: &Host) -> Option<u64> {
    json::parse(&host.vxbpf("-j status"))["tables"]["reader"]["used"].as_u64()
}

#[test]
fn each_station_of_a_batch_is_told_to_who_listens() {
    const TOLD: u32 = 1000;
    let net = overlay("batch-told", "");
    let a = net.host("a");
    let listener = a.monitor("fdb");
    wait_until("it to listen", SOON * 4, || listeners(a) == Some(1));
    batch(a, "told", &(0..TOLD).map(add).collect::<Vec<_>>(), "").expect_success();
    wait_until("all to be told", SOON * 4, || {
        listener.so_far().iter().filter(|line| line.starts_with("02:be:")).count() == TOLD as usize
    });
}
