//! Words for a figure, and the table on the screen.

use crate::{
    claim::{Bound, Claim, Verdict},
    finding::Finding,
    machine::Machine,
    series::{Series, Spread},
};

use super::number;

/// What stands in front of all else.
pub fn head(machine: &Machine, is_quick: bool) -> String {
    let Machine { cpu, cores, kernel, date, revision, load } = machine;
    let quick = if is_quick { "; a quick look, not to be published" } else { "" };
    format!("{cpu}, {cores} cores, Linux {kernel}, {date}, revision {revision}, load {load}{quick}")
}

/// A target, its rounds and its claims.
pub fn finding(finding: &Finding) -> String {
    let mut lines = vec![format!("\n{} {}", finding.id, finding.title)];
    for table in &finding.tables {
        lines.push(format!("  {}, {}:", table.title, table.unit));
        lines.extend(table.series.iter().map(|series| format!("    {:<12} {}", series.side, rounds(series))));
    }
    lines.extend(finding.notes.iter().map(|note| format!("  {note}")));
    lines.extend(
        finding
            .claims
            .iter()
            .map(|claim| format!("  {:<44} {:<26} {}", claim.what, figure(claim), target(claim))),
    );
    lines.push(format!("  ({:.0} s)", finding.took.as_secs_f64()));
    lines.join("\n")
}

/// Median and middle half of a series, and what it lost.
pub fn rounds(series: &Series) -> String {
    let Some(Spread { low, median, high }) = Spread::of(&series.values()) else {
        return "nothing was measured".to_owned();
    };
    let lost = series.lost();
    let loss = if lost > 0.0 { format!(", {:.3} % lost", lost * 100.0) } else { String::new() };
    format!("{} [{} .. {}], {} rounds{loss}", number(median), number(low), number(high), series.samples.len())
}

/// What is claimed, or why nothing is.
pub fn figure(claim: &Claim) -> String {
    match &claim.figure {
        Ok(Spread { low, median, high }) if low < high => {
            format!("{} {} [{} .. {}]", number(*median), claim.unit, number(*low), number(*high))
        }
        Ok(spread) => format!("{} {}", number(spread.median), claim.unit),
        Err(why) => format!("no claim: {why}"),
    }
}

/// What the target asks, and whether that was reached.
pub fn target(claim: &Claim) -> String {
    let asked = match claim.bound {
        Bound::AtLeast(bound) => format!("target >= {bound} {}", claim.unit),
        Bound::AtMost(bound) => format!("target <= {bound} {}", claim.unit),
        Bound::Told => return String::new(),
    };
    let verdict = match claim.verdict() {
        Some(Verdict::Met) => "met",
        Some(Verdict::Missed) => "missed",
        Some(Verdict::Open) => "open: the rounds lie on both sides",
        Some(Verdict::Told) | None => return asked,
    };
    format!("{asked}: {verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_place_of_the_figure() {
        let claim = Claim::refused("one flow", Bound::AtLeast(14.0), "kernel lost 3.00 % of its packets");
        assert_eq!(figure(&claim), "no claim: kernel lost 3.00 % of its packets");
        assert_eq!(target(&claim), "target >= 14 x");
    }

    #[test]
    fn a_figure_has_its_spread_and_its_verdict() {
        let mut claim = Claim::exact("size", 96.0, "bytes", Bound::AtMost(128.0));
        assert_eq!(
            (figure(&claim), target(&claim)),
            ("96.0 bytes".into(), "target <= 128 bytes: met".into())
        );
        claim.figure = Ok(Spread { low: 110.0, median: 120.0, high: 130.0 });
        assert_eq!(figure(&claim), "120 bytes [110 .. 130]");
        assert!(target(&claim).ends_with("open: the rounds lie on both sides"));
    }
}
