//! What the traders of a demo want: from a seed, so that a demo can be run again.

use sealbid_client::{Account, Order, Trader};
use sealbid_types::amount::Amount;

use crate::dev::sample_books::{PAIRS, SCALE, SamplePair};
use crate::exit::Failure;
use crate::tokens::Tokens;

/// How many orders one trader has.
const ORDERS_PER_TRADER: usize = 5;
/// One order in so many asks for more than any solver pays.
const NOT_FILLABLE: usize = 6;
/// The largest order, in whole units.
const LARGEST: u64 = 2_000;

/// Bytes from a seed.
// BLAKE3's output: the same bytes everywhere and in each version, which generators of random
// numbers do not promise.
pub(crate) struct Dice(blake3::OutputReader);

impl Dice {
    /// The bytes of a seed, for one purpose.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("sealbid 2026-11 demo");
        hasher
            .update(&seed.to_le_bytes())
            .update(purpose.as_bytes());
        Self(hasher.finalize_xof())
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        // 128 bits for a number of 64, so that the remainder favours nothing that could be seen.
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        let number = u128::from_le_bytes(bytes)
            .checked_rem(end.into())
            .unwrap_or(0);
        u64::try_from(number).unwrap_or(0)
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// An order, and what should become of it.
#[derive(Debug, Clone)]
pub(crate) struct PlannedOrder {
    /// Which of the traders gives it.
    pub(crate) trader: usize,
    /// The order.
    pub(crate) order: Order,
    /// Whether the solvers' prices meet its limit.
    pub(crate) is_fillable: bool,
}

/// All that the traders do.
pub(crate) struct Plan {
    /// The traders.
    pub(crate) traders: Vec<Trader>,
    /// The orders, batch by batch.
    pub(crate) batches: Vec<Vec<PlannedOrder>>,
}

impl Plan {
    /// Spreads `intents` orders over `rounds` batches.
    ///
    /// # Errors
    /// Usage, if the tokens of the sample books are not known.
    pub(crate) fn new(
        seed: u64,
        intents: usize,
        rounds: usize,
        tokens: &Tokens,
    ) -> Result<Self, Failure> {
        let mut dice = Dice::new(seed, "traders");
        let traders = (0..intents.div_ceil(ORDERS_PER_TRADER)).map(|_| {
            let secret = ed25519_dalek::SigningKey::from_bytes(&dice.bytes());
            Trader::new(Account::new(secret))
        });
        let traders = traders.collect();
        let mut dice = Dice::new(seed, "orders");
        let per_batch = intents.div_ceil(rounds.max(1)).max(1);
        let largest = largest(per_batch);
        let orders = (0..intents).map(|number| order(number, largest, &mut dice, tokens));
        let orders = orders.collect::<Result<Vec<_>, _>>()?;
        let batches = orders
            .chunks(per_batch)
            .map(<[PlannedOrder]>::to_vec)
            .collect();
        Ok(Self { traders, batches })
    }

