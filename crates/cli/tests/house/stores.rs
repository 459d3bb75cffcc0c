//! Members' stores: looked through, exported, and shortened.

use std::fs;
use std::path::Path;
use std::process::Command;

use sealbid_client::CommitteeFile;
use sealbid_protocol::disk::{Table, Write};
use sealbid_protocol::member::RECORDS_SINCE;
use sealbid_store::{Identity, Store, StoreError};
use sealbid_types::codec::SchemaName;
use sealbid_types::id::{MemberIndex, Round};
use serde_json::Value;

use crate::ended::{Ended, command};
use crate::kit::{TestHouse, start_up, wait_for};

/// Runs a command where the house stands.
fn run(house: &TestHouse, arguments: &str) -> Ended {
    let mut command = command(house, arguments);
    Ended::from(
        command
            .current_dir(house.directory.path())
            .output()
            .unwrap(),
    )
}

fn check(house: &TestHouse, member: MemberIndex, code: i32) -> Value {
    let config = house.dir().member(member).config();
    let command = format!("node store check --json --config {}", config.display());
    run(house, &command).expect(code).last()
}

/// A stopped member's store.
fn store(house: &TestHouse, member: MemberIndex) -> Store {
    let committee = CommitteeFile::load(&house.dir().committee()).unwrap();
    let auction = committee.committee().auction;
    let config = house.dir().member(member).config();
    let path = config.with_file_name("member.redb");
    Store::open(&path, Identity { auction, member }).unwrap()
}

