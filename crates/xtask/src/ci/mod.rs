//! Everything that has to hold of a change, cheap failures first.
//!
//! The last line is `N passed, N failed`: the tests'. What a machine lacks is skipped and said.

mod command;
mod demo;
mod error;
mod msrv;
mod packages;
mod rules;
mod steps;
mod test_log;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use self::command::CommandLine;
use self::error::StepError;
use self::steps::{STEPS, Step};
use self::test_log::TestLog;

/// How a step ended that did not fail.
enum Ended {
    Done,
    /// With what this machine lacks.
    Skipped(String),
}

/// What steps leave for the summary.
#[derive(Default)]
struct Summary {
    lines: Vec<String>,
    tests: TestLog,
}

/// Runs all steps, or the one of this name, up to the first that fails, and says how long each
/// took.
pub(crate) fn run(only: Option<&str>) -> ExitCode {
    let chosen = |step: &&Step| only.is_none_or(|name| step.name == name);
    let steps: Vec<_> = STEPS.iter().filter(chosen).collect();
    if steps.is_empty() {
        eprintln!("there is no such step: cargo xtask ci --list");
        return ExitCode::from(2);
    }
    let mut summary = Summary::default();
    let failed = run_steps(&steps, &mut summary).err();
    if let Some(error) = &failed {
        eprintln!("\n{error}");
    }
    summary.print();
    ExitCode::from(u8::from(failed.is_some()))
}

/// Prints the steps and the command line of each.
pub(crate) fn list() -> ExitCode {
    for step in STEPS {
        println!("{:<24} {}", step.name, step.runs);
    }
    ExitCode::SUCCESS
}

/// Writes the reference of all commands anew: the test that compares it is told to overwrite it.
pub(crate) fn reference() -> ExitCode {
    let test = "cargo test --quiet --locked -p sealbid --bin sealbid the_reference_is_current";
    let outcome = CommandLine::new(test).with("SNAPSHOTS", "overwrite").run();
    if let Err(error) = &outcome {
        eprintln!("{error}");
    }
    ExitCode::from(u8::from(outcome.is_err()))
}

fn run_steps(steps: &[&Step], summary: &mut Summary) -> Result<(), StepError> {
    CommandLine::new("rustc --version").run()?;
    CommandLine::new("cargo --version").run()?;
    for step in steps {
        println!("\n== {}", step.name);
        let began = Instant::now();
        let ended = (step.run)(step, summary);
        summary.note(step, began.elapsed(), &ended);
        ended?;
    }
    Ok(())
}

impl Summary {
    fn note(&mut self, step: &Step, took: Duration, ended: &Result<Ended, StepError>) {
        let (name, seconds) = (step.name, took.as_secs());
        let line = match ended {
            Ok(Ended::Done) => {
                println!("-- {name}: {seconds} s");
                format!("{seconds:5} s  {name}")
            }
            Ok(Ended::Skipped(lack)) => {
                println!("-- {name}: skipped, {lack}");
                format!("skipped  {name}")
            }
            Err(_) => format!(" failed  {name}"),
        };
        self.lines.push(line);
    }

    fn print(&self) {
        println!("\n== steps");
        for line in &self.lines {
            println!("{line}");
        }
        println!("\n== slowest test binaries");
        for line in self.tests.slowest(10) {
            println!("{line}");
        }
        for test in self.tests.failed() {
            println!("\nfailed: {test}");
        }
        println!();
        println!("{}", self.tests.counts());
    }
}

/// The repository's root: two floors above this crate.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
