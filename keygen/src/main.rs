//! `sealbid-keygen`: the key commands alone.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use sealbid_keygen::command::{KeygenCommand, KeygenError, Surroundings, run};
use sealbid_keygen::output::note;
use sealbid_keygen::{Exit, PassphraseSource, StandardOutput, StandardTerminal, restore_echo};
use tokio::runtime::Builder;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

/// How these commands may fail. The others of [`Exit`] are of commands that need a house.
const EXITS: [Exit; 8] = [
    Exit::Work,
    Exit::Usage,
    Exit::Authentication,
    Exit::Key,
    Exit::Storage,
    Exit::Timeout,
    Exit::Halted,
    Exit::Interrupted,
];

/// Make and inspect the keys of an auction committee
#[derive(Parser)]
#[command(name = "sealbid-keygen", version)]
#[command(after_help = Exit::help(&EXITS))]
struct Arguments {
    /// Print JSON: one object, or one a line; messages go to stderr
    #[arg(long, global = true)]
    json: bool,
    /// Read the passphrase from a file's first line instead of the terminal
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SEALBID_PASSPHRASE_FILE"
    )]
    #[arg(hide_env_values = true)]
    passphrase_file: Option<PathBuf>,
    /// The house directory that a ceremony fills
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "SEALBID_DIR",
        default_value = "house"
    )]
    #[arg(hide_env_values = true)]
    dir: PathBuf,
    #[command(subcommand)]
    command: KeygenCommand,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(instead) if instead.use_stderr() => instead.exit(),
        // Help or the version, which are results.
        Err(instead) => {
            StandardOutput.remember(instead.print());
            return end(false, Ok(ExitCode::SUCCESS));
        }
    };
    let json = arguments.json;
    // A thread to wait on: the work has one of its own, which Ctrl-C does not wait for.
    let outcome = Builder::new_current_thread().enable_all().build();
    let outcome = outcome.map_err(KeygenError::Out).and_then(|runtime| {
        let outcome = runtime.block_on(start(arguments));
        // A thread may still be asking for a passphrase, or be at a meeting.
        runtime.shutdown_background();
        restore_echo();
        outcome
    });
    end(json, outcome)
}

/// Says how it ended. Lost results are a failure of their own, unless there is another.
fn end(json: bool, outcome: Result<ExitCode, KeygenError>) -> ExitCode {
    match (outcome, StandardOutput.lost()) {
        (Ok(code), Some(lost)) if code == ExitCode::SUCCESS => {
            fail(json, Exit::Storage, &lost.to_string());
            ExitCode::from(Exit::Storage.code())
        }
        (Ok(code), _) => code,
        (Err(error), _) => {
            fail(json, error.exit(), &error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

/// Says why the command failed: on stderr, and with `--json` as an object too.
fn fail(json: bool, exit: Exit, message: &str) {
    if json {
        let object = serde_json::json!({ "exit": exit.code(), "message": message });
        StandardOutput.line(&object.to_string());
    }
    note(&format!("sealbid-keygen: {message}"));
}

/// Runs the command until it is done or interrupted: whatever it has said is on disk.
async fn start(arguments: Arguments) -> Result<ExitCode, KeygenError> {
    let json = arguments.json;
    let advice = arguments.command.after_interrupt(&arguments.dir);
    let mut terminate = signal(SignalKind::terminate()).map_err(KeygenError::Out)?;
    let done = tokio::task::spawn_blocking(move || work(&arguments));
    tokio::select! {
        done = done => match done {
            // At a prompt Ctrl-C is an answer too, and either may be first.
            Ok(Err(error)) if error.exit() == Exit::Interrupted => {}
            Ok(done) => return done.map(|()| ExitCode::SUCCESS),
            Err(error) => return Err(KeygenError::Out(io::Error::other(error))),
        },
        _ = ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    let advice = advice
        .map(|advice| format!(". {advice}"))
        .unwrap_or_default();
    fail(json, Exit::Interrupted, &format!("interrupted{advice}"));
    Ok(ExitCode::from(Exit::Interrupted.code()))
}

fn work(arguments: &Arguments) -> Result<(), KeygenError> {
    // All that a command draws comes of these bytes.
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(entropy.as_mut_slice())
        .map_err(|error| KeygenError::Out(io::Error::other(error)))?;
    let mut around = Surroundings {
        dir: &arguments.dir,
        out: &mut StandardOutput,
        json: arguments.json,
        terminal: &mut StandardTerminal,
        passphrase: PassphraseSource::from(arguments.passphrase_file.clone()),
        entropy: &entropy,
        now: SystemTime::now().into(),
    };
    run(&arguments.command, &mut around)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_help_names_every_exit_code() {
        let help = Arguments::command()
            .get_after_help()
            .map(ToString::to_string);
        let help = help.unwrap_or_default();
        for code in [0, 1, 2, 3, 4, 5, 7, 10, 130] {
            let named = help
                .split(&[' ', '\n'])
                .any(|word| word == code.to_string());
            assert!(named, "{code} is not in: {help}");
        }
    }
}