    /// How many orders there are.
    pub(crate) fn orders(&self) -> usize {
        self.batches.iter().map(Vec::len).sum()
    }
}

/// So large that a whole batch fits into what one solver takes.
fn largest(per_batch: usize) -> u64 {
    let capacity = PAIRS.iter().map(|pair| pair.capacity).min().unwrap_or(1);
    let per_batch = u64::try_from(per_batch).unwrap_or(u64::MAX).max(1);
    (capacity / per_batch).clamp(2, LARGEST)
}

fn order(
    number: usize,
    largest: u64,
    dice: &mut Dice,
    tokens: &Tokens,
) -> Result<PlannedOrder, Failure> {
    let pair = PAIRS
        .get(number % PAIRS.len())
        .ok_or_else(|| Failure::work("no sample pairs"))?;
    // The fifth, the eleventh …: a demo of five orders has one already.
    let is_fillable = number % NOT_FILLABLE != NOT_FILLABLE - 2;
    let whole = 1 + dice.below(largest);
    // Solvers keep less than half a percent of the fair price.
    let percent = if is_fillable {
        95 + dice.below(4)
    } else {
        103 + dice.below(8)
    };
    let (give, want) = (tokens.named(pair.give)?, tokens.named(pair.want)?);
    let order = Order::Swap {
        give: give.asset.clone(),
        amount: units(whole.into(), give.decimals)?,
        want: want.asset.clone(),
        minimum: limit(whole, percent, pair, want.decimals)?,
    };
    Ok(PlannedOrder {
        trader: number / ORDERS_PER_TRADER,
        order,
        is_fillable,
    })
}

fn units(whole: u128, decimals: u8) -> Result<Amount, Failure> {
    let units = 10_u128
        .checked_pow(decimals.into())
        .and_then(|one| whole.checked_mul(one));
    let amount = units.and_then(|units| Amount::try_from(units).ok());
    amount.ok_or_else(|| Failure::work("an order of a demo is too large"))
}

/// So many percent of the fair price.
fn limit(whole: u64, percent: u64, pair: &SamplePair, decimals: u8) -> Result<Amount, Failure> {
    let price = u128::from(whole) * u128::from(pair.price) * u128::from(percent);
    let scaled = units(price, decimals)?.unsigned() / (u128::from(SCALE) * 100);
    Amount::try_from(scaled).map_err(|error| Failure::work(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;
    use crate::dev::sample_books;
    use sealbid_solver::Book;
    use sealbid_types::metadata::Pair;

    fn tokens() -> Tokens {
        Tokens::parse(crate::tokens::DEFAULT).unwrap()
    }

    fn plan(seed: u64, intents: usize, rounds: usize) -> Plan {
        Plan::new(seed, intents, rounds, &tokens()).unwrap()
    }

    #[test]
    fn a_seed_gives_the_same_orders_again() {
        let orders = |seed| {
            let plan = plan(seed, 20, 2);
            let orders = plan.batches.concat();
            orders
                .into_iter()
                .map(|planned| planned.order)
                .collect::<Vec<_>>()
        };
        assert_eq!(orders(1), orders(1));
        assert_ne!(orders(1), orders(2));
    }

    #[test]
    fn every_order_is_in_a_batch_and_has_a_trader() {
        for (intents, rounds) in [(1, 1), (1, 3), (7, 2), (60, 2), (61, 4)] {
            let plan = plan(3, intents, rounds);
            assert_eq!(plan.orders(), intents);
            assert!(plan.batches.len() <= rounds);
            let traders = plan.traders.len();
            assert!(
                plan.batches
                    .concat()
                    .iter()
                    .all(|planned| planned.trader < traders)
            );
        }
        let planned = plan(3, 12, 1).batches.concat();
        assert_eq!(
            planned
                .iter()
                .filter(|planned| !planned.is_fillable)
                .count(),
            2
        );
    }

    /// What a book pays for an order, before the fee.
    fn paid(book: &Book, order: &Order) -> Option<i128> {
        let Order::Swap {
            give, want, amount, ..
        } = order
        else {
            return None;
        };
        let pair = Pair {
            give: give.clone(),
            want: want.clone(),
        };
        let prices = book.prices(&pair)?;
        Some(prices.pays(*amount).expect("it fits").units())
    }

    #[test]
    fn sample_books_fill_what_is_fillable_and_nothing_else() {
        let tokens = tokens();
        let books: Vec<Book> = (1..=16)
            .map(|solver| Book::parse(&sample_books::text(solver), &tokens).unwrap())
            .collect();
        for planned in plan(5, 240, 2).batches.concat() {
            let Order::Swap { minimum, .. } = &planned.order else {
                panic!("not a swap")
            };
            let prices = books.iter().filter_map(|book| paid(book, &planned.order));
            let (mut any, fair) = (0, minimum.units());
            for price in prices {
                any += 1;
                assert_eq!(
                    price > fair + fair / 500,
                    planned.is_fillable,
                    "{planned:?}"
                );
            }
            assert!(any > 10, "most books serve every pair");
        }
    }

    #[test]
    fn books_differ_and_every_pair_is_served_by_the_first_two() {
        let tokens = tokens();
        let texts: std::collections::BTreeSet<String> = (1..=8).map(sample_books::text).collect();
        assert_eq!(texts.len(), 8);
        for solver in [1, 2] {
            let book = Book::parse(&sample_books::text(solver), &tokens).unwrap();
            assert_eq!(book.pairs().len(), PAIRS.len());
            assert_eq!(book.warnings(), []);
        }
    }
}
