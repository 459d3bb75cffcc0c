//! The fee on what a `token_diff` pays.

use crate::intents::TokenId;

/// All of an amount, in parts per million.
const WHOLE: u32 = 1_000_000;

/// A fee in parts per million, at most all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Pips(u32);

impl Pips {
    /// `pips` parts per million; none if that is more than all.
    #[must_use]
    pub const fn new(pips: u32) -> Option<Self> {
        if pips > WHOLE { None } else { Some(Self(pips)) }
    }

    /// How many.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The fee on paying `amount` of `token`, rounded up. Non-fungible tokens are free, and so is at
    /// most 1 of a token that may be one (multi-tokens, minted ones).
    #[must_use]
    pub fn on(self, token: &TokenId, amount: u128) -> u128 {
        match token.standard() {
            "nep141" => self.share_of(amount),
            "nep245" | "imt" if amount > 1 => self.share_of(amount),
            _ => 0,
        }
    }

    /// Whole millions apart from the rest: `amount` times the fee need not fit. Nothing saturates,
    /// since no part is more than `amount`, or than a million squared.
    fn share_of(self, amount: u128) -> u128 {
        let (whole, pips) = (u128::from(WHOLE), u128::from(self.0));
        let millions = (amount / whole).saturating_mul(pips);
        let rest = (amount % whole).saturating_mul(pips).div_ceil(whole);
        millions.saturating_add(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(text: &str) -> TokenId {
        text.parse().unwrap()
    }

    #[test]
    fn rounded_up_and_free_where_it_may_be_one_thing() {
        let fee = Pips::new(1).unwrap();
        let on = |text: &str, amount| fee.on(&token(text), amount);
        for amount in [1, 100, 1_000_000] {
            assert_eq!(on("nep141:t.near", amount), 1);
        }
        assert_eq!(on("nep141:t.near", 1_000_001), 2);
        for (text, one, two) in [
            ("nep171:t.near:1", 0, 0),
            ("nep245:t.near:1", 0, 1),
            ("imt:t.near:1", 0, 1),
        ] {
            assert_eq!((on(text, 1), on(text, 2)), (one, two), "{text}");
        }
        assert_eq!(
            (Pips::new(WHOLE + 1), Pips(0).on(&token("nep141:t.near"), 9)),
            (None, 0)
        );
    }

    proptest! {
        #[test]
        fn it_is_the_least_share_that_is_enough(amount: u128, pips in 0..=WHOLE) {
            let fee = Pips::new(pips).unwrap().on(&token("nep141:t.near"), amount);
            prop_assert!(fee <= amount);
            if let Some(product) = amount.checked_mul(u128::from(pips)) {
                prop_assert_eq!(fee, product.div_ceil(u128::from(WHOLE)));
            }
            if pips == WHOLE {
                prop_assert_eq!(fee, amount);
            }
        }

        #[test]
        fn small_amounts_in_one_product(amount in 0..10_000_000_u128, pips in 0..=WHOLE) {
            let fee = Pips::new(pips).unwrap().on(&token("nep141:t.near"), amount);
            prop_assert_eq!(fee, (amount * u128::from(pips)).div_ceil(u128::from(WHOLE)));
        }
    }
}
