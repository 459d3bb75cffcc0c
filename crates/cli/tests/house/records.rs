//! What anybody sees of rounds: prices, words, and the records at hand once the house is away.

use std::path::PathBuf;

use sealbid_types::id::Round;
use serde_json::Value;

use crate::ended::run;
use crate::kit::{Running, TestHouse, wait_for};

fn record(house: &TestHouse, round: u64) -> PathBuf {
    house.dir().record(Round(round))
}

/// Takes an opening out of a record's file: the committee has not signed those.
fn spoil(house: &TestHouse, round: u64) {
    let path = record(house, round);
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    value["openings"].as_array_mut().unwrap().pop().unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_are_told_with_and_without_the_house() {
    let mut house = TestHouse::start(3).await;
    let none = run(&house, "pairs").expect(0);
    assert!(none.out.contains("none is settled yet"), "{}", none.out);
    let watched = house.directory.path().join("events");
    let root = house.dir().root().to_owned();
    let watch = ["--json", "--dir", root.to_str().unwrap(), "watch"];
    let watching = Running::start(&watch, house.directory.path(), "events", None);

    // Filled; for a pair that nobody quotes; for more than anybody quotes.
    let filled = run(
        &house,
        "swap 1000 usdc.near wrap.near --min 950 --wait --json",
    )
    .expect(0);
    run(&house, "swap 1 weth stnear --min 1 --wait").expect(9);
    run(&house, "swap 500000 usdc.near wrap.near --min 1 --wait").expect(9);
    let settled = house.relayed().await;
    let last = *settled.last().unwrap();
    assert_eq!(last, 3);
    drop(watching);

    phases_count_what_the_round_lists(&std::fs::read_to_string(watched).unwrap());
    prices_are_those_of_the_records(&house, &filled.last());
    reasons_are_those_of_the_record(&house);
    what_is_not_there_is_called_so(&house);
    a_wrong_file_is_passed_over(&house);

    house.up.interrupt();
    wait_for("the house to stop", || {
        run(&house, "node status --json").code == Some(6)
    })
    .await;
    what_is_at_hand_needs_no_house(&house);
}

/// While a round is settled its entries are what its close lists, and no longer in the inbox.
fn phases_count_what_the_round_lists(events: &str) {
    let events = events
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut opening = 0;
    for event in events {
        let head = &event["phase"];
        let phase = head["phase"].as_str().unwrap_or_default();
        if ["opening", "clearing", "authorising", "settling"].contains(&phase) {
            opening += 1;
            assert_eq!(head["intents"], 1, "{event}");
        }
    }
    assert!(opening > 0, "no round was seen to open");
}

fn prices_are_those_of_the_records(house: &TestHouse, filled: &Value) {
    let pairs = run(house, "pairs --json").expect(0);
    let objects = pairs.out.lines();
    let objects: Vec<Value> = objects
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 1, "{}", pairs.out);
    // Rounds 1 and 3: the solver quotes what it sees an intent of.
    assert_eq!(objects[0]["rounds"], 2);
    assert_eq!(objects[0]["fills"], 1);
    assert_eq!(objects[0]["last_fill"], 1);
    let table = run(house, "pairs").expect(0).out;
    assert!(table.contains("0.01 to 400000"), "{table}");
    assert!(table.contains("rounds 1 to 3 (3 rounds)"), "{table}");

    let prices = run(house, "prices usdc.near wrap.near 1000 --json")
        .expect(0)
        .last();
    assert_eq!(prices["fills"].as_array().unwrap().len(), 1);
    // It was the very quote. Of what is above the limit no fee is taken, and of the rest a millionth.
    let received = prices["fills"][0]["received"].as_str().unwrap();
    let units = |text: &Value| -> u128 { text.as_str().unwrap().parse().unwrap() };
    let (paid, quoted) = (
        units(&prices["fills"][0]["received"]),
        units(&prices["best"]["receives"]),
    );
    assert!(
        quoted <= paid && paid - quoted < paid / 1_000_000,
        "{prices}"
    );
    let text = filled.to_string();
    assert!(text.contains(received), "{text}");
    let told = run(house, "prices usdc.near/wrap.near 1000").expect(0).out;
    for what in [
        "quoted   in 2 rounds, last in round 3",
        "paid     in 1 fill, last in round 1",
        "for 1000 usdc.near quotes would have brought",
        "fee      0.0001 %",
    ] {
        assert!(told.contains(what), "{what:?} is not in {told}");
    }
    let nobody = run(house, "prices weth stnear 1").expect(0).out;
    assert!(nobody.contains("quoted   by nobody"), "{nobody}");
    let too_much = run(house, "prices usdc.near wrap.near 500000")
        .expect(0)
        .out;
    assert!(too_much.contains("no quote took this amount"), "{too_much}");
}

