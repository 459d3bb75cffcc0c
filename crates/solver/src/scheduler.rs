//! When to quote what: one sealed quote a pair and round, in the round's quote window, if there is
//! an intent of the pair.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_client::Standing;
use sealbid_types::door::{Head, Phase, PublicIntent};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::metadata::{Disclosure, Pair};

/// Intents for rounds further ahead than this are left alone: nothing is quoted for them yet.
const AHEAD: u64 = 8;

/// What the solver knows of the rounds: by the median of what members say of themselves, so that
/// fewer than half of them move it neither ahead nor back.
#[derive(Debug, Default)]
pub(crate) struct QuoteScheduler {
    /// q.
    quorum: usize,
    /// The pairs of the book.
    serves: BTreeSet<Pair>,
    /// Where each member that answers says it stands.
    heads: BTreeMap<MemberIndex, Head>,
    /// The pairs with intents, by round.
    asked: BTreeMap<Round, BTreeSet<Pair>>,
    /// What was quoted: a pair is quoted once a round.
    quoted: BTreeSet<(Round, Pair)>,
    /// The round in progress, and whether it takes quotes.
    current: (Round, bool),
}

impl QuoteScheduler {
    /// A scheduler for these pairs, at a house of which so many members are a quorum.
    pub(crate) fn new<'a>(quorum: usize, serves: impl Iterator<Item = &'a Pair>) -> Self {
        Self {
            quorum,
            serves: serves.cloned().collect(),
            ..Self::default()
        }
    }

    /// From now on these are the pairs of the book.
    pub(crate) fn serve<'a>(&mut self, serves: impl Iterator<Item = &'a Pair>) {
        self.serves = serves.cloned().collect();
        // What is no longer served must not come due.
        for pairs in self.asked.values_mut() {
            pairs.retain(|pair| self.serves.contains(pair));
        }
    }

    /// An intent was published. Gives the pairs to quote now.
    pub(crate) fn intent(&mut self, intent: &PublicIntent) -> Vec<Pair> {
        // What shows no pair is nobody's to quote.
        let Disclosure::Pair(pair) = &intent.metadata.disclosure else {
            return Vec::new();
        };
        // Neither what is over nor what is far ahead, so that the scheduler stays small whatever is
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

    /// Whether an intent would change what the scheduler knows.
    pub(crate) fn is_news(&self, intent: &PublicIntent) -> bool {
        let Disclosure::Pair(pair) = &intent.metadata.disclosure else {
            return false;
        };
        let asked = self.asked.get(&intent.round);
        self.serves.contains(pair)
            && intent.round >= self.current.0
            && !asked.is_some_and(|pairs| pairs.contains(pair))
    }

    /// A member says where it stands, or no longer says anything. Gives the pairs to quote now.
    pub(crate) fn head(&mut self, member: MemberIndex, head: Option<Head>) -> Vec<Pair> {
        match head {
            Some(head) => self.heads.insert(member, head),
            None => self.heads.remove(&member),
        };
        // Of fewer than a quorum liars may be half, and they close no round that could be quoted.
        let counts = |head: &&Head| head.phase != Phase::CatchingUp;
        if self.heads.values().filter(counts).count() < self.quorum {
            return Vec::new();
        }
        match Standing::of(self.heads.clone()) {
            Some(standing) => self.stand(standing.round, standing.phase),
            None => Vec::new(),
        }
    }

    /// The house is in `phase` of `round`. That may be an earlier round than the last time: a far
    /// one that was believed once, and is believed for good, would end all quoting.
    fn stand(&mut self, round: Round, phase: Phase) -> Vec<Pair> {
        self.current = (round, phase == Phase::Quotes);
        // What is over is forgotten. What was quoted, later: it must not be quoted again if the
        // members' words swing about the end of a round.
        self.asked = self.asked.split_off(&round);
        self.quoted
            .retain(|(quoted, _)| quoted.0.saturating_add(AHEAD) >= round.0);
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
    use sealbid_types::id::Slot;
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
        let mut scheduler = scheduler(&served);
        assert!(all(&mut scheduler, 1, Phase::Intents).is_empty());
        assert!(
            scheduler.intent(&intent(1, &served)).is_empty(),
            "not before the window"
        );
        assert!(scheduler.intent(&intent(1, &other)).is_empty());
        assert!(
            !scheduler.is_news(&intent(1, &served)),
            "it was told before"
        );
        assert!(!scheduler.is_news(&intent(1, &other)), "that is not served");
        assert!(scheduler.is_news(&intent(2, &served)));
        assert_eq!(all(&mut scheduler, 1, Phase::Quotes), from_ref(&served));
        assert!(
            all(&mut scheduler, 1, Phase::Quotes).is_empty(),
            "not twice"
        );
        assert!(scheduler.intent(&intent(1, &served)).is_empty());
        assert!(
            scheduler.intent(&intent(2, &served)).is_empty(),
            "that is for the next round"
        );
        assert!(all(&mut scheduler, 1, Phase::Closing).is_empty());
        assert_eq!(all(&mut scheduler, 2, Phase::Quotes), from_ref(&served));
        assert!(
            told(&mut scheduler, 0, 1, Phase::Quotes).is_empty(),
            "a member that lags"
        );
        assert_eq!(scheduler.round(), Round(2));
        assert!(
            all(&mut scheduler, 1, Phase::Quotes).is_empty(),
            "not again"
        );
    }

    /// What member `index` says.
    fn told(scheduler: &mut QuoteScheduler, index: u8, round: u64, phase: Phase) -> Vec<Pair> {
        let (member, round) = (MemberIndex(index), Round(round));
        let head = Head {
            auction: [1; 32].into(),
            member,
            round,
            phase,
            slot: Slot(0),
            now: Timestamp(0),
            intents: 0,
            quotes: 0,
            settled: Round(0),
            alive: Vec::new(),
            clocks: Vec::new(),
            waits_until: None,
            version: String::new(),
        };
        scheduler.head(member, Some(head))
    }

    /// What three members say, all the same.
    fn all(scheduler: &mut QuoteScheduler, round: u64, phase: Phase) -> Vec<Pair> {
        let said = (0..3).flat_map(|index| told(scheduler, index, round, phase));
        said.collect()
    }

    fn scheduler(served: &Pair) -> QuoteScheduler {
        QuoteScheduler::new(3, [served].into_iter())
    }

    /// Neither by a round that is far off, which would end all quoting, nor by one that is over.
    #[test]
    fn one_liar_of_four_moves_it_neither_way() {
        let served = pair("aa", "bb");
        let mut scheduler = scheduler(&served);
        for round in 1..=9 {
            let lie = [u64::MAX, round + 1, round - 1, 0][usize::try_from(round % 4).unwrap()];
            let mut due = told(&mut scheduler, 3, lie, Phase::Quotes);
            for member in 0..3 {
                due.extend(told(&mut scheduler, member, round, Phase::Intents));
            }
            assert!(due.is_empty(), "{due:?} before the window of {round}");
            scheduler.intent(&intent(round, &served));
            due.extend(told(&mut scheduler, 3, lie, Phase::Quotes));
            for member in 0..3 {
                due.extend(told(&mut scheduler, member, round, Phase::Quotes));
            }
            due.extend(told(&mut scheduler, 3, lie, Phase::Closing));
            assert_eq!(due, from_ref(&served), "of round {round}");
            assert_eq!(scheduler.round(), Round(round));
        }
    }

    /// So it may begin with one, while the others have not answered yet.
    #[test]
    fn fewer_than_a_quorum_move_nothing() {
        let served = pair("aa", "bb");
        let mut scheduler = scheduler(&served);
        told(&mut scheduler, 3, u64::MAX, Phase::Quotes);
        told(&mut scheduler, 2, u64::MAX, Phase::Quotes);
        told(&mut scheduler, 1, 5, Phase::CatchingUp);
        assert_eq!(scheduler.round(), Round(0));
    }

    /// Whoever has been moved by more liars than it bears goes on once they are fewer.
    #[test]
    fn it_comes_back_from_a_round_that_is_far_off() {
        let served = pair("aa", "bb");
        let mut scheduler = scheduler(&served);
        all(&mut scheduler, u64::MAX, Phase::Quotes);
        all(&mut scheduler, 5, Phase::Quotes);
        assert_eq!(scheduler.intent(&intent(5, &served)), from_ref(&served));
        scheduler.head(MemberIndex(2), None);
        all(&mut scheduler, 6, Phase::Quotes);
        assert_eq!(scheduler.round(), Round(6));
    }

    #[test]
    fn another_book_has_other_pairs() {
        let (served, other) = (pair("aa", "bb"), pair("bb", "cc"));
        let mut scheduler = scheduler(&served);
        scheduler.intent(&intent(0, &served));
        scheduler.serve([&other].into_iter());
        scheduler.intent(&intent(0, &other));
        assert!(!scheduler.is_news(&intent(0, &served)));
        assert_eq!(all(&mut scheduler, 0, Phase::Quotes), from_ref(&other));
    }

    #[test]
    fn an_intent_that_shows_within_the_window_is_quoted_at_once() {
        let served = pair("aa", "bb");
        let mut scheduler = scheduler(&served);
        all(&mut scheduler, 4, Phase::Quotes);
        assert_eq!(scheduler.intent(&intent(4, &served)), from_ref(&served));
        assert!(scheduler.intent(&intent(400, &served)).is_empty());
        assert!(scheduler.intent(&intent(3, &served)).is_empty());
        assert!(scheduler.asked.len() <= 1, "what is far away is not kept");
    }
}
