//! What shows a third party that a member broke the rules: the member's own signatures.
//!
//! One type and one schema, which [`Evidence::judge`] decides from the committee file alone. What
//! only those can judge who were there (a message that came late, an answer to something else) is
//! no evidence, however odd it is.

mod accusations;

pub(crate) use self::accusations::Accusations;

use sealbid_crypto::open::verify_shares;
use sealbid_crypto::{BatchSecret, CommitteeKeys, Signature, SignatureShare, check};
use sealbid_types::close::CertificateBytes;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use sealbid_types::statement::Statement;
use serde::{Deserialize, Serialize};

use crate::member::message::{Allocated, CertifiedClose};
use crate::opening::{Parts, Purpose, Shares, SignatureShareMessage};
use crate::vote::Evidence as VoteEvidence;

/// Decryption shares, and one of them that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongShares {
    /// What the member signed.
    pub shares: Signed<Shares>,
    /// The parts that it named.
    pub parts: Parts,
    /// The envelope and the part of it whose share is wrong. None if there are more or fewer shares
    /// than parts, which shows by itself.
    pub wrong: Option<(Envelope, Part)>,
}

/// A signature share that is not the member's for the statement that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongSignatureShare {
    /// What the member signed.
    pub share: Signed<SignatureShareMessage>,
    /// The statement.
    pub statement: Statement,
}

/// An allocation that the committee has signed, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedAllocation {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch of the shares.
    pub epoch: Epoch,
    /// The round, the allocation, its certificate.
    pub allocated: Allocated,
}

/// What a member signed that no honest member signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Two ballots of one step, or a precommit with a wrong share.
    Vote(Box<VoteEvidence>),
    /// Two reports for one round.
    Reports(Box<[Signed<Report>; 2]>),
    /// A wrong decryption share.
    Shares(Box<WrongShares>),
    /// A wrong signature share.
    SignatureShare(Box<WrongSignatureShare>),
    /// Two certified closes of one round: more than `2q - n - 1` members lied. It names none.
    Certificates(Box<[CertifiedClose; 2]>),
    /// A certified close of a decided round that is not the one in the chain: one half of
    /// [`Self::Certificates`]. The other stands in the store's chain, under its round.
    OtherCertificate(Box<CertifiedClose>),
    /// Two certified allocations of one round: more than `2q - n - 1` members lied. It names none.
    Allocations(Box<[CertifiedAllocation; 2]>),
}
sealbid_types::schema!(Evidence, "sealbid.evidence", 2, 1 << 24);

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
    /// An honest member may have signed this.
    #[error("there is nothing wrong in it")]
    Innocent,
}

fn require(holds: bool, error: EvidenceError) -> Result<(), EvidenceError> {
    if holds { Ok(()) } else { Err(error) }
}

impl Evidence {
    /// Whom it accuses; none if it shows only that somebody lied.
    #[must_use]
    pub fn member(&self) -> Option<MemberIndex> {
        match self {
            Self::Vote(evidence) => Some(evidence.member()),
            Self::Reports(pair) => pair.first().map(|report| report.member),
            Self::Shares(wrong) => Some(wrong.shares.member),
            Self::SignatureShare(wrong) => Some(wrong.share.member),
            Self::Certificates(_) | Self::OtherCertificate(_) | Self::Allocations(_) => None,
        }
    }

    /// The round it is about.
    #[must_use]
    pub fn round(&self) -> Round {
        match self {
            Self::Vote(evidence) => evidence.vote().2,
            Self::Reports(pair) => pair.first().map_or(Round(0), |report| report.body.round),
            Self::Shares(wrong) => wrong.shares.body.round,
            Self::SignatureShare(wrong) => wrong.share.body.round,
            Self::Certificates(pair) => {
                let first = pair.first();
                first.map_or(Round(0), |certified| certified.close.round)
            }
            Self::OtherCertificate(certified) => certified.close.round,
            Self::Allocations(pair) => {
                let first = pair.first();
                first.map_or(Round(0), |certified| certified.allocated.round)
            }
        }
    }

    /// Whether a share is wrong in it: what costs the others a slower way.
    #[must_use]
    pub fn is_of_shares(&self) -> bool {
        match self {
            Self::Vote(evidence) => matches!(**evidence, VoteEvidence::BadShare(_)),
            Self::Shares(_) | Self::SignatureShare(_) => true,
            Self::Reports(_)
            | Self::Certificates(_)
            | Self::OtherCertificate(_)
            | Self::Allocations(_) => false,
        }
    }

    /// Where it is kept: one of a kind a member, the newest. A liar can do as it likes and fill no
    /// disk; one proof proves no less than many.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let kind = match self {
            Self::Vote(evidence) => match **evidence {
                VoteEvidence::Proposals(_) => 0,
                VoteEvidence::Prevotes(_) => 1,
                VoteEvidence::Precommits(_) => 2,
                VoteEvidence::BadShare(_) => 3,
            },
            Self::Reports(_) => 4,
            Self::Shares(_) => 5,
            Self::SignatureShare(_) => 6,
            Self::Certificates(_) => 7,
            Self::OtherCertificate(_) => 8,
            Self::Allocations(_) => 9,
        };
        let member = self.member().map_or(u8::MAX, |member| member.0);
        vec![member, kind]
    }

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
            Self::OtherCertificate(_) => Err(EvidenceError::Form("half of a pair")),
            Self::Allocations(pair) => judge.allocations(pair),
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

#[cfg(test)]
mod tests;
