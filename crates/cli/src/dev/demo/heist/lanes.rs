//! The same orders in both lanes: what each got, and what it lost to the fair price.

use ruint::aliases::U256;
use sealbid_client::{Order, Outcome};
use sealbid_keygen::HouseDir;
use sealbid_solver::Book;
use sealbid_types::allocation::FillKind;
use sealbid_types::amount::Amount;
use sealbid_types::id::EnvelopeId;
use sealbid_types::metadata::Pair;
use sealbid_types::text::AssetId;
use serde::Serialize;

use super::super::plan::PlannedOrder;
use super::super::trading::Traded;
use super::pool::{Execution, Pool};
use crate::dev::house_setup::solver_path;
use crate::dev::sample_books::{PAIRS, SCALE, SamplePair};
use crate::exit::Failure;
use crate::tokens::Tokens;

/// In what all losses are added up: what is given in most pairs.
pub(super) const UNIT: &str = "usdc.near";

/// The market that both lanes trade in: fair prices, and what the solvers' books can take.
pub(super) struct Market<'a> {
    tokens: &'a Tokens,
    books: Vec<Book>,
}

/// An order in both lanes.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Compared {
    /// Its envelope in the sealed lane.
    pub(super) order: EnvelopeId,
    #[serde(skip)]
    pub(super) give: AssetId,
    #[serde(skip)]
    pub(super) want: AssetId,
    /// What it gives.
    pub(super) gives: Amount,
    /// The least that it takes.
    pub(super) at_least: Amount,
    /// What it got in each lane; none if it was not filled there.
    pub(super) open: Option<Amount>,
    pub(super) sealed: Option<Amount>,
    /// What it would have got in the open lane with nobody before it.
    pub(super) open_undisturbed: Option<Amount>,
    /// What the front-runner took of it, in what it gives.
    pub(super) taken: Amount,
    /// By how much it got less than the fair price, in units of [`UNIT`].
    pub(super) open_lost: Option<Amount>,
    pub(super) sealed_lost: Option<Amount>,
    /// What the front-runner took, in units of [`UNIT`].
    pub(super) taken_worth: Amount,
}

/// All orders together, in units of [`UNIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Sums {
    /// Orders that were filled in the open lane, and in the sealed one.
    pub(super) open_filled: usize,
    pub(super) sealed_filled: usize,
    /// What they lost to the fair price.
    pub(super) open_lost: Amount,
    pub(super) sealed_lost: Amount,
    /// What of that the front-runner took.
    pub(super) taken: Amount,
}

impl<'a> Market<'a> {
    /// That of a development house.
    ///
    /// # Errors
    /// The books'.
    pub(super) fn of(house: &HouseDir, solvers: u8, tokens: &'a Tokens) -> Result<Self, Failure> {
        let load = |solver| Book::load(&solver_path(house, solver).join("book.toml"), tokens);
        let books = (1..=solvers).map(load).collect::<Result<_, _>>();
        let books = books.map_err(|error| Failure::work(error.to_string()))?;
        Ok(Self { tokens, books })
    }

    /// What comes of an order in the open lane; none if the pool does not meet its limit.
    ///
    /// # Errors
    /// Work, if it is no swap of a sample pair.
    fn open_lane(&self, order: &Order) -> Result<Option<Execution>, Failure> {
        let swap = Swap::of(order)?;
        let pool = self.pool(&swap)?;
        Ok(pool.front_run(swap.amount.unsigned(), swap.minimum.unsigned()))
    }

    /// What the front-runner takes of an order, in units of [`UNIT`]; none if the order is not filled.
    ///
    /// # Errors
    /// As [`Self::open_lane`].
    pub(super) fn taken(&self, order: &Order) -> Result<Option<Amount>, Failure> {
        let swap = Swap::of(order)?;
        let execution = self.open_lane(order)?;
        let worth = |execution: Execution| self.worth(swap.give, execution.taken);
        execution.map(worth).transpose()
    }

    /// A pool at the fair price, as deep as the solvers' books together.
    fn pool(&self, swap: &Swap<'_>) -> Result<Pool, Failure> {
        let pair = Pair {
            give: swap.give.clone(),
            want: swap.want.clone(),
        };
        let prices = self.books.iter().filter_map(|book| book.prices(&pair));
        let give = prices.map(|prices| prices.capacity().unsigned()).sum();
        Ok(Pool {
            give,
            want: self.fair(swap, give)?,
        })
    }

    /// What an amount of what a swap gives is worth in what it wants, at the fair price.
    fn fair(&self, swap: &Swap<'_>, amount: u128) -> Result<u128, Failure> {
        let sample = self.sample(swap.give, swap.want)?;
        let one = |token| self.one(token);
        let over = [amount, sample.price.into(), one(sample.want)?];
        fraction(&over, &[SCALE.into(), one(sample.give)?])
    }

