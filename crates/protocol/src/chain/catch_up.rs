//! A record that another member settled, checked before the engine sees it.
//!
//! A record may be 64 MiB long, and checking all of its envelopes takes many seconds. A liar that
//! serves an invented one must not cost that: the certificate stands at the record's beginning and
//! is verified before the rest is decoded. The shell does all of this away from the engine's
//! thread; the engine takes nothing but a [`CheckedRecord`], which only [`check_record`] makes.

use sealbid_crypto::{BatchSecret, CloseCertificate, CommitteeKeys};
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::{PREFIX_BYTES, Schema, decode};
use sealbid_types::committee::Committee;
use sealbid_types::id::Round;
use sealbid_types::record::RoundRecord;

use crate::audit::{AuditedRound, audit_record};

/// What is wrong with a fetched record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is longer than any may be, or no record.
    #[error("it is no record")]
    Malformed,
    /// It is of another round.
    #[error("it is of round {0}")]
    Round(Round),
    /// Its close is not certified.
    #[error("its close is not certified")]
    Certificate,
    /// Its close is certified, and the rest does not follow from it.
    #[error("{0}")]
    Audit(String),
}

/// A record whose certificate holds, and all that follows from it.
#[derive(Debug)]
pub struct CheckedRecord {
    pub(crate) record: RoundRecord,
    pub(crate) certificate: CloseCertificate,
    pub(crate) audited: AuditedRound,
}

/// Checks an encoded record of `round` as an auditor checks it, the certificate first. What the
/// record says of earlier rounds is left: the chain tells the engine.
///
/// # Errors
/// [`RecordError`].
pub fn check_record(
    committee: &Committee,
    keys: &CommitteeKeys,
    batch: &BatchSecret,
    round: Round,
    bytes: &[u8],
) -> Result<CheckedRecord, RecordError> {
    let (close, certificate) = read_certificate(bytes)?;
    if close.round != round {
        return Err(RecordError::Round(close.round));
    }
    let certificate = CloseCertificate::verify(keys, close, &certificate)
        .map_err(|_| RecordError::Certificate)?;
    let record: RoundRecord = decode(bytes).map_err(|_| RecordError::Malformed)?;
    let audited = audit_record(committee, keys, &record, batch).map_err(|errors| {
        let first = errors.first();
        RecordError::Audit(first.map_or_else(String::new, ToString::to_string))
    })?;
    Ok(CheckedRecord {
        record,
        certificate,
        audited,
    })
}

/// The close and its certificate, which begin a record, without reading the rest.
fn read_certificate(bytes: &[u8]) -> Result<(Close, CertificateBytes), RecordError> {
    let schema = RoundRecord::SCHEMA;
    let (prefix, body) = bytes
        .split_at_checked(PREFIX_BYTES)
        .filter(|_| bytes.len() <= schema.max_bytes)
        .ok_or(RecordError::Malformed)?;
    if prefix != schema.prefix() {
        return Err(RecordError::Malformed);
    }
    postcard::take_from_bytes(body)
        .map(|(read, _)| read)
        .map_err(|_| RecordError::Malformed)
}
