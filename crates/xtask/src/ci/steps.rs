//! The steps, in order. The command lines stand here once; the book's test reads them here too.

use super::command::{CommandLine, is_at_hand};
use super::error::StepError;
use super::{Ended, Summary, demo, msrv, packages, rules};

/// After how long the tests count as hanging, in seconds.
const TESTS_SECONDS: u32 = 2400;

/// The same of the demo.
pub(super) const DEMO_SECONDS: u32 = 300;

/// The same of fetching the list of advisories.
const FETCH_SECONDS: u32 = 120;

/// Builds the tests, and the simulator with them.
const TEST_BUILD: &str = "cargo test --workspace --locked --no-run";

/// What has to hold of a change.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// The command line, or what is done in its place.
    pub(super) runs: &'static str,
    pub(super) run: fn(&Self, &mut Summary) -> Result<Ended, StepError>,
}

/// Cheap failures first.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "format",
        runs: "cargo fmt --all --check",
        run: plain,
    },
    Step {
        name: "rules",
        runs: "no rules but the honest ones are linked into the command",
        run: rules::check,
    },
    Step {
        name: "licences, bans, sources",
        runs: "cargo deny --locked check licenses bans sources",
        run: deny,
    },
    Step {
        name: "advisories",
        runs: "cargo deny --locked --offline check advisories",
        run: advisories,
    },
    Step {
        name: "clippy",
        runs: "cargo clippy --workspace --all-targets --locked -- -D warnings",
        run: plain,
    },
    Step {
        name: "oldest toolchain",
        runs: "cargo check --workspace --locked, by the toolchain that `rust-version` names",
        run: msrv::check,
    },
    Step {
        name: "packages",
        runs: "what is to be published is packaged, unpacked and built",
        run: packages::check,
    },
    Step {
        name: "docs",
        runs: "cargo doc --workspace --no-deps --locked",
        run: docs,
    },
    Step {
        name: "book",
        runs: "mdbook build --dest-dir target/book",
        run: book,
    },
    Step {
        name: "test build",
        runs: TEST_BUILD,
        run: plain,
    },
    Step {
        name: "tests",
        runs: "cargo test --workspace --locked --no-fail-fast",
        run: tests,
    },
    Step {
        name: "simulation",
        // As the tests have built it. Every sabotage has to be noticed, however long that takes.
        runs: "target/debug/sim --seeds 100000 --within 20 --sabotage all",
        run: simulation,
    },
    Step {
        name: "release build",
        runs: "cargo build --release --bin sealbid --locked",
        run: plain,
    },
    Step {
        name: "demo",
        runs: "cargo run --release --bin sealbid --locked -- demo --json",
        run: demo::run,
    },
    Step {
        name: "heist",
        runs: "cargo run --release --bin sealbid --locked -- demo --heist --json",
        run: demo::run,
    },
];

fn plain(step: &Step, _: &mut Summary) -> Result<Ended, StepError> {
    CommandLine::new(step.runs).run()?;
    Ok(Ended::Done)
}

fn docs(step: &Step, _: &mut Summary) -> Result<Ended, StepError> {
    let command = CommandLine::new(step.runs);
    command.with("RUSTDOCFLAGS", "-D warnings").run()?;
    Ok(Ended::Done)
}

fn deny(step: &Step, summary: &mut Summary) -> Result<Ended, StepError> {
    if is_at_hand("cargo-deny") {
        plain(step, summary)
    } else {
        Ok(Ended::Skipped("cargo-deny is not at hand".to_owned()))
    }
}

/// The list of advisories is not in the repository: without it there is nothing to check.
fn advisories(step: &Step, summary: &mut Summary) -> Result<Ended, StepError> {
    if !is_at_hand("cargo-deny") {
        return Ok(Ended::Skipped("cargo-deny is not at hand".to_owned()));
    }
    let fetch = CommandLine::new("cargo deny fetch db").within(FETCH_SECONDS);
    if fetch.watch().1.is_err() {
        let lack = "the list of advisories cannot be fetched";
        return Ok(Ended::Skipped(lack.to_owned()));
    }
    plain(step, summary)
}

fn book(step: &Step, summary: &mut Summary) -> Result<Ended, StepError> {
    if is_at_hand("mdbook") {
        plain(step, summary)
    } else {
        Ok(Ended::Skipped("mdbook is not at hand".to_owned()))
    }
}

/// By itself, too, it is of the code as it is.
fn simulation(step: &Step, summary: &mut Summary) -> Result<Ended, StepError> {
    CommandLine::new(TEST_BUILD).run()?;
    plain(step, summary)
}

fn tests(step: &Step, summary: &mut Summary) -> Result<Ended, StepError> {
    // Houses of real processes wait most of their time, for slots and for each other.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let at_once = cores.saturating_add(1).to_string();
    let command = CommandLine::new(step.runs).with("RUST_TEST_THREADS", &at_once);
    let (text, outcome) = command.within(TESTS_SECONDS).watch();
    summary.tests.read(&text);
    outcome?;
    // No tests at all would pass too.
    if summary.tests.passed() == 0 {
        return Err(StepError::Found("no test ran".to_owned()));
    }
    Ok(Ended::Done)
}
