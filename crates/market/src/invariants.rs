//! What must hold of any clearing, whatever its rule: computed from the signed terms and quotes
//! and the fills alone.
//!
//! - Every intent is filled once, or unfilled, or void; of quotes, the void ones are named.
//! - A fill's movements, fees and withdrawals sum to zero for each asset.
//! - A trader pays exactly what it signed and receives at least its limit; nobody is moved who
//!   did not sign or is not sent something.
//! - A solver is one that the trader allows, and not the trader; it pays no more than its schedule
//!   yields for what it receives, within its quote's sizes and capacity.
//! - No nonce is used twice.
//!
//! Written apart from the clearing on purpose. Of its code only the fee and the schedule serve here
//! too: a mistake in matching, in the order or in the sums is not made a second time. What a fill
//! says of itself is held against what was signed, and never taken from it.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::allocation::{Allocation, Breach, Fill, FillKind};
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::id::EnvelopeId;
use sealbid_types::quote::Quote;
use sealbid_types::terms::{Action, Terms};
use sealbid_types::text::{AccountId, AssetId};

use crate::clear::ClearingInput;
use crate::fees::Fee;
use crate::schedule::PriceSchedule;

type Sums = BTreeMap<(AccountId, AssetId), Delta>;

/// Checks `allocation` against the round it clears.
///
/// # Errors
/// [`Breach`], the first that is found.
pub fn check(input: &ClearingInput, allocation: &Allocation) -> Result<(), Breach> {
    // First, that nothing is missing: every later check looks at what is there.
    check_accounts(input, allocation)?;
    let void: BTreeSet<_> = allocation.void.iter().map(|void| void.envelope).collect();
    let mut nonces = BTreeSet::new();
    let mut filled: BTreeMap<EnvelopeId, Option<Amount>> = BTreeMap::new();
    for fill in &allocation.fills {
        let terms = terms_of(input, fill)?;
        let used = input
            .used_nonces
            .iter()
            .map(|used| (&used.account, used.nonce));
        if !nonces.insert((&terms.account, terms.nonce))
            || used
                .into_iter()
                .any(|used| used == (&terms.account, terms.nonce))
        {
            return Err(Breach::Nonce {
                intent: fill.intent,
            });
        }
        check_sums(fill)?;
        match &fill.kind {
            FillKind::Swap {
                quote, amount_in, ..
            } => {
                if void.contains(quote) {
                    return Err(Breach::NoQuote {
                        intent: fill.intent,
                        quote: *quote,
                    });
                }
                check_swap(input, fill, terms)?;
                // A sum that cannot be counted stays none, which is above any capacity.
                let sum = filled.entry(*quote).or_insert(Some(Amount::ZERO));
                *sum = sum.and_then(|sum| sum.checked_add(*amount_in));
            }
            FillKind::PassThrough => check_pass_through(fill, terms)?,
        }
    }
    check_capacities(input, &filled)
}

/// Each listed intent is filled, unfilled or void, and one of these once. A trader that was left
/// out of all three would be told nothing; one in two of them, two things.
fn check_accounts(input: &ClearingInput, allocation: &Allocation) -> Result<(), Breach> {
    let filled = allocation.fills.iter().map(|fill| fill.intent);
    let unfilled = allocation.unfilled.iter().map(|unfilled| unfilled.intent);
    let void = allocation.void.iter().map(|void| void.envelope);
    let mut times: BTreeMap<EnvelopeId, u32> = BTreeMap::new();
    for id in filled.chain(unfilled).chain(void) {
        *times.entry(id).or_default() += 1;
    }
    for intent in input.intents.keys() {
        let times = times.get(intent).copied().unwrap_or(0);
        if times != 1 {
            return Err(Breach::Accounted {
                intent: *intent,
                times,
            });
        }
    }
    Ok(())
}

/// The signed terms behind a fill. An account that the fill claims and the terms do not bear out,
/// or a deadline that had passed at the close, is as if there were none.
fn terms_of<'a>(input: &'a ClearingInput, fill: &Fill) -> Result<&'a Terms, Breach> {
    match input.intents.get(&fill.intent) {
        Some(Ok(terms)) if terms.account == fill.account && terms.deadline >= input.closed_at => {
            Ok(terms)
        }
        _ => Err(Breach::NoIntent {
            intent: fill.intent,
        }),
    }
}

