//! What the Verifier's formats say, in the writing of any wallet.

use ed25519_dalek::SigningKey;
use sealbid_near::authorisation::{authorise, check_authorisation, intent_hash};
use sealbid_near::bundle::{execute_intents_json, multi_payload_json, parse_multi_payload};
use sealbid_near::multi_payload::{IntentsPayload, MultiPayload};
use sealbid_near::nonce;
use sealbid_near::payload::Payload;
use sealbid_near::rules::check_terms;
use sealbid_near::signed::SignedIntent;
use sealbid_near::verifier::Verifier;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{Schema as _, decode, encode};
use sealbid_types::keys::PublicKey;
use sealbid_types::terms::{Action, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::Target;
use crate::encodings::{canonical, frozen};

/// Signed payloads that the Verifier's engine has judged.
const JUDGED: &str = include_str!("../../../crates/near/vectors/verifier.json");

/// Public data of the Verifier.
const VECTORS: &str = include_str!("../../../crates/near/vectors/near.json");

fn contract() -> AccountId {
    AccountId::intents_near()
}

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// However a wallet writes it: what was read is one payload, written in one way.
fn payload(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Payload::parse(text) {
        Ok(read) => {
            let json = read.to_json();
            assert_eq!(Payload::parse(&json).unwrap(), read, "{json}");
            let terms = read.clone().into_terms(None);
            assert_eq!(Payload::of(&terms, &read.contract), read);
            // Whatever a round takes, the Verifier can read.
            let theirs = IntentsPayload::parse(text).unwrap();
            assert_eq!(theirs.signer, read.account);
            assert_eq!(theirs.deadline.rounded_down(), Some(read.deadline));
        }
        Err(error) => {
            // Its words are shown on a terminal.
            assert!(
                error.to_string().chars().all(|c| !c.is_control()),
                "{error}"
            );
            let _ = error.fault();
        }
    }
}

/// What passes is what a round would not void, and reads the same when it is handed on.
fn signed_intent(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match SignedIntent::from_json(text, &contract()) {
        Ok(signed) => {
            let again = SignedIntent::from_json(&signed.to_json(), &contract()).unwrap();
            assert_eq!(again, signed);
            assert_eq!(check_terms(&signed.terms), Ok(()));
            let checked = check_authorisation(&signed.authorisation, &signed.terms, &contract());
            assert_eq!(checked, Ok(()));
        }
        Err(error) => {
            assert!(
                error.to_string().chars().all(|c| !c.is_control()),
                "{error}"
            );
        }
    }
    if let Ok(authorisation) = parse_multi_payload(text) {
        let json = multi_payload_json(&authorisation);
        assert_eq!(parse_multi_payload(&json).unwrap(), authorisation);
        let bundle = execute_intents_json([&authorisation]);
        assert_eq!(bundle, format!("{{\"signed\":[{json}]}}"));
        assert!(!intent_hash(&authorisation).is_empty());
    }
}

/// Of whatever wallet: what passes is of the key of the signer's name, and what does not is told in
/// words that a terminal may show.
fn multi_payload(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let verifier = Verifier {
        contract: contract(),
        salts: None,
        now: Timestamp(0),
    };
    let words = match MultiPayload::parse(text) {
        Err(error) => error.to_string(),
        Ok(signed) => match verifier.check(&signed) {
            Err(error) => error.to_string(),
            Ok(checked) => {
                let account = checked.key.implicit_account().unwrap();
                assert_eq!(account, checked.payload.signer);
                assert_eq!(signed.payload(), Ok(checked.payload));
                assert_eq!(signed.signer(), Some(checked.key));
                return;
            }
        },
    };
    assert!(words.chars().all(|c| !c.is_control()), "{words}");
}

/// Terms that are signed are authorised, and no others by that.
fn authorised(bytes: &[u8]) {
    let Some(terms) = canonical::<Terms>(bytes) else {
        return;
    };
    let account = PublicKey::of(&secret()).implicit_account().unwrap();
    let own = Terms {
        account,
        ..terms.clone()
    };
    let authorisation = authorise(&own, &contract(), &secret());
    assert_eq!(
        check_authorisation(&authorisation, &own, &contract()),
        Ok(())
    );
    if terms.account != own.account {
        assert!(check_authorisation(&authorisation, &terms, &contract()).is_err());
    }
    let longer = Terms {
        deadline: Timestamp(own.deadline.0 ^ 1),
        ..own.clone()
    };
    assert!(check_authorisation(&authorisation, &longer, &contract()).is_err());
    if check_terms(&own).is_ok() {
        assert_eq!(nonce::check(&own.nonce, own.deadline), Ok(()));
        if let Some(expires) = nonce::expires(&own.nonce) {
            assert!(own.deadline <= expires);
        }
        // Within the limits of the texts it fits the part in which it is sealed, or the client says no.
        assert!(encode(&authorisation).len() <= 64 << 10);
    }
    for action in &own.actions {
        if let Action::TokenDiff(diff) = action {
            assert!(diff.diff.values().all(|delta| delta.units() != i128::MIN));
        }
    }
}

fn nonces(bytes: &[u8]) {
    let Some((bytes, rest)) = bytes.split_first_chunk::<32>() else {
        return;
    };
    let Some((millis, _)) = rest.split_first_chunk::<8>() else {
        return;
    };
    let (read, deadline) = (FixedBytes(*bytes), Timestamp(u64::from_le_bytes(*millis)));
    match (nonce::check(&read, deadline), nonce::expires(&read)) {
        (Ok(()), Some(expires)) => assert!(deadline <= expires),
        (Err(_), Some(expires)) => assert!(deadline > expires || expires.0 == 0),
        (_, None) => {}
    }
}

/// The payloads among the Verifier's public data, and one of ours of every kind of action.
fn payload_seeds() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let lists = vectors.as_object().unwrap().values();
    let entries = lists.filter_map(serde_json::Value::as_array).flatten();
    let payloads = entries.filter_map(|entry| entry.get("payload")?.as_str());
    let own = frozen::<Terms>().into_iter().map(|bytes| {
        let terms = decode::<Terms>(&bytes).unwrap();
        Payload::of(&terms, &contract()).to_json()
    });
    payloads
        .map(str::to_owned)
        .chain(own)
        .map(String::into_bytes)
        .collect()
}

