//! What a sealed intent shows: as much of itself as its trader chose.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::text::AssetId;

/// A directed pair: what is given, and what is wanted for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The asset the trader gives.
    pub give: AssetId,
    /// The asset the trader wants.
    pub want: AssetId,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.give, self.want)
    }
}

/// What is shown of the assets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Nothing.
    Nothing,
    /// The asset that is given.
    Give(AssetId),
    /// The asset that is wanted.
    Want(AssetId),
    /// Both.
    Pair(Pair),
}

/// A size by its magnitude: an amount with this many decimal digits in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SizeBucket(pub u8);

/// The public part of an envelope that concerns its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Metadata {
    /// The assets.
    pub disclosure: Disclosure,
    /// The size, if shown.
    pub size: Option<SizeBucket>,
}

impl Metadata {
    /// Shows nothing.
    pub const NOTHING: Self = Self {
        disclosure: Disclosure::Nothing,
        size: None,
    };
}
