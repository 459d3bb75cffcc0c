//! Nobody honest is convicted, whoever puts the pieces together.
//!
//! Whoever wants to frame a member has everything that it ever signed, the messages of a liar who
//! helps, and may change, rename and combine all of it. Two kinds of attempt: pieces put together
//! at random, and true evidence against the liar with bytes changed.

use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{Schema, decode, encode};
use sealbid_types::keys::Signature;

use super::*;
use crate::vote::{Commitment, Precommit, Proposal};

const HONEST: u8 = 1;
const LIAR: u8 = 2;

/// Everything that there is to make evidence of.
struct Pieces {
    case: Case,
    acknowledgements: Vec<Signed<Acknowledgement>>,
    reports: Vec<Signed<Report>>,
    proposals: Vec<Signed<Proposal>>,
    prevotes: Vec<Signed<Prevote>>,
    precommits: Vec<Signed<Precommit>>,
    shares: Vec<Signed<Shares>>,
    signature_shares: Vec<Signed<SignatureShareMessage>>,
    statements: Vec<Statement>,
    parts: Vec<Parts>,
    envelopes: [Envelope; 3],
}

/// A copy that no member takes.
fn spoilt(envelope: &Envelope) -> Envelope {
    let mut copy = envelope.clone();
    copy.signature.0.0[0] ^= 1;
    copy
}

/// What the honest member signs of one kind, and what the liar does.
fn both<T: Schema + Clone>(case: &Case, honest: Vec<T>, liar: Vec<T>) -> Vec<Signed<T>> {
    let by = |bodies: Vec<T>, member| {
        let signed = bodies.into_iter().map(|it| signed(&case.house, it, member));
        signed.collect::<Vec<_>>()
    };
    [by(honest, HONEST), by(liar, LIAR)].concat()
}

fn pieces() -> &'static Pieces {
    static PIECES: OnceLock<Pieces> = OnceLock::new();
    PIECES.get_or_init(|| {
        let case = Case::new();
        let (auction, epoch) = (case.body.auction, case.body.epoch);
        let ids: Vec<_> = case.envelopes.iter().map(Envelope::id).collect();
        let promise = |id: EnvelopeId, round| Acknowledgement {
            auction,
            epoch,
            envelope: id,
            round: Round(round),
        };
        let report = |ids: &[EnvelopeId], round, slot| Report {
            auction,
            epoch,
            round: Round(round),
            slot: Slot(slot),
            intents: ids.to_vec(),
            quotes: Vec::new(),
        };
        let proposal = |value: [u8; 32], view| Proposal {
            auction,
            epoch,
            round: Round(1),
            subject: Subject::Close,
            view: View(view),
            value: value.into(),
            valid_view: None,
        };
        let prevote = |value: Option<[u8; 32]>, view, subject| Prevote {
            auction,
            epoch,
            round: Round(1),
            subject,
            view: View(view),
            value: value.map(Into::into),
        };
        let statement = |value: [u8; 32], view| Statement::Close {
            auction,
            epoch,
            round: Round(1),
            view: View(view),
            close: value.into(),
        };
        let share = |member, statement: &Statement| {
            let share = case.house.kit.share(MemberIndex(member));
            share.sign(statement).unwrap().to_bytes()
        };
        let precommit = |value: Option<[u8; 32]>, view, share: FixedBytes<96>| Precommit {
            auction,
            epoch,
            round: Round(1),
            subject: Subject::Close,
            view: View(view),
            commitment: value.map(|value| Commitment {
                value: value.into(),
                share,
            }),
        };
        let right =
            |value, view| precommit(Some(value), view, share(HONEST, &statement(value, view)));
        let settlement = |name: u8| Statement::Settlement {
            auction,
            epoch,
            round: Round(1),
            settlement: [name; 32].into(),
        };
        let (own, other) = (settlement(5), settlement(6));
        let answer = |statement: &Statement, share| SignatureShareMessage {
            auction,
            epoch,
            round: Round(1),
            close: case.body.close,
            purpose: Purpose::Settlement,
            statement: FixedBytes(statement.digest()),
            share,
        };
        let mut swapped = case.body.clone();
        swapped.shares.swap(0, 1);
        let mut short = case.body.clone();
        short.shares.pop();
        let close = Subject::Close;
        let [first, second] = &case.envelopes;
        let envelopes = [first.clone(), second.clone(), spoilt(first)];
        let copy = envelopes[2].id();
        Pieces {
            acknowledgements: both(
                &case,
                // The second only for the round after the first report.
                vec![promise(ids[0], 1), promise(ids[1], 2)],
                vec![promise(ids[0], 1), promise(ids[1], 1)],
            ),
            reports: both(
                &case,
                vec![report(&ids[..1], 1, 1), report(&ids[1..], 2, 2)],
                vec![report(&[], 1, 1), report(&ids, 1, 2), report(&[copy], 3, 3)],
            ),
            proposals: both(
                &case,
                vec![proposal([1; 32], 0), proposal([2; 32], 4)],
                vec![proposal([1; 32], 1), proposal([2; 32], 1)],
            ),
            prevotes: both(
                &case,
                vec![
                    prevote(Some([1; 32]), 0, close),
                    prevote(None, 1, close),
                    prevote(Some([2; 32]), 0, Subject::Allocation),
                ],
                vec![prevote(Some([1; 32]), 0, close), prevote(None, 0, close)],
            ),
            precommits: both(
                &case,
                vec![right([1; 32], 0), precommit(None, 1, FixedBytes([0; 96]))],
                vec![right([1; 32], 0), precommit(None, 0, FixedBytes([0; 96]))],
            ),
            shares: both(&case, vec![case.body.clone()], vec![swapped, short]),
            signature_shares: both(
                &case,
                vec![answer(&own, share(HONEST, &own))],
                vec![
                    answer(&own, share(HONEST, &own)),
                    answer(&own, share(LIAR, &other)),
                ],
            ),
            statements: vec![own, other, statement([1; 32], 0)],
            parts: vec![
                case.parts.clone(),
                Parts(case.parts.0.iter().rev().copied().collect()),
                Parts(case.parts.0[..1].to_vec()),
            ],
            envelopes,
            case,
        }
    })
}

