//! What a finished ceremony leaves on disk: the public files, and one member's secrets.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use core::fmt;

use sealbid_crypto::CommitteeKeys;
use sealbid_crypto::group::SecretScalar;
use sealbid_dkg::{CeremonyOutcome, SecretBytes};
use sealbid_types::committee::{Committee, Provenance};
use sealbid_types::id::{AuctionId, CeremonyId, KeyId, MemberIndex, SessionId};
use serde::Serialize;

use crate::ceremony::directory::CeremonyDir;
use crate::ceremony::error::CeremonyError;
use crate::committee_file::save_committee;
use crate::encryption::WorkFactor;
use crate::identity::Identity;
use crate::member_key::{Content, KeyFileError, MemberKey};
use crate::passphrase::Passphrase;
use crate::secret_file::{write_public, write_secret};
use crate::seed::Seed;
use crate::trust::Survival;
use crate::words::{Words, words_of_digest};

/// What a finished ceremony has made.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    event: &'static str,
    name: String,
    auction: AuctionId,
    pub(crate) key: KeyId,
    /// All members read the same: they have the same key.
    key_words: Words,
    session: SessionId,
    session_words: Words,
    /// How many members have signed: all of them.
    certificate: usize,
    survival: Survival,
    member: String,
    committee: PathBuf,
    transcript: PathBuf,
    key_file: PathBuf,
    /// The session key, where it stays.
    session_file: PathBuf,
    /// What to run next.
    next: String,
}

