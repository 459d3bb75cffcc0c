//! A pool of constant product, and a front-runner that sees each order before the pool does.
//!
//! It is the usual model of an open mempool with an automated market maker behind it. Pure integer
//! arithmetic, rounded in the pool's favour.

use ruint::aliases::U256;

/// How many times what the pool holds of the given asset a front-runner has to spend at most. An
/// order without a limit would otherwise let it spend without end.
const PURSE: u128 = 64;

/// What a pool holds of the two assets of a pair, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pool {
    /// Of what orders give.
    pub(super) give: u128,
    /// Of what they want.
    pub(super) want: u128,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Execution {
    /// What the order would have received with nobody before it.
    pub(super) undisturbed: u128,
    /// What it received: never less than its limit.
    pub(super) received: u128,
    /// What the front-runner gave before the order.
    pub(super) spent: u128,
    /// What it had back after the order, beyond what it gave: in the asset that the order gives.
    pub(super) taken: u128,
    /// What the pool holds after all that.
    pub(super) after: Pool,
}

impl Pool {
    /// What the pool pays for `amount`: `want · amount / (give + amount)`, rounded down.
    pub(super) fn pays(self, amount: u128) -> Option<u128> {
        let held = U256::from(self.give).checked_add(U256::from(amount))?;
        let product = U256::from(self.want).checked_mul(U256::from(amount))?;
        u128::try_from(product.checked_div(held)?).ok()
    }

    /// The pool after it has taken `amount` and paid for it.
    fn after(self, amount: u128) -> Option<(u128, Self)> {
        let paid = self.pays(amount)?;
        let after = Self {
            give: self.give.checked_add(amount)?,
            want: self.want.checked_sub(paid)?,
        };
        Some((paid, after))
    }

    /// The same pool for orders of the other direction.
    const fn turned(self) -> Self {
        Self {
            give: self.want,
            want: self.give,
        }
    }

    /// Lets a front-runner trade before and after an order: as much as the order's limit bears. None
    /// if the pool does not meet the limit by itself, or the amounts are out of range.
    pub(super) fn front_run(self, amount: u128, limit: u128) -> Option<Execution> {
        let undisturbed = self.sandwich(amount, 0)?;
        if undisturbed.received < limit {
            return None;
        }
        let bears = |spent| {
            self.sandwich(amount, spent)
                .filter(|execution| execution.received >= limit)
        };
        // The more it spends, the less the order receives, and the more is in it for the
        // front-runner: so it looks for the most that the order bears.
        let (mut bears_it, mut too_much) = (0, self.give.checked_mul(PURSE)?.checked_add(1)?);
        while too_much - bears_it > 1 {
            let middle = bears_it + (too_much - bears_it) / 2;
            match bears(middle) {
                Some(_) => bears_it = middle,
                None => too_much = middle,
            }
        }
        // Where rounding eats its gain it stays away.
        bears(bears_it)
            .filter(|execution| execution.taken > 0)
            .or(Some(undisturbed))
    }

