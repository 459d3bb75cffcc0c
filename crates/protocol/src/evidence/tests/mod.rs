#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
//! What accuses, and what must not: each lie is judged from the committee file alone, and each thing
//! that an honest member may have signed accuses nobody.

use sealbid_types::close::Close;
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{Slot, View};
use sealbid_types::record::Ancestry;

use sealbid_crypto::check;
use sealbid_types::close::CertificateBytes;
use sealbid_types::id::EnvelopeId;

use super::*;
use crate::audit::tests::entries::swap;
use crate::audit::tests::house::{Gathering, House};
use crate::opening::{Opening, PartId, Purpose};
use crate::vote::{Prevote, Subject};

mod framing;

const LATE: u64 = 1 << 40;

fn signed<T: sealbid_types::codec::Schema>(house: &House, body: T, member: u8) -> Signed<T> {
    let member = MemberIndex(member);
    Signed::new(body, member, &house.kit.identity(member))
}

/// Two intents, and one member's shares of their terms.
struct Case {
    house: House,
    envelopes: [Envelope; 2],
    parts: Parts,
    body: Shares,
}

impl Case {
    fn new() -> Self {
        let house = House::new();
        let mut envelopes = [101, 102].map(|n| house.intent(n, n, &swap(n, 0, 1000, 900), LATE));
        envelopes.sort_by_key(Envelope::id);
        let record = house.settle(&Gathering {
            round: Round(1),
            slot: Slot(3),
            previous: Close::GENESIS,
            reports: [0, 1, 2].map(|member| (member, envelopes.to_vec())).into(),
            ancestry: Ancestry::default(),
        });
        let certificate = sealbid_crypto::CloseCertificate::verify(
            &house.keys,
            record.close.clone(),
            &record.certificate,
        )
        .unwrap();
        let parts: Vec<PartId> = envelopes.iter().map(|e| (e.id(), Part::Terms)).collect();
        let shares = envelopes.iter().map(|envelope| {
            let checked = check(envelope).unwrap();
            let pending = house
                .kit
                .share(MemberIndex(1))
                .share(checked.part(Part::Terms).unwrap());
            pending.release(&certificate).unwrap().value
        });
        let parts = Parts(parts);
        let body = Shares {
            auction: house.committee.auction,
            epoch: house.committee.epoch,
            round: Round(1),
            close: record.close.digest(),
            opening: Opening::First,
            allocation: None,
            parts: parts.digest(),
            shares: shares.collect(),
        };
        Self {
            house,
            envelopes,
            parts,
            body,
        }
    }

    fn judge(&self, evidence: &Evidence) -> Result<(), EvidenceError> {
        let stored: Evidence = decode(&encode(evidence)).unwrap();
        stored.judge(&self.house.committee, &self.house.keys)
    }

    fn shares(&self, body: Shares, at: usize) -> Evidence {
        Evidence::Shares(Box::new(WrongShares {
            shares: signed(&self.house, body, 1),
            parts: self.parts.clone(),
            wrong: Some((self.envelopes[at].clone(), Part::Terms)),
        }))
    }
}

#[test]
fn a_wrong_decryption_share_is_judged_alone() {
    let case = Case::new();
    let right = case.shares(case.body.clone(), 0);
    assert_eq!(case.judge(&right), Err(EvidenceError::Innocent));

    let mut swapped = case.body.clone();
    swapped.shares.swap(0, 1);
    for at in 0..2 {
        let evidence = case.shares(swapped.clone(), at);
        assert_eq!(case.judge(&evidence), Ok(()));
        assert_eq!(evidence.member(), Some(MemberIndex(1)));
        assert_eq!(evidence.round(), Round(1));
    }
    let mut short = case.body.clone();
    short.shares.pop();
    let count = |body: &Shares| {
        Evidence::Shares(Box::new(WrongShares {
            shares: signed(&case.house, body.clone(), 1),
            parts: case.parts.clone(),
            wrong: None,
        }))
    };
    assert_eq!(case.judge(&count(&short)), Ok(()));
    assert_eq!(case.judge(&count(&case.body)), Err(EvidenceError::Innocent));
}

