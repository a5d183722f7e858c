//! What the rounds of one side gave.

/// Most of what was sent that may be missing at the far end before nothing is claimed.
pub const MOST_LOST: f64 = 0.001;

/// One side in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// What was measured, in the unit of the table.
    pub value: f64,
    /// How much was sent, in packets or whatever is counted.
    pub sent: u64,
    /// How much of it arrived.
    pub arrived: u64,
}

impl Sample {
    /// Of work that is only done when all of it is: a stream, an answered question, a command.
    pub fn whole(value: f64) -> Self {
        Self { value, sent: 1, arrived: 1 }
    }
}

/// All rounds of one side, in their order.
#[derive(Clone, Debug)]
pub struct Series {
    /// The side: "kernel", "vxbpf", ...
    pub side: String,
    /// A sample for each round.
    pub samples: Vec<Sample>,
}

impl Series {
    /// A side without rounds.
    pub fn new(side: &str) -> Self {
        Self { side: side.into(), samples: Vec::new() }
    }

    /// What was measured, round by round.
    pub fn values(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.value).collect()
    }

    /// The part of what was sent, in all rounds, that did not arrive: 0 to 1.
    pub fn lost(&self) -> f64 {
        let sent: u64 = self.samples.iter().map(|sample| sample.sent).sum();
        let arrived: u64 = self.samples.iter().map(|sample| sample.arrived).sum();
        if sent == 0 { 1.0 } else { 1.0 - arrived as f64 / sent as f64 }
    }
}

/// The middle of a sample, and the quarter below and above it that the middle half lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// A quarter of the values is smaller.
    pub low: f64,
    /// Half of them are.
    pub median: f64,
    /// Three quarters of them are.
    pub high: f64,
}

impl Spread {
    /// Of some values; none if there are none, or one of them is no number.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            low: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            high: quantile(&sorted, 0.75),
        })
    }

    /// Distance of the quarters.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

/// The value that `part` of the sorted values are below, interpolated between neighbours.
///
/// # Panics
/// When there are none.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let spread = Spread::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).expect("there are values");
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        assert_eq!(Spread::of(&[1.0, 2.0]).map(|spread| spread.median), Some(1.5));
        assert_eq!(Spread::of(&[7.0]), Some(Spread { low: 7.0, median: 7.0, high: 7.0 }));
    }

    #[test]
    fn one_wild_round_does_not_move_the_middle_half() {
        let spread = Spread::of(&[10.0, 10.1, 10.2, 10.3, 900.0]).expect("there are values");
        assert!((spread.median - 10.2).abs() < 1e-9 && spread.width() < 0.3, "{spread:?}");
    }

    #[test]
    fn nothing_and_no_number_have_no_spread() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[1.0, f64::NAN]), None);
        assert_eq!(Spread::of(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn loss_is_that_of_all_rounds_together() {
        let sample = |sent, arrived| Sample { value: 1.0, sent, arrived };
        let series = Series { side: "x".into(), samples: vec![sample(1000, 1000), sample(1000, 998)] };
        assert!((series.lost() - MOST_LOST).abs() < 1e-9);
        // What was never sent did not arrive.
        assert!(Series::new("x").lost() > MOST_LOST);
    }
}
