//! The decisions of a member that others rest on, each a function of its own that is given what an
//! honest member decides. [`Honest`] takes that, and there is nothing else in a member's process:
//! the trait is sealed, and `.ci/run` looks for other rules in what the command is made of.
//!
//! The simulator turns one decision at a time, to see that an invariant notices. A protection that
//! nobody would miss is none, or the invariants have a hole.
//!
//! Two decisions are not here, since no rule can turn them: that the tie-break is drawn after the
//! close, and that shares leave after a certificate, are matters of type
//! (`sealbid_crypto::certificate`). And there is one epoch so far.

use sealbid_types::allocation::Allocation;
use sealbid_types::close::Close;
use sealbid_types::door::Refusal;
use sealbid_types::envelope::Header;
use sealbid_types::id::{EnvelopeId, Round};

use crate::promises::Lists;
use crate::vote::Verdict;

/// Keeps other crates from adding rules by accident.
#[doc(hidden)]
pub mod seal {
    /// Named by nobody but the rules of the simulator.
    pub trait Seal {}
}

/// What a member decides. Each function is given the honest decision and returns it.
pub trait Rules: seal::Seal + core::fmt::Debug + Send + 'static {
    /// The round that an envelope is acknowledged for: one with a place in each round of the
    /// envelope's range, from `open` on.
    ///
    /// # Errors
    /// The refusal that its client gets.
    fn place(
        honest: Result<Round, Refusal>,
        _header: &Header,
        _open: Round,
    ) -> Result<Round, Refusal> {
        honest
    }

    /// What the report lists: all that was acknowledged for the round and is alive.
    #[must_use]
    fn cut(honest: Lists) -> Lists {
        honest
    }

    /// What an own proposal is: the union of its reports, less what the chain rules out.
    #[must_use]
    fn compose(honest: Close) -> Close {
        honest
    }

    /// The verdict on a proposal, once all that decides it is here; none before that.
    #[must_use]
    fn judge(honest: Option<Verdict>, _close: &Close) -> Option<Verdict> {
        honest
    }

    /// Whether the lock leaves it free to prevote a value (lines 23 and 29 of the paper).
    #[must_use]
    fn may_prevote(honest: bool) -> bool {
        honest
    }

    /// How many reports make a close, ballots a decision, acknowledgements a receipt.
    #[must_use]
    fn quorum(honest: u8) -> u8 {
        honest
    }

    /// Whether it may give a share of a statement: of each round and purpose one.
    #[must_use]
    fn may_state(honest: bool) -> bool {
        honest
    }

    /// How a round clears. It is no decision: a member that computes something else runs another
    /// version, and the others have to get by.
    #[must_use]
    fn clear(honest: Allocation) -> Allocation {
        honest
    }

    /// Whether an envelope that has failed the gate fails the reports that list it.
    #[must_use]
    fn refuses(honest: bool, _envelope: &EnvelopeId) -> bool {
        honest
    }

    /// Whether an envelope goes when a round is settled: once the chain rules it out.
    #[must_use]
    fn forgets(honest: bool, _envelope: &EnvelopeId) -> bool {
        honest
    }
}

/// The rules as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honest {}

impl seal::Seal for Honest {}
impl Rules for Honest {}
