//! `report.md`: everything, to be read.

use std::fmt::Write as _;

use crate::{finding::Finding, machine::Machine};

use super::text;

/// The report.
pub fn report(machine: &Machine, findings: &[Finding], is_quick: bool) -> String {
    let mut page =
        format!("# What was measured\n\n{}\n\n![ratios](ratios.svg)\n\n", text::head(machine, is_quick));
    page.push_str(
        "| | figure | measured [middle half of the rounds] | target |\n| --- | --- | --- | --- |\n",
    );
    for finding in findings {
        for claim in &finding.claims {
            let (figure, target) = (text::figure(claim), text::target(claim));
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(page, "| {} | {} | {figure} | {target} |", finding.id, claim.what);
        }
    }
    for finding in findings {
        let _ = writeln!(page, "\n## {} {}\n\n{}\n", finding.id, finding.title, finding.how);
        for note in &finding.notes {
            let _ = writeln!(page, "{note}\n");
        }
        for table in &finding.tables {
            let _ = writeln!(page, "| {}, {} | median [middle half] | each round |", table.title, table.unit);
            page.push_str("| --- | --- | --- |\n");
            for series in &table.series {
                let each: Vec<String> = series.values().iter().map(|value| super::number(*value)).collect();
                let _ = writeln!(page, "| {} | {} | {} |", series.side, text::rounds(series), each.join(" "));
            }
            page.push('\n');
        }
    }
    page
}
