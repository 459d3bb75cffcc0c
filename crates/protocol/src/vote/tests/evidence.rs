//! Who contradicts itself is named once, and nothing else changes.

use super::*;

#[test]
fn two_prevotes_of_one_view_are_evidence_and_the_first_counts() {
    let (mut vote, value) = (started(1), close(1));
    let [first, second] = [Some(&value), None].map(|value| signed_prevote(3, 0, value));
    assert_eq!(vote.hear(Message::Prevote(first.clone())), []);
    let evidence = Evidence::Prevotes([first.clone(), second.clone()]);
    assert!(evidence.verify(&signers(1)));
    assert_eq!(
        vote.hear(Message::Prevote(second.clone())),
        [Seen::Evidence(evidence)]
    );
    assert_eq!(vote.hear(Message::Prevote(second)), [], "once");
    let counted = vote.tally.ballot::<Prevote>(View(0), MemberIndex(3));
    assert_eq!(counted, Some(&first));
}

#[test]
fn a_second_proposal_is_found_by_its_header() {
    let (mut vote, value, other) = (started(1), close(1), close(2));
    vote.hear(proposal(0, &value));
    let [first, second] = [&value, &other].map(|value| header(0, value.digest(), None));
    let evidence = Evidence::Proposals([first, second.clone()]);
    assert!(evidence.verify(&signers(2)));
    assert_eq!(
        vote.hear(Message::Header(second)),
        [Seen::Evidence(evidence)]
    );
    assert_eq!(vote.hear(proposal(0, &other)), []);
}

#[test]
fn two_precommits_of_one_view_are_evidence() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear(precommit(3, 0, Some(&value)));
    let heard = vote.hear(precommit(3, 0, None));
    assert!(
        matches!(&heard[..], [Seen::Evidence(e @ Evidence::Precommits(_))]
        if e.member() == MemberIndex(3) && e.verify(&signers(0)))
    );
}

#[test]
fn a_bad_share_counts_as_not_received_and_is_evidence() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear(proposal(0, &value));
    vote.judge(&value, Verdict::Valid);
    vote.hear_all([prevote(0, 0, Some(&value)), prevote(2, 0, Some(&value))]);
    let bad = bad_precommit(3, 0, &value);
    assert_eq!(vote.hear(Message::Precommit(bad.clone())), []);
    let evidence = Evidence::BadShare(bad.clone());
    assert!(evidence.verify(&signers(0)));
    assert_eq!(
        vote.hear(precommit(0, 0, Some(&value))),
        [Seen::Evidence(evidence)]
    );
    assert_eq!(
        vote.hear(Message::Precommit(bad)),
        [],
        "known, and not counted again"
    );
    let worse = Commitment {
        value: value.digest(),
        share: FixedBytes([9; 96]),
    };
    let worse = Message::Precommit(signed_precommit(3, 0, Some(worse)));
    assert_eq!(vote.hear(worse), [], "looked at before it counts");
    let decided = Seen::Decided(value.digest(), certificate(0, &value));
    assert_eq!(
        vote.hear(precommit(3, 0, Some(&value))),
        [decided],
        "the right one counts"
    );
}

#[test]
fn evidence_that_proves_nothing_does_not_verify() {
    let (value, other) = (close(1), close(2));
    let [first, second] = [&value, &other].map(|value| signed_prevote(3, 0, Some(value)));
    let right = |pair: [Signed<Prevote>; 2]| Evidence::Prevotes(pair).verify(&signers(0));
    assert!(right([first.clone(), second.clone()]));
    assert!(!right([first.clone(), first.clone()]), "one vote");
    assert!(
        !right([first.clone(), signed_prevote(3, 1, None)]),
        "two views"
    );
    assert!(
        !right([first.clone(), signed_prevote(2, 0, None)]),
        "two members"
    );
    let mut another_round = second.clone();
    another_round.body.round = Round(5);
    let another_round = sign(another_round.body, MemberIndex(3), &identity(3));
    assert!(!right([first.clone(), another_round]), "two rounds");
    let forged = Signed {
        member: MemberIndex(1),
        ..second
    };
    assert!(
        !right([
            Signed {
                member: MemberIndex(1),
                ..first
            },
            forged
        ]),
        "somebody else's"
    );
    let Message::Precommit(honest) = precommit(3, 0, Some(&value)) else {
        panic!()
    };
    assert!(!Evidence::BadShare(honest).verify(&signers(0)));
    assert!(!Evidence::BadShare(signed_precommit(3, 0, None)).verify(&signers(0)));
    let mut framed = bad_precommit(3, 0, &value);
    framed.signature = bad_precommit(2, 0, &value).signature;
    assert!(!Evidence::BadShare(framed).verify(&signers(0)));
}

#[test]
fn a_member_that_lies_in_every_view_is_named_a_bounded_number_of_times() {
    let (mut vote, value) = (started(1), close(1));
    let heard: usize = (0..200)
        .map(|view| {
            vote.hear(prevote(3, view, None));
            vote.hear(prevote(3, view, Some(&value))).len()
        })
        .sum();
    assert_eq!(heard, 8);
    assert!(vote.tally.views().count() <= 3);
}

#[test]
fn wrong_shares_of_views_far_off_are_not_kept() {
    let (mut vote, value) = (started(1), close(1));
    vote.suspects.insert(MemberIndex(3));
    for view in 0..200 {
        vote.hear(Message::Precommit(bad_precommit(3, view, &value)));
    }
    for view in 100..150 {
        vote.hear(Message::Precommit(bad_precommit(3, view, &value)));
    }
    assert!(vote.tally.views().count() <= 3);
}

#[test]
fn a_wrong_share_does_not_keep_others_in_a_view_that_one_has_left() {
    let (mut vote, value) = (started(1), close(1));
    vote.hear(proposal(0, &value));
    vote.judge(&value, Verdict::Valid);
    vote.hear_all([prevote(0, 0, Some(&value)), prevote(2, 0, Some(&value))]);
    vote.hear(Message::Precommit(bad_precommit(3, 0, &value)));
    assert_eq!(vote.wake_at(NOW), None);
    let heard = vote.hear(precommit(0, 0, Some(&value)));
    assert!(matches!(heard[..], [Seen::Evidence(Evidence::BadShare(_))]));
    assert!(
        vote.wake_at(NOW).is_some(),
        "three members are done with this view"
    );
    let passed_on = |message: &Message| *message == Message::Precommit(bad_precommit(3, 0, &value));
    assert!(
        vote.resend().iter().any(passed_on),
        "and the others will see it"
    );
}
