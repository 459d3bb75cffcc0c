//! What members say of each other's clocks.

use std::collections::BTreeMap;

use sealbid_client::ClientError;
use sealbid_types::door::Head;
use sealbid_types::id::MemberIndex;
use sealbid_types::time::Timestamp;

/// What each member answered.
pub(crate) type Heads = BTreeMap<MemberIndex, Result<Head, ClientError>>;

/// How many seconds a member's clock is ahead of the others', if it is more than one: the median of
/// what the others that answer say of it, so that no one word makes a member look wrong.
pub(crate) fn ahead(member: MemberIndex, heads: &Heads) -> Option<i64> {
    let answers = heads.values().flatten();
    let others = answers.filter(|head| head.member != member);
    let said = others.flat_map(|head| head.clocks.iter().filter(|clock| clock.index == member));
    let mut offsets: Vec<i64> = said.map(|clock| clock.ahead_ms / 1000).collect();
    offsets.sort_unstable();
    // Of two in the middle, the nearer: of two words alone, the worse is not believed.
    let middle = [offsets.len().checked_sub(1)? / 2, offsets.len() / 2];
    let offsets = middle.into_iter().filter_map(|at| offsets.get(at).copied());
    offsets
        .min_by_key(|ahead| ahead.abs())
        .filter(|ahead| ahead.abs() > 1)
}

/// By how many seconds `one` is after `other`.
pub(crate) fn seconds_apart(one: Timestamp, other: Timestamp) -> i64 {
    let millis = i128::from(one.0) - i128::from(other.0);
    i64::try_from(millis / 1000).unwrap_or(if millis > 0 { i64::MAX } else { i64::MIN })
}

#[cfg(test)]
pub(crate) mod tests {
    use sealbid_types::door::{ClockOffset, Phase};
    use sealbid_types::id::{Round, Slot};

    use super::*;

    pub(crate) fn head(
        member: u8,
        said: [(u8, i64); 3],
    ) -> (MemberIndex, Result<Head, ClientError>) {
        let clock = |(index, ahead_ms)| ClockOffset {
            index: MemberIndex(index),
            ahead_ms,
        };
        let head = Head {
            auction: [1; 32].into(),
            member: MemberIndex(member),
            version: "1.0.0".to_owned(),
            round: Round(1),
            phase: Phase::Intents,
            slot: Slot(1),
            now: Timestamp(0),
            intents: 0,
            quotes: 0,
            settled: Round(0),
            alive: Vec::new(),
            clocks: said.map(clock).to_vec(),
            waits_until: None,
        };
        (MemberIndex(member), Ok(head))
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_the_others_and_not_by_its_own_word() {
        let heads = Heads::from([
            head(0, [(1, 10), (2, 65_000), (3, 0)]),
            head(1, [(0, -10), (2, 65_000), (3, 0)]),
            head(2, [(0, -65_000), (1, -65_000), (3, -400_000)]),
            head(3, [(0, 0), (1, 0), (2, 65_000)]),
        ]);
        let ahead = |member| ahead(MemberIndex(member), &heads);
        assert_eq!([0, 1, 2, 3].map(ahead), [None, None, Some(65), None]);
    }

    #[test]
    fn one_of_two_words_is_not_enough() {
        let heads = Heads::from([
            head(0, [(1, 0), (2, 65_000), (3, 0)]),
            head(1, [(0, 0), (2, 10), (3, 0)]),
        ]);
        assert_eq!(ahead(MemberIndex(2), &heads), None);
        assert_eq!(ahead(MemberIndex(2), &Heads::new()), None);
    }
}
