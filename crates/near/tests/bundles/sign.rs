//! Accounts that sign payloads.

use ed25519_dalek::{Signer as _, SigningKey};
use sealbid_near::multi_payload::{MultiPayload, PublicKey};
use sealbid_near::nonce;
use sealbid_types::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The current salt of every state.
pub const SALT: [u8; 4] = [0x25, 0x28, 0x12, 0xb3];

/// When bundles are executed: 2026-08-15T00:00:00Z.
pub const NOW: Timestamp = Timestamp(1_786_752_000_000);

/// Until when payloads are valid if nothing else is said.
pub const DEADLINE: Timestamp = Timestamp(NOW.0 + 60_000);

/// A key with its implicit account.
#[derive(Debug, Clone)]
pub struct Account {
    secret: SigningKey,
    wallet: Wallet,
    pub name: String,
}

/// In which way a wallet signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wallet {
    Raw,
    Nep413,
    /// By a secp256k1 key of the same bytes.
    Erc191,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub signer: String,
    pub contract: String,
    pub deadline: Timestamp,
    pub nonce: [u8; 32],
    pub intents: Vec<Value>,
}

/// A nonce of its own for every `number`.
pub fn fresh_nonce(salt: [u8; 4], deadline: Timestamp, number: usize) -> [u8; 32] {
    let mut random = [0; 15];
    random[..8].copy_from_slice(&number.to_le_bytes());
    *nonce::versioned(salt, deadline, random).as_bytes()
}

impl Account {
    pub fn new(seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let bytes = secret.verifying_key().to_bytes();
        let name = data_encoding::HEXLOWER.encode(&bytes);
        Self {
            secret,
            wallet: Wallet::Raw,
            name,
        }
    }

    /// The same key in another wallet.
    pub fn with(seed: u8, wallet: Wallet) -> Self {
        let mut account = Self {
            wallet,
            ..Self::new(seed)
        };
        if wallet == Wallet::Erc191 {
            let key: PublicKey = account.public_key().parse().unwrap();
            account.name = key.implicit_account().unwrap().to_string();
        }
        account
    }

    pub fn public_key(&self) -> String {
        if self.wallet != Wallet::Erc191 {
            return base58(&self.secret.verifying_key().to_bytes());
        }
        let point = self.secp256k1().verifying_key().to_encoded_point(false);
        let point = bs58::encode(&point.as_bytes()[1..]).into_string();
        format!("secp256k1:{point}")
    }

    fn secp256k1(&self) -> k256::ecdsa::SigningKey {
        k256::ecdsa::SigningKey::from_slice(&self.secret.to_bytes()).unwrap()
    }

    pub fn draft(&self, number: usize, intents: Vec<Value>) -> Draft {
        Draft {
            signer: self.name.clone(),
            contract: "intents.near".to_owned(),
            deadline: DEADLINE,
            nonce: fresh_nonce(SALT, DEADLINE, number),
            intents,
        }
    }

    pub fn sign(&self, draft: &Draft) -> Value {
        let nonce = data_encoding::BASE64.encode(&draft.nonce);
        let mut text = json!({
            "signer_id": draft.signer,
            "deadline": draft.deadline.to_string(),
            "intents": draft.intents,
        });
        if self.wallet == Wallet::Nep413 {
            let message = text.to_string();
            let hash = nep413_hash(&message, &draft.nonce, &draft.contract);
            return json!({
                "standard": "nep413",
                "payload": { "message": message, "nonce": nonce, "recipient": draft.contract },
                "public_key": self.public_key(),
                "signature": self.signature(&hash),
            });
        }
        text["verifying_contract"] = json!(draft.contract);
        text["nonce"] = json!(nonce);
        match self.wallet {
            Wallet::Erc191 => self.sign_erc191(&text.to_string()),
            _ => self.sign_text(&text.to_string()),
        }
    }

    fn sign_erc191(&self, text: &str) -> Value {
        let with = |signature: [u8; 65]| {
            let signature = format!("secp256k1:{}", bs58::encode(signature).into_string());
            json!({ "standard": "erc191", "payload": text, "signature": signature })
        };
        let unsigned = MultiPayload::parse(&with([0; 65]).to_string()).unwrap();
        let hash = unsigned.intent_hash().0;
        let (signature, id) = self.secp256k1().sign_prehash_recoverable(&hash).unwrap();
        let mut bytes = [id.to_byte(); 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        with(bytes)
    }

    /// Signs a text as it is.
    pub fn sign_text(&self, text: &str) -> Value {
        json!({
            "standard": "raw_ed25519",
            "payload": text,
            "public_key": self.public_key(),
            "signature": self.signature(text.as_bytes()),
        })
    }

    fn signature(&self, message: &[u8]) -> String {
        base58(&self.secret.sign(message).to_bytes())
    }
}

fn base58(bytes: &[u8]) -> String {
    format!("ed25519:{}", bs58::encode(bytes).into_string())
}

fn nep413_hash(message: &str, nonce: &[u8], recipient: &str) -> [u8; 32] {
    let length = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
    let mut hasher = Sha256::new();
    hasher.update(2_147_484_061_u32.to_le_bytes());
    for part in [
        &length(message)[..],
        message.as_bytes(),
        nonce,
        &length(recipient),
        recipient.as_bytes(),
        &[0],
    ] {
        hasher.update(part);
    }
    hasher.finalize().into()
}

pub fn token_diff(diff: &[(&str, i128)]) -> Value {
    let diff: serde_json::Map<_, _> = diff
        .iter()
        .map(|(token, units)| ((*token).to_owned(), json!(units.to_string())))
        .collect();
    json!({ "intent": "token_diff", "diff": diff })
}

pub fn transfer(to: &str, token: &str, amount: u128) -> Value {
    json!({ "intent": "transfer", "receiver_id": to, "tokens": { token: amount.to_string() } })
}
