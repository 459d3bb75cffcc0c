//! Proof that a member broke the rules of the vote: its own signatures.

use serde::{Deserialize, Serialize};

use sealbid_types::id::MemberIndex;
use sealbid_types::keys::Signed;
use sealbid_types::schema;

use super::message::{Ballot, Precommit, Prevote, Proposal, verify};
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
schema!(Evidence, "sealbid.vote-evidence", 1, 1024);

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

    /// Whether it proves what it says. The messages name their auction, epoch and round; whether
    /// those are the verifier's, and `signers` those of that epoch, the verifier sees to.
    #[must_use]
    pub fn verify(&self, signers: &Signers) -> bool {
        match self {
            Self::Proposals(pair) => contradict(pair, signers),
            Self::Prevotes(pair) => contradict(pair, signers),
            Self::Precommits(pair) => contradict(pair, signers),
            Self::BadShare(signed) => {
                verify(signed, &*signers.identity) && has_bad_share(signed, signers)
            }
        }
    }
}

fn contradict<T: Ballot>([first, second]: &[Signed<T>; 2], signers: &Signers) -> bool {
    first.member == second.member
        && first.body.instance() == second.body.instance()
        && first.body.view() == second.body.view()
        && first.body.contradicts(&second.body)
        && verify(first, &*signers.identity)
        && verify(second, &*signers.identity)
}

/// Whether a precommit carries a share, and not the right one.
pub(super) fn has_bad_share(signed: &Signed<Precommit>, signers: &Signers) -> bool {
    signed.body.value.is_some_and(|value| {
        let statement = signed
            .body
            .instance()
            .statement(signed.body.view, value.close);
        !signers
            .threshold
            .verify_share(signed.member, &statement, &value.share)
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
