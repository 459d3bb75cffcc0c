//! `sealbid account`: the key that trades.
//!
//! An account is an ed25519 key, and its name on the chain follows from that key. So nothing is
//! registered anywhere: to make a key is to have an account, and to lose its file is to lose it.
//! `--plain` is for trying things out.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sealbid_keygen::{AccountKey, StandardTerminal, WorkFactor};
use serde_json::json;
use zeroize::Zeroizing;

use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::orders::files::private_directory;

/// Make or show a trading account
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid account new
  sealbid account show")]
pub(crate) struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Make a new key, stored under a passphrase
    #[command(after_help = "\
Example:
  sealbid account new
  sealbid account new --plain --out alice.json")]
    New {
        /// Store it without a passphrase: whoever reads the file can trade with it
        #[arg(long)]
        plain: bool,
        /// Where it goes, instead of the house's own accounts/default.json
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show an account's name and public key
    #[command(after_help = "\
Example:
  sealbid account show
  sealbid account show --account alice.json --json")]
    Show {
        /// The account's key file, instead of the house's own accounts/default.json
        #[arg(long, value_name = "FILE")]
        account: Option<PathBuf>,
    },
}

/// Runs it.
pub(crate) async fn run(args: AccountArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        AccountCommand::New { plain, out } => new(plain, out, context).await,
        AccountCommand::Show { account } => {
            // Its passphrase is asked for only if it has one.
            let path = context.account_path(account);
            let key = context.account_key(path.clone()).await?;
            tell(&key, &path, context);
            Ok(())
        }
    }
}

/// Makes a key where there is none. By default it lies among the house's own accounts, in a
/// directory that is made for its owner alone.
async fn new(plain: bool, out: Option<PathBuf>, context: &Context) -> Result<(), Failure> {
    let is_default = out.is_none();
    let path = context.account_path(out);
    // Never over another key: an account whose key is gone is lost with all that it holds.
    if path.exists() {
        return Err(
            Failure::storage(format!("{} is there already", path.display()))
                .advise("name another file with --out FILE"),
        );
    }
    // A directory that the user has named is the user's to make, and keeps its rights.
    if let Some(parent) = path.parent().filter(|_| is_default) {
        private_directory(parent)?;
    }
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy)
        .map_err(|error| Failure::work(format!("no randomness: {error}")))?;
    let key = AccountKey::from_entropy(&entropy);
    let (key, path) = if plain {
        key.save_plain(&path)?;
        (key, path)
    } else {
        let source = context.passphrase_source();
        // On a thread that may wait: a person types, and stretching a passphrase is slow on
        // purpose.
        blocking(move || {
            let prompt = format!("new passphrase for {}", path.display());
            let passphrase = source.chosen(&mut StandardTerminal, &prompt)?;
            key.save_encrypted(&path, &passphrase, WorkFactor::USUAL)?;
            Ok::<_, Failure>((key, path))
        })
        .await??
    };
    tell(&key, &path, context);
    Ok(())
}

/// Both commands show the same, so that scripts read one kind of object.
fn tell(key: &AccountKey, path: &Path, context: &Context) {
    let (account, public_key) = (key.account_id(), key.public_key());
    let object = json!({ "account": account, "public_key": public_key, "file": path });
    context.console().result(&object, || {
        format!(
            "account  {account}\nkey      {public_key}\nfile     {}",
            path.display()
        )
    });
}
