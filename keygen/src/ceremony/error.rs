//! Why a ceremony's command failed, and what to do about it.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use sealbid_dkg::{InvitationError, PostError, RecoverError, TranscriptError};
use sealbid_types::id::CeremonyId;
use sealbid_types::time::Timestamp;

use crate::ceremony::code::CodeError;
use crate::committee_file::SaveCommitteeError;
use crate::exit::Exit;
use crate::member_key::KeyFileError;
use crate::passphrase::PassphraseError;
use crate::trust::BadQuorum;
use sealbid_client::CommitteeFileError;

/// Why a ceremony's command failed.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// n and q do not make a committee.
    #[error(transparent)]
    Quorum(#[from] BadQuorum),
    /// Something in the invitation is wrong.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
    /// There is no passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// An identity, session or member key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// There is no identity yet.
    #[error(
        "there is no identity {path}: make one with `sealbid keygen identity new --out {path}`, \
         or name yours with --identity FILE",
        path = path.display()
    )]
    NoIdentity {
        /// Where it should be.
        path: PathBuf,
    },
    /// The committee file cannot be used.
    #[error(transparent)]
    CommitteeFile(#[from] CommitteeFileError),
    /// The committee file could not be written.
    #[error(transparent)]
    SaveCommittee(#[from] SaveCommitteeError),
    /// A text is no code.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// What was given is neither a file nor a code.
    #[error("{0} is neither a ceremony file that is here nor a code: codes begin with sealbid1")]
    NeitherFileNorCode(String),
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// Not a ceremony file, or a damaged one.
    #[error("{} is damaged, or no ceremony file: {reason}", path.display())]
    NotCeremony {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another file is damaged.
    #[error("{} is damaged: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A transcript does not show what it should.
    #[error("REFUSED: {} does not show how a key was made: {error}", path.display())]
    Transcript {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: TranscriptError,
    },
    /// The committee file is not the transcript's.
    #[error("REFUSED: {} is not the committee that the transcript makes: {difference}", path.display())]
    OtherCommittee {
        /// The committee file.
        path: PathBuf,
        /// In what they differ.
        difference: &'static str,
    },
    /// The share cannot be had from these files.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// A file belongs to another ceremony.
    #[error("{} is of ceremony {}, not of {}", path.display(), found.short(), expected.short())]
    OtherCeremony {
        /// The file.
        path: PathBuf,
        /// Its ceremony.
        found: CeremonyId,
        /// The one asked for.
        expected: CeremonyId,
    },
    /// The directory holds something else.
    #[error(
        "{} holds another ceremony, {}: take part in this one with another directory (--dir NEW)",
        path.display(), found.short()
    )]
    Taken {
        /// The house directory.
        path: PathBuf,
        /// The ceremony in it.
        found: CeremonyId,
    },
    /// The directory holds a house of another making.
    #[error("{} holds a committee already: give another directory (--dir NEW)", path.display())]
    HoldsHouse {
        /// The house directory.
        path: PathBuf,
    },
    /// Nothing has begun here.
    #[error(
        "there is no ceremony in {}: `sealbid keygen join` or `step` begins one; name its \
         directory with --dir", path.display()
    )]
    NoCeremony {
        /// The house directory.
        path: PathBuf,
    },
    /// An attempt to begin was cut off before the ceremony was known here.
    #[error(
        "an attempt to take part ended in {path} before it had heard of the ceremony, and \
         nothing has been sent: begin again, `sealbid --dir {path} keygen join CODE` (or `step FILE`)",
        path = path.display()
    )]
    NothingSent {
        /// The house directory.
        path: PathBuf,
    },
    /// Another process works on it.
    #[error("another process works on {}: one at a time may", path.display())]
    Locked {
        /// The ceremony's directory.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No time is left to enrol.
    #[error(
        "the invitation has expired at {deadline}, by this machine's clock, which says {now}. If \
         that is the time, ask the inviter for a new one; if not, set the clock"
    )]
    Expired {
        /// When it was to be over.
        deadline: Timestamp,
        /// What this machine takes for the time.
        now: Timestamp,
    },
    /// The invitation was signed at a time that is still to come.
    #[error(
        "the invitation was signed at {created}, by the inviter's clock; this machine's says {now}, \
         {} before that. One of the two is off. Made now, the house would begin its rounds when \
         the slower clock has come so far: compare both with the time, set the wrong one right, \
         and, if it was the inviter's, ask for a new invitation",
        humantime::format_duration(core::time::Duration::from_secs(
            created.since(*now).as_secs()
        ))
    )]
    NotYet {
        /// When the inviter says that it signed.
        created: Timestamp,
        /// What this machine takes for the time.
        now: Timestamp,
    },
    /// The ceremony does not take one's own message.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The seats went to others.
    #[error(
        "the ceremony is full: all seats went to others. Ask the inviter who took them, and for a \
         new invitation"
    )]
    NotSeated,
    /// The identity takes part with another session key.
    #[error(
        "this identity takes part in the ceremony already, from another directory or machine: go \
         on there with `resume`, or take part with another identity"
    )]
    EnrolledElsewhere,
    /// Another participant will be found at the same address.
    #[error(
        "{0}. Take part with another directory (--dir NEW) and say where your member will be found \
         (--listen IP:BASE-PORT), or ask the other to"
    )]
    SharedAddress(String),
    /// The meeting cannot be held or reached.
    #[error("{0}")]
    Meeting(String),
    /// A person has to say yes, and there is none.
    #[error("no terminal to ask for a yes on: compare the words first, then give --yes")]
    NobodyToAsk,
    /// The person did not say yes.
    #[error(
        "you have not said yes: nothing more is sent. `resume` asks again; if the words differ, \
         somebody is in between: call a new ceremony"
    )]
    Declined,
    /// It took too long.
    #[error("the deadline has passed. {0}")]
    Overdue(Missing),
    /// Somebody cheated, or messages contradict each other.
    #[error("{0}")]
    Void(Verdict),
    /// The same, seen by one who has confirmed: the others may have a key that counts.
    #[error("{0}")]
    InDoubt(Doubts),
    /// The result could not be printed.
    #[error("cannot print: {0}")]
    Out(io::Error),
}

