//! What is on disk when a message leaves is enough to go on without contradicting it.

use super::*;
use sealbid_types::codec::{decode, encode};

/// The state as it comes back from the disk.
fn stored(out: &[Output]) -> VoteState {
    let state = out.iter().rev().find_map(|output| match output {
        Output::Persist(state) => Some(state),
        _ => None,
    });
    let state = state.expect("something was persisted");
    decode(&encode::<VoteState>(state)).unwrap()
}

fn restored(member: u8, state: VoteState) -> Vote {
    let mut vote = Vote::restore(config(member), signers(member), state).unwrap();
    let mut out = Vec::new();
    vote.start(NOW, &mut out);
    assert_eq!(out, [], "it has done its part of this step");
    vote
}

fn sent(out: &[Output]) -> Vec<Message> {
    out.iter()
        .filter_map(|output| match output {
            Output::Broadcast(message) => Some(message.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_restarted_proposer_sends_the_same_again() {
    let (mut vote, mut out) = (vote(0), Vec::new());
    vote.start(NOW, &mut out);
    vote.propose(View(0), close(1), NOW, &mut out);
    let mut again = restored(0, stored(&out));
    assert_eq!(again.resend(), sent(&out));
    assert_eq!(again.position(), vote.position());
    let mut out = Vec::new();
    again.propose(View(0), close(2), NOW, &mut out);
    assert_eq!(out, []);
}

#[test]
fn a_restarted_member_does_not_vote_twice() {
    let (mut vote, value, mut out) = (started(1), close(1), Vec::new());
    vote.receive(proposal(0, &value), NOW, &mut out).unwrap();
    vote.validated(value.digest(), Verdict::Valid, NOW, &mut out);
    let mut again = restored(1, stored(&out));
    assert_eq!(again.resend(), sent(&out));
    let other = close(2);
    assert_eq!(
        again.hear(proposal(0, &other)),
        [Seen::Validate(other.digest(), 0)]
    );
    assert_eq!(again.judge(&other, Verdict::Valid), []);
}

#[test]
fn a_restarted_member_keeps_its_lock_and_its_valid_value() {
    let (mut vote, value, mut out) = (started(1), close(1), Vec::new());
    for message in [
        proposal(0, &value),
        prevote(0, 0, Some(&value)),
        prevote(2, 0, Some(&value)),
    ] {
        vote.receive(message, NOW, &mut out).unwrap();
    }
    vote.validated(value.digest(), Verdict::Valid, NOW, &mut out);
    let state = stored(&out);
    assert_eq!(
        state.position(),
        Some(Position {
            view: View(0),
            step: Step::Precommit
        })
    );
    let mut again = restored(1, state);
    assert_eq!(again.resend(), sent(&out));
    assert_eq!(again.locked, vote.locked);
    again.hear_all([precommit(0, 0, None), precommit(3, 0, None)]);
    let proposed = again.time_out();
    assert_eq!(proposed.len(), 3);
    assert!(matches!(&proposed[1], Seen::Send(Message::Proposal(full))
        if full.value == value && full.polka.len() == 3));
}

#[test]
fn a_restarted_member_that_waited_waits_again() {
    let mut vote = started(1);
    let mut out = Vec::new();
    for message in [prevote(2, 3, None), prevote(3, 3, None)] {
        vote.receive(message, NOW, &mut out).unwrap();
    }
    let mut again = Vote::restore(config(1), signers(1), stored(&out)).unwrap();
    let mut out = Vec::new();
    again.start(NOW, &mut out);
    assert_eq!((again.view(), out), (View(3), vec![]));
    assert_eq!(
        again.time_out(),
        [Seen::Persist, Seen::Send(prevote(1, 3, None))]
    );
}

#[test]
fn a_restarted_proposer_that_had_nothing_is_asked_again() {
    let mut out = Vec::new();
    let mut vote = started(1);
    for message in [prevote(2, 1, None), prevote(3, 1, None)] {
        vote.receive(message, NOW, &mut out).unwrap();
    }
    let mut again = Vote::restore(config(1), signers(1), stored(&out)).unwrap();
    let mut out = Vec::new();
    again.start(NOW, &mut out);
    assert_eq!(seen(out), [Seen::Propose(1)]);
}

#[test]
fn an_own_vote_that_comes_back_to_an_old_disk_silences_it() {
    let mut vote = started(1);
    vote.time_out();
    assert_eq!(vote.hear(prevote(1, 0, None)), [], "its own, known");
    let mut out = Vec::new();
    vote.receive(precommit(1, 0, None), NOW, &mut out).unwrap();
    let state = stored(&out);
    assert_eq!(seen(out), [Seen::Persist, Seen::Abstains]);
    assert_eq!(
        vote.hear_all([prevote(2, 0, None), prevote(3, 0, None)]),
        []
    );
    assert!(vote.abstains());
    // Who told it so may be away when it starts again.
    let mut again = Vote::restore(config(1), signers(1), state).unwrap();
    again.start(NOW, &mut Vec::new());
    assert!(again.abstains());
    let prevotes = [2, 3].map(|member| prevote(member, 0, None));
    assert_eq!(again.hear_all(prevotes), []);

    let mut vote = started(1);
    vote.time_out();
    assert_eq!(
        vote.hear(prevote(1, 0, Some(&close(1)))),
        [Seen::Persist, Seen::Abstains],
        "contradicts it"
    );
}

/// The precommit locked it, and its disk knows nothing of that: however far the others have gone
/// on, it must not vote against its lock.
#[test]
fn an_own_vote_of_a_view_long_past_silences_an_old_disk() {
    let mut vote = started(1);
    vote.hear_all([prevote(2, 9, None), prevote(3, 9, None)]);
    assert_eq!(vote.view(), View(9));
    let own = precommit(1, 0, Some(&close(1)));
    assert_eq!(vote.hear(own), [Seen::Persist, Seen::Abstains]);
}

/// What peers show a member that starts again is its newest message, and outlives the view.
#[test]
fn the_newest_ballot_of_a_member_is_kept() {
    let (mut vote, value) = (started(1), close(1));
    let other = MemberIndex(2);
    assert_eq!(vote.newest_ballot_of(other), None);
    vote.hear(prevote(2, 0, Some(&value)));
    let precommitted = precommit(2, 0, Some(&value));
    vote.hear(precommitted.clone());
    assert_eq!(vote.newest_ballot_of(other), Some(precommitted.clone()));
    vote.hear_all([prevote(0, 9, None), prevote(3, 9, None)]);
    assert_eq!(vote.view(), View(9));
    vote.receive(prevote(2, 0, Some(&value)), NOW, &mut Vec::new())
        .unwrap();
    assert_eq!(vote.newest_ballot_of(other), Some(precommitted.clone()));

    let mut again = started(2);
    assert_eq!(again.hear(precommitted), [Seen::Persist, Seen::Abstains]);
}

#[test]
fn what_is_persisted_precedes_what_is_sent() {
    let (mut vote, value, mut out) = (started(2), close(1), Vec::new());
    for message in [
        proposal(0, &value),
        prevote(0, 0, Some(&value)),
        prevote(1, 0, Some(&value)),
    ] {
        vote.receive(message, NOW, &mut out).unwrap();
    }
    vote.validated(value.digest(), Verdict::Valid, NOW, &mut out);
    let seen = seen(out.clone());
    let own = [prevote(2, 0, Some(&value)), precommit(2, 0, Some(&value))].map(Seen::Send);
    let [prevoted, precommitted] = own;
    let asked = Seen::Validate(value.digest(), 0);
    assert_eq!(seen, [asked, Seen::Persist, prevoted, precommitted]);
    assert_eq!(stored(&out).position(), vote.position());
}

#[test]
fn a_state_of_something_else_is_refused() {
    let (mut vote, mut out) = (vote(0), Vec::new());
    vote.start(NOW, &mut out);
    vote.propose(View(0), close(1), NOW, &mut out);
    let state = stored(&out);
    let restore = |config: Config, state| Vote::restore(config, signers(0), state).map(|_| ());
    let foreign = Err(RestoreError::Foreign);
    assert_eq!(restore(config(1), state.clone()), foreign);
    assert_eq!(
        restore(
            Config {
                round: Round(5),
                ..config(0)
            },
            state.clone()
        ),
        foreign
    );
    let mut torn = state;
    torn.values.clear();
    assert_eq!(
        restore(config(0), torn),
        Err(RestoreError::MissingValue(close(1).digest()))
    );
}
