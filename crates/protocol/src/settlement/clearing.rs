//! What a round is cleared from: one place for members, who clear it, and auditors, who do so again.

use sealbid_market::clear::ClearingInput;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::committee::Rules;
use sealbid_types::id::{CloseDigest, OrderSeed};
use sealbid_types::record::Ancestry;

use crate::opening::{OpenedIntents, OpenedQuotes};

/// The clearing of `close`, whose digest is `digest`, by the auction's rules: what was opened, in
/// the order that the committee's `order` signature draws, less the nonces that earlier rounds used.
pub(crate) fn clearing_input(
    (close, digest): (&Close, CloseDigest),
    rules: &Rules,
    order: &FixedBytes<96>,
    ancestry: &Ancestry,
    (intents, quotes): (OpenedIntents, OpenedQuotes),
) -> ClearingInput {
    ClearingInput {
        auction: close.auction,
        epoch: close.epoch,
        round: close.round,
        close: digest,
        closed_at: close.closed_at,
        order: OrderSeed::drawn_by(order),
        rules: rules.clone(),
        intents,
        quotes,
        used_nonces: ancestry.nonces.clone(),
    }
}
