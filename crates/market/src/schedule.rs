//! Price schedules: checked once, and what they pay for an amount.
//!
//! A schedule is marginal: each tier prices the part of the amount that lies between the bound
//! before it and its own. The price is the exact sum over the tiers, rounded down once, at the
//! end. So that this is exact in 256 bits, the tiers' rates are brought to one denominator when
//! the schedule is checked; rates that have no denominator in common below `2^128` are refused
//! (rates in decimals always have one).

use ruint::aliases::U256;

use sealbid_types::allocation::ScheduleFault;
use sealbid_types::amount::Amount;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{MOST_TIERS, Quote, Rate, Tier};

use crate::MOST_UNITS;
use crate::fees::to_amount;

/// The most bits of the common denominator.
const DENOMINATOR_BITS: usize = 128;

/// The most bits of a rate's numerator over it: with amounts of 112 bits, sums stay below 2^256.
const NUMERATOR_BITS: usize = 140;

/// A checked schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSchedule {
    /// The common denominator of the rates.
    denominator: U256,
    /// Each tier's upper bound and its rate's numerator.
    tiers: Vec<(U256, U256)>,
}

impl PriceSchedule {
    /// Checks the schedule of `quote`: its pair, tiers, capacity and minimum fill.
    ///
    /// # Errors
    /// [`ScheduleFault`], the first that is found.
    pub fn new(quote: &Quote) -> Result<Self, ScheduleFault> {
        let Quote {
            pair,
            tiers,
            capacity,
            minimum_fill,
            ..
        } = quote;
        Self::of(pair, tiers, *capacity, *minimum_fill)
    }

    /// Checks the schedule of a quote that is still to be made.
    ///
    /// # Errors
    /// [`ScheduleFault`], the first that is found.
    pub fn of(
        pair: &Pair,
        tiers: &[Tier],
        capacity: Amount,
        minimum_fill: Amount,
    ) -> Result<Self, ScheduleFault> {
        if pair.give == pair.want {
            return Err(ScheduleFault::Pair);
        }
        if !(1..=MOST_TIERS).contains(&tiers.len()) {
            return Err(ScheduleFault::Tiers {
                count: counted(tiers.len()),
            });
        }
        if capacity.is_zero() {
            return Err(ScheduleFault::Capacity);
        }
        if minimum_fill > capacity {
            return Err(ScheduleFault::MinimumFill);
        }
        // Sizes last, and of all numbers: with them the sums below are known to fit.
        check_tiers(tiers)?;
        let amounts = tiers.iter().flat_map(|t| [t.up_to, t.rate.out, t.rate.per]);
        if amounts
            .chain([capacity])
            .any(|amount| amount.units() > MOST_UNITS)
        {
            return Err(ScheduleFault::TooLarge);
        }
        Self::on_common_denominator(tiers).ok_or(ScheduleFault::Denominator)
    }

    fn on_common_denominator(tiers: &[Tier]) -> Option<Self> {
        let fits = |value: &U256, bits| value.bit_len() <= bits;
        let rates: Vec<_> = tiers.iter().map(|tier| reduced(tier.rate)).collect();
        let denominator = rates.iter().try_fold(U256::ONE, |common, (_, per)| {
            common
                .lcm(*per)
                .filter(|common| fits(common, DENOMINATOR_BITS))
        })?;
        let scaled = |(out, per): &(U256, U256)| {
            out.checked_mul(denominator.checked_div(*per)?)
                .filter(|numerator| fits(numerator, NUMERATOR_BITS))
        };
        let bounds = tiers.iter().map(|tier| U256::from(tier.up_to.unsigned()));
        let tiers = bounds
            .zip(&rates)
            .map(|(bound, rate)| Some((bound, scaled(rate)?)));
        Some(Self {
            denominator,
            tiers: tiers.collect::<Option<_>>()?,
        })
    }

