//! What is voted on. A round has two votes, and one rule book for both: the close, and then how it
//! cleared.

use serde::{Deserialize, Serialize};

use sealbid_types::close::Close;
use sealbid_types::id::{AllocationDigest, Slot, ValueDigest};

/// Which of a round's votes it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// What the round lists.
    #[default]
    Close,
    /// How it cleared. Every member computes that by itself, so a value is a digest, and the first
    /// view needs no proposal.
    Allocation,
}

/// A value: `v` of the paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A close.
    Close(Close),
    /// The allocation with this digest.
    Allocation(AllocationDigest),
}

impl Value {
    /// `id(v)`.
    #[must_use]
    pub fn digest(&self) -> ValueDigest {
        match self {
            Self::Close(close) => close.digest().into(),
            Self::Allocation(digest) => (*digest).into(),
        }
    }

    /// Which vote it is a value of.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Close(_) => Subject::Close,
            Self::Allocation(_) => Subject::Allocation,
        }
    }

    /// The slot by which a fresh one is judged, if the clock has a say in it.
    #[must_use]
    pub const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Close(close) => Some(close.slot),
            Self::Allocation(_) => None,
        }
    }

    /// The close, if it is one.
    #[must_use]
    pub const fn as_close(&self) -> Option<&Close> {
        match self {
            Self::Close(close) => Some(close),
            Self::Allocation(_) => None,
        }
    }
}

impl From<Close> for Value {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// What a member has computed: its own allocation, and the one that fills nothing.
///
/// Members of two versions may clear differently, and then neither has a quorum. So that the house
/// does not stand still for good, the empty one is valid from view `2n` on, when every member has
/// proposed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Computed {
    pub(super) own: ValueDigest,
    pub(super) void: ValueDigest,
}
