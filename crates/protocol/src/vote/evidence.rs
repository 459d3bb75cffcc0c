//! Proof that a member broke the rules of the vote: its own signatures.

use serde::{Deserialize, Serialize};

use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Round};
use sealbid_types::keys::{Signature, Signed};
use sealbid_types::schema;
use sealbid_types::statement::Statement;

use super::message::{Ballot, Instance, Precommit, Prevote, Proposal, signed_digest};
use super::signer::Signers;

/// What a member signed that no honest member signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Two proposals of one view.
    Proposals([Signed<Proposal>; 2]),
    /// Two prevotes of one view.
    Prevotes([Signed<Prevote>; 2]),
    /// Two precommits of one view.
    Precommits([Signed<Precommit>; 2]),
    /// A precommit whose share is not the member's for what it precommits to.
    BadShare(Signed<Precommit>),
}
schema!(Evidence, "sealbid.vote-evidence", 2, 1024);

impl Evidence {
    /// Whom it is against.
    #[must_use]
    pub const fn member(&self) -> MemberIndex {
        match self {
            Self::Proposals([first, _]) => first.member,
            Self::Prevotes([first, _]) => first.member,
            Self::Precommits([first, _]) => first.member,
            Self::BadShare(signed) => signed.member,
        }
    }

    /// The vote that it is of: auction, epoch and round.
    #[must_use]
    pub fn vote(&self) -> (AuctionId, Epoch, Round) {
        let Instance {
            auction,
            epoch,
            round,
            subject: _,
        } = match self {
            Self::Proposals([first, _]) => first.body.instance(),
            Self::Prevotes([first, _]) => first.body.instance(),
            Self::Precommits([first, _]) => first.body.instance(),
            Self::BadShare(signed) => signed.body.instance(),
        };
        (auction, epoch, round)
    }

    /// What a wrong share should have signed; none of another kind.
    pub(crate) fn statement(&self) -> Option<Statement> {
        match self {
            Self::BadShare(signed) => statement(signed).map(|(statement, _)| statement),
            Self::Proposals(_) | Self::Prevotes(_) | Self::Precommits(_) => None,
        }
    }

    /// Whether it proves what it says. The caller first compares [`Self::vote`] with its own
    /// auction, epoch and round, and passes the `signers` of that epoch: under another epoch's keys
    /// an honest share looks wrong.
    #[must_use]
    pub fn verify(&self, signers: &Signers) -> bool {
        self.holds(
            &|member, digest, signature| signers.identity.verify(member, digest, signature),
            &|member, statement, share| signers.threshold.verify_share(member, statement, share),
        )
    }

    /// The same for whoever holds no key: `is_signed` says whether a member's identity key signed a
    /// digest, `is_share` whether a signature share is a member's.
    pub(crate) fn holds(
        &self,
        is_signed: &dyn Fn(MemberIndex, &[u8; 32], &Signature) -> bool,
        is_share: &dyn Fn(MemberIndex, &Statement, &FixedBytes<96>) -> bool,
    ) -> bool {
        match self {
            Self::Proposals(pair) => contradict(pair, is_signed),
            Self::Prevotes(pair) => contradict(pair, is_signed),
            Self::Precommits(pair) => contradict(pair, is_signed),
            Self::BadShare(signed) => {
                is_signed(
                    signed.member,
                    &signed_digest(&signed.body),
                    &signed.signature,
                ) && is_wrong(signed, is_share)
            }
        }
    }
}

fn contradict<T: Ballot>(
    [first, second]: &[Signed<T>; 2],
    is_signed: &dyn Fn(MemberIndex, &[u8; 32], &Signature) -> bool,
) -> bool {
    let is_signed =
        |one: &Signed<T>| is_signed(one.member, &signed_digest(&one.body), &one.signature);
    first.member == second.member
        && first.body.instance() == second.body.instance()
        && first.body.view() == second.body.view()
        && first.body.contradicts(&second.body)
        && is_signed(first)
        && is_signed(second)
}

/// Whether a precommit carries a share, and not the right one.
fn is_wrong(
    signed: &Signed<Precommit>,
    is_share: &dyn Fn(MemberIndex, &Statement, &FixedBytes<96>) -> bool,
) -> bool {
    statement(signed).is_some_and(|(statement, share)| !is_share(signed.member, &statement, &share))
}

/// What a precommit's share should sign, and the share; none of a nil.
fn statement(signed: &Signed<Precommit>) -> Option<(Statement, FixedBytes<96>)> {
    let body = &signed.body;
    let committed = body.commitment?;
    let statement = body.instance().statement(body.view, committed.value);
    Some((statement, committed.share))
}

/// Whether a precommit carries a share, and not the right one.
pub(super) fn has_bad_share(signed: &Signed<Precommit>, signers: &Signers) -> bool {
    is_wrong(signed, &|member, statement, share| {
        signers.threshold.verify_share(member, statement, share)
    })
}

/// A pair of one kind as evidence.
pub(super) trait Contradiction: Ballot {
    /// The evidence of two contradicting ones.
    fn evidence(first: Signed<Self>, second: Signed<Self>) -> Evidence;
}

impl Contradiction for Proposal {
    fn evidence(first: Signed<Self>, second: Signed<Self>) -> Evidence {
        Evidence::Proposals([first, second])
    }
}

impl Contradiction for Prevote {
    fn evidence(first: Signed<Self>, second: Signed<Self>) -> Evidence {
        Evidence::Prevotes([first, second])
    }
}

impl Contradiction for Precommit {
    fn evidence(first: Signed<Self>, second: Signed<Self>) -> Evidence {
        Evidence::Precommits([first, second])
    }
}
