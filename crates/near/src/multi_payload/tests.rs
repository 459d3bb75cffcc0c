//! The writing of signed payloads, and what is a key's signature.

use ed25519_dalek::{Signer as _, SigningKey};
use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use proptest::prelude::*;

use super::*;

fn text(name: &str, bytes: &[u8]) -> String {
    format!("{name}:{}", bs58::encode(bytes).into_string())
}

#[test]
fn texts_name_their_curve_and_have_its_length() {
    let key = [7; 32];
    let bare = bs58::encode(key).into_string();
    for good in [
        bare.clone(),
        format!("ed25519:{bare}"),
        format!("ED25519:{bare}"),
    ] {
        assert_eq!(good.parse(), Ok(Ed25519Key(key)));
        assert_eq!(good.parse(), Ok(PublicKey::Ed25519(Ed25519Key(key))));
    }
    let p256 = text("p256", &[7; 64]);
    assert_eq!(p256.parse(), Ok(PublicKey::P256(P256Key([7; 64]))));
    // Without its curve, a text for any curve is one of ed25519.
    let unnamed = p256.trim_start_matches("p256:");
    assert_eq!(unnamed.parse(), Ok(P256Key([7; 64])));
    assert_eq!(unnamed.parse::<PublicKey>(), Err(KeyTextError::Length));
    assert_eq!(p256.parse::<Ed25519Key>(), Err(KeyTextError::Curve));
    for (bad, error) in [
        (text("sr25519", &key), KeyTextError::Curve),
        (text("ed25519", &key[1..]), KeyTextError::Length),
        (text("ed25519", &[7; 33]), KeyTextError::Length),
        (format!("ed25519:{bare}:"), KeyTextError::Base58),
        (format!("ed25519:0{}", &bare[1..]), KeyTextError::Base58),
        (String::new(), KeyTextError::Length),
    ] {
        assert_eq!(bad.parse::<PublicKey>(), Err(error), "{bad}");
    }
}

