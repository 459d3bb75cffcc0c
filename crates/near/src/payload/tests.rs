//! Payloads as we and wallets write them.

use super::*;
use crate::testing::any_terms;
use proptest::prelude::*;

const TEXT: &str = r#"{"signer_id":"alice.near","verifying_contract":"intents.near","deadline":"2030-01-31T12:00:00.250Z","nonce":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","intents":[{"intent":"native_withdraw","receiver_id":"bob.near","amount":"1"}]}"#;

#[test]
fn written_as_the_verifier_writes_it() {
    assert_eq!(Payload::parse(TEXT).unwrap().to_json(), TEXT);
}

/// To the millisecond, deadline and nonce agree.
#[test]
fn a_deadline_that_exceeds_the_nonces_by_a_nanosecond_is_refused() {
    let at = |millis: u64| nonce::versioned([0; 4], Timestamp(millis), [1; 15]);
    let with = |nonce: Nonce, deadline: &str| {
        let nonce = BASE64.encode(nonce.as_bytes());
        let text = TEXT.replace("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", &nonce);
        Payload::parse(&text.replace("2030-01-31T12:00:00.250Z", deadline))
    };
    let nonce = at(1_896_091_200_250);
    assert!(with(nonce, "2030-01-31T12:00:00.250000000Z").is_ok());
    assert_eq!(
        with(nonce, "2030-01-31T12:00:00.250000001Z"),
        Err(PayloadError::BeyondNonce)
    );
    // Terms show this one, and are void for it with the nonce's own reason.
    assert!(with(nonce, "2030-01-31T12:00:00.251Z").is_ok());
}

fn with_deadline(deadline: &str) -> Result<Payload, PayloadError> {
    Payload::parse(&TEXT.replace("2030-01-31T12:00:00.250Z", deadline))
}

/// Wallets write what their libraries write; the terms take the millisecond that has begun.
#[test]
fn deadlines_are_rounded_down_to_a_millisecond() {
    for (text, millis) in [
        ("2030-01-31T12:00:00Z", 1_896_091_200_000),
        ("2030-01-31T12:00:00.250000Z", 1_896_091_200_250),
        ("2030-01-31T12:00:00.250999999Z", 1_896_091_200_250),
        ("2030-01-31t12:00:00.999999999z", 1_896_091_200_999),
        ("2030-01-31 12:00:00+00:00", 1_896_091_200_000),
        ("2030-01-31T14:30:00.5+02:30", 1_896_091_200_500),
        ("2030-01-31T23:59:60Z", 1_896_134_399_999),
    ] {
        let read = with_deadline(text).unwrap().deadline;
        assert_eq!(read, Timestamp(millis), "{text}");
    }
}

/// An order with such a deadline would be filled, and no call that carries it could be read.
#[test]
fn deadlines_that_the_verifier_cannot_read_are_refused() {
    for bad in [
        "2030-01-31T12:00:00ZZ",
        "2030-01-31T12:00:00ZabcdZ",
        "2030-01-31T12:00:00Z.250Z",
        "2030-01-31T12:00:00.Z",
        "2030-01-31T12:00:00.+00:00",
        "2030-01-31T12:00:00.5+9999Z",
        "2030-01-31T12:00:00.5+wxyzZ",
        "2030-01-31T12:00:00Z\u{200f}Z",
        "2030-01-31T12:00:00",
        "2030-01-31T12:00:00+0000",
        "2030-01-31x12:00:00Z",
        "2030-01-31T12:00:60Z",
        "2030-02-30T12:00:00Z",
        "2030-01-31",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-00:01",
        "",
    ] {
        assert_eq!(with_deadline(bad), Err(PayloadError::Deadline), "{bad:?}");
    }
    for bad in ["1732035219", "{\"timestamp\":1732035219}", "null"] {
        let text = TEXT.replace("\"2030-01-31T12:00:00.250Z\"", bad);
        assert!(Payload::parse(&text).is_err(), "{bad}");
    }
}

#[test]
fn nonces_of_other_lengths_or_alphabets_are_refused() {
    let with = |nonce: &str| {
        Payload::parse(&TEXT.replace("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", nonce))
    };
    for bad in [
        "",
        "AQEB",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE==",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB AQE=",
        "__EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    ] {
        assert_eq!(with(bad), Err(PayloadError::Nonce), "{bad}");
    }
    let unpadded = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    assert_eq!(with(unpadded), Payload::parse(TEXT));
}

#[test]
fn every_field_is_needed_and_none_may_stand_twice() {
    for name in [
        "signer_id",
        "verifying_contract",
        "deadline",
        "nonce",
        "intents",
    ] {
        let key = format!("\"{name}\":");
        assert!(
            Payload::parse(&TEXT.replace(&key, "\"other\":")).is_err(),
            "{name}"
        );
        let twice = TEXT.replacen('{', &format!("{{{key}\"x\","), 1);
        let error = Payload::parse(&twice).unwrap_err();
        assert!(error.to_string().contains("stands twice"), "{error}");
    }
    assert!(Payload::parse(&TEXT.replacen('{', "{\"colour\":1,", 1)).is_ok());
}

proptest! {
    #[test]
    fn written_and_read_again(terms in any_terms()) {
        let payload = Payload::of(&terms, &"intents.near".parse().unwrap());
        prop_assert_eq!(&Payload::parse(&payload.to_json()).unwrap(), &payload);
        prop_assert_eq!(payload.into_terms(terms.solvers.clone()), terms);
    }

    #[test]
    fn changed_text_never_panics(at: prop::sample::Index, to: char) {
        let chars: Vec<char> = TEXT.chars().collect();
        let at = at.index(chars.len());
        let changed: String =
            chars.iter().enumerate().map(|(i, c)| if i == at { to } else { *c }).collect();
        let _ = Payload::parse(&changed);
    }
}
