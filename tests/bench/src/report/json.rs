//! `results.json`: everything, to be read by programs.

use serde_json::{Value, json};

use crate::{
    claim::{Bound, Claim, Verdict},
    finding::{Finding, Table},
    machine::Machine,
};

/// The report.
pub fn report(machine: &Machine, findings: &[Finding], is_quick: bool) -> Value {
    let Machine { cpu, cores, kernel, date, revision, load } = machine;
    json!({
        "machine": {
            "cpu": cpu, "cores": cores, "kernel": kernel, "date": date, "revision": revision, "load": load,
        },
        "quick": is_quick,
        "targets": findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "id": finding.id,
        "title": finding.title,
        "how": finding.how,
        "seconds": finding.took.as_secs_f64(),
        "notes": finding.notes,
        "claims": finding.claims.iter().map(claim).collect::<Vec<_>>(),
        "tables": finding.tables.iter().map(table).collect::<Vec<_>>(),
    })
}

fn claim(claim: &Claim) -> Value {
    let (bound, value) = match claim.bound {
        Bound::AtLeast(value) => (Some("at least"), Some(value)),
        Bound::AtMost(value) => (Some("at most"), Some(value)),
        Bound::Told => (None, None),
    };
    let verdict = claim.verdict().map(|verdict| match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Open => "open",
        Verdict::Told => "told",
    });
    let mut object = json!({
        "what": claim.what, "unit": claim.unit, "bound": bound, "target": value, "verdict": verdict,
    });
    match &claim.figure {
        Ok(spread) => {
            object["median"] = spread.median.into();
            object["low"] = spread.low.into();
            object["high"] = spread.high.into();
        }
        Err(why) => object["no_claim"] = why.as_str().into(),
    }
    object
}

fn table(table: &Table) -> Value {
    let sides = table.series.iter().map(|series| {
        let rounds = series
            .samples
            .iter()
            .map(|sample| json!({"value": sample.value, "sent": sample.sent, "arrived": sample.arrived}));
        json!({"side": series.side, "rounds": rounds.collect::<Vec<_>>()})
    });
    json!({"title": table.title, "unit": table.unit, "sides": sides.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_claim_has_a_reason_and_no_figure() {
        let refused = claim(&Claim::refused("x", Bound::AtMost(1.3), "too noisy"));
        assert_eq!(refused["no_claim"], "too noisy");
        assert!(refused.get("median").is_none() && refused["verdict"].is_null());
        let made = claim(&Claim::exact("x", 1.2, "x", Bound::AtMost(1.3)));
        assert_eq!((&made["median"], &made["verdict"]), (&json!(1.2), &json!("met")));
    }
}
