//! Authorisations: signing what terms say, and checking that a signature authorises exactly them.

use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use sealbid_types::allocation::{PayloadFault, PayloadField, VoidReason};
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::terms::{Authorisation, Terms};
use sealbid_types::text::AccountId;

use crate::payload::Payload;

/// Signs what `terms` say, for the Verifier at `contract`, by the `raw_ed25519` standard: the
/// signature is over the payload's bytes themselves.
///
/// It authorises anything only if `secret` is the key of the terms' account.
#[must_use]
pub fn authorise(terms: &Terms, contract: &AccountId, secret: &SigningKey) -> Authorisation {
    let payload = Payload::of(terms, contract).to_json();
    let signature = Signature::sign(secret, payload.as_bytes());
    Authorisation::RawEd25519 {
        payload,
        public_key: PublicKey::of(secret),
        signature,
    }
}

/// The Verifier's intent hash: base58 of SHA-256 of the payload's exact bytes.
#[must_use]
pub fn intent_hash(authorisation: &Authorisation) -> String {
    let Authorisation::RawEd25519 { payload, .. } = authorisation;
    bs58::encode(Sha256::digest(payload.as_bytes())).into_string()
}

/// Checks that `authorisation` authorises exactly `terms` at `contract`: the account is the
/// implicit one of the key, the signature verifies over the payload's bytes, and the payload says
/// what the terms say, no more and no less.
///
/// # Errors
/// [`VoidReason::Account`], [`VoidReason::Signature`] or [`VoidReason::Payload`].
pub fn check_authorisation(
    authorisation: &Authorisation,
    terms: &Terms,
    contract: &AccountId,
) -> Result<(), VoidReason> {
    let Authorisation::RawEd25519 {
        payload,
        public_key,
        signature,
    } = authorisation;
    // By the key that signed and not by what the payload claims: otherwise anybody could seal terms
    // in another's name, and the fill would only fail on the chain.
    if public_key.implicit_account().ok().as_ref() != Some(&terms.account) {
        return Err(VoidReason::Account);
    }
    // Over the bytes as they are: these go to the chain, not what was read from them.
    public_key
        .verify(payload.as_bytes(), signature)
        .map_err(|_| VoidReason::Signature)?;
    let said = Payload::parse(payload).map_err(|error| VoidReason::Payload(error.fault()))?;
    // By what they mean: a wallet orders and spaces its JSON in its own way. That a text means one
    // thing only, parsing has made sure of.
    match difference(&said, &Payload::of(terms, contract)) {
        Some(field) => Err(VoidReason::Payload(PayloadFault::Differs { field })),
        None => Ok(()),
    }
}

