//! What people type, and what stands in files that they hand around: what is read is written so that it reads the same.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ed25519_dalek::SigningKey;
use sealbid_client::tokens::{DEFAULT, Decimal, Tokens, base_units};
use sealbid_keygen::ceremony::code::Code;
use sealbid_keygen::command::values::duration;
use sealbid_market::MOST_UNITS;
use sealbid_net::PeerId;
use sealbid_net::mesh::RosterEntry;
use sealbid_net::ticket::{Role, Ticket};
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{AuctionId, MemberIndex, Round};
use sealbid_types::keys::{PublicKey, Signature};
use sealbid_types::text::{AccountId, AssetId};
use sealbid_types::time::{LAST, Timestamp};

use crate::Target;

/// Reads a text, and reads it again as it is written.
fn again<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T>
where
    T::Err: Debug + Display,
{
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            assert_eq!(written.parse::<T>().unwrap(), value, "{text:?}");
            Some(value)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// The same of what has one way to be written.
fn exactly<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug + Display,
{
    if let Some(value) = again::<T>(text) {
        assert_eq!(value.to_string(), text);
    }
}

fn amounts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    exactly::<Amount>(text);
    exactly::<Delta>(text);
    if let Some(number) = again::<Decimal>(text) {
        for decimals in [0, 6, 18, 24, 38] {
            // What is a whole number of base units is that number, and nothing is rounded.
            if let Some(units) = number.in_units(decimals) {
                let back = Decimal::of_units(units, decimals);
                assert!(back.cmp(&number).is_eq(), "{text:?}");
                assert_eq!(back.in_units(decimals), Some(units));
            }
        }
    }
    if let Ok(units) = base_units(text) {
        assert!(!units.is_zero() && units.units() <= MOST_UNITS);
    }
    let tokens = Tokens::parse(DEFAULT).unwrap();
    for token in tokens.all() {
        if let Ok(amount) = token.amount(text) {
            assert!(!amount.is_zero() && amount.units() <= MOST_UNITS);
            let shown = tokens.show(amount, &token.asset);
            let number = shown.strip_suffix(&token.name).unwrap().trim_end();
            assert_eq!(token.amount(number).unwrap(), amount, "{shown}");
            assert!(!tokens.brief(amount, &token.asset).is_empty());
        }
    }
}

fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    exactly::<AccountId>(text);
    exactly::<AssetId>(text);
    exactly::<MemberIndex>(text);
    exactly::<AuctionId>(text);
    exactly::<FixedBytes<48>>(text);
    exactly::<PeerId>(text);
    again::<Round>(text);
    again::<PublicKey>(text);
    again::<Signature>(text);
    let tokens = Tokens::parse(DEFAULT).unwrap();
    if let Ok(token) = tokens.named(text) {
        assert_eq!(tokens.asset(text).unwrap(), token.asset);
    }
}

fn times(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(time) = again::<Timestamp>(text) {
        assert!(time <= LAST);
        if let Ok(longer) = duration(text) {
            assert!(time.plus(longer) >= time);
        }
    }
    if let Ok(long) = duration(text) {
        assert!(Timestamp(0).plus(long) <= LAST);
    }
}

fn code(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(code) = again::<Code>(text)
    {
        assert!(code.deadline() <= LAST);
    }
}

const NETWORK: [u8; 32] = [9; 32];
const NOW_MS: u64 = 1_800_000_000_000;

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn tickets() -> [Ticket; 3] {
    [Role::Member, Role::Solver, Role::Relayer].map(|role| {
        let peer = PeerId::of_secret(&[4; 32]);
        Ticket::issue(&NETWORK, role, peer, NOW_MS + 1, MemberIndex(1), &signer())
    })
}

/// Nobody is admitted by another ticket than those that were issued.
fn ticket(bytes: &[u8]) {
    let from_text = std::str::from_utf8(bytes).ok().and_then(again::<Ticket>);
    let from_bytes = Ticket::from_bytes(bytes).ok();
    for ticket in from_text.into_iter().chain(from_bytes) {
        assert_eq!(Ticket::from_bytes(&ticket.to_bytes()), Ok(ticket));
        let roster = [RosterEntry {
            index: MemberIndex(1),
            peer: PeerId::of_secret(&[4; 32]),
            identity: signer().verifying_key().to_bytes(),
            addresses: Vec::new(),
        }];
        if ticket
            .verify(&NETWORK, &roster, ticket.peer, NOW_MS)
            .is_ok()
        {
            assert!(tickets().contains(&ticket), "{ticket}");
        }
    }
}

fn of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn amount_seeds() -> Vec<Vec<u8>> {
    let longest = i128::MAX.to_string();
    let most = MOST_UNITS.to_string();
    of(&[
        "0", "1", "-1", "1000.5", "0.000001", "1,000", "1e3", &longest, &most, "00.10", "1_000",
    ])
}

fn name_seeds() -> Vec<Vec<u8>> {
    let key = PublicKey::of(&signer());
    let signature = Signature::sign(&signer(), b"x");
    of(&[
        "alice.near",
        "nep141:usdc.near",
        "nep245:v2_1.omni.hot.tg:43114_11111:x",
        "nep171:nft.near:1",
        "member-16",
        "usdc",
        &"ab".repeat(32),
        &"0".repeat(96),
        &key.to_string(),
        &signature.to_string(),
        "18446744073709551615",
    ])
}

fn time_seeds() -> Vec<Vec<u8>> {
    of(&[
        "2030-01-31T12:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00.000000001Z",
        "2030-01-31T12:00:60+00:00",
        "90s",
        "1h 30m 2days",
        "584542046years",
    ])
}

fn code_seeds() -> Vec<Vec<u8>> {
    let code = Code {
        endpoint: [7; 32],
        ceremony: [9; 16],
        deadline_s: 1_800_003_600,
        addresses: vec![
            "127.0.0.1:7399".parse().unwrap(),
            "[::1]:7399".parse().unwrap(),
        ],
        relay: Some("http://127.0.0.1:7398".to_owned()),
    };
    of(&[&code.to_string(), "sealbid2abc", "sealbid1"])
}

fn ticket_seeds() -> Vec<Vec<u8>> {
    let both = |ticket: Ticket| [ticket.to_string().into_bytes(), ticket.to_bytes()];
    tickets().into_iter().flat_map(both).collect()
}

pub(crate) const TARGETS: &[Target] = &[
    Target::new("amount", amounts, amount_seeds),
    Target::new("name", names, name_seeds),
    Target::new("time", times, time_seeds),
    Target::new("code", code, code_seeds),
    Target::new("ticket", ticket, ticket_seeds),
];
