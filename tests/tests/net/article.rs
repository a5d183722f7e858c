//! The article (docs/article.md), typed line by line on fresh hosts. So the text cannot rot.
//!
//! A step is a heading `## Step N`, a comment `<!-- network: a b; c1 on a -->` and its console blocks. In those,
//! `a# COMMAND` is typed on host or container `a`, and the lines below must be printed, among others;
//! `...` stands for anything. `|| true` says that the command may fail, ` &` that it goes on beside the rest, and
//! `a monitor> LINE` waits until it has printed that line, typing the command before it again meanwhile.

use std::{collections::HashMap, fs, path::Path};

use vxlan_tests::{
    Net, Netns, Side, Topology, command::Output, monitor::Lines, side::vxbpf_binary, wait::SOON, wait_until,
};

/// The Ethernet addresses that the article writes down.
const MACS: [(&str, &str); 2] = [("c1", "02:42:ac:37:01:02"), ("c2", "52:5e:55:58:9a:ab")];

/// A line of a console block.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    /// What is typed, where, and what it must print.
    Typed { place: String, command: String, printed: Vec<String> },
    /// What a command that goes on must print by now.
    Heard { place: String, printed: String },
}

/// A step of the article.
#[derive(Debug)]
struct Step {
    name: String,
    network: String,
    lines: Vec<Line>,
}

fn steps(article: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_console = false;
    for text in article.lines() {
        if let Some(name) = text.strip_prefix("## ") {
            steps.push(Step { name: name.into(), network: String::new(), lines: Vec::new() });
        }
        let Some(step) = steps.last_mut() else { continue };
        if let Some(network) = text.strip_prefix("<!-- network: ") {
            step.network = network.trim_end_matches(" -->").into();
        } else if text.starts_with("```") {
            is_console = text == "```console";
        } else if is_console {
            let new = line(text, step.lines.last_mut());
            step.lines.extend(new);
        }
    }
    steps
}

/// The line of a block; what is neither typed nor heard was printed by the command before it.
fn line(text: &str, before: Option<&mut Line>) -> Option<Line> {
    if let Some((place, printed)) = text.split_once(" monitor> ") {
        return Some(Line::Heard { place: place.into(), printed: printed.into() });
    }
    let prompt = text.split_once("# ").filter(|(place, _)| place.chars().all(char::is_alphanumeric));
    if let Some((place, command)) = prompt {
        return Some(Line::Typed { place: place.into(), command: command.into(), printed: Vec::new() });
    }
    match before {
        Some(Line::Typed { printed, .. }) => printed.push(text.into()),
        Some(Line::Heard { .. }) | None => panic!("nobody printed {text:?}"),
    }
    None
}

fn network(name: &str, plan: &str) -> Net {
    let mut parts = plan.split("; ");
    let hosts = parts.next().expect("hosts").split(' ');
    let mut topology = hosts.fold(Topology::new(name), |topology, host| topology.host(host, Side::Vxbpf));
    for part in parts {
        let (container, host) = part.split_once(" on ").unwrap_or_else(|| panic!("no host: {part}"));
        topology = topology.container(container).on(host);
        if let Some((_, mac)) = MACS.iter().find(|(name, _)| *name == container) {
            topology = topology.mac(mac);
        }
    }
    topology.up()
}

fn place<'a>(net: &'a Net, name: &str) -> &'a Netns {
    match net.hosts().iter().find(|host| host.name() == name) {
        Some(host) => host.netns(),
        None => net.container(name),
    }
}

fn words(command: &str) -> String {
    match command.strip_prefix("vxbpf") {
        Some(rest) => format!("{}{rest}", vxbpf_binary().display()),
        None => command.into(),
    }
}

/// Types a command; it must succeed, unless it says that it may fail.
fn typed(net: &Net, name: &str, command: &str) -> Output {
    match command.strip_suffix(" || true") {
        Some(command) => place(net, name).try_run(&words(command)),
        None => place(net, name).run(&words(command)),
    }
}

/// Whether `...` in `expected` can be filled in so that it is `line`.
fn fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.trim().strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}

fn expect_printed(step: &str, command: &str, expected: &[String], output: &Output) {
    for line in expected {
        assert!(
            output.stdout.lines().any(|printed| fits(line, printed)),
            "{step}: `{command}` must print {line:?}, and printed\n{output}"
        );
    }
}

fn walk(step: &Step) {
    let net = network("article", &step.network);
    let mut listening: HashMap<String, Lines> = HashMap::new();
    let mut last = None;
    for line in &step.lines {
        match line {
            Line::Typed { place: name, command, printed } => {
                if let Some(command) = command.strip_suffix(" &") {
                    let command = words(command);
                    let words: Vec<&str> = command.split(' ').collect();
                    listening.insert(name.clone(), Lines::of(place(&net, name), &words));
                    continue;
                }
                expect_printed(&step.name, command, printed, &typed(&net, name, command));
                last = Some((name, command));
            }
            Line::Heard { place: name, printed } => {
                let (last_place, command) = last.expect("something that was typed");
                wait_until(&format!("{}: {printed:?}", step.name), SOON * 4, || {
                    listening[name].has(printed) || {
                        typed(&net, last_place, command);
                        false
                    }
                });
            }
        }
    }
}

/// The step of this number.
fn step(number: u32) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/article.md");
    let article = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let steps = steps(&article);
    let prefix = format!("Step {number}:");
    let found = steps.iter().find(|step| step.name.starts_with(&prefix));
    let found = found.unwrap_or_else(|| panic!("the article has no step {number}"));
    assert!(found.lines.len() > 5, "{found:?} has nothing to type");
    walk(found);
}

macro_rules! steps {
    ($($name:ident = $number:literal;)*) => {
        $(#[test]
        fn $name() {
            step($number);
        })*

        #[test]
        fn no_step_of_the_article_is_left_out() {
            let article = include_str!("../../../docs/article.md");
            let typed = [$($number),*].map(|number| format!("Step {number}"));
            for step in steps(article) {
                let number = step.name.split_once(':').map(|(number, _)| number.to_owned());
                assert!(number.is_some_and(|number| typed.contains(&number)), "{}", step.name);
            }
        }
    };
}

steps! {
    step_1_two_hosts = 1;
    step_2_multicast = 2;
    step_3_containers = 3;
    step_4_no_multicast = 4;
    step_5_nothing_is_learned = 5;
    step_6_nobody_shouts = 6;
    step_7_on_demand = 7;
    step_9_several_networks = 9;
}

#[test]
fn an_ellipsis_stands_for_anything_and_all_else_for_itself() {
    assert!(fits("3 packets, ...", "3 packets, time 2ms"));
    assert!(fits("... dst 1.2.3.4 self", "aa:bb dev v dst 1.2.3.4 self "));
    assert!(!fits("... dst 1.2.3.4 self", "aa:bb dev v dst 1.2.3.4 self permanent"));
    assert!(!fits("3 packets", "3 packets, time 2ms"));
}