/// How a signed piece is changed by somebody who cannot sign for its member.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Name(u8),
    Signature(Vec<u8>),
    SignatureBit(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => Just(Change::Nothing),
        1 => (0u8..5).prop_map(Change::Name),
        1 => prop::collection::vec(any::<u8>(), 64).prop_map(Change::Signature),
        1 => (0usize..512).prop_map(Change::SignatureBit),
    ]
}

fn pick<T: Clone>(pool: &[Signed<T>], (at, change): &(Index, Change)) -> Signed<T> {
    let mut piece = pool[at.index(pool.len())].clone();
    match change {
        Change::Nothing => {}
        Change::Name(member) => piece.member = MemberIndex(*member),
        Change::Signature(bytes) => {
            piece.signature = Signature(FixedBytes(bytes.clone().try_into().unwrap()));
        }
        Change::SignatureBit(bit) => piece.signature.0.0[bit / 8] ^= 1 << (bit % 8),
    }
    piece
}

/// Evidence of any kind of any pieces.
fn assembled(
    kind: usize,
    (first, second): (&(Index, Change), &(Index, Change)),
    more: Index,
) -> Evidence {
    let it = pieces();
    let envelope = it.envelopes[more.index(3)].clone();
    match kind {
        0 => Evidence::Reports(Box::new([
            pick(&it.reports, first),
            pick(&it.reports, second),
        ])),
        1 => Evidence::Vote(Box::new(VoteEvidence::Proposals([
            pick(&it.proposals, first),
            pick(&it.proposals, second),
        ]))),
        2 => Evidence::Vote(Box::new(VoteEvidence::Prevotes([
            pick(&it.prevotes, first),
            pick(&it.prevotes, second),
        ]))),
        3 => Evidence::Vote(Box::new(VoteEvidence::Precommits([
            pick(&it.precommits, first),
            pick(&it.precommits, second),
        ]))),
        4 => Evidence::Vote(Box::new(VoteEvidence::BadShare(pick(
            &it.precommits,
            first,
        )))),
        5 => {
            let part = [Part::Terms, Part::Authorisation, Part::Quote][more.index(3)];
            let wrong = (more.index(5) > 0).then_some((envelope, part));
            Evidence::Shares(Box::new(WrongShares {
                shares: pick(&it.shares, first),
                parts: it.parts[second.0.index(it.parts.len())].clone(),
                wrong,
            }))
        }
        6 => Evidence::SignatureShare(Box::new(WrongSignatureShare {
            share: pick(&it.signature_shares, first),
            statement: it.statements[more.index(it.statements.len())],
        })),
        7 => Evidence::BogusReport(Box::new(BogusReport {
            report: pick(&it.reports, first),
            envelope,
        })),
        _ => Evidence::Promise(Box::new(BrokenPromise {
            acknowledgement: pick(&it.acknowledgements, first),
            report: pick(&it.reports, second),
            envelope,
        })),
    }
}

