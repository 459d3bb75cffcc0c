//! What has been signed, as the Verifier reads it.

use serde::{Deserialize, Deserializer, de};

use sealbid_types::terms::Nonce;
use sealbid_types::text::AccountId;

use crate::base64::read_nonce;
use crate::deadline::Deadline;
use crate::intents::Intent;
use crate::json::printable;

/// What a signed payload says. Missing `intents` are none; fields that are not known are passed over,
/// and one that is known must not stand twice.
///
/// [`Payload`](crate::payload::Payload) is what rounds take of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentsPayload {
    /// Whose intents they are.
    pub signer: AccountId,
    /// The Verifier contract they are for.
    pub contract: AccountId,
    /// Valid while this has not passed.
    pub deadline: Deadline,
    /// Used once an account.
    pub nonce: Nonce,
    /// The intents, in order. With none, the nonce is used up all the same.
    pub intents: Vec<Intent>,
}

/// Why the Verifier cannot read what has been signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON of its form.
    #[error("what has been signed cannot be read: {0}")]
    Json(String),
    /// The recipient of a `nep413` message is no account.
    #[error("\"recipient\" is not an account")]
    Recipient,
    /// The deadline is before the time at which a TON wallet signed.
    #[error("the deadline is before the time of signing")]
    SignedLater,
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(printable(&error.to_string()))
    }
}

#[derive(Deserialize)]
struct PayloadJson {
    signer_id: AccountId,
    verifying_contract: AccountId,
    deadline: Deadline,
    #[serde(deserialize_with = "read_nonce")]
    nonce: Nonce,
    #[serde(flatten)]
    message: IntentsJson,
}

/// What the text of a `nep413` message says: the rest stands beside it.
#[derive(Deserialize)]
struct MessageJson {
    signer_id: AccountId,
    deadline: Deadline,
    #[serde(flatten)]
    message: IntentsJson,
}

#[derive(Deserialize)]
struct IntentsJson {
    #[serde(default)]
    intents: Vec<Intent>,
}

impl IntentsPayload {
    /// Reads a text that says all of it.
    ///
    /// # Errors
    /// [`Unreadable::Json`].
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let json: PayloadJson = serde_json::from_str(text)?;
        Ok(Self {
            signer: json.signer_id,
            contract: json.verifying_contract,
            deadline: json.deadline,
            nonce: json.nonce,
            intents: json.message.intents,
        })
    }

    /// Reads a message that leaves contract and nonce to what stands beside it.
    pub(super) fn parse_message(
        text: &str,
        recipient: &str,
        nonce: Nonce,
    ) -> Result<Self, Unreadable> {
        let json: MessageJson = serde_json::from_str(text)?;
        Ok(Self {
            signer: json.signer_id,
            contract: recipient.parse().map_err(|_| Unreadable::Recipient)?,
            deadline: json.deadline,
            nonce,
            intents: json.message.intents,
        })
    }
}

impl<'de> Deserialize<'de> for Deadline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
