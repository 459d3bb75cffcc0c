//! Comparing what a page shows with what was printed, where it is stable.
//!
//! A page shows real output. What differs from run to run is masked on both sides; `…` on a line of
//! its own stands for any lines, elsewhere for any text.

use regex_lite::Regex;
use snapbox::assert::Action;

/// What is masked, in this order, and what stands for it.
const MASKS: &[(&str, &str)] = &[
    // Members that have just started wait for each other, and whoever comes so early is told.
    (r"(?m)^.*\(not-ready\): trying again for .*\n", ""),
    (r"\b[0-9a-f]{64}\b|\b[0-9a-f]{8}\b", "HEX"),
    (r"ed25519:[1-9A-Za-z]{40,}", "ed25519:KEY"),
    (r"\bsealbid1[1-9A-Za-z]{40,}", "CODE"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"\d+\.\d+\.\d+\.\d+:\d+", "ADDRESS"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "DURATION"),
    // Some are shortened.
    (r"\b\d+\.\d+…?", "AMOUNT"),
    (r"\brounds? +\d+( to \d+)?", "ROUND"),
    // A number that is a column of a table by itself.
    (r"(?m)(^|  )\d+(  |$)", "${1}N${2}"),
    (r"(?m)(^|  )\d+(  |$)", "${1}N${2}"),
    (r"\b\d+ quotes?\b", "QUOTES"),
    // Who happens to answer, or has written it down by then.
    (r"\((member-\d+|[\w./-]*records/\d+\.json)\)", "(SOURCE)"),
    // How wide a column is depends on what was masked.
    (r" {2,}", " "),
    (r"(?m) +$", ""),
];

/// Compares what was printed with what a page shows.
pub(crate) fn compare(place: &str, printed: &str, shown: &str) {
    let any_lines = Regex::new(r"(?m)^…$").unwrap();
    let shown = any_lines.replace_all(shown, "...");
    // Once amounts are masked: a shortened one ends with the same sign.
    let (printed, shown) = (masked(printed), masked(&shown).replace('…', "[..]"));
    let assert = snapbox::Assert::new().action(Action::Verify);
    if let Err(difference) = assert.try_eq(Some(&place), printed.into(), shown.into()) {
        panic!("{place}: the page shows what is not so\n{difference}");
    }
}

fn masked(text: &str) -> String {
    let mut text = text.trim_end().to_owned();
    for (pattern, mask) in MASKS {
        let pattern = Regex::new(pattern).unwrap();
        text = pattern.replace_all(&text, *mask).into_owned();
    }
    text + "\n"
}

#[test]
fn what_differs_from_run_to_run_is_not_compared() {
    let shown = "filled in round 1\n  received  983.71 wrap.near\n…\nquote   24bca202 of …\n";
    let other = "member-3 refuses it: 3 members are here, 3 are needed (not-ready): trying again for 9 s\nfilled in round 12\n  received 1.5 wrap.near\nmore\nand more\nquote 0abcdef0 of x\n";
    compare("a page", other, shown);
}

#[test]
#[should_panic(expected = "the page shows what is not so")]
fn another_word_is_a_difference() {
    compare("a page", "not filled in round 1\n", "filled in round 1\n");
}

#[test]
#[should_panic(expected = "the page shows what is not so")]
fn another_count_is_a_difference() {
    let (three, four) = (
        "receipt  3 of 4 members, for round 1\n",
        "receipt  4 of 4 members, for round 9\n",
    );
    compare("a page", four, three);
}
