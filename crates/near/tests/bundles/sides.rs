//! Whether a bundle does what its fill says, and nothing beside it.

use sealbid_near::ledger::{Fill as Terms, FillFault, check_fill};
use serde_json::{Value, json};

use super::fill::{A, B, Fill, sign};
use super::sign::transfer;
use super::state::{State, execute};

fn terms(fill: &Fill, least: u128) -> Terms {
    Terms {
        trader: fill.trader.name.parse().unwrap(),
        solver: fill.solver.name.parse().unwrap(),
        receivers: ["app.near".parse().unwrap()].into(),
        token: B.parse().unwrap(),
        least,
    }
}

#[test]
fn a_fill_pays_the_least_for_good_and_touches_nobody_else() {
    let fill = Fill::usual(0, A, B);
    let arrives = 2_499_997_501_250;
    let mut state = State::at_one_pip();
    fill.fund(&mut state);
    let judge = |trade: Vec<Value>, least| {
        let [(trader, mut swap), (solver, mut delivery)] = fill.drafts(1, 0);
        // The trader's own payload sends some of it on: that is paid too.
        swap.intents.push(transfer("app.near", B, 5));
        delivery.intents.extend(trade);
        let ledger = state.ledger();
        let executed = execute(
            &mut ledger.clone(),
            &sign(&[(trader, swap), (solver, delivery)]),
        );
        check_fill(&ledger, &executed.unwrap(), &terms(&fill, least))
    };
    assert_eq!(judge(vec![], arrives), Ok(()));
    let least = arrives + 1;
    let short = Err(FillFault::Paid {
        paid: arrives,
        least,
    });
    assert_eq!(judge(vec![], least), short);
    let name = &fill.trader.name;
    let more = transfer(name, A, 1);
    assert_eq!(judge(vec![more], least), short);
    let mut called = transfer(name, A, 1);
    called["msg"] = json!("");
    assert_eq!(judge(vec![called], arrives), Ok(()));
    let other = "carol.near".parse().unwrap();
    let gift = transfer("carol.near", A, 1);
    assert_eq!(judge(vec![gift], arrives), Err(FillFault::Account(other)));
    assert_eq!(judge(vec![transfer("app.near", A, 1)], arrives), Ok(()));
}

/// An account without a contract sends back what it is told of: nothing would be left of the surplus.
#[test]
fn a_surplus_that_may_come_back_is_none() {
    let fill = Fill::usual(0, A, B);
    let mut state = State::at_one_pip();
    fill.fund(&mut state);
    let [swap, (solver, mut delivery)] = fill.drafts(1, 0);
    delivery.intents[1]["msg"] = json!("");
    let ledger = state.ledger();
    let executed = execute(&mut ledger.clone(), &sign(&[swap, (solver, delivery)])).unwrap();
    let asked = 2_498_747_501_250;
    assert_eq!(check_fill(&ledger, &executed, &terms(&fill, asked)), Ok(()));
    let least = asked + 1;
    let fault = FillFault::Paid { paid: asked, least };
    assert_eq!(
        check_fill(&ledger, &executed, &terms(&fill, least)),
        Err(fault)
    );
}
