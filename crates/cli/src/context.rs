//! What every command is given: where the house is, how to print, and how to get at the rest.

use core::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use sealbid_client::{Account, Client, CommitteeFile, RecordDirectory};
use sealbid_keygen::{AccountKey, HouseDir, PassphraseError, PassphraseSource, StandardTerminal};
use sealbid_types::committee::Provenance;

use crate::config::Settings;
use crate::exit::Failure;
use crate::next_command::Typed;
use crate::options::Options;
use crate::orders::in_hand::InHand;
use crate::tokens::Tokens;
use crate::ui::output::Console;

/// The global options, made usable.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    dir: PathBuf,
    passphrase_file: Option<PathBuf>,
    console: Console,
    typed: Arc<Typed>,
    settings: Arc<Settings>,
    in_hand: InHand,
}

impl Context {
    pub(crate) fn new(options: Options, typed: Typed, settings: Settings) -> Self {
        let console = options.console();
        let Options {
            dir,
            passphrase_file,
            ..
        } = options;
        Self {
            dir,
            passphrase_file,
            console,
            typed: Arc::new(typed),
            settings: Arc::new(settings),
            in_hand: InHand::default(),
        }
    }

    /// The house directory; it need not exist.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What lies where in it.
    pub(crate) fn house_dir(&self) -> HouseDir {
        HouseDir::new(self.dir.clone())
    }

    /// The house directory, which has to be there.
    ///
    /// # Errors
    /// Key, if it is not: most often a slip.
    pub(crate) fn require_dir(&self) -> Result<HouseDir, Failure> {
        if self.dir.is_dir() {
            return Ok(self.house_dir());
        }
        Err(Failure::no_house_directory(&self.dir))
    }

    /// The command to type next, such as `status 2faa8d3c`: with the house and the account that were
    /// named on this command line, so that it works as it is printed. A failure's message and advice
    /// need no such care.
    pub(crate) fn next(&self, command: impl Display) -> String {
        self.complete(&format!("sealbid {command}"))
    }

    /// The same for all commands that a text names.
    pub(crate) fn complete(&self, text: &str) -> String {
        self.typed.complete(text)
    }

    /// Which settings hold.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where results go.
    pub(crate) const fn console(&self) -> Console {
        self.console
    }

    /// The order that the command has in hand, if it is interrupted.
    pub(crate) const fn in_hand(&self) -> &InHand {
        &self.in_hand
    }

    /// Where passphrases come from.
    pub(crate) fn passphrase_source(&self) -> PassphraseSource {
        PassphraseSource::from(self.passphrase_file.clone())
    }

    /// The house's tokens.
    ///
    /// # Errors
    /// Usage or storage.
    pub(crate) fn tokens(&self) -> Result<Tokens, Failure> {
        Ok(Tokens::load(&self.house_dir().tokens())?)
    }

    /// The house as a client sees it. Nobody is dialled yet.
    ///
    /// # Errors
    /// Key, if the committee file is missing or bad.
    pub(crate) async fn house(&self) -> Result<Client, Failure> {
        self.house_in(&self.dir).await
    }

    /// The same for another house directory.
    ///
    /// # Errors
    /// Key, if the committee file is missing or bad.
    pub(crate) async fn house_in(&self, dir: &Path) -> Result<Client, Failure> {
        let house = HouseDir::new(dir);
        let path = house.committee();
        tracing::info!("the house is that of {}", path.display());
        let committee = self.committee(path).await?;
        let client = Client::connect(committee).await?;
        let committee = client.committee();
        tracing::info!(
            "auction {}, key {}, {} members with a quorum of {}",
            committee.auction.short(),
            committee.key.short(),
            committee.members(),
            committee.quorum,
        );
        // What a relayer has written here needs nobody to be asked for.
        Ok(client.with_records(RecordDirectory::new(house.records())))
    }

    /// A committee file. Says, once a command, if a dealer has made its key: such a house must not
    /// be traded in for money.
    ///
    /// # Errors
    /// Key, if it is missing or bad.
    pub(crate) async fn committee(&self, path: PathBuf) -> Result<CommitteeFile, Failure> {
        static TOLD: Once = Once::new();
        let file = blocking(move || CommitteeFile::load(&path)).await??;
        if file.committee().provenance == Provenance::DevelopmentDealer {
            TOLD.call_once(|| {
                self.console.note(
                    "DEVELOPMENT ONLY: a dealer made this house's key, and could have kept it to \
                     open every order",
                );
            });
        }
        Ok(file)
    }

    /// Where an account's key file is: the named one, else the house's own.
    pub(crate) fn account_path(&self, named: Option<PathBuf>) -> PathBuf {
        named.unwrap_or_else(|| self.house_dir().accounts().join("default.json"))
    }

    /// The account to trade from. Asks for its passphrase only if it is encrypted.
    ///
    /// # Errors
    /// Authentication or key.
    pub(crate) async fn account(&self, named: Option<PathBuf>) -> Result<Account, Failure> {
        if named.is_none() {
            self.require_dir()?;
        }
        let key = self.account_key(self.account_path(named)).await?;
        Ok(Account::new(key.signing_key()))
    }

    /// The account key in a file.
    ///
    /// # Errors
    /// Authentication or key.
    pub(crate) async fn account_key(&self, path: PathBuf) -> Result<AccountKey, Failure> {
        let source = self.passphrase_source();
        tracing::info!("the account is that of {}", path.display());
        let prompt = format!("passphrase of {}", path.display());
        let passphrase = move || -> Result<_, PassphraseError> {
            source.existing(&mut StandardTerminal, &prompt)
        };
        Ok(blocking(move || AccountKey::load(&path, passphrase)).await??)
    }
}

/// Runs what takes long, or waits for a person, where nothing else waits for it.
///
/// # Errors
/// Work, if it panicked.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::work(error.to_string()))
}
