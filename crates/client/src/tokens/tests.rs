#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn usual() -> Tokens {
    Tokens::parse(DEFAULT).unwrap()
}

#[test]
fn the_usual_tokens_are_known_by_all_their_names() {
    let tokens = usual();
    for name in [
        "usdc.near",
        "usdt.tether-token.near",
        "wrap.near",
        "weth",
        "stnear",
    ] {
        let token = tokens.named(name).unwrap();
        assert_eq!(tokens.named(token.asset.as_str()).unwrap(), token);
        assert_eq!(tokens.name_of(&token.asset), token.name);
    }
    assert_eq!(tokens.named("usdc.near").unwrap().decimals, 6);
    assert_eq!(tokens.named("wrap.near").unwrap().decimals, 24);
    let unknown = tokens.named("dogecoin").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "no token is named \"dogecoin\" in tokens.toml"
    );
    let TokenError::Unknown { meant, known, .. } = unknown else {
        panic!("{unknown}");
    };
    assert_eq!(meant, None);
    assert!(
        known.contains(&"wrap.near (wnear, near)".to_owned()),
        "{known:?}"
    );
    assert_eq!(known.len(), tokens.all().count());
}

#[test]
fn names_are_the_same_in_small_and_capital_letters() {
    let tokens = usual();
    assert_eq!(tokens.named("USDC").unwrap(), tokens.named("usdc").unwrap());
    assert_eq!(tokens.named("Wrap.NEAR").unwrap().name, "wrap.near");
    let twice = |name: &str| {
        let token = |name, asset| {
            format!("[[token]]\nname = \"{name}\"\nasset = \"nep141:{asset}.near\"\ndecimals = 6\n")
        };
        Tokens::parse(&(token("usdx", "a") + &token(name, "b")))
    };
    twice("usdy").unwrap();
    assert!(twice("USDX").is_err());
}

#[test]
fn a_slip_is_told_what_was_meant() {
    let tokens = usual();
    for (slip, meant) in [
        ("wrap.naer", Some("wrap.near")),
        ("WRAP.NAER", Some("wrap.near")),
        ("usdx", Some("usdc")),
        ("linaer", Some("linear")),
        ("dogecoin", None),
        ("", None),
    ] {
        let Err(TokenError::Unknown { meant: said, .. }) = tokens.named(slip) else {
            panic!("{slip}");
        };
        assert_eq!(said.as_deref(), meant, "{slip}");
    }
}

#[test]
fn amounts_say_what_is_wrong_with_them() {
    let tokens = usual();
    let usdc = tokens.named("usdc.near").unwrap();
    assert_eq!(usdc.amount("1000").unwrap().units(), 1_000_000_000);
    assert_eq!(usdc.amount("0.000001").unwrap().units(), 1);
    let wrong = [
        ("0.0000001", "usdc.near has 6 decimals, this has 7"),
        ("0", "more than nothing"),
        ("-1", "not a number"),
        ("1e3", "not a number"),
        ("10,5", "a point and without separators"),
        (
            "999999999999999999999999999999",
            "more than an auction deals in",
        ),
    ];
    for (text, what) in wrong {
        let failure = usdc.amount(text).unwrap_err();
        assert!(failure.to_string().contains(what), "{text}: {failure}");
    }
}

#[test]
fn long_numbers_are_cut_for_tables() {
    assert_eq!(cut("983.717782979333299049999049"), "983.717782…");
    assert_eq!(cut("0.000000000123456789"), "0.000000000123456…");
    assert_eq!(cut("0.5"), "0.5");
    assert_eq!(cut("12.123456"), "12.123456");
    assert_eq!(cut("1000"), "1000");
}

#[test]
fn wrong_files_say_what_is_wrong() {
    let token = |name: &str, decimals: u8| {
        format!("[[token]]\nname = {name:?}\nasset = \"nep141:a.near\"\ndecimals = {decimals}\n")
    };
    let wrong = [
        (token("a b", 1), "is no name"),
        (token("a", 37), "36 are possible"),
        (token("a", 1) + &token("a", 1), "two tokens"),
        (token("a", 1) + &token("b", 1), "same asset"),
        ("token = 1".to_owned(), "expected"),
    ];
    for (text, what) in wrong {
        let error = Tokens::parse(&text).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(units in 1_i128..1_000_000_000_000_000_000_000_000_000) {
        let tokens = usual();
        for name in ["usdc.near", "wrap.near", "btc.omft.near"] {
            let token = tokens.named(name).unwrap();
            let amount = Amount::new(units).unwrap();
            let shown = tokens.show(amount, &token.asset);
            let (number, shown_name) = shown.split_once(' ').unwrap();
            prop_assert_eq!(shown_name, name);
            prop_assert_eq!(token.amount(number).unwrap(), amount);
        }
    }
}
