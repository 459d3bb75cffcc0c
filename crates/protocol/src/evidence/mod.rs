//! What shows a third party that a member broke the rules: the member's own signatures.
//!
//! One type and one schema, which [`Evidence::judge`] decides from the committee file alone. What
//! only those can judge who were there (a message that came late, an answer to something else) is
//! no evidence, however odd it is.

mod accusations;
mod charge;
mod judge;

pub(crate) use self::accusations::Accusations;
pub use self::charge::{Charge, Exhibit, Offence};
pub use self::judge::EvidenceError;

use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::digest;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};
use sealbid_types::statement::Statement;
use serde::{Deserialize, Serialize};

use crate::member::message::{Allocated, CertifiedClose};
use crate::opening::{Parts, Shares, SignatureShareMessage};
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

/// A report without an envelope that its member had promised to report for that very round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenPromise {
    /// The promise.
    pub acknowledgement: Signed<Acknowledgement>,
    /// The report that leaves the envelope out.
    pub report: Signed<Report>,
    /// The envelope, whose first round is the report's: no earlier one can have listed it.
    pub envelope: Envelope,
}

/// A report of an envelope that no member takes, or that cannot stand where it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BogusReport {
    /// The report.
    pub report: Signed<Report>,
    /// The envelope, which it lists.
    pub envelope: Envelope,
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
    /// An acknowledgement, and the report that contradicts it.
    Promise(Box<BrokenPromise>),
    /// A report, and an envelope that it should not list.
    BogusReport(Box<BogusReport>),
}
sealbid_types::schema!(Evidence, "sealbid.evidence", 4, 1 << 24);

impl Evidence {
    /// Whom it accuses; none if it shows only that somebody lied.
    #[must_use]
    pub fn member(&self) -> Option<MemberIndex> {
        match self {
            Self::Vote(evidence) => Some(evidence.member()),
            Self::Reports(pair) => pair.first().map(|report| report.member),
            Self::Shares(wrong) => Some(wrong.shares.member),
            Self::SignatureShare(wrong) => Some(wrong.share.member),
            Self::Promise(broken) => Some(broken.report.member),
            Self::BogusReport(bogus) => Some(bogus.report.member),
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
            Self::Promise(broken) => broken.report.body.round,
            Self::BogusReport(bogus) => bogus.report.body.round,
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
            | Self::Promise(_)
            | Self::BogusReport(_)
            | Self::Allocations(_) => false,
        }
    }

    /// What tells it from any other.
    #[must_use]
    pub fn digest(&self) -> FixedBytes<32> {
        FixedBytes(digest("sealbid/1 2026-11 evidence", self))
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
            Self::Promise(_) => 10,
            Self::BogusReport(_) => 11,
        };
        let member = self.member().map_or(u8::MAX, |member| member.0);
        vec![member, kind]
    }
}

#[cfg(test)]
mod tests;
