//! The signed payload: `{signer_id, verifying_contract, deadline, nonce, intents:[…]}`.

use data_encoding::BASE64;
use serde::Serialize;

use sealbid_types::allocation::{PayloadFault, PayloadField as Field};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::terms::{Action, Nonce, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::action::{self, ActionError, ActionJson};
use crate::json::{Json, JsonError, Object, field, parsed};

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
    /// The deadline is not RFC 3339 in UTC, or finer than a millisecond.
    #[error("\"deadline\" is not an RFC 3339 time in UTC, in whole milliseconds")]
    Deadline,
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
            Self::Deadline => PayloadFault::Malformed {
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

    /// Reads a payload strictly: no key twice, amounts as shortest decimals, a deadline in UTC,
    /// only intents that are known here. Fields that the Verifier does not know are tolerated.
    ///
    /// # Errors
    /// [`PayloadError`], the first that is found.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        let json = Json::parse(text)?;
        let object = json.object("payload")?;
        Ok(Self {
            account: parsed(object, Field::SignerId)?,
            contract: parsed(object, Field::VerifyingContract)?,
            deadline: deadline(object)?,
            nonce: nonce(object)?,
            actions: actions(object)?,
        })
    }
}

fn nonce(object: &Object) -> Result<Nonce, PayloadError> {
    let text = field(object, Field::Nonce)?.text(Field::Nonce)?;
    let bytes = BASE64
        .decode(text.as_bytes())
        .map_err(|_| PayloadError::Nonce)?;
    bytes
        .try_into()
        .map(FixedBytes)
        .map_err(|_| PayloadError::Nonce)
}

/// A deadline finer than a millisecond would be later than the terms can say, and so would one in
/// a leap second.
fn deadline(object: &Object) -> Result<Timestamp, PayloadError> {
    let text = field(object, Field::Deadline)?.text(Field::Deadline)?;
    let time = humantime::parse_rfc3339(text).map_err(|_| PayloadError::Deadline)?;
    // Written again and compared, to the second as text too: a leap second reads as a second beside
    // it, which the number alone does not show.
    let rounded = Timestamp::from(time);
    let written = rounded.to_string();
    let to_the_second = "2030-01-31T12:00:00".len();
    let is_exact = humantime::parse_rfc3339(&written) == Ok(time);
    if is_exact && text.get(..to_the_second) == written.get(..to_the_second) {
        Ok(rounded)
    } else {
        Err(PayloadError::Deadline)
    }
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
mod tests {
    use super::*;
    use crate::testing::any_terms;
    use proptest::prelude::*;

    const TEXT: &str = r#"{"signer_id":"alice.near","verifying_contract":"intents.near","deadline":"2030-01-31T12:00:00.250Z","nonce":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","intents":[{"intent":"native_withdraw","receiver_id":"bob.near","amount":"1"}]}"#;

    #[test]
    fn written_as_the_verifier_writes_it() {
        assert_eq!(Payload::parse(TEXT).unwrap().to_json(), TEXT);
    }

    #[test]
    fn deadlines_in_other_forms_are_refused() {
        let with = |deadline: &str| {
            Payload::parse(&TEXT.replace("\"2030-01-31T12:00:00.250Z\"", deadline))
        };
        assert_eq!(
            with("\"2030-01-31T12:00:00Z\"").unwrap().deadline,
            Timestamp(1_896_091_200_000)
        );
        assert!(with("\"2030-01-31T12:00:00.250000Z\"").is_ok());
        assert!(with("\"2030-01-31T12:00:00+00:00\"").is_ok());
        for bad in [
            "\"2030-01-31T12:00:00.250001Z\"",
            "\"2030-01-31T12:00:00.250000001Z\"",
            "\"2030-01-31T12:00:00+01:00\"",
            "\"2030-01-31T12:00:00\"",
            "\"2030-01-31 12:00:00Z\"",
            "\"2030-01-31T12:00:60Z\"",
            "\"2030-01-31\"",
            "\"1969-12-31T23:59:59Z\"",
            "1732035219",
            "{\"timestamp\":1732035219}",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nonces_of_other_lengths_or_alphabets_are_refused() {
        let with = |nonce: &str| {
            Payload::parse(&TEXT.replace("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", nonce))
        };
        for bad in [
            "",
            "AQEB",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=",
            "__EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        ] {
            assert_eq!(with(bad), Err(PayloadError::Nonce), "{bad}");
        }
    }

    #[test]
    fn every_field_is_needed_and_none_may_stand_twice() {
        for name in [
            "signer_id",
            "verifying_contract",
            "deadline",
            "nonce",
            "intents",
        ] {
            let key = format!("\"{name}\":");
            assert!(
                Payload::parse(&TEXT.replace(&key, "\"other\":")).is_err(),
                "{name}"
            );
            let twice = TEXT.replacen('{', &format!("{{{key}\"x\","), 1);
            let error = Payload::parse(&twice).unwrap_err();
            assert!(error.to_string().contains("stands twice"), "{error}");
        }
        assert!(Payload::parse(&TEXT.replacen('{', "{\"colour\":1,", 1)).is_ok());
    }

    proptest! {
        #[test]
        fn written_and_read_again(terms in any_terms()) {
            let payload = Payload::of(&terms, &"intents.near".parse().unwrap());
            prop_assert_eq!(&Payload::parse(&payload.to_json()).unwrap(), &payload);
            prop_assert_eq!(payload.into_terms(terms.solvers.clone()), terms);
        }

        #[test]
        fn changed_text_never_panics(at: prop::sample::Index, to: char) {
            let chars: Vec<char> = TEXT.chars().collect();
            let at = at.index(chars.len());
            let changed: String =
                chars.iter().enumerate().map(|(i, c)| if i == at { to } else { *c }).collect();
            let _ = Payload::parse(&changed);
        }
    }
}
