//! The rules that the simulator turns must not be in what members run.

use std::fs;
use std::path::Path;

use super::command::CommandLine;
use super::error::StepError;
use super::steps::Step;
use super::{Ended, Summary, root};

/// Where the code of the command and of everything that it links is.
const PRODUCT: [&str; 3] = ["crates", "node", "keygen"];

/// How an implementation of the rules begins, and how the only one that is allowed goes on.
/// Split, since this file is searched too.
const RULES: &str = concat!("Rules", " for ");
const HONEST: &str = "Honest";

pub(super) fn check(_: &Step, _: &mut Summary) -> Result<Ended, StepError> {
    let mut found = Vec::new();
    for directory in PRODUCT {
        search(&root().join(directory), &mut found)?;
    }
    if !found.is_empty() {
        let found = found.join("\n");
        let text = format!("rules other than {HONEST} outside the simulator:\n{found}");
        return Err(StepError::Found(text));
    }
    let tree = CommandLine::new("cargo tree --locked -e normal -p sealbid").read()?;
    if tree.contains("sealbid-tests") {
        let text = "the command links the simulator";
        return Err(StepError::Found(text.to_owned()));
    }
    Ok(Ended::Done)
}

fn search(path: &Path, found: &mut Vec<String>) -> Result<(), StepError> {
    let unreadable = |source| {
        let path = path.display().to_string();
        StepError::Read { path, source }
    };
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(unreadable)? {
            search(&entry.map_err(unreadable)?.path(), found)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let lines = text.lines().filter(|line| is_turned(line));
        found.extend(lines.map(|line| format!("{}: {}", path.display(), line.trim())));
    }
    Ok(())
}

/// Whether a line implements the rules for anything but the honest member.
fn is_turned(line: &str) -> bool {
    line.split_once(RULES)
        .is_some_and(|(_, of)| !of.starts_with(HONEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_honest_rules_pass() {
        assert!(!is_turned(&format!("impl {RULES}{HONEST} {{")));
        assert!(is_turned(&format!("impl {RULES}Sabotage {{")));
        assert!(!is_turned("struct Engine<R: Rules = Honest>"));
    }

    #[test]
    fn files_are_searched_below_a_folder() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::write(
            below.join("x.rs"),
            format!("fn f() {{}}\nimpl {RULES}Liar {{}}\n"),
        )
        .unwrap();
        fs::write(below.join("x.txt"), format!("impl {RULES}Liar {{}}\n")).unwrap();
        let mut found = Vec::new();
        search(directory.path(), &mut found).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
