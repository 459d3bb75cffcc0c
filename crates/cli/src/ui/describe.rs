//! Orders and outcomes in words.
//!
//! Amounts are told in whole units where the house's tokens are known, and in base units where they
//! are not: decimals that are guessed could be off by a million. What is public of an order by now
//! is part of what is told of it.

use sealbid_client::Outcome;
use sealbid_client::prices::OpenedRound;
use sealbid_types::allocation::{FillKind, Outflow, UnfilledReason, VoidReason};
use sealbid_types::amount::Amount;
use sealbid_types::id::EnvelopeId;
use sealbid_types::metadata::{Disclosure, Metadata, Pair};
use sealbid_types::settlement::SettledFill;
use sealbid_types::terms::{Action, Terms, TokenDiff};
use sealbid_types::text::AssetId;

use crate::tokens::Tokens;
use crate::ui::text::count;

/// A fill is the committee's word. Whether balances suffice, the chain says.
const ON_CHAIN: &str = "to be settled on chain";

/// Terms in a line: `1000 usdc.near for at least 950 wrap.near`.
pub(crate) fn terms(terms: &Terms, tokens: &Tokens) -> String {
    let actions: Vec<String> = terms
        .actions
        .iter()
        .map(|one| action(one, tokens))
        .collect();
    actions.join(", then ")
}

/// An action as its trader would say it. Names in it are others' words: whoever prints this escapes
/// them.
fn action(action: &Action, tokens: &Tokens) -> String {
    match action {
        Action::TokenDiff(diff) => swap(diff, tokens),
        Action::Transfer(transfer) => {
            let sent = transfer
                .tokens
                .iter()
                .map(|(asset, amount)| tokens.show(*amount, asset));
            format!(
                "{} to {}",
                sent.collect::<Vec<_>>().join(" and "),
                transfer.receiver
            )
        }
        Action::FtWithdraw(withdrawal) => {
            // By the token's contract, as an asset of NEAR Intents is named.
            let asset = AssetId::fungible(&withdrawal.token);
            format!(
                "{} out to {}",
                tokens.show(withdrawal.amount, &asset),
                withdrawal.receiver
            )
        }
        Action::NativeWithdraw(withdrawal) => {
            let amount = near(tokens, withdrawal.amount);
            format!("{amount} out to {}, as NEAR", withdrawal.receiver)
        }
    }
}

/// NEAR in whole units, unless the tokens of this house do not know it: their file may be edited.
fn near(tokens: &Tokens, amount: sealbid_types::amount::Amount) -> String {
    tokens.asset("nep141:wrap.near").map_or_else(
        |_| format!("{amount} yoctoNEAR"),
        |asset| tokens.show(amount, &asset),
    )
}

/// What goes out, and what has to come in at least. A swap of ours has one token on either side,
/// and one that was signed elsewhere may have several.
fn swap(swap: &TokenDiff, tokens: &Tokens) -> String {
    let paid = swap
        .diff
        .iter()
        .filter_map(|(asset, delta)| Some((delta.outgoing()?, asset)));
    let gained = swap
        .diff
        .iter()
        .filter_map(|(asset, delta)| Some((delta.incoming()?, asset)));
    let list = |amounts: Vec<String>| amounts.join(" and ");
    let paid = list(
        paid.map(|(amount, asset)| tokens.show(amount, asset))
            .collect(),
    );
    let gained = list(
        gained
            .map(|(amount, asset)| tokens.show(amount, asset))
            .collect(),
    );
    // Also where one side is empty: whoever signed that should read it.
    match (paid.as_str(), gained.as_str()) {
        (paid, "") => format!("{paid} for nothing"),
        ("", gained) => format!("{gained} for nothing"),
        (paid, gained) => format!("{paid} for at least {gained}"),
    }
}

/// What an envelope shows, in a few words.
pub(crate) fn metadata(metadata: &Metadata, tokens: &Tokens) -> String {
    // The bucket's name is its number of digits, which is all that is shown of the amount.
    let size = metadata
        .size
        .map(|size| format!(", an amount of {}", count(size.0, "digit")));
    let assets = match &metadata.disclosure {
        Disclosure::Nothing => "nothing".to_owned(),
        Disclosure::Give(asset) => format!("gives {}", tokens.name_of(asset)),
        Disclosure::Want(asset) => format!("wants {}", tokens.name_of(asset)),
        Disclosure::Pair(pair) => {
            format!(
                "{} → {}",
                tokens.name_of(&pair.give),
                tokens.name_of(&pair.want)
            )
        }
    };
    assets + &size.unwrap_or_default()
}

