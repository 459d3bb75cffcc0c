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
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::Fallible;

/// How long a house may take to get ready.
const READY: Duration = Duration::from_secs(120);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(30);
/// How many solvers it has.
const SOLVERS: &str = "2";

/// How long slots are, as `up` takes it.
#[derive(Debug, Clone, Copy)]
pub struct Slots<'a> {
    /// Their length.
    pub period: &'a str,
    /// How much of that, at the end, quotes are taken.
    pub quote_window: &'a str,
}

/// The process that runs the others.
#[derive(Debug)]
struct RunningHouse {
    child: Child,
    output: Option<Lines<BufReader<ChildStdout>>>,
    log: PathBuf,
}

impl RunningHouse {
    /// Starts a house in `root`, in a process group of its own, so that Ctrl-C comes here alone.
    ///
    /// # Errors
    /// If it cannot be started.
    fn spawn(sealbid: &Path, root: &Path, members: u8, slots: Slots<'_>) -> Fallible<Self> {
        let log = root.with_extension("log");
        let mut child = Command::new(sealbid)
            .arg("--json")
            .arg("--dir")
            .arg(root)
            .args([
                "up",
                // A member that ends must not pass for one that takes little.
                "--no-restart",
                "--solvers",
                SOLVERS,
                "--members",
                &members.to_string(),
                "--period",
                slots.period,
                "--quote-window",
                slots.quote_window,
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
    ///
    /// # Errors
    /// If it does not, with what it logged.
    async fn ready(&mut self) -> Fallible<()> {
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
    async fn stop(mut self) {
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

/// The command that runs houses: the one that was named, or the one beside this benchmark, where
/// cargo puts it if both are built by the same profile.
///
/// # Errors
/// If it is not there.
fn command(named: Option<&Path>) -> Fallible<PathBuf> {
    let sealbid = match named {
        Some(named) => named.to_owned(),
        None => std::env::current_exe()?.with_file_name("sealbid"),
    };
    if sealbid.is_file() {
        return Ok(sealbid);
    }
    let path = sealbid.display();
    Err(format!(
        "there is no {path}: build it with `cargo build --release --bin sealbid`, \
         or name another with --sealbid"
    )
    .into())
}

/// Runs a house in a temporary directory and does `work` with it: what it is given is the command and
/// the house's directory. It is stopped and removed whatever came of that, Ctrl-C too, and
/// before that is told.
///
/// # Errors
/// What `work` gives, or what keeps the house from running.
pub async fn with_house<T>(
    sealbid: Option<&Path>,
    members: u8,
    slots: Slots<'_>,
    work: impl AsyncFnOnce(&Path, &Path) -> Fallible<T>,
) -> Fallible<T> {
    let sealbid = command(sealbid)?;
    let directory = tempfile::Builder::new()
        .prefix("sealbid-bench-")
        .tempdir()?;
    let root = directory.path().join("house");
    let mut house = RunningHouse::spawn(&sealbid, &root, members, slots)?;
    let outcome = tokio::select! {
        outcome = Box::pin(async {
            // Before anybody connects: a house that does not come up says why in its log.
            house.ready().await?;
            work(&sealbid, &root).await
        }) => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    house.stop().await;
    outcome
}
