#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::path::Path;

use clap::Parser;
use sealbid_types::id::MemberIndex;
use serde_json::Value;

use super::*;
use crate::account::AccountKey;
use crate::house::HouseDir;
use crate::testing::{FAST, ScriptedTerminal, now, passphrase};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: KeygenCommand,
}

/// Runs a command line; the passphrase is answered as often as it is asked for.
fn run_words(words: &[&str], json: bool) -> Result<String, KeygenError> {
    let words = core::iter::once("keygen").chain(words.iter().copied());
    let command = Arguments::try_parse_from(words).unwrap().command;
    let mut out = Vec::new();
    let mut around = Surroundings {
        dir: Path::new("house"),
        out: &mut out,
        json,
        terminal: &mut ScriptedTerminal::answering(["open sesame"; 2]),
        passphrase: PassphraseSource::Terminal,
        entropy: &[5; 32],
        now: now(),
    };
    run(&command, &mut around)?;
    Ok(String::from_utf8(out).unwrap())
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn deal(house: &Path, more: &[&str], json: bool) -> Result<String, KeygenError> {
    let mut words = vec!["dealer", "--out", text_of(house), "--work-factor", "1"];
    words.extend(more);
    run_words(&words, json)
}

#[test]
fn the_inviters_next_command_names_its_identity() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (identity, file) = (path("alice.key"), path("demo.ceremony"));
    let new = ["identity", "new", "--out", &identity, "--work-factor", "1"];
    run_words(&new, false).unwrap();
    let invite = ["invite", "--name", "demo", "--members", "3", "--files"];
    let files = ["--out", &file, "--identity", &identity];
    let said = run_words(&[&invite[..], &files].concat(), false).unwrap();
    let next = format!("you      sealbid --dir house keygen step {file} --identity {identity}");
    assert!(said.contains(&next), "{said}");
}

#[test]
fn a_dealt_house_says_what_it_is_for() {
    let directory = tempfile::tempdir().unwrap();
    let house = directory.path().join("house");
    let text = deal(&house, &[], false).unwrap();
    for words in [
        "DEVELOPMENT ONLY",
        "4 members, quorum 3",
        "member-4/member.key",
        "next ",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let error = deal(&house, &[], false).unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error}");
}

#[test]
fn json_is_one_object() {
    let directory = tempfile::tempdir().unwrap();
    let house = directory.path().join("house");
    let text = deal(&house, &["--members", "3"], true).unwrap();
    assert_eq!(text.lines().count(), 1);
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["development_only"], true);
    assert_eq!(object["survival"]["quorum"], 2);
    assert_eq!(object["key_files"].as_array().unwrap().len(), 3);
}

#[test]
fn a_bad_quorum_is_refused_before_a_passphrase_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let house = directory.path().join("house");
    let error = deal(&house, &["--quorum", "2"], false).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(
        error
            .to_string()
            .contains("members who together can read everything"),
        "{error}"
    );
    assert!(!house.exists());
    let error = deal(&house, &["--host", "10.0.0.1", "--host", "10.0.0.2"], false).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    let error = deal(&house, &["--base-port", "65510"], false).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
}

#[test]
fn hosts_are_one_or_one_each() {
    let directory = tempfile::tempdir().unwrap();
    let addresses = |name: &str, hosts: &[&str]| {
        let house = directory.path().join(name);
        let mut words = vec!["--members", "3"];
        words.extend(hosts.iter().flat_map(|host| ["--host", host]));
        deal(&house, &words, false).unwrap();
        let (committee, _) = sealbid_client::CommitteeFile::load(&house.join("committee.json"))
            .unwrap()
            .into_parts();
        let door = |member: &sealbid_types::committee::Member| member.door_addresses[0].to_string();
        committee.roster.iter().map(door).collect::<Vec<_>>()
    };
    assert_eq!(
        addresses("a", &[]),
        ["127.0.0.1:7401", "127.0.0.1:7411", "127.0.0.1:7421"]
    );
    assert_eq!(
        addresses("b", &["10.0.0.1"]),
        ["10.0.0.1:7401", "10.0.0.1:7411", "10.0.0.1:7421"]
    );
    let each = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    assert_eq!(
        addresses("c", &each),
        ["10.0.0.1:7401", "10.0.0.2:7401", "10.0.0.3:7401"]
    );
}

