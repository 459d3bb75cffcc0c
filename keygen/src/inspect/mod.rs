//! What a key, ceremony or committee file is, and never what is secret in it.

mod ceremony;

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use sealbid_dkg::board::MOST_BOARD_BYTES;
use sealbid_types::committee::{Committee, Provenance};
use sealbid_types::id::{AuctionId, Epoch, KeyId};
use sealbid_types::keys::PublicKey;
use sealbid_types::schedule::Schedule;
use sealbid_types::text::AccountId;
use serde::Serialize;

pub use ceremony::{CeremonySummary, IdentitySummary, SessionKeySummary};

use crate::account::AccountKey;
use crate::ceremony::session_key::SessionKey;
use crate::ceremony::verify::Verified;
use crate::encryption::{self, OpenError, is_encrypted};
use crate::identity::Identity;
use crate::member_key::MemberKey;
use crate::passphrase::{Passphrase, PassphraseError};
use crate::secret_file::read_bounded;
use crate::trust::{BadQuorum, Survival};
use crate::words::{Words, words_of_digest};
use ceremony::{Public, PublicError};
use sealbid_client::CommitteeFile;
use sealbid_client::committee::{CommitteeProblem, MOST_BYTES};

/// What a file is.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inspection {
    /// A committee file, all of which has been checked.
    Committee(CommitteeSummary),
    /// A member's key file, opened.
    MemberKey(MemberKeySummary),
    /// A trading key.
    Account(AccountSummary),
    /// A participant's identity, opened.
    Identity(IdentitySummary),
    /// A session key, opened.
    SessionKey(SessionKeySummary),
    /// A ceremony file.
    Ceremony(Box<CeremonySummary>),
    /// A transcript, all of which has been checked.
    Transcript(Box<Verified>),
    /// Encrypted, and not opened.
    Encrypted {
        /// The base-2 logarithm of scrypt's N, as the file claims.
        work_factor: Option<u8>,
    },
}

/// A committee file in short.
#[derive(Debug, Clone, Serialize)]
pub struct CommitteeSummary {
    /// The auction's name.
    pub name: String,
    /// Its id.
    pub auction: AuctionId,
    /// The committee key's id.
    pub key: KeyId,
    /// The same as words, to be compared by voice.
    pub key_words: Words,
    /// The shares' epoch.
    pub epoch: Epoch,
    /// Where the key comes from.
    pub provenance: Provenance,
    /// The slots.
    pub schedule: Schedule,
    /// What the members survive.
    pub survival: Survival,
}

/// A member's key file in short.
#[derive(Debug, Clone, Serialize)]
pub struct MemberKeySummary {
    /// The member's name, from 1.
    pub member: String,
    /// The auction.
    pub auction: AuctionId,
    /// The committee key that the share is of.
    pub key: KeyId,
    /// The share's epoch.
    pub epoch: Epoch,
    /// The public half of the key that signs.
    pub identity: PublicKey,
    /// The endpoint in the house network.
    pub house: PublicKey,
    /// The endpoint at the front door.
    pub door: PublicKey,
    /// Whether it belongs to the committee file that was given, and what that survives.
    pub committee: Option<Belonging>,
}

/// Whether a key file belongs to a committee file.
#[derive(Debug, Clone, Serialize)]
pub struct Belonging {
    /// In what it does not.
    pub problem: Option<String>,
    /// What the committee survives.
    pub survival: Survival,
}

/// A trading key in short.
#[derive(Debug, Clone, Serialize)]
pub struct AccountSummary {
    /// Its account.
    pub account: AccountId,
    /// Its public key.
    pub public_key: PublicKey,
    /// Whether its file is encrypted.
    pub encrypted: bool,
}

/// Why a file cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is none of them.
    #[error("{} is no key, ceremony or committee file: {problem}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// As a committee file.
        problem: CommitteeProblem,
    },
    /// Another passphrase, or damage in the few bytes where age cannot tell.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or encrypted and nothing of sealbid's.
    #[error("{}: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The committee has a quorum that none may have.
    #[error(transparent)]
    Quorum(#[from] BadQuorum),
}

