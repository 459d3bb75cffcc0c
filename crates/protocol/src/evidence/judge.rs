//! Whether evidence shows what it says: the judgement of a third party that has the committee file
//! and nothing else.

use sealbid_crypto::open::verify_shares;
use sealbid_crypto::{BatchSecret, CommitteeKeys, Signature, SignatureShare, check};
use sealbid_types::close::CertificateBytes;
use sealbid_types::codec::encode;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::Kind;
use sealbid_types::id::{AuctionId, EnvelopeId, Epoch, MemberIndex};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use sealbid_types::statement::Statement;

use super::{
    BogusReport, BrokenPromise, CertifiedAllocation, Evidence, WrongShares, WrongSignatureShare,
};
use crate::admission::Readable;
use crate::member::message::CertifiedClose;
use crate::opening::{Purpose, SignatureShareMessage};
use crate::vote::Evidence as VoteEvidence;

/// Why something does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// It is of another auction or epoch than the committee's.
    #[error("it is of another auction or epoch")]
    Foreign,
    /// The committee has no such member.
    #[error("the committee has no {0}")]
    NoSuchMember(MemberIndex),
    /// Something in it does not belong to the rest, or is not signed by whom it accuses.
    #[error("{0} is not what it should be")]
    Form(&'static str),
    /// It is half of a pair of certificates: the chain's own of that round belongs to it.
    #[error("it is half of a pair: the chain's own certificate of that round is the other half")]
    HalfOfPair,
    /// An honest member may have signed this.
    #[error("there is nothing wrong in it")]
    Innocent,
}

fn require(holds: bool, error: EvidenceError) -> Result<(), EvidenceError> {
    if holds { Ok(()) } else { Err(error) }
}

impl Evidence {
    /// Whether it shows what it says, from the committee file alone.
    ///
    /// # Errors
    /// [`EvidenceError`]: it accuses nobody.
    pub fn judge(&self, committee: &Committee, keys: &CommitteeKeys) -> Result<(), EvidenceError> {
        let judge = Judge { committee, keys };
        match self {
            Self::Vote(evidence) => judge.vote(evidence),
            Self::Reports(pair) => judge.reports(pair),
            Self::Shares(wrong) => judge.shares(wrong),
            Self::SignatureShare(wrong) => judge.signature_share(wrong),
            Self::Certificates(pair) => judge.certificates(pair),
            // Alone it shows nothing: the chain's own certificate belongs to it.
            Self::OtherCertificate(_) => Err(EvidenceError::HalfOfPair),
            Self::Allocations(pair) => judge.allocations(pair),
            Self::Promise(broken) => judge.promise(broken),
            Self::BogusReport(bogus) => judge.bogus_report(bogus),
        }
    }
}

/// What a third party has.
struct Judge<'a> {
    committee: &'a Committee,
    keys: &'a CommitteeKeys,
}

