//! Public test data of the Verifier, for what is built so far: the `raw_ed25519` standard and
//! the implicit accounts of ed25519 keys.

use serde::Deserialize;

use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::terms::Authorisation;

use crate::authorisation::intent_hash;
use crate::bundle::{multi_payload_json, parse_multi_payload};

#[derive(Deserialize)]
struct Vectors {
    raw_ed25519: Vec<RawEd25519>,
    implicit_accounts: Vec<ImplicitAccount>,
}

#[derive(Deserialize)]
struct RawEd25519 {
    payload: String,
    public_key: String,
    signature: String,
    intent_hash: String,
}

#[derive(Deserialize)]
struct ImplicitAccount {
    public_key: String,
    account: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/near.json")).unwrap()
}

#[test]
fn raw_ed25519_signatures_verify_over_the_raw_payload() {
    for vector in vectors().raw_ed25519 {
        let key: PublicKey = vector.public_key.parse().unwrap();
        let signature: Signature = vector.signature.parse().unwrap();
        assert_eq!(key.verify(vector.payload.as_bytes(), &signature), Ok(()));
        assert!(
            key.verify(vector.payload.trim_end_matches('}').as_bytes(), &signature)
                .is_err()
        );
        assert_eq!(
            key.implicit_account().unwrap().as_str(),
            signer(&vector.payload)
        );
    }
}

fn signer(payload: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(payload).unwrap();
    json["signer_id"].as_str().unwrap().to_owned()
}

#[test]
fn raw_ed25519_intent_hashes() {
    for vector in vectors().raw_ed25519 {
        let authorisation = Authorisation::RawEd25519 {
            payload: vector.payload,
            public_key: vector.public_key.parse().unwrap(),
            signature: vector.signature.parse().unwrap(),
        };
        assert_eq!(intent_hash(&authorisation), vector.intent_hash);
        let text = multi_payload_json(&authorisation);
        assert_eq!(
            intent_hash(&parse_multi_payload(&text).unwrap()),
            vector.intent_hash
        );
    }
}

#[test]
fn implicit_accounts_of_ed25519_keys() {
    let of_ed25519 = |v: &ImplicitAccount| v.public_key.starts_with("ed25519:");
    let accounts: Vec<_> = vectors()
        .implicit_accounts
        .into_iter()
        .filter(of_ed25519)
        .collect();
    assert!(!accounts.is_empty());
    for vector in accounts {
        let key: PublicKey = vector.public_key.parse().unwrap();
        assert_eq!(key.implicit_account().unwrap().as_str(), vector.account);
    }
}