/// Whoever wants to accuse an honest member has its true messages and may put anything beside them.
#[test]
fn a_right_share_under_other_parts_accuses_nobody() {
    let case = Case::new();
    let mut evidence = WrongShares {
        shares: signed(&case.house, case.body.clone(), 1),
        parts: case.parts.clone(),
        wrong: Some((case.envelopes[0].clone(), Part::Terms)),
    };
    let judge = |evidence: &WrongShares| case.judge(&Evidence::Shares(Box::new(evidence.clone())));
    evidence.parts.0.swap(0, 1);
    let parts = Err(EvidenceError::Form("the list of parts"));
    assert_eq!(judge(&evidence), parts);
    evidence.parts = case.parts.clone();
    evidence.wrong = Some((case.envelopes[0].clone(), Part::Authorisation));
    assert_eq!(judge(&evidence), Err(EvidenceError::Form("the envelope")));
    evidence.shares.body.shares.swap(0, 1);
    evidence.wrong = Some((case.envelopes[0].clone(), Part::Terms));
    let unsigned = Err(EvidenceError::Form("a signature"));
    assert_eq!(judge(&evidence), unsigned);
    evidence.shares = signed(&case.house, case.body.clone(), 1);
    evidence.shares.member = MemberIndex(2);
    assert_eq!(judge(&evidence), unsigned);
    let foreign = Shares {
        epoch: Epoch(1),
        ..case.body.clone()
    };
    let foreign = case.shares(foreign, 0);
    assert_eq!(case.judge(&foreign), Err(EvidenceError::Foreign));
}

#[test]
fn a_wrong_signature_share_is_judged_alone() {
    let case = Case::new();
    let Shares {
        auction,
        epoch,
        round,
        close,
        ..
    } = case.body;
    let statement = Statement::Settlement {
        auction,
        epoch,
        round,
        settlement: [5; 32].into(),
    };
    let right = case
        .house
        .kit
        .share(MemberIndex(1))
        .sign(&statement)
        .unwrap()
        .to_bytes();
    let evidence = |purpose, share, statement: Statement| {
        let body = SignatureShareMessage {
            auction,
            epoch,
            round,
            close,
            purpose,
            statement: FixedBytes(statement.digest()),
            share,
        };
        let share = signed(&case.house, body, 1);
        Evidence::SignatureShare(Box::new(WrongSignatureShare { share, statement }))
    };
    let innocent = evidence(Purpose::Settlement, right, statement);
    assert_eq!(case.judge(&innocent), Err(EvidenceError::Innocent));
    let others = case
        .house
        .kit
        .share(MemberIndex(2))
        .sign(&statement)
        .unwrap()
        .to_bytes();
    for wrong in [others, FixedBytes([1; 96])] {
        let lie = evidence(Purpose::Settlement, wrong, statement);
        assert_eq!(case.judge(&lie), Ok(()));
    }
    let misplaced = evidence(Purpose::Order, others, statement);
    let form = Err(EvidenceError::Form("the statement"));
    assert_eq!(case.judge(&misplaced), form);
    // The right share of one statement is wrong for another: what the member signed says which.
    let Evidence::SignatureShare(mut moved) = innocent else {
        panic!()
    };
    moved.statement = Statement::Settlement {
        auction,
        epoch,
        round,
        settlement: [6; 32].into(),
    };
    assert_eq!(case.judge(&Evidence::SignatureShare(moved)), form);
}

