//! The `sealbid` command: everything a trader, a solver, an auditor and a member's operator do.
//!
//! `commands` has a module for each, sorted by who uses it; `dev` those that run a whole house.
//! `context` is what all of them are given; `exit` and `failures` are how they fail, `ui` how they
//! speak; `orders` is what those that trade have in common.

mod args;
mod commands;
mod context;
mod dev;
mod exit;
mod failures;
mod options;
mod orders;
mod stop;
mod tokens;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::exit::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = ui::output::Console::new(cli.options.json);
    // Several threads, since `node run` is a whole member.
    let started = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match started {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(cli));
            // A thread may still be asking for a passphrase.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::work(format!("cannot start: {error}"))),
    };
    // One place for all failures, so that each has its exit code, its object and its advice.
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
    // Before the command: what it does first may be what is to be seen.
    ui::output::start_log(&command.log_filter())?;
    let context = context::Context::new(options);
    // A house or a member is stopped in order. All else may be dropped at any moment: an order is
    // on disk before it is sent.
    if command.sees_to_interrupts() {
        return command.run(&context).await;
    }
    tokio::select! {
        done = command.run(&context) => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
    }
}
