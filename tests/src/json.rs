//! Reading what `ip -j`, `bridge -j` and `vxbpf -j` print.

use serde_json::Value;

use crate::{Netns, command::Output};

impl Netns {
    /// Runs `line`, which asks for JSON, and parses what it prints.
    ///
    /// # Panics
    /// When the command fails, or prints something else.
    #[track_caller]
    pub fn json(&self, line: &str) -> Value {
        parse(&self.run(line))
    }
}

/// The JSON that a command printed. Nothing printed is an empty list, as iproute2 means it.
///
/// # Panics
/// When it is not JSON.
#[track_caller]
pub fn parse(output: &Output) -> Value {
    if output.stdout.trim().is_empty() {
        return Value::Array(Vec::new());
    }
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {output}"))
}

/// The objects of a JSON list.
///
/// iproute2 leaves an empty object where its filter dropped an entry; those are left out.
///
/// # Panics
/// When `value` is not a list.
#[track_caller]
pub fn objects(value: &Value) -> Vec<&Value> {
    let list = value.as_array().unwrap_or_else(|| panic!("not a JSON list: {value}"));
    list.iter().filter(|entry| entry.as_object().is_some_and(|object| !object.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_objects_are_left_out() {
        assert_eq!(objects(&json!([{}, {"mac": "m"}])), [&json!({"mac": "m"})]);
    }
}
