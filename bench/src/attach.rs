use crate::{finding::Finding, programs::Object, rounds::Effort};
pub fn first_packet(_: &Object, _: &Effort) -> Finding {
    Finding::default()
}