fn reasons_are_those_of_the_record(house: &TestHouse) {
    let second = run(house, "round 2").expect(0).out;
    assert!(
        flat(&second).contains("nobody quoted weth to stnear in this round"),
        "{second}"
    );
    let third = run(house, "round 3").expect(0).out;
    assert!(
        flat(&third).contains("takes 500000 usdc.near: the most was 400000 usdc.near"),
        "{third}"
    );
}

/// A table's cells wrap.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn what_is_not_there_is_called_so(house: &TestHouse) {
    let beyond = run(house, "rounds --from 9999").expect(0).out;
    assert!(beyond.contains("the last one is round 3"), "{beyond}");
    for command in ["round 999 --json", "audit 999 --json"] {
        let missing = run(house, command).expect(1).last();
        assert_eq!(missing["code"], "no-such-round", "{command}: {missing}");
    }
}

fn a_wrong_file_is_passed_over(house: &TestHouse) {
    let right = std::fs::read(record(house, 1)).unwrap();
    spoil(house, 1);
    let shown = run(house, "round 1").expect(0);
    assert!(shown.out.contains("audit ok"), "{}", shown.out);
    let all = run(house, "audit --all").expect(0);
    assert!(all.out.contains("3 rounds checked, nothing is wrong"));
    assert!(all.out.contains("(member-"), "{}", all.out);
    for told in [&shown.err, &all.err] {
        assert!(
            told.contains("passed over") && told.contains("1.json"),
            "{told}"
        );
    }
    std::fs::write(record(house, 1), right).unwrap();
    let all = run(house, "audit --all").expect(0);
    assert!(!all.out.contains("(member-"), "{}", all.out);
    assert_eq!(all.err, "");
}

fn what_is_at_hand_needs_no_house(house: &TestHouse) {
    // All is right, and whether it is all nobody can say.
    let all = run(house, "audit --all").expect(6);
    assert_eq!(all.out.matches(" ok ").count(), 3, "{}", all.out);
    assert!(
        all.err.contains("3 rounds checked by the records at hand"),
        "{}",
        all.err
    );
    let offline = run(house, "audit --all --offline").expect(0).out;
    assert!(offline.contains("3 rounds checked, nothing is wrong"));
    for (command, what) in [
        ("round 2", "audit ok"),
        ("audit 2", "2.json"),
        ("rounds", "FILLED"),
        ("pairs", "wrap.near"),
        ("prices usdc.near wrap.near 10", "paid     in 1 fill"),
    ] {
        let told = run(house, command).expect(0);
        assert!(told.out.contains(what), "{command}: {}", told.out);
    }

    spoil(house, 3);
    run(house, "audit 3 --offline").expect(8);
    // The newest at hand is none the less for being wrong.
    let newest = run(house, "audit --all --offline").expect(8);
    assert!(
        newest.err.contains("round 3 at hand is wrong"),
        "{}",
        newest.err
    );
    assert!(!newest.out.contains("nothing is wrong"), "{}", newest.out);
    run(house, "audit 4 --offline").expect(1);
    std::fs::remove_file(record(house, 2)).unwrap();
    let gap = run(house, "audit --all --offline").expect(1).err;
    assert!(gap.contains("round 2 is not at hand"), "{gap}");
    let gap = run(house, "audit --all").expect(6).err;
    assert!(
        gap.contains("round 2 is not at hand, though round 3 is"),
        "{gap}"
    );
}