#[test]
fn two_reports_and_two_votes_are_judged_alone() {
    let case = Case::new();
    let report = |envelopes: &[Envelope], round| case.house.report(1, Round(round), envelopes);
    let pair = |first: &Signed<Report>, second: &Signed<Report>| {
        case.judge(&Evidence::Reports(Box::new([
            first.clone(),
            second.clone(),
        ])))
    };
    let (empty, full) = (report(&[], 1), report(&case.envelopes, 1));
    assert_eq!(pair(&empty, &full), Ok(()));
    let innocent = Err(EvidenceError::Innocent);
    assert_eq!(pair(&empty, &empty), innocent);
    assert_eq!(pair(&empty, &report(&case.envelopes, 2)), innocent);
    let others = case.house.report(2, Round(1), &case.envelopes);
    assert_eq!(pair(&empty, &others), innocent);
    let mut forged = full.clone();
    forged.body.intents.pop();
    assert_eq!(
        pair(&full, &forged),
        Err(EvidenceError::Form("a signature"))
    );

    let prevote = |close: Option<[u8; 32]>, view| {
        let body = Prevote {
            auction: case.body.auction,
            epoch: case.body.epoch,
            round: Round(1),
            view: View(view),
            subject: Subject::Close,
            value: close.map(Into::into),
        };
        signed(&case.house, body, 1)
    };
    let votes = |first, second| {
        case.judge(&Evidence::Vote(Box::new(VoteEvidence::Prevotes([
            first, second,
        ]))))
    };
    assert_eq!(votes(prevote(Some([1; 32]), 0), prevote(None, 0)), Ok(()));
    assert_eq!(votes(prevote(Some([1; 32]), 0), prevote(None, 1)), innocent);
}

#[test]
fn two_certified_allocations_are_judged_alone() {
    let case = Case::new();
    let certified = |allocation: [u8; 32], round| {
        let statement = Statement::Allocation {
            auction: case.body.auction,
            epoch: case.body.epoch,
            round: Round(round),
            view: View(3),
            allocation: allocation.into(),
        };
        CertifiedAllocation {
            auction: case.body.auction,
            epoch: case.body.epoch,
            allocated: Allocated {
                round: Round(round),
                allocation: allocation.into(),
                certificate: CertificateBytes {
                    view: View(3),
                    signature: case.house.kit.sign(&statement),
                },
            },
        }
    };
    let judge = |first: &CertifiedAllocation, second: &CertifiedAllocation| {
        let pair = [first.clone(), second.clone()];
        case.judge(&Evidence::Allocations(Box::new(pair)))
    };
    let (one, other) = (certified([1; 32], 1), certified([2; 32], 1));
    assert_eq!(judge(&one, &other), Ok(()));
    let innocent = Err(EvidenceError::Innocent);
    assert_eq!(judge(&one, &one), innocent);
    assert_eq!(judge(&one, &certified([2; 32], 2)), innocent);
    let mut forged = other.clone();
    forged.allocated.allocation = [3; 32].into();
    let form = Err(EvidenceError::Form("a certificate"));
    assert_eq!(judge(&one, &forged), form);
    forged = other;
    forged.epoch = Epoch(7);
    assert_eq!(judge(&one, &forged), Err(EvidenceError::Foreign));
}

/// A liar that lies every round in every way fills no disk.
#[test]
fn evidence_is_kept_once_a_member_and_kind() {
    let case = Case::new();
    let keys: std::collections::BTreeSet<_> = (0..50)
        .flat_map(|round| {
            let shares = Shares {
                round: Round(round),
                ..case.body.clone()
            };
            let reports = [&[][..], &case.envelopes].map(|e| case.house.report(1, Round(round), e));
            [
                case.shares(shares, 0).key(),
                Evidence::Reports(Box::new(reports)).key(),
            ]
        })
        .collect();
    assert_eq!(keys.len(), 2);
}

