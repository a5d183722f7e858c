//! Rounds, interleaved: each side once, then each side again.

use std::time::Duration;

use crate::series::{Sample, Series};

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds that count.
    pub rounds: usize,
    /// How long a stream runs in a round.
    pub stream: Duration,
    /// By how much packets, questions and entries are fewer than in a full run.
    pub fewer: u64,
    /// Whether this is only a look.
    pub quick: bool,
}

impl Effort {
    /// For figures that are published.
    pub fn full() -> Self {
        Self { rounds: 7, stream: Duration::from_secs(2), fewer: 1, quick: false }
    }

    /// To see that all of it works, in less than two minutes.
    pub fn quick() -> Self {
        Self { rounds: 3, stream: Duration::from_millis(250), fewer: 8, quick: true }
    }

    /// A number of things to be done in a round.
    pub fn count(&self, full: u64) -> u64 {
        full / self.fewer
    }
}

/// A side: its name, and what it does in a round.
pub type Side<'a> = (&'a str, Box<dyn FnMut() -> Sample + 'a>);

/// Runs all sides round by round; a first round warms up and does not count.
pub fn interleave(effort: &Effort, sides: &mut [Side<'_>]) -> Vec<Series> {
    let mut all: Vec<Series> = sides.iter().map(|(name, _)| Series::new(name)).collect();
    for round in 0..=effort.rounds {
        for ((_, work), series) in sides.iter_mut().zip(&mut all) {
            let sample = work();
            if round > 0 {
                series.samples.push(sample);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn sides_take_turns_and_the_first_round_does_not_count() {
        let order = RefCell::new(Vec::new());
        let side = |name: &'static str| -> Side<'_> {
            let order = &order;
            let work = move || {
                order.borrow_mut().push(name);
                Sample::whole(order.borrow().len() as f64)
            };
            (name, Box::new(work))
        };
        let effort = Effort { rounds: 2, ..Effort::quick() };
        let all = interleave(&effort, &mut [side("a"), side("b")]);
        assert_eq!(*order.borrow(), ["a", "b", "a", "b", "a", "b"]);
        assert_eq!(all[0].values(), [3.0, 5.0]);
        assert_eq!(all[1].values(), [4.0, 6.0]);
    }
}
