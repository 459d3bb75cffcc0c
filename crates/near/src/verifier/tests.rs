//! Payloads that the Verifier's engine has judged, held against ours.

use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::ledger::{BundleRefused, IntentRefused, Ledger, Pips, Settings};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    standard: String,
    case: String,
    signed: Value,
    intent_hash: Option<String>,
    verdict: String,
    reason: Option<String>,
}

/// What a verdict comes to, in the engine's words or in ours.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    Accepted,
    Unparsable,
    Signature,
    Unreadable,
    Contract,
    Expired,
    Key,
    Salt,
    BeyondNonce,
    Intent,
    Balance,
}

fn cases() -> Vec<Case> {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../vectors/verifier.json")).unwrap();
    vectors.cases
}

const SALT: Salt = [0x25, 0x28, 0x12, 0xb3];

/// The Verifier as it was when the engine judged.
fn verifier() -> Verifier {
    Verifier {
        contract: AccountId::intents_near(),
        salts: Some(vec![SALT]),
        now: "2026-08-15T00:00:00Z".parse().unwrap(),
    }
}

fn theirs(case: &Case) -> Class {
    let reason = case.reason.as_deref().unwrap_or_default();
    let words = reason.trim_start_matches('"');
    match case.verdict.as_str() {
        "accepted" => Class::Accepted,
        "unparsable" => Class::Unparsable,
        _ if words.starts_with("JSON: ") => Class::Unreadable,
        _ if words.starts_with("public key ") => Class::Key,
        _ => match words {
            "invalid signature" => Class::Signature,
            "wrong verifying_contract" => Class::Contract,
            "deadline has expired" => Class::Expired,
            "invalid salt" => Class::Salt,
            "deadline is greater than nonce" => Class::BeyondNonce,
            "invalid intent" => Class::Intent,
            "insufficient balance or overflow" => Class::Balance,
            other => panic!("{other}"),
        },
    }
}

fn ours(verifier: &Verifier, signed: &Value) -> Class {
    let Ok(signed) = MultiPayload::parse(&signed.to_string()) else {
        return Class::Unparsable;
    };
    match verifier.check(&signed) {
        Ok(checked) => {
            assert_eq!(checked.intent_hash, signed.intent_hash());
            Class::Accepted
        }
        Err(refused) => class(&refused),
    }
}

const fn class(refused: &Refused) -> Class {
    match refused {
        Refused::Signature => Class::Signature,
        Refused::Unreadable(_) => Class::Unreadable,
        Refused::Contract(_) => Class::Contract,
        Refused::Expired(_) => Class::Expired,
        Refused::Key { .. } => Class::Key,
        Refused::Salt(_) => Class::Salt,
        Refused::BeyondNonce(_) => Class::BeyondNonce,
        Refused::Intent { .. } => Class::Intent,
    }
}

/// The same of a ledger in which everybody has enough, though not all that there can be.
fn of_a_ledger(signed: &Value) -> Class {
    let Ok(signed) = MultiPayload::parse(&signed.to_string()) else {
        return Class::Unparsable;
    };
    let settings = Settings::mainnet(Pips::new(1).unwrap()).unwrap();
    let mut ledger = Ledger::new(settings, SALT);
    loop {
        match ledger.execute(std::slice::from_ref(&signed), verifier().now) {
            Ok(executed) => {
                assert_eq!(executed.intent_hashes, [signed.intent_hash()]);
                return Class::Accepted;
            }
            Err(BundleRefused::Payload { refused, .. }) => return class(&refused),
            Err(BundleRefused::Intent { refused, .. }) => match refused {
                IntentRefused::Invalid(_) => return Class::Intent,
                IntentRefused::Balance {
                    account,
                    token,
                    has: 0,
                    ..
                } => {
                    let nft = token.standard() == "nep171";
                    let enough = if nft { 1 } else { 1 << 100 };
                    ledger.deposit(&account, &token, enough).unwrap();
                }
                IntentRefused::Balance { .. } => return Class::Balance,
                refused => panic!("{refused}"),
            },
            Err(refused) => panic!("{refused}"),
        }
    }
}

