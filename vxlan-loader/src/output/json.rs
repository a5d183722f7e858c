//! JSON text as iproute2's `json_writer` lays it out.

use serde_json::Value;

/// `value` in one line, or in lines for people, with a newline at the end.
pub(super) fn text(value: &Value, pretty: bool) -> String {
    let mut out = String::new();
    if pretty {
        write_pretty(value, 0, &mut out);
    } else {
        out = value.to_string();
    }
    out.push('\n');
    out
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push_str("[ ");
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_pretty(item, depth + 1, out);
            }
            out.push_str(if items.is_empty() { "]" } else { " ]" });
        }
        Value::Object(members) => {
            out.push('{');
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                new_line(depth + 1, out);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(": ");
                write_pretty(member, depth + 1, out);
            }
            if !members.is_empty() {
                new_line(depth, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"    ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pretty_json_is_laid_out_as_by_iproute2() {
        let value = json!([{"mac": "a", "flags": ["self", "router"], "none": []}, {"n": {"low": 0}}]);
        let expected = "\
[ {
        \"mac\": \"a\",
        \"flags\": [ \"self\",\"router\" ],
        \"none\": [ ]
    },{
        \"n\": {
            \"low\": 0
        }
    } ]
";
        assert_eq!(text(&value, true), expected);
        assert_eq!(text(&json!([]), true), "[ ]\n");
    }

    #[test]
    fn plain_json_is_one_line_in_the_order_of_its_keys() {
        assert_eq!(text(&json!([{"b": 1, "a": true}]), false), "[{\"b\":1,\"a\":true}]\n");
    }
}
