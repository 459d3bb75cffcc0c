//! Terms with their authorisation, as tools hand them from one to the next: the Verifier's signed
//! payload, and beside it what only the auction reads.

use ed25519_dalek::SigningKey;
use serde::Serialize;

use sealbid_types::allocation::VoidReason;
use sealbid_types::terms::{Authorisation, Terms};
use sealbid_types::text::AccountId;

use crate::authorisation::{authorise, check_authorisation};
use crate::bundle::{self, MultiPayload, MultiPayloadError};
use crate::json::{Json, JsonError, Object, parse_text};
use crate::payload::{Payload, PayloadError};
use crate::rules::check_terms;

/// Terms and the signature that authorises them: what an intent envelope seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIntent {
    /// The terms.
    pub terms: Terms,
    /// What the chain will check.
    pub authorisation: Authorisation,
}

/// Why a text is not a signed intent that a round would take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedIntentError {
    /// Not a signed payload.
    #[error(transparent)]
    MultiPayload(#[from] MultiPayloadError),
    /// The payload is not one.
    #[error("payload: {0}")]
    Payload(#[from] PayloadError),
    /// It would be void once it is opened.
    #[error("a round would void it: {0}")]
    Void(VoidReason),
}

impl From<JsonError> for SignedIntentError {
    fn from(error: JsonError) -> Self {
        MultiPayloadError::from(error).into()
    }
}

#[derive(Serialize)]
struct SignedIntentJson<'a> {
    #[serde(flatten)]
    signed: MultiPayload<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    solvers: Option<&'a [AccountId]>,
}

impl SignedIntent {
    /// Signs `terms` with the key of their account, for the Verifier at `contract`.
    ///
    /// # Errors
    /// [`SignedIntentError::Void`] if a round would void them, or the key is not the account's.
    pub fn new(
        terms: Terms,
        contract: &AccountId,
        secret: &SigningKey,
    ) -> Result<Self, SignedIntentError> {
        let authorisation = authorise(&terms, contract, secret);
        Self {
            terms,
            authorisation,
        }
        .checked(contract)
    }

    /// The signed payload, with the allow-list beside it as `solvers` if there is one.
    #[must_use]
    pub fn to_json(&self) -> String {
        bundle::json(&SignedIntentJson {
            signed: MultiPayload::from(&self.authorisation),
            solvers: self.terms.solvers.as_deref(),
        })
    }

    /// Reads what [`Self::to_json`] writes, or the Verifier's own signed payload, and checks all
    /// that a round for the Verifier at `contract` would check but the deadline.
    ///
    /// # Errors
    /// [`SignedIntentError`].
    pub fn from_json(text: &str, contract: &AccountId) -> Result<Self, SignedIntentError> {
        let json = Json::parse(text)?;
        let object = json.object("signed intent")?;
        let authorisation = bundle::from_object(object)?;
        let Authorisation::RawEd25519 { payload, .. } = &authorisation;
        let terms = Payload::parse(payload)?.into_terms(solvers(object)?);
        Self {
            terms,
            authorisation,
        }
        .checked(contract)
    }

    /// What comes from a file or a wallet is held to all that a round would hold it to: void terms
    /// are opened like any others, so whoever seals them has published them for nothing.
    fn checked(self, contract: &AccountId) -> Result<Self, SignedIntentError> {
        check_terms(&self.terms)
            .and_then(|()| check_authorisation(&self.authorisation, &self.terms, contract))
            .map_err(SignedIntentError::Void)?;
        Ok(self)
    }
}

fn solvers(object: &Object) -> Result<Option<Vec<AccountId>>, JsonError> {
    let accounts = match object.get("solvers") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::List(accounts)) => accounts,
        Some(_) => {
            return Err(JsonError::Type {
                field: "solvers".into(),
                expected: "an array",
            });
        }
    };
    let account = |json: &Json| parse_text("solvers", json.text("solvers")?);
    accounts
        .iter()
        .map(account)
        .collect::<Result<_, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{contract, secret, terms};
    use sealbid_types::keys::PublicKey;

    fn own() -> Terms {
        Terms {
            account: PublicKey::of(&secret()).implicit_account().unwrap(),
            ..terms()
        }
    }

    #[test]
    fn written_and_read_again_with_and_without_an_allow_list() {
        for solvers in [
            None,
            Some(vec![]),
            Some(vec!["solver.near".parse().unwrap()]),
        ] {
            let terms = Terms { solvers, ..own() };
            let signed = SignedIntent::new(terms, &contract(), &secret()).unwrap();
            assert_eq!(
                SignedIntent::from_json(&signed.to_json(), &contract()).unwrap(),
                signed
            );
        }
    }

    #[test]
    fn what_a_round_would_void_is_refused_first() {
        let void = |result: Result<SignedIntent, _>| match result {
            Err(SignedIntentError::Void(reason)) => reason,
            other => panic!("{other:?}"),
        };
        let signed = SignedIntent::new(own(), &contract(), &secret()).unwrap();
        let elsewhere = SignedIntent::from_json(&signed.to_json(), &"x.near".parse().unwrap());
        assert!(matches!(void(elsewhere), VoidReason::Payload(_)));
        let nothing = Terms {
            actions: vec![],
            ..own()
        };
        assert!(matches!(
            void(SignedIntent::new(nothing, &contract(), &secret())),
            VoidReason::Action(_)
        ));
        let other = SigningKey::from_bytes(&[8; 32]);
        assert_eq!(
            void(SignedIntent::new(own(), &contract(), &other)),
            VoidReason::Account
        );
    }
}
