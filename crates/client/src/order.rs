//! Orders: what a trader wants, in base units, and how much of it the envelope shows.

use std::collections::BTreeMap;

use sealbid_types::amount::Amount;
use sealbid_types::id::Round;
use sealbid_types::metadata::{Disclosure, Metadata, Pair};
use sealbid_types::terms::{Action, FtWithdraw, NativeWithdraw, Terms, TokenDiff, Transfer};
use sealbid_types::text::{AccountId, AssetId};
use sealbid_types::time::Timestamp;

/// What a trader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Gives one asset for at least so much of another.
    Swap {
        /// What is given.
        give: AssetId,
        /// How much of it.
        amount: Amount,
        /// What is wanted.
        want: AssetId,
        /// The least of it.
        minimum: Amount,
    },
    /// Moves an asset to another account within the Verifier.
    Transfer {
        /// Who receives.
        receiver: AccountId,
        /// The asset.
        asset: AssetId,
        /// How much.
        amount: Amount,
        /// Free text.
        memo: Option<String>,
    },
    /// Moves a fungible token out of the Verifier.
    FtWithdraw {
        /// The token's contract.
        token: AccountId,
        /// Who receives.
        receiver: AccountId,
        /// How much.
        amount: Amount,
        /// Free text.
        memo: Option<String>,
        /// The message of the call variant; an empty one still selects it.
        msg: Option<String>,
    },
    /// Moves NEAR out of the Verifier.
    NativeWithdraw {
        /// Who receives.
        receiver: AccountId,
        /// How much, in yoctoNEAR.
        amount: Amount,
    },
}

impl Order {
    /// The order as an action of the Verifier.
    #[must_use]
    pub fn action(&self) -> Action {
        match self.clone() {
            Self::Swap {
                give,
                amount,
                want,
                minimum,
            } => Action::TokenDiff(TokenDiff {
                diff: BTreeMap::from([(give, amount.paid()), (want, minimum.gained())]),
                memo: None,
                referral: None,
            }),
            Self::Transfer {
                receiver,
                asset,
                amount,
                memo,
            } => Action::Transfer(Transfer {
                receiver,
                tokens: BTreeMap::from([(asset, amount)]),
                memo,
            }),
            Self::FtWithdraw {
                token,
                receiver,
                amount,
                memo,
                msg,
            } => Action::FtWithdraw(FtWithdraw {
                token,
                receiver,
                amount,
                memo,
                msg,
            }),
            Self::NativeWithdraw { receiver, amount } => {
                Action::NativeWithdraw(NativeWithdraw { receiver, amount })
            }
        }
    }
}

/// What an envelope shows of the assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reveal {
    /// The directed pair of a swap, so that solvers know to quote it.
    #[default]
    Pair,
    /// Nothing: whoever quotes a fitting pair for other reasons may fill it.
    Nothing,
}

impl Reveal {
    /// The metadata that shows this much of `terms`; only a swap has a pair to show.
    #[must_use]
    pub fn metadata(self, terms: &Terms) -> Metadata {
        match (self, swapped_pair(terms)) {
            (Self::Pair, Some(pair)) => Metadata {
                disclosure: Disclosure::Pair(pair),
                size: None,
            },
            _ => Metadata::NOTHING,
        }
    }
}

/// The directed pair of terms that are a swap.
#[must_use]
pub fn swapped_pair(terms: &Terms) -> Option<Pair> {
    let [Action::TokenDiff(TokenDiff { diff, .. })] = terms.actions.as_slice() else {
        return None;
    };
    let mut paid = diff.iter().filter(|(_, delta)| delta.outgoing().is_some());
    let mut gained = diff.iter().filter(|(_, delta)| delta.incoming().is_some());
    match (paid.next(), gained.next(), paid.next(), gained.next()) {
        (Some((give, _)), Some((want, _)), None, None) => Some(Pair {
            give: give.clone(),
            want: want.clone(),
        }),
        _ => None,
    }
}

/// When an envelope may be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first round.
    pub first: Round,
    /// The last round.
    pub last: Round,
    /// A round that closes later does not list it.
    pub expires: Timestamp,
}