/// The example of the Verifier's documentation, one key a curve.
#[test]
fn implicit_accounts_are_those_of_the_verifier() {
    let point =
        "3aMVMxsoAnHUbweXMtdKaN1uJaNwsfKv7wnc97SDGjXhyK62VyJwhPUPLZefKVthcoUcuWK6cqkSU4M542ipNxS3";
    for (key, account) in [
        (
            "ed25519:5TagutioHgKLh7KZ1VEFBYfgRkPtqnKm9LoMnJMJugxm".to_owned(),
            "423df0a6640e9467769c55a573f15b9ee999dc8970048959c72890abf5cc3a8e",
        ),
        (
            format!("secp256k1:{point}"),
            "0xbff77166b39599e54e391156eef7b8191e02be92",
        ),
        (
            format!("p256:{point}"),
            "0x7edf07ede58238026db3f90fc8032633b69b8de5",
        ),
    ] {
        let key: PublicKey = key.parse().unwrap();
        assert_eq!(key.implicit_account().unwrap().as_str(), account);
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

/// A key of small order has signed whatever one likes.
#[test]
fn weak_keys_have_signed_nothing() {
    let (mut key, mut signature) = ([0; 32], [0; 64]);
    (key[0], signature[0]) = (1, 1);
    for message in [&b"anything"[..], b""] {
        assert!(verifies_plainly(&key, message, &signature));
        assert!(!Ed25519Key(key).has_signed(message, &Ed25519Signature(signature)));
    }
}

fn verifies_plainly(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    use ed25519_dalek::Verifier as _;
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    key.verify(message, &signature).is_ok()
}

#[test]
fn a_recoverable_signature_has_one_form() {
    let secret = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let hash = keccak256(&[b"text"]);
    let (signature, id) = secret.sign_prehash_recoverable(&hash).unwrap();
    let form = |signature: &k256::ecdsa::Signature, v: u8| {
        let mut bytes = [v; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        RecoverableSignature(bytes)
    };
    let point = secret.verifying_key().to_encoded_point(false);
    let key = form(&signature, id.to_byte()).recover(&hash).unwrap();
    assert_eq!(key.0, point.as_bytes()[1..]);
    for v in [2, 3, 4, 27, 28, 255] {
        assert_eq!(form(&signature, v).recover(&hash), None, "{v}");
    }
    // Of a point whose x is beyond the order: anybody can make one, for a key that nobody has.
    let reduced = (1..200_u8).find_map(|r| {
        let mut scalar = [0; 32];
        scalar[31] = r;
        let signature = k256::ecdsa::Signature::from_scalars(scalar, [1; 32]).unwrap();
        let id = k256::ecdsa::RecoveryId::from_byte(2).unwrap();
        k256::ecdsa::VerifyingKey::recover_from_prehash(&hash, &signature, id)
            .is_ok()
            .then_some(signature)
    });
    assert_eq!(form(&reduced.unwrap(), 2).recover(&hash), None);
    // The other one of the same message, which anybody can make.
    let high = k256::ecdsa::Signature::from_scalars(*signature.r(), -*signature.s()).unwrap();
    let other = form(&high, id.to_byte() ^ 1);
    assert_eq!(other.recover(&hash), None);
    let recovered =
        k256::ecdsa::VerifyingKey::recover_from_prehash(&hash, &high.normalize_s().unwrap(), id);
    assert_eq!(recovered.ok().as_ref(), Some(secret.verifying_key()));
}

#[test]
fn a_p256_signature_has_one_form() {
    let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let hash = sha256(&[b"text"]);
    let point = secret.verifying_key().to_encoded_point(false);
    let key = P256Key(point.as_bytes()[1..].try_into().unwrap());
    let signature: p256::ecdsa::Signature = secret.sign_prehash(&hash).unwrap();
    let low = signature.normalize_s().unwrap_or(signature);
    let high = p256::ecdsa::Signature::from_scalars(*low.r(), -*low.s()).unwrap();
    let of = |signature: p256::ecdsa::Signature| P256Signature(signature.to_bytes().into());
    assert!(key.has_signed_hash(&hash, &of(low)));
    assert!(!key.has_signed_hash(&hash, &of(high)));
    assert!(!key.has_signed_hash(&[0; 32], &of(low)));
    assert!(!P256Key([7; 64]).has_signed_hash(&hash, &of(low)));
    assert!(!key.has_signed_hash(&hash, &P256Signature([0; 64])));
}

#[test]
fn the_recipient_of_a_message_is_an_account_and_its_callback_is_signed() {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let key = Ed25519Key(secret.verifying_key().to_bytes());
    let message = |recipient: &str, callback: Option<&str>| nep413::Message {
        message: r#"{"signer_id":"a.near","deadline":"2099-01-01T00:00:00Z"}"#.to_owned(),
        nonce: [1; 32].into(),
        recipient: recipient.to_owned(),
        callback_url: callback.map(str::to_owned),
    };
    let sign = |payload: nep413::Message| {
        let mut signed = nep413::Signed {
            payload,
            public_key: key,
            signature: Ed25519Signature([0; 64]),
        };
        signed.signature = Ed25519Signature(secret.sign(&signed.hash()).to_bytes());
        signed
    };
    let none = sign(message("intents.near", None));
    assert_eq!(none.signer(), Some(PublicKey::Ed25519(key)));
    assert_eq!(none.payload().unwrap().contract.as_str(), "intents.near");
    assert!(none.payload().unwrap().intents.is_empty());
    let empty = sign(message("intents.near", Some("")));
    assert_ne!(none.hash(), empty.hash());
    let recipient = sign(message("Intents", None)).payload();
    assert_eq!(recipient, Err(Unreadable::Recipient));
}

fn ton(timestamp: &str) -> String {
    let text = r#"{\"signer_id\":\"a.near\",\"verifying_contract\":\"intents.near\",\"deadline\":\"2030-01-31T12:00:00Z\",\"nonce\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"}"#;
    let (key, signature) = (text_of(&[7; 32]), text_of(&[7; 64]));
    format!(
        r#"{{"standard":"ton_connect","address":"0:{}","domain":"d","timestamp":{timestamp},"payload":{{"type":"text","text":"{text}"}},"public_key":"{key}","signature":"{signature}"}}"#,
        "ab".repeat(32)
    )
}

fn text_of(bytes: &[u8]) -> String {
    text("ed25519", bytes)
}

#[test]
fn the_time_of_a_ton_wallet_is_not_after_the_deadline() {
    let payload = |timestamp: &str| MultiPayload::parse(&ton(timestamp)).unwrap().payload();
    for good in ["1896091200", "0", "\"2030-01-31T12:00:00Z\""] {
        assert!(payload(good).is_ok(), "{good}");
    }
    for late in ["1896091201", "\"2030-01-31T12:00:00.000000001Z\""] {
        assert_eq!(payload(late), Err(Unreadable::SignedLater), "{late}");
    }
    let hash = |timestamp: &str| MultiPayload::parse(&ton(timestamp)).unwrap().intent_hash();
    assert_eq!(hash("1896091200"), hash("\"2030-01-31T13:00:00.9+01:00\""));
    for bad in [
        "-1",
        "1.5",
        "\"1896091200\"",
        "null",
        "253402300800",
        "\"1969-12-31T23:59:59Z\"",
    ] {
        assert!(MultiPayload::parse(&ton(bad)).is_err(), "{bad}");
    }
    let other = ton("0").replace(r#""type":"text","text""#, r#""type":"binary","bytes""#);
    assert!(MultiPayload::parse(&other).is_err());
}

proptest! {
    /// A field of the envelope twice, an unknown standard, or no object at all: an error in printable
    /// words.
    #[test]
    fn nonsense_is_refused_in_printable_words(json in "[ -~]{0,40}", nested in "\\PC{0,20}") {
        for text in [json, format!("{{\"standard\":{nested:?}}}")] {
            let error = MultiPayload::parse(&text).unwrap_err();
            prop_assert!(error.to_string().chars().all(|c| !c.is_control()), "{}", error);
        }
    }
}

#[test]
fn an_assertion_is_of_somebody_present_and_of_a_key_that_says_where_it_is_kept() {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let challenge = data_encoding::BASE64URL_NOPAD.encode(&sha256(&[b"text"]));
    let signer = |data: &[u8], client: &str| {
        let assertion = webauthn::Assertion {
            authenticator_data: data.to_vec(),
            client_data_json: client.replace("CHALLENGE", &challenge),
        };
        let client = sha256(&[assertion.client_data_json.as_bytes()]);
        let signature = secret.sign(&[data, &client].concat()).to_bytes();
        let signed = webauthn::Signed {
            payload: "text".to_owned(),
            assertion,
            public_key: PublicKey::Ed25519(Ed25519Key(secret.verifying_key().to_bytes())),
            signature: Signature::Ed25519(Ed25519Signature(signature)),
        };
        signed.signer()
    };
    let data = |flags: u8, length: usize| {
        let mut data = vec![0; length];
        data[32] = flags;
        data
    };
    let get = r#"{"type":"webauthn.get","challenge":"CHALLENGE","origin":"o","more":[]}"#;
    for flags in [0x01, 0x05, 0x09, 0x19, 0xe1] {
        assert!(signer(&data(flags, 37), get).is_some(), "{flags:#x}");
    }
    // Nobody there; or kept elsewhere without that it may be.
    for flags in [0x00, 0x04, 0x18, 0x11] {
        assert_eq!(signer(&data(flags, 37), get), None, "{flags:#x}");
    }
    assert_eq!(signer(&data(1, 36), get), None);
    for client in [
        get.replace("webauthn.get", "webauthn.create"),
        get.replace("CHALLENGE", ""),
        get.replace(r#","origin":"o""#, ""),
        get.replace("more", "origin"),
        String::new(),
    ] {
        assert_eq!(signer(&data(1, 37), &client), None, "{client}");
    }
}
