//! `sealbid-keygen`: the key commands alone.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use sealbid_keygen::command::{KeygenCommand, KeygenError, Surroundings, run};
use sealbid_keygen::{PassphraseSource, StandardTerminal};
use zeroize::Zeroizing;

/// Make and inspect the keys of an auction committee
#[derive(Parser)]
#[command(name = "sealbid-keygen", version)]
#[command(after_help = "\
Exit codes: 0 fine, 1 the work failed, 2 usage, 3 authentication, 4 key, 5 storage.")]
struct Arguments {
    /// Print one JSON object instead of text
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
    #[command(subcommand)]
    command: KeygenCommand,
}

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "sealbid-keygen: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn start(arguments: Arguments) -> Result<(), KeygenError> {
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(entropy.as_mut_slice())
        .map_err(|error| KeygenError::Out(io::Error::other(error)))?;
    let mut around = Surroundings {
        out: &mut io::stdout().lock(),
        json: arguments.json,
        terminal: &mut StandardTerminal,
        passphrase: PassphraseSource::from(arguments.passphrase_file),
        entropy: &entropy,
        now: SystemTime::now().into(),
    };
    run(&arguments.command, &mut around)
}