/// What became of an envelope: a headline, and what follows from it. `terms` are the order's own,
/// if they are known here, and `opened` is the round that it was in.
pub(crate) fn outcome(
    outcome: &Outcome,
    terms: Option<&Terms>,
    opened: Option<&OpenedRound>,
    tokens: &Tokens,
) -> String {
    // Each says what of it is public by now: a trader that has set a limit wants to know who reads
    // it.
    match outcome {
        Outcome::Unknown => {
            "unknown: no quorum has acknowledged it, or it is of another house".to_owned()
        }
        Outcome::Pending { round } => format!("waiting for round {round}"),
        Outcome::Listed { round } => format!("listed by round {round}, which is being settled"),
        Outcome::Filled { round, fill } => filled(*round, fill, tokens),
        Outcome::Unfilled { round, reason } => format!(
            "not filled in round {round}: {}\n  \
             its terms are public now: the round's record shows them to everybody",
            unfilled_in(reason, terms, opened, tokens)
        ),
        Outcome::Void { round, reason } => {
            let other = match reason {
                VoidReason::UsedNonce { .. } | VoidReason::DuplicateNonce { .. } => {
                    "\n  another order with the same nonce, as those of one key have, counts instead"
                }
                _ => "",
            };
            format!("void in round {round}: {reason}{other}\n  what was opened of it is public now")
        }
        Outcome::Quoted { round, fills } => quoted(*round, fills),
        Outcome::Expired => "expired before a round listed it\n  \
             it was never opened: nobody has read its terms"
            .to_owned(),
    }
}

/// An outcome in a few words, for tables.
pub(crate) fn brief(outcome: &Outcome, tokens: &Tokens) -> String {
    match outcome {
        Outcome::Filled { fill, .. } => match &fill.fill.kind {
            FillKind::Swap {
                pair, amount_out, ..
            } => format!("filled: {}", tokens.brief(*amount_out, &pair.want)),
            FillKind::PassThrough => "filled".to_owned(),
        },
        Outcome::Unfilled { .. } => "not filled".to_owned(),
        Outcome::Void { .. } => "void".to_owned(),
        Outcome::Quoted { fills, .. } => format!("fills {}", fills.len()),
        Outcome::Expired => "expired, unopened".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
        Outcome::Pending { round } | Outcome::Listed { round } => format!("in round {round}"),
    }
}

/// A fill, with its surplus over the limit: what the auction has brought.
fn filled(round: sealbid_types::id::Round, filled: &SettledFill, tokens: &Tokens) -> String {
    match &filled.fill.kind {
        // It needed no quote: it is done exactly as it was signed.
        FillKind::PassThrough => format!("taken in round {round}, as ordered: {ON_CHAIN}"),
        FillKind::Swap {
            quote,
            solver,
            pair,
            amount_in,
            amount_out,
            surplus,
            ..
        } => {
            // Computed back: the fill names what was paid and the surplus, and not the limit.
            let limit = amount_out.checked_sub(*surplus).unwrap_or_default();
            format!(
                "filled in round {round}: {ON_CHAIN}\n  gives     {}\n  receives  {}\n  \
                 fee       {}\n  limit     {}, surplus {}\n  solver    {solver}\n  quote     {}",
                tokens.show(*amount_in, &pair.give),
                tokens.show(*amount_out, &pair.want),
                fees(&filled.fill.fees, tokens),
                tokens.show(limit, &pair.want),
                tokens.show(*surplus, &pair.want),
                quote.short(),
            )
        }
    }
}

/// What the Verifier keeps of what is moved; the amounts beside it are those after the fee.
fn fees(fees: &[Outflow], tokens: &Tokens) -> String {
    let each = fees
        .iter()
        .map(|fee| tokens.show(fee.amount, &fee.asset))
        .collect::<Vec<_>>();
    if each.is_empty() {
        "none".to_owned()
    } else {
        format!(
            "{}: the Verifier's, in the price already",
            each.join(" and ")
        )
    }
}

/// Why an intent was not filled, in whole units if its terms are known.
pub(crate) fn unfilled(reason: &UnfilledReason, terms: Option<&Terms>, tokens: &Tokens) -> String {
    // The reason has amounts and no assets. Those are in the terms, if they are known.
    let pair = terms.and_then(sealbid_client::order::swapped_pair);
    match (reason, pair) {
        (UnfilledReason::Limit { best, limit }, Some(pair)) => format!(
            "the best quote paid {}, the limit asks for {}",
            tokens.brief(*best, &pair.want),
            tokens.brief(*limit, &pair.want)
        ),
        _ => reason.to_string(),
    }
}

/// As [`unfilled`], with what the round itself shows, if it is there: that nobody quoted the pair is
/// another matter than that nobody quoted it for this size.
pub(crate) fn unfilled_in(
    reason: &UnfilledReason,
    terms: Option<&Terms>,
    round: Option<&OpenedRound>,
    tokens: &Tokens,
) -> String {
    let known = (terms.and_then(swapped), round);
    match (reason, known) {
        (UnfilledReason::NoQuote, (Some((pair, amount)), Some(round))) => {
            no_quote(&pair, amount, terms, round, tokens)
        }
        _ => unfilled(reason, terms, tokens),
    }
}

