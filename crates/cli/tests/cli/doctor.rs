//! `sealbid doctor` where nothing runs: a house whose members are down, a member's directory, and a
//! trader's machine with a committee file alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::{Ended, Workspace};

/// The check of this subject.
#[track_caller]
fn check(doctor: &Value, subject: &str) -> Value {
    let checks = doctor["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["subject"] == subject);
    found
        .unwrap_or_else(|| panic!("no {subject}: {doctor}"))
        .clone()
}

#[track_caller]
fn level(doctor: &Value, subject: &str, level: &str) -> Value {
    let check = check(doctor, subject);
    assert_eq!(check["level"], level, "{check}");
    check
}

/// Every house here has the same ports, at which `doctor` listens for a moment: one after the other.
static TURN: Mutex<()> = Mutex::new(());

/// A dealt house with configurations, of whose members none runs.
fn house() -> (Workspace, MutexGuard<'static, ()>) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let workspace = Workspace::with_house();
    for member in 1..=3 {
        workspace
            .run(&format!(
                "node init --member {member} --passphrase-file passphrase"
            ))
            .expect(0);
    }
    (workspace, turn)
}

/// A member that was killed leaves its id behind, which is given to another process one day.
#[test]
fn a_process_of_that_id_is_not_the_member_for_it() {
    let (workspace, _turn) = house();
    let pid = workspace.path("house/member-1/pid");
    fs::write(pid, format!("{}\n", std::process::id())).unwrap();
    let doctor = workspace.run("doctor --json").expect(6).json();
    let process = level(&doctor, "member-1 process", "warn");
    let message = process["message"].as_str().unwrap();
    assert!(message.contains("does not run"), "{message}");
    level(&doctor, "member-1 door port", "ok");
}

#[test]
fn a_house_that_is_down_fails_for_its_quorum_alone() {
    let (workspace, _turn) = house();
    let doctor = workspace.run("doctor --json").expect(6).json();
    assert_eq!(doctor["ok"], false);
    // SECURITY.md promises this of every command.
    let committee = level(&doctor, "committee file", "warn");
    assert!(committee["message"].as_str().unwrap().contains("dealer"));
    for subject in [
        "token file",
        "member-1 config",
        "member-1 store",
        "member-1 disk",
    ] {
        level(&doctor, subject, "ok");
    }
    level(&doctor, "member-2 process", "warn");
    let quorum = level(&doctor, "quorum", "fail");
    assert!(quorum["next"].as_str().unwrap().contains("sealbid up"));
    let door = level(&doctor, "member-3 door", "warn");
    let next = door["next"].as_str().unwrap();
    assert!(next.contains("sealbid doctor house/member-3, "), "{next}");
    let message = door["message"].as_str().unwrap();
    assert!(message.contains("it cannot be reached"), "{message}");
    // It has looked, and changed nothing.
    assert!(!workspace.path("house/member-1/member.redb").exists());
    let text = workspace.run("doctor").expect(6).out;
    assert!(text.contains("\n      next: "), "{text}");
}

#[test]
fn a_member_is_told_what_is_wrong_with_it() {
    let (workspace, _turn) = house();
    let member = |code| {
        workspace
            .run("doctor house/member-1 --json")
            .expect(code)
            .json()
    };
    let key = workspace.path("house/member-1/member.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let warned = level(&member(6), "member-1 key", "warn");
    let next = warned["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with("chmod 600 "), "{next}");

    let taken = config_port(&workspace);
    let held = std::net::UdpSocket::bind(&taken).unwrap();
    let port = level(&member(6), "member-1 door port", "fail");
    assert!(
        port["next"].as_str().unwrap().contains("ss -lunp"),
        "{port}"
    );
    drop(held);

    workspace.secret("passphrase", "another\n");
    key_fails(&member(6), "passphrase");
    workspace.secret("passphrase", "correct horse\n");
    let other = Workspace::with_house();
    fs::copy(other.path("house/member-1/member.key"), &key).unwrap();
    key_fails(&member(6), "");
    workspace.write("house/member-1/member.toml", "nonsense");
    let config = level(&member(6), "member-1 config", "fail");
    assert_eq!(config["next"], "sealbid node init --member 1");
}

/// That a check of the first member's key fails, and says so.
#[track_caller]
fn key_fails(doctor: &Value, what: &str) {
    let checks = doctor["checks"].as_array().unwrap();
    let fails = |check: &&Value| {
        let message = check["message"].as_str().unwrap();
        check["subject"] == "member-1 key" && check["level"] == "fail" && message.contains(what)
    };
    assert!(checks.iter().any(|check| fails(&check)), "{doctor}");
}

/// Where the first member's front door listens.
fn config_port(workspace: &Workspace) -> String {
    let text = fs::read_to_string(workspace.path("house/member-1/member.toml")).unwrap();
    let door = text.split("[door]").nth(1).unwrap();
    let line = door.lines().find(|line| line.starts_with("v4 = ")).unwrap();
    line.trim_start_matches("v4 = ")
        .trim_matches('"')
        .to_owned()
}

#[test]
fn with_a_committee_file_alone_it_looks_at_the_house_from_outside() {
    let (workspace, _turn) = house();
    fs::create_dir(workspace.path("elsewhere")).unwrap();
    let file = "committee.json";
    fs::copy(
        workspace.path("house").join(file),
        workspace.path("elsewhere").join(file),
    )
    .unwrap();
    let doctor = workspace.run("doctor elsewhere --json").expect(6).json();
    level(&doctor, "quorum", "fail");
    assert!(!doctor.to_string().contains("member-1 key"), "{doctor}");
    let nowhere: Ended = workspace.run("doctor nowhere --json").expect(4);
    level(&nowhere.json(), "committee file", "fail");
}

#[test]
fn a_ticket_that_cannot_be_read_or_has_run_out_fails() {
    let (workspace, _turn) = house();
    fs::create_dir(workspace.path("house/solver-1")).unwrap();
    workspace.write("house/solver-1/ticket", "nonsense");
    let doctor = workspace.run("doctor --json").expect(6).json();
    let ticket = level(&doctor, "solver-1 ticket", "fail");
    assert!(ticket["next"].as_str().unwrap().contains("--role solver"));
    let peer = workspace
        .run("solver peer --house-key house/solver-1/house.key --json")
        .out;
    let peer: Value = serde_json::from_str(&peer).unwrap();
    let issue = format!(
        "node ticket --role solver --valid-for 2d --peer {} --config house/member-1/member.toml",
        peer["peer"].as_str().unwrap()
    );
    let ticket = workspace.run(&issue).expect(0).out;
    workspace.write("house/solver-1/ticket", ticket);
    let doctor = workspace.run("doctor --json").expect(6).json();
    level(&doctor, "solver-1 ticket", "warn");
}

#[test]
fn every_command_tells_of_a_house_that_a_dealer_made() {
    let (workspace, _turn) = house();
    let note = "DEVELOPMENT ONLY: a dealer made this house's key";
    for (arguments, code) in [
        ("rounds", 6),
        ("swap 1 usdc.near wrap.near --min 1", 6),
        ("intent swap 1 usdc.near wrap.near --min 1", 0),
        ("node status", 6),
        ("audit --all", 6),
    ] {
        let ended = workspace.run(arguments).expect(code);
        assert_eq!(
            ended.err.matches(note).count(),
            1,
            "{arguments}: {}",
            ended.err
        );
    }
}
