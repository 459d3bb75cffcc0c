//! What is refused, and how.

use std::fs;

use crate::{Place, free_address, run, text};

#[test]
fn what_is_wrong_is_said_by_exit_code() {
    let place = Place::with(&["alice", "bob"]);
    let (file, _) = place.invite("alice", &["--members", "3", "--files"]);
    let invitation = text(&file);
    let part = |words: &[&str]| run(place.taking_part("bob", words));

    for (words, code, message) in [
        (&["step", "nowhere"][..], 4, "there is no file"),
        (&["join", "nowhere"], 2, "neither a ceremony file"),
        (&["join", "sealbid1abc"], 2, "not whole"),
        (&["join", "sealbid9abc"], 2, "another version"),
        (&["join", &invitation], 2, "use `step`"),
        // A directory is there from the attempt before.
        (&["resume"], 2, "nothing has been sent"),
        (
            &["step", &text(&place.identity("bob"))],
            4,
            "no ceremony file",
        ),
    ] {
        let said = part(words);
        assert_eq!(said.code, code, "{words:?}: {said:?}");
        assert!(said.messages.contains(message), "{words:?}: {said:?}");
    }
    let nobody = place.command("eve", &["step", &invitation, "--identity", "nowhere.key"]);
    let said = run(nobody);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.messages.contains("identity new"), "{said:?}");

    assert_eq!(part(&["step", &invitation]).code, 0);
    let (house, right) = (place.house("bob"), "open sesame\n");
    place.passphrase("passphrase", "open sesam\n");
    assert_eq!(part(&["resume"]).code, 3, "a wrong passphrase");
    place.passphrase("passphrase", right);
    assert_eq!(part(&["resume"]).code, 0);
    for name in ["ceremony/board", "ceremony/session.age"] {
        let path = house.join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let said = part(&["resume"]);
        assert_eq!(said.code, 4, "{name}: {said:?}");
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(part(&["resume"]).code, 0, "whole again");
}

#[test]
fn a_yes_needs_somebody_who_says_it() {
    let place = Place::with(&["alice", "bob", "carol"]);
    let (file, _) = place.invite("alice", &["--members", "3", "--files"]);
    let mut files = vec![text(&file)];
    for who in ["bob", "carol"] {
        let said = run(place.taking_part(who, &["step", &text(&file)]));
        files.push(said.last()["file"].as_str().unwrap().to_owned());
    }
    let identity = text(&place.identity("alice"));
    let mut words = vec!["step", "--work-factor", "1", "--identity", &identity];
    words.extend(files.iter().map(String::as_str));
    let said = run(place.command("alice", &words));
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.messages.contains("--yes"), "{said:?}");
    words.push("--yes");
    assert_eq!(run(place.command("alice", &words)).code, 0);
}

#[test]
fn nobody_begins_after_the_deadline() {
    let place = Place::with(&["alice"]);
    let hurry = [
        "--members",
        "3",
        "--deadline",
        "1s",
        "--meet",
        &free_address(),
    ];
    let (file, code) = place.invite("alice", &hurry);
    std::thread::sleep(core::time::Duration::from_millis(2100));
    for ceremony in [code, text(&file)] {
        let said = run(place.taking_part("alice", &["join", &ceremony]));
        assert_eq!(said.code, 7, "{said:?}");
        assert!(said.messages.contains("expired"), "{said:?}");
        let clock = "by this machine's clock, which says 2";
        assert!(said.messages.contains(clock), "{said:?}");
    }
}

#[test]
fn the_code_is_shown_again() {
    let place = Place::with(&["alice"]);
    let meet = free_address();
    let (file, code) = place.invite("alice", &["--members", "3", "--meet", &meet]);
    let said = run(place.command("alice", &["code", &text(&file)]));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.last()["code"], code.as_str());
    let nothing = run(place.command("alice", &["code"]));
    assert_eq!(nothing.code, 2, "{nothing:?}");
}

#[test]
fn one_directory_is_for_one_ceremony() {
    let place = Place::with(&["alice", "bob"]);
    let (first, _) = place.invite("alice", &["--members", "3", "--files"]);
    assert_eq!(
        run(place.taking_part("bob", &["step", &text(&first)])).code,
        0
    );
    fs::remove_file(&first).unwrap();
    let (second, _) = place.invite("alice", &["--members", "3", "--files"]);
    let said = run(place.taking_part("bob", &["step", &text(&second)]));
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.messages.contains("--dir NEW"), "{said:?}");
}
