//! What ends a process that runs until it is told to stop.

use std::io::Read as _;

use clap::Args;
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
    /// A request to end, as service managers and parents send it.
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

/// Resolves when the process is to stop: at SIGINT, at SIGTERM and, for a child of another
/// `sealbid`, when its standard input ends, which it does however the parent dies.
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
        () = parent_gone(until_stdin_closes) => Stop::Terminate,
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
