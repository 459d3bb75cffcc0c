//! Evidence: what shows anybody that a member lied, in a file or as members keep it.
//!
//! It counts for nothing by who shows it. [`convict`] judges it from the committee file alone, and
//! names nobody whom it does not convict.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sealbid_types::codec::{Schema as _, decode, encode};
use sealbid_types::door::{Request, Response};
use sealbid_types::id::MemberIndex;
use sealbid_types::text::without_byte_order_mark;

use crate::client::Client;
use crate::committee::CommitteeFile;
use crate::error::{ClientError, Fault};
use crate::submit::{Failures, Unanswered};

pub use sealbid_protocol::evidence::{Charge, Evidence, EvidenceError, Exhibit, Offence};
pub use sealbid_protocol::vote::Subject;

/// The most bytes of an evidence file. JSON takes more room than the encoding.
const MOST_BYTES: u64 = 1 << 26;

/// Why a file of evidence is of no use.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFileError {
    /// It cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It holds no evidence.
    #[error("{} is no evidence: {what}", path.display())]
    NoEvidence {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads a file of evidence, in JSON or in the canonical encoding. Nothing of it is judged.
///
/// # Errors
/// [`EvidenceFileError`].
pub fn read_evidence(path: &Path) -> Result<Evidence, EvidenceFileError> {
    let unreadable = |error| EvidenceFileError::Read {
        path: path.to_owned(),
        error,
    };
    let mut bytes = Vec::new();
    File::open(path)
        // One more than may be, so that what is too long shows.
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    parse(&bytes).map_err(|what| EvidenceFileError::NoEvidence {
        path: path.to_owned(),
        what,
    })
}

fn parse(bytes: &[u8]) -> Result<Evidence, String> {
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("longer than {MOST_BYTES} bytes"));
    }
    let bytes = without_byte_order_mark(bytes);
    let may_be_json = bytes
        .first()
        .is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'{');
    // First, since an encoding may begin with what JSON may begin with.
    if bytes.starts_with(&Evidence::SCHEMA.prefix()) || !may_be_json {
        return decode(bytes).map_err(|error| error.to_string());
    }
    let evidence: Evidence = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    // As long as it may be in a member's store, and no longer.
    let most = Evidence::SCHEMA.max_bytes;
    if encode(&evidence).len() > most {
        return Err(format!("longer than {most} bytes in its encoding"));
    }
    Ok(evidence)
}

/// Evidence as a file has it: JSON, with a line's end.
///
/// # Errors
/// The serializer's.
pub fn to_file(evidence: &Evidence) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(evidence)?;
    text.push(b'\n');
    Ok(text)
}

/// Judges evidence by the committee file alone, and says whom it convicts of what.
///
/// # Errors
/// [`EvidenceError`]: it shows nothing against anybody.
///
/// # Examples
/// ```no_run
/// use std::path::Path;
/// use sealbid_client::CommitteeFile;
/// use sealbid_client::evidence::{convict, read_evidence};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let committee = CommitteeFile::load(Path::new("house/committee.json"))?;
/// let charge = convict(&committee, &read_evidence(Path::new("evidence.json"))?)?;
/// if let Some(member) = charge.member {
///     println!("{member} {} in round {}", charge.offence, charge.round);
/// }
/// # Ok(())
/// # }
/// ```
pub fn convict(
    committee: &impl AsRef<CommitteeFile>,
    evidence: &Evidence,
) -> Result<Charge, EvidenceError> {
    let file = committee.as_ref();
    evidence.convict(file.committee(), file.keys())
}

impl Client {
    /// The evidence that one member says it has kept, unjudged: see [`convict`].
    ///
    /// # Errors
    /// [`ClientError`]: what came of that member.
    pub async fn evidence_of(&self, member: MemberIndex) -> Result<Vec<Evidence>, ClientError> {
        let wrong = || Failures::one(member, Unanswered::Fault(Fault::NoAnswer)).into();
        match self.ask(member, &Request::Evidence).await {
            Ok(Response::Evidence(kept)) => {
                let read = kept.iter().map(|blob| decode(&blob.0));
                read.collect::<Result<_, _>>().map_err(|_| wrong())
            }
            Ok(_) => Err(wrong()),
            Err(why) => Err(Failures::one(member, why).into()),
        }
    }
}
