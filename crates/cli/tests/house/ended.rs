//! Commands of a house that are run to their end, and how they ended.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::kit::TestHouse;

/// How a command ended.
pub(crate) struct Ended {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let Self { out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "out: {out}\nerr: {err}");
        self
    }

    /// The one object that was printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// The last of several.
    #[track_caller]
    pub(crate) fn last(&self) -> Value {
        let last = self.out.lines().last().unwrap();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }
}

/// A command of this house that has not been started.
pub(crate) fn command(house: &TestHouse, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid"));
    command
        .arg("--dir")
        .arg(house.dir().root())
        .args(arguments.split_whitespace())
        .env("SEALBID_CONFIG", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(house: &TestHouse, arguments: &str) -> Ended {
    Ended::from(command(house, arguments).output().unwrap())
}
