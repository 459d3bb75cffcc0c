//! A Verifier's state, for both checkers.

use std::collections::BTreeMap;

use sealbid_near::ledger::{BundleRefused, Executed, Ledger, Pips, Settings};
use sealbid_near::multi_payload::MultiPayload;
use serde_json::{Value, json};

use super::sign::{NOW, SALT};

/// Balances by account and token.
pub type Balances = BTreeMap<String, BTreeMap<String, u128>>;

/// What both checkers are given.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub fee: u32,
    pub balances: Balances,
    /// Salts that were current once, and whether they are taken still.
    pub earlier_salts: Vec<([u8; 4], bool)>,
    /// Keys that accounts have added or removed.
    pub keys: Vec<(String, String, bool)>,
    pub nonces: Vec<(String, [u8; 32])>,
}

impl State {
    pub fn at_one_pip() -> Self {
        Self {
            fee: 1,
            ..Self::default()
        }
    }

    pub fn give(&mut self, account: &str, token: &str, amount: u128) {
        let tokens = self.balances.entry(account.to_owned()).or_default();
        *tokens.entry(token.to_owned()).or_default() += amount;
    }

    pub fn ledger(&self) -> Ledger {
        let settings = Settings {
            fee_collector: "fees.near".parse().unwrap(),
            ..Settings::mainnet(Pips::new(self.fee).unwrap()).unwrap()
        };
        let salts: Vec<_> = self.earlier_salts.iter().map(|(salt, _)| *salt).collect();
        let mut salts = salts.into_iter().chain([SALT]);
        let mut ledger = Ledger::new(settings, salts.next().unwrap());
        salts.for_each(|salt| ledger.salts.rotate(salt).unwrap());
        for (salt, valid) in &self.earlier_salts {
            if !valid {
                ledger.salts.invalidate(*salt).unwrap();
            }
        }
        for (account, tokens) in &self.balances {
            for (token, amount) in tokens.iter().filter(|(_, amount)| **amount > 0) {
                let (account, token) = (account.parse().unwrap(), token.parse().unwrap());
                ledger.deposit(&account, &token, *amount).unwrap();
            }
        }
        for (account, key, may_sign) in &self.keys {
            ledger.set_key(&account.parse().unwrap(), key.parse().unwrap(), *may_sign);
        }
        for (account, nonce) in &self.nonces {
            ledger.use_nonce(&account.parse().unwrap(), (*nonce).into());
        }
        ledger
    }

    /// The line for the other checker.
    pub fn line(&self, bundle: &[Value]) -> Value {
        let hex = |salt: &[u8; 4]| data_encoding::HEXLOWER.encode(salt);
        let (signers, hashes) = told(bundle);
        let earlier = self.earlier_salts.iter().filter(|(_, valid)| *valid);
        let salts: Vec<_> = earlier
            .map(|(salt, _)| hex(salt))
            .chain([hex(&SALT)])
            .collect();
        json!({
            "state": {
                "contract": "intents.near",
                "wrapped_near": "wrap.near",
                "fee_pips": self.fee,
                "fee_collector": "fees.near",
                "salts": salts,
                "balances": texts(&self.balances),
                "keys": self.keys,
                "nonces": self.nonces.iter().map(|(account, nonce)| {
                    json!([account, data_encoding::BASE64.encode(nonce)])
                }).collect::<Vec<_>>(),
            },
            "bundle": bundle,
            "now": NOW.to_string(),
            "signers": signers,
            "hashes": hashes,
        })
    }
}

/// Of payloads whose signatures only the ledger verifies, who has signed, and their hashes.
fn told(bundle: &[Value]) -> (Value, Value) {
    let (mut signers, mut hashes) = (json!({}), json!({}));
    for (index, signed) in bundle.iter().enumerate() {
        if signed["standard"] == "erc191" {
            let parsed = MultiPayload::parse(&signed.to_string()).unwrap();
            let signer = parsed.signer().map(|key| key.to_string());
            signers[index.to_string()] = json!(signer);
            hashes[index.to_string()] = json!(parsed.intent_hash().to_string());
        }
    }
    (signers, hashes)
}

fn texts(balances: &Balances) -> Value {
    let of_tokens = |tokens: &BTreeMap<String, u128>| -> Value {
        let texts = tokens
            .iter()
            .map(|(token, n)| (token.clone(), json!(n.to_string())));
        Value::Object(texts.collect())
    };
    let accounts = balances
        .iter()
        .map(|(name, tokens)| (name.clone(), of_tokens(tokens)));
    Value::Object(accounts.collect())
}

/// What a checker says: what the call does and logs, or why nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub balances: Balances,
    pub logged: Option<(usize, usize)>,
    pub refused: Option<String>,
}

pub fn parse(bundle: &[Value]) -> Result<Vec<MultiPayload>, String> {
    let payloads = bundle
        .iter()
        .map(|signed| MultiPayload::parse(&signed.to_string()));
    payloads
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

pub fn execute(ledger: &mut Ledger, bundle: &[Value]) -> Result<Executed, BundleRefused> {
    ledger.execute(&parse(bundle).unwrap(), NOW)
}

/// What the ledger says.
pub fn ours(state: &State, bundle: &[Value]) -> Said {
    let mut ledger = state.ledger();
    let before = ledger.clone();
    let result = parse(bundle).and_then(|bundle| {
        let simulated = ledger.simulate(&bundle, NOW);
        let executed = ledger.execute(&bundle, NOW);
        assert_eq!(simulated, executed);
        executed.map_err(|refused| refused.to_string())
    });
    if result.is_err() {
        assert_eq!(ledger, before, "a refused bundle has changed something");
    }
    let mut balances = Balances::new();
    for (account, token, amount) in ledger.balances() {
        let tokens = balances.entry(account.to_string()).or_default();
        tokens.insert(token.to_string(), amount);
    }
    Said {
        balances,
        logged: result
            .as_ref()
            .ok()
            .map(|done| (done.log_bytes(), done.logs.len())),
        refused: result.err(),
    }
}
