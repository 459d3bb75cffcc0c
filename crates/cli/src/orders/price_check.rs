//! What is said of a swap before it is sent, by what the last rounds show: that nobody quotes its
//! pair, or that its limit is far from the prices.
//!
//! The members learn nothing of the order by it: whole rounds are fetched, whatever the pair.

use core::time::Duration;

use sealbid_client::prices::{Lookback, PairPrices, Reference};
use sealbid_client::{Order, Standing};
use sealbid_types::amount::Amount;
use sealbid_types::metadata::Pair;
use sealbid_types::text::AssetId;

use crate::orders::session::TradingSession;
use crate::tokens::Tokens;

/// How far a look goes back: half a minute or so of a busy house.
const ROUNDS: u16 = 8;
/// How long an order waits for it.
const TIMEOUT: Duration = Duration::from_secs(1);
/// From how many parts per thousand on a limit is far below the price. What is between the two,
/// whoever sees the signature of a fill could keep.
const FAR: u16 = 100;

impl TradingSession {
    /// Says what speaks against sending a swap. It stops nothing, and costs a second at most.
    pub(crate) async fn warn(&self, order: &Order, standing: &Standing) {
        let Order::Swap {
            give,
            amount,
            want,
            minimum,
        } = order
        else {
            return;
        };
        let pair = Pair {
            give: give.clone(),
            want: want.clone(),
        };
        let lookback = Lookback {
            rounds: ROUNDS,
            timeout: TIMEOUT,
            newest: Some(standing.settled),
        };
        // Without prices there is nothing to say: the first round of a house has none.
        if let Ok(prices) = self.house.prices(&pair, Some(*amount), lookback).await
            && let Some(warning) = warning(&prices, (*amount, *minimum), want, &self.tokens)
        {
            let warning = self.context.complete(&warning);
            self.context
                .console()
                .note(format_args!("warning: {warning}"));
        }
    }
}

/// What is to be said of an order over `amount`, for at least `minimum` of `want`.
fn warning(
    prices: &PairPrices,
    (amount, minimum): (Amount, Amount),
    want: &AssetId,
    tokens: &Tokens,
) -> Option<String> {
    if prices.rounds == 0 {
        return None;
    }
    let name = |asset| tokens.name_of(asset);
    if prices.quoted_rounds == 0 {
        return Some(format!(
            "nobody quoted {} to {} in the last {}round{}: a round opens the order all the same, and then \
             everybody reads its terms",
            name(&prices.pair.give),
            name(&prices.pair.want),
            if prices.rounds == 1 {
                String::new()
            } else {
                format!("{} ", prices.rounds)
            },
            if prices.rounds == 1 { "" } else { "s" },
        ));
    }
    let Some(latest) = &prices.latest else {
        return Some(format!(
            "{} to {} was quoted lately, and not for this amount: `sealbid pairs` shows the sizes",
            name(&prices.pair.give),
            name(&prices.pair.want),
        ));
    };
    if latest.receives < minimum {
        return Some(format!(
            "the best quote of round {} would bring {}, less than your limit",
            latest.round,
            tokens.brief(latest.receives, want),
        ));
    }
    let reference = prices.reference()?;
    let short = reference.shortfall_per_mille(amount, minimum);
    let verb = match reference {
        Reference::Quoted(..) => "quoted",
        Reference::Paid(..) => "paid",
    };
    (short >= FAR).then(|| {
        format!(
            "your limit is {} % below what was {verb} in round {}: until a fill is on chain, whoever \
             sees its signature could execute it at the limit",
            short / 10,
            reference.round(),
        )
    })
}
