//! Waiting for a condition that has a name.
//!
//! The only place in these tests where time passes: a condition is asked again every few
//! milliseconds until it holds or its time is up, and then the panic says what was waited for.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a change inside one machine may take before the test calls it missing.
pub const SOON: Duration = Duration::from_secs(5);

/// The pause between two questions: short against [`SOON`], long against the cost of a question.
const PAUSE: Duration = Duration::from_millis(10);

/// Returns as soon as `condition` holds.
///
/// `what` completes the sentence "waited in vain for ...".
///
/// # Panics
/// When the condition does not hold within `limit`.
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, limit, || condition().then_some(()));
}

/// As [`wait_until`], for a condition that yields something: returns the first `Some`.
///
/// # Panics
/// When there is none within `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(start.elapsed() < limit, "waited in vain for {what}, {limit:?} long");
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_once_the_condition_holds() {
        let mut questions = 0;
        wait_until("the third question", SOON, || {
            questions += 1;
            questions == 3
        });
        assert_eq!(questions, 3);
    }

    #[test]
    #[should_panic(expected = "waited in vain for a blue moon")]
    fn the_panic_names_the_condition() {
        wait_until("a blue moon", Duration::ZERO, || false);
    }
}
