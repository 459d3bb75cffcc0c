//! Rates as fractions of base units, compared exactly.

use core::cmp::Ordering;

use ruint::aliases::U256;
use sealbid_types::amount::Amount;
use sealbid_types::quote::Rate;

/// How two rates compare. One for nothing counts as higher than all others: it divides by zero.
#[must_use]
pub(super) fn compare(a: &Rate, b: &Rate) -> Ordering {
    // Crosswise and in 256 bits: amounts of 128 bits that came from outside may be anything.
    wide(a.out, b.per).cmp(&wide(b.out, a.per))
}

/// By how many parts per thousand `rate` is below `reference`, rounded down; zero if it is not.
#[must_use]
pub(super) fn shortfall_per_mille(rate: &Rate, reference: &Rate) -> u16 {
    let (ours, theirs) = (wide(rate.out, reference.per), wide(reference.out, rate.per));
    let Some(missing) = theirs.checked_sub(ours) else {
        return 0;
    };
    // Of at most 128 and 127 bits, so that the product with a thousand fits.
    let per_mille = missing
        .checked_mul(U256::from(1000))
        .and_then(|scaled| scaled.checked_div(theirs));
    per_mille
        .and_then(|per_mille| u16::try_from(per_mille).ok())
        .unwrap_or(1000)
}

fn wide(a: Amount, b: Amount) -> U256 {
    // Amounts have 127 bits at most.
    U256::from(a.unsigned()).saturating_mul(U256::from(b.unsigned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn rate(out: i128, per: i128) -> Rate {
        let amount = |units| Amount::new(units).unwrap();
        Rate {
            out: amount(out),
            per: amount(per),
        }
    }

    #[test]
    fn the_largest_amounts_are_compared_and_do_not_overflow() {
        let (high, low) = (rate(i128::MAX, 1), rate(1, i128::MAX));
        assert_eq!(compare(&high, &low), Ordering::Greater);
        assert_eq!(compare(&high, &high), Ordering::Equal);
        assert_eq!(shortfall_per_mille(&low, &high), 1000);
        assert_eq!(shortfall_per_mille(&high, &low), 0);
    }

    #[test]
    fn a_shortfall_is_rounded_down() {
        assert_eq!(shortfall_per_mille(&rate(60, 100), &rate(100, 100)), 400);
        assert_eq!(shortfall_per_mille(&rate(2, 3), &rate(1, 1)), 333);
        assert_eq!(shortfall_per_mille(&rate(1, 1), &rate(1, 1)), 0);
    }

    proptest! {
        #[test]
        fn rates_compare_as_their_quotients_do(a in 1_i128..1 << 40, b in 1_i128..1 << 40, c in 1_i128..1 << 40, d in 1_i128..1 << 40) {
            let expected = (a * d).cmp(&(c * b));
            prop_assert_eq!(compare(&rate(a, b), &rate(c, d)), expected);
        }
    }
}
