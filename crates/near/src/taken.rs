//! What rounds take, the Verifier takes: texts of ours that are changed at random, and read by both.
//!
//! An order that a round fills and the chain cannot read would sink the call that settles it.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;

use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::terms::{Action, Authorisation, Terms};
use sealbid_types::time::Timestamp;

use crate::bundle::multi_payload_json;
use crate::intents::Intent;
use crate::multi_payload::{IntentsPayload, MultiPayload};
use crate::nonce;
use crate::payload::Payload;
use crate::signed::SignedIntent;
use crate::testing::{any_terms, contract, secret};
use crate::verifier::Verifier;

/// What a careless or a cunning wallet might write somewhere.
const PIECES: &[&str] = &[
    "",
    "0",
    "-",
    "+",
    "00",
    ".",
    "Z",
    "z",
    "ZZ",
    "T",
    " ",
    "\t",
    "\n",
    "\"",
    "\\",
    "\\u0061",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "=",
    "==",
    "null",
    "true",
    "1e9",
    "1e999",
    "-0",
    "{}",
    "[]",
    "é",
    "\u{feff}",
    "\u{200f}",
    "\u{0}",
    ".5",
    ".999999999",
    ".9999999999",
    "+00:00",
    "-23:59",
    "+24:00",
    "+9999Z",
    "\"msg\":\"\",",
    "\"min_gas\":\"x\",",
    "\"memo\":5,",
    "\"memo\":null,",
    "\"x\":[{}],",
    "\"intents\":[],",
    "\"nonce\":\"\",",
    "\"intent\":\"transfer\",",
    "\"state_init\":1,",
    "\"token\":\"a.near\",",
    "\"notification\":null,",
    "nep141:",
    "imt:",
    "NEP141:",
];

/// A piece that takes the place of some characters.
#[derive(Debug, Clone)]
struct Change {
    at: Index,
    instead_of: usize,
    piece: &'static str,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change =
        (any::<Index>(), 0..4_usize, select(PIECES)).prop_map(|(at, instead_of, piece)| Change {
            at,
            instead_of,
            piece,
        });
    proptest::collection::vec(change, 0..3)
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for change in changes {
        let from = change.at.index(chars.len() + 1);
        let to = (from + change.instead_of).min(chars.len());
        chars.splice(from..to, change.piece.chars());
    }
    chars.into_iter().collect()
}

/// Holds what rounds read against what the Verifier reads, if they read it.
fn read_alike(text: &str) -> Result<Option<Payload>, TestCaseError> {
    let Ok(ours) = Payload::parse(text) else {
        return Ok(None);
    };
    let theirs = IntentsPayload::parse(text)
        .map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    prop_assert_eq!(&ours.account, &theirs.signer);
    prop_assert_eq!(&ours.contract, &theirs.contract);
    prop_assert_eq!(ours.nonce, theirs.nonce);
    prop_assert_eq!(Some(ours.deadline), theirs.deadline.rounded_down());
    prop_assert_eq!(ours.actions.len(), theirs.intents.len());
    for (action, intent) in ours.actions.iter().zip(&theirs.intents) {
        prop_assert!(are_alike(action, intent), "{:?} {:?}", action, intent);
    }
    Ok(Some(ours))
}

fn are_alike(action: &Action, intent: &Intent) -> bool {
    match (action, intent) {
        (Action::TokenDiff(ours), Intent::TokenDiff(theirs)) => {
            let ours_of = ours.diff.iter().map(|(t, d)| (t.as_str(), d.units()));
            ours_of.eq(theirs.diff.iter().map(|(t, d)| (t.as_str(), d.0)))
                && (&ours.memo, &ours.referral) == (&theirs.memo, &theirs.referral)
        }
        (Action::Transfer(ours), Intent::Transfer(theirs)) => {
            let ours_of = ours.tokens.iter().map(|(t, a)| (t.as_str(), a.unsigned()));
            ours_of.eq(theirs.tokens.iter().map(|(t, a)| (t.as_str(), a.0)))
                && (&ours.receiver, &ours.memo) == (&theirs.receiver_id, &theirs.memo)
                && theirs.notification.is_none()
        }
        (Action::FtWithdraw(ours), Intent::FtWithdraw(theirs)) => {
            (
                &ours.token,
                &ours.receiver,
                ours.amount.unsigned(),
                &ours.memo,
                &ours.msg,
            ) == (
                &theirs.token,
                &theirs.receiver_id,
                theirs.amount.0,
                &theirs.memo,
                &theirs.msg,
            ) && theirs.storage_deposit.is_none()
                && theirs.min_gas.is_none()
        }
        (Action::NativeWithdraw(ours), Intent::NativeWithdraw(theirs)) => {
            (&ours.receiver, ours.amount.unsigned()) == (&theirs.receiver_id, theirs.amount.0)
        }
        _ => false,
    }
}

fn signed(payload: String) -> Authorisation {
    Authorisation::RawEd25519 {
        signature: Signature::sign(&secret(), payload.as_bytes()),
        public_key: PublicKey::of(&secret()),
        payload,
    }
}

fn own(terms: Terms) -> Terms {
    Terms {
        account: PublicKey::of(&secret()).implicit_account().unwrap(),
        ..terms
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changed_texts_are_read_alike(terms in any_terms(), changes in changes()) {
        let text = Payload::of(&terms, &contract()).to_json();
        let read = read_alike(&changed(&text, &changes))?;
        prop_assert!(!changes.is_empty() || read.is_some());
    }

    #[test]
    fn deadlines_are_read_alike(
        deadline in "(19|20|99)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt x][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,11})?([Zz]{0,2}|[+-][0-2][0-9]:[0-6][0-9])Z?",
    ) {
        let text = r#"{"signer_id":"a.near","verifying_contract":"intents.near","deadline":"DEADLINE","nonce":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","intents":[]}"#;
        read_alike(&text.replace("DEADLINE", &deadline))?;
    }
}

proptest! {
    /// To the last: what a round would not void, the Verifier would execute but for balances.
    #[test]
    fn what_a_round_takes_the_verifier_takes(
        terms in any_terms(),
        changes in changes(),
        versioned: bool,
        fraction in "(\\.[0-9]{1,9})?",
        beyond in 0..2_u64,
    ) {
        let mut terms = own(terms);
        terms.deadline.0 = terms.deadline.0.min(9_000_000_000_000);
        if versioned {
            // On the millisecond, so that a fraction of it decides.
            let deadline = Timestamp(terms.deadline.0 + beyond);
            terms.nonce = nonce::versioned([1; 4], deadline, [9; 15]);
        }
        let text = Payload::of(&terms, &contract()).to_json();
        let written = terms.deadline.to_string();
        let finer = written.replace('Z', fraction.trim_start_matches('.')) + "Z";
        let text = changed(&text.replace(&written, &finer), &changes);
        let json = multi_payload_json(&signed(text));
        let Ok(taken) = SignedIntent::from_json(&json, &contract()) else {
            return Ok(());
        };
        let verifier = Verifier { contract: contract(), salts: None, now: taken.terms.deadline };
        let checked = verifier.check(&MultiPayload::parse(&json).unwrap());
        prop_assert!(checked.is_ok(), "{:?}: {}", checked, json);
    }
}
