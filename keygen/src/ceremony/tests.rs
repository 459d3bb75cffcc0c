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
use sealbid_types::codec::encode;
use sealbid_types::time::Timestamp;
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
        self.run_at(now(), operator, words, typed)
    }

    /// The same by a clock that shows another time.
    fn run_at(
        &self,
        now: Timestamp,
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
            now,
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

    /// Everybody's next step, given what all have carried so far, and the files of that.
    fn all_step(&self, files: &[PathBuf], typed: &[&str]) -> Vec<PathBuf> {
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let step = |operator: u8| {
            let typed = if operator == 1 { &[] } else { typed };
            let (said, _) = self.step(operator, &files, typed).unwrap();
            PathBuf::from(said["file"].as_str().unwrap())
        };
        [1, 2, 3].map(step).into()
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
    let commitments = || {
        let board = super::directory::read_board(&house.join("ceremony/board")).unwrap();
        let members = sealbid_types::id::MemberIndex::all(3);
        members
            .map(|member| board.commitments(member).len())
            .sum::<usize>()
    };
    assert_eq!(commitments(), 1, "the inviter's alone");
    let (said, _) = place.step(2, &[&roster], &["yes"]).unwrap();
    assert_eq!(said["stage"], "committing");
    assert_eq!(commitments(), 2);
    let (_, terminal) = place.step(2, &[&roster], &[]).unwrap();
    assert!(terminal.prompts.is_empty(), "asked once");
}

/// The inviter shows Bob, who has confirmed, a second dealing instead of its confirmation. Others may
/// have a key that counts: Bob is told to keep what it has, and has its share in the end.
#[test]
fn who_has_confirmed_is_told_to_keep_everything() {
    let place = Place::new();
    let roster = place.roster();
    let commitments = place.all_step(&[roster], &["yes"]);
    let dealings = place.all_step(&commitments, &[]);
    let confirmations = place.all_step(&dealings, &[]);

    let board = super::directory::read_board(&confirmations[0]).unwrap();
    let session = board.session().unwrap().as_ref().unwrap();
    let index = session.index_of(&board.invitation().author).unwrap();
    let passphrase = crate::passphrase::Passphrase::new("open sesame").unwrap();
    let identity = crate::identity::Identity::load(&place.key(1), &passphrase).unwrap();
    let mut second = board.dealings(index)[0].body.clone();
    second.contribution = [9; 32].into();
    let second = sealbid_dkg::Signed::new(second, &identity.signing_key());
    let mut shown = super::directory::read_board(&dealings[1]).unwrap();
    shown.post(sealbid_dkg::Message::Dealing(second)).unwrap();
    let lie = place.path("lie.ceremony");
    fs::write(&lie, shown.to_bytes()).unwrap();

    let refused = place.step(2, &[&lie], &[]).unwrap_err();
    assert_eq!(refused.exit_code(), 10, "{refused}");
    let message = refused.to_string();
    let inviter = index.to_string();
    for word in ["IN DOUBT", "dealt twice", "Keep", "recover", &inviter] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert!(!message.contains("nothing of it may be used"), "{message}");
    assert!(place.path("2").join("ceremony/session.age").exists());
    // Who has not confirmed is told what is true for it.
    let files: Vec<&Path> = confirmations.iter().map(PathBuf::as_path).collect();
    let (said, _) = place.step(2, &files, &[]).unwrap();
    assert_eq!(
        said["event"], "done",
        "once the confirmation comes from elsewhere"
    );
}

/// A board as a file holds it, by whoever makes the file: no honest program writes such a one.
#[derive(serde::Serialize, serde::Deserialize)]
struct Messages(Vec<sealbid_dkg::Message>);
sealbid_types::schema!(
    Messages,
    "sealbid.ceremony.board",
    2,
    sealbid_dkg::board::MOST_BOARD_BYTES
);

/// A file that may be read, with a dealing in it that leaves no room for anybody else's.
#[test]
fn a_dealing_that_fills_the_board_leaves_a_board_to_resume_from() {
    let place = Place::new();
    let roster = place.roster();
    let commitments = place.all_step(&[roster], &["yes"]);
    let dealings = place.all_step(&commitments, &[]);

    let board = super::directory::read_board(&dealings[2]).unwrap();
    let session = board.session().unwrap().as_ref().unwrap();
    let passphrase = crate::passphrase::Passphrase::new("open sesame").unwrap();
    let identity = crate::identity::Identity::load(&place.key(3), &passphrase).unwrap();
    let index = session.index_of(&identity.public_key()).unwrap();
    let most = sealbid_dkg::board::MOST_BOARD_BYTES;
    let with_payloads = |count: usize| {
        let mut second = board.dealings(index)[0].body.clone();
        second.payloads = vec![[7; 64].into(); count];
        let second = sealbid_dkg::Signed::new(second, &identity.signing_key());
        let second = sealbid_dkg::Message::Dealing(second);
        encode(&Messages(board.messages().chain([second]).collect()))
    };
    let room = most - with_payloads(0).len();
    let bytes = with_payloads(room / 64 - 1);
    assert!((most - 200..=most).contains(&bytes.len()));
    let bloated = place.path("bloated.ceremony");
    fs::write(&bloated, bytes).unwrap();

    let refused = place.step(2, &[&bloated], &[]).unwrap_err().to_string();
    let key = text(&place.key(2));
    let resume = ["resume", "--work-factor", "1", "--identity", &key];
    let (said, _) = place.run(2, &resume, &[]).unwrap();
    assert_eq!(said["stage"], "dealing");
    let culprit = identity.public_key().to_string();
    assert!(refused.contains(&culprit), "{refused}");
    let files: Vec<&Path> = dealings.iter().map(PathBuf::as_path).collect();
    let (said, _) = place.step(2, &files, &[]).unwrap();
    assert_eq!(said["stage"], "confirming");
}

/// Cut off before the ceremony was known: `resume` says how to begin again. Cut off while the
/// session's key was being encrypted: it goes on.
#[test]
fn resume_tells_or_goes_on_wherever_the_beginning_was_cut_off() {
    let place = Place::new();
    let invitation = place.invite();
    let (house, key) = (place.path("2"), text(&place.key(2)));
    let resume = ["resume", "--work-factor", "1", "--identity", &key];
    let refused = place.run(2, &resume, &[]).unwrap_err().to_string();
    assert!(refused.contains("there is no ceremony"), "{refused}");
    drop(super::directory::CeremonyDir::new(&house).lock().unwrap());
    let refused = place.run(2, &resume, &[]).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    let refused = refused.to_string();
    assert!(refused.contains("nothing has been sent"), "{refused}");
    assert!(refused.contains("join"), "{refused}");
    fs::copy(&invitation, house.join("ceremony/board")).unwrap();
    let (said, _) = place.run(2, &resume, &[]).unwrap();
    assert_eq!(said["stage"], "enrolling");
    assert!(house.join("ceremony/session.age").exists());
}

/// The board is written before the session's key is: to encrypt that is what takes long.
#[test]
fn a_key_that_cannot_be_written_leaves_a_ceremony_to_resume() {
    let place = Place::new();
    let invitation = place.invite();
    let house = place.path("2");
    // Something is in the key's place, so that it cannot be read, let alone written.
    fs::create_dir_all(house.join("ceremony/session.age")).unwrap();
    place.step(2, &[&invitation], &[]).unwrap_err();
    assert!(house.join("ceremony/board").exists());
}

/// Two by files who say the same address: the inviter is told who they are.
#[test]
fn two_at_one_address_are_both_named() {
    let place = Place::new();
    let invitation = text(&place.invite());
    let enrol = |operator: u8| {
        let key = text(&place.key(operator));
        let words = [
            "step",
            "--work-factor",
            "1",
            "--identity",
            &key,
            "--listen",
            "192.0.2.1:7400",
        ];
        let (said, _) = place
            .run(operator, &[&words[..], &[&invitation]].concat(), &[])
            .unwrap();
        PathBuf::from(said["file"].as_str().unwrap())
    };
    let files = [2, 3].map(enrol);
    place.step(1, &[&files[0]], &[]).unwrap();
    let (said, terminal) = place.step(1, &[&files[1]], &[]).unwrap();
    assert_eq!(said["stage"], "enrolling", "carol has no seat");
    let warning = terminal.warnings.join("\n");
    assert!(warning.contains("192.0.2.1:7400"), "{warning}");
    for operator in [2, 3] {
        let passphrase = crate::passphrase::Passphrase::new("open sesame").unwrap();
        let identity = crate::identity::Identity::load(&place.key(operator), &passphrase).unwrap();
        assert!(warning.contains(&identity.words().to_string()), "{warning}");
    }
    // Who sees the other's enrolment beforehand is told at once, before anything is written.
    let first = text(&files[0]);
    let key = text(&place.key(3));
    let words = [
        "step",
        "--work-factor",
        "1",
        "--identity",
        &key,
        "--listen",
        "192.0.2.1:7401",
    ];
    let refused = place
        .run(9, &[&words[..], &[&first]].concat(), &[])
        .unwrap_err();
    assert_eq!(refused.exit_code(), 1);
    assert!(refused.to_string().contains("--listen"), "{refused}");
    assert!(!place.path("9").join("ceremony/board").exists());
}

/// Its door is the port after the one that it names, and the next member's first choice.
#[test]
fn a_place_that_is_chosen_is_nobodys_door() {
    let place = Place::new();
    let (invitation, key) = (text(&place.invite()), text(&place.key(2)));
    let listen = ["--listen", "127.0.0.1:7399", &invitation];
    let words = ["step", "--work-factor", "1", "--identity", &key];
    let (said, _) = place.run(2, &[&words[..], &listen].concat(), &[]).unwrap();
    let board = super::directory::read_board(Path::new(said["file"].as_str().unwrap())).unwrap();
    let theirs = &board.enrolments()[0].body.member;
    assert_eq!(theirs.door_addresses[0].port(), 7400);

    let meeting = sealbid_dkg::Meeting {
        endpoint: board.invitation().author,
        addresses: vec!["127.0.0.1:1".parse().unwrap()],
        relay: None,
    };
    let own = board.invitation().author;
    let mut contact = super::contact::Contact::new(None, Some(&meeting));
    let chosen = contact.choose(&board, &own).unwrap();
    let of_house = chosen.house_addresses.iter();
    for address in of_house.chain(&chosen.door_addresses) {
        assert!(!theirs.house_addresses.contains(address), "{chosen:?}");
        assert!(!theirs.door_addresses.contains(address), "{chosen:?}");
    }
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
    assert_eq!(
        (&ceremony["commitments"], &ceremony["dealings"]),
        (&1.into(), &0.into())
    );
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

/// A house of an inviter whose clock is hours ahead would take no order for hours.
#[test]
fn an_inviter_whose_clock_is_ahead_is_told_of_before_anything_is_said() {
    let place = Place::new();
    let invitation = text(&place.invite());
    let key = text(&place.key(2));
    let words = [
        "step",
        "--work-factor",
        "1",
        "--identity",
        &key,
        &invitation,
    ];
    let ago = |seconds: u64| Timestamp(now().0 - 1000 * seconds);
    let refused = place.run_at(ago(7200), 2, &words, &[]).unwrap_err();
    assert_eq!(refused.exit_code(), 7, "{refused}");
    assert!(refused.to_string().contains("2h before that"), "{refused}");
    assert!(!place.path("2").join("ceremony/board").exists());
    place.run_at(ago(30), 2, &words, &[]).unwrap();

    // Of a roster that is called later, who has begun is warned before it is asked.
    let place = Place::new();
    let (roster, key) = (text(&place.roster()), text(&place.key(2)));
    let words = ["step", "--work-factor", "1", "--identity", &key, &roster];
    let (_, terminal) = place.run_at(ago(7200), 2, &words, &["yes"]).unwrap();
    let warning = terminal.warnings.join("\n");
    assert!(
        warning.contains("the inviter's clock is 2h ahead"),
        "{warning}"
    );
}
