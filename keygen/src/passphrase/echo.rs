//! The terminal's settings while a secret is typed: without echo, and as they were in the end.
//!
//! Who reads the secret puts them back when there is an answer. A process that ends meanwhile, at a
//! signal, does not wait for one, and would leave a shell in which nothing that is typed is seen.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};

/// Where a secret is asked for: the terminal of the process, wherever its streams go.
const TERMINAL: &str = "/dev/tty";

/// The terminal as it was before the question that is open.
static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// The settings are kept for as long as this lives.
pub(super) struct Kept;

impl Kept {
    /// Keeps them as they are now. Without a terminal there is nothing to keep.
    pub(super) fn now() -> Self {
        let terminal = File::open(TERMINAL).ok();
        let before = terminal.and_then(|it| tcgetattr(&it).ok().map(|settings| (it, settings)));
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = before;
        Self
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Puts the terminal back as it was, if a secret is being asked for on another thread: for a process
/// that is about to end.
pub fn restore_echo() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((terminal, settings)) = &*before {
        // A terminal that is gone needs no settings.
        let _ = tcsetattr(terminal, SetArg::TCSANOW, settings);
    }
}
