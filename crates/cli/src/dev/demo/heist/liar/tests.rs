use sealbid_client::evidence::{Evidence, Offence, convict};
use sealbid_protocol::evidence::WrongShares;
use sealbid_protocol::vote::Prevote;
use sealbid_types::id::Slot;

use super::super::testing::{START, TestHouse, order};
use super::*;

/// In the slot after the first.
const NOW: Timestamp = Timestamp(START.0 + 5_500);
const ME: MemberIndex = MemberIndex(2);
/// In whose first view it is this member's turn.
const ROUND: Round = Round(2);

fn liar(house: &TestHouse) -> Liar {
    let identity = house.members[ME.as_usize()].identity();
    let committee = Arc::new(house.file.committee().clone());
    Liar::new(committee, ME, identity, (ROUND, [5; 32].into()))
}

fn signed<T: Schema>(house: &TestHouse, member: u8, body: T) -> Signed<T> {
    let key = house.members[usize::from(member)].identity();
    Signed::new(body, MemberIndex(member), &key)
}

fn report(house: &TestHouse, member: u8, intents: &[EnvelopeId]) -> PeerMessage {
    let committee = house.file.committee();
    let body = Report {
        auction: committee.auction,
        epoch: committee.epoch,
        round: ROUND,
        slot: Slot(1),
        intents: intents.to_vec(),
        quotes: vec![[9; 32].into()],
    };
    PeerMessage::Report(Box::new(signed(house, member, body)))
}

fn proposal_in(messages: &[PeerMessage]) -> Option<&FullProposal> {
    messages.iter().find_map(|message| match message {
        PeerMessage::Vote(vote) => match &**vote {
            Message::Proposal(full) => Some(&**full),
            _ => None,
        },
        _ => None,
    })
}

fn shares_in(messages: &[PeerMessage]) -> Option<&Signed<Shares>> {
    messages.iter().find_map(|message| match message {
        PeerMessage::Shares(shares) => Some(&**shares),
        _ => None,
    })
}

/// A liar that has heard of a quorum's reports, and what it said to the last of them.
fn with_turn(house: &TestHouse) -> (Liar, Vec<PeerMessage>) {
    let mut liar = liar(house);
    let ids: Vec<EnvelopeId> = (1..=3u8).map(|id| [id; 32].into()).collect();
    assert!(liar.hear(report(house, 0, &ids[..2]), NOW).is_empty());
    assert!(liar.hear(report(house, 1, &ids[1..]), NOW).is_empty());
    let said = liar.hear(report(house, 3, &ids), NOW);
    (liar, said)
}

#[test]
fn its_proposal_lacks_one_intent_and_nothing_else() {
    let house = TestHouse::of(4);
    let (liar, said) = with_turn(&house);
    let full = proposal_in(&said).unwrap();
    let committee = house.file.committee();
    let identity = &committee.member(ME).unwrap().identity;
    full.header.verify(identity).unwrap();
    assert_eq!(full.header.body.value, full.value.digest());
    let close = full.value.as_close().unwrap();
    let mut whole = liar.compose(NOW).unwrap();
    let left_out = whole.intents.remove(0);
    assert_eq!(*close, whole);
    assert_eq!(left_out, [1; 32].into());
    assert_eq!(close.intents.len(), 2);
    assert_eq!(close.quotes.len(), 1);
    assert_eq!(close.reports.len(), 3);
    assert_eq!((close.slot, close.previous), (Slot(1), [5; 32].into()));
    assert_eq!(liar.voted_down().unwrap().left_out, left_out);
    // Said again as it was, since messages may be lost, and never otherwise in one view: two
    // proposals would be evidence, and that is another lie.
    assert_eq!(proposal_in(&liar.repeat(NOW)), Some(full));
}

#[test]
fn it_proposes_in_its_own_turns_only() {
    let house = TestHouse::of(4);
    let mut liar = liar(&house);
    liar.reports = with_turn(&house).0.reports;
    for round in [1, 3, 4, 5] {
        liar.round = Round(round);
        assert_eq!(liar.propose(NOW), None);
    }
    // Of four members each begins every fourth round.
    liar.round = Round(6);
    assert!(liar.propose(NOW).is_some());
}

#[test]
fn only_what_members_have_signed_counts_against_it() {
    let house = TestHouse::of(4);
    let (mut liar, _) = with_turn(&house);
    let committee = house.file.committee();
    let nil = |view| Prevote {
        auction: committee.auction,
        epoch: committee.epoch,
        round: ROUND,
        subject: Subject::Close,
        view: View(view),
        value: None,
    };
    let vote = |prevote| PeerMessage::Vote(Box::new(Message::Prevote(prevote)));
    let forged = Signed {
        member: MemberIndex(1),
        ..signed(&house, 0, nil(0))
    };
    for prevote in [signed(&house, 3, nil(0)), forged, signed(&house, 0, nil(1))] {
        liar.hear(vote(prevote), NOW);
    }
    let outcome = liar.voted_down().unwrap();
    assert_eq!(outcome.against, BTreeSet::from([MemberIndex(3)]));
    assert!(outcome.in_favour.is_empty());
    assert_eq!(outcome.after, None, "one is no quorum");
    for (member, later) in [(0, 100), (1, 200)] {
        let now = NOW.plus(Duration::from_millis(later));
        liar.hear(vote(signed(&house, member, nil(0))), now);
        // Again, as members say everything again: that it was there before counts.
        liar.hear(
            vote(signed(&house, member, nil(0))),
            NOW.plus(Duration::from_secs(9)),
        );
    }
    // The slot has ended half a second before.
    let after = liar.voted_down().unwrap().after;
    assert_eq!(after, Some(Duration::from_millis(700)));
}

/// What a member keeps that finds the share to be wrong convicts it, and nobody else.
#[test]
fn its_shares_convict_it() {
    let house = TestHouse::of(4);
    let (_, envelope) = house.seal(&order());
    let mut liar = liar(&house);
    liar.reports = with_turn(&house).0.reports;
    let mut close = liar.compose(NOW).unwrap();
    close.intents = vec![envelope.id()];
    let value = Value::Close(close.clone());
    let header = Proposal {
        auction: close.auction,
        epoch: close.epoch,
        round: ROUND,
        subject: Subject::Close,
        view: View(1),
        value: value.digest(),
        valid_view: None,
    };
    let full = FullProposal {
        header: signed(&house, 3, header),
        value,
        polka: Vec::new(),
    };
    let message = PeerMessage::Vote(Box::new(Message::Proposal(Box::new(full))));
    let said = liar.hear(message, NOW);
    let shares = shares_in(&said).unwrap().clone();
    let evidence = Evidence::Shares(Box::new(WrongShares {
        shares,
        parts: parts_of(&close),
        wrong: Some((envelope, Part::Terms)),
    }));
    let charge = convict(&house.file, &evidence).unwrap();
    assert_eq!(charge.member, Some(ME));
    assert_eq!(charge.offence, Offence::WrongDecryptionShare);
}

#[test]
fn a_new_round_begins_with_nothing_said() {
    let house = TestHouse::of(4);
    let (mut liar, _) = with_turn(&house);
    let close = liar.compose(NOW).unwrap();
    liar.go_on_after(&close);
    assert_eq!((liar.round, liar.previous), (Round(3), close.digest()));
    assert_eq!(liar.voted_down(), None);
    assert_eq!(liar.repeat(NOW).len(), 1, "a sign of life");
}
