//! A lost key file, made again from identity, session key and the public transcript.

use std::path::{Path, PathBuf};

use sealbid_types::id::KeyId;
use serde::Serialize;

use crate::ceremony::error::CeremonyError;
use crate::ceremony::outcome::{check_member_key, member_key};
use crate::ceremony::session_key::SessionKey;
use crate::ceremony::verify::{check_committee, verify_transcript};
use crate::encryption::WorkFactor;
use crate::identity::Identity;
use crate::member_key::MemberKey;
use crate::passphrase::Passphrase;

/// A key file that was made again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Recovery {
    pub(crate) event: &'static str,
    pub(crate) member: String,
    pub(crate) key: KeyId,
    pub(crate) key_file: PathBuf,
}

/// Computes a member's key again. With `committee`, it is held against that file too.
///
/// # Errors
/// [`CeremonyError`]: the transcript is bad, or these are another member's or session's files.
pub fn recover_key(
    transcript_file: &Path,
    session_file: &Path,
    session: &SessionKey,
    identity: &Identity,
    committee_file: Option<&Path>,
) -> Result<MemberKey, CeremonyError> {
    // The transcript is checked as by anybody: a share computed from a changed one would be written
    // as if it were the member's.
    let (transcript, committee) = verify_transcript(transcript_file)?;
    if let Some(file) = committee_file {
        check_committee(&committee, file)?;
    }
    let ceremony = transcript.invitation.ceremony();
    let found = session.ceremony();
    if found != ceremony {
        return Err(CeremonyError::OtherCeremony {
            path: session_file.to_owned(),
            found,
            expected: ceremony,
        });
    }
    let recovered = transcript.recover(&session.secret(), &identity.public_key())?;
    let secrets = (&recovered.share, &recovered.group);
    let key = member_key(identity, ceremony, &committee, recovered.index, secrets);
    // And whether it fits the committee's key, which is what it is for.
    check_member_key(&key, &committee, session_file)?;
    Ok(key)
}

/// Writes a key that was made again to a new file.
///
/// # Errors
/// [`CeremonyError::KeyFile`]; a file that is there is left alone.
pub(crate) fn save(
    key: &MemberKey,
    out: &Path,
    passphrase: &Passphrase,
    work: WorkFactor,
) -> Result<Recovery, CeremonyError> {
    key.save(out, passphrase, work)?;
    Ok(Recovery {
        event: "recovered",
        member: key.index().to_string(),
        key: key.key(),
        key_file: out.to_owned(),
    })
}
