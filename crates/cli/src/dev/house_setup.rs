//! Development houses: members, a relayer and solvers, all their keys in one directory.
//!
//! A house is made in one order: lock, passphrase, keys, everything else, and last the committee
//! file. With that file the directory is a whole house. Without it the making was cut short, and
//! begins again from nothing.

use core::time::Duration;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealbid_client::CommitteeFile;
use sealbid_keygen::secret_file::write_secret;
use sealbid_keygen::{
    AccountKey, HouseDir, HouseError, MemberKey, Passphrase, PassphraseSource, StandardTerminal,
};
use sealbid_net::ticket::Role;
use sealbid_node::issue_ticket;
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use crate::commands::operate::guest;
use crate::commands::operate::member_setup;
use crate::dev::house_ceremony;
use crate::dev::house_process::ProcessSpec;
use crate::dev::sample_books;
use crate::exit::Failure;
use crate::tokens;

/// How long the tickets of a development house last. They are made anew at each start.
const TICKET_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// What a new house is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HouseShape {
    /// n.
    pub(crate) members: u8,
    /// How many solvers.
    pub(crate) solvers: u8,
    /// The length of a slot.
    pub(crate) period: Duration,
    /// How long quotes are taken at a slot's end.
    pub(crate) quote_window: Duration,
}

/// A house that runs on this machine, all its keys beside one another: development only.
pub(crate) struct DevelopmentHouse {
    directory: HouseDir,
    committee: Committee,
    passphrase: Passphrase,
    /// Held as long as this is: one process runs a house.
    _lock: File,
}

impl DevelopmentHouse {
    /// Makes a house in a directory that is empty or absent, or holds a house whose making was cut
    /// short. Its members make their key in a ceremony, each in a process of its own.
    ///
    /// # Errors
    /// Storage, if the directory holds something or cannot be written; a participant's own.
    pub(crate) async fn create(root: &Path, shape: HouseShape) -> Result<Self, Failure> {
        let directory = HouseDir::new(absolute(root)?);
        // First what was cut short goes away; then the directory must be empty.
        discard_unfinished(&directory)?;
        directory.check_unused().map_err(|error| of_house(&error))?;
        make_directory(directory.root())?;
        // Before anything else is written: of two that begin at once, one goes on.
        let lock = lock(&directory)?;
        // It lies beside the keys and protects nothing. But keys have one form, and a house for
        // development runs what a real one does.
        let text = Zeroizing::new(HEXLOWER.encode(random()?.as_ref()));
        let passphrase = Passphrase::new(text.as_str())?;
        let line = Zeroizing::new(format!("{}\n", text.as_str()));
        let path = passphrase_path(&directory);
        write_secret(&path, line.as_bytes()).map_err(|error| cannot_write(&path, &error))?;
        let committee = house_ceremony::hold(&directory, &shape, &path).await?;
        let house = Self {
            _lock: lock,
            directory,
            committee,
            passphrase,
        };
        // Before the committee file, which says that the house is whole.
        house.furnish(shape.solvers)?;
        house_ceremony::conclude(&house.directory)?;
        Ok(house)
    }

    /// Everything but the keys.
    fn furnish(&self, solvers: u8) -> Result<(), Failure> {
        // The house's own copy, to be edited.
        write(&self.directory.tokens(), tokens::DEFAULT)?;
        for (index, member) in self.members().zip(&self.committee.roster) {
            let directory = self.directory.member(index);
            // By a path from the member's own directory, as all paths of its file are.
            member_setup::write_config(&directory, member, Some("../passphrase".into()))?;
        }
        make_directory(&self.relayer())?;
        for solver in 1..=solvers {
            let directory = self.solver(solver);
            make_directory(&directory)?;
            write(&directory.join("book.toml"), &sample_books::text(solver))?;
            make_account(&directory.join("account.key"))?;
        }
        // The account that trades where a command names none.
        make_directory(&self.directory.accounts())?;
        make_account(&self.directory.accounts().join("default.json"))
    }

    /// The house in a directory, if one was made there; none if the directory is empty or absent.
    ///
    /// # Errors
    /// Storage, if the directory holds something else, or a house that was not made here.
    pub(crate) fn open(root: &Path) -> Result<Option<Self>, Failure> {
        let directory = HouseDir::new(absolute(root)?);
        match directory.check_unused() {
            Ok(()) => return Ok(None),
            Err(HouseError::HoldsHouse { .. }) => {}
            Err(error) => return Err(of_house(&error)),
        }
        let path = passphrase_path(&directory);
        // Members that operators run have no passphrase lying beside them: `up` must not take such
        // a house for its own.
        if !path.exists() {
            let message = format!(
                "{} holds a house that `up` has not made",
                directory.root().display()
            );
            return Err(Failure::storage(message)
                .advise("run its members with `sealbid node run`, or give another --dir"));
        }
        let (committee, _keys) = CommitteeFile::load(&directory.committee())?.into_parts();
        let passphrase = PassphraseSource::File(path).existing(&mut StandardTerminal, "")?;
        Ok(Some(Self {
            // Before anything is started: a second process would give every member a twin.
            _lock: lock(&directory)?,
            directory,
            committee,
            passphrase,
        }))
    }

    /// Its directory.
    pub(crate) const fn directory(&self) -> &HouseDir {
        &self.directory
    }

    /// Its committee file.
    pub(crate) const fn committee(&self) -> &Committee {
        &self.committee
    }

