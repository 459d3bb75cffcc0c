//! The signed payload: `{signer_id, verifying_contract, deadline, nonce, intents:[…]}`.

use data_encoding::BASE64;
use serde::Serialize;

use sealbid_types::allocation::{PayloadFault, PayloadField as Field};
use sealbid_types::terms::{Action, Nonce, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::action::{self, ActionError, ActionJson};
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
    nonce::from_base64(text).ok_or(PayloadError::Nonce)
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
mod tests {
    use super::*;
    use crate::testing::any_terms;
    use proptest::prelude::*;

    const TEXT: &str = r#"{"signer_id":"alice.near","verifying_contract":"intents.near","deadline":"2030-01-31T12:00:00.250Z","nonce":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","intents":[{"intent":"native_withdraw","receiver_id":"bob.near","amount":"1"}]}"#;

    #[test]
    fn written_as_the_verifier_writes_it() {
        assert_eq!(Payload::parse(TEXT).unwrap().to_json(), TEXT);
    }

    /// To the millisecond, deadline and nonce agree.
    #[test]
    fn a_deadline_that_exceeds_the_nonces_by_a_nanosecond_is_refused() {
        let at = |millis: u64| nonce::versioned([0; 4], Timestamp(millis), [1; 15]);
        let with = |nonce: Nonce, deadline: &str| {
            let nonce = BASE64.encode(nonce.as_bytes());
            let text = TEXT.replace("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", &nonce);
            Payload::parse(&text.replace("2030-01-31T12:00:00.250Z", deadline))
        };
        let nonce = at(1_896_091_200_250);
        assert!(with(nonce, "2030-01-31T12:00:00.250000000Z").is_ok());
        assert_eq!(
            with(nonce, "2030-01-31T12:00:00.250000001Z"),
            Err(PayloadError::BeyondNonce)
        );
        // Terms show this one, and are void for it with the nonce's own reason.
        assert!(with(nonce, "2030-01-31T12:00:00.251Z").is_ok());
    }

    fn with_deadline(deadline: &str) -> Result<Payload, PayloadError> {
        Payload::parse(&TEXT.replace("2030-01-31T12:00:00.250Z", deadline))
    }

    /// Wallets write what their libraries write; the terms take the millisecond that has begun.
    #[test]
    fn deadlines_are_rounded_down_to_a_millisecond() {
        for (text, millis) in [
            ("2030-01-31T12:00:00Z", 1_896_091_200_000),
            ("2030-01-31T12:00:00.250000Z", 1_896_091_200_250),
            ("2030-01-31T12:00:00.250999999Z", 1_896_091_200_250),
            ("2030-01-31t12:00:00.999999999z", 1_896_091_200_999),
            ("2030-01-31 12:00:00+00:00", 1_896_091_200_000),
            ("2030-01-31T14:30:00.5+02:30", 1_896_091_200_500),
            ("2030-01-31T23:59:60Z", 1_896_134_399_999),
        ] {
            let read = with_deadline(text).unwrap().deadline;
            assert_eq!(read, Timestamp(millis), "{text}");
        }
    }

    /// An order with such a deadline would be filled, and no call that carries it could be read.
    #[test]
    fn deadlines_that_the_verifier_cannot_read_are_refused() {
        for bad in [
            "2030-01-31T12:00:00ZZ",
            "2030-01-31T12:00:00ZabcdZ",
            "2030-01-31T12:00:00Z.250Z",
            "2030-01-31T12:00:00.Z",
            "2030-01-31T12:00:00.+00:00",
            "2030-01-31T12:00:00.5+9999Z",
            "2030-01-31T12:00:00.5+wxyzZ",
            "2030-01-31T12:00:00Z\u{200f}Z",
            "2030-01-31T12:00:00",
            "2030-01-31T12:00:00+0000",
            "2030-01-31x12:00:00Z",
            "2030-01-31T12:00:60Z",
            "2030-02-30T12:00:00Z",
            "2030-01-31",
            "1969-12-31T23:59:59Z",
            "9999-12-31T23:59:59-00:01",
            "",
        ] {
            assert_eq!(with_deadline(bad), Err(PayloadError::Deadline), "{bad:?}");
        }
        for bad in ["1732035219", "{\"timestamp\":1732035219}", "null"] {
            let text = TEXT.replace("\"2030-01-31T12:00:00.250Z\"", bad);
            assert!(Payload::parse(&text).is_err(), "{bad}");
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
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE==",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==",
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB AQE=",
            "__EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        ] {
            assert_eq!(with(bad), Err(PayloadError::Nonce), "{bad}");
        }
        let unpadded = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        assert_eq!(with(unpadded), Payload::parse(TEXT));
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
