//! The processes of a house: each is this very program with another command.

use core::time::Duration;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_keygen::Exit;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::exit::Failure;
use crate::ui::text::quoted;

/// How long a process may take to stop before it is killed.
const PATIENCE: Duration = Duration::from_secs(6);
/// How many of the log's last lines are shown when a process fails.
const LAST_LINES: usize = 5;

/// What to run.
#[derive(Debug)]
pub(crate) struct ProcessSpec {
    /// For people: `member 1`.
    pub(crate) name: String,
    /// The command's arguments, without the program. `--json` is among them: what is printed is
    /// read.
    pub(crate) arguments: Vec<OsString>,
    /// Where its log goes.
    pub(crate) log: PathBuf,
}

impl ProcessSpec {
    /// The command that starts it by hand, to be pasted into a shell.
    pub(crate) fn by_hand(&self) -> String {
        let words = self.arguments.iter().map(|word| word.to_string_lossy());
        // Its output is for a person then, and nothing else ends it.
        let words = words.filter(|word| word != "--json" && word != "--until-stdin-closes");
        let quoted = words.map(|word| quoted(&word));
        core::iter::once("sealbid".to_owned())
            .chain(quoted)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A running process. It ends with this one, however this one ends: its standard input is a pipe
/// from here, and it stops when the pipe closes.
pub(crate) struct HouseProcess {
    name: String,
    child: Child,
    log: PathBuf,
    is_ready: watch::Receiver<bool>,
    /// Held open, and closed by the end of this process, of whatever kind that is.
    _lifeline: Option<ChildStdin>,
}

impl HouseProcess {
    /// Starts the process, in a process group of its own, so that Ctrl-C comes here alone.
    pub(crate) fn start(spec: &ProcessSpec) -> Result<Self, Failure> {
        // Begun anew: what is in it is told of by this start alone.
        Self::start_logging(
            spec,
            File::options().write(true).create(true).truncate(true),
        )
    }

    /// The same for a process that has ended: its log goes on, and still has why.
    pub(crate) fn start_again(spec: &ProcessSpec) -> Result<Self, Failure> {
        Self::start_logging(spec, File::options().append(true).create(true))
    }

    fn start_logging(spec: &ProcessSpec, options: &OpenOptions) -> Result<Self, Failure> {
        let ProcessSpec {
            name,
            arguments,
            log,
        } = spec;
        let cannot = |error: std::io::Error| Failure::work(format!("cannot start {name}: {error}"));
        let program = std::env::current_exe().map_err(cannot)?;
        let log_file = options.open(log).map_err(|error| {
            Failure::storage(format!("cannot write {}: {error}", log.display()))
        })?;
        let mut child = Command::new(program)
            .args(arguments)
            // What a child needs is on its command line. These would lead it to another house.
            .env_remove("SEALBID_PASSPHRASE_FILE")
            .env_remove("SEALBID_DIR")
            .env_remove("SEALBID_ACCOUNT")
            .env(crate::config::VARIABLE, "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .process_group(0)
            // Should this be dropped without having stopped it.
            .kill_on_drop(true)
            .spawn()
            .map_err(cannot)?;
        let lifeline = child.stdin.take();
        let is_ready = listen(child.stdout.take());
        Ok(Self {
            name: name.clone(),
            child,
            log: log.clone(),
            is_ready,
            _lifeline: lifeline,
        })
    }

    /// Waits until the process says that it is ready.
    ///
    /// # Errors
    /// The process's own, if it ends before.
    pub(crate) async fn ready(&mut self) -> Result<(), Failure> {
        let status = tokio::select! {
            // Ready first: that one has ended after it said so is found by `ended`.
            biased;
            Ok(_) = self.is_ready.wait_for(|is_ready| *is_ready) => return Ok(()),
            status = self.child.wait() => status,
        };
        Err(match status {
            Ok(status) => self.failure(status),
            Err(error) => Failure::work(format!("{}: {error}", self.name)),
        })
    }

    /// Waits until the process ends, and says what happened.
    pub(crate) async fn ended(&mut self) -> Failure {
        match self.child.wait().await {
            Ok(status) => self.failure(status),
            Err(error) => Failure::work(format!("{}: {error}", self.name)),
        }
    }

    /// Waits until the process ends by itself, as it should.
    ///
    /// # Errors
    /// The process's own.
    pub(crate) async fn succeeded(mut self) -> Result<(), Failure> {
        match self.child.wait().await {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failure(status)),
            Err(error) => Err(Failure::work(format!("{}: {error}", self.name))),
        }
    }

    fn failure(&self, status: ExitStatus) -> Failure {
        let message = format!("{} ended: {status}\n{}", self.name, last_lines(&self.log));
        Failure::new(exit_after(status), message)
            .advise(format!("its log is {}", self.log.display()))
    }

    /// Asks the process to stop, and kills it if it does not.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            tracing::warn!("{} does not stop and is killed", self.name);
            // One that has ended meanwhile needs none.
            let _ = self.child.kill().await;
        }
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id {
            // A process that has ended meanwhile needs none.
            let _ = kill(Pid::from_raw(id), signal);
        }
    }
}