/// Tells what the file at `path` is. An encrypted one is opened if there is a `passphrase`; a
/// member's key is then held against `committee`.
///
/// # Errors
/// [`InspectError`].
pub fn inspect(
    path: &Path,
    passphrase: Option<impl FnOnce() -> Result<Passphrase, PassphraseError>>,
    committee: Option<&CommitteeFile>,
) -> Result<Inspection, InspectError> {
    let bytes = read_bounded(path, MOST_BYTES.max(MOST_BOARD_BYTES)).map_err(|source| {
        InspectError::Read {
            path: path.to_owned(),
            source,
        }
    })?;
    // Told by its beginning: nobody is asked for a passphrase to a public file.
    if is_encrypted(&bytes) {
        return match passphrase {
            None => Ok(Inspection::Encrypted {
                work_factor: work_factor(&bytes),
            }),
            Some(passphrase) => opened(path, &bytes, &passphrase()?, committee),
        };
    }
    if let Ok(key) = AccountKey::from_json(&bytes) {
        return Ok(Inspection::Account(summary_of_account(&key, false)));
    }
    match ceremony::public(&bytes) {
        Ok(Public::Ceremony(summary)) => return Ok(Inspection::Ceremony(Box::new(summary))),
        Ok(Public::Transcript(verified)) => return Ok(Inspection::Transcript(Box::new(verified))),
        Err(PublicError::Unknown) => {}
        Err(PublicError::Quorum(quorum)) => return Err(quorum.into()),
        Err(PublicError::Damaged(reason)) => {
            let path = path.to_owned();
            return Err(InspectError::Corrupt { path, reason });
        }
    }
    // The committee file last: what is none of all these is told why it is not one of those.
    match CommitteeFile::read(&bytes) {
        Ok(file) => summary_of_committee(file.into_parts().0).map(Inspection::Committee),
        Err(problem) => Err(InspectError::Unknown {
            path: path.to_owned(),
            problem,
        }),
    }
}

/// At most one of these reads it, since each kind begins in a way of its own. If none does, the
/// reason that is given is that of a member's key.
fn opened(
    path: &Path,
    bytes: &[u8],
    passphrase: &Passphrase,
    committee: Option<&CommitteeFile>,
) -> Result<Inspection, InspectError> {
    let corrupt = |reason: String| InspectError::Corrupt {
        path: path.to_owned(),
        reason,
    };
    let plaintext = encryption::decrypt(bytes, passphrase).map_err(|error| match error {
        OpenError::WrongPassphrase => InspectError::WrongPassphrase {
            path: path.to_owned(),
        },
        OpenError::Corrupt(reason) => corrupt(reason.to_owned()),
    })?;
    if let Ok(key) = AccountKey::from_json(&plaintext) {
        return Ok(Inspection::Account(summary_of_account(&key, true)));
    }
    if let Ok(identity) = Identity::from_plaintext(&plaintext) {
        return Ok(Inspection::Identity(ceremony::identity(&identity)));
    }
    if let Ok(key) = SessionKey::from_plaintext(&plaintext) {
        return Ok(Inspection::SessionKey(ceremony::session_key(&key)));
    }
    let key = MemberKey::from_plaintext(&plaintext).map_err(|error| corrupt(error.to_string()))?;
    summary_of_member_key(&key, committee).map(Inspection::MemberKey)
}

fn summary_of_account(key: &AccountKey, encrypted: bool) -> AccountSummary {
    AccountSummary {
        account: key.account_id(),
        public_key: key.public_key(),
        encrypted,
    }
}

fn summary_of_committee(committee: Committee) -> Result<CommitteeSummary, InspectError> {
    Ok(CommitteeSummary {
        survival: Survival::of(committee.members(), committee.quorum)?,
        name: committee.name,
        auction: committee.auction,
        key: committee.key,
        key_words: words_of_digest(committee.key.as_bytes()),
        epoch: committee.epoch,
        provenance: committee.provenance,
        schedule: committee.schedule,
    })
}