impl Report {
    /// What lies in `directory` for the member at `index`.
    pub(crate) fn new(
        directory: &CeremonyDir,
        committee: &Committee,
        index: MemberIndex,
    ) -> Result<Self, CeremonyError> {
        let Provenance::Ceremony(certificate) = &committee.provenance else {
            let path = directory.house().root().to_owned();
            return Err(CeremonyError::HoldsHouse { path });
        };
        let house = directory.house();
        let number = u16::from(index.0) + 1;
        Ok(Self {
            event: "done",
            name: committee.name.clone(),
            auction: committee.auction,
            key: committee.key,
            key_words: words_of_digest(committee.key.as_bytes()),
            session: certificate.session,
            session_words: words_of_digest(certificate.session.as_bytes()),
            certificate: certificate.signatures.len(),
            survival: Survival::of(committee.members(), committee.quorum)?,
            member: index.to_string(),
            committee: house.committee(),
            transcript: directory.transcript(),
            key_file: house.member(index).key(),
            session_file: session_file(house.member(index).path()),
            next: format!(
                "sealbid --dir {} node init --member {number}",
                house.root().display()
            ),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Survival { members, .. } = self.survival;
        writeln!(f, "auction      {} ({})", self.name, self.auction)?;
        writeln!(f, "key          {}", self.key)?;
        writeln!(f, "             {}", self.key_words)?;
        writeln!(f, "session      {}", self.session_words)?;
        let signed = self.certificate;
        writeln!(
            f,
            "certificate  {signed} of {members} have signed; you are {}\n",
            self.member
        )?;
        writeln!(f, "{}\n", self.survival)?;
        writeln!(f, "wrote        {}", self.committee.display())?;
        writeln!(f, "wrote        {}", self.transcript.display())?;
        writeln!(f, "wrote        {}  (secret)", self.key_file.display())?;
        let session_file = self.session_file.display();
        writeln!(
            f,
            "wrote        {session_file}  (secret: `recover` needs it)\n"
        )?;
        write!(f, "next         {}", self.next)
    }
}

/// The session's secret beside the member's key. It stays as long as the key file does: with it and
/// the public transcript, a lost key file is made again.
pub(crate) fn session_file(member: &Path) -> PathBuf {
    member.join("session.age")
}

/// A member's key file: of its own secrets, all that is not the share comes from its identity.
pub(crate) fn member_key(
    identity: &Identity,
    ceremony: CeremonyId,
    committee: &Committee,
    index: MemberIndex,
    (share, group): (&SecretScalar, &SecretBytes),
) -> MemberKey {
    // Identity, house and door follow from the identity and the ceremony's id: `recover` finds them
    // again. Only share and group are the ceremony's.
    MemberKey::new(Content {
        auction: committee.auction,
        key: committee.key,
        epoch: committee.epoch,
        index,
        identity: identity.signing_seed(),
        house: identity.house_seed(ceremony.as_bytes()),
        door: identity.door_seed(ceremony.as_bytes()),
        share: share.expose(Seed::copied_from),
        group: group.expose(Seed::copied_from),
    })
}

/// Checks that the key file's content is what the committee commits to.
///
/// # Errors
/// [`KeyFileError::Foreign`], for the file that it would be.
pub(crate) fn check_member_key(
    key: &MemberKey,
    committee: &Committee,
    path: &Path,
) -> Result<(), CeremonyError> {
    let corrupt = |reason: String| KeyFileError::Corrupt {
        path: path.to_owned(),
        reason,
    };
    let keys = CommitteeKeys::new(&committee.keys, committee.quorum)
        .map_err(|error| corrupt(error.to_string()))?;
    key.share_in(committee, &keys)
        .map_err(|problem| KeyFileError::Foreign {
            path: path.to_owned(),
            problem,
        })?;
    Ok(())
}

/// Writes the outcome: the committee file last, so that a directory with one is whole.
///
/// # Errors
/// [`CeremonyError`]; done again, it goes on.
pub(crate) fn write(
    directory: &CeremonyDir,
    identity: &Identity,
    outcome: &CeremonyOutcome,
    passphrase: &Passphrase,
    work: WorkFactor,
) -> Result<Report, CeremonyError> {
    let CeremonyOutcome {
        committee,
        transcript,
        index,
        share,
        group,
    } = outcome;
    let member = directory.house().member(*index);
    let key = member_key(
        identity,
        transcript.invitation.ceremony(),
        committee,
        *index,
        (share, group),
    );
    // Before anything is written: a key that does not fit the committee must not lie on disk and be
    // backed up as if it did.
    check_member_key(&key, committee, &member.key())?;
    // What is public first, then the secrets, last the committee file, by which a whole directory
    // is known. Killed in between, the next run does all of it again and finds what is there.
    let path = directory.transcript();
    write_public(&path, &transcript.to_bytes())
        .map_err(|source| CeremonyError::io(&path, source))?;
    make_private_directory(member.path())
        .map_err(|source| CeremonyError::io(member.path(), source))?;
    save_once(&key, &member.key(), passphrase, work)?;
    // Copied, and the first one removed only when all else is there: without it `resume` cannot go
    // on.
    copy_session_key(directory, member.path())?;
    save_committee(&directory.house().committee(), committee)?;
    finish(directory)?;
    Report::new(directory, committee, *index)
}

/// Writes the key file, unless an attempt that was cut off has.
fn save_once(
    key: &MemberKey,
    path: &Path,
    passphrase: &Passphrase,
    work: WorkFactor,
) -> Result<(), KeyFileError> {
    let is_written = path.exists() && {
        let written = MemberKey::load(path, passphrase)?;
        // Key and seat leave one share only, and it was checked against them before it was written.
        (written.key(), written.index()) == (key.key(), key.index())
    };
    // Another's key file stays: the attempt to write fails.
    if is_written {
        Ok(())
    } else {
        key.save(path, passphrase, work)
    }
}

/// Removes what lies beside the member's key by now.
pub(crate) fn finish(directory: &CeremonyDir) -> Result<(), CeremonyError> {
    let path = directory.session_key();
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CeremonyError::io(&path, error))
        }
        _ => Ok(()),
    }
}

fn copy_session_key(directory: &CeremonyDir, member: &Path) -> Result<(), CeremonyError> {
    let (from, to) = (directory.session_key(), session_file(member));
    let bytes = fs::read(&from).map_err(|source| CeremonyError::io(&from, source))?;
    write_secret(&to, &bytes).map_err(|source| CeremonyError::io(&to, source))
}

/// For its owner alone from the moment it is there, so that nobody looks in before.
fn make_private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}
