//! `sealbid-keygen`: the key commands alone.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use sealbid_keygen::command::{KeygenCommand, KeygenError, Surroundings, run};
use sealbid_keygen::{PassphraseSource, StandardTerminal};
use tokio::runtime::Builder;
use zeroize::Zeroizing;

/// The exit code after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Make and inspect the keys of an auction committee
#[derive(Parser)]
#[command(name = "sealbid-keygen", version)]
#[command(after_help = "\
Exit codes: 0 fine, 1 the work failed, 2 usage, 3 authentication, 4 key, 5 storage, 7 timeout,
130 Ctrl-C.")]
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
    let arguments = Arguments::parse();
    let json = arguments.json;
    // A thread to wait on: the work has one of its own, which Ctrl-C does not wait for.
    let outcome = Builder::new_current_thread().enable_all().build();
    let outcome = outcome.map_err(KeygenError::Out).and_then(|runtime| {
        let outcome = runtime.block_on(start(arguments));
        // A thread may still be asking for a passphrase, or be at a meeting.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            fail(json, error.exit_code(), &error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

/// Says why the command failed: on stderr, and with `--json` as an object too.
fn fail(json: bool, code: u8, message: &str) {
    if json {
        let object = serde_json::json!({ "exit": code, "message": message });
        // Nobody is left to tell if this fails, here and below.
        let _ = writeln!(io::stdout(), "{object}");
    }
    let _ = writeln!(io::stderr(), "sealbid-keygen: {message}");
}

/// Runs the command until it is done or interrupted: whatever it has said is on disk.
async fn start(arguments: Arguments) -> Result<ExitCode, KeygenError> {
    let json = arguments.json;
    let advice = arguments.command.after_interrupt(&arguments.dir);
    let done = tokio::task::spawn_blocking(move || work(&arguments));
    tokio::select! {
        done = done => match done {
            Ok(done) => done.map(|()| ExitCode::SUCCESS),
            Err(error) => Err(KeygenError::Out(io::Error::other(error))),
        },
        _ = tokio::signal::ctrl_c() => {
            let advice = advice.map(|advice| format!(". {advice}")).unwrap_or_default();
            fail(json, INTERRUPTED, &format!("interrupted{advice}"));
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

fn work(arguments: &Arguments) -> Result<(), KeygenError> {
    // All that a command draws comes of these bytes.
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(entropy.as_mut_slice())
        .map_err(|error| KeygenError::Out(io::Error::other(error)))?;
    let mut around = Surroundings {
        dir: &arguments.dir,
        out: &mut io::stdout(),
        json: arguments.json,
        terminal: &mut StandardTerminal,
        passphrase: PassphraseSource::from(arguments.passphrase_file.clone()),
        entropy: &entropy,
        now: SystemTime::now().into(),
    };
    run(&arguments.command, &mut around)
}
