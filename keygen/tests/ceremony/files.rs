//! By files.

use std::path::PathBuf;

use sealbid_client::CommitteeFile;
use sealbid_dkg::Transcript;
use sealbid_keygen::{MemberKey, Passphrase};

use crate::{Place, Said, run, text};

const OPERATORS: [&str; 3] = ["alice", "bob", "carol"];

/// One step of `operator`, with these files.
fn step(place: &Place, operator: &str, files: &[PathBuf]) -> Said {
    let files: Vec<_> = files.iter().map(|file| text(file)).collect();
    let words: Vec<_> = core::iter::once("step")
        .chain(files.iter().map(String::as_str))
        .collect();
    let said = run(place.taking_part(operator, &words));
    assert_eq!(said.code, 0, "{operator}: {said:?}");
    said
}

/// The file that a step says is to be carried.
fn carried(said: &Said) -> PathBuf {
    let mut files = said.lines.iter().filter_map(|line| line["file"].as_str());
    files.next_back().unwrap().into()
}

/// A ceremony of three by files, each carried to whom it is for.
fn ceremony() -> Place {
    let place = Place::with(&OPERATORS);
    let (invitation, code) = place.invite("alice", &["--members", "3", "--files"]);
    assert_eq!(code, "", "by files there is no code");
    let invitation = [invitation];
    let enrolments = ["bob", "carol"].map(|who| carried(&step(&place, who, &invitation)));
    let asked = step(&place, "alice", &invitation);
    // The next command works as it is printed, but for the files' names.
    let then = asked.last()["then"].as_str().unwrap();
    let identity = format!(" --identity {}", text(&place.identity("alice")));
    assert!(then.ends_with(&identity), "{then}");
    let roster = carried(&step(&place, "alice", &enrolments));
    let bob = carried(&step(&place, "bob", core::slice::from_ref(&roster)));
    let carol = carried(&step(&place, "carol", core::slice::from_ref(&roster)));
    let dealings = [
        carried(&step(&place, "alice", &[bob.clone(), carol.clone()])),
        carried(&step(&place, "bob", &[roster.clone(), carol])),
        carried(&step(&place, "carol", &[bob, roster])),
    ];
    let confirmations = OPERATORS.map(|who| carried(&step(&place, who, &dealings)));
    for operator in OPERATORS {
        let done = step(&place, operator, &confirmations);
        assert_eq!(done.last()["event"], "done", "{operator}");
        assert_eq!(done.last()["certificate"], 3);
    }
    place
}

#[test]
fn files_make_a_key_and_what_is_lost_comes_back() {
    let place = ceremony();
    place.check_outcome(&OPERATORS);
    let resumed = run(place.taking_part("bob", &["resume"]));
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(resumed.last()["member"], "member-2");
    recovers(&place);
    refuses_changes(&place);
}

fn recovers(place: &Place) {
    let passphrase = Passphrase::new("open sesame").unwrap();
    let house = place.house("bob");
    let (session, out) = (
        house.join("member-2/session.age"),
        place.path("recovered.key"),
    );
    let files = [
        ("--transcript", house.join("transcript")),
        ("--session", session),
        ("--identity", place.identity("bob")),
        ("--out", out.clone()),
        ("--committee", house.join("committee.json")),
    ];
    let with = |files: &[(&str, PathBuf)]| {
        let mut words = vec![
            "recover".to_owned(),
            "--work-factor".to_owned(),
            "1".to_owned(),
        ];
        for (option, file) in files {
            words.extend([(*option).to_owned(), text(file)]);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        run(place.command("bob", &words))
    };
    let said = with(&files);
    assert_eq!(said.code, 0, "{said:?}");
    let (committee, keys) = CommitteeFile::load(&house.join("committee.json"))
        .unwrap()
        .into_parts();
    let load = |path: PathBuf| MemberKey::load_for(&path, &passphrase, &committee, &keys).unwrap();
    let (lost, _) = load(house.join("member-2/member.key"));
    let (found, share) = load(out);
    assert_eq!(found.index(), share.member());
    assert_eq!(found.identity(), lost.identity());
    assert_eq!(*found.house_secret(), *lost.house_secret());
    assert_eq!(*found.door_secret(), *lost.door_secret());
    assert_eq!(*found.group_key(), *lost.group_key());

    let again = with(&files);
    assert_eq!(again.code, 5, "a key file is not replaced: {again:?}");
    let mut foreign = files.clone();
    foreign[2].1 = place.identity("carol");
    foreign[3].1 = place.path("other.key");
    let refused = with(&foreign);
    assert_eq!(refused.code, 4, "another's identity: {refused:?}");
    assert!(!foreign[3].1.exists());
}

fn refuses_changes(place: &Place) {
    let whole = place.bytes("alice", "transcript");
    Transcript::from_bytes(&whole).unwrap().verify().unwrap();
    let holds = |bytes: &[u8]| Transcript::from_bytes(bytes).is_ok_and(|t| t.verify().is_ok());
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(!holds(&changed), "byte {at} of {}", whole.len());
    }
    for length in (0..whole.len()).step_by(97) {
        assert!(!holds(&whole[..length]), "cut to {length}");
    }
    let path = place.path("changed");
    let mut changed = whole;
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&path, changed).unwrap();
    let refused = run(place.command("alice", &["verify", &text(&path)]));
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.messages.contains("REFUSED"), "{refused:?}");
}
