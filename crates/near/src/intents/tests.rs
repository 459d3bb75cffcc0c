//! Intents of every kind, and what is taken of their writing.

use super::*;

fn read(json: &str) -> Result<Intent, serde_json::Error> {
    serde_json::from_str(json)
}

const KEY: &str = "ed25519:8rVvtHWFr8hasdQGGD5WiQBTyr4iH2ruEPPVfj491RPN";

/// One of each kind, with every field.
fn one_of_each() -> Vec<(&'static str, String)> {
    let call = r#""memo":"m","msg":"","storage_deposit":"1","min_gas":5"#;
    let of =
        |kind: &'static str, fields: String| (kind, format!(r#"{{"intent":"{kind}",{fields}}}"#));
    let withdrawal = r#""token":"t.near","receiver_id":"bob.near""#;
    vec![
        of("add_public_key", format!(r#""public_key":"{KEY}""#)),
        of("remove_public_key", format!(r#""public_key":"{KEY}""#)),
        of(
            "transfer",
            r#""receiver_id":"bob.near","tokens":{"nep141:t.near":"1"},"memo":null,"msg":"x","min_gas":"7""#.into(),
        ),
        of("ft_withdraw", format!(r#"{withdrawal},"amount":"1",{call}"#)),
        of("nft_withdraw", format!(r#"{withdrawal},"token_id":"7:1",{call}"#)),
        of(
            "mt_withdraw",
            format!(r#"{withdrawal},"token_ids":["a"],"amounts":["1"],{call}"#),
        ),
        of("native_withdraw", r#""receiver_id":"bob.near","amount":"1""#.into()),
        of(
            "storage_deposit",
            r#""contract_id":"t.near","deposit_for_account_id":"bob.near","amount":"1""#.into(),
        ),
        of(
            "token_diff",
            r#""diff":{"nep141:t.near":"-1","imt:a.near:":"+1"},"memo":"m","referral":"r.near""#.into(),
        ),
        of("set_auth_by_predecessor_id", r#""enabled":false"#.into()),
        of(
            "auth_call",
            r#""contract_id":"t.near","msg":"","attached_deposit":"0","min_gas":1,"state_init":null"#.into(),
        ),
    ]
}

#[test]
fn every_kind_is_read_and_passes() {
    let signer: AccountId = "alice.near".parse().unwrap();
    let other: PublicKey = "11111111111111111111111111111112".parse().unwrap();
    for (kind, json) in one_of_each() {
        let intent = read(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(intent.kind(), kind);
        assert_eq!(check(&signer, other, &[intent]), Ok(()), "{kind}");
    }
    assert!(read(r#"{"intent":"swap"}"#).is_err());
    assert!(read(r#"{"intent":"imt_mint","receiver_id":"a.near","tokens":{}}"#).is_err());
}

/// But for what tells a transfer's receiver, whose call falls away.
#[test]
fn a_known_field_stands_once_and_unknown_ones_are_passed_over() {
    for (kind, json) in one_of_each() {
        let twice = |field: &str| json.replacen(',', &format!(r#",{field},"#), 1);
        assert_eq!(
            read(&twice(r#""colour":[1],"colour":2"#)).unwrap(),
            read(&json).unwrap(),
            "{kind}"
        );
        for field in [
            "receiver_id",
            "memo",
            "diff",
            "public_key",
            "amount",
            "enabled",
        ] {
            if json.contains(&format!("\"{field}\":")) {
                let value = match field {
                    "enabled" => "true",
                    "diff" => "{}",
                    "public_key" => "\"11111111111111111111111111111112\"",
                    _ => "\"10\"",
                };
                let again = twice(&format!(r#""{field}":{value}"#));
                assert!(read(&again).is_err(), "{again}");
            }
        }
    }
}

#[test]
fn a_notification_that_cannot_be_read_is_none() {
    let with = |fields: &str| {
        let json = format!(
            r#"{{"intent":"transfer","receiver_id":"bob.near","tokens":{{"nep141:t.near":"1"}}{fields}}}"#
        );
        match read(&json).unwrap() {
            Intent::Transfer(transfer) => transfer.notification,
            other => panic!("{other:?}"),
        }
    };
    assert!(with(r#","msg":"""#).is_some());
    for fields in [
        "",
        r#","msg":5"#,
        r#","msg":"x","msg":"x""#,
        r#","min_gas":1"#,
    ] {
        assert_eq!(with(fields), None, "{fields}");
    }
}

#[test]
fn amounts_are_what_rust_reads_from_texts() {
    let with = |amount: &str| {
        read(&format!(
            r#"{{"intent":"native_withdraw","receiver_id":"bob.near","amount":{amount}}}"#
        ))
    };
    let most = format!("\"{}\"", u128::MAX);
    for good in ["\"+10\"", "\"007\"", "\"0\"", &most] {
        assert!(with(good).is_ok(), "{good}");
    }
    let beyond = "\"340282366920938463463374607431768211456\"";
    for bad in [
        "10", "\"-1\"", "\" 1\"", "\"1e3\"", "\"1_0\"", "\"\"", "null", beyond,
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_token_that_stands_twice_counts_as_it_stands_last() {
    let json = r#"{"intent":"token_diff","diff":{"nep141:t.near":"-1","nep141:t.near":"-2"}}"#;
    match read(json).unwrap() {
        Intent::TokenDiff(diff) => {
            assert_eq!(diff.diff.into_values().collect::<Vec<_>>(), [Change(-2)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_that_sets_up_a_contract_is_refused() {
    let json =
        r#"{"intent":"auth_call","contract_id":"a.near","msg":"","state_init":{"version":"v1"}}"#;
    assert!(read(json).unwrap_err().to_string().contains("state_init"));
}

#[test]
fn each_fault_has_its_name() {
    let signer: AccountId = "alice.near".parse().unwrap();
    let key: PublicKey = KEY.parse().unwrap();
    let fault = |json: &str| {
        let intents: Vec<Intent> =
            serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
        check(&signer, key, &intents).unwrap_err()
    };
    let transfer = |to: &str, tokens: &str| {
        format!(r#"[{{"intent":"transfer","receiver_id":"{to}","tokens":{{{tokens}}}}}]"#)
    };
    let some = r#""nep141:t.near":"1""#;
    assert_eq!(
        fault(&transfer("alice.near", some)),
        (0, IntentFault::ToOneself)
    );
    assert_eq!(fault(&transfer("bob.near", "")), (0, IntentFault::NoTokens));
    let diff = |entries: &str| {
        fault(&format!(
            r#"[{{"intent":"token_diff","diff":{{{entries}}}}}]"#
        ))
    };
    assert_eq!(diff(""), (0, IntentFault::NoTokens));
    assert_eq!(diff(r#""nep141:t.near":"-0""#), (0, IntentFault::Zero));
    let multi = |ids: &str, amounts: &str| {
        fault(&format!(
            r#"[{{"intent":"mt_withdraw","token":"t.near","receiver_id":"b.near","token_ids":[{ids}],"amounts":[{amounts}]}}]"#
        ))
    };
    assert_eq!(multi(r#""a""#, ""), (0, IntentFault::Lengths));
    assert_eq!(multi("", ""), (0, IntentFault::NoTokens));
    assert_eq!(multi(r#""a","b""#, r#""1","0""#), (0, IntentFault::Zero));
    for fields in [
        r#""intent":"ft_withdraw","token":"t.near","receiver_id":"b.near","amount":"0""#,
        r#""intent":"ft_withdraw","token":"t.near","receiver_id":"b.near","amount":"1","storage_deposit":"0""#,
        r#""intent":"nft_withdraw","token":"t.near","receiver_id":"b.near","token_id":"1","storage_deposit":"0""#,
        r#""intent":"native_withdraw","receiver_id":"b.near","amount":"0""#,
        r#""intent":"storage_deposit","contract_id":"t.near","account_id":"b.near","amount":"0""#,
    ] {
        assert_eq!(
            fault(&format!("[{{{fields}}}]")),
            (0, IntentFault::Zero),
            "{fields}"
        );
    }
    let keys = |kinds: &[&str]| {
        let intents: Vec<_> = kinds
            .iter()
            .map(|kind| format!(r#"{{"intent":"{kind}_public_key","public_key":"{KEY}"}}"#))
            .collect();
        let intents: Vec<Intent> =
            serde_json::from_str(&format!("[{}]", intents.join(","))).unwrap();
        check(&signer, key, &intents)
    };
    assert_eq!(keys(&["add"]), Err((0, IntentFault::KeyExists(key))));
    assert_eq!(keys(&["remove", "add"]), Ok(()));
    assert_eq!(
        keys(&["remove", "remove"]),
        Err((1, IntentFault::KeyMissing(key)))
    );
}
