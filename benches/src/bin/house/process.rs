//! A house that `sealbid up` runs.
//!
//! It is the product's own command, run as anybody runs it: this process waits for its first line,
//! and signals it to stop.

use core::time::Duration;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sealbid_benches::Fallible;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a house may take to get ready.
const READY: Duration = Duration::from_secs(120);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(30);
/// How many solvers it has.
const SOLVERS: &str = "2";

/// The process that runs the others.
pub(crate) struct RunningHouse {
    child: Child,
    output: Option<Lines<BufReader<ChildStdout>>>,
    log: PathBuf,
}

impl RunningHouse {
    /// Starts a house in `root`, in a process group of its own, so that Ctrl-C comes here alone.
    pub(crate) fn spawn(sealbid: &Path, root: &Path, members: u8, period: &str) -> Fallible<Self> {
        let log = root.with_extension("log");
        let mut child = Command::new(sealbid)
            .arg("--json")
            .arg("--dir")
            .arg(root)
            .args([
                "up",
                "--solvers",
                SOLVERS,
                "--members",
                &members.to_string(),
                "--period",
                period,
            ])
            // The house has a passphrase of its own.
            .env_remove("SEALBID_PASSPHRASE_FILE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .process_group(0)
            // Should the benchmark fail before it stops the house.
            .kill_on_drop(true)
            .spawn()?;
        let output = child
            .stdout
            .take()
            .map(|stdout| BufReader::new(stdout).lines());
        Ok(Self { child, output, log })
    }

    /// Waits until the house says that it is open: with its first line.
    pub(crate) async fn ready(&mut self) -> Fallible<()> {
        let output = self.output.as_mut().ok_or("the house has no output")?;
        let line = timeout(READY, output.next_line()).await;
        match line {
            Ok(Ok(Some(line))) if line.contains("\"ready\"") => Ok(()),
            _ => {
                // Why, its log says.
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                Err(format!("the house does not get ready:\n{log}").into())
            }
        }
    }

    /// Stops the house and waits for its end.
    pub(crate) async fn stop(mut self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid {
            // An error says that it has ended already.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        if timeout(STOP, self.child.wait()).await.is_err() {
            eprintln!("the house does not stop: it is killed");
        }
    }
}