    /// What an amount of what a swap wants is worth in units of [`UNIT`].
    fn worth(&self, asset: &AssetId, amount: u128) -> Result<Amount, Failure> {
        let unit = self.tokens.named(UNIT)?;
        if *asset == unit.asset {
            return to_amount(amount);
        }
        // By the pair that leads to it; where that does not begin with the unit, by one more.
        let pair = PAIRS.iter().find(|pair| {
            let want = self.tokens.named(pair.want);
            want.is_ok_and(|want| want.asset == *asset)
        });
        let pair = pair.ok_or_else(|| Failure::work("no fair price of it"))?;
        let over = [amount, SCALE.into(), self.one(pair.give)?];
        let given = fraction(&over, &[pair.price.into(), self.one(pair.want)?])?;
        self.worth(&self.tokens.named(pair.give)?.asset, given)
    }

    /// Base units of a whole one.
    fn one(&self, token: &str) -> Result<u128, Failure> {
        let decimals = self.tokens.named(token)?.decimals;
        let one = 10_u128.checked_pow(decimals.into());
        one.ok_or_else(|| Failure::work("a token of a demo has too many decimals"))
    }

    fn sample(&self, give: &AssetId, want: &AssetId) -> Result<&'static SamplePair, Failure> {
        let is = |name, asset: &AssetId| {
            let token = self.tokens.named(name);
            token.is_ok_and(|token| token.asset == *asset)
        };
        let mut pairs = PAIRS.iter();
        let pair = pairs.find(|pair| is(pair.give, give) && is(pair.want, want));
        pair.ok_or_else(|| Failure::work("an order of a demo is of no sample pair"))
    }

    /// An order in both lanes.
    ///
    /// # Errors
    /// Work, if it is no swap of a sample pair.
    pub(super) fn compare(&self, traded: &Traded) -> Result<Compared, Failure> {
        let PlannedOrder { order, .. } = &traded.planned;
        let (swap, open) = (Swap::of(order)?, self.open_lane(order)?);
        let fair = self.fair(&swap, swap.amount.unsigned())?;
        let sealed = received(&traded.outcome);
        let lost = |got: u128| self.worth(swap.want, fair.saturating_sub(got));
        let taken = open.map_or(0, |execution| execution.taken);
        let in_open = |of: fn(Execution) -> u128| open.map(of).map(to_amount).transpose();
        Ok(Compared {
            order: traded.envelope,
            give: swap.give.clone(),
            want: swap.want.clone(),
            gives: swap.amount,
            at_least: swap.minimum,
            open: in_open(|execution| execution.received)?,
            sealed,
            open_undisturbed: in_open(|execution| execution.undisturbed)?,
            taken: to_amount(taken)?,
            open_lost: open.map(|execution| lost(execution.received)).transpose()?,
            sealed_lost: sealed.map(|got| lost(got.unsigned())).transpose()?,
            taken_worth: self.worth(swap.give, taken)?,
        })
    }
}

impl Sums {
    /// Of all these orders.
    pub(super) fn of(orders: &[Compared]) -> Self {
        let sum = |of: fn(&Compared) -> Option<Amount>| {
            let amounts = orders.iter().filter_map(of);
            let sum = amounts.fold(0_u128, |sum, amount| sum.saturating_add(amount.unsigned()));
            Amount::try_from(sum).unwrap_or_default()
        };
        Self {
            open_filled: orders.iter().filter(|order| order.open.is_some()).count(),
            sealed_filled: orders.iter().filter(|order| order.sealed.is_some()).count(),
            open_lost: sum(|order| order.open_lost),
            sealed_lost: sum(|order| order.sealed_lost),
            taken: sum(|order| Some(order.taken_worth)),
        }
    }
}

/// An amount of [`UNIT`], to the cent.
pub(super) fn in_unit(amount: Amount, tokens: &Tokens) -> String {
    let decimals = tokens.named(UNIT).map_or(0, |token| token.decimals);
    let cent = 10_u128.pow(u32::from(decimals.saturating_sub(2)).min(36));
    let cents = amount.unsigned().checked_div(cent).unwrap_or(0);
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// What an order says, if it is a swap.
struct Swap<'a> {
    give: &'a AssetId,
    amount: Amount,
    want: &'a AssetId,
    minimum: Amount,
}

impl<'a> Swap<'a> {
    fn of(order: &'a Order) -> Result<Self, Failure> {
        match order {
            Order::Swap {
                give,
                amount,
                want,
                minimum,
            } => Ok(Self {
                give,
                amount: *amount,
                want,
                minimum: *minimum,
            }),
            _ => Err(Failure::work("an order of a demo is no swap")),
        }
    }
}

