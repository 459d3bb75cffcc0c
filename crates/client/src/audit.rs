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

/// As [`audit_next`], unless the record is wrong by itself: for a record of which there are other
/// copies. A round that is not `round` is wrong too.
///
/// # Errors
/// What is wrong with it; the chain waits for this round still.
pub fn audit_next_if_right(
    chain: &mut ChainAudit<'_>,
    round: Round,
    record: &RoundRecord,
) -> Result<RoundAudit, Vec<AuditError>> {
    let found = record.close.round;
    if found != round {
        let expected = round;
        return Err(vec![AuditError::RoundMissing { expected, found }]);
    }
    let audited = chain.alone(record)?;
    let result = chain.link(record, Ok(audited));
    Ok(RoundAudit::new(record, result))
}

/// Audits records against a committee file, whoever shows them: no member is asked anything.
///
/// # Examples
/// All rounds from the records that a relayer has written:
/// ```no_run
/// use std::path::Path;
/// use sealbid_client::CommitteeFile;
/// use sealbid_client::audit::Auditor;
/// use sealbid_client::records::RecordDirectory;
/// use sealbid_client::types::Round;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auditor = Auditor::new(CommitteeFile::load(Path::new("house/committee.json"))?)?;
/// let mut chain = auditor.chain();
/// let records = RecordDirectory::new("house/records");
/// let mut round = Round(1);
/// while let Some(record) = records.read(round)? {
///     let audit = chain.next(&record);
///     println!("round {round}: {}", if audit.is_ok() { "ok" } else { "WRONG" });
///     round = round.next();
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Auditor {
    committee: CommitteeFile,
    /// Fresh, so that whoever made the records cannot have fitted errors to the batches'
    /// coefficients.
    secret: BatchSecret,
}

impl Auditor {
    /// An auditor for the rounds of this committee.
    ///
    /// # Errors
    /// [`ClientError::Entropy`].
    pub fn new(committee: CommitteeFile) -> Result<Self, ClientError> {
        let secret = batch_secret()?;
        Ok(Self { committee, secret })
    }

    /// Audits one round by itself. What its record says of earlier rounds is taken as the committee
    /// has signed it; [`Auditor::chain`] computes that too.
    #[must_use]
    pub fn round(&self, record: &RoundRecord) -> RoundAudit {
        audit_round(&self.committee, record, &self.secret)
    }

    /// Begins an audit of all rounds, from the first on.
    #[must_use]
    pub fn chain(&self) -> AuditChain<'_> {
        let (committee, keys) = (self.committee.committee(), self.committee.keys());
        AuditChain(ChainAudit::new(committee, keys, &self.secret))
    }
}

/// An audit of all rounds, each held against those before it.
pub struct AuditChain<'a>(ChainAudit<'a>);

impl AuditChain<'_> {
    /// Audits the next round. One that is wrong does not end it, but what later ones say of
    /// earlier rounds can no longer be judged.
    pub fn next(&mut self, record: &RoundRecord) -> RoundAudit {
        audit_next(&mut self.0, record)
    }
}

impl core::fmt::Debug for AuditChain<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AuditChain")
    }
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
        let (mut wrong, mut failed): (_, Option<ClientError>) = (None, None);
        for member in self.members()? {
            let record = match self.record_of(member, round).await {
                Ok(record) => record,
                Err(error) => {
                    // It says most: there is such a round, and since when records are kept.
                    if failed.is_none() || error.is_record_gone() {
                        failed = Some(error);
                    }
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
