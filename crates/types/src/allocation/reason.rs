//! Why an entry counts for nothing, and why an intent is not filled: codes and fields, which the
//! committee signs and auditors compute again.
//!
//! No reason holds words. The committee's digest covers every byte here, so a sentence would make
//! two members of different versions disagree about a round over a comma, and an auditor of next
//! year fail a record of this one. Words are [`core::fmt::Display`], which nothing hashes. Texts of
//! other crates' errors would be worse: whoever submits could choose among them.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::id::{EnvelopeId, Round};
use crate::quote::MOST_TIERS;
use crate::terms::{MEMO_BYTES, MESSAGE_BYTES, MOST_ACTIONS};
use crate::text::AssetId;
use crate::time::Timestamp;

/// Why an entry of a round counts for nothing. Each is charged to whoever submitted the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Another entry, of this round or an earlier one, has a part with the same `u`.
    #[error("a sealed part's u stands in envelope {with} too")]
    SharedU {
        /// The other envelope.
        with: EnvelopeId,
    },
    /// The key that the sealed part opens with is not the one it is committed to.
    #[error("the sealed part does not open: its key is not the one committed to")]
    Commitment,
    /// The body does not decrypt under its key.
    #[error("the sealed part does not open: its body does not decrypt")]
    Cipher,
    /// The plaintext is not padded as it must be.
    #[error("the sealed part opens to a plaintext with wrong padding")]
    Padding,
    /// The plaintext is not what the part should hold.
    #[error("the sealed part opens to something else than it should hold")]
    Undecodable,
    /// A part that a fill needs was not opened.
    #[error("a sealed part of it was not opened")]
    NotOpened,
    /// The deadline had passed at the closing time.
    #[error("its deadline {deadline} had passed when the round closed")]
    Expired {
        /// The sealed deadline or expiry.
        deadline: Timestamp,
    },
    /// The actions break a rule of the Verifier.
    #[error("an action is not valid: {0}")]
    Action(ActionFault),
    /// The nonce is not one that the Verifier takes until the deadline.
    #[error("the nonce is not valid: {0}")]
    Nonce(NonceFault),
    /// The actions are valid, but not of a shape that this auction fills.
    #[error("not supported by this auction: {0}")]
    Unsupported(Unsupported),
    /// Another intent of the same round has the same account and nonce and came first in order.
    #[error("its nonce is used by envelope {by} in the same round")]
    DuplicateNonce {
        /// The other intent.
        by: EnvelopeId,
    },
    /// An earlier round settled an intent with the same account and nonce.
    #[error("its nonce was used in round {round}")]
    UsedNonce {
        /// That round.
        round: Round,
    },
    /// The account is not the one of the key that signs for it.
    #[error("the key does not belong to the account")]
    Account,
    /// The quote is for another auction or round.
    #[error("the quote is for another auction or round")]
    WrongRound,
    /// The schedule is not one: no tiers, bounds that do not rise, a rate of nothing.
    #[error("the price schedule is not valid: {0}")]
    Schedule(ScheduleFault),
    /// A signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The signed payload does not say what the terms say.
    #[error("the signed payload differs from the terms: {0}")]
    Payload(PayloadFault),
}

/// Why a valid intent was not filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UnfilledReason {
    /// Nobody quoted the pair for this amount.
    #[error("no solver quoted this pair for this amount")]
    NoQuote,
    /// The best quote pays less than the limit.
    #[error("the best quote paid {best}, the limit asks for {limit}")]
    Limit {
        /// What the trader would have received.
        best: Amount,
        /// What it asks for.
        limit: Amount,
    },
    /// Quotes would have met the limit, but their capacity went to others.
    #[error("the capacity of the quotes that meet the limit went to others")]
    Capacity,
    /// Only solvers outside the trader's allow-list quoted it well enough.
    #[error("no solver of the trader's allow-list quoted it")]
    AllowList,
    /// The clearing broke a rule of its own; nothing is filled, and the committee alarms.
    #[error("the round's clearing was withdrawn")]
    Withdrawn,
}

/// Why an intent's actions are not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ActionFault {
    /// There is no action.
    #[error("there is none")]
    NoActions,
    /// There are too many.
    #[error("{count} actions, at most {MOST_ACTIONS} are taken")]
    ManyActions {
        /// How many.
        count: u32,
    },
    /// A diff or a transfer without tokens.
    #[error("it names no token")]
    NoTokens,
    /// An amount or a delta of zero.
    #[error("an amount of zero of {asset}")]
    Zero {
        /// The asset, as the terms name it.
        asset: AssetId,
    },
    /// A withdrawal of no NEAR.
    #[error("an amount of zero of NEAR")]
    ZeroNear,
    /// A transfer to its sender.
    #[error("a transfer to oneself")]
    ToOneself,
    /// A text is too long.
    #[error("a {text} of {bytes} bytes, at most {} are taken", .text.most_bytes())]
    Long {
        /// Which text.
        text: ActionText,
        /// How long it is.
        bytes: u32,
    },
    /// A text holds control characters.
    #[error("control characters in a {text}")]
    Control {
        /// Which text.
        text: ActionText,
    },
    /// An amount above what an auction deals in.
    #[error("an amount above 2^112 units")]
    TooLarge,
    /// Amounts that are taken each, but not their sum.
    #[error("amounts that overflow together")]
    Overflow,
}

