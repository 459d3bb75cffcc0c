//! What became of quotes: read from a round's verified record, and from no member's word.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_client::{Outcome, VerifiedRound};
use sealbid_types::allocation::{Fill, FillKind};
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::metadata::Pair;
use sealbid_types::text::AccountId;

use crate::event::SolverEvent;
use crate::position::Position;

/// How many rounds with quotes are waited for. A house settles one before it closes the next, so
/// more than a few mean that it has stopped.
const MOST_ROUNDS: usize = 256;

/// The quotes whose rounds are not settled yet, and what the settled ones came to.
#[derive(Debug)]
pub(crate) struct Fills {
    account: AccountId,
    sent: BTreeMap<Round, Vec<(EnvelopeId, Pair)>>,
    /// The settled rounds whose fills are counted, the newest of them.
    counted: BTreeSet<Round>,
    position: Position,
}

impl Fills {
    pub(crate) fn new(account: AccountId) -> Self {
        Self {
            account,
            sent: BTreeMap::new(),
            counted: BTreeSet::new(),
            position: Position::default(),
        }
    }

    /// A quote that is about to be sent. Whether it was acknowledged does not matter: a member that
    /// has it may report it.
    pub(crate) fn sent(&mut self, round: Round, quote: EnvelopeId, pair: Pair) {
        self.sent.entry(round).or_default().push((quote, pair));
        while self.sent.len() > MOST_ROUNDS {
            self.sent.pop_first();
        }
    }

    /// What a settled round shows: all fills of the account, those of a run before this one
    /// included, and what became of each quote that filled nothing. A quote that is sealed while its
    /// round settles has the round come once more, of which the fills count once.
    pub(crate) fn settled(&mut self, record: &VerifiedRound) -> Vec<SolverEvent> {
        let round = record.settlement().round;
        let mut events = Vec::new();
        let is_new = self.count(round);
        let fills = record.settlement().fills.iter().filter(|_| is_new);
        for fill in fills.map(|filled| &filled.fill) {
            if let Some(event) = filled(round, fill, &self.account) {
                self.position.add(fill, &self.account);
                events.push(event);
            }
        }
        let has_fills = !events.is_empty();
        for (quote, pair) in self.sent.remove(&round).unwrap_or_default() {
            events.extend(not_filled(record, &self.account, quote, pair));
        }
        if has_fills {
            events.push(SolverEvent::Position(self.position.clone()));
        }
        events
    }

    /// Whether a round's fills are not counted yet.
    fn count(&mut self, round: Round) -> bool {
        let is_new = self.counted.insert(round);
        while self.counted.len() > MOST_ROUNDS {
            self.counted.pop_first();
        }
        is_new
    }

    /// What all fills come to.
    pub(crate) const fn position(&self) -> &Position {
        &self.position
    }
}

/// The event of a fill by a quote of this account.
fn filled(round: Round, fill: &Fill, account: &AccountId) -> Option<SolverEvent> {
    match &fill.kind {
        FillKind::Swap {
            quote,
            solver,
            pair,
            amount_in,
            paid,
            ..
        } if solver == account => Some(SolverEvent::Filled {
            round,
            quote: *quote,
            intent: fill.intent,
            pair: pair.clone(),
            received: *amount_in,
            paid: *paid,
        }),
        _ => None,
    }
}

/// The event of a quote that has filled nothing; none of one that has.
fn not_filled(
    record: &VerifiedRound,
    account: &AccountId,
    quote: EnvelopeId,
    pair: Pair,
) -> Option<SolverEvent> {
    let round = record.settlement().round;
    match record.outcome_of(quote) {
        Some(Outcome::Quoted { fills, .. }) if !fills.is_empty() => None,
        Some(Outcome::Void { reason, .. }) => Some(SolverEvent::Void {
            round,
            quote,
            pair,
            reason,
        }),
        Some(_) => Some(SolverEvent::Unfilled {
            round,
            quote,
            others: by_others(record, account, &pair),
            pair,
        }),
        None => Some(SolverEvent::NotListed { round, quote, pair }),
    }
}

fn by_others(record: &VerifiedRound, account: &AccountId, of: &Pair) -> usize {
    let fills = record.settlement().fills.iter().map(|filled| &filled.fill);
    let is_theirs = |fill: &&Fill| match &fill.kind {
        FillKind::Swap { solver, pair, .. } => solver != account && pair == of,
        FillKind::PassThrough => false,
    };
    fills.filter(is_theirs).count()
}

#[cfg(test)]
mod tests;
