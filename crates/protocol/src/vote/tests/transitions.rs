//! The way to a decision, and around what does not come.

use super::*;

#[test]
fn a_proposer_proposes_what_it_is_given() {
    let mut vote = vote(0);
    let mut out = Vec::new();
    vote.start(NOW, &mut out);
    assert_eq!(seen(out), [Seen::Propose(0)]);
    let (value, mut out) = (close(1), Vec::new());
    vote.propose(View(0), value.clone(), NOW, &mut out);
    let prevote = prevote(0, 0, Some(&value));
    assert_eq!(
        seen(out),
        [
            Seen::Persist,
            Seen::Send(proposal(0, &value)),
            Seen::Send(prevote)
        ]
    );
    let mut out = Vec::new();
    vote.propose(View(0), close(2), NOW, &mut out);
    vote.start(NOW, &mut out);
    assert_eq!(out, [], "one proposal a view");
}

#[test]
fn a_round_is_decided_in_three_steps() {
    let (mut vote, value) = (started(1), close(1));
    let digest = value.digest();
    assert_eq!(vote.hear(proposal(0, &value)), [Seen::Validate(digest, 0)]);
    let own = prevote(1, 0, Some(&value));
    assert_eq!(
        vote.judge(&value, Verdict::Valid),
        [Seen::Persist, Seen::Send(own)]
    );
    assert_eq!(vote.hear(prevote(0, 0, Some(&value))), []);
    let own = precommit(1, 0, Some(&value));
    assert_eq!(
        vote.hear(prevote(2, 0, Some(&value))),
        [Seen::Persist, Seen::Send(own)]
    );
    assert_eq!(vote.hear(precommit(0, 0, Some(&value))), []);
    let decided = Seen::Decided(digest, certificate(0, &value));
    assert_eq!(vote.hear(precommit(3, 0, Some(&value))), [decided]);
    assert_eq!((vote.wake_at(NOW), vote.resend()), (None, Vec::new()));
    let mut out = Vec::new();
    let late = vote.receive(precommit(2, 0, Some(&value)), NOW, &mut out);
    assert_eq!((late, out), (Ok(Received::Late), Vec::new()));
}

#[test]
fn nothing_is_done_before_the_start_and_nothing_heard_is_lost() {
    let (mut vote, value) = (vote(1), close(1));
    let asked = [Seen::Validate(value.digest(), 0)];
    assert_eq!(vote.hear(proposal(0, &value)), asked);
    assert_eq!(vote.judge(&value, Verdict::Valid), []);
    assert_eq!((vote.wake_at(NOW), vote.is_started()), (None, false));
    let mut out = Vec::new();
    vote.start(NOW, &mut out);
    assert_eq!(
        seen(out),
        [Seen::Persist, Seen::Send(prevote(1, 0, Some(&value)))]
    );
}

#[test]
fn members_at_work_wake_one_that_sleeps() {
    let mut vote = vote(1);
    assert_eq!(vote.hear(prevote(2, 0, None)), []);
    assert!(!vote.is_started());
    vote.hear(prevote(3, 0, None));
    assert!(vote.is_started());
    assert_eq!(vote.wake_at(NOW), Some(after(1_500).monotonic));
}

#[test]
fn a_silent_proposer_costs_one_view() {
    let mut vote = started(1);
    assert_eq!(vote.wait(after(1_499)), []);
    assert_eq!(
        vote.time_out(),
        [Seen::Persist, Seen::Send(prevote(1, 0, None))]
    );
    assert_eq!(vote.wake_at(NOW), None);
    let nil = precommit(1, 0, None);
    let heard = vote.hear_all([prevote(2, 0, None), prevote(3, 0, None)]);
    assert_eq!(heard, [Seen::Persist, Seen::Send(nil)]);
    assert_eq!(
        vote.hear_all([precommit(2, 0, None), precommit(3, 0, None)]),
        []
    );
    assert_eq!(vote.wake_at(NOW), Some(after(700).monotonic));
    assert_eq!(vote.time_out(), [Seen::Propose(1), Seen::Persist]);
    assert_eq!(vote.view(), View(1));
    let longer = after(700 + 1_500 + 500);
    assert_eq!(
        vote.wake_at(NOW),
        Some(longer.monotonic),
        "timeouts grow with the view"
    );
}

