//! What evidence shows, in words and in fields: who did what, in which round and view, and the two
//! statements that cannot both come from an honest member.
//!
//! Nobody is named before the evidence is judged: [`Evidence::convict`] is the only way to a
//! [`Charge`].

use core::fmt;

use sealbid_crypto::CommitteeKeys;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{Schema, digest};
use sealbid_types::committee::Committee;
use sealbid_types::envelope::Part;
use sealbid_types::id::{MemberIndex, Round, ValueDigest, View, context};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use serde::Serialize;

use super::{
    BogusReport, BrokenPromise, Evidence, EvidenceError, WrongShares, WrongSignatureShare,
};
use crate::member::message::CertifiedClose;
use crate::vote::{Evidence as VoteEvidence, Precommit, Subject};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offence {
    /// Two proposals of one view.
    TwoProposals,
    /// Two prevotes of one view.
    TwoPrevotes,
    /// Two precommits of one view.
    TwoPrecommits,
    /// A precommit whose share is not the member's for what it precommits to.
    WrongPrecommitShare,
    /// Two reports for one round.
    TwoReports,
    /// A report without an envelope that the member had acknowledged for its round.
    BrokenAcknowledgement,
    /// A report of an envelope that no member takes, or that cannot stand where it is listed.
    BogusReport,
    /// A decryption share that is not the member's for a part that it names.
    WrongDecryptionShare,
    /// A signature share that is not the member's for the statement that it names.
    WrongSignatureShare,
    /// Two certified closes of one round. It names nobody.
    TwoCertifiedCloses,
    /// Two certified allocations of one round. It names nobody.
    TwoCertifiedAllocations,
}

impl Offence {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::TwoProposals,
        Self::TwoPrevotes,
        Self::TwoPrecommits,
        Self::WrongPrecommitShare,
        Self::TwoReports,
        Self::BrokenAcknowledgement,
        Self::BogusReport,
        Self::WrongDecryptionShare,
        Self::WrongSignatureShare,
        Self::TwoCertifiedCloses,
        Self::TwoCertifiedAllocations,
    ];

    /// Its name, as files and scripts have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwoProposals => "two_proposals",
            Self::TwoPrevotes => "two_prevotes",
            Self::TwoPrecommits => "two_precommits",
            Self::WrongPrecommitShare => "wrong_precommit_share",
            Self::TwoReports => "two_reports",
            Self::BrokenAcknowledgement => "broken_acknowledgement",
            Self::BogusReport => "bogus_report",
            Self::WrongDecryptionShare => "wrong_decryption_share",
            Self::WrongSignatureShare => "wrong_signature_share",
            Self::TwoCertifiedCloses => "two_certified_closes",
            Self::TwoCertifiedAllocations => "two_certified_allocations",
        }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoProposals => "signed two different proposals of one view",
            Self::TwoPrevotes => "signed two different prevotes of one view",
            Self::TwoPrecommits => "signed two different precommits of one view",
            Self::WrongPrecommitShare => "signed a precommit with a wrong share",
            Self::TwoReports => "signed two different reports for one round",
            Self::BrokenAcknowledgement => "left out of its report what it had acknowledged",
            Self::BogusReport => "reported an envelope that no member takes",
            Self::WrongDecryptionShare => "signed a wrong decryption share",
            Self::WrongSignatureShare => "signed a wrong signature share",
            Self::TwoCertifiedCloses => "certified two closes of one round",
            Self::TwoCertifiedAllocations => "certified two allocations of one round",
        })
    }
}

/// One of the two statements that an offence consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exhibit {
    /// What it says.
    pub says: String,
    /// Its digest: of something signed by a member, the one that the signature covers.
    pub digest: FixedBytes<32>,
}

/// What evidence has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// What was done.
    pub offence: Offence,
    /// Who did it; none if only so many together can have.
    pub member: Option<MemberIndex>,
    /// The round.
    pub round: Round,
    /// Which of the round's votes, if it is about a vote.
    pub vote: Option<Subject>,
    /// The view of that vote.
    pub view: Option<View>,
    /// What contradicts what.
    pub statements: [Exhibit; 2],
}

impl Evidence {
    /// Judges it, and says what it shows.
    ///
    /// # Errors
    /// [`EvidenceError`]: it accuses nobody.
    pub fn convict(
        &self,
        committee: &Committee,
        keys: &CommitteeKeys,
    ) -> Result<Charge, EvidenceError> {
        self.judge(committee, keys)?;
        let (offence, vote, view, statements) = match self {
            Self::Vote(evidence) => of_vote(evidence),
            Self::Reports(pair) => (Offence::TwoReports, None, None, pair.each_ref().map(report)),
            Self::Shares(wrong) => (Offence::WrongDecryptionShare, None, None, shares(wrong)),
            Self::SignatureShare(wrong) => {
                (Offence::WrongSignatureShare, None, None, signature(wrong))
            }
            Self::Promise(broken) => {
                let statements = promise(broken);
                (Offence::BrokenAcknowledgement, None, None, statements)
            }
            Self::BogusReport(bogus) => (Offence::BogusReport, None, None, listed(bogus)),
            Self::Certificates(pair) => {
                let statements = pair.each_ref().map(close);
                (Offence::TwoCertifiedCloses, None, None, statements)
            }
            // Alone it shows nothing, so it has not been judged right.
            Self::OtherCertificate(_) => return Err(EvidenceError::HalfOfPair),
            Self::Allocations(pair) => {
                let statements = pair.each_ref().map(|certified| Exhibit {
                    says: format!(
                        "an allocation, certified in view {}",
                        certified.allocated.certificate.view
                    ),
                    digest: FixedBytes(*certified.allocated.allocation.as_bytes()),
                });
                (Offence::TwoCertifiedAllocations, None, None, statements)
            }
        };
        Ok(Charge {
            offence,
            member: self.member(),
            round: self.round(),
            vote,
            view,
            statements,
        })
    }

