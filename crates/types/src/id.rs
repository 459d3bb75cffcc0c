//! Ids and counters. Each is a type of its own, so that a round cannot be added to a view.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bytes::{FixedBytes, NotHex};

/// The BLAKE3 derive-key contexts of this crate's digests: one a purpose, none used twice.
pub mod context {
    /// Auction ids.
    pub const AUCTION: &str = "sealbid/1 2026-11 auction id";
    /// Key ids.
    pub const KEY: &str = "sealbid/1 2026-11 key id";
    /// Envelope ids.
    pub const ENVELOPE: &str = "sealbid/1 2026-11 envelope id";
    /// What a submitter signs: the digest of an envelope's content.
    pub const ENVELOPE_SIGNATURE: &str = "sealbid/1 2026-11 envelope signature";
    /// The digest of a sealed terms part, which the label of its authorisation carries.
    pub const TERMS_PART: &str = "sealbid/1 2026-11 sealed terms part";
    /// Rules digests.
    pub const RULES: &str = "sealbid/1 2026-11 rules";
    /// What a member's identity key signs.
    pub const MEMBER_SIGNATURE: &str = "sealbid/1 2026-11 member signature";
    /// Report ids.
    pub const REPORT: &str = "sealbid/1 2026-11 report";
    /// Close digests.
    pub const CLOSE: &str = "sealbid/1 2026-11 close";
    /// Allocation digests.
    pub const ALLOCATION: &str = "sealbid/1 2026-11 allocation";
    /// Settlement digests.
    pub const SETTLEMENT: &str = "sealbid/1 2026-11 settlement";
    /// Ceremony ids.
    pub const CEREMONY: &str = "sealbid/1 2026-11 ceremony id";
    /// Session ids.
    pub const CEREMONY_SESSION: &str = "sealbid/1 2026-11 ceremony session id";
    /// The digest of a ceremony's dealings.
    pub const CEREMONY_TRANSCRIPT: &str = "sealbid/1 2026-11 ceremony transcript";
    /// What a ceremony's participants sign at its end.
    pub const CEREMONY_CONFIRMATION: &str = "sealbid/1 2026-11 ceremony confirmation";
    /// The digest of what a committee file says of its members and their key.
    pub const COMMITTEE: &str = "sealbid/1 2026-11 committee";
    /// Merkle leaves.
    pub const MERKLE_LEAF: &str = "sealbid/1 2026-11 merkle leaf";
    /// Merkle inner nodes.
    pub const MERKLE_NODE: &str = "sealbid/1 2026-11 merkle node";
    /// Merkle roots: the number of leaves and the top node.
    pub const MERKLE_ROOT: &str = "sealbid/1 2026-11 merkle root";
    /// What a solver signs.
    pub const QUOTE_SIGNATURE: &str = "sealbid/1 2026-11 quote signature";
    /// Threshold signature, purpose `close`.
    pub const STATEMENT_CLOSE: &str = "sealbid/1 2026-11 statement close";
    /// Threshold signature, purpose `order`.
    pub const STATEMENT_ORDER: &str = "sealbid/1 2026-11 statement order";
    /// Threshold signature, purpose `allocation`.
    pub const STATEMENT_ALLOCATION: &str = "sealbid/1 2026-11 statement allocation";
    /// Threshold signature, purpose `settlement`.
    pub const STATEMENT_SETTLEMENT: &str = "sealbid/1 2026-11 statement settlement";
    /// The seed that orders a round, from the `order` signature.
    pub const ORDER_SEED: &str = "sealbid/1 2026-11 order seed";
    /// One entry's place in the order.
    pub const ORDER_RANK: &str = "sealbid/1 2026-11 order rank";
}

macro_rules! digest_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub FixedBytes<32>);

        impl $name {
            /// The id's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }

            /// The first eight hex digits, for people.
            #[must_use]
            pub fn short(&self) -> String {
                self.to_string().chars().take(8).collect()
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(FixedBytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = NotHex;

            fn from_str(text: &str) -> Result<Self, NotHex> {
                text.parse().map(Self)
            }
        }
    )*};
}

