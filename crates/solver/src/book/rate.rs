//! Rates, exactly: what is quoted is what the book says, and bounds compare fractions.

use core::cmp::Ordering;

use ruint::aliases::U256;
use sealbid_client::tokens::Decimal;
use sealbid_types::amount::Amount;
use sealbid_types::quote::Rate;

/// Percent in hundredths, so that what is computed with it is an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hundredths(u32);

impl Hundredths {
    /// All of something.
    pub(super) const WHOLE: u32 = 10_000;

    /// Rounded to hundredths at once, and an integer from here on; none if it is negative or no
    /// number.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    pub(super) fn of_percent(percent: f64) -> Option<Self> {
        let hundredths = (percent * 100.0).round();
        (0.0..f64::from(u32::MAX))
            .contains(&hundredths)
            .then_some(Self(hundredths as u32))
    }

    /// What is left of all when this is taken; none if that is nothing.
    pub(super) fn rest(self) -> Option<u32> {
        Self::WHOLE.checked_sub(self.0).filter(|rest| *rest > 0)
    }

    /// As people write it.
    pub(super) fn percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// All, and this.
    fn more(self) -> U256 {
        U256::from(Self::WHOLE).saturating_add(U256::from(self.0))
    }
}

/// `price` less the spread, in whole units; none if it leaves the range.
pub(super) fn less(price: &Decimal, spread: Hundredths) -> Option<Decimal> {
    let digits = price.digits().checked_mul(spread.rest()?.into())?;
    let places = price.places().checked_add(4)?;
    let digits = Amount::new(digits).ok()?;
    Some(Decimal::of_units(digits, u8::try_from(places).ok()?))
}

/// A price in whole units as a fraction of base units in lowest terms; none if it is zero or leaves
/// the range.
pub(super) fn fraction(price: &Decimal, give_decimals: u8, want_decimals: u8) -> Option<Rate> {
    let ten = |power: u32| 10_i128.checked_pow(power);
    // In integers, and rounded nowhere: what is signed is the rate of the book, less the spread.
    // What both have in common is left out first, or prices of tokens with many decimals overflow.
    let common = give_decimals.min(want_decimals);
    let out = price
        .digits()
        .checked_mul(ten(want_decimals.checked_sub(common)?.into())?)?;
    let per = ten(price.places())?.checked_mul(ten(give_decimals.checked_sub(common)?.into())?)?;
    // In lowest terms, which keeps both within what an amount can be.
    let divisor = greatest_common_divisor(out, per);
    if out <= 0 || divisor <= 0 {
        return None;
    }
    let amount = |units: i128| Amount::new(units.checked_div(divisor)?).ok();
    Some(Rate {
        out: amount(out)?,
        per: amount(per)?,
    })
}

/// Euclid's, of two numbers that are not negative.
fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

/// The product of two amounts: 254 bits at most.
fn product(a: Amount, b: Amount) -> U256 {
    U256::from(a.unsigned()).saturating_mul(U256::from(b.unsigned()))
}

/// Which of two fractions is larger.
pub(super) fn compare(a: Rate, b: Rate) -> Ordering {
    product(a.out, b.per).cmp(&product(b.out, a.per))
}

/// Whether `to` is larger than `from` by more than `percent` of it.
pub(super) fn rises_by_more(from: Rate, to: Rate, percent: Hundredths) -> bool {
    // Quoted amounts have 112 bits at most: two of them and a percentage fit.
    let after = product(to.out, from.per).checked_mul(U256::from(Hundredths::WHOLE));
    let most = product(from.out, to.per).checked_mul(percent.more());
    match (after, most) {
        (Some(after), Some(most)) => after > most,
        // Not to be compared: a person has to look.
        _ => true,
    }
}

/// Whether whoever trades at one and comes back at the other has more than before.
pub(super) fn pays_a_round_trip(there: Rate, back: Rate) -> bool {
    product(there.out, back.out) > product(there.per, back.per)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn rate(out: i128, per: i128) -> Rate {
        Rate {
            out: Amount::new(out).unwrap(),
            per: Amount::new(per).unwrap(),
        }
    }

    #[test]
    fn a_rise_is_more_than_the_percentage_and_not_that_much() {
        let ten = Hundredths::of_percent(10.0).unwrap();
        assert!(!rises_by_more(rate(100, 7), rate(110, 7), ten));
        assert!(rises_by_more(rate(100, 7), rate(110_001, 7000), ten));
        assert!(!rises_by_more(rate(100, 7), rate(1, 7), ten), "a fall");
        assert!(rises_by_more(rate(985, 1000), rate(9850, 1), ten));
    }

    #[test]
    fn percentages_are_numbers() {
        for wrong in [-0.01, f64::NAN, f64::INFINITY] {
            assert_eq!(Hundredths::of_percent(wrong), None, "{wrong}");
        }
        assert_eq!(Hundredths::of_percent(100.0).unwrap().rest(), None);
        assert_eq!(Hundredths::of_percent(0.2).unwrap().rest(), Some(9980));
    }

    proptest! {
        /// There at a rate and back at its inverse is nothing gained; at anything better it is.
        #[test]
        fn only_more_than_the_inverse_pays(out in 1_i128..1 << 112, per in 1_i128..1 << 112) {
            prop_assert!(!pays_a_round_trip(rate(out, per), rate(per, out)));
            prop_assert!(pays_a_round_trip(rate(out, per), rate(per + 1, out)));
        }
    }
}