/// A report of what its member should not list, and each way in which an honest one may list it.
#[test]
fn a_bogus_report_is_judged_alone() {
    let case = Case::new();
    let [first, _] = &case.envelopes;
    let judge = |report, envelope: &Envelope| {
        case.judge(&Evidence::BogusReport(Box::new(BogusReport {
            report,
            envelope: envelope.clone(),
        })))
    };
    let listing = |envelope: &Envelope, round| {
        let all = core::slice::from_ref(envelope);
        case.house.report(1, Round(round), all)
    };
    let innocent = Err(EvidenceError::Innocent);
    assert_eq!(judge(listing(first, 1), first), innocent);
    // A signature that does not hold, and a proof that does not.
    let mut copy = first.clone();
    copy.signature.0.0[0] ^= 1;
    assert_eq!(judge(listing(&copy, 1), &copy), Ok(()));
    let mut moved = first.header.clone();
    moved.expires = moved.expires.plus(core::time::Duration::from_millis(1));
    let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    moved.submitter = sealbid_types::keys::PublicKey::of(&secret);
    let moved = Envelope::sign(moved, first.sealed.clone(), &secret);
    assert_eq!(judge(listing(&moved, 1), &moved), Ok(()));
    // Outside its rounds, in the other list, and expired at the cut.
    let later = listing(first, first.header.last.0 + 1);
    assert_eq!(judge(later, first), Ok(()));
    let mut as_quote = listing(first, 1).body;
    core::mem::swap(&mut as_quote.intents, &mut as_quote.quotes);
    assert_eq!(judge(signed(&case.house, as_quote, 1), first), Ok(()));
    let mut late = listing(first, 1).body;
    late.slot = Slot(u64::MAX);
    assert_eq!(judge(signed(&case.house, late, 1), first), Ok(()));
    // What it does not list, and what it has not signed.
    let form = Err(EvidenceError::Form("the envelope"));
    assert_eq!(judge(listing(first, 1), &copy), form);
    let mut forged = listing(&copy, 1);
    forged.body.round = Round(2);
    let unsigned = Err(EvidenceError::Form("a signature"));
    assert_eq!(judge(forged, &copy), unsigned);
}

/// A promise that the report breaks, and each way in which it does not break it.
#[test]
fn a_broken_acknowledgement_is_judged_alone() {
    let case = Case::new();
    let [kept, left_out] = &case.envelopes;
    let promise = |member: u8, id: EnvelopeId, round| {
        let body = Acknowledgement {
            auction: case.body.auction,
            epoch: case.body.epoch,
            envelope: id,
            round: Round(round),
        };
        signed(&case.house, body, member)
    };
    let judge = |acknowledgement, report, envelope: &Envelope| {
        case.judge(&Evidence::Promise(Box::new(BrokenPromise {
            acknowledgement,
            report,
            envelope: envelope.clone(),
        })))
    };
    let report = |member, round| {
        case.house
            .report(member, Round(round), core::slice::from_ref(kept))
    };
    let broken = promise(1, left_out.id(), 1);
    assert_eq!(judge(broken.clone(), report(1, 1), left_out), Ok(()));
    let innocent = Err(EvidenceError::Innocent);
    // It is reported.
    assert_eq!(
        judge(promise(1, kept.id(), 1), report(1, 1), kept),
        innocent
    );
    // Another's report, another round's, and a round that another may have listed it before.
    assert_eq!(judge(broken.clone(), report(2, 1), left_out), innocent);
    assert_eq!(judge(broken.clone(), report(1, 2), left_out), innocent);
    assert_eq!(
        judge(promise(1, left_out.id(), 2), report(1, 2), left_out),
        innocent
    );
    // What had expired at the report's cut is left out rightly.
    let mut late = report(1, 1).body;
    late.slot = Slot(u64::MAX);
    let schedule = &case.house.committee.schedule;
    assert!(left_out.header.expires < schedule.end_of(late.slot));
    assert_eq!(
        judge(broken.clone(), signed(&case.house, late, 1), left_out),
        innocent
    );
    // Another envelope in its place.
    let form = Err(EvidenceError::Form("the envelope"));
    assert_eq!(judge(broken.clone(), report(1, 1), kept), form);
    let mut forged = broken;
    forged.body.round = Round(2);
    let unsigned = Err(EvidenceError::Form("a signature"));
    assert_eq!(judge(forged, report(1, 1), left_out), unsigned);
}
