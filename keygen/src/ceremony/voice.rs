//! How a ceremony speaks with its person: results, progress, and the one question.

use core::time::Duration;
use std::io::{self, IsTerminal as _, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::ceremony::error::CeremonyError;
use crate::passphrase::Terminal;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Where a ceremony's words go, and where its answers come from.
pub(crate) struct Voice<'a> {
    out: &'a mut dyn Write,
    terminal: &'a mut dyn Terminal,
    /// Objects, one a line, instead of text.
    json: bool,
    /// The person has said yes beforehand.
    yes: bool,
    spinner: Option<ProgressBar>,
    /// The progress that was shown last, not to say it again.
    last: String,
}

impl<'a> Voice<'a> {
    pub(crate) fn new(
        out: &'a mut dyn Write,
        terminal: &'a mut dyn Terminal,
        json: bool,
        yes: bool,
    ) -> Self {
        Self {
            out,
            terminal,
            json,
            yes,
            spinner: None,
            last: String::new(),
        }
    }

    /// Says something that stays: `object` on a line with `--json`, else `text`.
    pub(crate) fn say(
        &mut self,
        object: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), CeremonyError> {
        self.clear();
        self.write(object, text).map_err(CeremonyError::Out)
    }

    /// Says what is being waited for, once, until it changes.
    pub(crate) fn progress(
        &mut self,
        object: &impl Serialize,
        text: &str,
    ) -> Result<(), CeremonyError> {
        // In a pipe or a log nothing spins.
        let is_line = self.json || !io::stderr().is_terminal();
        // In a log the same line every second would bury what matters.
        if self.last == text && (is_line || self.spinner.is_some()) {
            return Ok(());
        }
        text.clone_into(&mut self.last);
        if is_line {
            return self
                .write(object, || text.to_owned())
                .map_err(CeremonyError::Out);
        }
        let spinner = self.spinner.get_or_insert_with(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(TICK);
            spinner
        });
        spinner.set_message(text.to_owned());
        Ok(())
    }

    /// Says something that is amiss, and stops nothing.
    pub(crate) fn warn(&mut self, message: &str) {
        self.clear();
        self.terminal.warn(message);
    }

    /// Shows no progress until there is some again.
    pub(crate) fn quiet(&mut self) {
        self.clear();
        self.last.clear();
    }

    fn clear(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }

    /// Asks for a typed yes, unless it was given beforehand.
    ///
    /// # Errors
    /// [`CeremonyError::NobodyToAsk`] without a terminal, [`CeremonyError::Declined`] without a
    /// yes.
    pub(crate) fn consent(&mut self, question: &str) -> Result<(), CeremonyError> {
        self.quiet();
        if self.yes {
            return Ok(());
        }
        loop {
            let answer = self
                .terminal
                .ask(&format!("{question} [yes/no]"))
                .map_err(|_| CeremonyError::NobodyToAsk)?;
            // The whole word: a key pressed by habit must not accept a session. Nor does a slip of
            // one end it for everybody.
            match answer.trim().to_lowercase().as_str() {
                "yes" => return Ok(()),
                "no" => return Err(CeremonyError::Declined),
                // Not even a line's end: the terminal is closed.
                "" if answer.is_empty() => return Err(CeremonyError::Declined),
                _ => self.terminal.warn("type the whole word: yes or no"),
            }
        }
    }

    /// Flushed each time: who reads objects from a pipe waits for each of them.
    fn write(&mut self, object: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *self.out, object)?;
            writeln!(self.out)?;
        } else {
            writeln!(self.out, "{}", text())?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;
    use crate::testing::ScriptedTerminal;

    fn ask(answers: &[&str], yes: bool) -> Result<(), CeremonyError> {
        let (mut out, mut terminal) = (Vec::new(), ScriptedTerminal::typing(answers));
        Voice::new(&mut out, &mut terminal, false, yes).consent("the same words?")
    }

    #[test]
    fn only_a_whole_yes_is_one() {
        for answer in ["yes", "Yes\n", " YES \r\n"] {
            ask(&[answer], false).unwrap();
        }
        ask(&[], true).unwrap();
        for answer in ["", "no", "No\n"] {
            let refused = ask(&[answer], false).unwrap_err();
            assert!(matches!(refused, CeremonyError::Declined), "{answer}");
        }
        // A slip is asked again.
        for answer in ["y", "YES!", "\n", "n", "yes please"] {
            ask(&[answer, "yes"], false).unwrap();
            let refused = ask(&[answer, "no"], false).unwrap_err();
            assert!(matches!(refused, CeremonyError::Declined), "{answer}");
        }
        let nobody = ask(&[], false).unwrap_err();
        assert!(matches!(nobody, CeremonyError::NobodyToAsk));
        assert_eq!(nobody.exit_code(), 2);
    }

    #[test]
    fn progress_is_an_object_a_line_and_not_repeated() {
        let (mut out, mut terminal) = (Vec::new(), ScriptedTerminal::default());
        let mut voice = Voice::new(&mut out, &mut terminal, true, false);
        for text in ["one", "one", "two"] {
            let object = serde_json::json!({ "event": text });
            voice.progress(&object, text).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "{\"event\":\"one\"}\n{\"event\":\"two\"}\n");
    }
}
