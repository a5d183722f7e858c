//! What may be said of measured rounds, and what not.
//!
//! A ratio is made of pairs: each round of one side is divided by the same round of the other, so that what slows the
//! machine down for a while slows both. The claim is the median of these ratios. It is not made when
//!
//! - more than 0.1 % of what either side sent did not arrive, or
//! - the middle half of the ratios is wider than the difference that would be claimed (the distance of the median
//!   from 1, but at least [`RESOLUTION`]).

use crate::series::{MOST_LOST, Series, Spread};

/// Differences smaller than this are not worth telling apart: 5 %.
pub const RESOLUTION: f64 = 0.05;

/// Fewer rounds than this have no spread to speak of.
const LEAST_ROUNDS: usize = 3;

/// What a target asks of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// So much or more.
    AtLeast(f64),
    /// So much or less.
    AtMost(f64),
    /// Nothing: it is told, not judged.
    Told,
}

/// How a figure stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The median and the middle half of the rounds reach it.
    Met,
    /// Neither does.
    Missed,
    /// The middle half lies on both sides.
    Open,
    /// Nothing is asked.
    Told,
}

impl Bound {
    /// How the middle half of some rounds stands to it.
    pub fn judge(&self, spread: &Spread) -> Verdict {
        let (worst, best) = match *self {
            Self::AtLeast(bound) => (spread.low >= bound, spread.high >= bound),
            Self::AtMost(bound) => (spread.high <= bound, spread.low <= bound),
            Self::Told => return Verdict::Told,
        };
        match (worst, best) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::Open,
            (false, false) => Verdict::Missed,
        }
    }
}

/// A figure that was measured, or why there is none.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What it says, as a row of the table: "one flow, times the kernel".
    pub what: String,
    /// What the target asks.
    pub bound: Bound,
    /// Behind the figure: "x", "ms", ...
    pub unit: &'static str,
    /// The figure; an error says why nothing is claimed.
    pub figure: Result<Spread, String>,
}

impl Claim {
    /// How many times the first series is the second.
    pub fn ratio(what: impl Into<String>, of: &Series, over: &Series, bound: Bound) -> Self {
        Self { what: what.into(), bound, unit: "x", figure: ratio(of, over) }
    }

    /// The series itself.
    pub fn absolute(what: impl Into<String>, of: &Series, unit: &'static str, bound: Bound) -> Self {
        let figure = whole(of).and_then(|()| spread(&of.values()));
        Self { what: what.into(), bound, unit, figure }
    }

    /// A figure that has no rounds, such as a size.
    pub fn exact(what: impl Into<String>, value: f64, unit: &'static str, bound: Bound) -> Self {
        let figure = Ok(Spread { low: value, median: value, high: value });
        Self { what: what.into(), bound, unit, figure }
    }

    /// Nothing is claimed, for that reason.
    pub fn refused(what: impl Into<String>, bound: Bound, why: impl Into<String>) -> Self {
        Self { what: what.into(), bound, unit: "x", figure: Err(why.into()) }
    }

    /// How it stands to its target; `None`: nothing is claimed.
    pub fn verdict(&self) -> Option<Verdict> {
        self.figure.as_ref().ok().map(|spread| self.bound.judge(spread))
    }
}

fn ratio(of: &Series, over: &Series) -> Result<Spread, String> {
    whole(of)?;
    whole(over)?;
    if of.samples.len() != over.samples.len() {
        return Err(format!("{} and {} have not the same rounds", of.side, over.side));
    }
    let pairs: Vec<f64> = of.values().iter().zip(over.values()).map(|(of, over)| of / over).collect();
    if pairs.len() < LEAST_ROUNDS {
        return Err(format!("{} rounds are too few", pairs.len()));
    }
    let spread = spread(&pairs)?;
    let claimed = (spread.median - 1.0).abs().max(RESOLUTION);
    if spread.width() > claimed {
        return Err(format!(
            "half of the rounds lie between {:.2} and {:.2}: wider than the {claimed:.2} that would be claimed",
            spread.low, spread.high
        ));
    }
    Ok(spread)
}