/// The exit of a house of which one process ended like this. It is the process's own where the user
/// can mend the reason, or must not just start it again.
fn exit_after(status: ExitStatus) -> Exit {
    match status.code().and_then(Exit::of_code) {
        Some(
            exit @ (Exit::Usage | Exit::Authentication | Exit::Key | Exit::Storage | Exit::Halted),
        ) => exit,
        _ => Exit::Work,
    }
}

/// Reads what a process prints, and notes when it says that it is ready.
fn listen(output: Option<ChildStdout>) -> watch::Receiver<bool> {
    let (ready, is_ready) = watch::channel(false);
    tokio::spawn(async move {
        let Some(output) = output else { return };
        let mut lines = BufReader::new(output).lines();
        // To its end: a pipe that nobody empties would hold the process up when it is full.
        while let Ok(Some(line)) = lines.next_line().await {
            if says_ready(&line) {
                ready.send_replace(true);
            }
        }
    });
    is_ready
}

/// A process that fails prints an object too, and it is not ready.
fn says_ready(line: &str) -> bool {
    let said = serde_json::from_str::<Value>(line);
    said.is_ok_and(|said| said.get("event").is_some_and(|event| event == "ready"))
}

/// The end of a log, indented.
fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().rev().take(LAST_LINES).collect();
    lines
        .into_iter()
        .rev()
        .map(|line| format!("    {line}\n"))
        .collect::<String>()
        .trim_end()
        .into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    /// What comes of a process that prints this and ends.
    async fn is_ready_after(printed: &str) -> bool {
        let mut child = Command::new("printf")
            .args(["%s", printed])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut is_ready = listen(child.stdout.take());
        is_ready.wait_for(|is_ready| *is_ready).await.is_ok()
    }

    /// A member that must not go on (10) must not look like one to start again (1).
    #[test]
    fn what_ended_a_process_is_what_ends_the_house() {
        let exit = |code: i32| exit_after(ExitStatus::from_raw(code << 8));
        assert_eq!(exit(5), Exit::Storage);
        assert_eq!(exit(10), Exit::Halted);
        assert_eq!(exit(130), Exit::Work, "nobody here has pressed Ctrl-C");
        assert_eq!(exit(101), Exit::Work);
    }

    #[test]
    fn the_command_by_hand_can_be_pasted() {
        let words = [
            "--json",
            "--dir",
            "my house",
            "solver",
            "run",
            "--until-stdin-closes",
        ];
        let spec = ProcessSpec {
            name: "solver 1".to_owned(),
            arguments: words.map(OsString::from).to_vec(),
            log: PathBuf::new(),
        };
        assert_eq!(spec.by_hand(), "sealbid --dir 'my house' solver run");
    }

    #[tokio::test]
    async fn only_the_event_says_that_a_process_is_ready() {
        let failed = Failure::storage("no disk").to_json().to_string();
        for line in [&failed, "warming up", "\"ready\"", "[]", ""] {
            assert!(!is_ready_after(&format!("{line}\n")).await, "{line}");
        }
        let ready = "{\"event\":\"ready\",\"index\":0}\n";
        assert!(is_ready_after(ready).await);
        assert!(is_ready_after(&format!("warming up\n{ready}")).await);
    }
}
