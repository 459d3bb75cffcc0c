//! By network.

use std::collections::BTreeSet;
use std::thread;

use serde_json::Value;

use crate::{Place, Running, free_address, text};

const OPERATORS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// What a participant has just done, if it is something after which to kill it.
fn step_of(object: &Value) -> Option<String> {
    let event = object["event"].as_str()?;
    match event {
        "posted" => Some(format!("posted {}", object["kind"])),
        "roster" | "called" | "staying" => Some(event.to_owned()),
        _ => None,
    }
}

/// Takes part, is killed with -9 after each step once, and goes on each time.
fn killed_at_every_step(place: &Place, operator: &str, ceremony: &str) -> BTreeSet<String> {
    let mut killed = BTreeSet::new();
    // An address of its own: ports that it finds free are free again for the others while it is
    // dead, and are then another's.
    let number = OPERATORS.iter().position(|name| *name == operator).unwrap();
    let number = u16::try_from(number).unwrap();
    let base = 20_000 + u16::try_from(std::process::id() % 500).unwrap() * 16 + number * 4;
    let listen = format!("127.0.0.1:{base}");
    let mut words = place.taking_part(operator, &["join", ceremony, "--listen", &listen]);
    loop {
        let mut running = Running::start(words);
        words = place.taking_part(operator, &["resume"]);
        loop {
            let Some(object) = running.next() else {
                panic!("{operator} ended after {killed:?}");
            };
            if object["event"] == "done" {
                let (_, code) = running.finish();
                assert_eq!(code, 0, "{operator}");
                return killed;
            }
            if step_of(&object).is_some_and(|step| killed.insert(step)) {
                // On a slow machine it has gone on before the signal comes: what it said last is
                // what it was killed after.
                killed.extend(running.kill().iter().filter_map(step_of));
                break;
            }
        }
    }
}

#[test]
fn who_is_killed_at_any_step_goes_on() {
    let place = Place::with(&OPERATORS);
    let meet = ["--members", "4", "--meet", &free_address()];
    let (file, code) = place.invite("alice", &meet);
    let file = text(&file);
    let killed: Vec<_> = thread::scope(|scope| {
        let place = &place;
        let part = |operator| {
            let ceremony = if operator == "alice" { &file } else { &code };
            scope.spawn(move || killed_at_every_step(place, operator, ceremony))
        };
        let parts: Vec<_> = OPERATORS.map(part).into();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    for (operator, steps) in OPERATORS.iter().zip(&killed) {
        let posted = steps
            .iter()
            .filter(|step| step.starts_with("posted"))
            .count();
        let expected = if *operator == "alice" { 5 } else { 4 };
        assert_eq!(posted, expected, "{operator} was killed after {steps:?}");
    }
    place.check_outcome(&OPERATORS);
}

#[test]
fn seats_are_for_those_who_come_first_and_once() {
    let operators = ["alice", "bob", "carol", "dave"];
    let place = Place::with(&operators);
    let meet = ["--members", "3", "--meet", &free_address()];
    let (file, code) = place.invite("alice", &meet);
    let mut alice = Running::start(place.taking_part("alice", &["join", &text(&file)]));
    alice.until(|object| object["event"] == "waiting");
    let bob = Running::start(place.taking_part("bob", &["join", &code]));
    alice.until(|object| object["free_seats"] == 1);

    // Bob comes a second time, from another directory.
    let identity = text(&place.identity("bob"));
    let again = [
        "join",
        &code,
        "--yes",
        "--work-factor",
        "1",
        "--identity",
        &identity,
    ];
    let (said, exit) = Running::start(place.command("bob-again", &again)).finish();
    assert_eq!(exit, 1, "{said}");
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("takes part in the ceremony already")
    );

    // Another process on the directory that bob's first works on.
    let (said, exit) = Running::start(place.taking_part("bob", &["resume"])).finish();
    assert_eq!(exit, 5, "{said}");

    let last = ["carol", "dave"].map(|operator| {
        (
            operator,
            Running::start(place.taking_part(operator, &["join", &code])),
        )
    });
    let mut seated = vec!["alice", "bob"];
    for (operator, running) in last {
        match running.finish() {
            (_, 0) => seated.push(operator),
            (said, exit) => {
                assert_eq!(exit, 1, "{said}");
                assert!(
                    said["message"].as_str().unwrap().contains("is full"),
                    "{said}"
                );
            }
        }
    }
    assert_eq!(seated.len(), 3, "{seated:?}");
    assert_eq!(bob.finish().1, 0);
    assert_eq!(alice.finish().1, 0);
    place.check_outcome(&seated);
}

/// Two who say the same address: the second is refused, and told who has it.
#[test]
fn one_address_is_for_one_member() {
    let place = Place::with(&["alice", "bob", "carol"]);
    let (file, code) = place.invite("alice", &["--members", "3", "--meet", &free_address()]);
    let mut alice = Running::start(place.taking_part("alice", &["join", &text(&file)]));
    alice.until(|object| object["event"] == "waiting");
    let at = ["join", &code, "--listen", "127.0.0.1:9400"];
    let _bob = Running::start(place.taking_part("bob", &at));
    alice.until(|object| object["free_seats"] == 1);
    let (said, exit) = Running::start(place.taking_part("carol", &at)).finish();
    assert_eq!(exit, 1, "{said}");
    let message = said["message"].as_str().unwrap();
    for words in ["127.0.0.1:9400", "--listen", "who has enrolled"] {
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn ctrl_c_says_how_to_go_on() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let place = Place::with(&["alice"]);
    let meet = ["--members", "3", "--meet", &free_address()];
    let (file, _) = place.invite("alice", &meet);
    for words in [
        vec!["join".to_owned(), text(&file)],
        vec!["resume".to_owned()],
    ] {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let mut alice = Running::start(place.taking_part("alice", &words));
        alice.until(|object| object["event"] == "waiting");
        let pid = Pid::from_raw(alice.child.id().try_into().unwrap());
        kill(pid, Signal::SIGINT).unwrap();
        let (said, exit) = alice.finish();
        assert_eq!(exit, 130, "{said}");
        assert!(
            said["message"].as_str().unwrap().contains("keygen resume"),
            "{said}"
        );
    }
}
