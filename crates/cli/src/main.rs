//! The `sealbid` command: everything a trader, a solver, an auditor and a member's operator do.

mod args;
mod context;
mod exit;
mod orders;
mod output;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::exit::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = output::Console::new(cli.options.json);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::work(format!("cannot start: {error}")))
        .and_then(|runtime| runtime.block_on(run(cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.failure(&failure);
            failure.exit_code()
        }
    }
}

/// Runs the command until it is done or interrupted; those that clean up see to Ctrl-C themselves.
async fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { options, command } = cli;
    output::start_log(command.log_filter())?;
    let context = context::Context::new(options);
    if command.sees_to_interrupts() {
        return command.run(&context).await;
    }
    let running = tokio::spawn(async move { command.run(&context).await });
    tokio::select! {
        done = running => done.unwrap_or_else(|error| Err(Failure::work(error.to_string()))),
        _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
    }
}
