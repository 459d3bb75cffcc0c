//! The second checker.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::state::{Balances, Said};

/// What it says of each line, in order. None, with a word, on a machine without Python.
pub fn theirs(lines: &[Value]) -> Option<Vec<Said>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles/check.py");
    let mut command = Command::new("python3");
    // Nothing is left beside the sources.
    let command = command.arg("-B").arg(script);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut python = match spawned {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: there is no python3 for the second checker");
            return None;
        }
        spawned => spawned.unwrap(),
    };
    let (mut stdin, stdout) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
    let said = std::thread::scope(|scope| {
        scope.spawn(move || {
            lines
                .iter()
                .for_each(|line| writeln!(stdin, "{line}").unwrap());
        });
        let answers = BufReader::new(stdout)
            .lines()
            .map(|line| said(&line.unwrap()));
        answers.collect::<Vec<_>>()
    });
    assert!(python.wait().unwrap().success());
    assert_eq!(said.len(), lines.len());
    Some(said)
}

fn said(line: &str) -> Said {
    let answer: Value = serde_json::from_str(line).unwrap();
    let refused = answer["refused"].as_str().map(str::to_owned);
    let count = |field: &str| usize::try_from(answer[field].as_u64().unwrap()).unwrap();
    let mut balances = Balances::new();
    for (account, tokens) in answer["balances"].as_object().unwrap() {
        for (token, amount) in tokens.as_object().unwrap() {
            let amount = amount.as_str().unwrap().parse().unwrap();
            let tokens = balances.entry(account.clone()).or_default();
            tokens.insert(token.clone(), amount);
        }
    }
    Said {
        balances,
        logged: refused
            .is_none()
            .then(|| (count("log_bytes"), count("log_lines"))),
        refused,
    }
}
