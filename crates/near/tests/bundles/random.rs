//! Random states and bundles: swaps and what comes with them, closing or spoilt.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sealbid_types::time::Timestamp;
use serde_json::{Value, json};

use super::fill::{A, B, Fill, net, sign};
use super::sign::{Account, Draft, NOW, Wallet, fresh_nonce, transfer};
use super::state::State;

const TOKENS: [&str; 5] = [
    A,
    B,
    "nep141:t.near",
    "nep245:m.near:gold",
    "imt:mint.near:x",
];

/// A case for both checkers.
#[derive(Debug, Clone)]
pub struct Case {
    pub state: State,
    pub bundle: Vec<Value>,
}

/// One way to change a bundle that closes. Some of them leave it closing.
#[derive(Debug, Clone)]
enum Change {
    None,
    Shift(Index, Index, i128),
    Short(Index),
    Swap(Index, Index),
    Drop(Index),
    Repeat(Index),
    Fee(u32),
    Expired(Index),
    Salt(Index, [u8; 4]),
    Signer(Index, Index),
}

fn account(index: usize) -> Account {
    let wallet = [Wallet::Raw, Wallet::Nep413, Wallet::Erc191][index % 3];
    Account::with(u8::try_from(index + 10).unwrap(), wallet)
}

fn amount() -> impl Strategy<Value = i128> {
    prop_oneof![1..=3_i128, 1..=1_000_000_i128, 1..=1_i128 << 100]
}

fn fill() -> impl Strategy<Value = Fill> {
    let tokens = (0..5_usize, 1..5_usize).prop_map(|(give, by)| (give, (give + by) % 5));
    // The same account may stand on both sides, of different fills.
    let sides = (0..3_usize, 3..6_usize, any::<bool>());
    let amounts = (amount(), amount(), prop_oneof![Just(0), 0..1_000_i128]);
    (sides, tokens, amounts).prop_map(|(sides, (give, want), (gives, paid, surplus))| {
        let (trader, solver) = if sides.2 {
            (sides.0, sides.1)
        } else {
            (sides.1, sides.0)
        };
        Fill {
            trader: account(trader),
            solver: account(solver),
            give: TOKENS[give].to_owned(),
            want: TOKENS[want].to_owned(),
            gives,
            paid: paid + surplus,
            surplus,
        }
    })
}

