//! The tasks of a round, in their order: what each needs, and what it gives.
//!
//! | step | task | needs | gives |
//! | --- | --- | --- | --- |
//! | open terms | open | the certified close | terms and quotes |
//! | draw | sign | the certified close | the seed that breaks ties |
//! | clear | compute | terms, quotes, seed | the allocation |
//! | decide | vote | the allocation | its certificate |
//! | open authorisations | open | that certificate | the fills' authorisations |
//! | settle | compute | authorisations | the settlement |
//! | sign the settlement | sign | the settlement | its signature |
//!
//! Another pass is another entry.

use sealbid_types::door::Phase;
use sealbid_types::statement::Statement;

use crate::opening::{Opening, PartId, Purpose};

/// A step of a round, from its certificate to its signed settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    OpenTerms,
    DrawOrder,
    Clear,
    Decide,
    OpenAuthorisations,
    Settle,
    SignSettlement,
}

impl Step {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 7] = [
        Self::OpenTerms,
        Self::DrawOrder,
        Self::Clear,
        Self::Decide,
        Self::OpenAuthorisations,
        Self::Settle,
        Self::SignSettlement,
    ];

    /// The phase that people are shown while it is waited for.
    pub(crate) const fn phase(self) -> Phase {
        match self {
            Self::OpenTerms | Self::DrawOrder => Phase::Opening,
            Self::Clear | Self::Decide => Phase::Clearing,
            Self::OpenAuthorisations => Phase::Authorising,
            Self::Settle | Self::SignSettlement => Phase::Settling,
        }
    }
}

/// What is to be done in a step whose needs are met.
#[derive(Debug)]
pub(crate) enum Task {
    /// Release this member's shares of these parts, and collect q members'. What may be opened, and
    /// by which certificate, the opening says.
    Open {
        opening: Opening,
        parts: Vec<PartId>,
    },
    /// Vote on how the round cleared.
    Vote,
    /// Sign a statement with this member's share, and collect q members'.
    Sign {
        purpose: Purpose,
        statement: Statement,
    },
    /// Compute from what is here.
    Compute,
}