/// What an order has received by its round's record.
fn received(outcome: &Outcome) -> Option<Amount> {
    match outcome {
        Outcome::Filled { fill, .. } => match &fill.fill.kind {
            FillKind::Swap { amount_out, .. } => Some(*amount_out),
            FillKind::PassThrough => None,
        },
        _ => None,
    }
}

/// The product of `over` by the product of `under`, rounded down.
fn fraction(over: &[u128], under: &[u128]) -> Result<u128, Failure> {
    let product = |factors: &[u128]| {
        let one = U256::from(1_u8);
        let mut factors = factors.iter();
        factors.try_fold(one, |product, factor| {
            product.checked_mul(U256::from(*factor))
        })
    };
    let quotient = product(over).and_then(|over| over.checked_div(product(under)?));
    let quotient = quotient.and_then(|quotient| u128::try_from(quotient).ok());
    quotient.ok_or_else(|| Failure::work("an amount of a demo is out of range"))
}

fn to_amount(units: u128) -> Result<Amount, Failure> {
    Amount::try_from(units).map_err(|error| Failure::work(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::super::plan::Plan;
    use super::*;
    use crate::dev::sample_books;
    use crate::tokens::DEFAULT;

    const SOLVERS: u8 = 3;

    fn market(tokens: &Tokens) -> Market<'_> {
        let book = |solver| Book::parse(&sample_books::text(solver), tokens).unwrap();
        Market {
            tokens,
            books: (1..=SOLVERS).map(book).collect(),
        }
    }

    /// Orders of a plan, as if nothing had become of them in the sealed lane.
    fn orders(tokens: &Tokens) -> Vec<Traded> {
        let plan = Plan::new(11, 240, 2, tokens).unwrap();
        let traded = |planned| Traded {
            planned,
            envelope: [1; 32].into(),
            outcome: Outcome::Unknown,
        };
        plan.batches.into_iter().flatten().map(traded).collect()
    }

    #[test]
    fn the_open_lane_fills_what_the_sealed_one_does_and_leaves_it_its_limit() {
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let market = market(&tokens);
        for traded in orders(&tokens) {
            let compared = market.compare(&traded).unwrap();
            let is_filled = compared.open.is_some();
            assert_eq!(is_filled, traded.planned.is_fillable, "{compared:?}");
            assert!(
                compared.open.is_none_or(|got| got >= compared.at_least),
                "{compared:?}"
            );
            assert_eq!(compared.taken.is_zero(), !is_filled, "{compared:?}");
            // What the front-runner has is what the trader lost by it, at another price by what one
            // trade moves a deep pool, and the pool's depth cost it the rest.
            let lost = compared.open_lost.unwrap_or_default();
            assert!(compared.taken_worth <= lost, "{compared:?}");
            assert_eq!((compared.sealed, compared.sealed_lost), (None, None));
        }
    }

    #[test]
    fn sums_are_of_all_orders_and_of_those_that_were_filled() {
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let market = market(&tokens);
        let traded = orders(&tokens);
        let fillable = traded.iter().filter(|it| it.planned.is_fillable).count();
        let compared = traded.iter().map(|traded| market.compare(traded).unwrap());
        let compared: Vec<_> = compared.collect();
        let sums = Sums::of(&compared);
        assert_eq!((sums.open_filled, sums.sealed_filled), (fillable, 0));
        assert!(sums.taken > Amount::ZERO && sums.taken <= sums.open_lost);
        let orders = traded.iter().map(|traded| &traded.planned.order);
        let taken = orders.filter_map(|order| market.taken(order).unwrap());
        let taken: u128 = taken.map(Amount::unsigned).sum();
        assert_eq!(sums.taken.unsigned(), taken);
        assert_eq!(sums.sealed_lost, Amount::ZERO);
    }

    /// 985 wrap.near are 1000 usdc.near, and so are 0.32 weth; 741 stnear are 1000 wrap.near.
    #[test]
    fn worth_follows_the_fair_prices() {
        let tokens = Tokens::parse(DEFAULT).unwrap();
        let market = market(&tokens);
        for (amount, token, worth) in [
            ("1000", "usdc.near", "1000"),
            ("985", "wrap.near", "1000"),
            ("0.32", "weth", "1000"),
            ("729.885", "stnear", "1000"),
        ] {
            let token = tokens.named(token).unwrap();
            let amount = token.amount(amount).unwrap().unsigned();
            let expected = tokens.named(UNIT).unwrap().amount(worth).unwrap();
            assert_eq!(market.worth(&token.asset, amount).unwrap(), expected);
        }
        let amount = tokens.named(UNIT).unwrap().amount("12.3456").unwrap();
        assert_eq!(in_unit(amount, &tokens), "12.34");
    }
}