/// What an account has is not in a payload: without a ledger, what the engine refused for want of a
/// balance passes.
#[test]
fn every_verdict_and_reason_is_the_engines() {
    let cases = cases();
    assert_eq!(cases.len(), 167);
    let mut beyond_balance = 0;
    for case in &cases {
        let expected = match theirs(case) {
            Class::Balance => {
                beyond_balance += 1;
                Class::Accepted
            }
            class => class,
        };
        let name = format!("{} {}: {:?}", case.standard, case.case, case.reason);
        assert_eq!(ours(&verifier(), &case.signed), expected, "{name}");
        assert_eq!(of_a_ledger(&case.signed), theirs(case), "{name}");
    }
    // One transfer of 2^128 - 1.
    assert_eq!(beyond_balance, 1);
}

#[test]
fn every_intent_hash_is_the_engines() {
    for case in cases() {
        let signed = MultiPayload::parse(&case.signed.to_string());
        let hash = signed.ok().map(|signed| signed.intent_hash().to_string());
        assert_eq!(hash, case.intent_hash, "{} {}", case.standard, case.case);
    }
}

/// What was accepted, one of each standard and more.
fn accepted() -> impl Iterator<Item = Case> {
    cases()
        .into_iter()
        .filter(|case| case.verdict == "accepted")
}

#[test]
fn every_standard_is_among_those_accepted() {
    let mut standards: Vec<_> = accepted().map(|case| case.standard).collect();
    standards.sort_unstable();
    standards.dedup();
    assert_eq!(
        standards,
        [
            "erc191",
            "nep413",
            "raw_ed25519",
            "sep53",
            "tip191",
            "ton_connect",
            "webauthn_ed25519",
            "webauthn_p256"
        ]
    );
}

#[test]
fn without_salts_none_is_judged_and_with_others_none_is_taken() {
    let unjudged = Verifier {
        salts: None,
        ..verifier()
    };
    let others = Verifier {
        salts: Some(Vec::new()),
        ..verifier()
    };
    let mut versioned = 0;
    for case in cases() {
        if theirs(&case) == Class::Salt {
            assert_ne!(ours(&unjudged, &case.signed), Class::Salt);
        }
        if case.verdict == "accepted" {
            assert_eq!(ours(&unjudged, &case.signed), Class::Accepted);
            versioned += usize::from(ours(&others, &case.signed) == Class::Salt);
        }
    }
    assert!(versioned > 10, "{versioned}");
}

#[test]
fn a_payload_is_valid_until_its_deadline_has_passed() {
    for case in accepted() {
        let signed = MultiPayload::parse(&case.signed.to_string()).unwrap();
        let deadline = signed.payload().unwrap().deadline;
        let at = |millis: u64| Verifier {
            now: Timestamp(millis),
            ..verifier()
        };
        let last = deadline.rounded_down().unwrap().0;
        assert!(at(last).check(&signed).is_ok(), "{}", case.case);
        assert_eq!(
            at(last + 1).check(&signed),
            Err(Refused::Expired(deadline)),
            "{}",
            case.case
        );
    }
}

/// Whatever byte of it is changed: nobody's, or another's.
#[test]
fn no_changed_text_is_anybodys_who_signed_it() {
    for case in accepted() {
        let text = case.signed.to_string();
        let original = MultiPayload::parse(&text).unwrap();
        let payload = original.payload().unwrap();
        for (from, to) in [("\\\"intents\\\"", "\\\"intentt\\\""), ("near", "neat")] {
            let changed = MultiPayload::parse(&text.replacen(from, to, 1)).unwrap();
            assert_ne!(changed.intent_hash(), original.intent_hash());
            let key = changed.signer();
            let account = key.and_then(|key| key.implicit_account().ok());
            assert_ne!(account.as_ref(), Some(&payload.signer), "{}", case.case);
        }
    }
}
