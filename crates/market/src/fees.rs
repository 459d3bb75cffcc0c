//! The Verifier's fee: parts per million of each negative delta, rounded up. NFTs, and multi-token
//! amounts of 1 or less, are free.

use ruint::aliases::U256;

use sealbid_types::amount::Amount;
use sealbid_types::text::{AssetId, AssetStandard};

/// All of it, in parts per million.
const WHOLE: u32 = 1_000_000;

/// The fee on what a `token_diff` gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    pips: u32,
}

impl Fee {
    /// A fee of `pips` parts per million; more than all counts as all.
    #[must_use]
    pub const fn new(pips: u32) -> Self {
        Self {
            pips: if pips > WHOLE { WHOLE } else { pips },
        }
    }

    /// The fee on giving `amount` of `asset`.
    #[must_use]
    pub fn on(self, asset: &AssetId, amount: Amount) -> Amount {
        if is_free(asset, amount) {
            Amount::ZERO
        } else {
            self.share_of(amount)
        }
    }

    /// What arrives of `amount` given.
    #[must_use]
    pub fn net(self, asset: &AssetId, amount: Amount) -> Amount {
        amount
            .checked_sub(self.on(asset, amount))
            .unwrap_or_default()
    }

    /// The least amount that has to be given so that `wanted` arrives; then exactly `wanted` does,
    /// since one unit more given is at most one unit more that arrives. Nothing if no amount is
    /// enough, or none that can be counted.
    #[must_use]
    pub fn gross(self, asset: &AssetId, wanted: Amount) -> Option<Amount> {
        if is_free(asset, wanted) || self.pips == 0 {
            return Some(wanted);
        }
        let kept = WHOLE.checked_sub(self.pips).filter(|kept| *kept > 0)?;
        // d - ceil(d f) = floor(d (1 - f)) >= w exactly when d (1 - f) >= w.
        let given = U256::from(wanted.unsigned()) * U256::from(WHOLE);
        to_amount(given.div_ceil(U256::from(kept)))
    }

    /// `ceil(amount * pips / 1e6)`: at most `amount`.
    ///
    /// In 256 bits, since the product of an amount and a fee does not fit the amount's own 128.
    fn share_of(self, amount: Amount) -> Amount {
        let product = U256::from(amount.unsigned()) * U256::from(self.pips);
        to_amount(product.div_ceil(U256::from(WHOLE))).unwrap_or(amount)
    }
}

fn is_free(asset: &AssetId, amount: Amount) -> bool {
    match asset.standard() {
        AssetStandard::Nep141 => false,
        AssetStandard::Nep245 => amount.units() <= 1,
        AssetStandard::Nep171 => true,
    }
}

/// The amount that `units` is, unless it is too large for one.
pub(crate) fn to_amount(units: U256) -> Option<Amount> {
    i128::try_from(units)
        .ok()
        .and_then(|units| Amount::new(units).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::amount;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        closure_at_1_pip: Vec<Closure>,
    }

    /// What one side gives and the other gets, or wants and therefore needs to be given.
    #[derive(Deserialize)]
    struct Closure {
        out: Option<i128>,
        r#in: i128,
        needs: Option<i128>,
    }

    fn asset(standard: u8) -> AssetId {
        let text = ["nep141:a.near", "nep245:a.near:1", "nep171:a.near:1"][standard as usize];
        text.parse().unwrap()
    }

    #[test]
    fn closures_of_the_public_vectors() {
        let text = include_str!("../../near/vectors/near.json");
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        let (fee, asset) = (Fee::new(1), asset(0));
        for Closure { out, r#in, needs } in vectors.closure_at_1_pip {
            if let Some(out) = out {
                assert_eq!(fee.net(&asset, amount(-out)), amount(r#in));
            }
            if let Some(needs) = needs {
                assert_eq!(fee.gross(&asset, amount(r#in)), Some(amount(-needs)));
            }
            assert!(out.is_some() || needs.is_some());
        }
    }

    #[test]
    fn single_units_of_multi_tokens_and_all_nfts_are_free() {
        let fee = Fee::new(500_000);
        assert_eq!(fee.on(&asset(0), amount(1)), amount(1));
        assert_eq!(fee.on(&asset(1), amount(1)), amount(0));
        assert_eq!(fee.on(&asset(1), amount(2)), amount(1));
        assert_eq!(fee.on(&asset(2), amount(2)), amount(0));
        assert_eq!(fee.gross(&asset(1), amount(1)), Some(amount(1)));
    }

    #[test]
    fn a_fee_of_everything_lets_nothing_arrive() {
        let fee = Fee::new(u32::MAX);
        assert_eq!(fee.net(&asset(0), amount(i128::MAX)), amount(0));
        assert_eq!(fee.gross(&asset(0), amount(1)), None);
        assert_eq!(Fee::new(999_999).gross(&asset(0), amount(i128::MAX)), None);
    }

    proptest! {
        #[test]
        fn gross_is_the_least_that_nets_the_wanted(pips in 0u32..1_000_000, wanted in 0i128..1 << 100, standard in 0u8..3) {
            let (fee, asset) = (Fee::new(pips), asset(standard));
            let gross = fee.gross(&asset, amount(wanted)).unwrap();
            prop_assert_eq!(fee.net(&asset, gross), amount(wanted));
            if gross.units() > 0 {
                prop_assert!(fee.net(&asset, amount(gross.units() - 1)) < amount(wanted));
            }
        }

        #[test]
        fn small_amounts_by_trial(pips in 0u32..1_000_000, wanted in 0i128..200, standard in 0u8..3) {
            let (fee, asset) = (Fee::new(pips), asset(standard));
            let trial = (0..100_000).map(amount).find(|given| fee.net(&asset, *given) >= amount(wanted));
            let gross = fee.gross(&asset, amount(wanted)).unwrap();
            if let Some(least) = trial {
                prop_assert_eq!(gross, least);
            } else {
                prop_assert!(gross >= amount(100_000));
            }
        }
    }
}