#[test]
fn q_prevotes_without_one_value_end_in_nil_after_a_timeout() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear(proposal(0, &value));
    vote.judge(&value, Verdict::Valid);
    assert_eq!(
        vote.hear_all([prevote(2, 0, None), prevote(3, 0, None)]),
        []
    );
    assert_eq!(vote.wake_at(NOW), Some(after(700).monotonic));
    assert_eq!(
        vote.time_out(),
        [Seen::Persist, Seen::Send(precommit(1, 0, None))]
    );
}

#[test]
fn an_invalid_value_is_voted_down() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear(proposal(0, &value));
    let nil = prevote(1, 0, None);
    assert_eq!(
        vote.judge(&value, Verdict::Invalid),
        [Seen::Persist, Seen::Send(nil)]
    );
}

#[test]
fn a_late_verdict_still_makes_the_value_valid() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear(proposal(0, &value));
    assert_eq!(
        vote.time_out(),
        [Seen::Persist, Seen::Send(prevote(1, 0, None))]
    );
    let prevotes = [0, 2, 3].map(|member| prevote(member, 0, Some(&value)));
    assert_eq!(vote.hear_all(prevotes), [], "not judged yet");
    let own = precommit(1, 0, Some(&value));
    assert_eq!(
        vote.judge(&value, Verdict::Valid),
        [Seen::Persist, Seen::Send(own)]
    );
}

#[test]
fn f_plus_one_members_of_later_views_pull_a_member_along() {
    let mut vote = started(3);
    assert_eq!(vote.hear(prevote(1, 7, None)), [], "one may lie");
    assert_eq!(vote.hear(prevote(2, 5, None)), [Seen::Persist]);
    assert_eq!(vote.view(), View(5));
}

#[test]
fn skip_thresholds_leave_room_for_liars_and_for_the_silent() {
    let thresholds = [
        (3, 2, 1),
        (4, 3, 2),
        (5, 4, 2),
        (7, 5, 3),
        (16, 11, 6),
        (4, 4, 1),
    ];
    for (members, quorum, expected) in thresholds {
        let config = Config {
            members,
            quorum,
            ..config(0)
        };
        assert_eq!(
            config.skip_threshold(),
            expected,
            "n = {members}, q = {quorum}"
        );
    }
    for n in 1..=16u8 {
        for q in n / 2 + 1..=n {
            let f_plus_1 = Config {
                members: n,
                quorum: q,
                ..config(0)
            }
            .skip_threshold();
            let liars = usize::from(2 * q - n - 1).min(usize::from(n - q));
            assert!(
                f_plus_1 > liars,
                "liars alone pull nobody along: n = {n}, q = {q}"
            );
            assert!(
                f_plus_1 <= usize::from(q) - liars,
                "the honest of a quorum do"
            );
        }
    }
}

#[test]
fn the_slot_of_a_fresh_value_is_judged_by_the_clock() {
    let prevoted = |slot: u64| {
        let (mut vote, value) = (started(1), close_of(1, Slot(slot)));
        vote.hear(proposal(0, &value));
        vote.judge(&value, Verdict::Valid)
    };
    let yes = |slot| {
        [
            Seen::Persist,
            Seen::Send(prevote(1, 0, Some(&close_of(1, Slot(slot))))),
        ]
    };
    assert_eq!(prevoted(10), yes(10));
    assert_eq!(prevoted(9), yes(9));
    assert_eq!(prevoted(8), [], "voted down before it was judged");
    assert_eq!(prevoted(11), [], "its slot has not ended");
}

#[test]
fn a_stale_value_is_voted_down_at_once() {
    let (mut vote, value) = (started(1), close_of(1, Slot(8)));
    let asked = Seen::Validate(value.digest(), 0);
    let nil = Seen::Send(prevote(1, 0, None));
    assert_eq!(vote.hear(proposal(0, &value)), [asked, Seen::Persist, nil]);
}

#[test]
fn an_early_value_waits_for_its_slot_to_end() {
    let late = after(5_000 - 400);
    let (mut vote, value) = (vote(1), close_of(1, Slot(11)));
    let mut out = Vec::new();
    vote.start(late, &mut out);
    vote.receive(proposal(0, &value), late, &mut out).unwrap();
    vote.validated(value.digest(), Verdict::Valid, late, &mut out);
    assert_eq!(seen(out), [Seen::Validate(value.digest(), 0)]);
    assert_eq!(vote.wake_at(late), Some(after(4_900).monotonic));
    assert_eq!(
        vote.wait(after(4_900)),
        [Seen::Persist, Seen::Send(prevote(1, 0, Some(&value)))]
    );
}

