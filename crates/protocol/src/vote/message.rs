//! What members say to each other in a vote.
//!
//! Every message is signed by the identity key of the member it names, so it may be passed on by
//! anybody. A proposal's signature covers the digest of its value, not the value: two proposals of
//! one view are small evidence, and a header can be passed on without the lists.

use serde::{Deserialize, Serialize};

use sealbid_types::bytes::FixedBytes;

use sealbid_types::codec::{Schema, digest};
use sealbid_types::id::{
    AllocationDigest, AuctionId, CloseDigest, Epoch, MemberIndex, Round, ValueDigest, View, context,
};
use sealbid_types::keys::Signed;
use sealbid_types::schema;
use sealbid_types::statement::Statement;

use super::signer::IdentityKeys;
use super::value::{Subject, Value};

/// The steps of a view, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Waiting for the proposal.
    Propose,
    /// Prevoted.
    Prevote,
    /// Precommitted.
    Precommit,
}

/// How far a member has come in a round, by what it has signed: later is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The view.
    pub view: View,
    /// The step that its newest message of that view belongs to.
    pub step: Step,
}

/// Which vote a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) auction: AuctionId,
    pub(super) epoch: Epoch,
    pub(super) round: Round,
    pub(super) subject: Subject,
}

impl Instance {
    /// What a precommit to `value` in `view` signs with its share.
    pub(super) fn statement(&self, view: View, value: ValueDigest) -> Statement {
        let Self {
            auction,
            epoch,
            round,
            subject,
        } = *self;
        match subject {
            Subject::Close => Statement::Close {
                auction,
                epoch,
                round,
                view,
                close: CloseDigest(value.0),
            },
            Subject::Allocation => Statement::Allocation {
                auction,
                epoch,
                round,
                view,
                allocation: AllocationDigest(value.0),
            },
        }
    }
}

/// The signed part of a proposal: `⟨PROPOSAL, h, round, id(v), vr⟩`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// Which of the round's votes.
    pub subject: Subject,
    /// The view.
    pub view: View,
    /// The digest of the proposed value.
    pub value: ValueDigest,
    /// The earlier view in which q members prevoted this value; none for a fresh one.
    pub valid_view: Option<View>,
}
schema!(Proposal, "sealbid.vote-proposal", 2, 128);

/// `⟨PREVOTE, h, round, id(v)⟩`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prevote {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// Which of the round's votes.
    pub subject: Subject,
    /// The view.
    pub view: View,
    /// The value; none stands for nil.
    pub value: Option<ValueDigest>,
}
schema!(Prevote, "sealbid.vote-prevote", 2, 128);

/// What a precommit for a value carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// The value.
    pub value: ValueDigest,
    /// The member's share of the signature over the [`Statement`] of this view, in G2,
    /// compressed.
    pub share: FixedBytes<96>,
}

/// `⟨PRECOMMIT, h, round, id(v)⟩`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precommit {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// Which of the round's votes.
    pub subject: Subject,
    /// The view.
    pub view: View,
    /// The value and the share of its certificate; none stands for nil.
    pub commitment: Option<Commitment>,
}
schema!(Precommit, "sealbid.vote-precommit", 2, 256);

impl Precommit {
    /// What a share of it signs, were it a precommit to `value`.
    #[must_use]
    pub fn statement(&self, value: ValueDigest) -> Statement {
        self.instance().statement(self.view, value)
    }
}

/// A proposal as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullProposal {
    /// What is signed.
    pub header: Signed<Proposal>,
    /// The proposed value.
    pub value: Value,
    /// q prevotes for it in the header's valid view; empty for a fresh one.
    pub polka: Vec<Signed<Prevote>>,
}

/// A message of a vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A proposal.
    Proposal(Box<FullProposal>),
    /// A proposal's header, passed on so that a proposer that shows two values is found out.
    Header(Signed<Proposal>),
    /// A prevote.
    Prevote(Signed<Prevote>),
    /// A precommit.
    Precommit(Signed<Precommit>),
}
schema!(Message, "sealbid.vote-message", 2, (1 << 22) + (1 << 13));

impl Message {
    /// Whether the member it names has signed it: of a proposal, its header.
    pub(crate) fn is_signed(&self, identity: &dyn IdentityKeys) -> bool {
        match self {
            Self::Proposal(full) => verify(&full.header, identity),
            Self::Header(header) => verify(header, identity),
            Self::Prevote(prevote) => verify(prevote, identity),
            Self::Precommit(precommit) => verify(precommit, identity),
        }
    }