    /// What the schedule pays for `received` of the given asset, rounded down: nothing above its
    /// last bound, nor if the price is above [`MOST_UNITS`].
    #[must_use]
    pub fn price(&self, received: Amount) -> Option<Amount> {
        let received = U256::from(received.unsigned());
        let mut below = U256::ZERO;
        let mut sum = U256::ZERO;
        // Marginal, tier by tier, so that a larger amount never pays less: a solver that priced the
        // whole by the tier it ends in could make one more unit cost the trader.
        for (bound, rate) in &self.tiers {
            let part = received.min(*bound).checked_sub(below)?;
            sum = sum.checked_add(part.checked_mul(*rate)?)?;
            below = *bound;
            if received <= *bound {
                // The one rounding. By tiers, a solver that cuts its schedule into more of them
                // would pay less for the same rates.
                let price = to_amount(sum.checked_div(self.denominator)?)?;
                return (price.units() <= MOST_UNITS).then_some(price);
            }
        }
        None
    }
}

fn check_tiers(tiers: &[Tier]) -> Result<(), ScheduleFault> {
    let mut below = Amount::ZERO;
    for (index, Tier { up_to, rate }) in tiers.iter().enumerate() {
        if *up_to <= below {
            return Err(ScheduleFault::Bound {
                tier: counted(index),
            });
        }
        if rate.out.is_zero() || rate.per.is_zero() {
            return Err(ScheduleFault::Rate {
                tier: counted(index),
            });
        }
        below = *up_to;
    }
    Ok(())
}

