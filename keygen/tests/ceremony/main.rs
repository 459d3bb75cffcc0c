//! Whole ceremonies between processes of `sealbid-keygen`: by network, killed at every step, and by
//! files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod files;
mod network;
mod refusals;

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Operators with their identities, in one temporary directory.
struct Place {
    root: TempDir,
}

impl Place {
    /// A place where `operators` have made their identities.
    fn with(operators: &[&str]) -> Self {
        let place = Self {
            root: tempfile::tempdir().unwrap(),
        };
        place.passphrase("passphrase", "open sesame\n");
        for operator in operators {
            let file = place.identity(operator);
            let made = place.command(operator, &["identity", "new", "--work-factor", "1"]);
            let made = run(made.into_iter().chain(["--out".to_owned(), text(&file)]));
            assert_eq!(made.code, 0, "{made:?}");
        }
        place
    }

    fn passphrase(&self, name: &str, passphrase: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path(name);
        std::fs::write(&path, passphrase).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// An operator's house directory.
    fn house(&self, operator: &str) -> PathBuf {
        self.path(operator)
    }

    fn identity(&self, operator: &str) -> PathBuf {
        self.path(&format!("{operator}.key"))
    }

    /// The words of a command of `operator`'s.
    fn command(&self, operator: &str, words: &[&str]) -> Vec<String> {
        let mut all = vec![
            "--json".to_owned(),
            "--dir".to_owned(),
            text(&self.house(operator)),
            "--passphrase-file".to_owned(),
            text(&self.path("passphrase")),
        ];
        all.extend(words.iter().map(|&word| word.to_owned()));
        all
    }

    /// The words of a command in which `operator` takes part, with its yes.
    fn taking_part(&self, operator: &str, words: &[&str]) -> Vec<String> {
        let identity = text(&self.identity(operator));
        let more = ["--yes", "--work-factor", "1", "--identity", &identity];
        self.command(operator, &[words, &more].concat())
    }

    /// `operator` calls a ceremony; returns its file, and its code if there is one.
    fn invite(&self, operator: &str, words: &[&str]) -> (PathBuf, String) {
        let (file, identity) = (self.path("the.ceremony"), self.identity(operator));
        let (out, own) = (text(&file), text(&identity));
        let fixed = [
            "invite",
            "--name",
            "demo",
            "--out",
            &out,
            "--identity",
            &own,
        ];
        let invited = run(self.command(operator, &[&fixed, words].concat()));
        assert_eq!(invited.code, 0, "{invited:?}");
        let code = invited.last()["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (file, code)
    }

    fn bytes(&self, operator: &str, name: &str) -> Vec<u8> {
        std::fs::read(self.house(operator).join(name)).unwrap()
    }

    /// All of them hold the same public files, and a key file each.
    fn check_outcome(&self, operators: &[&str]) {
        let first = operators[0];
        for (name, operator) in operators
            .iter()
            .flat_map(|operator| ["committee.json", "transcript"].map(|name| (name, operator)))
        {
            let same = self.bytes(operator, name) == self.bytes(first, name);
            assert!(same, "{name} of {operator}");
        }
        let transcript = text(&self.house(first).join("transcript"));
        let committee = text(&self.house(first).join("committee.json"));
        let verify = ["verify", &transcript, "--committee", &committee];
        let verified = run(self.command(first, &verify));
        assert_eq!(verified.code, 0, "{verified:?}");
        assert_eq!(verified.last()["certificate"], operators.len());
    }
}

/// A UDP address on loopback that nobody has right now.
fn free_address() -> String {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// What a process said, once it has ended.
#[derive(Debug)]
struct Said {
    code: i32,
    lines: Vec<Value>,
    messages: String,
}

impl Said {
    fn last(&self) -> &Value {
        self.lines.last().unwrap_or(&Value::Null)
    }
}

fn program(words: impl IntoIterator<Item = String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealbid-keygen"));
    command
        .args(words)
        .env_remove("SEALBID_DIR")
        .env_remove("SEALBID_PASSPHRASE_FILE")
        .stdin(Stdio::null());
    command
}

fn run(words: impl IntoIterator<Item = String>) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = program(words).output().unwrap();
    let lines = String::from_utf8(stdout).unwrap();
    Said {
        code: status.code().unwrap_or(-1),
        lines: lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        messages: String::from_utf8(stderr).unwrap(),
    }
}

/// A process that says an object a line. It is killed when it is dropped.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(words: impl IntoIterator<Item = String>) -> Self {
        let mut child = program(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next object, or none at the end.
    fn next(&mut self) -> Option<Value> {
        let line = self.lines.next()?.ok()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// Reads until an object of this kind.
    fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let object = self.next().expect("it ended too early");
            if is_it(&object) {
                return object;
            }
        }
    }

    /// Kills it with -9. What it had said by then, and nobody had read: whole lines only.
    fn kill(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest = self.lines.by_ref().map_while(Result::ok);
        rest.map_while(|line| serde_json::from_str(&line).ok())
            .collect()
    }

    /// Its last object and its exit code.
    fn finish(mut self) -> (Value, i32) {
        let mut last = Value::Null;
        while let Some(object) = self.next() {
            last = object;
        }
        (last, self.child.wait().unwrap().code().unwrap_or(-1))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
