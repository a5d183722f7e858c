//! What the kernel says of a loaded BPF program: what it cost the verifier, and what it takes at run time.

use std::collections::BTreeMap;

use aya::programs::loaded_programs;

use crate::{Netns, json};

/// A loaded program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name: the first 15 bytes of it, which is all that the kernel keeps.
    pub name: String,
    /// Instructions that the verifier looked at, each as often as it did.
    pub instructions: u32,
    /// Bytes of stack of its deepest chain of calls.
    pub stack: u32,
    /// Bytes of machine code.
    pub jited: u32,
}

impl Program {
    /// Asks for the program with this number.
    ///
    /// # Panics
    /// When there is none, or the kernel does not tell.
    pub fn of(netns: &Netns, id: u32) -> Self {
        let info = loaded_programs().flatten().find(|info| info.id() == id);
        let info = info.unwrap_or_else(|| panic!("no program {id}"));
        Self {
            name: info.name_as_str().expect("a name").into(),
            instructions: info.verified_instruction_count().expect("a kernel that counts (Linux 5.16)"),
            stack: deepest_chain(&netns.run(&format!("bpftool prog dump xlated id {id}")).stdout),
            jited: info.size_jitted(),
        }
    }
}

/// The numbers of the programs in a pinned table of programs.
///
/// # Panics
/// When it cannot be read.
pub fn programs_in(netns: &Netns, path: &str) -> Vec<u32> {
    let rows = netns.json(&format!("bpftool -j map dump pinned {path}"));
    let number = |row: &serde_json::Value| row["formatted"]["value"].as_u64().expect("a program's number");
    json::objects(&rows).into_iter().map(|row| number(row).try_into().expect("a small number")).collect()
}

/// Stack bytes of the deepest chain of calls in a listing by `bpftool prog dump xlated`: of each function the lowest place
/// on its stack that it takes the address of or uses, and what it calls below that.
fn deepest_chain(listing: &str) -> u32 {
    let functions = functions(listing);
    functions.keys().map(|start| depth(&functions, *start)).max().unwrap_or(0)
}

#[derive(Default)]
struct Function {
    own: u32,
    callees: Vec<i64>,
}

/// The functions of a listing, by the number of their first instruction.
fn functions(listing: &str) -> BTreeMap<i64, Function> {
    let mut functions: BTreeMap<i64, Function> = BTreeMap::new();
    let (mut begins, mut pointer) = (true, None);
    for line in listing.lines() {
        let Some((at, text)) = instruction(line) else {
            // Between instructions there are lines of the source, behind a semicolon, and the heads of functions.
            begins |= !line.is_empty() && !line.trim_start().starts_with(';');
            continue;
        };
        if begins {
            functions.insert(at, Function::default());
            begins = false;
        }
        let Some(mut function) = functions.last_entry() else { continue };
        let function = function.get_mut();
        // `*(u64 *)(r10 -64) = r7`, and `r2 = r10` followed by `r2 += -64`.
        let used = text.split_once("(r10 -").and_then(|(_, rest)| leading_number(rest));
        let taken = pointer.take().and_then(|register: &str| {
            text.split_once(register)?.1.strip_prefix(" += -").and_then(leading_number)
        });
        function.own = function.own.max(used.or(taken).and_then(|depth| depth.try_into().ok()).unwrap_or(0));
        pointer = text.strip_suffix(" = r10").and_then(|rest| rest.split(' ').next_back());
        if let Some(distance) = call(text) {
            function.callees.push(at + 1 + distance);
        }
    }
    functions
}

fn depth(functions: &BTreeMap<i64, Function>, start: i64) -> u32 {
    let Some(function) = functions.get(&start) else { return 0 };
    let below = function.callees.iter().map(|callee| depth(functions, *callee)).max().unwrap_or(0);
    function.own + below
}

/// Number and text of `  471: (85) call pc+1227#...`.
fn instruction(line: &str) -> Option<(i64, &str)> {
    let (number, text) = line.trim_start().split_once(": (")?;
    Some((number.parse().ok()?, text))
}

/// How far away the function is that is called, or given to a helper that calls it.
fn call(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once("call pc").or_else(|| text.split_once("= subprog["))?;
    let end = rest.find(['#', ']']).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

fn leading_number(text: &str) -> Option<i64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
i32 vxbpf_port(struct __sk_buff * ctx):
; let x = 1: (2)
   0: (bf) r6 = r1
   1: (7b) *(u64 *)(r10 -24) = r1
   2: (bf) r2 = r10
   3: (07) r2 += -40
   4: (18) r2 = subprog[+4]
   6: (85) call pc+1#bpf_prog_a_one
   7: (95) exit
u32 one(u64 key):
   8: (79) r1 = *(u64 *)(r10 -16)
i64 turn(u32 at):
   9: (7b) *(u64 *)(r10 -100) = r1
  10: (85) call pc-3#bpf_prog_a_one
";

    #[test]
    fn the_deepest_chain_goes_through_calls_and_callbacks() {
        assert_eq!(deepest_chain(LISTING), 40 + 100 + 16);
        let functions = functions(LISTING);
        assert_eq!(functions.keys().copied().collect::<Vec<_>>(), [0, 8, 9]);
        assert_eq!(functions[&0].own, 40);
    }
}