impl Judge<'_> {
    /// Asked first of everything: a member may sit in two committees with one identity key, and
    /// what it signed in the one contradicts nothing in the other.
    fn belongs(&self, auction: AuctionId, epoch: Epoch) -> Result<(), EvidenceError> {
        let own = (self.committee.auction, self.committee.epoch);
        require((auction, epoch) == own, EvidenceError::Foreign)
    }

    fn is_signed<T: sealbid_types::codec::Schema>(
        &self,
        signed: &Signed<T>,
    ) -> Result<(), EvidenceError> {
        let member = self
            .committee
            .member(signed.member)
            .ok_or(EvidenceError::NoSuchMember(signed.member))?;
        let verified = signed.verify(&member.identity);
        verified.map_err(|_| EvidenceError::Form("a signature"))
    }

    fn vote(&self, evidence: &VoteEvidence) -> Result<(), EvidenceError> {
        let (auction, epoch, _) = evidence.vote();
        self.belongs(auction, epoch)?;
        let holds = evidence.holds(
            &|member, digest, signature| {
                let member = self.committee.member(member);
                member.is_some_and(|member| member.identity.verify(digest, signature).is_ok())
            },
            &|member, statement, share| {
                SignatureShare::from_bytes(share)
                    .is_ok_and(|share| share.verify(self.keys, member, statement).is_ok())
            },
        );
        require(holds, EvidenceError::Innocent)
    }

    fn reports(&self, [first, second]: &[Signed<Report>; 2]) -> Result<(), EvidenceError> {
        for report in [first, second] {
            self.belongs(report.body.auction, report.body.epoch)?;
            self.is_signed(report)?;
        }
        let of = |report: &Signed<Report>| (report.member, report.body.round);
        // By content: two signatures over one report are odd and break no promise.
        let differ = of(first) == of(second) && first.body != second.body;
        require(differ, EvidenceError::Innocent)
    }

    /// The member named the parts by their digest, each envelope's id covers its point `u`, and
    /// `e(S, g2^Δ) = e(u, pk2_i)` is decided by the committee file: nothing else is needed.
    fn shares(&self, evidence: &WrongShares) -> Result<(), EvidenceError> {
        let WrongShares {
            shares,
            parts,
            wrong,
        } = evidence;
        self.belongs(shares.body.auction, shares.body.epoch)?;
        self.is_signed(shares)?;
        let named = parts.digest() == shares.body.parts;
        require(named, EvidenceError::Form("the list of parts"))?;
        let values = &shares.body.shares;
        let Some((envelope, part)) = wrong else {
            return require(values.len() != parts.0.len(), EvidenceError::Innocent);
        };
        let id = envelope.id();
        let mut places = parts.0.iter().zip(values);
        let value = places
            .find(|(place, _)| **place == (id, *part))
            .map(|(_, value)| *value)
            .ok_or(EvidenceError::Form("the envelope"))?;
        // One that does not pass has no share that could be right or wrong.
        let checked = check(envelope).map_err(|_| EvidenceError::Form("the envelope"))?;
        let part = checked
            .part(*part)
            .ok_or(EvidenceError::Form("the envelope"))?;
        // Of one share alone the coefficient does not matter: it is right or wrong.
        let secret = BatchSecret::new([0; 32]);
        let verified = verify_shares(self.keys, shares.member, &[part], &[value], &secret);
        require(verified.is_err(), EvidenceError::Innocent)
    }

    fn signature_share(&self, evidence: &WrongSignatureShare) -> Result<(), EvidenceError> {
        let WrongSignatureShare { share, statement } = evidence;
        let body = &share.body;
        self.belongs(body.auction, body.epoch)?;
        self.is_signed(share)?;
        let is_named = body.statement.0 == statement.digest() && concerns(body, statement);
        require(is_named, EvidenceError::Form("the statement"))?;
        let right = SignatureShare::from_bytes(&body.share)
            .is_ok_and(|read| read.verify(self.keys, share.member, statement).is_ok());
        require(!right, EvidenceError::Innocent)
    }

    /// An honest member reports for a round exactly what it has acknowledged for it or for an
    /// earlier one, unless a round before lists the envelope or it expires before the end of the
    /// report's slot. No round before the envelope's first may list it.
    fn promise(&self, broken: &BrokenPromise) -> Result<(), EvidenceError> {
        let BrokenPromise {
            acknowledgement,
            report,
            envelope,
        } = broken;
        let (promised, reported) = (&acknowledgement.body, &report.body);
        self.belongs(promised.auction, promised.epoch)?;
        self.belongs(reported.auction, reported.epoch)?;
        let is_named = envelope.id() == promised.envelope;
        require(is_named, EvidenceError::Form("the envelope"))?;
        self.is_signed(acknowledgement)?;
        self.is_signed(report)?;
        let slot_end = self.committee.schedule.end_of(reported.slot);
        let header = &envelope.header;
        let is_bound = acknowledgement.member == report.member
            && [promised.round, header.first] == [reported.round; 2]
            && header.is_alive(reported.round, slot_end);
        // Looked through in full: a list that is not sorted could hide what it names.
        let mut listed = reported.intents.iter().chain(&reported.quotes);
        let is_listed = listed.any(|id| *id == promised.envelope);
        require(is_bound && !is_listed, EvidenceError::Innocent)
    }

    /// An honest member reports what has passed its gate, which judges by the envelope and the
    /// committee file alone, in the list of its kind, and nothing that is not alive in the round at
    /// the end of the report's slot.
    fn bogus_report(&self, bogus: &BogusReport) -> Result<(), EvidenceError> {
        let BogusReport { report, envelope } = bogus;
        let body = &report.body;
        self.belongs(body.auction, body.epoch)?;
        self.is_signed(report)?;
        let (id, header) = (envelope.id(), &envelope.header);
        // Looked through in full: a list that is not sorted could hide what it names.
        let is_in = |list: &[EnvelopeId]| list.contains(&id);
        let (as_intent, as_quote) = (is_in(&body.intents), is_in(&body.quotes));
        require(as_intent || as_quote, EvidenceError::Form("the envelope"))?;
        let slot_end = self.committee.schedule.end_of(body.slot);
        let is_of_kind = match header.kind {
            Kind::Intent => !as_quote,
            Kind::Quote => !as_intent,
        };
        let may_stand = is_of_kind
            && header.is_alive(body.round, slot_end)
            && Readable::new(self.committee, encode(envelope)).is_ok()
            && envelope.check_signature().is_ok()
            && check(envelope).is_ok();
        require(!may_stand, EvidenceError::Innocent)
    }

    fn certificates(&self, pair: &[CertifiedClose; 2]) -> Result<(), EvidenceError> {
        for CertifiedClose { close, certificate } in pair {
            self.belongs(close.auction, close.epoch)?;
            sealbid_crypto::CloseCertificate::verify(self.keys, close.clone(), certificate)
                .map_err(|_| EvidenceError::Form("a certificate"))?;
        }
        let [first, second] = pair;
        let differ = first.close.round == second.close.round && first.close != second.close;
        require(differ, EvidenceError::Innocent)
    }

    fn allocations(&self, pair: &[CertifiedAllocation; 2]) -> Result<(), EvidenceError> {
        for certified in pair {
            self.belongs(certified.auction, certified.epoch)?;
            let CertificateBytes { view, signature } = certified.allocated.certificate;
            let statement = Statement::Allocation {
                auction: certified.auction,
                epoch: certified.epoch,
                round: certified.allocated.round,
                view,
                allocation: certified.allocated.allocation,
            };
            Signature::verify(self.keys, &statement, &signature)
                .map_err(|_| EvidenceError::Form("a certificate"))?;
        }
        let [first, second] = pair.each_ref().map(|certified| certified.allocated);
        let differ = first.round == second.round && first.allocation != second.allocation;
        require(differ, EvidenceError::Innocent)
    }
}

/// Whether a statement is of the purpose and the round that a share names.
fn concerns(body: &SignatureShareMessage, statement: &Statement) -> bool {
    let purpose = match statement {
        Statement::Order { .. } => Purpose::Order,
        Statement::Settlement { .. } => Purpose::Settlement,
        Statement::Close { .. } | Statement::Allocation { .. } => return false,
    };
    let (Statement::Order {
        auction,
        epoch,
        round,
        ..
    }
    | Statement::Allocation {
        auction,
        epoch,
        round,
        ..
    }
    | Statement::Settlement {
        auction,
        epoch,
        round,
        ..
    }
    | Statement::Close {
        auction,
        epoch,
        round,
        ..
    }) = statement;
    (body.purpose, body.auction, body.epoch, body.round) == (purpose, *auction, *epoch, *round)
}
