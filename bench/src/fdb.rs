use crate::{finding::Finding, programs::Object, rounds::Effort};
pub fn large(_: &Object, _: &Effort) -> Finding {
    Finding::default()
}
pub fn programming(_: &Object, _: &Effort) -> Finding {
    Finding::default()
}
