//! Audits: rounds computed again from the committee file and their records alone, whoever shows
//! them (see [`sealbid_protocol::audit`]).

use sealbid_crypto::BatchSecret;
use sealbid_protocol::audit::{AuditError, AuditedRound, ChainAudit, audit_record};
use sealbid_protocol::opening::OpenedIntents;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::record::RoundRecord;

use crate::client::Client;
use crate::committee::CommitteeFile;
use crate::entropy::fresh;
use crate::error::ClientError;

/// What an audit of a round found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundAudit {
    /// The round.
    pub round: Round,
    /// How many intents it lists.
    pub intents: usize,
    /// How many quotes it lists.
    pub quotes: usize,
    /// How many intents opened to terms; none if something is wrong.
    pub opened: usize,
    /// How many intents it filled.
    pub filled: usize,
    /// How many it did not fill.
    pub unfilled: usize,
    /// How many entries are void.
    pub void: usize,
    /// What the intents opened to; empty if something is wrong.
    pub terms: OpenedIntents,
    /// What is wrong, root cause first.
    pub errors: Vec<AuditError>,
}

impl RoundAudit {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.errors.is_empty()
    }

    fn new(record: &RoundRecord, result: Result<AuditedRound, Vec<AuditError>>) -> Self {
        let settlement = &record.settlement.settlement;
        let (terms, errors) = match result {
            Ok(audited) => (audited.intents, Vec::new()),
            Err(errors) => (OpenedIntents::new(), errors),
        };
        Self {
            round: record.close.round,
            intents: record.close.intents.len(),
            quotes: record.close.quotes.len(),
            opened: terms.values().filter(|opened| opened.is_ok()).count(),
            filled: settlement.fills.len(),
            unfilled: settlement.unfilled.len(),
            void: settlement.void.len(),
            terms,
            errors,
        }
    }
}

/// A secret that whoever made the records cannot have known.
///
/// # Errors
/// [`ClientError::Entropy`].
pub fn batch_secret() -> Result<BatchSecret, ClientError> {
    Ok(BatchSecret::new(*fresh()?))
}

/// Audits one round. What its record says of earlier rounds is taken as it is.
#[must_use]
pub fn audit_round(
    committee: &impl AsRef<CommitteeFile>,
    record: &RoundRecord,
    secret: &BatchSecret,
) -> RoundAudit {
    let file = committee.as_ref();
    let result = audit_record(file.committee(), file.keys(), record, secret);
    RoundAudit::new(record, result)
}

/// Audits the next round of a chain, what its record says of earlier ones included.
pub fn audit_next(chain: &mut ChainAudit<'_>, record: &RoundRecord) -> RoundAudit {
    let result = chain.next(record);
    RoundAudit::new(record, result)
}

/// An audit, and whose record it was of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAudit {
    /// The member that showed the record.
    pub member: MemberIndex,
    /// What the audit found.
    pub audit: RoundAudit,
    /// The record.
    pub record: RoundRecord,
}

impl Client {
    /// Audits a round: the record that one member shows, and when that is wrong, the next one's.
    /// The first that is right decides; if none is, the first one's faults are returned.
    ///
    /// # Errors
    /// [`ClientError`] if no member shows a record.
    pub async fn audit(&self, round: Round) -> Result<ShownAudit, ClientError> {
        let secret = batch_secret()?;
        let (mut wrong, mut failed) = (None, None);
        for member in self.members()? {
            let record = match self.record_of(member, round).await {
                Ok(record) => record,
                Err(error) => {
                    failed.get_or_insert(error);
                    continue;
                }
            };
            let audit = audit_round(self, &record, &secret);
            let is_ok = audit.is_ok();
            let shown = ShownAudit {
                member,
                audit,
                record,
            };
            if is_ok {
                return Ok(shown);
            }
            wrong.get_or_insert(shown);
        }
        wrong.ok_or_else(|| failed.unwrap_or(ClientError::TimedOut("no member was asked")))
    }
}
