//! Bundles that close, each spoilt in one way.

use sealbid_types::time::Timestamp;
use serde_json::{Value, json};

use super::fill::{A, B, Fill, fills, sign};
use super::sign::{Account, DEADLINE, Draft, NOW, SALT, fresh_nonce, token_diff, transfer};
use super::state::State;

/// A bundle that is refused, and for what.
pub struct Spoilt {
    pub name: &'static str,
    /// Words of the ledger's reason.
    pub reason: &'static str,
    pub state: State,
    pub bundle: Vec<Value>,
}

pub type Drafts = Vec<(Account, Draft)>;

const OTHER_SALT: [u8; 4] = [9; 4];
const NFT: &str = "nep171:art.near:7";

/// What each begins with: a fill whose sides have what they pay.
pub fn unspoilt() -> (State, Drafts) {
    let fill = Fill::usual(0, A, B);
    let mut state = State::at_one_pip();
    state.earlier_salts = vec![(OTHER_SALT, false)];
    fill.fund(&mut state);
    let drafts = fill.drafts(state.fee, 0);
    (state, drafts.into())
}

/// Adds `by` to what the first intent of a payload says of `token`.
fn shift((_, draft): &mut (Account, Draft), token: &str, by: i128) {
    let units = &mut draft.intents[0]["diff"][token];
    let shifted = units.as_str().unwrap().parse::<i128>().unwrap() + by;
    *units = json!(shifted.to_string());
}

/// Somebody pays the solver, before it trades, what it lacks.
pub fn lend(state: &mut State, drafts: &mut Drafts) {
    let (lender, solver) = (Account::new(5), drafts[1].0.name.clone());
    *state.balances.get_mut(&solver).unwrap().get_mut(B).unwrap() -= 7;
    state.give(&lender.name, B, 7);
    let lent = lender.draft(9, vec![transfer(&solver, B, 7)]);
    drafts.insert(0, (lender, lent));
}

fn of(
    name: &'static str,
    reason: &'static str,
    spoil: impl FnOnce(&mut State, &mut Drafts),
) -> Spoilt {
    let (mut state, mut drafts) = unspoilt();
    spoil(&mut state, &mut drafts);
    Spoilt {
        name,
        reason,
        state,
        bundle: sign(&drafts),
    }
}

fn after_signing(
    name: &'static str,
    reason: &'static str,
    spoil: impl FnOnce(&mut Value),
) -> Spoilt {
    let mut spoilt = of(name, reason, |_, _| {});
    spoil(&mut spoilt.bundle[1]);
    spoilt
}

/// All ways.
pub fn spoilt() -> Vec<Spoilt> {
    let mut all = amounts();
    all.extend(intents());
    all.extend(nonces());
    all.extend(signers());
    all
}

fn amounts() -> Vec<Spoilt> {
    vec![
        of(
            "a fee unpaid by one unit",
            "1 nep141:usdc.near",
            |_, drafts| {
                shift(&mut drafts[1], A, 1);
            },
        ),
        of(
            "a difference off by one",
            "1 nep141:wrap.near",
            |_, drafts| {
                shift(&mut drafts[1], B, 1);
            },
        ),
        of(
            "one unit paid to nobody",
            "-1 nep141:usdc.near",
            |_, drafts| {
                shift(&mut drafts[1], A, -1);
            },
        ),
        of("the surplus inside the difference", "-12", |_, drafts| {
            drafts[1].1.intents.pop();
            shift(&mut drafts[1], B, -1_250_000_000);
        }),
        of(
            "another fee than they signed for",
            "nep141:usdc.near",
            |state, _| state.fee = 2,
        ),
        of(
            "a balance short by one",
            "pays 1250000000",
            |state, drafts| {
                let solver = state.balances.get_mut(&drafts[1].0.name).unwrap();
                *solver.get_mut(B).unwrap() -= 1;
            },
        ),
        of(
            "an account that pays before it is paid",
            "has 0 of nep141:wrap.near",
            |_, drafts| {
                // The trader sends on what the swap brings, first.
                drafts[0].1.intents.insert(0, transfer("app.near", B, 7));
            },
        ),
        of(
            "payloads in the wrong order",
            "pays 1250000000",
            |state, drafts| {
                lend(state, drafts);
                drafts.rotate_left(1);
            },
        ),
        {
            let (state, bundle) = fills(9, A, B);
            Spoilt {
                name: "a ninth fill",
                reason: "16384 bytes",
                state,
                bundle,
            }
        },
    ]
}

