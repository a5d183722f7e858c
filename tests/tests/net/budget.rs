//! What each program costs, against a table that is kept: instructions that the verifier looks at (which is what attaching
//! takes its time for), stack, machine code.

use std::{collections::BTreeMap, fmt::Write as _};

use vxlan_tests::{
    Host, Side, Topology, json,
    program::{Program, programs_in},
};

/// Name, instructions, bytes of stack, bytes of machine code; of Linux 6.18 on x86-64.
const BUDGET: &str = include_str!("../../budget.txt");

/// By how much the instructions and the machine code may grow, in percent.
const GROWTH: u32 = 10;
/// By how many bytes the stack may.
const STACK_GROWTH: u32 = 32;

const HEAD: &str = "# program         instructions stack machine-code\n";

/// All programs: those that hang somewhere, and those in the tables of stages.
fn programs(host: &Host) -> Vec<Program> {
    let status = json::parse(&host.vxbpf("-j status"));
    let overlay = &status["overlays"][0];
    let ports = json::objects(&overlay["ports"]);
    let mut hooks = json::objects(&overlay["hooks"]);
    hooks.extend(ports.into_iter().flat_map(|port| json::objects(&port["hooks"])));
    let hung = hooks.into_iter().map(|hook| hook["prog_id"].as_u64().expect("a program's number"));
    let mut numbers: Vec<u32> = hung.map(|number| number.try_into().expect("a small number")).collect();
    let pins = status["pins"].as_str().expect("where the pins are");
    for table in ["stage", "xdp_stage"] {
        numbers.extend(programs_in(host, &format!("{pins}/maps/{table}")));
    }
    numbers.into_iter().map(|number| Program::of(host, number)).collect()
}

fn print(programs: &[Program]) -> String {
    let mut table = String::from(HEAD);
    for Program { name, instructions, stack, jited } in programs {
        let _infallible = writeln!(table, "{name:<17} {instructions:>12} {stack:>5} {jited:>12}");
    }
    table
}

fn parse(table: &str) -> BTreeMap<String, Program> {
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let [name, instructions, stack, jited] = words[..] else { panic!("no row of a budget: {row}") };
        let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("no number: {row}"));
        let (instructions, stack, jited) = (number(instructions), number(stack), number(jited));
        (name.to_owned(), Program { name: name.to_owned(), instructions, stack, jited })
    })
    .collect()
}

/// What a program takes more than it may.
fn excess(is: &Program, budget: &Program) -> Vec<String> {
    let name = &is.name;
    let grown = |is: u32, was: u32| u64::from(is) * 100 > u64::from(was) * u64::from(100 + GROWTH);
    let mut excess = Vec::new();
    for (what, is, was) in [
        ("instructions for the verifier", is.instructions, budget.instructions),
        ("bytes of machine code", is.jited, budget.jited),
    ] {
        if grown(is, was) {
            excess.push(format!("{name} has {is} {what}, and {was} in the table: more than {GROWTH} % more"));
        }
    }
    if is.stack > budget.stack + STACK_GROWTH {
        excess.push(format!("{name} has {} bytes of stack, and {} in the table", is.stack, budget.stack));
    }
    excess
}

#[test]
fn no_program_costs_much_more_than_the_table_says() {
    let net =
        Topology::new("budget").host("a", Side::Vxbpf).host("b", Side::Kernel).container("c1").on("a").up();
    let a = net.host("a");
    a.link_add("vxlan1", "id 444 dstport 4789 remote 192.168.1.200 local 192.168.1.100 mode xdp dev eth0");
    a.vxbpf("port add p-c1 --vni 444 --mode xdp");

    let mut programs = programs(a);
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    let table = print(&programs);
    println!("{table}");

    let mut budget = parse(BUDGET);
    let mut wrong: Vec<String> = Vec::new();
    for program in &programs {
        match budget.remove(&program.name) {
            Some(row) => wrong.extend(excess(program, &row)),
            None => wrong.push(format!("{} is not in the table", program.name)),
        }
    }
    wrong.extend(budget.keys().map(|name| format!("{name} is in the table and not loaded")));
    assert!(
        wrong.is_empty(),
        "{}\nIf that is meant, put this into tests/budget.txt, and say in the commit what it buys:\n{table}",
        wrong.join("\n")
    );
}

#[test]
fn a_budget_is_read_as_it_is_printed_and_tells_what_outgrows_it() {
    let program =
        |instructions, stack, jited| Program { name: "vxbpf_port".into(), instructions, stack, jited };
    let budget = program(1000, 200, 2000);
    assert_eq!(parse(&print(std::slice::from_ref(&budget))).values().collect::<Vec<_>>(), [&budget]);
    assert_eq!(excess(&program(1100, 232, 2200), &budget), [""; 0]);
    let told = excess(&program(1101, 233, 2201), &budget).join("\n");
    for part in
        ["vxbpf_port has 1101 instructions", "1000 in the table", "2201 bytes", "233 bytes of stack, and 200"]
    {
        assert!(told.contains(part), "{told}");
    }
}
