//! What the README and the book say: every command that a page shows is run, in the order of the
//! page and as it stands there, and what the page shows of its output is compared.
//!
//! `page` tells how a page says of a block what is done with it, `output` what is not compared.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod links;
mod output;
mod page;
mod terminal;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::page::{Block, Page, root};
use crate::terminal::Desk;

/// One house at a time: two on two cores would miss their timeouts.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The languages that a block may have.
const LANGUAGES: [&str; 7] = ["sh", "output", "text", "toml", "rust", "json", "ini"];

/// Types the blocks of a page, in order.
fn run(name: &str) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let page = Page::read(name);
    let mut desk = Desk::new();
    let mut printed = None;
    for block in &page.blocks {
        let place = page.place(block);
        if block.is_run() {
            println!("{place}\n{}", block.text);
            printed = Some(run_block(&mut desk, &place, block));
        } else if block.language == "sh" {
            printed = None;
        } else if block.language == "output"
            && block.notes.not_compared.is_none()
            && let Some(printed) = &printed
        {
            output::compare(&place, printed, &block.text);
        }
    }
}

/// Types a block, and gives what it prints.
fn run_block(desk: &mut Desk, place: &str, block: &Block) -> String {
    if let Some(terminal) = &block.notes.interrupts {
        desk.interrupts(terminal);
    }
    let typed = desk.types(
        block.terminal(),
        &without_builds(&block.text),
        &block.notes.types,
    );
    if let Some(text) = &block.notes.until {
        return desk.until(&typed, text);
    }
    let (failed, printed) = desk.ended(&typed);
    let expected = block.notes.exits.unwrap_or(0);
    let is_so = if expected == 0 {
        failed.trim().is_empty()
    } else {
        failed.starts_with(&format!("{expected} ")) && failed.matches("; ").count() == 1
    };
    assert!(is_so, "{place}: failed: {failed}\n{printed}");
    printed
}

/// The block without what builds it: that is a step of CI's, and is not done again. Examples of the
/// libraries are built along with the tests.
fn without_builds(text: &str) -> String {
    let mut typed = String::new();
    for line in text.lines() {
        if let Some((name, arguments)) = example(line) {
            let command = binaries().join("examples").join(name);
            assert!(
                command.exists(),
                "not built: cargo build --workspace --examples"
            );
            typed += &format!("{} {arguments}\n", command.display());
        } else if !line.starts_with("cargo ") {
            typed += &format!("{line}\n");
        }
    }
    typed
}

/// The name and the arguments of an example that a line runs.
fn example(line: &str) -> Option<(&str, &str)> {
    let (command, arguments) = line.split_once(" -- ")?;
    let (cargo, name) = command.split_once(" --example ")?;
    cargo
        .starts_with("cargo run -p ")
        .then_some((name, arguments))
}

/// Where cargo has put what it built for this test.
fn binaries() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sealbid")).parent().unwrap()
}

/// The command lines of CI's steps.
fn steps() -> Vec<String> {
    let source = include_str!("../../../xtask/src/ci/steps.rs");
    let runs = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runs: \""));
    let steps: Vec<String> = runs
        .map(|line| line.trim_end_matches("\",").replace(" --locked", ""))
        .collect();
    assert!(steps.len() > 8, "{steps:?}");
    steps
}

#[test]
fn the_readme() {
    run("README.md");
}

#[test]
fn a_trade() {
    run("docs/quickstart/trader.md");
}

#[test]
fn a_solver_of_your_own() {
    run("docs/quickstart/solver.md");
}

#[test]
fn a_committee_of_your_own() {
    run("docs/quickstart/operator.md");
}

#[test]
fn a_program_on_the_sdk() {
    run("docs/quickstart/integrator.md");
}

#[test]
fn an_audit_from_files_alone() {
    run("docs/quickstart/auditor.md");
}

#[test]
fn an_upgrade() {
    run("docs/upgrade.md");
}

/// Every page with something to run has its test above.
#[test]
fn every_page_with_commands_is_run() {
    let own = include_str!("main.rs");
    for page in Page::all() {
        let is_tested = own.contains(&format!("run(\"{}\");", page.name));
        let has_commands = page.blocks.iter().any(Block::is_run);
        assert_eq!(is_tested, has_commands, "{}", page.name);
    }
}

#[test]
fn every_block_is_run_or_says_why_not() {
    for page in Page::all() {
        let mut before: Option<&Block> = None;
        for block in &page.blocks {
            let place = page.place(block);
            let language = block.language.as_str();
            assert!(
                LANGUAGES.contains(&language),
                "{place}: language {language:?}"
            );
            let is_shown_only = language != "sh" && block.has_command();
            assert!(!is_shown_only, "{place}: a command that is not run: ```sh");
            if language == "output" {
                let follows = before.is_some_and(|before| before.language == "sh");
                assert!(follows, "{place}: output of what?");
            }
            let notes = [&block.notes.not_run, &block.notes.not_compared];
            for reason in notes.into_iter().flatten() {
                assert!(reason.len() > 10, "{place}: a reason: {reason:?}");
            }
            before = Some(block);
        }
    }
}

#[test]
fn what_is_built_is_what_ci_builds() {
    let steps = steps();
    for page in Page::all() {
        for block in page.blocks.iter().filter(|block| block.is_run()) {
            let builds = block.text.lines().filter(|line| line.starts_with("cargo "));
            for line in builds.filter(|line| example(line).is_none()) {
                let is_step = steps.iter().any(|step| step.starts_with(line));
                assert!(is_step, "{}: CI has no step {line:?}", page.place(block));
            }
        }
    }
}

/// Code that a page shows is code that is compiled.
#[test]
fn code_is_what_its_file_has() {
    for page in Page::all() {
        for block in &page.blocks {
            let place = page.place(block);
            let Some(file) = &block.notes.file else {
                assert_ne!(block.language, "rust", "{place}: `file: PATH` of the code");
                continue;
            };
            let text = std::fs::read_to_string(root().join(file)).unwrap();
            assert!(text.contains(&block.text), "{place}: not in {file}");
        }
    }
}
