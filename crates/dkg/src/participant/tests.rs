#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use sealbid_crypto::{CommitteeKeys, KeyShare};
use sealbid_types::id::MemberIndex;
use sealbid_types::time::Timestamp;

use super::*;
use crate::testing::{Ceremony, NOW, participant};

#[test]
fn honest_participants_make_keys_that_pass_every_check() {
    for (members, quorum) in [(3, 2), (4, 3), (5, 4), (7, 7), (16, 11)] {
        let ceremony = Ceremony::confirmed(members, quorum);
        let outcomes: Vec<CeremonyOutcome> =
            (0..members).map(|seed| ceremony.outcome(seed)).collect();
        let committee = &outcomes[0].committee;
        committee.check().unwrap();
        let keys = CommitteeKeys::new(&committee.keys, quorum).unwrap();
        for (index, outcome) in MemberIndex::all(members).zip(outcomes.iter()) {
            assert_eq!(outcome.index, index);
            assert_eq!(&outcome.committee, committee);
            assert_eq!(outcome.transcript, outcomes[0].transcript);
            let group = outcome.group.expose(|bytes| *bytes);
            assert_eq!(group, outcomes[0].group.expose(|bytes| *bytes));
            let share = outcome.share.expose(|bytes| *bytes);
            let share = SecretScalar::from_le_bytes(&share).unwrap();
            KeyShare::new(&keys, committee.auction, committee.epoch, index, share).unwrap();
        }
        assert_eq!(&outcomes[0].transcript.verify().unwrap(), committee);
    }
}

#[test]
fn a_participant_says_the_same_when_it_starts_again() {
    let stages = [
        Ceremony::new(4, 3),
        Ceremony::called(4, 3),
        Ceremony::committed(4, 3),
        Ceremony::dealt(4, 3),
    ];
    for ceremony in stages {
        // Each step is another participant's: one that knows what is on disk, and no more.
        match (ceremony.step(2), ceremony.step(2)) {
            (Step::Post(first), Step::Post(again)) => assert_eq!(first, again),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nobody_deals_before_it_accepts() {
    let ceremony = Ceremony::called(4, 3);
    let step = participant(1, None).next(&ceremony.board, NOW);
    match step {
        Step::Accept(session) => assert_eq!(session.id(), ceremony.session().id()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_missing_is_named_until_it_comes() {
    let missing = vec![MemberIndex(0), MemberIndex(2), MemberIndex(3)];
    for (mut ceremony, stage) in [
        (Ceremony::called(4, 3), Stage::Committing),
        (Ceremony::committed(4, 3), Stage::Dealing),
        (Ceremony::dealt(4, 3), Stage::Confirming),
    ] {
        ceremony.post_next(1);
        match ceremony.step(1) {
            Step::Wait(waiting) => {
                assert_eq!((waiting.stage, &waiting.missing), (stage, &missing));
                assert!(!waiting.overdue);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Silence: the session never ends, and who is silent is known, but proves nothing.
#[test]
fn after_the_deadline_nobody_enrols_and_waiting_is_overdue() {
    let mut ceremony = Ceremony::new(3, 2);
    ceremony.post_next(0);
    let late = Timestamp(NOW.0 + 3_600_001);
    for seed in [0, 1] {
        match participant(seed, None).next(&ceremony.board, late) {
            Step::Wait(waiting) => {
                assert!(waiting.overdue);
                assert_eq!((waiting.stage, waiting.free_seats), (Stage::Enrolling, 2));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_identity_that_is_enrolled_with_other_keys_is_told() {
    let mut ceremony = Ceremony::new(3, 2);
    ceremony.post_next(1);
    let mut again = Participant::new(
        crate::testing::identity(1),
        crate::testing::member(1),
        crate::testing::secret(77),
        None,
    );
    match again.next(&ceremony.board, NOW) {
        Step::Void(void) => assert_eq!(void.faults[0].reason, FaultReason::EnrolledElsewhere),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_secret_is_shown() {
    let participant = participant(1, None);
    let shown = format!("{participant:?} {:?}", participant.secret());
    assert!(shown.contains("redacted"));
    let bytes = participant.secret().expose(|bytes| *bytes);
    assert!(!shown.contains(&format!("{bytes:?}")));
}
