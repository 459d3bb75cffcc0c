//! What the tests of this crate are about: rounds, small ones by hand and any.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use sealbid_near::authorisation::authorise;
use sealbid_types::allocation::VoidReason;
use sealbid_types::amount::{Amount, Delta};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::committee::{ClearingRule, Rules};
use sealbid_types::id::{EnvelopeId, Epoch, Round};
use sealbid_types::keys::PublicKey;
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{Quote, Rate, SignedQuote, Tier};
use sealbid_types::record::UsedNonce;
use sealbid_types::terms::{Action, Authorisation, Terms, TokenDiff, Transfer};
use sealbid_types::text::{AccountId, AssetId};
use sealbid_types::time::Timestamp;

use crate::Opened;
use crate::clear::ClearingInput;

pub(crate) const CLOSED_AT: Timestamp = Timestamp(1_000_000);

/// A fungible token, a multi-token and another fungible one.
pub(crate) const ASSETS: [&str; 3] = [
    "nep141:usdc.near",
    "nep245:bridge.near:1",
    "nep141:wrap.near",
];

pub(crate) fn amount(units: i128) -> Amount {
    Amount::new(units).unwrap()
}

pub(crate) fn tier(up_to: i128, out: i128, per: i128) -> Tier {
    let rate = Rate {
        out: amount(out),
        per: amount(per),
    };
    Tier {
        up_to: amount(up_to),
        rate,
    }
}

pub(crate) fn asset(index: usize) -> AssetId {
    ASSETS[index].parse().unwrap()
}

pub(crate) fn pair(give: usize, want: usize) -> Pair {
    Pair {
        give: asset(give),
        want: asset(want),
    }
}

pub(crate) fn id(tag: u16) -> EnvelopeId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&tag.to_be_bytes());
    bytes.into()
}

/// The key of somebody: traders and solvers are numbered together.
pub(crate) fn key(who: u8) -> SigningKey {
    SigningKey::from_bytes(&[who; 32])
}

pub(crate) fn account(who: u8) -> AccountId {
    PublicKey::of(&key(who)).implicit_account().unwrap()
}

/// One tier, one for one, from the first asset to the last.
pub(crate) fn quote() -> Quote {
    Quote {
        auction: [1; 32].into(),
        round: Round(5),
        solver: account(200),
        key: PublicKey::of(&key(200)),
        pair: pair(0, 2),
        tiers: vec![tier(1 << 100, 1, 1)],
        capacity: amount(1_000_000),
        minimum_fill: Amount::ZERO,
        expires: CLOSED_AT,
    }
}

pub(crate) fn signed(quote: Quote, who: u8) -> SignedQuote {
    let mine = Quote {
        solver: account(who),
        key: PublicKey::of(&key(who)),
        ..quote
    };
    SignedQuote::new(mine, &key(who))
}

/// A swap of `who`: `give` for at least `want`, from the first asset to the last.
pub(crate) fn swap(who: u8, nonce: u8, give: i128, want: i128) -> Terms {
    swap_of(who, nonce, &pair(0, 2), give, want)
}

pub(crate) fn swap_of(who: u8, nonce: u8, pair: &Pair, give: i128, want: i128) -> Terms {
    let diff = BTreeMap::from([
        (pair.give.clone(), Delta::new(-give).unwrap()),
        (pair.want.clone(), Delta::new(want).unwrap()),
    ]);
    of(
        who,
        nonce,
        vec![Action::TokenDiff(TokenDiff {
            diff,
            memo: None,
            referral: None,
        })],
    )
}

pub(crate) fn transfer(who: u8, nonce: u8, to: u8, units: i128) -> Terms {
    let tokens = BTreeMap::from([(asset(0), amount(units))]);
    of(
        who,
        nonce,
        vec![Action::Transfer(Transfer {
            receiver: account(to),
            tokens,
            memo: None,
        })],
    )
}

pub(crate) fn of(who: u8, nonce: u8, actions: Vec<Action>) -> Terms {
    Terms {
        account: account(who),
        nonce: FixedBytes([nonce; 32]),
        deadline: CLOSED_AT,
        actions,
        solvers: None,
    }
}

pub(crate) fn rules(fee_pips: u32) -> Rules {
    Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips,
        verifying_contract: "intents.near".parse().unwrap(),
        most_intents: 1000,
        most_quotes: 1000,
    }
}

/// A round of these intents, numbered from 0, and quotes, numbered from 1000.
pub(crate) fn round(intents: Vec<Terms>, quotes: Vec<SignedQuote>) -> ClearingInput {
    ClearingInput {
        auction: [1; 32].into(),
        epoch: Epoch(0),
        round: Round(5),
        close: [2; 32].into(),
        closed_at: CLOSED_AT,
        order: [3; 32].into(),
        rules: rules(1),
        intents: intents
            .into_iter()
            .zip(0..)
            .map(|(terms, tag)| (id(tag), Ok(terms)))
            .collect(),
        quotes: quotes
            .into_iter()
            .zip(1000..)
            .map(|(quote, tag)| (id(tag), Ok(quote)))
            .collect(),
        used_nonces: Vec::new(),
    }
}

