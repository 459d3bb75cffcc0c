//! The `sealbid` command: everything a trader, a solver, an auditor and a member's operator do.
//!
//! `commands` has a module for each, sorted by who uses it; `dev` those that run a whole house.
//! `context` is what all of them are given, `options` and `config` where that comes from; `exit` and
//! `failures` are how they fail, `ui` how they speak; `orders` is what those that trade have in
//! common.

mod args;
mod commands;
mod config;
mod context;
mod dev;
mod exit;
mod failures;
mod next_command;
mod options;
mod orders;
#[cfg(test)]
mod reference;
mod slips;
mod stop;
mod tokens;
mod ui;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use sealbid_keygen::{Exit, StandardOutput, restore_echo};

use crate::args::Cli;
use crate::config::{Config, Settings};
use crate::context::Context;
use crate::exit::Failure;
use crate::next_command::Typed;
use crate::ui::output::Console;

fn main() -> ExitCode {
    let config = Config::load(Config::usual_path());
    // Help is shown though the file is wrong.
    let definition = match &config {
        Ok(config) => config.apply(Cli::command()),
        Err(_) => Config::default().apply(Cli::command()),
    };
    let (cli, matches) = match parse(&definition) {
        Ok(parsed) => parsed,
        // What there is to say instead: help, the version, or what is wrong with the command line.
        Err(instead) => {
            let outcome = ui::output::say_instead(&instead);
            return end(Console::new(false, false), outcome);
        }
    };
    let (console, typed) = (cli.options.console(), Typed::of(&definition, &matches));
    let outcome = match config {
        Err(failure) if !cli.command.needs_no_config() => Err(failure),
        config => {
            let settings = Settings::of(&config.unwrap_or_default(), &definition, &matches);
            start(cli, typed.clone(), settings)
        }
    };
    end(
        console,
        outcome.map_err(|failure| failure.completed(&typed)),
    )
}

fn parse(definition: &clap::Command) -> Result<(Cli, ArgMatches), clap::Error> {
    let matches = definition
        .clone()
        .try_get_matches()
        .map_err(slips::explained)?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli, matches))
}

fn start(cli: Cli, typed: Typed, settings: Settings) -> Result<(), Failure> {
    // Several threads, since `node run` is a whole member.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::work(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(run(cli, typed, settings));
    // A thread may still be asking for a passphrase.
    runtime.shutdown_background();
    restore_echo();
    outcome
}

/// One place for all failures, so that each has its exit code, its object and its advice.
fn end(console: Console, outcome: Result<(), Failure>) -> ExitCode {
    let failure = match (outcome, results_lost()) {
        (Ok(()), None) => return ExitCode::SUCCESS,
        (Ok(()), Some(lost)) => lost,
        // What the command found out counts, whether or not anybody could read of it.
        (Err(failure), lost) => {
            if let Some(lost) = lost.filter(|lost| lost.code() != failure.code()) {
                console.note(format_args!("sealbid: {lost}"));
            }
            failure
        }
    };
    console.failure(&failure);
    failure.exit_code()
}

/// That results could not be written, if any could not.
fn results_lost() -> Option<Failure> {
    let lost = StandardOutput.lost()?;
    Some(Failure::of(Exit::Storage, &lost).with_code("results-lost"))
}

/// Runs the command until it is done or interrupted; those that clean up see to Ctrl-C themselves.
async fn run(cli: Cli, typed: Typed, settings: Settings) -> Result<(), Failure> {
    let Cli { options, command } = cli;
    // Before the command: what it does first may be what is to be seen.
    ui::output::start_log(&command.log_filter(options.verbose))?;
    let context = Context::new(options, typed, settings);
    // A house or a member is stopped in order. All else may be dropped at any moment: an order is
    // on disk before it is sent.
    if command.sees_to_interrupts() {
        return Box::pin(command.run(&context)).await;
    }
    let done = tokio::select! {
        done = Box::pin(command.run(&context)) => done,
        // SIGTERM too: whoever ends a trader's script wants to know no less.
        _ = stop::requested(false) => Err(context.in_hand().interrupted()),
    };
    // Whatever it fails by: an order that it has sent is told by its id, unless that was printed.
    let lost = results_lost();
    let is_lost = lost.is_some();
    let done = done.and_then(|()| lost.map_or(Ok(()), Err));
    done.map_err(|failure| match failure.is_reported() && !is_lost {
        true => failure,
        false => context.in_hand().named(failure),
    })
}
