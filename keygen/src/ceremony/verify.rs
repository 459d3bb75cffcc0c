//! For anybody: a transcript, all of it computed again.

use core::fmt;
use std::io;
use std::path::Path;

use sealbid_dkg::{Transcript, TranscriptError};
use sealbid_types::committee::{Committee, CommitteeError, Provenance};
use sealbid_types::id::{AuctionId, KeyId, SessionId, TranscriptDigest};
use sealbid_types::time::Timestamp;
use serde::Serialize;

use crate::ceremony::error::CeremonyError;
use crate::ceremony::people::{Seat, seats, table};
use crate::secret_file::read_bounded;
use crate::trust::Survival;
use crate::words::{Words, words_of_digest};
use sealbid_client::CommitteeFile;

/// The most bytes of a transcript.
const MOST_BYTES: usize = 1 << 20;

/// What a transcript shows.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    event: &'static str,
    name: String,
    auction: AuctionId,
    key: KeyId,
    key_words: Words,
    session: SessionId,
    session_words: Words,
    transcript: TranscriptDigest,
    started: Timestamp,
    /// How many members have signed: all of them.
    certificate: usize,
    roster: Vec<Seat>,
    survival: Survival,
    /// Whether a committee file was held against it.
    committee_file: bool,
}

/// Reads a transcript. Nothing in it is checked yet but its length, and that before it is read: it
/// comes from whoever published it.
fn read_transcript(path: &Path) -> Result<Transcript, CeremonyError> {
    let owned = || path.to_owned();
    let bytes = read_bounded(path, MOST_BYTES).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CeremonyError::NotFound { path: owned() },
        io::ErrorKind::FileTooLarge => CeremonyError::Corrupt {
            path: owned(),
            reason: source.to_string(),
        },
        _ => CeremonyError::io(path, source),
    })?;
    Transcript::from_bytes(&bytes).map_err(|error| CeremonyError::Transcript {
        path: owned(),
        error: TranscriptError::Decode(error),
    })
}

/// Reads and checks a transcript: signatures, proofs, degrees, certificate, and the key.
///
/// # Errors
/// [`CeremonyError::NotFound`], `Io`, `Corrupt` or `Transcript`.
pub fn verify_transcript(path: &Path) -> Result<(Transcript, Committee), CeremonyError> {
    let transcript = read_transcript(path)?;
    match transcript.verify() {
        Ok(committee) => Ok((transcript, committee)),
        Err(error) => Err(CeremonyError::Transcript {
            path: path.to_owned(),
            error,
        }),
    }
}

/// Verifies the transcript at `path`, and that the committee file is the one that it makes.
///
/// # Errors
/// [`CeremonyError`].
pub(crate) fn verify(
    path: &Path,
    committee_file: Option<&Path>,
) -> Result<Verified, CeremonyError> {
    let transcript = read_transcript(path)?;
    let refused = |error| CeremonyError::Transcript {
        path: path.to_owned(),
        error,
    };
    let committee = transcript.verify().map_err(refused)?;
    let mut verified = verified(&transcript, &committee).map_err(refused)?;
    if let Some(file) = committee_file {
        check_committee(&committee, file)?;
        verified.committee_file = true;
    }
    Ok(verified)
}

/// What a transcript shows whose `committee` has come of its verification.
pub(crate) fn verified(
    transcript: &Transcript,
    committee: &Committee,
) -> Result<Verified, TranscriptError> {
    let session = transcript.session()?;
    // A transcript makes no committee of another kind, or of another size.
    let nothing = TranscriptError::Committee(CommitteeError::KeyId);
    let Provenance::Ceremony(certificate) = &committee.provenance else {
        return Err(nothing);
    };
    let survival = Survival::of(committee.members(), committee.quorum).map_err(|_| nothing)?;
    Ok(Verified {
        event: "verified",
        key: committee.key,
        key_words: words_of_digest(committee.key.as_bytes()),
        session: session.id(),
        session_words: words_of_digest(session.id().as_bytes()),
        transcript: certificate.transcript,
        started: committee.schedule.start,
        certificate: certificate.signatures.len(),
        roster: seats(&committee.roster, None, transcript.invitation.author),
        survival,
        committee_file: false,
        auction: committee.auction,
        name: committee.name.clone(),
    })
}

/// Holds a committee file against the committee that a transcript makes. Addresses may differ:
/// members move.
pub(crate) fn check_committee(made: &Committee, file: &Path) -> Result<(), CeremonyError> {
    let (committee, _keys) = CommitteeFile::load(file)?.into_parts();
    // The key first: if that is another, nothing else that differs matters to anybody.
    let difference = if committee.key != made.key {
        "its key is another"
    } else if committee.certified_digest() != made.certified_digest() {
        "its members, quorum, rules or schedule are others"
    } else if committee.provenance != made.provenance {
        "its certificate is another"
    } else {
        return Ok(());
    };
    Err(CeremonyError::OtherCommittee {
        path: file.to_owned(),
        difference,
    })
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "VERIFIED: every signature, proof, degree and sum, and the key itself\n"
        )?;
        writeln!(f, "auction      {} ({})", self.name, self.auction)?;
        writeln!(f, "key          {}", self.key)?;
        writeln!(f, "             {}", self.key_words)?;
        writeln!(f, "session      {}", self.session)?;
        writeln!(f, "             {}", self.session_words)?;
        writeln!(f, "transcript   {}", self.transcript)?;
        writeln!(f, "started      {}", self.started)?;
        let members = self.survival.members;
        writeln!(f, "certificate  {} of {members}\n", self.certificate)?;
        writeln!(f, "{}\n", table(&self.roster))?;
        write!(f, "{}", self.survival)?;
        if self.committee_file {
            write!(
                f,
                "\n\nThe committee file is the one that this transcript makes."
            )?;
        }
        Ok(())
    }
}
