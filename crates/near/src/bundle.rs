//! `MultiPayload`s, as the Verifier takes signed payloads, and the argument of its
//! `execute_intents`.

use serde::Serialize;

use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::terms::Authorisation;

use crate::json::{Json, JsonError, Object, field, parsed, printable};

/// Why a text is not a signed payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MultiPayloadError {
    /// The text is not JSON, or a field is not as it must be.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A signing standard that is not known here.
    #[error("the standard {0:?} is not known here, \"raw_ed25519\" is")]
    Standard(String),
}

/// A signed payload as the Verifier writes it.
#[derive(Serialize)]
#[serde(tag = "standard", rename_all = "snake_case")]
pub(crate) enum MultiPayload<'a> {
    /// The payload's bytes signed as they are.
    RawEd25519 {
        payload: &'a str,
        public_key: PublicKey,
        signature: Signature,
    },
}

impl<'a> From<&'a Authorisation> for MultiPayload<'a> {
    fn from(authorisation: &'a Authorisation) -> Self {
        let Authorisation::RawEd25519 {
            payload,
            public_key,
            signature,
        } = authorisation;
        Self::RawEd25519 {
            payload,
            public_key: *public_key,
            signature: *signature,
        }
    }
}

#[derive(Serialize)]
struct ExecuteIntents<'a> {
    signed: Vec<MultiPayload<'a>>,
}

/// The signed payload as JSON.
#[must_use]
pub fn multi_payload_json(authorisation: &Authorisation) -> String {
    json(&MultiPayload::from(authorisation))
}

/// The argument of `execute_intents` for these signed payloads, in their order.
#[must_use]
pub fn execute_intents_json<'a>(
    authorisations: impl IntoIterator<Item = &'a Authorisation>,
) -> String {
    let signed = authorisations.into_iter().map(MultiPayload::from).collect();
    json(&ExecuteIntents { signed })
}

/// Strings under fixed keys: nothing that JSON cannot hold.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads a signed payload. Its signature is not verified.
///
/// # Errors
/// [`MultiPayloadError`].
pub fn parse_multi_payload(text: &str) -> Result<Authorisation, MultiPayloadError> {
    from_object(Json::parse(text)?.object("signed payload")?)
}

/// The signed payload that `object` is. Other fields than a signed payload's are tolerated.
pub(crate) fn from_object(object: &Object) -> Result<Authorisation, MultiPayloadError> {
    match field(object, "standard")?.text("standard")? {
        "raw_ed25519" => Ok(Authorisation::RawEd25519 {
            payload: field(object, "payload")?.text("payload")?.to_owned(),
            public_key: parsed(object, "public_key")?,
            signature: parsed(object, "signature")?,
        }),
        other => Err(MultiPayloadError::Standard(printable(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorisation::authorise;
    use crate::testing::{any_terms, contract, secret};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_and_read_again(terms in any_terms()) {
            let authorisation = authorise(&terms, &contract(), &secret());
            let text = multi_payload_json(&authorisation);
            let start = r#"{"standard":"raw_ed25519","payload":""#;
            prop_assert!(text.starts_with(start), "{}", text);
            prop_assert_eq!(&parse_multi_payload(&text).unwrap(), &authorisation);
            let bundle = execute_intents_json([&authorisation, &authorisation]);
            prop_assert_eq!(bundle, format!("{{\"signed\":[{text},{text}]}}"));
        }
    }

    #[test]
    fn other_standards_are_named() {
        let text = r#"{"standard":"nep413","payload":{}}"#;
        let error = parse_multi_payload(text).unwrap_err();
        assert_eq!(error, MultiPayloadError::Standard("nep413".into()));
    }
}
