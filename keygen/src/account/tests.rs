#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::testing::{FAST, passphrase};

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("alice.json");
    (directory, path)
}

fn not_asked() -> Result<Passphrase, PassphraseError> {
    panic!("asked for a passphrase")
}

#[test]
fn a_plain_key_needs_no_passphrase() {
    let (_directory, path) = place();
    let key = AccountKey::from_entropy(&[3; 32]);
    key.save_plain(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let loaded = AccountKey::load(&path, not_asked).unwrap();
    assert_eq!(loaded.signing_key(), key.signing_key());
    assert_eq!(loaded.account_id().as_str().len(), 64);
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(json["format"], FORMAT);
    assert_eq!(json["public_key"], key.public_key().to_string());
    assert!(matches!(
        key.save_plain(&path),
        Err(AccountFileError::Write { .. })
    ));
}

#[test]
fn an_encrypted_key_needs_its_passphrase() {
    let (_directory, path) = place();
    let key = AccountKey::from_entropy(&[3; 32]);
    key.save_encrypted(&path, &passphrase(), FAST).unwrap();
    let loaded = AccountKey::load(&path, || Ok(passphrase())).unwrap();
    assert_eq!(loaded.signing_key(), key.signing_key());
    let wrong = AccountKey::load(&path, || Passphrase::new("open sesam"));
    assert!(matches!(
        wrong,
        Err(AccountFileError::WrongPassphrase { .. })
    ));
    let none = AccountKey::load(&path, || Err(PassphraseError::Empty));
    assert!(matches!(
        none,
        Err(AccountFileError::Passphrase(PassphraseError::Empty))
    ));
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    let damaged = AccountKey::load(&path, || Ok(passphrase()));
    assert!(matches!(damaged, Err(AccountFileError::Corrupt { .. })));
}

/// The first key pair of RFC 8032, section 7.1, as NEAR's tools write it.
#[test]
fn the_form_of_nears_tools() {
    let json = r#"{
        "format": "sealbid-account/1",
        "public_key": "ed25519:FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z",
        "secret_key": "ed25519:49W385L4rePHy6PAaQUovbD2aacgN4HsKXSMeUzRg4fmwXszN91JuMFrQRj3vMDpZuRF3ZknQBuRBoWQJEfXstMw"
    }"#;
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let key = AccountKey::from_json(json.as_bytes()).unwrap();
    let hex: String = key
        .0
        .expose(|s| s.iter().map(|byte| format!("{byte:02x}")).collect());
    assert_eq!(hex, seed);
    let written: serde_json::Value = serde_json::from_str(&key.to_json()).unwrap();
    assert_eq!(
        written,
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    );
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let key = AccountKey::from_entropy(&[3; 32]);
    let other = AccountKey::from_entropy(&[4; 32]);
    let json = key.to_json();
    assert!(AccountKey::from_json(json.as_bytes()).is_ok());
    let swap = |from: &str, to: &str| {
        let changed = json.replace(from, to);
        assert_ne!(changed, *json);
        AccountKey::from_json(changed.as_bytes()).unwrap_err()
    };
    swap(
        &key.public_key().to_string(),
        &other.public_key().to_string(),
    );
    swap(FORMAT, "sealbid-account/2");
    swap("\"secret_key\"", "\"secret\"");
    swap("\"ed25519:", "\"secp256k1:");
    swap("{", "{\"nickname\": \"x\",");

    let mut pair = key.signing_key().to_keypair_bytes();
    let was = bs58::encode(pair).into_string();
    pair[63] ^= 1;
    swap(&was, &bs58::encode(pair).into_string());
    swap(&was, &bs58::encode(&pair[..32]).into_string());
    assert!(AccountKey::from_json(b"{}").is_err());
}

#[test]
fn debug_shows_no_secret() {
    let key = AccountKey::from_entropy(&[3; 32]);
    assert_eq!(
        format!("{key:?}"),
        format!("AccountKey({}, ..)", key.public_key())
    );
}