/// The pair of a swap, and what it gives.
fn swapped(terms: &Terms) -> Option<(Pair, Amount)> {
    let pair = sealbid_client::order::swapped_pair(terms)?;
    let [Action::TokenDiff(diff)] = terms.actions.as_slice() else {
        return None;
    };
    let amount = diff.diff.get(&pair.give)?.outgoing()?;
    Some((pair, amount))
}

/// Why no quote of the round is for this swap.
fn no_quote(
    pair: &Pair,
    amount: Amount,
    terms: Option<&Terms>,
    round: &OpenedRound,
    tokens: &Tokens,
) -> String {
    let (give, want) = (tokens.name_of(&pair.give), tokens.name_of(&pair.want));
    let account = terms.map(|terms| &terms.account);
    // With itself no account trades.
    let quotes = || {
        let quotes = round.quotes_for(pair).map(|it| &it.quote);
        quotes.filter(|quote| Some(&quote.solver) != account)
    };
    let least = quotes().map(|quote| quote.minimum_fill).min();
    let most = quotes().map(|quote| quote.capacity).max();
    let (Some(least), Some(most)) = (least, most) else {
        return format!("nobody quoted {give} to {want} in this round");
    };
    let take = |what: &str, bound| {
        let (amount, bound) = (
            tokens.brief(amount, &pair.give),
            tokens.brief(bound, &pair.give),
        );
        format!("no quote for {give} to {want} takes {amount}: {what} was {bound}")
    };
    if amount > most {
        take("the most", most)
    } else if amount < least {
        take("the least", least)
    } else {
        // Between the sizes of two, or beyond what a schedule prices.
        format!("no quote for {give} to {want} takes this amount")
    }
}

/// What a quote fills: its amounts stand with those intents.
fn quoted(round: sealbid_types::id::Round, fills: &[EnvelopeId]) -> String {
    if fills.is_empty() {
        return format!("a quote of round {round} that fills nothing");
    }
    let ids: Vec<String> = fills.iter().map(EnvelopeId::short).collect();
    format!("a quote of round {round} that fills {}", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::DEFAULT;
    use sealbid_client::Order;
    use sealbid_types::bytes::FixedBytes;
    use sealbid_types::id::Round;
    use sealbid_types::metadata::Pair;
    use sealbid_types::time::Timestamp;

    fn tokens() -> Tokens {
        Tokens::parse(DEFAULT).unwrap()
    }

    fn swapping(tokens: &Tokens) -> Terms {
        let (give, want) = (
            tokens.named("usdc").unwrap(),
            tokens.named("wrap.near").unwrap(),
        );
        let order = Order::Swap {
            give: give.asset.clone(),
            amount: give.amount("1000").unwrap(),
            want: want.asset.clone(),
            minimum: want.amount("950").unwrap(),
        };
        Terms {
            account: "alice.near".parse().unwrap(),
            nonce: FixedBytes([0; 32]),
            deadline: Timestamp(0),
            actions: vec![order.action()],
            solvers: None,
        }
    }

    #[test]
    fn orders_are_told_in_whole_units() {
        let tokens = tokens();
        let swap = swapping(&tokens);
        assert_eq!(
            terms(&swap, &tokens),
            "1000 usdc.near for at least 950 wrap.near"
        );
        let nothing = Tokens::default();
        let told = terms(&swap, &nothing);
        assert!(
            told.starts_with("1000000000 base units of nep141:"),
            "{told}"
        );
    }

    #[test]
    fn a_limit_that_was_missed_is_told_in_whole_units() {
        let tokens = tokens();
        let swap = swapping(&tokens);
        let want = tokens.named("wrap.near").unwrap();
        let (best, limit) = (want.amount("940.5").unwrap(), want.amount("950").unwrap());
        let round = Round(3);
        let reason = UnfilledReason::Limit { best, limit };
        let told = outcome(
            &Outcome::Unfilled { round, reason },
            Some(&swap),
            None,
            &tokens,
        );
        assert!(
            told.contains("the best quote paid 940.5 wrap.near"),
            "{told}"
        );
        assert!(told.contains("its terms are public now"), "{told}");
    }

    #[test]
    fn what_was_never_opened_says_so() {
        let told = outcome(&Outcome::Expired, None, None, &tokens());
        assert!(told.contains("nobody has read its terms"), "{told}");
        let reason = VoidReason::Signature;
        let void = outcome(
            &Outcome::Void {
                round: Round(3),
                reason,
            },
            None,
            None,
            &tokens(),
        );
        assert!(void.contains("public now"), "{void}");
    }

    #[test]
    fn metadata_is_named() {
        let tokens = tokens();
        let asset = |name: &str| tokens.named(name).unwrap().asset.clone();
        let pair = Pair {
            give: asset("usdc"),
            want: asset("weth"),
        };
        let shown = Metadata {
            disclosure: Disclosure::Pair(pair),
            size: None,
        };
        assert_eq!(metadata(&shown, &tokens), "usdc.near → weth");
        assert_eq!(metadata(&Metadata::NOTHING, &tokens), "nothing");
    }
}