/// The authorisations that the traders of a round would have sealed.
pub(crate) fn authorisations(input: &ClearingInput) -> Opened<Authorisation> {
    let by_account: BTreeMap<AccountId, u8> = (0..=255).map(|who| (account(who), who)).collect();
    let contract = &input.rules.verifying_contract;
    let sign = |(id, opened): (&EnvelopeId, &Result<Terms, VoidReason>)| {
        let terms = opened.as_ref().ok()?;
        let secret = key(*by_account.get(&terms.account)?);
        Some((*id, Ok(authorise(terms, contract, &secret))))
    };
    input.intents.iter().filter_map(sign).collect()
}

fn any_pair() -> impl Strategy<Value = Pair> {
    (0..3usize, 1..3usize).prop_map(|(give, by)| pair(give, (give + by) % 3))
}

fn units() -> impl Strategy<Value = i128> {
    prop_oneof![
        1i128..5,
        1i128..5_000,
        1i128..1 << 40,
        (1i128 << 111)..=(1 << 112)
    ]
}

fn any_terms() -> impl Strategy<Value = Result<Terms, VoidReason>> {
    let allowed = option::weighted(0.2, vec((0..6u8).prop_map(|s| account(200 + s)), 0..3));
    let swapped = (0..8u8, 0..4u8, any_pair(), units(), units(), allowed).prop_map(
        |(who, nonce, pair, give, want, solvers)| {
            let who = if who == 7 { 200 } else { who };
            Ok(Terms {
                solvers,
                ..swap_of(who, nonce, &pair, give, want)
            })
        },
    );
    let moved = (0..6u8, 0..4u8, 0..6u8, units())
        .prop_map(|(who, nonce, to, units)| Ok(transfer(who, nonce, to, units)));
    let late = (0..6u8).prop_map(|who| {
        Ok(Terms {
            deadline: Timestamp(1),
            ..swap(who, 9, 1, 1)
        })
    });
    prop_oneof![12 => swapped, 3 => moved, 1 => late, 1 => Just(Err(VoidReason::Cipher))]
}

fn any_quote() -> impl Strategy<Value = Result<SignedQuote, VoidReason>> {
    let tiers = vec((units(), 1i128..400, 1i128..200), 1..5).prop_map(|tiers| {
        let mut bound = 0i128;
        let rising = |(step, out, per): (i128, i128, i128)| {
            bound = (bound + step).min(1 << 112);
            tier(bound, out, per)
        };
        tiers.into_iter().map(rising).collect::<Vec<_>>()
    });
    let expires = prop_oneof![9 => Just(CLOSED_AT), 1 => Just(Timestamp(1))];
    (0..6u8, any_pair(), tiers, units(), 0i128..4, expires).prop_map(
        |(solver, pair, tiers, capacity, minimum, expires)| {
            let capacity = amount(capacity);
            let minimum_fill = amount(minimum);
            let quote = Quote {
                pair,
                tiers,
                capacity,
                minimum_fill,
                expires,
                ..quote()
            };
            Ok(signed(quote, 200 + solver))
        },
    )
}

/// Rounds of a few traders and solvers, in which some entries are void, nonces are used twice,
/// amounts reach from one unit to the most an auction deals in, and pairs go both ways.
pub(crate) fn any_round() -> impl Strategy<Value = ClearingInput> {
    let fee = prop_oneof![
        Just(0),
        Just(1),
        Just(2_500),
        Just(999_999),
        Just(1_000_000)
    ];
    let used = btree_map((0..6u8, 0..4u8), 1..5u64, 0..3);
    let intents = vec(any_terms(), 0..24);
    (
        intents,
        vec(any_quote(), 0..12),
        any::<[u8; 32]>(),
        fee,
        used,
    )
        .prop_map(|(intents, quotes, seed, fee_pips, used)| ClearingInput {
            order: seed.into(),
            rules: rules(fee_pips),
            intents: intents
                .into_iter()
                .zip(0..)
                .map(|(o, tag)| (id(tag), o))
                .collect(),
            quotes: quotes
                .into_iter()
                .zip(1000..)
                .map(|(o, tag)| (id(tag), o))
                .collect(),
            used_nonces: used
                .into_iter()
                .map(|((who, nonce), round)| UsedNonce {
                    account: account(who),
                    nonce: FixedBytes([nonce; 32]),
                    round: Round(round),
                })
                .collect(),
            ..round(vec![], vec![])
        })
}