/// Movements, fees and withdrawals sum to zero, asset by asset.
fn check_sums(fill: &Fill) -> Result<(), Breach> {
    let moved = fill.movements.iter().map(|m| (&m.asset, m.delta));
    let flown = fill
        .fees
        .iter()
        .chain(&fill.withdrawals)
        .map(|o| (&o.asset, o.amount.gained()));
    let mut sums: BTreeMap<&AssetId, Option<Delta>> = BTreeMap::new();
    for (asset, delta) in moved.chain(flown) {
        let sum = sums.entry(asset).or_insert(Some(Delta::default()));
        *sum = sum.and_then(|sum| sum.checked_add(delta));
    }
    match sums.iter().find(|(_, sum)| **sum != Some(Delta::default())) {
        Some((asset, _)) => Err(Breach::Sum {
            intent: fill.intent,
            asset: (*asset).clone(),
        }),
        None => Ok(()),
    }
}

/// What a fill moves, by account and asset; nothing if an account moves an asset twice, or by zero.
fn movements(fill: &Fill) -> Option<Sums> {
    let mut sums = Sums::new();
    for movement in &fill.movements {
        let place = (movement.account.clone(), movement.asset.clone());
        if movement.delta.units() == 0 || sums.insert(place, movement.delta).is_some() {
            return None;
        }
    }
    Some(sums)
}

fn check_swap(input: &ClearingInput, fill: &Fill, terms: &Terms) -> Result<(), Breach> {
    let FillKind::Swap {
        quote: id,
        solver,
        pair,
        amount_in,
        ..
    } = &fill.kind
    else {
        return Ok(());
    };
    let fee = Fee::new(input.rules.fee_pips);
    // Movements that are not in order count as none, and then no limit is met.
    let moved = movements(fill).unwrap_or_default();
    let change = |account: &AccountId, asset: &AssetId| {
        moved
            .get(&(account.clone(), asset.clone()))
            .copied()
            .unwrap_or_default()
    };
    let quote = quote_of(input, *id)
        .filter(|quote| quote.solver == *solver && quote.pair == *pair && serves(quote, terms))
        .filter(|quote| (quote.minimum_fill..=quote.capacity).contains(amount_in))
        .ok_or(Breach::NoQuote {
            intent: fill.intent,
            quote: *id,
        })?;
    let signed = |account: &AccountId| Breach::Signed {
        intent: fill.intent,
        account: account.clone(),
    };
    let limit = signed_limit(terms, change(&terms.account, &pair.give), &pair.want)
        .filter(|limit| change(&terms.account, &pair.want) >= limit.gained())
        .filter(|_| change(&terms.account, &pair.give) == amount_in.paid())
        .ok_or_else(|| signed(&terms.account))?;
    // At most what the schedule yields, since a rule may let a solver pay less (by a second price,
    // say); the trader is safe by its limit.
    let received = fee.net(&pair.give, *amount_in);
    let most = PriceSchedule::new(quote)
        .ok()
        .and_then(|schedule| schedule.price(received));
    let paid = change(solver, &pair.want).outgoing().unwrap_or_default();
    if change(solver, &pair.give) != received.gained() || most.is_none_or(|most| paid > most) {
        return Err(signed(solver));
    }
    // Everybody else is moved by nothing: neither by this swap's mistake nor by its design.
    let others = moved
        .keys()
        .find(|(account, _)| *account != terms.account && account != solver);
    if let Some((account, _)) = others {
        return Err(signed(account));
    }
    check_fees(fill, fee, limit)
}

/// The signed quote, if it is one of this round and had not expired at the close.
fn quote_of(input: &ClearingInput, id: EnvelopeId) -> Option<&Quote> {
    let signed = input.quotes.get(&id)?.as_ref().ok()?;
    let ours = (signed.quote.auction, signed.quote.round) == (input.auction, input.round);
    (ours && signed.quote.expires >= input.closed_at).then_some(&signed.quote)
}

/// Whether the trader takes fills from this solver: by its allow-list, and never from itself.
fn serves(quote: &Quote, terms: &Terms) -> bool {
    let allowed = terms
        .solvers
        .as_ref()
        .is_none_or(|solvers| solvers.contains(&quote.solver));
    allowed && quote.solver != terms.account
}

