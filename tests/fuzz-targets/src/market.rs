//! A round's opened terms and quotes: whatever was sealed is an input of the clearing, which has to come to the same end
//! everywhere.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use sealbid_market::clear::{ClearingInput, clear, terms_root, withdrawn};
use sealbid_market::invariants;
use sealbid_market::settle::{near_json, settle};
use sealbid_near::authorisation::authorise;
use sealbid_near::nonce;
use sealbid_types::allocation::VoidReason;
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::codec::{Schema as _, decode, encode};
use sealbid_types::committee::{ClearingRule, Rules};
use sealbid_types::id::{AuctionId, EnvelopeId, Epoch, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{Quote, Rate, SignedQuote, Tier};
use sealbid_types::record::UsedNonce;
use sealbid_types::settlement::Settlement;
use sealbid_types::terms::{Action, Terms, TokenDiff};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Target;

/// What a round opened to, as an input says it. Quotes are signed here, and terms too: that a signature is wrong ends the
/// matter early.
#[derive(Serialize, Deserialize)]
struct Opened {
    closed_at: Timestamp,
    fee_pips: u32,
    order: [u8; 32],
    /// Which of the traders' keys, and the terms.
    intents: Vec<(u8, Terms)>,
    quotes: Vec<(u8, Quote)>,
    used: Vec<UsedNonce>,
}

/// No more than these are looked at: the rest would be more of the same.
const MOST: usize = 24;

const AUCTION: [u8; 32] = [1; 32];

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn account(number: u8) -> AccountId {
    PublicKey::of(&secret(number)).implicit_account().unwrap()
}

fn id(kind: u8, at: usize) -> EnvelopeId {
    let mut bytes = [kind; 32];
    bytes[1] = u8::try_from(at).unwrap();
    bytes.into()
}

fn input(opened: Opened) -> ClearingInput {
    let terms = |(at, (key, terms)): (usize, (u8, Terms))| {
        // An account that is not the implicit one of a key is void at once: most are.
        let terms = Terms {
            account: account(key % 4),
            ..terms
        };
        let opened = if key > 250 {
            Err(VoidReason::Padding)
        } else {
            Ok(terms)
        };
        (id(2, at), opened)
    };
    let quote = |(at, (key, quote)): (usize, (u8, Quote))| {
        let solver = 8 + key % 4;
        let own = Quote {
            auction: AUCTION.into(),
            round: Round(1),
            solver: account(solver),
            key: PublicKey::of(&secret(solver)),
            ..quote.clone()
        };
        let said = if key > 250 { quote } else { own };
        (id(3, at), Ok(SignedQuote::new(said, &secret(solver))))
    };
    ClearingInput {
        auction: AuctionId::from(AUCTION),
        epoch: Epoch(0),
        round: Round(1),
        close: [4; 32].into(),
        closed_at: opened.closed_at,
        order: opened.order.into(),
        rules: Rules {
            clearing: ClearingRule::BestQuote,
            fee_pips: opened.fee_pips % 1_000_001,
            verifying_contract: AccountId::intents_near(),
            most_intents: 1_000,
            most_quotes: 500,
        },
        intents: opened
            .intents
            .into_iter()
            .take(MOST)
            .enumerate()
            .map(terms)
            .collect(),
        quotes: opened
            .quotes
            .into_iter()
            .take(MOST)
            .enumerate()
            .map(quote)
            .collect(),
        used_nonces: opened.used,
    }
}

fn market(bytes: &[u8]) {
    let Ok((opened, _)) = postcard::take_from_bytes::<Opened>(bytes) else {
        return;
    };
    let keys: Vec<u8> = opened.intents.iter().map(|(key, _)| key % 4).collect();
    let input = input(opened);
    let allocation = clear(&input);
    // It is checked within: were a rule broken, the round would fill nothing and say so.
    assert_eq!(allocation.alarm, None);
    assert_eq!(invariants::check(&input, &allocation), Ok(()));
    assert_eq!(clear(&input), allocation);
    assert_eq!(allocation.terms, terms_root(&input.intents));
    let bytes = encode(&allocation);
    assert!(bytes.len() <= sealbid_types::allocation::Allocation::SCHEMA.max_bytes);
    assert_eq!(decode(&bytes).as_ref(), Ok(&allocation));
    assert_eq!(invariants::check(&input, &withdrawn(&input)), Ok(()));
    let authorisations: BTreeMap<_, _> = input
        .intents
        .iter()
        .zip(keys)
        .filter_map(|((id, terms), key)| {
            let terms = terms.as_ref().ok()?;
            let signed = authorise(terms, &input.rules.verifying_contract, &secret(key));
            Some((*id, Ok(signed)))
        })
        .collect();
    let settlement = settle(&allocation, &input.intents, &authorisations, &input.rules);
    let encoded = encode(&settlement);
    assert_eq!(decode::<Settlement>(&encoded).as_ref(), Ok(&settlement));
    assert_eq!(
        settlement.fills.len(),
        allocation.fills.len(),
        "all are authorised"
    );
    let json: serde_json::Value = serde_json::from_str(&near_json(&settlement)).unwrap();
    assert_eq!(
        json["signed"].as_array().unwrap().len(),
        settlement.fills.len()
    );
    // Without any authorisation nothing is settled.
    let none = settle(&allocation, &input.intents, &BTreeMap::new(), &input.rules);
    assert!(none.fills.is_empty() && none.flow.is_empty());
}

fn seeds() -> Vec<Vec<u8>> {
    let pair = Pair {
        give: "nep141:usdc.near".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
    };
    let amount = |units| Amount::new(units).unwrap();
    let deadline = Timestamp(1_800_000_000_000);
    let swap = |key: u8, give: i128, want: i128| {
        let diff = BTreeMap::from([
            (pair.give.clone(), Delta::new(-give).unwrap()),
            (pair.want.clone(), Delta::new(want).unwrap()),
        ]);
        let action = Action::TokenDiff(TokenDiff {
            diff,
            memo: None,
            referral: None,
        });
        let terms = Terms {
            account: account(key),
            nonce: nonce::versioned([0; 4], deadline, [key; 15]),
            deadline,
            actions: vec![action],
            solvers: None,
        };
        (key, terms)
    };
    let tier = |up_to, out, per| Tier {
        up_to: amount(up_to),
        rate: Rate {
            out: amount(out),
            per: amount(per),
        },
    };
    let quote = |key: u8, tiers: Vec<Tier>| {
        let quote = Quote {
            auction: AUCTION.into(),
            round: Round(1),
            solver: account(8 + key),
            key: PublicKey::of(&secret(8 + key)),
            pair: pair.clone(),
            tiers,
            capacity: amount(1_000_000),
            minimum_fill: amount(1),
            expires: deadline,
        };
        (key, quote)
    };
    let opened = Opened {
        closed_at: Timestamp(deadline.0 - 1),
        fee_pips: 1,
        order: [9; 32],
        intents: vec![swap(1, 1_000, 1_900), swap(2, 500, 1_100), swap(3, 7, 1)],
        quotes: vec![
            quote(0, vec![tier(100, 3, 1), tier(1_000_000, 2, 1)]),
            quote(1, vec![tier(1 << 100, 1 << 111, (1 << 110) + 1)]),
        ],
        used: vec![UsedNonce {
            account: account(3),
            nonce: nonce::versioned([0; 4], deadline, [3; 15]),
            round: Round(0),
        }],
    };
    vec![postcard::to_stdvec(&opened).unwrap()]
}

pub(crate) const TARGETS: &[Target] = &[Target::new("clearing", market, seeds).with_cases(512)];