/// The free texts of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionText {
    /// A memo.
    Memo,
    /// A withdrawal's message.
    Message,
}

impl ActionText {
    /// The most bytes of such a text.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Memo => MEMO_BYTES,
            Self::Message => MESSAGE_BYTES,
        }
    }
}

impl core::fmt::Display for ActionText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Memo => "memo",
            Self::Message => "message",
        })
    }
}

/// Why a nonce does not go with a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NonceFault {
    /// The nonce is of a version that is not known here.
    #[error("a nonce of version {version} is not known here")]
    Version {
        /// The version.
        version: u8,
    },
    /// The nonce runs out before the intent does.
    #[error("the nonce is valid to {nonce}, less than the deadline {deadline}")]
    Deadline {
        /// When the nonce runs out, rounded down to a millisecond.
        nonce: Timestamp,
        /// The intent's deadline.
        deadline: Timestamp,
    },
}

/// What an auction does not fill, although the Verifier would take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unsupported {
    /// A named account: which keys it has, the chain alone knows.
    #[error("an account without an ed25519 key as its name")]
    NamedAccount,
    /// A swap and something else in one intent.
    #[error("a swap with other actions beside it")]
    SwapAndMore,
    /// A swap of other assets than two.
    #[error("a token_diff of other than one asset given and one wanted")]
    SwapShape,
    /// The round's flow of an asset is more than can be counted.
    #[error("the round's amounts are too large to add up")]
    Flow,
}

/// Why a quote's schedule is not one. Tiers are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleFault {
    /// Both assets of the pair are the same.
    #[error("an asset for itself")]
    Pair,
    /// No tiers, or too many.
    #[error("{count} tiers, 1 to {MOST_TIERS} are taken")]
    Tiers {
        /// How many.
        count: u32,
    },
    /// A tier's bound is not above the one before it, or above zero.
    #[error("the bound of tier {tier} does not rise")]
    Bound {
        /// Which tier.
        tier: u32,
    },
    /// A rate of nothing, or for nothing.
    #[error("the rate of tier {tier} is zero, or for zero")]
    Rate {
        /// Which tier.
        tier: u32,
    },
    /// The capacity is zero.
    #[error("a capacity of zero")]
    Capacity,
    /// The least fill is above the capacity.
    #[error("a minimum fill above the capacity")]
    MinimumFill,
    /// An amount above what an auction deals in.
    #[error("an amount above 2^112 units")]
    TooLarge,
    /// The rates have no small common denominator.
    #[error("the rates have no common denominator below 2^128, or are too steep for one")]
    Denominator,
}

/// How a signed payload is not one that says what the terms say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PayloadFault {
    /// Not a JSON object, or one with a key twice.
    #[error("it is not a JSON object in which each key stands once")]
    NotJson,
    /// A field that every payload, or intent of its kind, has.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: PayloadField,
    },
    /// A field of another type, or of another grammar.
    #[error("{field} is not of its type or grammar")]
    Malformed {
        /// The field.
        field: PayloadField,
    },
    /// A field that the Verifier acts on and that terms cannot express, or a kind of intent.
    #[error("{field} is not supported here")]
    Unsupported {
        /// The field.
        field: PayloadField,
    },
    /// A field that says something else than the terms.
    #[error("{field} is another")]
    Differs {
        /// The field.
        field: PayloadField,
    },
}

macro_rules! payload_fields {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A field of a signed payload, or of an intent in one, by its name in the JSON.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum PayloadField {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl PayloadField {
            /// The field's name in the JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl core::fmt::Display for PayloadField {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "\"{}\"", self.name())
            }
        }
    };
}

payload_fields! {
    /// The account.
    SignerId = "signer_id",
    /// The Verifier contract.
    VerifyingContract = "verifying_contract",
    /// The deadline.
    Deadline = "deadline",
    /// The nonce.
    Nonce = "nonce",
    /// The list of intents.
    Intents = "intents",
    /// An intent's kind.
    Intent = "intent",
    /// A swap's deltas.
    Diff = "diff",
    /// A swap's referral.
    Referral = "referral",
    /// A free text.
    Memo = "memo",
    /// Who receives.
    ReceiverId = "receiver_id",
    /// A transfer's amounts.
    Tokens = "tokens",
    /// A withdrawal's contract.
    Token = "token",
    /// A withdrawal's amount.
    Amount = "amount",
    /// The message of a call.
    Msg = "msg",
    /// The gas of a call.
    MinGas = "min_gas",
    /// A call of the receiver.
    Notification = "notification",
    /// A deployment before the call.
    StateInit = "state_init",
    /// A storage deposit beside a withdrawal.
    StorageDeposit = "storage_deposit",
}
