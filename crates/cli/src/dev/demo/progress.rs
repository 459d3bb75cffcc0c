//! Showing how far a demo is: bars on a terminal, plain lines elsewhere. All of it on stderr.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::ui::output::Console;
use crate::ui::text::printable;

/// What is shown, in order.
pub(crate) struct Progress {
    console: Console,
    /// Only where stderr is a terminal.
    bars: Option<MultiProgress>,
    /// By step.
    shown: Mutex<BTreeMap<String, Shown>>,
}

/// One line.
struct Shown {
    bar: Option<ProgressBar>,
    /// What was said last: it is not said twice.
    said: String,
}

impl Progress {
    pub(crate) fn new(console: Console) -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self {
            console,
            bars,
            shown: Mutex::default(),
        }
    }

    /// So much of a step is done.
    pub(crate) fn step(&self, step: &str, done: usize, of: usize) {
        let finished = done >= of;
        self.show(step, &format!("{done} of {of}"), Some((done, of)), finished);
    }

    /// A step is in this state.
    pub(crate) fn state(&self, step: &str, state: &str, is_last: bool) {
        self.show(step, state, None, is_last);
    }

    /// Takes the bars away, so that what is printed next stands where they were.
    pub(crate) fn clear(&self) {
        if let Some(bars) = &self.bars {
            // A terminal that cannot be cleared shows them on.
            let _ = bars.clear();
        }
    }

    /// Moves the bar, or says a line where there are none.
    fn show(&self, step: &str, text: &str, length: Option<(usize, usize)>, finished: bool) {
        let mut lines = self.lines();
        let line = lines.entry(step.to_owned()).or_insert_with(|| Shown {
            bar: self
                .bars
                .as_ref()
                .map(|bars| bars.add(bar(step, length.is_some()))),
            said: String::new(),
        });
        if line.said == text {
            return;
        }
        match &line.bar {
            Some(bar) => advance(bar, text, length, finished),
            None if Self::is_worth_a_line(length) => {
                self.console.note(format_args!("{step}: {text}"));
            }
            None => {}
        }
        text.clone_into(&mut line.said);
    }

    /// Where there are no bars, a step of many parts is said at its beginning, middle and end.
    fn is_worth_a_line(length: Option<(usize, usize)>) -> bool {
        length.is_none_or(|(done, of)| {
            let part = (of / 4).max(1);
            of <= 8 || done >= of || done.is_multiple_of(part)
        })
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bar where parts are counted, and a spinner where nobody knows how many there are.
fn bar(step: &str, is_counted: bool) -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = if is_counted {
        "{prefix:24} {bar:30} {msg}"
    } else {
        "{prefix:24} {spinner} {msg}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━━─"));
    }
    // Escaped as everything that is printed: a bar steers a terminal no more than a line does.
    bar.set_prefix(printable(step));
    if !is_counted {
        // It turns though nothing is told of the step meanwhile.
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

fn advance(bar: &ProgressBar, text: &str, length: Option<(usize, usize)>, finished: bool) {
    if let Some((done, of)) = length {
        bar.set_length(u64::try_from(of).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
    bar.set_message(printable(text));
    if finished {
        // It stays as it stands, with its last words.
        bar.abandon();
    }
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
