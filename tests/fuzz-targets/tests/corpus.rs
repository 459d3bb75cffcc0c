//! Every target over its corpus, and over changes of what is in it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use sealbid_fuzz_targets::{Target, named, targets};

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

/// The files of a target, by their names.
fn files(target: &Target) -> Vec<(String, Vec<u8>)> {
    let directory = corpus().join(target.name);
    let entries =
        fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    };
    let mut files: Vec<_> = entries.map(read).collect();
    files.sort();
    files
}

/// A change of an input.
#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Truncate(Index),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    /// A piece of it once more, somewhere else.
    Duplicate(Index, Index, Index),
    /// What another file has from some place on.
    Splice(Index, Index, Index),
    /// Eight bytes that are a length or a number at its end.
    Number(Index, u64),
}

fn change() -> impl Strategy<Value = Change> {
    let numbers = prop_oneof![
        Just(u64::MAX),
        Just(1 << 63),
        Just(0x7fff_ffff),
        Just(0xffff_ffff),
        Just(0),
        any::<u64>()
    ];
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        any::<(Index, u8)>().prop_map(|(at, value)| Change::Set(at, value)),
        any::<Index>().prop_map(Change::Truncate),
        (any::<Index>(), vec(any::<u8>(), 1..16)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        any::<(Index, Index)>().prop_map(|(from, to)| Change::Remove(from, to)),
        any::<(Index, Index, Index)>().prop_map(|(from, to, at)| Change::Duplicate(from, to, at)),
        any::<(Index, Index, Index)>().prop_map(|(file, from, at)| Change::Splice(file, from, at)),
        (any::<Index>(), numbers).prop_map(|(at, number)| Change::Number(at, number)),
    ]
}

/// A range of places in `length` bytes.
fn range(length: usize, from: Index, to: Index) -> core::ops::Range<usize> {
    let (from, to) = (from.index(length + 1), to.index(length + 1));
    from.min(to)..from.max(to)
}

fn apply(change: &Change, bytes: &mut Vec<u8>, files: &[(String, Vec<u8>)]) {
    let length = bytes.len();
    match change {
        Change::Flip(at, bit) if length > 0 => bytes[at.index(length)] ^= 1 << bit,
        Change::Set(at, value) if length > 0 => bytes[at.index(length)] = *value,
        Change::Flip(..) | Change::Set(..) => {}
        Change::Truncate(at) => bytes.truncate(at.index(length + 1)),
        Change::Insert(at, more) => {
            let at = at.index(length + 1);
            bytes.splice(at..at, more.iter().copied());
        }
        Change::Remove(from, to) => _ = bytes.drain(range(length, *from, *to)),
        Change::Duplicate(from, to, at) => {
            let piece = bytes[range(length, *from, *to)].to_vec();
            let at = at.index(length + 1);
            bytes.splice(at..at, piece);
        }
        Change::Splice(file, from, at) => {
            let other = &files[file.index(files.len())].1;
            bytes.truncate(at.index(length + 1));
            bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
        }
        Change::Number(at, number) => {
            let at = at.index(length + 1);
            let end = length.min(at + 8);
            bytes.splice(at..end, number.to_le_bytes());
        }
    }
}

fn try_target(name: &str) {
    let target = named(name).unwrap();
    let files = files(target);
    assert!(!files.is_empty(), "{name} has no corpus");
    // What the code makes now, too: the files are of the day on which they were written.
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has nothing to begin with");
    let seeds = seeds.into_iter().map(|seed| ("made".to_owned(), seed));
    let inputs: Vec<_> = files.into_iter().chain(seeds).collect();
    for (file, bytes) in &inputs {
        eprintln!("{name}/{file}");
        (target.run)(bytes);
    }
    let config = Config {
        cases: target.cases,
        failure_persistence: None,
        ..Config::default()
    };
    // The same ones each time: what else there is to find, a search finds.
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    // Mapped to the bytes, which a failure prints.
    let changed = (any::<Index>(), vec(change(), 1..5)).prop_map(|(file, changes)| {
        let mut bytes = inputs[file.index(inputs.len())].1.clone();
        for change in &changes {
            apply(change, &mut bytes, &inputs);
        }
        bytes
    });
    runner
        .run(&changed, |bytes| {
            (target.run)(&bytes);
            Ok(())
        })
        .unwrap();
}

macro_rules! tests {
    ($($test:ident = $name:literal,)*) => {
        const TESTED: &[&str] = &[$($name,)*];
        $(
            #[test]
            fn $test() {
                try_target($name);
            }
        )*
    };
}

tests! {
    envelope = "envelope",
    sealed_part = "sealed-part",
    terms = "terms",
    authorisation = "authorisation",
    quote = "quote",
    signed_quote = "signed-quote",
    acknowledgement = "acknowledgement",
    receipt = "receipt",
    report = "report",
    close = "close",
    statement = "statement",
    allocation = "allocation",
    settlement = "settlement",
    signed_settlement = "signed-settlement",
    rules = "rules",
    public_intent = "public-intent",
    door_request = "door-request",
    door_response = "door-response",
    peer_message = "peer-message",
    ballot = "ballot",
    vote_state = "vote-state",
    vote_evidence = "vote-evidence",
    shares = "shares",
    parts = "parts",
    signature_share = "signature-share",
    certified_close = "certified-close",
    outcome = "outcome",
    evidence = "evidence",
    invitation = "invitation",
    enrolment = "enrolment",
    roster = "roster",
    commitment = "commitment",
    dealing = "dealing",
    complaint = "complaint",
    confirmation = "confirmation",
    confirmed = "confirmed",
    ceremony_message = "ceremony-message",
    transcript = "transcript",
    amount = "amount",
    name = "name",
    time = "time",
    code = "code",
    ticket = "ticket",
    payload = "payload",
    signed_intent = "signed-intent",
    multi_payload = "multi-payload",
    authorised_terms = "authorised-terms",
    nonce = "nonce",
    committee_file = "committee-file",
    tokens = "tokens",
    price_book = "price-book",
    member_config = "member-config",
    point = "point",
    gate = "gate",
    clearing = "clearing",
    record = "record",
    judged_evidence = "judged-evidence",
    pool = "pool",
    vote = "vote",
    member = "member",
    disk = "disk",
    ceremony = "ceremony",
    verified_transcript = "verified-transcript",
    board = "board",
}

#[test]
fn every_target_is_tested_and_has_a_corpus_and_nothing_else_has() {
    let targets: BTreeSet<String> = targets().map(|target| target.name.to_owned()).collect();
    let tested: BTreeSet<String> = TESTED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(tested, targets, "tests and targets");
    let directories = fs::read_dir(corpus()).unwrap();
    let directories: BTreeSet<String> = directories
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        directories, targets,
        "directories of tests/corpus and targets"
    );
}
