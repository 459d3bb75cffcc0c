//! What is done to this repository, as `cargo xtask COMMAND`.
//!
//! It builds without any of our crates, so that it can say what is wrong when they do not build.

mod ci;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  ci           everything that has to hold of a change, cheap failures first
  ci STEP      one of them, by its name
  ci --list    the same steps, and what each runs, without running them
  reference    write docs/reference.md anew from the command's own help";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci::run(None),
        ["ci", "--list"] => ci::list(),
        ["ci", step] => ci::run(Some(step)),
        ["reference"] => ci::reference(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
