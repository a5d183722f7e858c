//! Explicit congestion notification through a tunnel (RFC 6040 section 4.2).

use vxlan_common::Outcome;

const MASK: u8 = 0b11;
const NOT_ECT: u8 = 0b00;
const ECT_1: u8 = 0b01;
const ECT_0: u8 = 0b10;
const CE: u8 = 0b11;

/// The inner TOS after decapsulation, from both TOS fields; the drop of figure 4 is an error.
#[inline(always)]
pub(super) fn decapsulated(inner: u8, outer: u8) -> Result<u8, Outcome> {
    let mark = match (inner & MASK, outer & MASK) {
        (NOT_ECT, CE) => return Err(Outcome::EcnCongested),
        (NOT_ECT, _) => NOT_ECT,
        (_, CE) => CE,
        (ECT_0, ECT_1) => ECT_1,
        (inner, _) => inner,
    };
    Ok(inner & !MASK | mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sixteen_pairs_are_those_of_figure_4() {
        let figure = [
            // outer:  Not-ECT        ECT(1)         ECT(0)         CE
            (NOT_ECT, [Some(NOT_ECT), Some(NOT_ECT), Some(NOT_ECT), None]),
            (ECT_1, [Some(ECT_1), Some(ECT_1), Some(ECT_1), Some(CE)]),
            (ECT_0, [Some(ECT_0), Some(ECT_1), Some(ECT_0), Some(CE)]),
            (CE, [Some(CE), Some(CE), Some(CE), Some(CE)]),
        ];
        for (inner, row) in figure {
            for (outer, expected) in (0..4).zip(row) {
                let dscp = 0x28;
                assert_eq!(decapsulated(dscp | inner, 0xb8 | outer).ok(), expected.map(|ecn| dscp | ecn));
            }
        }
    }
}