/// Who has not been heard of, in the words of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In which stage.
    pub stage: String,
    /// Who.
    pub of: Vec<String>,
    /// One's own confirmation is out: the others may have a key that counts.
    pub confirmed: bool,
}

/// Why one who has confirmed cannot know whether the key counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubts {
    /// One line a fault.
    pub faults: Vec<String>,
    /// Whose confirmation has not come.
    pub missing: Vec<String>,
    /// What must be kept.
    pub house: PathBuf,
    /// The session's secret, within it.
    pub session: PathBuf,
}

/// Why a session is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// One line a fault.
    pub faults: Vec<String>,
    /// Where the messages lie that show it.
    pub evidence: PathBuf,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Silent while {}: {}. ", self.stage, self.of.join(", "))?;
        f.write_str(match self.confirmed {
            // They may hold all signatures, this participant's among them.
            true => {
                "You have confirmed, so that they may have a finished key: keep this directory. \
                 `resume` goes on if they come back; ask them before you call a new ceremony, and \
                 join that with another directory (--dir NEW)"
            }
            false => {
                "`resume` goes on if they come back; otherwise call a new ceremony without them"
            }
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VOID: this session makes no key, and nothing of it may be used.")?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        let evidence = self.evidence.display();
        write!(
            f,
            "\nThe signed messages that show it are in {evidence}: keep them. Then call a new \
             ceremony (`invite`), without the culprit if one is named, and join it with another \
             directory (--dir NEW)."
        )
    }
}

impl fmt::Display for Doubts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "IN DOUBT: you have confirmed this session, and messages have come that contradict each \
             other. Others may hold a key that all of you have signed.",
        )?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        if !self.missing.is_empty() {
            write!(
                f,
                "\nNot heard here: the confirmation of {}.",
                self.missing.join(", ")
            )?;
        }
        let (house, session) = (self.house.display(), self.session.display());
        write!(
            f,
            "\nKeep {house}, the session key {session} above all, and ask the others. If one of them \
             has finished, `resume` goes on once it is heard, and its transcript gives you your key: \
             `sealbid keygen recover --transcript THEIRS --session {session} …`. If one whom you \
             trust was told VOID, it has not confirmed, and there is no key: then call a new \
             ceremony, and join it with another directory (--dir NEW)."
        )
    }
}

impl CeremonyError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        use CeremonyError as E;
        match self {
            E::Usage(_)
            | E::Quorum(_)
            | E::Invitation(_)
            | E::Code(_)
            | E::NeitherFileNorCode(_)
            | E::Taken { .. }
            | E::HoldsHouse { .. }
            | E::NoCeremony { .. }
            | E::NothingSent { .. }
            | E::NobodyToAsk => Exit::Usage,
            E::Passphrase(error) => error.exit(),
            E::KeyFile(KeyFileError::WrongPassphrase { .. }) => Exit::Authentication,
            E::Io { .. }
            | E::Locked { .. }
            | E::Out(_)
            | E::KeyFile(KeyFileError::Write { .. })
            | E::SaveCommittee(_) => Exit::Storage,
            E::NoIdentity { .. }
            | E::KeyFile(_)
            | E::CommitteeFile(_)
            | E::NotFound { .. }
            | E::NotCeremony { .. }
            | E::Corrupt { .. }
            | E::Transcript { .. }
            | E::OtherCommittee { .. }
            | E::OtherCeremony { .. }
            | E::Recover(_) => Exit::Key,
            E::Expired { .. } | E::NotYet { .. } | E::Overdue(_) => Exit::Timeout,
            E::Post(_)
            | E::NotSeated
            | E::EnrolledElsewhere
            | E::SharedAddress(_)
            | E::Meeting(_)
            | E::Declined
            | E::Void(_) => Exit::Work,
            E::InDoubt(_) => Exit::Halted,
        }
    }
    /// Its exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.exit().code()
    }
}
