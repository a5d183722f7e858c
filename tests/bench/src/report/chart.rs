//! `ratios.svg`: each claim against its target, as bars. The line is the target; what is right of it reaches it.

use std::fmt::Write as _;

use crate::{
    claim::{Bound, Claim, Verdict},
    finding::Finding,
    machine::Machine,
};

use super::{number, text};

const WIDTH: usize = 960;
const ROW: usize = 30;
const BAR: usize = 16;
const TOP: usize = 74;
const BOTTOM: usize = 34;
/// Where bars begin, and how long one is that is exactly at its target.
const LEFT: usize = 400;
const UNIT: f64 = 220.0;
/// Bars end here, however good they are.
const LONGEST: f64 = 1.75;

const STYLE: &str = "text{font-family:-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328;font-size:13px}\
.title{font-size:18px;font-weight:600}.soft{fill:#656d76;font-size:12px}.figure{font-weight:600}\
.met{fill:#2da44e}.open{fill:#d4a72c}.missed{fill:#cf222e}.band{fill:#f6f8fa}\
.target{stroke:#1f2328;stroke-width:1.5;stroke-dasharray:4 3}";

/// A bar.
struct Row<'a> {
    id: &'a str,
    claim: &'a Claim,
    /// 1: exactly at the target.
    reached: Option<f64>,
}

/// The chart, with a row for each claim that has a target.
pub fn chart(machine: &Machine, findings: &[Finding], is_quick: bool) -> String {
    let all = findings.iter().flat_map(|finding| finding.claims.iter().map(move |claim| (finding.id, claim)));
    let rows: Vec<Row<'_>> = all
        .filter(|(_, claim)| claim.bound != Bound::Told)
        .map(|(id, claim)| Row { id, claim, reached: reached(claim) })
        .collect();
    let height = TOP + rows.len() * ROW + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\">\
         <title>vxbpf against its targets</title><style>{STYLE}</style>\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"10\" fill=\"#ffffff\" stroke=\"#d0d7de\"/>\
         <text x=\"24\" y=\"32\" class=\"title\">vxbpf against its targets</text>\
         <text x=\"24\" y=\"52\" class=\"soft\">Right of the line: reached. Medians of interleaved rounds.</text>\n"
    );
    for (number, row) in rows.iter().enumerate() {
        draw(&mut svg, TOP + number * ROW, number % 2 == 0, row);
    }
    let line = LEFT as f64 + UNIT;
    let (from, to) = (TOP - 6, TOP + rows.len() * ROW + 2);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(svg, "<line x1=\"{line}\" x2=\"{line}\" y1=\"{from}\" y2=\"{to}\" class=\"target\"/>");
    let _ = writeln!(
        svg,
        "<text x=\"{line}\" y=\"{}\" class=\"soft\" text-anchor=\"middle\">target</text>",
        TOP - 12
    );
    let foot = escape(&text::head(machine, is_quick));
    let _ = writeln!(svg, "<text x=\"24\" y=\"{}\" class=\"soft\">{foot}</text></svg>", height - 13);
    svg
}

fn draw(svg: &mut String, y: usize, is_banded: bool, row: &Row<'_>) {
    if is_banded {
        let _ = writeln!(
            svg,
            "<rect x=\"1\" y=\"{y}\" width=\"{}\" height=\"{ROW}\" class=\"band\"/>",
            WIDTH - 2
        );
    }
    let base = y + ROW / 2 + 5;
    let _ = write!(svg, "<text x=\"24\" y=\"{base}\" class=\"soft\">{}</text>", row.id);
    let _ = write!(svg, "<text x=\"60\" y=\"{base}\">{}</text>", escape(&row.claim.what));
    let asked = match row.claim.bound {
        Bound::AtLeast(bound) => format!("target at least {bound}"),
        Bound::AtMost(bound) => format!("target at most {bound}"),
        Bound::Told => String::new(),
    };
    let (Some(reached), Ok(spread), Some(verdict)) = (row.reached, &row.claim.figure, row.claim.verdict())
    else {
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{base}\" class=\"soft\">no claim, {asked}</text>");
        return;
    };
    let class = match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Open | Verdict::Told => "open",
    };
    let length = reached.min(LONGEST) * UNIT;
    let (top, end) = (y + (ROW - BAR) / 2, LEFT as f64 + length + 8.0);
    let _ = write!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"3\" class=\"{class}\"/>"
    );
    let figure = format!("{} {}", number(spread.median), row.claim.unit);
    let _ = writeln!(
        svg,
        "<text x=\"{end:.1}\" y=\"{base}\"><tspan class=\"figure\">{figure}</tspan><tspan class=\"soft\">  {asked}</tspan></text>"
    );
}

/// How much of its target a claim reaches.
fn reached(claim: &Claim) -> Option<f64> {
    let median = claim.figure.as_ref().ok()?.median;
    let reached = match claim.bound {
        Bound::AtLeast(bound) => median / bound,
        Bound::AtMost(bound) => bound / median,
        Bound::Told => return None,
    };
    reached.is_finite().then_some(reached)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        let word = || "a<b".to_owned();
        Machine { cpu: word(), cores: 2, kernel: word(), date: word(), revision: word(), load: word() }
    }

    fn drawn(claims: Vec<Claim>) -> String {
        chart(&machine(), &[Finding { id: "P1", claims, ..Finding::default() }], false)
    }

    #[test]
    fn a_bar_ends_at_the_line_when_its_target_is_just_reached() {
        for bound in [Bound::AtLeast(4.0), Bound::AtMost(4.0)] {
            let svg = drawn(vec![Claim::exact("x", 4.0, "x", bound)]);
            assert!(svg.contains("width=\"220.0\"") && svg.contains("class=\"met\""), "{svg}");
        }
    }

    #[test]
    fn a_refused_claim_has_no_bar_and_what_has_no_target_no_row() {
        let svg = drawn(vec![
            Claim::refused("y", Bound::AtLeast(2.0), "noise"),
            Claim::exact("z", 1.0, "x", Bound::Told),
        ]);
        assert!(svg.contains("no claim, target at least 2"));
        assert!(!svg.contains(">z<") && !svg.contains("class=\"missed\""));
    }

    #[test]
    fn every_text_is_escaped_and_every_element_closed() {
        let svg = drawn(vec![Claim::exact("a<b & c", 1.0, "x", Bound::AtMost(2.0))]);
        assert!(svg.contains("a&lt;b &amp; c") && !svg.contains("a<b"));
        for element in ["text", "tspan", "title", "style", "svg"] {
            let (opened, closed) =
                (svg.matches(&format!("<{element}")).count(), svg.matches(&format!("</{element}>")).count());
            assert_eq!(opened, closed, "{element}");
        }
    }
}