/// Whether what was sent arrived.
fn whole(series: &Series) -> Result<(), String> {
    let lost = series.lost();
    if lost > MOST_LOST {
        return Err(format!("{} lost {:.2} % of its packets", series.side, lost * 100.0));
    }
    Ok(())
}

fn spread(values: &[f64]) -> Result<Spread, String> {
    Spread::of(values).ok_or_else(|| "nothing was measured".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Sample;

    fn series(side: &str, values: &[f64]) -> Series {
        let samples = values.iter().map(|&value| Sample::whole(value)).collect();
        Series { side: side.into(), samples }
    }

    #[test]
    fn a_round_is_compared_with_the_same_round_of_the_other_side() {
        // The machine was twice as slow in the second round, for both.
        let claim = Claim::ratio(
            "x",
            &series("a", &[10.0, 20.0, 10.0]),
            &series("b", &[5.0, 10.0, 5.0]),
            Bound::AtLeast(2.0),
        );
        assert_eq!(claim.figure, Ok(Spread { low: 2.0, median: 2.0, high: 2.0 }));
        assert_eq!(claim.verdict(), Some(Verdict::Met));
    }

    #[test]
    fn a_side_that_lost_more_than_a_thousandth_gets_no_ratio() {
        let mut lossy = series("b", &[5.0, 5.0, 5.0]);
        lossy.samples[1] = Sample { value: 5.0, sent: 100, arrived: 99 };
        for (of, over) in [(&lossy, &series("a", &[1.0; 3])), (&series("a", &[1.0; 3]), &lossy)] {
            let why = Claim::ratio("x", of, over, Bound::Told).figure.expect_err("a refusal");
            assert!(why.contains("b lost"), "{why}");
        }
    }

    #[test]
    fn a_spread_wider_than_the_claim_gets_no_ratio() {
        let one = series("b", &[1.0; 5]);
        let wide = series("a", &[0.9, 1.0, 1.1, 1.3, 1.5]);
        assert!(Claim::ratio("x", &wide, &one, Bound::AtLeast(1.1)).figure.is_err());
        // The same spread is fine for a claim that is much larger.
        let far = series("a", &[9.9, 10.0, 10.1, 10.3, 10.5]);
        assert!(Claim::ratio("x", &far, &one, Bound::AtLeast(10.0)).figure.is_ok());
        // Two sides that are the same can be said to be so.
        let close = series("a", &[0.99, 1.0, 1.0, 1.01, 1.02]);
        assert!(Claim::ratio("x", &close, &one, Bound::AtLeast(0.97)).figure.is_ok());
    }

    #[test]
    fn two_rounds_are_too_few() {
        assert!(
            Claim::ratio("x", &series("a", &[2.0; 2]), &series("b", &[1.0; 2]), Bound::Told).figure.is_err()
        );
        assert!(Claim::ratio("x", &series("a", &[]), &series("b", &[]), Bound::Told).figure.is_err());
    }

    #[test]
    fn a_target_inside_the_middle_half_is_open() {
        let spread = Spread { low: 0.9, median: 1.0, high: 1.1 };
        assert_eq!(Bound::AtLeast(0.9).judge(&spread), Verdict::Met);
        assert_eq!(Bound::AtLeast(1.0).judge(&spread), Verdict::Open);
        assert_eq!(Bound::AtLeast(1.2).judge(&spread), Verdict::Missed);
        assert_eq!(Bound::AtMost(1.1).judge(&spread), Verdict::Met);
        assert_eq!(Bound::AtMost(1.0).judge(&spread), Verdict::Open);
        assert_eq!(Bound::AtMost(0.8).judge(&spread), Verdict::Missed);
        assert_eq!(Bound::Told.judge(&spread), Verdict::Told);
    }
}