    fn instance(&self) -> Instance {
        match self {
            Self::Proposal(full) => full.header.body.instance(),
            Self::Header(signed) => signed.body.instance(),
            Self::Prevote(signed) => signed.body.instance(),
            Self::Precommit(signed) => signed.body.instance(),
        }
    }

    /// Whether it is of this auction and epoch: a member may have the same identity in others.
    #[must_use]
    pub fn is_of(&self, auction: AuctionId, epoch: Epoch) -> bool {
        let instance = self.instance();
        (instance.auction, instance.epoch) == (auction, epoch)
    }

    /// Which of its round's votes it belongs to.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.instance().subject
    }

    /// The round it belongs to.
    #[must_use]
    pub fn round(&self) -> Round {
        self.instance().round
    }

    /// The view it belongs to.
    #[must_use]
    pub fn view(&self) -> View {
        self.position().view
    }

    /// Who signed it, as it claims.
    #[must_use]
    pub fn member(&self) -> MemberIndex {
        match self {
            Self::Proposal(full) => full.header.member,
            Self::Header(signed) => signed.member,
            Self::Prevote(signed) => signed.member,
            Self::Precommit(signed) => signed.member,
        }
    }

    /// Where in its round it stands.
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Self::Proposal(full) => full.header.body.position(),
            Self::Header(signed) => signed.body.position(),
            Self::Prevote(signed) => signed.body.position(),
            Self::Precommit(signed) => signed.body.position(),
        }
    }
}

/// What proposals, prevotes and precommits have in common.
pub(super) trait Ballot: Schema + Clone + PartialEq {
    /// The step it belongs to.
    const STEP: Step;

    /// The vote it belongs to.
    fn instance(&self) -> Instance;

    /// Its view.
    fn view(&self) -> View;

    /// Its value; none for nil.
    fn value(&self) -> Option<ValueDigest>;

    /// Whether an honest member could not have signed both, given equal views.
    fn contradicts(&self, other: &Self) -> bool;

    /// A signed one as a message, a proposal without its value.
    fn message(signed: Signed<Self>) -> Message;

    /// Its view and step.
    fn position(&self) -> Position {
        Position {
            view: self.view(),
            step: Self::STEP,
        }
    }
}

macro_rules! ballot {
    ($type:ty, $step:expr, $message:expr, |$body:ident| $value:expr, |$a:ident, $b:ident| $contradicts:expr) => {
        impl Ballot for $type {
            const STEP: Step = $step;

            fn instance(&self) -> Instance {
                Instance {
                    auction: self.auction,
                    epoch: self.epoch,
                    round: self.round,
                    subject: self.subject,
                }
            }

            fn view(&self) -> View {
                self.view
            }

            fn value(&self) -> Option<ValueDigest> {
                let $body = self;
                $value
            }

            fn message(signed: Signed<Self>) -> Message {
                $message(signed)
            }

            fn contradicts(&self, other: &Self) -> bool {
                let ($a, $b) = (self, other);
                $contradicts
            }
        }
    };
}

ballot!(
    Proposal,
    Step::Propose,
    Message::Header,
    |p| Some(p.value),
    |a, b| a != b
);
ballot!(
    Prevote,
    Step::Prevote,
    Message::Prevote,
    |p| p.value,
    |a, b| a.value != b.value
);
// Two shares of one statement differ only if one of them is wrong: that is evidence of its own.
ballot!(
    Precommit,
    Step::Precommit,
    Message::Precommit,
    |p| p.commitment.map(|v| v.value),
    |a, b| a.value() != b.value()
);

/// What an identity key signs of a ballot.
pub(super) fn signed_digest<T: Schema>(body: &T) -> [u8; 32] {
    digest(context::MEMBER_SIGNATURE, body)
}

/// Signs as `member`; the same bytes as [`Signed::new`].
pub(super) fn sign<T: Schema>(
    body: T,
    member: MemberIndex,
    identity: &dyn IdentityKeys,
) -> Signed<T> {
    let signature = identity.sign(&signed_digest(&body));
    Signed {
        body,
        member,
        signature,
    }
}

/// Verifies the signature of the member that `signed` names.
pub(super) fn verify<T: Schema>(signed: &Signed<T>, identity: &dyn IdentityKeys) -> bool {
    identity.verify(
        signed.member,
        &signed_digest(&signed.body),
        &signed.signature,
    )
}