fn own_terms() -> Terms {
    let terms = decode::<Terms>(&frozen::<Terms>()[0]).unwrap();
    Terms {
        account: PublicKey::of(&secret()).implicit_account().unwrap(),
        nonce: nonce::versioned([0; 4], terms.deadline, [9; 15]),
        ..terms
    }
}

fn signed_seeds() -> Vec<Vec<u8>> {
    let bare = Terms {
        solvers: None,
        ..own_terms()
    };
    let signed = [own_terms(), bare].map(|terms| SignedIntent::new(terms, &contract(), &secret()));
    let texts = signed.map(|signed| signed.unwrap().to_json().into_bytes());
    texts.into_iter().collect()
}

/// The first payload of each standard that the engine accepted.
fn multi_payload_seeds() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value = serde_json::from_str(JUDGED).unwrap();
    let mut standards = Vec::new();
    let cases = vectors["cases"].as_array().unwrap().iter();
    let first = cases.filter(|case| {
        let is_first = case["verdict"] == "accepted" && !standards.contains(&&case["standard"]);
        standards.extend(is_first.then_some(&case["standard"]));
        is_first
    });
    first
        .map(|case| case["signed"].to_string().into_bytes())
        .collect()
}

fn terms_seeds() -> Vec<Vec<u8>> {
    assert!(encode(&own_terms()).len() <= Terms::SCHEMA.max_bytes);
    vec![encode(&own_terms())]
}

fn nonce_seeds() -> Vec<Vec<u8>> {
    let nonce = nonce::versioned([1, 2, 3, 4], Timestamp(1_000), [9; 15]);
    let with = |millis: u64| [nonce.as_bytes().as_slice(), &millis.to_le_bytes()].concat();
    vec![with(1_000), with(1_001), vec![0; 40]]
}

pub(crate) const TARGETS: &[Target] = &[
    Target::new("payload", payload, payload_seeds),
    Target::new("signed-intent", signed_intent, signed_seeds),
    Target::new("multi-payload", multi_payload, multi_payload_seeds),
    Target::new("authorised-terms", authorised, terms_seeds),
    Target::new("nonce", nonces, nonce_seeds),
];