/// Evidence of every kind that is true, all of it against the liar.
fn proofs() -> &'static [Evidence] {
    static PROOFS: OnceLock<Vec<Evidence>> = OnceLock::new();
    PROOFS.get_or_init(|| {
        let it = pieces();
        let last = |all: &[Signed<Report>]| [all[2].clone(), all[3].clone()];
        let shares = |at: usize, wrong| {
            Evidence::Shares(Box::new(WrongShares {
                shares: it.shares[at].clone(),
                parts: it.parts[0].clone(),
                wrong,
            }))
        };
        let vote = |evidence| Evidence::Vote(Box::new(evidence));
        let [first, second] = [&it.case.envelopes[0], &it.case.envelopes[1]];
        vec![
            Evidence::Reports(Box::new(last(&it.reports))),
            vote(VoteEvidence::Proposals([
                it.proposals[2].clone(),
                it.proposals[3].clone(),
            ])),
            vote(VoteEvidence::Prevotes([
                it.prevotes[3].clone(),
                it.prevotes[4].clone(),
            ])),
            vote(VoteEvidence::Precommits([
                it.precommits[2].clone(),
                it.precommits[3].clone(),
            ])),
            vote(VoteEvidence::BadShare(it.precommits[2].clone())),
            shares(1, Some((first.clone(), Part::Terms))),
            shares(2, None),
            Evidence::SignatureShare(Box::new(WrongSignatureShare {
                share: it.signature_shares[1].clone(),
                statement: it.statements[0],
            })),
            Evidence::Promise(Box::new(BrokenPromise {
                acknowledgement: it.acknowledgements[3].clone(),
                report: it.reports[2].clone(),
                envelope: second.clone(),
            })),
            Evidence::BogusReport(Box::new(BogusReport {
                report: it.reports[4].clone(),
                envelope: it.envelopes[2].clone(),
            })),
        ]
    })
}

fn convict(evidence: &Evidence) -> Result<Charge, EvidenceError> {
    let house = &pieces().case.house;
    evidence.convict(&house.committee, &house.keys)
}

/// If this fails, the other tests here try nothing.
#[test]
fn the_liar_is_convicted_of_each_of_its_lies() {
    let mut offences: Vec<_> = proofs()
        .iter()
        .map(|evidence| {
            let charge = convict(evidence).unwrap();
            assert_eq!(charge.member, Some(MemberIndex(LIAR)), "{charge:?}");
            assert_ne!(charge.statements[0].digest, charge.statements[1].digest);
            charge.offence
        })
        .collect();
    offences.dedup();
    // All but those that name nobody.
    assert_eq!(
        offences,
        [
            Offence::TwoReports,
            Offence::TwoProposals,
            Offence::TwoPrevotes,
            Offence::TwoPrecommits,
            Offence::WrongPrecommitShare,
            Offence::WrongDecryptionShare,
            Offence::WrongSignatureShare,
            Offence::BrokenAcknowledgement,
            Offence::BogusReport,
        ]
    );
}

#[test]
fn evidence_of_another_house_shows_nothing_here() {
    let mut founding = sealbid_testkit::house::Founding::of(4);
    founding.rules.most_intents = 31;
    let other = founding.found();
    for evidence in proofs() {
        let judged = evidence.convict(&other.committee, &other.keys);
        assert_eq!(judged, Err(EvidenceError::Foreign), "{evidence:?}");
    }
}

/// The same members and keys in another auction: what was signed for the one is none of the
/// other's, even though every signature verifies there.
#[test]
fn evidence_of_another_auction_of_the_same_members_shows_nothing_here() {
    let house = &pieces().case.house;
    let mut committee = (*house.committee).clone();
    committee.auction = [9; 32].into();
    for evidence in proofs() {
        let judged = evidence.convict(&committee, &house.keys);
        assert_eq!(judged, Err(EvidenceError::Foreign), "{evidence:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_an_honest_member_signs_never_convicts_it(
        kind in 0usize..9,
        first in (any::<Index>(), change()),
        second in (any::<Index>(), change()),
        more: Index,
    ) {
        let evidence = assembled(kind, (&first, &second), more);
        if let Ok(charge) = convict(&evidence) {
            prop_assert_eq!(charge.member, Some(MemberIndex(LIAR)), "{:?}", evidence);
        }
    }

    /// In the canonical encoding: another place, round, member, value, point or signature.
    #[test]
    fn true_evidence_with_other_bytes_convicts_nobody_else(
        which: Index,
        flips in prop::collection::vec((any::<Index>(), 1u8..), 1..4),
    ) {
        let proofs = proofs();
        let mut bytes = encode(&proofs[which.index(proofs.len())]);
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        if let Ok(evidence) = decode::<Evidence>(&bytes)
            && let Ok(charge) = convict(&evidence)
        {
            prop_assert_eq!(charge.member, Some(MemberIndex(LIAR)));
        }
    }

    /// The same statement twice, with one signature or two encodings of it, is one statement.
    #[test]
    fn one_statement_twice_convicts_nobody(kind in 0usize..4, at: Index, change in change()) {
        let piece = (at, Change::Nothing);
        let evidence = assembled(kind, (&piece, &(at, change)), at);
        prop_assert!(convict(&evidence).is_err());
    }
}
