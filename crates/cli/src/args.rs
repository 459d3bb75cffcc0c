//! The command line: global options, and every command by name.

use clap::{CommandFactory as _, Parser, Subcommand};
use sealbid_keygen::Exit;
use sealbid_net::DEFAULT_LOG_FILTER;

use crate::commands::about::{completions, config, man, tokens, trust};
use crate::commands::keys::{account, keygen};
use crate::commands::near;
use crate::commands::operate::{doctor, node, relayer, solver};
use crate::commands::rounds::{audit, list, pairs, prices, round, watch};
use crate::commands::trade::{inspect, intent, orders, quote, seal, send, status, swap};
use crate::context::Context;
use crate::dev::{demo, up};
use crate::exit::Failure;
use crate::options::Options;

/// What to begin with.
const TRY_IT: &str = "\
Try it:
  sealbid demo      a whole committee, a few rounds and their audit, in one go
  sealbid up        the same house, kept running: trade against it from a second terminal";

/// Sealed-bid auctions for intents: nobody reads a bid before the round is closed.
#[derive(Debug, Parser)]
#[command(name = "sealbid", version, arg_required_else_help = true)]
#[command(after_help = format!("{TRY_IT}\n\n{}", Exit::help(Exit::ALL)))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole house, trade a few rounds against it, and audit them
    Demo(demo::DemoArgs),
    /// Run a whole house on this machine until Ctrl-C: development only
    Up(up::UpArgs),
    /// Run one member of a committee
    Node(node::NodeArgs),
    /// Look at everything that a house or a member needs, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Quote on sealed intents
    Solver(solver::SolverArgs),
    /// Carry settlements out of the house
    Relayer(relayer::RelayerArgs),
    /// Make or show a trading account
    Account(account::AccountArgs),
    /// Swap one token for another: sign, seal and send
    Swap(swap::SwapArgs),
    /// Sign an order; its JSON goes to stdout, to be sealed
    Intent(intent::IntentArgs),
    /// Seal a signed intent into an envelope, without sending it
    Seal(seal::SealArgs),
    /// Send a sealed envelope
    Send(send::SendArgs),
    /// Seal a signed intent and send it
    Submit(send::SubmitArgs),
    /// Show what anyone can see of an envelope
    Inspect(inspect::InspectArgs),
    /// Your own orders, with their receipts
    Orders(orders::OrdersArgs),
    /// What became of an order
    Status(status::StatusArgs),
    /// List settled rounds
    Rounds(list::RoundsArgs),
    /// Show a settled round
    Round(round::RoundArgs),
    /// List what was quoted lately
    Pairs(pairs::PairsArgs),
    /// What a swap got lately
    Prices(prices::PricesArgs),
    /// Watch rounds open, close and settle
    Watch(watch::WatchArgs),
    /// Seal a quote by hand and send it
    Quote(quote::QuoteArgs),
    /// Check rounds again, from the committee file and the record alone
    Audit(audit::AuditArgs),
    /// Check what wallets have signed for NEAR Intents
    Near(near::NearArgs),
    /// List the tokens that commands know by name
    Tokens(tokens::TokensArgs),
    /// Show whom a client of this house trusts, in words to be compared by voice
    Trust(trust::TrustArgs),
    /// Make and look at the keys of a house
    Keygen(keygen::KeygenArgs),
    /// Show which settings hold, and where each comes from
    Config(config::ConfigArgs),
    /// Print the completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print a manual page, or write all of them
    Man(man::ManArgs),
}

impl Command {
    /// Runs it.
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Demo(args) => demo::run(args, context).await,
            Self::Up(args) => up::run(args, context).await,
            Self::Node(args) => node::run(args, context).await,
            Self::Doctor(args) => doctor::run(args, context).await,
            Self::Solver(args) => solver::run(args, context).await,
            Self::Relayer(args) => relayer::run(args, context).await,
            Self::Account(args) => account::run(args, context).await,
            Self::Swap(args) => Box::pin(swap::run(args, context)).await,
            Self::Intent(args) => intent::run(args, context).await,
            Self::Seal(args) => seal::run(args, context).await,
            Self::Send(args) => send::run(args, context).await,
            Self::Submit(args) => send::run_submit(args, context).await,
            Self::Inspect(args) => inspect::run(args, context).await,
            Self::Orders(args) => orders::run(args, context).await,
            Self::Status(args) => status::run(args, context).await,
            Self::Rounds(args) => list::run(args, context).await,
            Self::Round(args) => round::run(args, context).await,
            Self::Pairs(args) => pairs::run(args, context).await,
            Self::Prices(args) => prices::run(args, context).await,
            Self::Watch(args) => watch::run(args, context).await,
            Self::Quote(args) => quote::run(args, context).await,
            Self::Audit(args) => audit::run(args, context).await,
            Self::Near(args) => near::run(args, context).await,
            Self::Tokens(args) => tokens::run(&args, context),
            Self::Trust(args) => trust::run(args, context).await,
            Self::Keygen(args) => keygen::run(args, context).await,
            Self::Config(args) => config::run(&args, context),
            Self::Completions(args) => completions::run(&args, &mut Cli::command(), context),
            Self::Man(args) => man::run(&args, &mut Cli::command(), context),
        }
    }

    /// Whether it works though the configuration file is wrong.
    pub(crate) const fn needs_no_config(&self) -> bool {
        match self {
            Self::Config(args) => args.needs_no_file(),
            Self::Completions(_) | Self::Man(_) => true,
            _ => false,
        }
    }

    /// Whether it handles Ctrl-C itself, to stop what it has started.
    pub(crate) const fn sees_to_interrupts(&self) -> bool {
        match self {
            Self::Demo(_) | Self::Up(_) | Self::Keygen(_) => true,
            Self::Node(args) => args.runs_on(),
            Self::Solver(args) => args.runs_on(),
            Self::Relayer(args) => args.runs_on(),
            _ => false,
        }
    }

    /// What it logs to stderr unless `SEALBID_LOG` says otherwise; `verbose` is how often `-v` was
    /// given.
    pub(crate) fn log_filter(&self, verbose: u8) -> String {
        match verbose {
            0 => {}
            // Of the transport's own words errors only, as in a daemon, and none of noq's: it calls the
            // end of each connection one.
            1 => return format!("{DEFAULT_LOG_FILTER},noq=off"),
            // By the beginning of a target: all our own crates.
            2 => return format!("{DEFAULT_LOG_FILTER},noq=off,sealbid=debug"),
            _ => return format!("{DEFAULT_LOG_FILTER},sealbid=trace"),
        }
        let daemon = || DEFAULT_LOG_FILTER.to_owned();
        match self {
            // Those that run on alone: what the transport says of a member that does not answer is
            // in the answer of a command that asks.
            Self::Node(args) if args.runs_on() => args.log_filter().unwrap_or_else(daemon),
            Self::Solver(args) if args.runs_on() => daemon(),
            Self::Relayer(args) if args.runs_on() => daemon(),
            _ => "off".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let path = format!("{path} {}", sub.get_name());
            let help = sub
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            found.push((path.clone(), help));
            leaves(sub, &path, found);
        }
    }

    #[test]
    fn every_command_has_an_example() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "sealbid", &mut found);
        assert!(found.len() > 20, "{found:?}");
        let lacks = |(path, help): &(String, String)| {
            // `sealbid-keygen` has the same help, and options may stand in between.
            let own = path
                .trim_start_matches("sealbid ")
                .trim_start_matches("keygen ");
            !help.contains("Example") || !help.contains(own)
        };
        found.retain(lacks);
        assert!(found.is_empty(), "no example of its own: {found:#?}");
    }
}