digest_id! {
    /// One auction: its name, schedule and rules. It outlives refreshes and resharings of its key.
    AuctionId;
    /// One committee public key. A refresh keeps it.
    KeyId;
    /// An invitation to a key ceremony.
    CeremonyId;
    /// One session of a key ceremony: the invitation and who takes part.
    SessionId;
    /// The dealings of a session, all of them.
    TranscriptDigest;
    /// What a committee file says of its members and their key, and not of where they are found.
    CommitteeDigest;
    /// An envelope: everything in it, the submitter's signature included.
    EnvelopeId;
    /// A sealed terms part, as its authorisation's label names it.
    TermsPartDigest;
    /// The rules that an auction clears by.
    RulesDigest;
    /// A member's report, its signature included.
    ReportId;
    /// A close value. Certificates of several views may name the same one.
    CloseDigest;
    /// An allocation.
    AllocationDigest;
    /// A value that is voted on: a close or an allocation.
    ValueDigest;
    /// A settlement.
    SettlementDigest;
    /// A Merkle root (see [`crate::merkle`]).
    MerkleRoot;
    /// The seed that breaks a round's ties: derived from the committee's `order` signature.
    OrderSeed;
}

impl From<CloseDigest> for ValueDigest {
    fn from(close: CloseDigest) -> Self {
        Self(close.0)
    }
}

impl From<AllocationDigest> for ValueDigest {
    fn from(allocation: AllocationDigest) -> Self {
        Self(allocation.0)
    }
}

impl OrderSeed {
    /// The seed that a round's `order` signature draws.
    #[must_use]
    pub fn drawn_by(signature: &FixedBytes<96>) -> Self {
        blake3::derive_key(context::ORDER_SEED, &signature.0).into()
    }
}

macro_rules! counter {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The one after this; the last one stays where it is.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The one before this, if there is one.
            #[must_use]
            pub const fn previous(self) -> Option<Self> {
                match self.0.checked_sub(1) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = core::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

counter! {
    /// A round. The first is 1; 0 stands for the state before it.
    Round(u64);
    /// A view: one attempt of the close vote at a round, with a proposer of its own. From 0.
    View(u32);
    /// A slot of the schedule. Slot k ends at the schedule's start plus k periods.
    Slot(u64);
    /// An epoch of the committee's shares. A refresh or a resharing begins the next.
    Epoch(u32);
}

/// A member's place in the roster, from 0. Its share is the polynomial's value at this plus 1.
///
/// Wire, disk and JSON carry the number from 0, in fields named `index`. People see nothing but
/// the name, `member-1` for 0: it is all that this type displays, so that no text can count from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberIndex(pub u8);

/// A text that is not a member's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a member's name (member-1, member-2, ...)")]
pub struct NotAMember;

impl fmt::Display for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With width and alignment, for tables.
        f.pad(&format!("member-{}", self.number()))
    }
}

impl fmt::Debug for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MemberIndex {
    type Err = NotAMember;

    /// Reads the one form that is displayed: not `member-01`, nor `member-+1`.
    fn from_str(name: &str) -> Result<Self, NotAMember> {
        let number = name.strip_prefix("member-").ok_or(NotAMember)?;
        let number: u16 = number.parse().map_err(|_| NotAMember)?;
        let index = number
            .checked_sub(1)
            .and_then(|index| u8::try_from(index).ok());
        let index = index.map(Self).filter(|index| index.to_string() == name);
        index.ok_or(NotAMember)
    }
}

impl MemberIndex {
    /// The member's place as an index into roster-shaped lists.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// The member's number for people, from 1: on the command line, and in its name.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0 as u16 + 1
    }

    /// All members of a roster of `n`.
    pub fn all(n: u8) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..n).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn members_are_numbered_from_one_for_people_and_from_zero_in_json(index: u8) {
            let member = MemberIndex(index);
            let name = format!("member-{}", u16::from(index) + 1);
            prop_assert_eq!(&member.to_string(), &name);
            prop_assert_eq!(&format!("{member:?}"), &name);
            prop_assert_eq!(name.parse(), Ok(member));
            prop_assert_eq!(serde_json::to_string(&member).unwrap(), index.to_string());
        }
    }

    #[test]
    fn other_names_are_no_members() {
        for name in [
            "member-0",
            "member-01",
            "member-+1",
            "member-257",
            "member-",
            "member-x",
            "1",
            "",
            "Member-1",
            "member-1 ",
        ] {
            assert_eq!(name.parse::<MemberIndex>(), Err(NotAMember), "{name:?}");
        }
    }
}
