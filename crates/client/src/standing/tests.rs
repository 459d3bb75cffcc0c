#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use proptest::prelude::*;

use super::*;
use crate::testing::{NOW, ROUND, TestHouse};

fn standing(heads: impl IntoIterator<Item = Head>) -> Option<Standing> {
    Standing::of(heads.into_iter().map(|head| (head.member, head)).collect())
}

fn in_phase(phase: Phase) -> Standing {
    let house = TestHouse::new(3);
    let heads = (0..3).map(|index| Head {
        phase,
        ..house.head(MemberIndex(index))
    });
    standing(heads).unwrap()
}

#[test]
fn nobody_stands_nowhere() {
    assert_eq!(standing([]), None);
}

#[test]
fn frozen_intents_are_for_the_next_round() {
    assert_eq!(in_phase(Phase::Intents).next_intents(), ROUND);
    for phase in [
        Phase::Quotes,
        Phase::Closing,
        Phase::Opening,
        Phase::Settling,
    ] {
        assert_eq!(in_phase(phase).next_intents(), ROUND.next());
    }
}

#[test]
fn a_window_counts_from_the_round_that_can_still_take_it() {
    let house = TestHouse::new(3);
    let deadline = NOW.plus(Duration::from_secs(60));
    let window = |phase, rounds| in_phase(phase).window(&house, rounds, deadline);
    let expected = |last| {
        Ok(Window {
            first: ROUND,
            last: Round(last),
            expires: deadline,
        })
    };
    assert_eq!(window(Phase::Intents, 1), expected(5));
    assert_eq!(window(Phase::Intents, 3), expected(7));
    assert_eq!(window(Phase::Quotes, 1), expected(6));
    assert_eq!(window(Phase::Intents, 0), Err(ClientError::Rounds(0)));
    // As many as the error says, in whichever phase.
    for (phase, last) in [(Phase::Intents, 68), (Phase::Quotes, 69)] {
        assert_eq!(window(phase, 64), expected(last));
        assert_eq!(window(phase, 65), Err(ClientError::Rounds(65)));
    }
    assert_eq!(
        window(Phase::Quotes, u64::MAX),
        Err(ClientError::Rounds(u64::MAX))
    );
}

#[test]
fn a_deadline_before_the_next_close_is_refused() {
    let house = TestHouse::new(3);
    let schedule = house.committee.schedule;
    let standing = in_phase(Phase::Intents);
    let end = schedule.end_of(schedule.current(NOW));
    assert!(standing.window(&house, 1, end).is_ok());
    let early = Timestamp(end.0 - 1);
    assert_eq!(
        standing.window(&house, 1, early),
        Err(ClientError::Deadline)
    );
    let frozen = in_phase(Phase::Quotes);
    assert_eq!(frozen.window(&house, 1, end), Err(ClientError::Deadline));
}

#[test]
fn who_is_catching_up_does_not_count() {
    let house = TestHouse::new(3);
    let late = |index| Head {
        round: Round(1),
        phase: Phase::CatchingUp,
        ..house.head(MemberIndex(index))
    };
    let both = standing([late(0), late(1), house.head(MemberIndex(2))]).unwrap();
    assert_eq!(both.round, ROUND);
    assert_eq!(standing([late(0), late(1)]).unwrap().round, Round(1));
}

proptest! {
    #[test]
    fn a_minority_moves_nothing_beyond_the_honest(honest in prop::collection::vec(1u64..100, 3..9), lies in prop::collection::vec(any::<u64>(), 0..8)) {
        let house = TestHouse::new(3);
        let lies = &lies[..lies.len().min(honest.len() - 1)];
        let heads = honest.iter().chain(lies).zip(0..).map(|(round, index)| Head {
            round: Round(*round),
            ..house.head(MemberIndex(index))
        });
        let round = standing(heads).unwrap().round.0;
        let (least, most) = (honest.iter().min().unwrap(), honest.iter().max().unwrap());
        prop_assert!((*least..=*most).contains(&round));
    }
}