    /// The same with the chain's own certified close beside one that contradicts it, of which the
    /// store keeps that half alone. Anything else stays what it is.
    #[must_use]
    pub fn beside(self, own: Option<CertifiedClose>) -> Self {
        match (self, own) {
            (Self::OtherCertificate(other), Some(own)) => {
                Self::Certificates(Box::new([own, *other]))
            }
            (evidence, _) => evidence,
        }
    }
}

/// What a member's signature over `body` covers.
fn signed<T: Schema>(body: &T, says: String) -> Exhibit {
    let digest = FixedBytes(digest(context::MEMBER_SIGNATURE, body));
    Exhibit { says, digest }
}

type OfVote = (Offence, Option<Subject>, Option<View>, [Exhibit; 2]);

fn of_vote(evidence: &VoteEvidence) -> OfVote {
    match evidence {
        VoteEvidence::Proposals(pair) => {
            let [first, _] = pair;
            let statements = pair.each_ref().map(|Signed { body, .. }| {
                let again = body.valid_view.map_or_else(String::new, |view| {
                    format!(", which q members prevoted in view {view}")
                });
                signed(body, format!("proposes {}{again}", short(body.value)))
            });
            let (vote, view) = (first.body.subject, first.body.view);
            (Offence::TwoProposals, Some(vote), Some(view), statements)
        }
        VoteEvidence::Prevotes(pair) => {
            let [first, _] = pair;
            let says = |value: Option<ValueDigest>| format!("prevotes {}", or_nil(value));
            let statements = pair
                .each_ref()
                .map(|Signed { body, .. }| signed(body, says(body.value)));
            let (vote, view) = (first.body.subject, first.body.view);
            (Offence::TwoPrevotes, Some(vote), Some(view), statements)
        }
        VoteEvidence::Precommits(pair) => {
            let [first, _] = pair;
            let statements = pair.each_ref().map(|Signed { body, .. }| precommit(body));
            let (vote, view) = (first.body.subject, first.body.view);
            (Offence::TwoPrecommits, Some(vote), Some(view), statements)
        }
        VoteEvidence::BadShare(Signed { body, .. }) => {
            let digest = evidence.statement().map_or([0; 32], |it| it.digest());
            let statement = Exhibit {
                says: "the statement that its share does not sign".to_owned(),
                digest: FixedBytes(digest),
            };
            let (vote, view) = (Some(body.subject), Some(body.view));
            let statements = [precommit(body), statement];
            (Offence::WrongPrecommitShare, vote, view, statements)
        }
    }
}

fn precommit(body: &Precommit) -> Exhibit {
    let value = body.commitment.map(|commitment| commitment.value);
    signed(body, format!("precommits to {}", or_nil(value)))
}

fn or_nil(value: Option<ValueDigest>) -> String {
    value.map_or_else(|| "nil".to_owned(), short)
}

fn count(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}

fn short(value: ValueDigest) -> String {
    value.short()
}

fn report(report: &Signed<Report>) -> Exhibit {
    let Report {
        slot,
        intents,
        quotes,
        ..
    } = &report.body;
    let says = format!(
        "reports {} and {} at the end of slot {slot}",
        count(intents.len(), "intent"),
        count(quotes.len(), "quote")
    );
    signed(&report.body, says)
}

fn promise(broken: &BrokenPromise) -> [Exhibit; 2] {
    let promised = &broken.acknowledgement.body;
    let envelope = promised.envelope.short();
    let says = format!("promises to report {envelope} for round {}", promised.round);
    let mut left_out = report(&broken.report);
    left_out.says = format!("{}, without {envelope}", left_out.says);
    [signed(promised, says), left_out]
}

fn listed(bogus: &BogusReport) -> [Exhibit; 2] {
    let id = bogus.envelope.id();
    let mut listed = report(&bogus.report);
    listed.says = format!("{}, {} among them", listed.says, id.short());
    let envelope = Exhibit {
        says: "an envelope that no member takes there".to_owned(),
        digest: FixedBytes(*id.as_bytes()),
    };
    [listed, envelope]
}

fn shares(evidence: &WrongShares) -> [Exhibit; 2] {
    let (body, named) = (&evidence.shares.body, &evidence.parts);
    let given = format!("gives {}", count(body.shares.len(), "decryption share"));
    let asked = match &evidence.wrong {
        Some((envelope, part)) => {
            let part = match part {
                Part::Terms => "terms",
                Part::Authorisation => "authorisation",
                Part::Quote => "quote",
            };
            let id = envelope.id().short();
            format!("the parts it names; that of the {part} of {id} is wrong")
        }
        None => format!("names {}", count(named.0.len(), "part")),
    };
    let parts = Exhibit {
        says: asked,
        digest: named.digest(),
    };
    [signed(body, given), parts]
}

fn signature(evidence: &WrongSignatureShare) -> [Exhibit; 2] {
    let statement = Exhibit {
        says: "the statement that its share does not sign".to_owned(),
        digest: FixedBytes(evidence.statement.digest()),
    };
    let given = "gives a share of the committee's signature".to_owned();
    [signed(&evidence.share.body, given), statement]
}

fn close(certified: &CertifiedClose) -> Exhibit {
    Exhibit {
        says: format!("a close, certified in view {}", certified.certificate.view),
        digest: FixedBytes(*certified.close.digest().as_bytes()),
    }
}
