//! Running command lines: seen by whoever watches, bounded in time, and read where that is needed.

use std::env;
use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use super::error::StepError;
use super::root;

/// How `timeout` ends when it had to stop the command, gently or not.
const STOPPED: [i32; 2] = [124, 137];

/// A command line, split at blanks: none here has an argument with a blank in it.
pub(crate) struct CommandLine {
    text: String,
    variables: Vec<(String, String)>,
    seconds: Option<u32>,
}

impl CommandLine {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            variables: Vec::new(),
            seconds: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Counts as hanging after this long, where there is a `timeout` to stop it.
    pub(crate) fn within(mut self, seconds: u32) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// Runs it; what it prints is shown.
    pub(crate) fn run(&self) -> Result<(), StepError> {
        let status = self.command().status().map_err(|e| self.cannot(e))?;
        self.judge(status)
    }

    /// Runs it, and gives what it prints to stdout; stderr is shown.
    pub(crate) fn read(&self) -> Result<String, StepError> {
        let output = self.command().stderr(Stdio::inherit()).output();
        let output = output.map_err(|e| self.cannot(e))?;
        self.judge(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, shows what it prints, and gives that too, in the order in which it came,
    /// whatever became of it.
    pub(crate) fn watch(&self) -> (String, Result<(), StepError>) {
        let mut seen = Vec::new();
        let status = self.copy_to(&mut seen).map_err(|e| self.cannot(e));
        let text = String::from_utf8_lossy(&seen).into_owned();
        (text, status.and_then(|status| self.judge(status)))
    }

    fn copy_to(&self, seen: &mut Vec<u8>) -> io::Result<ExitStatus> {
        let (mut reader, writer) = io::pipe()?;
        let mut command = self.command();
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn()?;
        // It holds the pipe's other end: the reading below would never see the end.
        drop(command);
        let mut chunk = [0; 8192];
        loop {
            let length = reader.read(&mut chunk)?;
            let new = chunk.get(..length).unwrap_or_default();
            if new.is_empty() {
                return child.wait();
            }
            io::stdout().write_all(new)?;
            seen.extend_from_slice(new);
        }
    }

    fn command(&self) -> Command {
        let mut words: Vec<String> = self.text.split_whitespace().map(str::to_owned).collect();
        if let Some(seconds) = self.seconds.filter(|_| is_at_hand("timeout")) {
            let limit = ["timeout", "--kill-after=30", &seconds.to_string()].map(str::to_owned);
            words.splice(0..0, limit);
        }
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(root()).stdin(Stdio::null());
        prepare_environment(&mut command);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn judge(&self, status: ExitStatus) -> Result<(), StepError> {
        let command = self.text.clone();
        match (self.seconds, status.code()) {
            _ if status.success() => Ok(()),
            (Some(seconds), Some(code)) if STOPPED.contains(&code) => {
                Err(StepError::Hangs(command, seconds))
            }
            _ => Err(StepError::Failed { command, status }),
        }
    }

    fn cannot(&self, source: io::Error) -> StepError {
        let command = self.text.clone();
        StepError::Cannot { command, source }
    }
}

/// What a command finds around it, whoever started us.
fn prepare_environment(command: &mut Command) {
    // `cargo xtask` tells its own crate's name to us: build scripts further down would take it
    // for a change, and build their crates anew.
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
    // A house of the user's own is none of our business, nor are the user's settings.
    for name in [
        "SEALBID_DIR",
        "SEALBID_ACCOUNT",
        "SEALBID_PASSPHRASE_FILE",
        "SEALBID_LOG",
    ] {
        command.env_remove(name);
    }
    command.env("SEALBID_CONFIG", "");
    // What a cold build does not need, and what would make output hard to read.
    if env::var_os("CI").is_some_and(|value| value == "true") {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command.env("CARGO_TERM_COLOR", "never");
    command.env("CARGO_TERM_PROGRESS_WHEN", "never");
}

/// Whether a program of this name is on the path.
pub(crate) fn is_at_hand(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_given_though_it_fails() {
        let (text, outcome) = CommandLine::new("cat /nonexistent/file").watch();
        assert!(text.contains("No such file"), "{text}");
        assert!(matches!(outcome, Err(StepError::Failed { .. })));
        let (text, outcome) = CommandLine::new("echo two words").watch();
        assert_eq!(text, "two words\n");
        outcome.unwrap();
    }

    #[test]
    fn what_hangs_is_stopped() {
        if !is_at_hand("timeout") {
            return;
        }
        let hangs = CommandLine::new("sleep 100").within(1).run();
        assert!(matches!(hangs, Err(StepError::Hangs(_, 1))), "{hangs:?}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let missing = CommandLine::new("no-such-program-here --version").read();
        let Err(StepError::Cannot { command, .. }) = missing else {
            panic!("{missing:?}");
        };
        assert_eq!(command, "no-such-program-here --version");
    }
}
