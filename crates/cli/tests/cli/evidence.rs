//! Evidence that a member lied: judged from a file, and listed from a member's store.

use std::fs;

use ed25519_dalek::SigningKey;
use sealbid_protocol::disk::{Table, Write};
use sealbid_protocol::evidence::Evidence;
use sealbid_store::{Identity, Store};
use sealbid_testkit::house::{Founding, House};
use sealbid_types::codec::encode;
use sealbid_types::id::{MemberIndex, Round, Slot};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use serde_json::Value;

use crate::{Ended, Workspace};

/// A workspace with the committee file of a house whose secrets are at hand.
fn workspace() -> (Workspace, House) {
    let (workspace, house) = (Workspace::new(), Founding::of(4).found());
    fs::create_dir(workspace.path("house")).unwrap();
    let committee = serde_json::to_vec(&*house.committee).unwrap();
    workspace.write("house/committee.json", committee);
    (workspace, house)
}

fn report(house: &House, member: u8, ids: &[u8], key: &SigningKey) -> Signed<Report> {
    let body = Report {
        auction: house.committee.auction,
        epoch: house.committee.epoch,
        round: Round(7),
        slot: Slot(9),
        intents: ids.iter().map(|id| [*id; 32].into()).collect(),
        quotes: Vec::new(),
    };
    Signed::new(body, MemberIndex(member), key)
}

/// Two reports of `member-3` for round 7.
fn lie(house: &House) -> Evidence {
    let key = house.identity(MemberIndex(2));
    let reports = [&[1][..], &[1, 2]].map(|ids| report(house, 2, ids, &key));
    Evidence::Reports(Box::new(reports))
}

fn judge(workspace: &Workspace, file: &str, code: i32) -> Value {
    workspace
        .run(&format!("audit --evidence {file} --json"))
        .expect(code)
        .json()
}

#[test]
fn true_evidence_is_0_and_names_who_did_it() {
    let (workspace, house) = workspace();
    workspace.write("lie.json", serde_json::to_vec(&lie(&house)).unwrap());
    workspace.write("lie.bin", encode(&lie(&house)));
    for file in ["lie.json", "lie.bin"] {
        let judged = judge(&workspace, file, 0);
        assert_eq!(judged["evidence"], "proven");
        assert_eq!(judged["offence"], "two_reports");
        assert_eq!(judged["member"], "member-3");
        assert_eq!(judged["index"], 2);
        assert_eq!(judged["round"], 7);
        assert_eq!(judged["view"], Value::Null);
        assert_eq!(judged["error"], Value::Null);
        let digest = |at: usize| judged["statements"][at]["digest"].as_str().unwrap().len();
        assert_eq!([digest(0), digest(1)], [64, 64]);
        assert_ne!(judged["statements"][0], judged["statements"][1]);
    }
    // By the committee file alone, wherever that is.
    let elsewhere = "--dir nowhere --committee house/committee.json";
    let Ended { out, .. } = workspace
        .run(&format!("audit --evidence lie.json {elsewhere}"))
        .expect(0);
    assert!(out.starts_with("PROVEN   (lie.json)\n"), "{out}");
    for words in [
        "member-3 signed two different reports for one round",
        "round 7",
        "reports 1 intent and 0 quotes",
        "reports 2 intents and 0 quotes",
    ] {
        assert!(out.contains(words), "{words:?}: {out}");
    }
}