    /// How many solvers it has.
    pub(crate) fn solvers(&self) -> u8 {
        let is_there = |solver: &u8| self.solver(*solver).join("book.toml").exists();
        u8::try_from((1..u8::MAX).take_while(is_there).count()).unwrap_or(u8::MAX)
    }

    fn members(&self) -> impl Iterator<Item = MemberIndex> + use<> {
        MemberIndex::all(self.committee.members())
    }

    fn relayer(&self) -> PathBuf {
        self.directory.root().join("relayer")
    }

    fn solver(&self, number: u8) -> PathBuf {
        self.directory.root().join(format!("solver-{number}"))
    }

    /// Signs fresh tickets for the relayer and the solvers, as the first member.
    ///
    /// # Errors
    /// Key or authentication, if the member's key file does not open.
    pub(crate) fn issue_tickets(&self) -> Result<(), Failure> {
        // Any member may sign, and this process has the keys of all.
        let signer = MemberIndex(0);
        let key = MemberKey::load(&self.directory.member(signer).key(), &self.passphrase)?;
        let relayer = core::iter::once((Role::Relayer, self.relayer()));
        let solvers = (1..=self.solvers()).map(|number| (Role::Solver, self.solver(number)));
        for (role, directory) in relayer.chain(solvers) {
            let peer = guest::endpoint_key(&directory.join("house.key"))?.peer();
            let identity = key.identity();
            let ticket = issue_ticket(&self.committee, role, peer, TICKET_LIFE, signer, &identity);
            write(&directory.join("ticket"), &format!("{ticket}\n"))?;
        }
        Ok(())
    }

    /// The processes of its members.
    pub(crate) fn member_processes(&self) -> Vec<ProcessSpec> {
        self.members()
            .map(|index| self.member_process(index))
            .collect()
    }

    fn member_process(&self, index: MemberIndex) -> ProcessSpec {
        let directory = self.directory.member(index);
        let config = directory.config().into_os_string();
        ProcessSpec {
            name: index.to_string(),
            // However this process ends, its members end as well.
            arguments: words(
                ["--json", "node", "run", "--until-stdin-closes", "--config"],
                [config],
            ),
            log: directory.path().join("log"),
        }
    }

    /// The processes of its relayer and solvers.
    pub(crate) fn guest_processes(&self) -> Vec<ProcessSpec> {
        let relayer = ProcessSpec {
            name: "relayer".to_owned(),
            arguments: self.arguments(["relayer", "run", "--until-stdin-closes"], []),
            log: self.relayer().join("log"),
        };
        let solvers = (1..=self.solvers()).map(|number| self.solver_process(number));
        core::iter::once(relayer).chain(solvers).collect()
    }

    fn solver_process(&self, number: u8) -> ProcessSpec {
        let directory = self.solver(number);
        // Its ticket and its endpoint key lie beside the book, where it looks for them.
        let file = |name: &str| directory.join(name).into_os_string();
        let files = [
            "--book".into(),
            file("book.toml"),
            "--account".into(),
            file("account.key"),
        ];
        ProcessSpec {
            name: format!("solver {number}"),
            arguments: self.arguments(["solver", "run", "--until-stdin-closes"], files),
            log: directory.join("log"),
        }
    }

    /// A command on this house.
    fn arguments<const N: usize, const M: usize>(
        &self,
        command: [&str; N],
        more: [OsString; M],
    ) -> Vec<OsString> {
        let house = [
            "--json".into(),
            "--dir".into(),
            self.directory.root().as_os_str().to_owned(),
        ];
        house.into_iter().chain(words(command, more)).collect()
    }
}

/// Words of a command, and paths, which need not be UTF-8.
fn words<const N: usize, const M: usize>(command: [&str; N], more: [OsString; M]) -> Vec<OsString> {
    command
        .into_iter()
        .map(OsString::from)
        .chain(more)
        .collect()
}

fn passphrase_path(directory: &HouseDir) -> PathBuf {
    directory.root().join("passphrase")
}

/// Clears a directory in which the making of a house was cut short: it was empty before, and
/// nothing in it is of use to anybody.
fn discard_unfinished(directory: &HouseDir) -> Result<(), Failure> {
    let root = directory.root();
    if directory.committee().exists() || !house_ceremony::hall_of(directory).exists() {
        return Ok(());
    }
    // Held meanwhile: it may be another process that is making it at this moment.
    let _lock = lock(directory)?;
    let entries = std::fs::read_dir(root).map_err(|error| cannot_write(root, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| cannot_write(root, &error))?.path();
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

/// Locks the house for this process. The lock goes with the process, however it ends.
fn lock(directory: &HouseDir) -> Result<File, Failure> {
    let path = directory.root().join("lock");
    let file = File::create(&path).map_err(|error| cannot_write(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let root = directory.root().display();
            let message = format!("another process runs the house in {root} already");
            Err(Failure::storage(message).advise("use that one, or stop it first"))
        }
        Err(TryLockError::Error(error)) => Err(cannot_write(&path, &error)),
    }
}

/// Children may run elsewhere one day; their files stay where they are.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::storage(format!("{}: {error}", path.display())))
}

fn random() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut())
        .map_err(|error| Failure::work(format!("the system gives no entropy: {error}")))?;
    Ok(bytes)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

/// Makes a trading account, in plain: its house is for development.
fn make_account(path: &Path) -> Result<(), Failure> {
    let entropy = random()?;
    Ok(AccountKey::from_entropy(&entropy).save_plain(path)?)
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::storage(format!("cannot write {}: {error}", path.display()))
}

fn of_house(error: &HouseError) -> Failure {
    Failure::storage(error.to_string()).advise("give a new or an empty directory with --dir")
}
