//! What is refused, and that refusing changes nothing.

use super::*;

fn refuse(vote: &mut Vote, message: Message) -> WrongBallot {
    let before = format!("{vote:?}");
    let mut out = Vec::new();
    let refused = vote.receive(message, NOW, &mut out).expect_err("refused");
    assert_eq!(out, []);
    assert_eq!(format!("{vote:?}"), before);
    refused.reason
}

fn full(message: Message) -> FullProposal {
    match message {
        Message::Proposal(full) => *full,
        other => panic!("{other:?}"),
    }
}

fn boxed(full: FullProposal) -> Message {
    Message::Proposal(Box::new(full))
}

#[test]
fn votes_of_strangers_and_of_other_rounds() {
    let mut vote = started(1);
    let good = signed_prevote(2, 0, None);
    let resign =
        |body, member| Message::Prevote(sign(body, MemberIndex(member), &identity(member)));
    let other_round = Prevote {
        round: Round(5),
        ..good.body
    };
    assert_eq!(
        refuse(&mut vote, resign(other_round, 2)),
        WrongBallot::Instance
    );
    let other_auction = Prevote {
        auction: [8; 32].into(),
        ..good.body
    };
    assert_eq!(
        refuse(&mut vote, resign(other_auction, 2)),
        WrongBallot::Instance
    );
    let other_epoch = Prevote {
        epoch: Epoch(1),
        ..good.body
    };
    assert_eq!(
        refuse(&mut vote, resign(other_epoch, 2)),
        WrongBallot::Instance
    );
    assert_eq!(
        refuse(&mut vote, prevote(4, 0, None)),
        WrongBallot::UnknownMember
    );
    let forged = Signed {
        member: MemberIndex(3),
        ..good
    };
    assert_eq!(
        refuse(&mut vote, Message::Prevote(forged)),
        WrongBallot::Signature
    );
    let mut forged = bad_precommit(3, 0, &close(1));
    forged.member = MemberIndex(0);
    assert_eq!(
        refuse(&mut vote, Message::Precommit(forged)),
        WrongBallot::Signature
    );
}

#[test]
fn proposals_that_are_not_what_they_say() {
    let (mut vote, value, other) = (started(3), close(1), close(2));
    let good = full(proposal(0, &value));
    let body = good.header.body;
    let by = |member: u8| sign(body, MemberIndex(member), &identity(member));
    let usurper = FullProposal {
        header: by(2),
        ..good.clone()
    };
    assert_eq!(refuse(&mut vote, boxed(usurper)), WrongBallot::NotProposer);
    assert_eq!(
        refuse(&mut vote, Message::Header(by(2))),
        WrongBallot::NotProposer
    );
    let swapped = FullProposal {
        value: other,
        ..good.clone()
    };
    assert_eq!(refuse(&mut vote, boxed(swapped)), WrongBallot::Value);
    let padded = FullProposal {
        polka: vec![signed_prevote(0, 0, Some(&value))],
        ..good.clone()
    };
    assert_eq!(refuse(&mut vote, boxed(padded)), WrongBallot::Polka);
    let mut forged = good;
    forged.header.signature = by(1).signature;
    assert_eq!(refuse(&mut vote, boxed(forged)), WrongBallot::Signature);
    assert_eq!(
        refuse(&mut vote, proposal_again(1, &value, 1)),
        WrongBallot::ValidView
    );
}

#[test]
fn prevotes_that_do_not_make_a_value_valid() {
    let (mut vote, value, other) = (started(3), close(1), close(2));
    let good = full(proposal_again(2, &value, 1));
    let mut with = |polka: Vec<Signed<Prevote>>| {
        refuse(
            &mut vote,
            boxed(FullProposal {
                polka,
                ..good.clone()
            }),
        )
    };
    let [a, b, c, d] = [0, 1, 2, 3].map(|member| signed_prevote(member, 1, Some(&value)));
    assert_eq!(with(vec![]), WrongBallot::Polka);
    assert_eq!(with(vec![a.clone(), b.clone()]), WrongBallot::Polka);
    assert_eq!(
        with(vec![a.clone(), b.clone(), b.clone()]),
        WrongBallot::Polka
    );
    assert_eq!(with(vec![a.clone(), b.clone(), c, d]), WrongBallot::Polka);
    let for_other = signed_prevote(2, 1, Some(&other));
    assert_eq!(
        with(vec![a.clone(), b.clone(), for_other]),
        WrongBallot::Polka
    );
    let of_other_view = signed_prevote(2, 0, Some(&value));
    assert_eq!(
        with(vec![a.clone(), b.clone(), of_other_view]),
        WrongBallot::Polka
    );
    let forged = Signed {
        member: MemberIndex(2),
        ..a
    };
    assert_eq!(with(vec![a.clone(), b.clone(), forged]), WrongBallot::Polka);
    assert_eq!(
        with(vec![a, b, signed_prevote(9, 1, Some(&value))]),
        WrongBallot::Polka
    );
}

#[test]
fn committees_that_cannot_vote() {
    for (member, members, quorum) in [(0, 4, 2), (0, 4, 5), (4, 4, 3), (0, 0, 0)] {
        let config = Config {
            member: MemberIndex(member),
            members,
            quorum,
            ..config(0)
        };
        assert!(Vote::new(config, signers(0)).is_err());
    }
}

/// Proposals for ever later views of one's own are kept one at a time until they are judged: each may
/// be a megabyte. Those of others stay.
#[test]
fn a_flood_of_proposals_is_kept_one_at_a_time() {
    let mut vote = started(1);
    let (honest, mut asked) = (close(200), Vec::new());
    vote.hear(proposal(0, &honest));
    for turn in 1..50u8 {
        let value = close(turn);
        // Member 3 proposes in views 3, 7, 11 ...
        vote.hear(proposal(4 * u32::from(turn) - 1, &value));
        asked.push(value.digest());
    }
    let kept: Vec<_> = asked
        .into_iter()
        .filter(|digest| vote.awaits_verdict(*digest))
        .collect();
    assert_eq!(kept, [close(49).digest()]);
    assert!(vote.awaits_verdict(honest.digest()));
    // A verdict on what is forgotten changes nothing.
    assert_eq!(vote.judge(&close(3), Verdict::Valid), []);
}