/// What traders read to each other, to know that they have the same house's file.
#[test]
fn inspecting_a_committee_file_shows_the_words_of_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let house = directory.path().join("house");
    deal(&house, &[], false).unwrap();
    let file = HouseDir::new(&house).committee();
    let object: Value =
        serde_json::from_str(&run_words(&["inspect", text_of(&file)], true).unwrap()).unwrap();
    let words = object["key_words"].as_str().unwrap();
    assert!(words.split_whitespace().count() >= 4, "{words}");
    let text = run_words(&["inspect", text_of(&file)], false).unwrap();
    assert!(text.contains(&format!("key words   {words}")), "{text}");
}

#[test]
fn inspecting_shows_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let house = HouseDir::new(directory.path().join("house"));
    deal(house.root(), &[], false).unwrap();
    let (committee, first) = (house.committee(), house.member(MemberIndex(0)));
    let (committee, key_file) = (text_of(&committee), first.key());

    let text = run_words(&["inspect", committee], false).unwrap();
    assert!(
        text.contains("DEVELOPMENT ONLY") && text.contains("quorum 3"),
        "{text}"
    );
    let text = run_words(&["inspect", text_of(&key_file)], false).unwrap();
    assert!(
        text.contains("encrypted") && text.contains("N = 2^1)"),
        "{text}"
    );

    let opened = [
        "inspect",
        text_of(&key_file),
        "--open",
        "--committee",
        committee,
    ];
    let text = run_words(&opened, false).unwrap();
    assert!(text.contains("the key file of member-1"), "{text}");
    assert!(
        text.contains("its share is right") && text.contains("quorum 3"),
        "{text}"
    );
    let key = crate::MemberKey::load(&key_file, &passphrase()).unwrap();
    let json = run_words(&opened, true).unwrap();
    let secrets = [key.house_secret(), key.door_secret(), key.group_key()];
    for secret in secrets {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let base58 = bs58::encode(*secret).into_string();
        assert!(
            ![&text, &json]
                .into_iter()
                .any(|out| out.contains(&hex) || out.contains(&base58))
        );
    }
    let object: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(object["kind"], "member-key");
    assert_eq!(object["committee"]["problem"], Value::Null);
}

#[test]
fn inspecting_a_foreign_key_or_another_file() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    deal(&at("a"), &[], false).unwrap();
    deal(&at("b"), &["--name", "other"], false).unwrap();
    let (key, committee) = (at("a/member-1/member.key"), at("b/committee.json"));
    let words = [
        "inspect",
        text_of(&key),
        "--open",
        "--committee",
        text_of(&committee),
    ];
    assert!(
        run_words(&words, false)
            .unwrap()
            .contains("DOES NOT belong")
    );

    let plain = at("alice.json");
    AccountKey::from_entropy(&[1; 32])
        .save_plain(&plain)
        .unwrap();
    let text = run_words(&["inspect", text_of(&plain)], false).unwrap();
    assert!(
        text.contains("whoever reads the file can trade with it"),
        "{text}"
    );
    let encrypted = at("alice.age");
    let account = AccountKey::from_entropy(&[1; 32]);
    account
        .save_encrypted(&encrypted, &passphrase(), FAST)
        .unwrap();
    let text = run_words(&["inspect", text_of(&encrypted), "--open"], false).unwrap();
    assert!(text.contains(account.account_id().as_str()), "{text}");

    let notes = at("notes.txt");
    std::fs::write(&notes, "hello").unwrap();
    let error = run_words(&["inspect", text_of(&notes)], false).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    let error = run_words(&["inspect", "/nonexistent"], false).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
}

#[test]
fn the_definition_is_sound() {
    <Arguments as clap::CommandFactory>::command().debug_assert();
}
