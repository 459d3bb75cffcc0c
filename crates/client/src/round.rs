//! Round records, verified against the committee's key.
//!
//! What is verified here is that the committee settled the round like this: its signatures, and
//! that the parts belong together. That it did so *rightly* is the auditor's question
//! (`sealbid_protocol::audit`), which takes every opening and computes the round again.

use sealbid_crypto::certificate::{AllocationCertificate, CertificateError, CloseCertificate};
use sealbid_crypto::signature::{Signature, SignatureError};
use sealbid_types::allocation::FillKind;
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::record::RoundRecord;
use sealbid_types::settlement::Settlement;

use crate::committee::CommitteeFile;
use crate::outcome::Outcome;

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is of another auction.
    #[error("it is of another auction")]
    Auction,
    /// It is of another round.
    #[error("it is of round {0}")]
    Round(Round),
    /// The close or the allocation is not certified.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The settlement is not signed.
    #[error("the settlement's signature: {0}")]
    Settlement(SignatureError),
    /// Close, allocation and settlement do not belong together.
    #[error("close, allocation and settlement do not belong together")]
    Inconsistent,
}

/// A round as the committee closed, cleared and settled it: all three signatures hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRound(RoundRecord);

impl VerifiedRound {
    /// Verifies `record` as that of `round`.
    ///
    /// # Errors
    /// [`RecordError`], the first that is found.
    pub fn verify(
        committee: &impl AsRef<CommitteeFile>,
        round: Round,
        record: RoundRecord,
    ) -> Result<Self, RecordError> {
        let file = committee.as_ref();
        let (committee, keys) = (file.committee(), file.keys());
        if record.close.auction != committee.auction {
            return Err(RecordError::Auction);
        }
        if record.close.round != round {
            return Err(RecordError::Round(record.close.round));
        }
        let close = CloseCertificate::verify(keys, record.close.clone(), &record.certificate)?;
        let allocation = AllocationCertificate::verify(
            keys,
            &record.allocation,
            &record.allocation_certificate,
        )?;
        let settlement = &record.settlement.settlement;
        let belong_together = record.allocation.round == round
            && record.allocation.auction == committee.auction
            && record.allocation.close == close.digest()
            && settlement.round == round
            && settlement.auction == committee.auction
            && settlement.close == close.digest()
            && settlement.allocation == allocation.digest();
        if !belong_together {
            return Err(RecordError::Inconsistent);
        }
        let statement = settlement.statement();
        Signature::verify(keys, &statement, &record.settlement.signature)
            .map_err(RecordError::Settlement)?;
        Ok(Self(record))
    }

    /// The record.
    #[must_use]
    pub const fn record(&self) -> &RoundRecord {
        &self.0
    }

    /// The settlement.
    #[must_use]
    pub const fn settlement(&self) -> &Settlement {
        &self.0.settlement.settlement
    }

    /// What became of an envelope in this round; none if the round does not list it.
    #[must_use]
    pub fn outcome_of(&self, id: EnvelopeId) -> Option<Outcome> {
        let (round, settlement) = (self.0.close.round, self.settlement());
        if let Some(filled) = settlement
            .fills
            .iter()
            .find(|filled| filled.fill.intent == id)
        {
            return Some(Outcome::Filled {
                round,
                fill: Box::new(filled.clone()),
            });
        }
        if let Some(unfilled) = settlement.unfilled.iter().find(|entry| entry.intent == id) {
            return Some(Outcome::Unfilled {
                round,
                reason: unfilled.reason.clone(),
            });
        }
        if let Some(void) = settlement.void.iter().find(|entry| entry.envelope == id) {
            return Some(Outcome::Void {
                round,
                reason: void.reason.clone(),
            });
        }
        self.0.close.quotes.contains(&id).then(|| Outcome::Quoted {
            round,
            fills: self.fills_by(id),
        })
    }

    fn fills_by(&self, id: EnvelopeId) -> Vec<EnvelopeId> {
        let fills = self.settlement().fills.iter().map(|filled| &filled.fill);
        let by_it = fills.filter(|fill| match &fill.kind {
            FillKind::Swap { quote, .. } => *quote == id,
            FillKind::PassThrough => false,
        });
        by_it.map(|fill| fill.intent).collect()
    }
}
