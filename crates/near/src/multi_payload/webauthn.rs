//! `webauthn`: passkeys (Web Authentication, Level 3). What is signed is an assertion that answers
//! the text's hash as its challenge.

use serde::Deserialize;

use super::{IntentsPayload, PublicKey, Signature, Standard, Unreadable, sha256};
use crate::base64::read_url;

/// The shortest authenticator data (section 6.1): the hash of the relying party's id, flags, and a
/// counter.
const SHORTEST: usize = 37;

/// Where the flags stand.
const FLAGS: usize = 32;

/// Flags of the authenticator (section 6.1): somebody was there.
const USER_PRESENT: u8 = 1;
/// The key may be kept elsewhere too.
const BACKUP_ELIGIBLE: u8 = 1 << 3;
/// The key is kept elsewhere too.
const BACKUP_STATE: u8 = 1 << 4;

/// A text with an assertion for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    /// The text.
    pub payload: String,
    /// What the browser told the authenticator, beside the key as the authenticator answered.
    #[serde(flatten)]
    pub assertion: Assertion,
    /// The passkey, of ed25519 or P-256.
    pub public_key: PublicKey,
    /// Of the same curve, over the assertion.
    pub signature: Signature,
}

/// What an authenticator signs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Assertion {
    /// What the authenticator says, in base64url.
    #[serde(deserialize_with = "read_url")]
    pub authenticator_data: Vec<u8>,
    /// What the browser says, in JSON.
    pub client_data_json: String,
}

/// What the browser says (section 5.8.1), as far as it is read.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: ClientDataType,
    #[serde(deserialize_with = "read_url")]
    challenge: Vec<u8>,
    #[serde(rename = "origin")]
    _origin: String,
}

/// What for; nothing else can be said.
#[derive(PartialEq, Eq, Deserialize)]
enum ClientDataType {
    #[serde(rename = "webauthn.create")]
    Create,
    #[serde(rename = "webauthn.get")]
    Get,
}

impl Assertion {
    /// Whether it answers `challenge`, by the steps of section 7.2 that need no relying party. That the
    /// user was verified is not asked for: many keys cannot.
    fn answers(&self, challenge: &[u8; 32]) -> bool {
        let data = &self.authenticator_data;
        let Some(flags) = data.get(FLAGS).filter(|_| data.len() >= SHORTEST) else {
            return false;
        };
        let has = |flag: u8| flags & flag != 0;
        if !has(USER_PRESENT) || (has(BACKUP_STATE) && !has(BACKUP_ELIGIBLE)) {
            return false;
        }
        serde_json::from_str::<ClientData>(&self.client_data_json)
            .is_ok_and(|client| client.kind == ClientDataType::Get && client.challenge == challenge)
    }

    /// What the signature is over: the authenticator's data, and the hash of the browser's.
    fn signed_bytes(&self) -> Vec<u8> {
        let client = sha256(&[self.client_data_json.as_bytes()]);
        [self.authenticator_data.as_slice(), &client].concat()
    }
}

impl Standard for Signed {
    fn name(&self) -> &'static str {
        "webauthn"
    }

    fn hash(&self) -> [u8; 32] {
        sha256(&[self.payload.as_bytes()])
    }

    fn signer(&self) -> Option<PublicKey> {
        if !self.assertion.answers(&self.hash()) {
            return None;
        }
        let bytes = self.assertion.signed_bytes();
        let has_signed = match (&self.public_key, &self.signature) {
            (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => {
                key.has_signed(&bytes, signature)
            }
            // ES256 hashes what it signs (RFC 9053, section 2.1).
            (PublicKey::P256(key), Signature::P256(signature)) => {
                key.has_signed_hash(&sha256(&[&bytes]), signature)
            }
            _ => false,
        };
        has_signed.then_some(self.public_key)
    }

    fn payload(&self) -> Result<IntentsPayload, Unreadable> {
        IntentsPayload::parse(&self.payload)
    }
}