/// The limit of the one signed diff that gives exactly `given` and wants `want`.
fn signed_limit(terms: &Terms, given: Delta, want: &AssetId) -> Option<Amount> {
    let [Action::TokenDiff(diff)] = terms.actions.as_slice() else {
        return None;
    };
    let gives_it = diff.diff.values().any(|delta| *delta == given);
    diff.diff
        .get(want)
        .filter(|_| gives_it && diff.diff.len() == 2)?
        .incoming()
}

/// The fees are those of the trader's diff, and of the solver's that lets the limit arrive.
fn check_fees(fill: &Fill, fee: Fee, limit: Amount) -> Result<(), Breach> {
    let FillKind::Swap {
        pair,
        amount_in,
        surplus,
        amount_out,
        paid,
        ..
    } = &fill.kind
    else {
        return Ok(());
    };
    let of = |asset: &AssetId| {
        let fees = fill.fees.iter().filter(|outflow| outflow.asset == *asset);
        fees.map(|outflow| outflow.amount)
            .next()
            .unwrap_or_default()
    };
    // The solver's own diff is what it pays without the surplus, which a plain transfer carries.
    let diff = paid.checked_sub(*surplus);
    let arrives = diff.map(|diff| fee.net(&pair.want, diff));
    let right = of(&pair.give) == fee.on(&pair.give, *amount_in)
        && arrives == Some(limit)
        && limit.checked_add(*surplus) == Some(*amount_out)
        && diff.map(|diff| fee.on(&pair.want, diff)) == Some(of(&pair.want))
        && fill.withdrawals.is_empty();
    if right {
        Ok(())
    } else {
        Err(Breach::Outflow {
            intent: fill.intent,
        })
    }
}

/// What passes through is exactly what was signed.
fn check_pass_through(fill: &Fill, terms: &Terms) -> Result<(), Breach> {
    let breach = |account: &AccountId| Breach::Signed {
        intent: fill.intent,
        account: account.clone(),
    };
    let signed = signed_sums(terms).ok_or_else(|| breach(&terms.account))?;
    let moved = movements(fill).ok_or_else(|| breach(&terms.account))?;
    // Of both, so that neither a movement that nobody signed nor a signed one left out goes unseen.
    let places: BTreeSet<_> = signed.keys().chain(moved.keys()).collect();
    for place in places {
        let of = |sums: &Sums| sums.get(place).copied().unwrap_or_default();
        if of(&signed) != of(&moved) {
            return Err(breach(&place.0));
        }
    }
    // Withdrawals are then what the sums leave over; a fee would be somebody's withdrawal.
    if fill.fees.is_empty() {
        Ok(())
    } else {
        Err(Breach::Outflow {
            intent: fill.intent,
        })
    }
}

/// What transfers and withdrawals move, from the terms alone.
fn signed_sums(terms: &Terms) -> Option<Sums> {
    let mut sums = Sums::new();
    let mut add = |account: &AccountId, asset: AssetId, delta: Delta| {
        let sum = sums.entry((account.clone(), asset)).or_default();
        *sum = sum.checked_add(delta)?;
        Some(())
    };
    for action in &terms.actions {
        match action {
            Action::TokenDiff(_) => return None,
            Action::Transfer(transfer) => {
                for (asset, amount) in &transfer.tokens {
                    add(&terms.account, asset.clone(), amount.paid())?;
                    add(&transfer.receiver, asset.clone(), amount.gained())?;
                }
            }
            Action::FtWithdraw(withdrawal) => {
                let asset = AssetId::fungible(&withdrawal.token);
                add(&terms.account, asset, withdrawal.amount.paid())?;
            }
            Action::NativeWithdraw(withdrawal) => {
                let asset = sealbid_near::rules::native_asset().ok()?;
                add(&terms.account, asset, withdrawal.amount.paid())?;
            }
        }
    }
    Some(sums)
}

/// What each quote's fills take together is within its capacity. Over all fills at once, since each
/// of them alone may be within it.
fn check_capacities(
    input: &ClearingInput,
    filled: &BTreeMap<EnvelopeId, Option<Amount>>,
) -> Result<(), Breach> {
    for (id, sum) in filled {
        let capacity = quote_of(input, *id).map(|quote| quote.capacity);
        if sum.is_none() || *sum > capacity {
            return Err(Breach::Capacity { quote: *id });
        }
    }
    Ok(())
}
