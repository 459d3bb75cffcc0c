//! When to quote what: one sealed quote a pair and round, in the round's quote window, if there is
//! an intent of the pair.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::door::{Phase, PublicIntent};
use sealbid_types::id::Round;
use sealbid_types::metadata::{Disclosure, Pair};

/// Intents for rounds further ahead than this are left alone: nothing is quoted for them yet.
const AHEAD: u64 = 8;

/// What the solver knows of the rounds.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// The pairs of the book.
    serves: BTreeSet<Pair>,
    /// The pairs with intents, by round.
    asked: BTreeMap<Round, BTreeSet<Pair>>,
    /// What was quoted: a pair is quoted once a round.
    quoted: BTreeSet<(Round, Pair)>,
    /// The round in progress, and whether it takes quotes.
    current: (Round, bool),
}

impl Desk {
    /// A desk for these pairs.
    pub(crate) fn new<'a>(serves: impl Iterator<Item = &'a Pair>) -> Self {
        Self {
            serves: serves.cloned().collect(),
            ..Self::default()
        }
    }

    /// An intent was published. Gives the pairs to quote now.
    pub(crate) fn intent(&mut self, intent: &PublicIntent) -> Vec<Pair> {
        // What shows no pair is nobody's to quote.
        let Disclosure::Pair(pair) = &intent.metadata.disclosure else {
            return Vec::new();
        };
        // Neither what is over nor what is far ahead, so that the desk stays small whatever is
        // published.
        let (current, _) = self.current;
        let is_near = intent.round >= current && intent.round.0 <= current.0.saturating_add(AHEAD);
        if self.serves.contains(pair) && is_near {
            self.asked
                .entry(intent.round)
                .or_default()
                .insert(pair.clone());
        }
        self.due()
    }

    /// Whether an intent would change what the desk knows.
    pub(crate) fn is_news(&self, intent: &PublicIntent) -> bool {
        let Disclosure::Pair(pair) = &intent.metadata.disclosure else {
            return false;
        };
        let asked = self.asked.get(&intent.round);
        self.serves.contains(pair)
            && intent.round >= self.current.0
            && !asked.is_some_and(|pairs| pairs.contains(pair))
    }

    /// A member is in `phase` of `round`. Gives the pairs to quote now.
    pub(crate) fn phase(&mut self, round: Round, phase: Phase) -> Vec<Pair> {
        // One that lags, or is catching up, tells of the past.
        if round < self.current.0 || phase == Phase::CatchingUp {
            return Vec::new();
        }
        self.current = (round, phase == Phase::Quotes);
        // What is over is forgotten.
        self.asked = self.asked.split_off(&round);
        self.quoted.retain(|(quoted, _)| *quoted >= round);
        self.due()
    }

    /// The round in progress.
    pub(crate) const fn round(&self) -> Round {
        self.current.0
    }

    /// Marked as quoted when it is handed out: two events in a row make one quote.
    fn due(&mut self) -> Vec<Pair> {
        let (round, true) = self.current else {
            return Vec::new();
        };
        let asked = self.asked.get(&round).into_iter().flatten();
        let due: Vec<Pair> = asked
            .filter(|pair| !self.quoted.contains(&(round, (*pair).clone())))
            .cloned()
            .collect();
        self.quoted
            .extend(due.iter().map(|pair| (round, pair.clone())));
        due
    }
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
    use core::slice::from_ref;
    use sealbid_types::metadata::Metadata;
    use sealbid_types::time::Timestamp;

    fn pair(give: &str, want: &str) -> Pair {
        let asset = |name: &str| format!("nep141:{name}").parse().unwrap();
        Pair {
            give: asset(give),
            want: asset(want),
        }
    }

    fn intent(round: u64, pair: &Pair) -> PublicIntent {
        PublicIntent {
            auction: [1; 32].into(),
            intent: [2; 32].into(),
            round: Round(round),
            last: Round(round + 3),
            expires: Timestamp(1),
            metadata: Metadata {
                disclosure: Disclosure::Pair(pair.clone()),
                size: None,
            },
        }
    }

    #[test]
    fn quotes_once_a_round_in_the_window() {
        let (served, other) = (pair("aa", "bb"), pair("bb", "aa"));
        let mut desk = Desk::new([&served].into_iter());
        assert!(desk.phase(Round(1), Phase::Intents).is_empty());
        assert!(
            desk.intent(&intent(1, &served)).is_empty(),
            "not before the window"
        );
        assert!(desk.intent(&intent(1, &other)).is_empty());
        assert!(!desk.is_news(&intent(1, &served)), "it was told before");
        assert!(!desk.is_news(&intent(1, &other)), "that is not served");
        assert!(desk.is_news(&intent(2, &served)));
        assert_eq!(desk.phase(Round(1), Phase::Quotes), from_ref(&served));
        assert!(desk.phase(Round(1), Phase::Quotes).is_empty(), "not twice");
        assert!(desk.intent(&intent(1, &served)).is_empty());
        assert!(
            desk.intent(&intent(2, &served)).is_empty(),
            "that is for the next round"
        );
        assert!(desk.phase(Round(1), Phase::Closing).is_empty());
        assert_eq!(desk.phase(Round(2), Phase::Quotes), from_ref(&served));
        assert!(
            desk.phase(Round(1), Phase::Quotes).is_empty(),
            "a member that lags"
        );
        assert_eq!(desk.round(), Round(2));
    }

    #[test]
    fn an_intent_that_shows_within_the_window_is_quoted_at_once() {
        let served = pair("aa", "bb");
        let mut desk = Desk::new([&served].into_iter());
        desk.phase(Round(4), Phase::Quotes);
        assert_eq!(desk.intent(&intent(4, &served)), from_ref(&served));
        assert!(desk.intent(&intent(400, &served)).is_empty());
        assert!(desk.intent(&intent(3, &served)).is_empty());
        assert!(desk.asked.len() <= 1, "what is far away is not kept");
    }
}