/// What comes with a swap.
fn tail() -> impl Strategy<Value = Value> {
    let amount = || amount().prop_map(|n| n.to_string());
    let out = |kind: &'static str| json!({ "intent": kind, "receiver_id": "bob.near" });
    prop_oneof![
        (select(&TOKENS), 0..6_usize, 1..1_000_u128).prop_map(|(token, to, n)| transfer(
            &account(to).name,
            token,
            n
        )),
        (amount(), any::<bool>(), any::<bool>()).prop_map(move |(n, called, stored)| {
            let mut withdrawal = out("ft_withdraw");
            withdrawal["token"] = json!("usdc.near");
            withdrawal["amount"] = json!(n);
            if called {
                withdrawal["msg"] = json!("caf\u{e9} \"\n");
                withdrawal["min_gas"] = json!(5_000_000_000_000_u64);
            }
            if stored {
                withdrawal["storage_deposit"] = json!("1250");
            }
            withdrawal
        }),
        amount().prop_map(move |n| {
            let mut withdrawal = out("native_withdraw");
            withdrawal["amount"] = json!(n);
            withdrawal
        }),
        vec(amount(), 1..3).prop_map(move |amounts| {
            let mut withdrawal = out("mt_withdraw");
            withdrawal["token"] = json!("m.near");
            withdrawal["token_ids"] = json!(vec!["gold"; amounts.len()]);
            withdrawal["amounts"] = json!(amounts);
            withdrawal
        }),
        Just(
            json!({ "intent": "nft_withdraw", "token": "art.near", "receiver_id": "bob.near",
            "token_id": "7:1", "memo": "" })
        ),
        amount().prop_map(
            |n| json!({ "intent": "storage_deposit", "contract_id": "usdc.near",
            "deposit_for_account_id": "bob.near", "amount": n })
        ),
        (0..1_000_u32).prop_map(|n| json!({ "intent": "auth_call", "contract_id": "c.near",
            "msg": "", "attached_deposit": n.to_string() })),
        any::<bool>()
            .prop_map(|on| json!({ "intent": "set_auth_by_predecessor_id", "enabled": on })),
        (0..6_usize, any::<bool>()).prop_map(|(whose, adds)| {
            let kind = if adds {
                "add_public_key"
            } else {
                "remove_public_key"
            };
            json!({ "intent": kind, "public_key": account(whose).public_key() })
        }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        6 => Just(Change::None),
        2 => (at(), at(), select(&[-1_i128, 1])).prop_map(|(draft, token, by)| Change::Shift(draft, token, by)),
        2 => at().prop_map(Change::Short),
        2 => (at(), at()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => at().prop_map(Change::Drop),
        1 => at().prop_map(Change::Repeat),
        1 => (0..5_u32).prop_map(Change::Fee),
        1 => at().prop_map(Change::Expired),
        1 => (at(), select(&[[7; 4], [8; 4], [9; 4]])).prop_map(|(draft, salt)| Change::Salt(draft, salt)),
        1 => (at(), at()).prop_map(|(draft, other)| Change::Signer(draft, other)),
    ]
}

pub fn case() -> impl Strategy<Value = Case> {
    let fee = select(&[0, 1, 3, 1_000, 250_000, 1_000_000]);
    let tails = vec((any::<Index>(), tail()), 0..3);
    (fee, vec(fill(), 1..7), tails, change()).prop_map(|(fee, fills, tails, change)| {
        let mut drafts: Vec<_> = fills
            .iter()
            .enumerate()
            // A round makes no fill of which nothing arrives.
            .filter(|(_, fill)| {
                let asked = net(fee, &fill.want, fill.paid - fill.surplus);
                asked > 0 && net(fee, &fill.give, fill.gives) > 0
            })
            .flat_map(|(number, fill)| fill.drafts(fee, number))
            .collect();
        drafts.push((account(0), account(0).draft(99, vec![])));
        for (at, intent) in tails {
            at.get_mut(&mut drafts).1.intents.push(intent);
        }
        let mut state = State {
            fee,
            ..State::default()
        };
        state.earlier_salts = vec![([8; 4], true), ([9; 4], false)];
        // Its key's account is told: the other checker has no hash for it.
        state.keys = (0..6_usize)
            .map(account)
            .filter(|one| one.name.starts_with("0x"))
            .map(|one| (one.name.clone(), one.public_key(), true))
            .collect();
        fund(&mut state, &drafts);
        apply(&change, &mut state, &mut drafts);
        Case {
            state,
            bundle: sign(&drafts),
        }
    })
}

/// Gives everybody what it pays, whatever it receives before.
fn fund(state: &mut State, drafts: &[(Account, Draft)]) {
    for (_, draft) in drafts {
        for intent in &draft.intents {
            for (token, amount) in paid(intent) {
                state.give(&draft.signer, &token, amount);
            }
        }
    }
    // There is one of it, for whoever comes first.
    let nft = "nep171:art.near:7:1".to_owned();
    for tokens in state.balances.values_mut() {
        tokens.remove(&nft);
    }
    if let Some((_, tokens)) = state.balances.iter_mut().next() {
        tokens.insert(nft, 1);
    }
}

fn paid(intent: &Value) -> Vec<(String, u128)> {
    let units = |value: &Value| value.as_str().map_or(0, |text| text.parse().unwrap());
    let near = |field: &str| (B.to_owned(), units(&intent[field]));
    let map = |field: &str, sign: &str| {
        let entries = intent[field].as_object().unwrap().iter();
        let paid = entries.filter_map(|(token, value)| {
            let text = value.as_str().unwrap().strip_prefix(sign)?;
            Some((token.clone(), text.parse().unwrap()))
        });
        paid.collect()
    };
    match intent["intent"].as_str().unwrap() {
        "token_diff" => map("diff", "-"),
        "transfer" => map("tokens", ""),
        "ft_withdraw" => vec![
            (A.to_owned(), units(&intent["amount"])),
            near("storage_deposit"),
        ],
        "native_withdraw" | "storage_deposit" => vec![near("amount")],
        "auth_call" => vec![near("attached_deposit")],
        "mt_withdraw" => {
            let amounts = intent["amounts"].as_array().unwrap().iter();
            amounts
                .map(|amount| (TOKENS[3].to_owned(), units(amount)))
                .collect()
        }
        _ => vec![],
    }
}

fn apply(change: &Change, state: &mut State, drafts: &mut Vec<(Account, Draft)>) {
    match change {
        Change::None => {}
        Change::Shift(at, token, by) => {
            let intents = &mut at.get_mut(drafts).1.intents;
            let diff = intents
                .iter_mut()
                .find_map(|intent| intent["diff"].as_object_mut());
            if let Some(diff) = diff {
                let units = diff.values_mut().nth(token.index(2)).unwrap();
                let shifted = units.as_str().unwrap().parse::<i128>().unwrap() + by;
                *units = json!(shifted.to_string());
            }
        }
        Change::Short(at) => {
            let balances = state
                .balances
                .values_mut()
                .flat_map(|tokens| tokens.values_mut());
            let mut balances: Vec<_> = balances.filter(|balance| **balance > 0).collect();
            if !balances.is_empty() {
                **at.get_mut(&mut balances) -= 1;
            }
        }
        Change::Swap(one, other) => {
            let (one, other) = (one.index(drafts.len()), other.index(drafts.len()));
            drafts.swap(one, other);
        }
        Change::Drop(at) => drop(drafts.remove(at.index(drafts.len()))),
        Change::Repeat(at) => drafts.push(at.get(drafts).clone()),
        Change::Fee(fee) => state.fee = *fee,
        Change::Expired(at) => at.get_mut(drafts).1.deadline = Timestamp(NOW.0 - 1),
        Change::Salt(at, salt) => {
            let draft = &mut at.get_mut(drafts).1;
            draft.nonce = fresh_nonce(*salt, draft.deadline, 1_000);
        }
        Change::Signer(at, other) => at.get_mut(drafts).0 = account(other.index(6)),
    }
}
