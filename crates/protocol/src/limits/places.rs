//! How many envelopes each round has room for at this member.
//!
//! A report for a round lists at most `floor(cap / q)` ids of a kind, so that the union of q
//! reports never exceeds the cap. An acknowledgement binds the member for *every* round from the
//! one it names to the envelope's last, so it takes a place in each of them, and is given only if
//! each has one: for no round are more envelopes reportable than a report may list. Counting them
//! together, whatever their rounds, let a few keys with envelopes for far rounds fill a member.

use std::collections::BTreeMap;

use sealbid_types::envelope::Kind;
use sealbid_types::id::Round;

/// The places of all rounds.
#[derive(Debug)]
pub(crate) struct Places {
    most_intents: usize,
    most_quotes: usize,
    taken: BTreeMap<(Kind, Round), usize>,
}

impl Places {
    /// Rounds with so many places of each kind.
    pub(crate) const fn new(most_intents: usize, most_quotes: usize) -> Self {
        Self {
            most_intents,
            most_quotes,
            taken: BTreeMap::new(),
        }
    }

    /// The most that a report may list of a kind.
    pub(crate) const fn most(&self, kind: Kind) -> usize {
        match kind {
            Kind::Intent => self.most_intents,
            Kind::Quote => self.most_quotes,
        }
    }

    /// How many of a kind are taken in `round`.
    pub(crate) fn taken(&self, kind: Kind, round: Round) -> usize {
        self.taken.get(&(kind, round)).copied().unwrap_or(0)
    }

    /// The first round of a range that has no place left, if one has none.
    pub(crate) fn full(&self, kind: Kind, from: Round, last: Round) -> Option<Round> {
        self.taken
            .range((kind, from)..=(kind, last))
            .find(|(_, taken)| **taken >= self.most(kind))
            .map(|((_, round), _)| *round)
    }

    /// Takes a place in each round of a range.
    pub(crate) fn take(&mut self, kind: Kind, from: Round, last: Round) {
        for round in from.0..=last.0 {
            *self.taken.entry((kind, Round(round))).or_default() += 1;
        }
    }

    /// Gives back what [`Self::take`] took.
    pub(crate) fn free(&mut self, kind: Kind, from: Round, last: Round) {
        for round in from.0..=last.0 {
            let key = (kind, Round(round));
            if let Some(taken) = self.taken.get_mut(&key) {
                *taken = taken.saturating_sub(1);
                if *taken == 0 {
                    self.taken.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is asked for, and whatever is given back in between, no round is overfilled,
        /// and one that is refused had a full round in its range.
        #[test]
        fn no_round_has_more_than_its_places(
            asks in prop::collection::vec((0u64..20, 0u64..6, any::<bool>()), 1..120),
        ) {
            let mut places = Places::new(3, 2);
            let mut held: Vec<(Round, Round)> = Vec::new();
            for (from, length, gives_back) in asks {
                let (from, last) = (Round(from), Round(from + length));
                if gives_back && !held.is_empty() {
                    let (from, last) = held.remove(0);
                    places.free(Kind::Intent, from, last);
                }
                let count = |round: u64| held.iter().filter(|(a, b)| (a.0..=b.0).contains(&round)).count();
                let is_full = (from.0..=last.0).any(|round| count(round) >= 3);
                prop_assert_eq!(places.full(Kind::Intent, from, last).is_some(), is_full);
                if !is_full {
                    places.take(Kind::Intent, from, last);
                    held.push((from, last));
                }
                for round in 0..30 {
                    let count = held.iter().filter(|(a, b)| (a.0..=b.0).contains(&round)).count();
                    prop_assert_eq!(places.taken(Kind::Intent, Round(round)), count);
                    prop_assert!(count <= 3);
                }
            }
            prop_assert_eq!(places.full(Kind::Quote, Round(0), Round(40)), None, "kinds do not share");
        }
    }
}
