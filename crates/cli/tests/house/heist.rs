//! `sealbid demo --heist`, and the commands that it prints at its end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs a heist whose temporary directories lie in this one.
fn heist(temporary: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealbid"))
        .args(["demo", "--heist", "--seed", "7", "--json"])
        .env("TMPDIR", temporary)
        .env("SEALBID_CONFIG", "")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn strings(value: &Value) -> BTreeSet<String> {
    let all = value.as_array().unwrap().iter();
    all.map(ToString::to_string).collect()
}

/// An amount in base units.
fn units(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn a_heist_comes_to_nothing_and_what_it_prints_shows_that() {
    let temporary = tempfile::tempdir().unwrap();
    let ended = heist(temporary.path());
    let (out, said) = (
        String::from_utf8(ended.stdout).unwrap(),
        String::from_utf8(ended.stderr).unwrap(),
    );
    assert!(ended.status.success(), "{out}\n{said}");
    let report: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(out.lines().count(), 1, "{out}");
    assert_eq!(report["ok"], true, "{report:#}");
    assert_eq!(report["problems"], serde_json::json!([]));
    check_acts(&report);
    check_lanes(&report);

    // What stays is public, and nothing else does.
    let directory = Path::new(report["directory"].as_str().unwrap());
    assert!(directory.starts_with(temporary.path()));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
    let names = fs::read_dir(directory).unwrap();
    let names: BTreeSet<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = ["committee.json", "evidence", "records", "tokens.toml"];
    assert_eq!(names, expected.map(str::to_owned).into());

    // As they are pasted into a shell.
    let commands = report["audit"].as_array().unwrap();
    assert_eq!(commands.len(), 2);
    let member = format!(
        "member-{}",
        report["acts"]["forged_shares"]["member"].as_u64().unwrap() + 1
    );
    for (command, expected) in commands.iter().zip(["nothing is wrong", &member]) {
        let run = Command::new("sh")
            .args(["-c", command.as_str().unwrap()])
            .env("SEALBID_CONFIG", "")
            .output()
            .unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        assert!(run.status.success(), "{command}: {printed}");
        assert!(printed.contains(expected), "{command}: {printed}");
    }
}

fn check_acts(report: &Value) {
    let acts = &report["acts"];
    let pooled = &acts["pooled_shares"];
    let before = strings(&pooled["before_the_close"]);
    assert_eq!(before.len() as u64 + 1, report["quorum"].as_u64().unwrap());
    assert!(pooled["noise"].is_string());
    assert_eq!(
        pooled["after_the_close"].as_array().unwrap().len(),
        before.len() + 1
    );
    assert_eq!(pooled["opened"], true);

    let copied = &acts["copied_envelope"];
    assert_eq!(copied["renamed"]["refused"], "proof");
    assert_eq!(copied["moved"]["refused"], "signature");
    assert_eq!(copied["repeated"]["receipt"]["is_the_originals"], true);
    assert_eq!(copied["renamed_later"]["refused"], "shared-u");
    let late = &copied["repeated_after_the_close"];
    assert_eq!(late["refused"], "already-listed");
    assert_eq!(copied["listed"], 1);

    let killed = &acts["killed_member"];
    let member = killed["member"].to_string();
    assert_ne!(killed["phase"], "intents");
    assert_eq!(killed["settled"], true);
    assert!(killed["closed_by"].as_array().unwrap().len() == 3);
    let all = (0..4).map(|index| index.to_string());
    let others: BTreeSet<String> = all.filter(|other| *other != member).collect();

    let dropped = &acts["dropped_intent"];
    assert_eq!(dropped["proposer"].to_string(), member);
    assert_eq!(strings(&dropped["voted_against"]), others);
    assert!(strings(&dropped["voted_for"]).is_empty());
    assert!(dropped["certified_view"].as_u64() > dropped["view"].as_u64());
    assert_eq!(dropped["listed"], true);

    let forged = &acts["forged_shares"];
    assert_eq!(forged["member"].to_string(), member);
    assert_eq!(forged["offence"], "wrong_decryption_share");
    let named_by = strings(&forged["named_by"]);
    assert!(
        !named_by.is_empty() && named_by.is_subset(&others),
        "{forged}"
    );
}

fn check_lanes(report: &Value) {
    let orders = report["orders"].as_array().unwrap();
    let (mut open_lost, mut sealed_lost, mut taken) = (0, 0, 0);
    for order in orders {
        let limit = units(&order["at_least"]);
        // One in six asks for too much, in either lane.
        assert_eq!(
            order["open"].is_null(),
            order["sealed"].is_null(),
            "{order}"
        );
        if order["open"].is_null() {
            continue;
        }
        let (open, sealed) = (units(&order["open"]), units(&order["sealed"]));
        assert!(limit <= open && open < sealed, "{order}");
        assert!(open < units(&order["open_undisturbed"]), "{order}");
        open_lost += units(&order["open_lost"]);
        sealed_lost += units(&order["sealed_lost"]);
        taken += units(&order["taken_worth"]);
    }
    let lanes = &report["lanes"];
    assert_eq!(lanes["unit"], "usdc.near");
    assert_eq!(units(&lanes["open_lost"]), open_lost);
    assert_eq!(units(&lanes["sealed_lost"]), sealed_lost);
    assert_eq!(units(&lanes["taken"]), taken);
    assert!(0 < taken && taken <= open_lost && sealed_lost < open_lost);
    let filled = orders
        .iter()
        .filter(|order| !order["open"].is_null())
        .count();
    assert!(filled < orders.len());
    assert_eq!(lanes["open_filled"], filled);
    assert_eq!(lanes["sealed_filled"], filled);
}
