//! What ends a process that runs until it is told to stop.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;

use clap::Args;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Failure;

/// How a command learns that the `sealbid` that started it is gone.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ParentArgs {
    /// Stop when standard input ends
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

/// Who said that it is time to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// A request to end, as service managers, parents and terminals that close send it.
    Terminate,
}

impl Stop {
    /// How a command ends that was stopped so: Ctrl-C has an exit code of its own.
    pub(crate) fn outcome(self) -> Result<(), Failure> {
        match self {
            Self::Interrupt => Err(Failure::interrupted()),
            Self::Terminate => Ok(()),
        }
    }
}

/// Resolves when the process is to stop: at SIGINT, at SIGTERM, at SIGHUP and, for a child of
/// another `sealbid`, when its standard input ends, which it does however the parent dies.
pub(crate) async fn requested(until_stdin_closes: bool) -> Stop {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        tracing::warn!("signals cannot be watched: end the process to stop it");
        return core::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Stop::Interrupt,
        _ = terminate.recv() => Stop::Terminate,
        () = hung_up() => Stop::Terminate,
        () = parent_gone(until_stdin_closes) => Stop::Terminate,
    }
}

/// The same, and also when nobody reads standard output any more, as when `head` has had enough.
/// For a command that has started others, which are to end with it.
pub(crate) async fn requested_or_unread() -> Stop {
    tokio::select! {
        stop = requested(false) => stop,
        () = unread() => Stop::Terminate,
    }
}

/// Resolves when the terminal closes.
async fn hung_up() {
    // Whoever began it with `nohup` wants it to go on. To watch the signal would end that.
    if ignores_hangup() {
        return core::future::pending().await;
    }
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => drop(hangup.recv().await),
        Err(_) => core::future::pending().await,
    }
}

fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match ignored {
        // Signals are counted from 1, and SIGHUP is the first.
        Some(mask) => mask & 1 == 1,
        // A system without that file: `nohup` leaves no terminal to write to.
        None => !std::io::stdout().is_terminal() && !std::io::stderr().is_terminal(),
    }
}

/// Resolves when standard output is a pipe and its reader is gone.
async fn unread() {
    let (gone, wait) = tokio::sync::oneshot::channel();
    let is_pipe = || {
        let output = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
        let kind = File::from(output).metadata().ok()?.file_type();
        Some(kind.is_fifo() || kind.is_socket())
    };
    // A thread of its own, which nobody joins: it may wait for ever.
    let watch = move || {
        let output = std::io::stdout();
        // Nothing is waited for but that the other end goes, which is always told.
        let mut ends = [PollFd::new(output.as_fd(), PollFlags::empty())];
        if is_pipe() == Some(true) && poll(&mut ends, PollTimeout::NONE).is_ok_and(|n| n > 0) {
            // Nobody waits any more if the process stops for another reason.
            let _ = gone.send(());
        }
    };
    let thread = std::thread::Builder::new().name("reader".to_owned());
    // Without the thread, and where it ends by itself, there is nothing to wait for.
    if thread.spawn(watch).is_err() || wait.await.is_err() {
        core::future::pending::<()>().await;
    }
}

async fn parent_gone(watched: bool) {
    if !watched {
        return core::future::pending().await;
    }
    let (gone, wait) = tokio::sync::oneshot::channel();
    // A thread of its own, which nobody joins: the runtime would wait for its own reader of
    // standard input when it shuts down.
    let watch = move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = [0; 64];
        while input.read(&mut buffer).is_ok_and(|read| read > 0) {}
        // Nobody waits any more if the process stops for another reason.
        let _ = gone.send(());
    };
    match std::thread::Builder::new()
        .name("parent".to_owned())
        .spawn(watch)
    {
        // An error says that the thread has ended, as it does when the parent is gone.
        Ok(_) => drop(wait.await),
        Err(error) => {
            tracing::warn!("the parent cannot be watched: {error}");
            core::future::pending::<()>().await;
        }
    }
}
