//! Development houses: members, a relayer and solvers, all their keys in one directory.

use core::time::Duration;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use sealbid_client::CommitteeFile;
use sealbid_keygen::{
    HouseDir, KeyFileError, MemberKey, Passphrase, PassphraseSource, StandardTerminal,
};
use sealbid_net::ticket::Role;
use sealbid_node::issue_ticket;
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;

use crate::commands::operate::guest;
use crate::dev::house_claim::Claim;
use crate::dev::house_process::ProcessSpec;
use crate::exit::Failure;

/// How long the tickets of a development house last. They are made anew at each start.
const TICKET_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// A house that runs on this machine, all its keys beside one another: development only.
pub(crate) struct DevelopmentHouse {
    directory: HouseDir,
    committee: Committee,
    passphrase: Passphrase,
    /// Held as long as this is: one process runs a house, since a second one would give every
    /// member a twin.
    _lock: File,
}

impl DevelopmentHouse {
    /// The house in a directory that this process has claimed.
    ///
    /// # Errors
    /// Key or authentication, if the committee file or the passphrase cannot be used.
    pub(crate) fn open(claim: Claim) -> Result<Self, Failure> {
        let (directory, lock) = claim.into_parts();
        let (committee, _keys) = CommitteeFile::load(&directory.committee())?.into_parts();
        let passphrase = PassphraseSource::File(passphrase_path(&directory));
        let passphrase = passphrase.existing(&mut StandardTerminal, "")?;
        Ok(Self {
            _lock: lock,
            directory,
            committee,
            passphrase,
        })
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
        relayer_path(&self.directory)
    }

    fn solver(&self, number: u8) -> PathBuf {
        solver_path(&self.directory, number)
    }

    /// Signs fresh tickets for the relayer and the solvers, as the first member whose key opens.
    /// What fails is returned: who has a ticket of the last start may get along with that.
    pub(crate) fn issue_tickets(&self) -> Vec<Failure> {
        let signer = match self.signer() {
            Ok(signer) => signer,
            Err(failure) => return vec![failure],
        };
        let relayer = core::iter::once((Role::Relayer, self.relayer()));
        let solvers = (1..=self.solvers()).map(|number| (Role::Solver, self.solver(number)));
        let issued = relayer
            .chain(solvers)
            .map(|(role, path)| self.issue_ticket(role, &path, &signer));
        issued.filter_map(Result::err).collect()
    }

    /// The keys of all its members.
    ///
    /// # Errors
    /// A key file's.
    pub(crate) fn member_keys(&self) -> Result<Vec<MemberKey>, Failure> {
        let keys = self.members().map(|index| self.member_key(index));
        Ok(keys.collect::<Result<_, _>>()?)
    }

    fn member_key(&self, index: MemberIndex) -> Result<MemberKey, KeyFileError> {
        MemberKey::load(&self.directory.member(index).key(), &self.passphrase)
    }

    /// Any member may sign, and this process has the keys of all.
    fn signer(&self) -> Result<MemberKey, Failure> {
        let mut first = None;
        for index in self.members() {
            match self.member_key(index) {
                Ok(key) => return Ok(key),
                Err(error) => first = first.or(Some(Failure::from(error))),
            }
        }
        Err(first.unwrap_or_else(|| Failure::key("the house has no member")))
    }

    fn issue_ticket(&self, role: Role, path: &Path, signer: &MemberKey) -> Result<(), Failure> {
        let peer = guest::endpoint_key(&path.join("house.key"))?.peer();
        let (index, identity) = (signer.index(), signer.identity());
        let ticket = issue_ticket(&self.committee, role, peer, TICKET_LIFE, index, &identity);
        let path = path.join("ticket");
        std::fs::write(&path, format!("{ticket}\n")).map_err(|error| cannot_write(&path, &error))
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

/// Where the passphrase of all its keys is. It lies beside them and protects nothing: but keys have
/// one form, and a house for development runs what a real one does.
pub(crate) fn passphrase_path(directory: &HouseDir) -> PathBuf {
    directory.root().join("passphrase")
}

/// Where its relayer's files are.
pub(crate) fn relayer_path(directory: &HouseDir) -> PathBuf {
    directory.root().join("relayer")
}

/// Where a solver's files are.
pub(crate) fn solver_path(directory: &HouseDir, number: u8) -> PathBuf {
    directory.root().join(format!("solver-{number}"))
}

/// A failure to write a file of the house.
pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::storage(format!("cannot write {}: {error}", path.display()))
}