#[test]
fn a_value_that_was_fresh_when_seen_may_be_judged_slowly() {
    let (mut vote, value) = (vote(1), close_of(1, Slot(9)));
    let (before, after) = (after(4_800), after(5_000));
    let mut out = Vec::new();
    vote.start(before, &mut out);
    vote.receive(proposal(0, &value), before, &mut out).unwrap();
    let mut out = Vec::new();
    vote.validated(value.digest(), Verdict::Valid, after, &mut out);
    assert_eq!(
        seen(out),
        [Seen::Persist, Seen::Send(prevote(1, 0, Some(&value)))]
    );
}

#[test]
fn a_certificate_of_any_view_decides() {
    let (mut vote, value, other) = (vote(1), close(1), close(2));
    let mut learn = |value: &Value, certificate| {
        let mut out = Vec::new();
        let learned = vote.learn(value.clone(), certificate, NOW, &mut out);
        (learned, seen(out))
    };
    let wrong = LearnError(value.digest());
    assert_eq!(learn(&value, certificate(0, &other)), (Err(wrong), vec![]));
    let right = certificate(9, &value);
    assert_eq!(
        learn(&value, right),
        (Ok(()), vec![Seen::Decided(value.digest(), right)])
    );
    assert_eq!(learn(&value, certificate(3, &value)), (Ok(()), vec![]));
    assert_eq!(
        learn(&other, certificate(3, &other)),
        (Ok(()), vec![Seen::Forked])
    );
}

#[test]
fn an_abstaining_member_follows_and_decides_without_a_word() {
    let value = close(1);
    let mut vote = Vote::new(
        Config {
            abstain: true,
            ..config(0)
        },
        signers(0),
    )
    .unwrap();
    let mut out = Vec::new();
    vote.start(NOW, &mut out);
    assert_eq!(out, [], "it does not propose either");
    assert_eq!(vote.time_out(), []);
    let prevotes = [1, 2, 3].map(|member| prevote(member, 1, None));
    assert_eq!(vote.hear_all(prevotes), []);
    assert_eq!(vote.view(), View(1));
    assert_eq!(
        vote.hear(proposal(1, &value)),
        [Seen::Validate(value.digest(), 1)]
    );
    let precommits = [1, 2, 3].map(|member| precommit(member, 1, Some(&value)));
    let decided = Seen::Decided(value.digest(), certificate(1, &value));
    assert_eq!(vote.hear_all(precommits), [decided]);
    assert_eq!(vote.position(), None);
}

#[test]
fn those_who_stand_for_a_value_are_asked_for_its_envelopes() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear_all([
        proposal(0, &value),
        prevote(2, 0, Some(&value)),
        prevote(3, 0, None),
    ]);
    vote.judge(&value, Verdict::Valid);
    assert_eq!(
        vote.holders(value.digest()),
        [MemberIndex(0), MemberIndex(2)].into()
    );
}

/// A proposer that was waited for in vain is waited for shorter in its first turn of the next round,
/// until it speaks; in later turns as long as anybody.
#[test]
fn a_silent_proposer_is_waited_for_shorter_once_a_round() {
    let times = VoteTimes::default();
    let wait = |vote: &Vote| vote.wake_at(NOW).unwrap();
    let mut first = started(1);
    first.time_out();
    let silent = first.silent().clone();
    assert_eq!(silent, [MemberIndex(0)].into());

    let mut next = vote(1);
    next.expect_silence(&silent);
    next.start(NOW, &mut Vec::new());
    assert_eq!(wait(&next), after(times.propose / 3).monotonic);
    next.hear(proposal(0, &close(1)));
    assert!(next.silent().is_empty(), "it has spoken");

    let mut later = vote(1);
    later.expect_silence(&silent);
    later.hear_all([prevote(2, 4, None), prevote(3, 4, None)]);
    assert_eq!(later.view(), View(4));
    assert_eq!(
        wait(&later),
        after(times.propose + 4 * times.step).monotonic
    );
}