fn summary_of_member_key(
    key: &MemberKey,
    committee: Option<&CommitteeFile>,
) -> Result<MemberKeySummary, InspectError> {
    // A key that does not belong here is described all the same: then it can be brought where it
    // does.
    let belonging = |file: &CommitteeFile| {
        let (committee, keys) = (file.committee(), file.keys());
        let survival = Survival::of(committee.members(), committee.quorum)?;
        let problem = key
            .share_in(committee, keys)
            .err()
            .map(|problem| problem.to_string());
        Ok::<_, InspectError>(Belonging { problem, survival })
    };
    let [identity, house, door] = key.public_keys().map(|(_, key)| key);
    Ok(MemberKeySummary {
        member: key.index().to_string(),
        auction: key.auction(),
        key: key.key(),
        epoch: key.epoch(),
        identity,
        house,
        door,
        committee: committee.map(belonging).transpose()?,
    })
}

/// The last word of `-> scrypt SALT LOG_N`, the second line of a passphrase-encrypted age file.
/// Nothing vouches for it before the passphrase is there: it is shown, and no more.
fn work_factor(bytes: &[u8]) -> Option<u8> {
    let line = bytes.split(|&byte| byte == b'\n').nth(1)?;
    let line = core::str::from_utf8(line).ok()?;
    line.strip_prefix("-> scrypt ")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committee(summary) => summary.fmt(f),
            Self::MemberKey(summary) => summary.fmt(f),
            Self::Account(summary) => summary.fmt(f),
            Self::Identity(summary) => summary.fmt(f),
            Self::SessionKey(summary) => summary.fmt(f),
            Self::Ceremony(summary) => summary.fmt(f),
            Self::Transcript(verified) => verified.fmt(f),
            Self::Encrypted { work_factor } => {
                write!(f, "a secret, encrypted with a passphrase (age")?;
                if let Some(log_n) = work_factor {
                    write!(f, ", scrypt with N = 2^{log_n}")?;
                }
                write!(f, "). With --open and the passphrase, what it is for.")
            }
        }
    }
}

impl fmt::Display for CommitteeSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a committee file, all of it in order")?;
        writeln!(f, "auction     {} ({})", self.name, self.auction)?;
        writeln!(f, "key         {}, epoch {}", self.key, self.epoch)?;
        writeln!(f, "key words   {}", self.key_words)?;
        match &self.provenance {
            Provenance::DevelopmentDealer => writeln!(
                f,
                "made by     a trusted dealer, which could have kept the key: {DEVELOPMENT}"
            )?,
            Provenance::Ceremony(certificate) => writeln!(
                f,
                "made by     its members, all of whom signed for it: transcript {}",
                certificate.transcript
            )?,
        }
        let Schedule {
            start,
            period_ms,
            quote_window_ms,
        } = self.schedule;
        writeln!(
            f,
            "slots       of {period_ms} ms since {start}, quotes in the last {quote_window_ms} ms"
        )?;
        self.survival.fmt(f)
    }
}

/// What everything says that a dealer made.
pub(crate) const DEVELOPMENT: &str = "DEVELOPMENT ONLY";

impl fmt::Display for MemberKeySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the key file of {}", self.member)?;
        writeln!(f, "auction     {}", self.auction)?;
        writeln!(f, "key         {}, epoch {}", self.key, self.epoch)?;
        writeln!(f, "identity    {}", self.identity)?;
        writeln!(f, "house       {}", self.house)?;
        writeln!(f, "door        {}", self.door)?;
        let Some(committee) = &self.committee else {
            return write!(f, "With --committee FILE, whether it belongs there.");
        };
        match &committee.problem {
            None => writeln!(f, "belongs to the committee file, and its share is right")?,
            Some(problem) => writeln!(f, "DOES NOT belong to the committee file: {problem}")?,
        }
        committee.survival.fmt(f)
    }
}

impl fmt::Display for AccountSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a trading key")?;
        writeln!(f, "account     {}", self.account)?;
        writeln!(f, "public key  {}", self.public_key)?;
        let kept = if self.encrypted {
            "encrypted with a passphrase"
        } else {
            "plain: whoever reads the file can trade with it"
        };
        write!(f, "kept        {kept}")
    }
}
