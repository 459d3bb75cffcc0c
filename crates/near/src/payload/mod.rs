//! The signed payload: `{signer_id, verifying_contract, deadline, nonce, intents:[…]}`.

use data_encoding::BASE64;
use serde::Serialize;

use sealbid_types::allocation::{PayloadFault, PayloadField as Field};
use sealbid_types::terms::{Action, Nonce, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::action::{self, ActionError, ActionJson};
use crate::base64;
use crate::deadline::{Deadline, NANOS_PER_MILLI};
use crate::json::{Json, JsonError, Object, field, parsed};
use crate::nonce;

/// What a signed payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Whose intents they are.
    pub account: AccountId,
    /// The Verifier contract they are for.
    pub contract: AccountId,
    /// Valid while this has not passed.
    pub deadline: Timestamp,
    /// Used once an account.
    pub nonce: Nonce,
    /// The intents, in order.
    pub actions: Vec<Action>,
}

/// Why a text is not a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The text is not JSON, or a field of the envelope is not as it must be.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The nonce is not the base64 of 32 bytes.
    #[error("\"nonce\" is not the base64 of 32 bytes")]
    Nonce,
    /// The deadline is not RFC 3339 as the Verifier reads it, or before 1970.
    #[error("\"deadline\" is not an RFC 3339 time")]
    Deadline,
    /// The deadline exceeds the nonce's, by less than a millisecond.
    #[error("\"deadline\" is later than that of the nonce")]
    BeyondNonce,
    /// One of the intents.
    #[error("intent {index}: {error}")]
    Action {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        error: ActionError,
    },
}

impl PayloadError {
    /// What a round says of such a payload: a code and a field, whatever words stand here.
    #[must_use]
    pub const fn fault(&self) -> PayloadFault {
        match self {
            Self::Json(error) => error.fault(),
            Self::Nonce => PayloadFault::Malformed {
                field: Field::Nonce,
            },
            Self::Deadline | Self::BeyondNonce => PayloadFault::Malformed {
                field: Field::Deadline,
            },
            Self::Action { error, .. } => error.fault(),
        }
    }
}

#[derive(Serialize)]
struct PayloadJson<'a> {
    signer_id: &'a AccountId,
    verifying_contract: &'a AccountId,
    deadline: Timestamp,
    nonce: String,
    intents: Vec<ActionJson<'a>>,
}

impl Payload {
    /// What `terms` ask to be signed for the Verifier at `contract`.
    #[must_use]
    pub fn of(terms: &Terms, contract: &AccountId) -> Self {
        Self {
            account: terms.account.clone(),
            contract: contract.clone(),
            deadline: terms.deadline,
            nonce: terms.nonce,
            actions: terms.actions.clone(),
        }
    }

    /// The terms that this payload authorises, to be filled by `solvers`, or by any.
    #[must_use]
    pub fn into_terms(self, solvers: Option<Vec<AccountId>>) -> Terms {
        Terms {
            account: self.account,
            nonce: self.nonce,
            deadline: self.deadline,
            actions: self.actions,
            solvers,
        }
    }

    /// The JSON to be signed. The same payload always gives the same text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = PayloadJson {
            signer_id: &self.account,
            verifying_contract: &self.contract,
            deadline: self.deadline,
            nonce: BASE64.encode(self.nonce.as_bytes()),
            intents: self.actions.iter().map(ActionJson::from).collect(),
        };
        // Maps with text keys and strings: nothing that JSON cannot hold.
        serde_json::to_string(&json).unwrap_or_default()
    }

    /// Reads a payload more strictly than the Verifier does: no key twice at any depth, an `intents`
    /// that is there, amounts as shortest decimals and at most `i128::MAX`, token ids of printable
    /// ASCII, a deadline from 1970 on, and only intents and fields with an effect that terms can
    /// express. Fields that the Verifier does not know are tolerated; padding of the nonce may be
    /// left out; the deadline is rounded down to a millisecond ([`crate::deadline`]).
    ///
    /// Whatever is taken here, the Verifier can read.
    ///
    /// # Errors
    /// [`PayloadError`], the first that is found.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        let json = Json::parse(text)?;
        let object = json.object("payload")?;
        let account = parsed(object, Field::SignerId)?;
        let contract = parsed(object, Field::VerifyingContract)?;
        let (deadline, nonce) = (deadline(object)?, nonce(object)?);
        Ok(Self {
            account,
            contract,
            deadline: rounded(deadline, &nonce)?,
            nonce,
            actions: actions(object)?,
        })
    }
}

fn nonce(object: &Object) -> Result<Nonce, PayloadError> {
    let text = field(object, Field::Nonce)?.text(Field::Nonce)?;
    base64::nonce(text).ok_or(PayloadError::Nonce)
}

fn deadline(object: &Object) -> Result<Deadline, PayloadError> {
    let text = field(object, Field::Deadline)?.text(Field::Deadline)?;
    text.parse().map_err(|_| PayloadError::Deadline)
}

/// The millisecond of a deadline that stands beside `nonce`.
///
/// The deadline that counts on the chain is the exact one, and it must not exceed the nonce's by a
/// nanosecond. What the millisecond alone shows to exceed it is left to the rules for terms.
fn rounded(exact: Deadline, nonce: &Nonce) -> Result<Timestamp, PayloadError> {
    let millis = exact.rounded_down().ok_or(PayloadError::Deadline)?;
    let covered = nonce::covers(nonce, i128::from(millis.0) * NANOS_PER_MILLI);
    if covered && !nonce::covers(nonce, exact.nanos()) {
        return Err(PayloadError::BeyondNonce);
    }
    Ok(millis)
}

fn actions(object: &Object) -> Result<Vec<Action>, PayloadError> {
    let Json::List(intents) = field(object, Field::Intents)? else {
        return Err(JsonError::Type {
            field: Field::Intents.into(),
            expected: "an array",
        }
        .into());
    };
    let read = |(index, intent)| {
        action::from_json(intent).map_err(|error| PayloadError::Action { index, error })
    };
    intents.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests;