#[test]
fn what_proves_nothing_is_8_and_names_nobody() {
    let (workspace, house) = workspace();
    let key = house.identity(MemberIndex(2));
    let honest = report(&house, 2, &[1], &key);
    let forged = report(&house, 2, &[1, 2], &house.identity(MemberIndex(1)));
    for (name, pair) in [
        ("one statement twice", [honest.clone(), honest.clone()]),
        ("one that another signed", [honest, forged]),
    ] {
        let evidence = Evidence::Reports(Box::new(pair));
        workspace.write("bad.json", serde_json::to_vec(&evidence).unwrap());
        let judged = judge(&workspace, "bad.json", 8);
        assert_eq!(judged["evidence"], "not_valid", "{name}");
        assert!(judged["error"].is_string(), "{name}");
        for field in ["member", "index", "offence", "round"] {
            assert_eq!(judged[field], Value::Null, "{name}");
        }
        let Ended { out, err, .. } = workspace.run("audit --evidence bad.json").expect(8);
        assert!(
            !format!("{out}{err}").contains("member-"),
            "{name}: {out}{err}"
        );
        assert!(out.contains("PROVES NOTHING"), "{name}: {out}");
    }
    workspace.write("garbage.json", "{\"reports\": 1}");
    workspace
        .run("audit --evidence garbage.json")
        .expect(8)
        .says("is no evidence");
    workspace.run("audit --evidence missing.json").expect(5);
    // Of another house it may be right: the command line names the wrong committee file.
    let mut other = Founding::of(4);
    other.seed = 77;
    other.rules.most_intents = 999;
    let other = other.found();
    workspace.write("foreign.json", serde_json::to_vec(&lie(&other)).unwrap());
    workspace
        .run("audit --evidence foreign.json")
        .expect(4)
        .says("--committee");
    workspace
        .run("audit --evidence foreign.json --file x.json")
        .expect(2);
}

const CONFIG: &str = r#"
committee = "../committee.json"
key_file = "member.key"
[mesh]
v4 = "127.0.0.1:1"
relay = "127.0.0.1:1"
[door]
v4 = "127.0.0.1:1"
"#;

/// Gives a member a directory with a store that keeps these rows of evidence.
fn keep(workspace: &Workspace, house: &House, member: u8, rows: &[(Vec<u8>, Vec<u8>)]) {
    let member = MemberIndex(member);
    let directory = workspace.path(&format!("house/{member}"));
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("member.toml"), CONFIG).unwrap();
    let auction = house.committee.auction;
    let identity = Identity { auction, member };
    let store = Store::open(&directory.join("member.redb"), identity).unwrap();
    let put = |(key, value): &(Vec<u8>, Vec<u8>)| Write::Put {
        table: Table::Evidence,
        key: key.clone(),
        value: value.clone(),
    };
    store
        .commit(&rows.iter().map(put).collect::<Vec<_>>())
        .unwrap();
}

#[test]
fn what_members_keep_is_listed_and_exported_once() {
    let (workspace, house) = workspace();
    let evidence = lie(&house);
    let row = (evidence.key(), encode(&evidence));
    keep(&workspace, &house, 0, core::slice::from_ref(&row));
    // A member that lies about an honest one, and keeps the true one too.
    let key = house.identity(MemberIndex(0));
    let honest = report(&house, 0, &[1], &key);
    let framed = Evidence::Reports(Box::new([honest.clone(), honest]));
    keep(
        &workspace,
        &house,
        1,
        &[row, (framed.key(), encode(&framed))],
    );

    let listed = workspace.run("node evidence --json --export out").expect(0);
    let listed = listed.json();
    let kept = listed["evidence"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "{listed}");
    assert_eq!(kept[0]["member"], "member-3");
    assert_eq!(
        kept[0]["kept_by"],
        serde_json::json!(["member-1", "member-2"])
    );
    assert_eq!(listed["unproven"][0]["member"], "member-2");
    // Whom nobody can ask is said, and is no failure.
    assert_eq!(listed["missing"].as_array().unwrap().len(), 2);

    let file = kept[0]["file"].as_str().unwrap().to_owned();
    assert!(file.starts_with("out/member-3-two-reports-7-"), "{file}");
    assert_eq!(judge(&workspace, &file, 0)["member"], "member-3");
    // Again it is there already; another file of that name is not overwritten.
    workspace.run("node evidence --export out").expect(0);
    workspace.write(&file, "mine");
    workspace
        .run("node evidence --export out")
        .expect(5)
        .says("another file is there");
    assert_eq!(fs::read_to_string(workspace.path(&file)).unwrap(), "mine");

    let text = workspace.run("node evidence").expect(0).out;
    assert!(
        text.contains("member-3  signed two different reports"),
        "{text}"
    );
    workspace.run("node evidence --member 1").expect(0);
    // Its store is not there, and it does not answer.
    workspace.run("node evidence --member 4").expect(6);
    workspace.run("node evidence --member 5").expect(2);
}