/// The first field in which the payload differs from what the terms ask for.
fn difference(said: &Payload, asked: &Payload) -> Option<PayloadField> {
    let fields = [
        (said.account == asked.account, PayloadField::SignerId),
        (
            said.contract == asked.contract,
            PayloadField::VerifyingContract,
        ),
        (said.deadline == asked.deadline, PayloadField::Deadline),
        (said.nonce == asked.nonce, PayloadField::Nonce),
        (said.actions == asked.actions, PayloadField::Intents),
    ];
    fields
        .iter()
        .find(|(equal, _)| !equal)
        .map(|(_, field)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{any_terms, contract, secret};
    use proptest::prelude::*;

    fn own(terms: Terms) -> Terms {
        Terms {
            account: PublicKey::of(&secret()).implicit_account().unwrap(),
            ..terms
        }
    }

    fn payload_differs(field: PayloadField) -> Result<(), VoidReason> {
        Err(VoidReason::Payload(PayloadFault::Differs { field }))
    }

    proptest! {
        #[test]
        fn what_is_signed_is_authorised_and_nothing_else(terms in any_terms(), other in any_terms()) {
            let terms = own(terms);
            let authorisation = authorise(&terms, &contract(), &secret());
            let check = |terms: &Terms| check_authorisation(&authorisation, terms, &contract());
            prop_assert_eq!(check(&terms), Ok(()));
            // Who may fill is for the auction, not for the chain.
            prop_assert_eq!(check(&Terms { solvers: other.solvers.clone(), ..terms.clone() }), Ok(()));
            let elsewhere = check_authorisation(&authorisation, &terms, &"other.near".parse().unwrap());
            prop_assert_eq!(elsewhere, payload_differs(PayloadField::VerifyingContract));
            let foreign = Terms { account: other.account, ..terms.clone() };
            prop_assert_eq!(check(&foreign), Err(VoidReason::Account));
            if other.nonce != terms.nonce {
                let changed = Terms { nonce: other.nonce, ..terms.clone() };
                prop_assert_eq!(check(&changed), payload_differs(PayloadField::Nonce));
            }
            if other.deadline != terms.deadline {
                let changed = Terms { deadline: other.deadline, ..terms.clone() };
                prop_assert_eq!(check(&changed), payload_differs(PayloadField::Deadline));
            }
            if other.actions != terms.actions {
                let changed = Terms { actions: other.actions, ..terms };
                prop_assert_eq!(check(&changed), payload_differs(PayloadField::Intents));
            }
        }
    }

    #[test]
    fn a_changed_payload_does_not_verify_even_if_it_says_the_same() {
        let terms = own(crate::testing::terms());
        let Authorisation::RawEd25519 {
            payload,
            public_key,
            signature,
        } = authorise(&terms, &contract(), &secret());
        let payload = format!(" {payload}");
        let changed = Authorisation::RawEd25519 {
            payload,
            public_key,
            signature,
        };
        assert_eq!(
            check_authorisation(&changed, &terms, &contract()),
            Err(VoidReason::Signature)
        );
    }

    #[test]
    fn a_payload_signed_in_another_writing_is_taken() {
        let terms = own(crate::testing::terms());
        let payload = Payload::of(&terms, &contract())
            .to_json()
            .replace("\":", "\" : ");
        let signature = Signature::sign(&secret(), payload.as_bytes());
        let public_key = PublicKey::of(&secret());
        let authorisation = Authorisation::RawEd25519 {
            payload,
            public_key,
            signature,
        };
        assert_eq!(
            check_authorisation(&authorisation, &terms, &contract()),
            Ok(())
        );
    }

    #[test]
    fn a_signed_payload_that_says_more_than_terms_can_is_refused() {
        let terms = own(crate::testing::terms());
        let payload = Payload::of(&terms, &contract())
            .to_json()
            .replace("\"amount\":", "\"storage_deposit\":\"1\",\"amount\":");
        assert!(payload.contains("storage_deposit"));
        let signature = Signature::sign(&secret(), payload.as_bytes());
        let public_key = PublicKey::of(&secret());
        let authorisation = Authorisation::RawEd25519 {
            payload,
            public_key,
            signature,
        };
        let field = PayloadField::StorageDeposit;
        assert_eq!(
            check_authorisation(&authorisation, &terms, &contract()),
            Err(VoidReason::Payload(PayloadFault::Unsupported { field }))
        );
    }

    #[test]
    fn whatever_is_wrong_with_a_payload_a_round_says_it_in_codes() {
        let good = Payload::of(&crate::testing::terms(), &contract()).to_json();
        let malformed = |field| PayloadFault::Malformed { field };
        let cases = [
            ("{".to_owned(), PayloadFault::NotJson),
            ("[]".to_owned(), PayloadFault::NotJson),
            (
                good.replacen('{', "{\"nonce\":1,", 1),
                PayloadFault::NotJson,
            ),
            (
                good.replace("\"signer_id\"", "\"signer\""),
                PayloadFault::Missing {
                    field: PayloadField::SignerId,
                },
            ),
            (
                good.replace("\"nonce\":\"", "\"nonce\":\"!"),
                malformed(PayloadField::Nonce),
            ),
            (
                good.replace("\"deadline\":\"", "\"deadline\":\"x"),
                malformed(PayloadField::Deadline),
            ),
            (
                good.replace("\"intents\":[", "\"intents\":[7,"),
                malformed(PayloadField::Intents),
            ),
            (
                good.replace("\"intents\":[", "\"intents\":[{\"intent\":\"auth_call\"},"),
                PayloadFault::Unsupported {
                    field: PayloadField::Intent,
                },
            ),
            (
                good.replace("\"amount\":\"", "\"amount\":\"+"),
                malformed(PayloadField::Amount),
            ),
        ];
        for (text, fault) in cases {
            assert_ne!(text, good);
            let error = Payload::parse(&text).unwrap_err();
            assert_eq!(error.fault(), fault, "{text}: {error}");
        }
    }
}
