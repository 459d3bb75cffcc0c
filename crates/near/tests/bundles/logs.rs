//! What a call logs, and how much it may.

use sealbid_near::ledger::{BundleRefused, MOST_LOG_BYTES};
use serde_json::{Value, json};

use super::fill::{A, B, Fill, fills};
use super::sign::Account;
use super::state::{State, execute};

/// A stablecoin of the chain, by its implicit account.
const LONG_A: &str = "nep141:17208628f84f5d6ad33f0da3bbbeb27ffcb398eac501a31bd6ad2011e36133a1";

#[test]
fn a_call_takes_eight_fills_and_seven_of_longer_ids() {
    for (give, want, most) in [(A, B, 8), (LONG_A, B, 7)] {
        let (state, bundle) = fills(most, give, want);
        let executed = execute(&mut state.ledger(), &bundle).unwrap();
        assert_eq!(executed.intent_hashes.len(), 2 * usize::from(most));
        assert!(executed.log_bytes() <= MOST_LOG_BYTES);
        let (state, bundle) = fills(most + 1, give, want);
        let refused = execute(&mut state.ledger(), &bundle);
        assert_eq!(refused, Err(BundleRefused::LogBytes), "{give}");
    }
}

#[test]
fn what_changes_nothing_is_not_logged() {
    let alice = Account::new(2);
    let toggle = |on: bool| json!({ "intent": "set_auth_by_predecessor_id", "enabled": on });
    let logged = |intents| {
        let bundle = [alice.sign(&alice.draft(0, intents))];
        execute(&mut State::default().ledger(), &bundle)
            .unwrap()
            .logs
    };
    // One line says that the payload was executed.
    let toggles = (0..55).map(|i| toggle(i % 2 == 1)).collect();
    assert_eq!(logged(toggles).len(), 56);
    assert_eq!(logged(vec![toggle(true); 200]).len(), 1);
}

/// By the Verifier's source. Who pays whom has an order of its own there.
#[test]
fn what_is_logged_is_logged_as_the_verifier_does() {
    let (state, bundle) = fills(1, A, B);
    let fill = Fill::usual(0, A, B);
    let executed = execute(&mut state.ledger(), &bundle).unwrap();
    let [swap, trade] = &executed.intent_hashes[..] else {
        panic!("{executed:?}");
    };
    let (trader, solver) = (&fill.trader.name, &fill.solver.name);
    let of = |hash, account| format!(r#""intent_hash":"{hash}","account_id":"{account}""#);
    assert_eq!(
        executed.logs,
        [
            format!(
                r#"EVENT_JSON:{{"standard":"dip4","version":"0.4.3","event":"token_diff","data":[{{{},"diff":{{"{A}":"-1000000000","{B}":"2498747501250"}},"fees_collected":{{"{A}":"1000"}}}}]}}"#,
                of(swap, trader)
            ),
            format!(
                r#"EVENT_JSON:{{"standard":"dip4","version":"0.4.3","event":"token_diff","data":[{{{},"diff":{{"{A}":"999999000","{B}":"-2498750000000"}},"fees_collected":{{"{B}":"2498750"}}}}]}}"#,
                of(trade, solver)
            ),
            format!(
                r#"EVENT_JSON:{{"standard":"dip4","version":"0.4.3","event":"transfer","data":[{{{},"receiver_id":"{trader}","tokens":{{"{B}":"1250000000"}}}}]}}"#,
                of(trade, solver)
            ),
            format!(
                r#"EVENT_JSON:{{"standard":"dip4","version":"0.4.3","event":"intents_executed","data":[{{{},"nonce":"{}"}},{{{},"nonce":"{}"}}]}}"#,
                of(swap, trader),
                nonce_of(&bundle[0]),
                of(trade, solver),
                nonce_of(&bundle[1])
            ),
            executed.logs[4].clone(),
        ]
    );
    let matched: Value = serde_json::from_str(&executed.logs[4]["EVENT_JSON:".len()..]).unwrap();
    assert_eq!(matched["standard"], "nep245");
    let sent = |from: &str, to: &str| {
        let found = matched["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["old_owner_id"] == from && one["new_owner_id"] == to);
        let one = found.unwrap_or_else(|| panic!("{matched}"));
        (one["token_ids"].clone(), one["amounts"].clone())
    };
    assert_eq!(sent(trader, solver), (json!([A]), json!(["999999000"])));
    assert_eq!(sent(trader, "fees.near"), (json!([A]), json!(["1000"])));
    assert_eq!(sent(solver, trader), (json!([B]), json!(["2499997501250"])));
}

fn nonce_of(signed: &Value) -> String {
    let payload: Value = serde_json::from_str(signed["payload"].as_str().unwrap()).unwrap();
    payload["nonce"].as_str().unwrap().to_owned()
}