fn intents() -> Vec<Spoilt> {
    let more = |name, reason, intent: Value| {
        of(name, reason, move |_, drafts| {
            drafts[0].1.intents.push(intent);
        })
    };
    let to_oneself = transfer(&Fill::usual(0, A, B).trader.name, B, 1);
    vec![
        more(
            "a zero difference",
            "an amount is zero",
            token_diff(&[(A, 0)]),
        ),
        more("an empty difference", "moves no token", token_diff(&[])),
        more("a transfer to oneself", "to oneself", to_oneself),
        more(
            "a transfer of nothing",
            "an amount is zero",
            transfer("app.near", B, 0),
        ),
        more(
            "a withdrawal of nothing",
            "an amount is zero",
            json!({ "intent": "native_withdraw", "receiver_id": "bob.near", "amount": "0" }),
        ),
        more(
            "a withdrawal of more ids than amounts",
            "not of one length",
            json!({ "intent": "mt_withdraw", "token": "m.near", "receiver_id": "bob.near",
                "token_ids": ["a"], "amounts": [] }),
        ),
        more(
            "an intent of an unknown kind",
            "cannot be read",
            json!({ "intent": "swap" }),
        ),
        more(
            "an amount that is a number",
            "cannot be read",
            json!({ "intent": "transfer", "receiver_id": "app.near", "tokens": { B: 1 } }),
        ),
        of(
            "two of a non-fungible token",
            "has 1 of nep171",
            |state, drafts| {
                let trader = drafts[0].0.name.clone();
                state.give(&trader, NFT, 1);
                drafts[0].1.intents.push(token_diff(&[(NFT, -2)]));
                drafts[1].1.intents.push(token_diff(&[(NFT, 2)]));
            },
        ),
    ]
}

fn nonces() -> Vec<Spoilt> {
    vec![
        of("a used nonce", "has used its nonce", |state, drafts| {
            state.nonces = vec![(drafts[1].0.name.clone(), drafts[1].1.nonce)];
        }),
        of("a nonce twice in the bundle", "payload 2: ", |_, drafts| {
            let (solver, mut again) = drafts[1].clone();
            again.intents.clear();
            drafts.push((solver, again));
        }),
        of(
            "a salt that there never was",
            "has the salt 05050505",
            |_, drafts| {
                drafts[1].1.nonce = fresh_nonce([5; 4], DEADLINE, 1);
            },
        ),
        of(
            "a salt that is invalidated",
            "has the salt 09090909",
            |_, drafts| {
                drafts[1].1.nonce = fresh_nonce(OTHER_SALT, DEADLINE, 1);
            },
        ),
        of("a deadline that has passed", "has passed", |_, drafts| {
            let over = Timestamp(NOW.0 - 1);
            drafts[0].1.deadline = over;
            drafts[0].1.nonce = fresh_nonce(SALT, over, 1);
        }),
        of(
            "a deadline beyond the nonce's",
            "later than that of the nonce",
            |_, drafts| {
                drafts[0].1.deadline = Timestamp(DEADLINE.0 + 1);
            },
        ),
    ]
}

fn signers() -> Vec<Spoilt> {
    vec![
        of("another contract", "for the contract", |_, drafts| {
            "intents.testnet".clone_into(&mut drafts[0].1.contract);
        }),
        of(
            "a key of another account",
            "is not known as a key",
            |_, drafts| {
                drafts[1].0 = Account::new(77);
            },
        ),
        of("a removed key", "is not known as a key", |state, drafts| {
            let (account, draft) = &drafts[1];
            state.keys = vec![(draft.signer.clone(), account.public_key(), false)];
        }),
        after_signing("a changed signature", "signature is not valid", |signed| {
            let other = Account::new(77).sign_text("another text");
            signed["signature"] = other["signature"].clone();
        }),
        after_signing(
            "a text changed after signing",
            "signature is not valid",
            |signed| {
                let text = signed["payload"].as_str().unwrap();
                signed["payload"] = json!(text.replacen("\"intents\":", "\"intents\": ", 1));
            },
        ),
        after_signing("an unknown standard", "not a signed payload", |signed| {
            signed["standard"] = json!("raw");
        }),
    ]
}
