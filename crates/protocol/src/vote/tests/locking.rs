//! A lock holds until q members show that it may be left.

use super::*;

#[test]
fn a_locked_member_votes_down_another_fresh_value() {
    let (value, other) = (close(1), close(2));
    let mut vote = locked_in_view_0(2, &value);
    let nil = Seen::Send(prevote(2, 1, None));
    let asked = Seen::Validate(other.digest(), 1);
    assert_eq!(vote.hear(proposal(1, &other)), [asked, Seen::Persist, nil]);
}

#[test]
fn a_locked_member_votes_for_its_value_when_it_comes_again() {
    let value = close(1);
    let mut vote = locked_in_view_0(2, &value);
    let yes = Seen::Send(prevote(2, 1, Some(&value)));
    assert_eq!(
        vote.hear(proposal_again(1, &value, 0)),
        [Seen::Persist, yes]
    );
}

#[test]
fn its_locked_value_needs_no_clock_once_q_members_prevoted_it() {
    let value = close(1);
    let mut vote = locked_in_view_0(2, &value);
    let much_later = after(3_600_000);
    let mut out = Vec::new();
    vote.receive(proposal_again(1, &value, 0), much_later, &mut out)
        .unwrap();
    assert_eq!(
        seen(out),
        [Seen::Persist, Seen::Send(prevote(2, 1, Some(&value)))]
    );
}

#[test]
fn a_lock_is_left_for_a_value_with_later_prevotes_and_for_no_other() {
    let (value, other) = (close(1), close(2));
    let mut vote = locked_in_view_0(3, &value);
    vote.hear_all([prevote(0, 2, None), prevote(1, 2, None)]);
    assert_eq!(vote.view(), View(2));
    let asked = Seen::Validate(other.digest(), 2);
    assert_eq!(
        vote.hear(proposal_again(2, &other, 1)),
        [asked],
        "waits for the verdict"
    );
    let yes = Seen::Send(prevote(3, 2, Some(&other)));
    assert_eq!(vote.judge(&other, Verdict::Valid), [Seen::Persist, yes]);

    let third = close(3);
    let mut vote = locked_in_view_0(3, &value);
    vote.hear_all([prevote(0, 1, Some(&other)), prevote(1, 1, Some(&other))]);
    vote.hear_all([proposal(1, &other), prevote(2, 1, Some(&other))]);
    vote.judge(&other, Verdict::Valid);
    let locked = vote.locked.unwrap();
    assert_eq!(
        (locked.view, locked.value),
        (View(1), other.digest()),
        "locked anew"
    );
    vote.hear_all([prevote(0, 2, None), prevote(1, 2, Some(&value))]);
    let nil = Seen::Send(prevote(3, 2, None));
    let asked = Seen::Validate(third.digest(), 2);
    let heard = vote.hear(proposal_again(2, &third, 0));
    assert_eq!(
        heard,
        [asked, Seen::Persist, nil],
        "prevotes of view 0, a lock of view 1"
    );
}

#[test]
fn a_proposer_proposes_its_valid_value_with_the_prevotes() {
    let value = close(1);
    let mut vote = locked_in_view_0(1, &value);
    // Its turn has come in view 1; what it sent says it all.
    let Some(Message::Proposal(full)) = vote.resend().into_iter().find(
        |message| matches!(message, Message::Proposal(full) if full.header.body.view == View(1)),
    ) else {
        panic!("no proposal among {:?}", vote.resend());
    };
    assert_eq!(full.header.body.valid_view, Some(View(0)));
    assert_eq!(full.polka.len(), 3);
    let mut other = started(3);
    other.hear_all([prevote(0, 1, None), prevote(1, 1, Some(&value))]);
    let asked = Seen::Validate(value.digest(), 1);
    assert_eq!(other.hear(Message::Proposal(full)), [asked]);
    assert_eq!(
        vote.hear(proposal(0, &close(9))).len(),
        1,
        "and it tells who lies"
    );
}
