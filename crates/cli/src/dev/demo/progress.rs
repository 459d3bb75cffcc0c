//! Showing how far a demo is: on a terminal one line that moves, under those of the steps that are
//! done; plain lines elsewhere. All of it on stderr.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::ui::output::Console;
use crate::ui::text::printable;

/// What is shown, in order.
pub(crate) struct Progress {
    console: Console,
    /// The line that moves, only where stderr is a terminal. One for all steps: several would have
    /// to be drawn again above and below each other, and a terminal that scrolls keeps what it had.
    live: Option<ProgressBar>,
    /// By step.
    shown: Mutex<BTreeMap<String, Shown>>,
}

/// A step.
#[derive(Default)]
struct Shown {
    /// What was said last: it is not said twice.
    said: String,
    /// Whether its last words have been said.
    is_done: bool,
}

impl Progress {
    pub(crate) fn new(console: Console) -> Self {
        Self {
            console,
            live: std::io::stderr().is_terminal().then(live_line),
            shown: Mutex::default(),
        }
    }

    /// So much of a step is done.
    pub(crate) fn step(&self, step: &str, done: usize, of: usize) {
        self.show(
            step,
            &format!("{done} of {of}"),
            Some((done, of)),
            done >= of,
        );
    }

    /// A step is in this state.
    pub(crate) fn state(&self, step: &str, state: &str, is_last: bool) {
        self.show(step, state, None, is_last);
    }

    /// Takes the line that moves away, so that what is printed next stands where it was.
    pub(crate) fn clear(&self) {
        if let Some(line) = &self.live {
            line.finish_and_clear();
        }
    }

    /// Prints something else meanwhile: the line that moves is out of its way.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        match &self.live {
            Some(live) => live.suspend(print),
            None => print(),
        }
    }

    /// Moves the line, or says one that stays.
    fn show(&self, step: &str, text: &str, length: Option<(usize, usize)>, finished: bool) {
        let mut steps = self.steps();
        let shown = steps.entry(step.to_owned()).or_default();
        if shown.is_done || shown.said == text {
            return;
        }
        text.clone_into(&mut shown.said);
        shown.is_done = finished;
        // Escaped as everything that is printed: a bar steers a terminal no more than a line does.
        let line = printable(&format!("{step}: {text}"));
        match &self.live {
            Some(live) if finished => {
                live.println(line);
                // What it said of the step is not so any more.
                live.set_message("");
            }
            Some(live) => live.set_message(line),
            None if Self::is_worth_a_line(length) => self.console.note(line),
            None => {}
        }
    }

    /// Where nothing moves, a step of many parts is said at its beginning, middle and end.
    fn is_worth_a_line(length: Option<(usize, usize)>) -> bool {
        length.is_none_or(|(done, of)| {
            let part = (of / 4).max(1);
            of <= 8 || done >= of || done.is_multiple_of(part)
        })
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<String, Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A spinner and words, cut where the terminal ends: a line that wraps could not be drawn over.
fn live_line() -> ProgressBar {
    let line = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        line.set_style(style);
    }
    // It turns though nothing is told meanwhile.
    line.enable_steady_tick(Duration::from_millis(120));
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_are_few_and_include_the_ends() {
        let said = |of: usize| {
            (0..=of)
                .filter(|done| Progress::is_worth_a_line(Some((*done, of))))
                .collect::<Vec<_>>()
        };
        assert_eq!(said(3), [0, 1, 2, 3]);
        assert_eq!(said(100), [0, 25, 50, 75, 100]);
        assert_eq!(said(0), [0]);
        assert!(Progress::is_worth_a_line(None));
    }
}
