//! Ceremonies by files through the commands themselves, with a person who types.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use crate::command::{KeygenCommand, KeygenError, Surroundings, run};
use crate::passphrase::PassphraseSource;
use crate::testing::{ScriptedTerminal, now};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: KeygenCommand,
}

/// Operators in one directory, each named by a byte that its entropy is made of.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("passphrase"), "open sesame").unwrap();
        for operator in [1, 2, 3] {
            let out = text(&place.key(operator));
            place
                .run(
                    operator,
                    &["identity", "new", "--work-factor", "1", "--out", &out],
                    &[],
                )
                .unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn key(&self, operator: u8) -> PathBuf {
        self.path(&format!("{operator}.key"))
    }

    /// Runs a command; `typed` answers questions.
    fn run(
        &self,
        operator: u8,
        words: &[&str],
        typed: &[&str],
    ) -> Result<(Value, ScriptedTerminal), KeygenError> {
        let words = core::iter::once("keygen").chain(words.iter().copied());
        let command = Arguments::try_parse_from(words).unwrap().command;
        let (mut out, mut terminal) = (Vec::new(), ScriptedTerminal::typing(typed));
        let house = self.path(&operator.to_string());
        let mut around = Surroundings {
            dir: &house,
            out: &mut out,
            json: true,
            terminal: &mut terminal,
            passphrase: PassphraseSource::File(self.path("passphrase")),
            entropy: &[operator; 32],
            now: now(),
        };
        run(&command, &mut around)?;
        let text = String::from_utf8(out).unwrap();
        let last = text.lines().last().unwrap_or("null");
        Ok((serde_json::from_str(last).unwrap(), terminal))
    }

    fn invite(&self) -> PathBuf {
        let (out, key) = (self.path("demo.ceremony"), text(&self.key(1)));
        let out_text = text(&out);
        let words = ["invite", "--name", "demo", "--members", "3", "--files"];
        let more = ["--out", &out_text, "--identity", &key];
        self.run(1, &[&words[..], &more].concat(), &[]).unwrap();
        out
    }

    fn step(
        &self,
        operator: u8,
        files: &[&Path],
        typed: &[&str],
    ) -> Result<(Value, ScriptedTerminal), KeygenError> {
        let (files, key): (Vec<_>, _) = (
            files.iter().map(|file| text(file)).collect(),
            self.key(operator),
        );
        let key = text(&key);
        let mut words = vec!["step", "--work-factor", "1", "--identity", &key];
        words.extend(files.iter().map(String::as_str));
        self.run(operator, &words, typed)
    }

    /// The inviter's roster is called, once two have enrolled and it has typed yes.
    fn roster(&self) -> PathBuf {
        let invitation = self.invite();
        let enrolments = [2, 3].map(|operator| {
            let (said, _) = self.step(operator, &[&invitation], &[]).unwrap();
            PathBuf::from(said["file"].as_str().unwrap())
        });
        let [two, three] = &enrolments;
        let (said, terminal) = self.step(1, &[two, three], &["yes"]).unwrap();
        assert_eq!(terminal.prompts.len(), 1, "{:?}", terminal.prompts);
        said["file"].as_str().unwrap().into()
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn who_says_no_says_nothing_more_and_may_say_yes_later() {
    let place = Place::new();
    let roster = place.roster();
    let refused = place.step(2, &[&roster], &["no"]).unwrap_err();
    assert_eq!(refused.exit_code(), 1, "{refused}");
    let house = place.path("2");
    assert!(!house.join("ceremony/accepted").exists());
    let dealings = || {
        let board = super::directory::read_board(&house.join("ceremony/board")).unwrap();
        let members = sealbid_types::id::MemberIndex::all(3);
        members
            .map(|member| board.dealings(member).len())
            .sum::<usize>()
    };
    assert_eq!(dealings(), 1, "the inviter's alone");
    let (said, _) = place.step(2, &[&roster], &["yes"]).unwrap();
    assert_eq!(said["stage"], "dealing");
    assert_eq!(dealings(), 2);
    let (_, terminal) = place.step(2, &[&roster], &[]).unwrap();
    assert!(terminal.prompts.is_empty(), "asked once");
}

#[test]
fn inspect_tells_what_the_files_of_a_ceremony_are() {
    let place = Place::new();
    let roster = place.roster();
    let inspect = |file: &Path, more: &[&str]| {
        let file = text(file);
        let words = [&["inspect", &file], more].concat();
        place.run(1, &words, &[]).map(|(said, _)| said)
    };
    let ceremony = inspect(&roster, &[]).unwrap();
    assert_eq!(ceremony["kind"], "ceremony");
    assert_eq!(ceremony["dealings"], 1);
    assert_eq!(ceremony["survival"]["quorum"], 2);
    assert_eq!(ceremony["enrolled"].as_array().unwrap().len(), 3);
    let session_key = place.path("1").join("ceremony/session.age");
    for (file, kind) in [(&place.key(1), "identity"), (&session_key, "session-key")] {
        assert_eq!(inspect(file, &[]).unwrap()["kind"], "encrypted");
        let opened = inspect(file, &["--open"]).unwrap();
        assert_eq!(opened["kind"], kind);
    }
    let mut bytes = fs::read(&roster).unwrap();
    bytes.pop();
    fs::write(&roster, bytes).unwrap();
    let refused = inspect(&roster, &[]).unwrap_err();
    assert_eq!(refused.exit_code(), 4, "{refused}");
}

#[test]
fn a_second_session_key_of_one_identity_is_told() {
    let place = Place::new();
    let invitation = place.invite();
    place.step(2, &[&invitation], &[]).unwrap();
    let first = place.path("2").join("ceremony/board");
    // The same identity, another directory: another session key.
    fs::copy(place.key(2), place.path("9.key")).unwrap();
    let refused = place.step(9, &[&first], &[]).unwrap_err();
    assert!(refused.to_string().contains("takes part"), "{refused}");
    assert_eq!(refused.exit_code(), 1);
}

#[test]
fn a_lock_left_behind_by_nobody_is_no_obstacle_and_one_that_is_held_is() {
    let place = Place::new();
    let invitation = place.invite();
    let directory = super::directory::CeremonyDir::new(&place.path("2"));
    let held = directory.lock().unwrap();
    let refused = place.step(2, &[&invitation], &[]).unwrap_err();
    assert_eq!(refused.exit_code(), 5, "{refused}");
    drop(held);
    place.step(2, &[&invitation], &[]).unwrap();
}