    /// The front-runner gives `spent`, the order gives `amount`, and the front-runner gives back what
    /// it received.
    fn sandwich(self, amount: u128, spent: u128) -> Option<Execution> {
        let (bought, pool) = self.after(spent)?;
        let (received, pool) = pool.after(amount)?;
        let (back, pool) = pool.turned().after(bought)?;
        Some(Execution {
            undisturbed: self.pays(amount)?,
            received,
            spent,
            // A loss counts as nothing: then it would not have traded.
            taken: back.saturating_sub(spent),
            after: pool.turned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use core::ops::Range;

    use proptest::prelude::*;

    use super::*;

    /// Pools and orders as a demo has them and far beyond, with a limit of so many thousandths of
    /// what the order would receive.
    fn cases(thousandths: Range<u128>) -> impl Strategy<Value = (Pool, u128, u128)> {
        let held = 1_000_000u128..1 << 100;
        (held.clone(), held, 1u64..1_000_000, thousandths).prop_map(
            |(give, want, part, thousandths)| {
                let pool = Pool { give, want };
                let amount = (give / 1_000_000 * u128::from(part)).max(1);
                let limit = pool.pays(amount).unwrap() * thousandths / 1_000;
                (pool, amount, limit)
            },
        )
    }

    fn product(pool: Pool) -> U256 {
        U256::from(pool.give) * U256::from(pool.want)
    }

    proptest! {
        #[test]
        fn an_order_never_gets_less_than_its_limit((pool, amount, limit) in cases(1..1_100)) {
            let undisturbed = pool.pays(amount).unwrap();
            match pool.front_run(amount, limit) {
                Some(execution) => {
                    prop_assert!(execution.received >= limit);
                    prop_assert!(execution.received <= undisturbed);
                    prop_assert_eq!(execution.undisturbed, undisturbed);
                }
                None => prop_assert!(undisturbed < limit),
            }
        }

        /// Nothing comes from nowhere: what the order and the front-runner have, the pool has not.
        #[test]
        fn value_is_conserved((pool, amount, limit) in cases(1..1_100)) {
            if let Some(execution) = pool.front_run(amount, limit) {
                let Execution { received, taken, after, .. } = execution;
                prop_assert_eq!(after.give + taken, pool.give + amount);
                prop_assert_eq!(after.want + received, pool.want);
                prop_assert!(product(after) >= product(pool), "the pool pays for it");
            }
        }

        /// It takes what the order loses: no more than that is worth at the price at which the order
        /// would have left the pool, no less than it is worth at the price that there is after
        /// all, but for units that are rounded off at the prices in between.
        #[test]
        fn the_front_runner_takes_what_the_order_loses((pool, amount, limit) in cases(500..1_100)) {
            let Some(execution) = pool.front_run(amount, limit) else { return Ok(()) };
            let Execution { undisturbed, received, taken, after, .. } = execution;
            let (_, quiet) = pool.after(amount).unwrap();
            let lost = U256::from(undisturbed - received);
            let worth = |lost: U256, at: Pool| lost * U256::from(at.give) / U256::from(at.want);
            let units = U256::from(16);
            let most = worth(lost + units, quiet) + units;
            prop_assert!(U256::from(taken) <= most, "{taken} of at most {most}");
            let least = worth(lost.saturating_sub(units), after).saturating_sub(units);
            if taken > 0 {
                prop_assert!(U256::from(taken) >= least, "{taken} of at least {least}");
            }
        }

        /// Whoever leaves no room above the limit loses nothing.
        #[test]
        fn nothing_is_taken_where_the_limit_is_the_price((pool, amount, _) in cases(1..1_100)) {
            let price = pool.pays(amount).unwrap();
            let execution = pool.front_run(amount, price).unwrap();
            prop_assert_eq!(execution.received, price);
            prop_assert!(pool.front_run(amount, price + 1).is_none());
        }

        /// It takes all that there is: a unit more, and the order would not bear it.
        #[test]
        fn no_front_runner_takes_more((pool, amount, limit) in cases(1..1_100)) {
            let Some(execution) = pool.front_run(amount, limit) else { return Ok(()) };
            if execution.taken > 0 && execution.spent < pool.give * PURSE {
                let more = pool.sandwich(amount, execution.spent + 1);
                prop_assert!(more.is_none_or(|more| more.received < limit));
            }
        }
    }

    /// 1000 for at least 960, of a pool of a million each.
    #[test]
    fn an_example_in_round_numbers() {
        let unit = 1_000_000;
        let pool = Pool {
            give: 1_000_000 * unit,
            want: 1_000_000 * unit,
        };
        let execution = pool.front_run(1_000 * unit, 960 * unit).unwrap();
        assert_eq!(execution.undisturbed / unit, 999);
        assert_eq!(execution.received / unit, 960);
        assert_eq!(execution.spent / unit, 20_120);
        assert_eq!(execution.taken / unit, 39);
    }

    #[test]
    fn amounts_out_of_range_are_none() {
        let pool = Pool {
            give: u128::MAX,
            want: u128::MAX,
        };
        assert_eq!(pool.front_run(1, 0), None);
        let empty = Pool { give: 0, want: 0 };
        assert_eq!(empty.pays(0), None);
    }
}