async fn stop(house: &mut TestHouse) {
    house.up.interrupt();
    let stopped = || {
        let mut members = MemberIndex::all(3);
        members.all(|member| {
            let path = house.dir().member(member).config();
            let survey = Store::survey(&path.with_file_name("member.redb"));
            !matches!(survey, Err(StoreError::Locked { .. }))
        })
    };
    wait_for("the house to stop", stopped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_looked_through_and_written_to_files() {
    let mut house = TestHouse::start(3).await;
    for _ in 0..2 {
        let id = house.swap().await;
        house.outcome(id).await;
    }
    house.relayed().await;
    house.caught_up(MemberIndex(0)).await;
    // While it runs the store is its process's, and its door tells what it has kept.
    let held = run(&house, "node store check").expect(5);
    assert!(held.err.contains("held by another process"), "{}", held.err);
    assert!(held.err.contains("stop the member first"), "{}", held.err);
    let kept = run(&house, "node evidence --json").expect(0).last();
    assert_eq!(kept["evidence"].as_array().unwrap().len(), 0);
    assert_eq!(kept["missing"].as_array().unwrap().len(), 0, "{kept}");
    stop(&mut house).await;

    let member = MemberIndex(0);
    let looked = check(&house, member, 0);
    assert_eq!(looked["ok"], true);
    assert_eq!(looked["member"], "member-1");
    assert_eq!(looked["settled"], 2);
    let rows = |table: &str| {
        let tables = looked["tables"].as_array().unwrap();
        let of = tables.iter().find(|each| each["table"] == table);
        of.unwrap()["rows"].as_u64().unwrap()
    };
    assert_eq!(
        [rows("records"), rows("certificates"), rows("closes")],
        [2; 3]
    );
    assert!(rows("outcomes") >= 4);
    let text = run(&house, "node store check").expect(0).out;
    assert!(
        text.contains("2 settled rounds; nothing is wrong"),
        "{text}"
    );

    what_is_written_is_audited(&house);
    what_is_wrong_is_named(&house, member);
}

fn what_is_written_is_audited(house: &TestHouse) {
    let written = run(house, "node store export --to out --json")
        .expect(0)
        .last();
    assert_eq!(written["records"]["new"], 2, "{written}");
    assert_eq!(written["certificates"]["new"], 2);
    let again = run(house, "node store export --to out --json")
        .expect(0)
        .last();
    assert_eq!(
        [&again["records"]["new"], &again["records"]["there"]],
        [0, 2]
    );
    // The very bytes that the relayer has written.
    let out = house.directory.path().join("out");
    let exported = |round: u64| out.join(format!("records/{round}.json"));
    for round in [1, 2] {
        let relayed = fs::read(house.dir().record(Round(round))).unwrap();
        assert_eq!(fs::read(exported(round)).unwrap(), relayed);
        assert!(out.join(format!("certificates/{round}.json")).exists());
    }
    let mut audit = Command::new(env!("CARGO_BIN_EXE_sealbid"));
    audit
        .args(["--dir", "out", "audit", "--all", "--offline", "--committee"])
        .arg(house.dir().committee())
        .env("SEALBID_CONFIG", "")
        .current_dir(house.directory.path());
    Ended::from(audit.output().unwrap()).expect(0);
    // Nothing is overwritten.
    fs::write(exported(2), "mine").unwrap();
    let refused = run(house, "node store export --to out").expect(5);
    assert!(
        refused.err.contains("another file is there"),
        "{}",
        refused.err
    );
    assert_eq!(fs::read(exported(2)).unwrap(), b"mine");
}

fn what_is_wrong_is_named(house: &TestHouse, member: MemberIndex) {
    let key = 1_u64.to_be_bytes();
    let record = {
        let store = store(house, member);
        let record = store.get(Table::Records, &key).unwrap().unwrap();
        let gone = Write::Delete {
            table: Table::Records,
            key: key.to_vec(),
        };
        store.commit(&[gone]).unwrap();
        record
    };
    let looked = check(house, member, 5);
    assert_eq!(looked["ok"], false);
    assert_eq!(looked["first"]["table"], "records");
    assert_eq!(looked["first"]["key"], "2");
    let what = looked["first"]["what"].as_str().unwrap();
    assert!(what.contains("round 1 is missing"), "{what}");
    // With a byte of its openings changed it does not check out.
    let mut changed = record.clone();
    let at = changed.len() - 200;
    changed[at] ^= 1;
    put(house, member, Table::Records, &key, &changed);
    assert_eq!(check(house, member, 5)["first"]["key"], "1");
    let text = run(house, "node store check").expect(5);
    assert!(text.out.contains("WRONG: row 1 of records"), "{}", text.out);
    assert!(text.err.contains("docs/operations.md"), "{}", text.err);
    put(house, member, Table::Records, &key, &record);
    check(house, member, 0);
    // A bit of the disk.
    let archive = house.dir().member(member).config();
    let archive = archive.with_file_name("member.archive.redb");
    spoil(&archive);
    run(house, "node store check").expect(5);
    assert_eq!(
        run(house, "node store check --config nowhere").code,
        Some(2)
    );
}

fn put(house: &TestHouse, member: MemberIndex, table: Table, key: &[u8], value: &[u8]) {
    let (key, value) = (key.to_vec(), value.to_vec());
    let write = Write::Put { table, key, value };
    store(house, member).commit(&[write]).unwrap();
}

/// Changes bytes all over a file's second half.
fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let half = bytes.len() / 2;
    for byte in bytes[half..].iter_mut().step_by(100) {
        *byte ^= 0x10;
    }
    fs::write(path, bytes).unwrap();
}

/// What a member does once its operator keeps records for less long.
fn forget_the_first_record(house: &TestHouse, member: MemberIndex) {
    let since = SchemaName {
        name: "sealbid.records-since",
        version: 1,
        max_bytes: 64,
    };
    let gone = Write::Delete {
        table: Table::Records,
        key: 1_u64.to_be_bytes().to_vec(),
    };
    let since = Write::Put {
        table: Table::Meta,
        key: RECORDS_SINCE.to_vec(),
        value: [&since.prefix()[..], &[2]].concat(),
    };
    store(house, member).commit(&[gone, since]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_gone_comes_from_another_member() {
    let mut house = TestHouse::start(3).await;
    for _ in 0..2 {
        let id = house.swap().await;
        house.outcome(id).await;
    }
    let all = [0, 1, 2].map(MemberIndex);
    for member in all {
        house.caught_up(member).await;
    }
    for (forgetful, code) in [(&all[..2], 0), (&all[2..], 1)] {
        stop(&mut house).await;
        for member in forgetful {
            forget_the_first_record(&house, *member);
            assert_eq!(check(&house, *member, 0)["records_since"], 2);
        }
        house.up = start_up(house.directory.path(), 3, None);
        house.opens().await;
        house.all_hear_each_other().await;
        // Without those that the relayer has written.
        let _ = fs::remove_dir_all(house.dir().records());
        let audit = run(&house, "audit --all --json").expect(code);
        if code == 0 {
            assert!(
                audit.out.contains("\"source\":\"member-3\""),
                "{}",
                audit.out
            );
            continue;
        }
        let told = audit.last();
        assert_eq!(told["code"], "record-gone", "{told}");
        let message = told["message"].as_str().unwrap();
        assert!(message.contains("from round 2 on"), "{message}");
        run(&house, "audit 2").expect(0);
        run(&house, "rounds").expect(0);
    }
}