/// A count as reasons carry it: of one width on every machine.
fn counted(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The rate in lowest terms. A rate for nothing stays one, and no denominator divides by it.
fn reduced(rate: Rate) -> (U256, U256) {
    let (out, per) = (
        U256::from(rate.out.unsigned()),
        U256::from(rate.per.unsigned()),
    );
    let divisor = out.gcd(per);
    let reduce = |value: U256| value.checked_div(divisor).unwrap_or(value);
    (reduce(out), reduce(per))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{amount, quote, tier};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use ruint::Uint;

    /// Room for the product of sixteen denominators: the reference needs no common one.
    type Wide = Uint<4096, 64>;

    /// The exact price, by the definition: `floor(sum part_i out_i / per_i)`.
    fn reference(tiers: &[Tier], received: i128) -> Option<Wide> {
        let wide = |amount: Amount| Wide::from(amount.unsigned());
        let (mut numerator, mut denominator) = (Wide::ZERO, Wide::ONE);
        let mut below = 0;
        for tier in tiers {
            let part = received.min(tier.up_to.units()) - below;
            let (out, per) = (
                Wide::from(part as u128) * wide(tier.rate.out),
                wide(tier.rate.per),
            );
            numerator = numerator * per + out * denominator;
            denominator *= per;
            below = tier.up_to.units();
            if received <= below {
                return Some(numerator / denominator);
            }
        }
        None
    }

    fn schedule(tiers: Vec<Tier>) -> Result<PriceSchedule, ScheduleFault> {
        PriceSchedule::new(&sealbid_types::quote::Quote { tiers, ..quote() })
    }

    fn any_tiers() -> impl Strategy<Value = Vec<Tier>> {
        let units = 1i128..1 << 40;
        let per = prop_oneof![
            Just(1),
            Just(1_000_000),
            Just(1_000_000_000_000_000_000),
            1i128..20
        ];
        let tier_of = (units.clone(), units, per);
        vec(tier_of, 1..=MOST_TIERS).prop_map(|tiers| {
            let mut bound = 0;
            let rising = |(step, out, per)| {
                bound += step;
                tier(bound, out, per)
            };
            tiers.into_iter().map(rising).collect()
        })
    }

    proptest! {
        #[test]
        fn exact_and_rounded_down_once(tiers in any_tiers(), at in 0.0f64..1.1) {
            let schedule = schedule(tiers.clone()).unwrap();
            let last = tiers.last().unwrap().up_to.units();
            let received = (last as f64 * at) as i128;
            let price = schedule.price(amount(received)).map(|price| Wide::from(price.unsigned()));
            prop_assert_eq!(price, reference(&tiers, received));
        }

        #[test]
        fn more_received_is_never_less_paid(tiers in any_tiers(), a in 0.0f64..1.0, b in 0.0f64..1.0) {
            let schedule = schedule(tiers.clone()).unwrap();
            let last = tiers.last().unwrap().up_to.units() as f64;
            let price = |at: f64| schedule.price(amount((last * at) as i128)).unwrap();
            prop_assert!(price(a.min(b)) <= price(a.max(b)));
        }

        #[test]
        fn any_numbers_are_priced_refused_or_nothing(
            tiers in vec((any::<i128>(), any::<i128>(), any::<i128>()), 0..20),
            received in 0..=i128::MAX,
        ) {
            let positive = |units: i128| amount(units.checked_abs().unwrap_or(0));
            let tier = |(up_to, out, per)| Tier {
                up_to: positive(up_to),
                rate: Rate { out: positive(out), per: positive(per) },
            };
            let tiers: Vec<Tier> = tiers.into_iter().map(tier).collect();
            if let Ok(schedule) = schedule(tiers.clone()) {
                let price = schedule.price(amount(received)).map(|price| Wide::from(price.unsigned()));
                let most = Wide::from(MOST_UNITS as u128);
                prop_assert_eq!(price, reference(&tiers, received).filter(|price| *price <= most));
            }
        }
    }

    #[test]
    fn bounds_belong_to_their_tiers() {
        let schedule = schedule(vec![tier(100, 2, 1), tier(200, 1, 1)]).unwrap();
        let price = |units| schedule.price(amount(units)).map(Amount::units);
        assert_eq!(price(0), Some(0));
        assert_eq!(price(100), Some(200));
        assert_eq!(price(101), Some(201));
        assert_eq!(price(200), Some(300));
        assert_eq!(price(201), None);
    }

    #[test]
    fn halves_of_two_tiers_add_up_before_rounding() {
        let schedule = schedule(vec![tier(1, 1, 2), tier(2, 1, 2)]).unwrap();
        assert_eq!(schedule.price(amount(2)), Some(amount(1)));
    }

    #[test]
    fn each_error_has_its_case() {
        let most = MOST_UNITS;
        for (tiers, error) in [
            (vec![], ScheduleFault::Tiers { count: 0 }),
            (
                (1..=17).map(|i| tier(i, 1, 1)).collect(),
                ScheduleFault::Tiers { count: 17 },
            ),
            (vec![tier(0, 1, 1)], ScheduleFault::Bound { tier: 0 }),
            (
                vec![tier(5, 1, 1), tier(5, 1, 1)],
                ScheduleFault::Bound { tier: 1 },
            ),
            (vec![tier(5, 0, 1)], ScheduleFault::Rate { tier: 0 }),
            (vec![tier(5, 1, 0)], ScheduleFault::Rate { tier: 0 }),
            (vec![tier(most + 1, 1, 1)], ScheduleFault::TooLarge),
            (vec![tier(5, most + 1, 1)], ScheduleFault::TooLarge),
            (
                vec![tier(1, 1, most - 1), tier(2, 1, most - 3)],
                ScheduleFault::Denominator,
            ),
            (
                vec![tier(1, most, 1), tier(2, 1, 1 << 30)],
                ScheduleFault::Denominator,
            ),
        ] {
            assert_eq!(schedule(tiers), Err(error));
        }
        let with = |change: fn(&mut Quote)| {
            let mut quote = quote();
            change(&mut quote);
            PriceSchedule::new(&quote).unwrap_err()
        };
        assert_eq!(
            with(|q| q.pair.want = q.pair.give.clone()),
            ScheduleFault::Pair
        );
        assert_eq!(with(|q| q.capacity = Amount::ZERO), ScheduleFault::Capacity);
        let above = |q: &mut Quote| q.minimum_fill = q.capacity.checked_add(amount(1)).unwrap();
        assert_eq!(with(above), ScheduleFault::MinimumFill);
        assert_eq!(
            with(|q| q.capacity = amount(MOST_UNITS + 1)),
            ScheduleFault::TooLarge
        );
    }

    #[test]
    fn a_price_above_what_an_auction_deals_in_is_none() {
        let schedule = schedule(vec![tier(1 << 20, MOST_UNITS, 1)]).unwrap();
        assert_eq!(schedule.price(amount(1)), Some(amount(MOST_UNITS)));
        assert_eq!(schedule.price(amount(2)), None);
    }
}
