//! The gate: the signature and the proofs of an envelope, and then, for what passed, this member's
//! decryption shares. It is run by the shell on as many cores as there are, in batches, and only on
//! what the engine would take: a valid envelope that is sent over and over must not cost two
//! multiplications with the share and two proofs each time.

use std::sync::Arc;

use rayon::prelude::*;
use sealbid_crypto::admit::{self, CheckedEnvelope, RefusalReason, check_batch};
use sealbid_crypto::group::PointError;
use sealbid_crypto::{BatchSecret, CheckedPart, CommitteeKeys, KeyShare, PendingShare, prepare};
use sealbid_types::committee::Committee;
use sealbid_types::door::{Refusal, RefusalCode};
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, Round};

use super::Readable;
use crate::chain::{CheckedRecord, RecordError, check_record};

/// This member's unreleased shares of an envelope's parts, and the checked parts themselves.
#[derive(Debug)]
pub struct PendingShares {
    checked: CheckedEnvelope,
    shares: Vec<PendingShare>,
}

impl PendingShares {
    /// A checked part.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&CheckedPart> {
        self.checked.part(part)
    }

    /// The share of a part.
    #[must_use]
    pub fn share(&self, part: Part) -> Option<&PendingShare> {
        self.shares.iter().find(|share| share.part() == part)
    }
}

/// An envelope that passed, with this member's shares of it.
#[derive(Debug)]
pub struct Admissible {
    pub(crate) id: EnvelopeId,
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
    pub(crate) shares: PendingShares,
}

impl Admissible {
    /// The envelope's id.
    #[must_use]
    pub const fn id(&self) -> EnvelopeId {
        self.id
    }

    /// The envelope.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// An envelope that no member takes.
#[derive(Debug)]
pub struct Refused {
    /// The envelope: with a report that lists it, it is evidence.
    pub envelope: Box<Envelope>,
    /// What is wrong with it.
    pub refusal: Refusal,
}

/// The gate's answer.
#[derive(Debug)]
pub enum Verdict {
    /// It passed.
    Admissible(Box<Admissible>),
    /// It did not.
    Refused(Refused),
}

/// What the checks need.
pub struct Gate {
    committee: Arc<Committee>,
    keys: Arc<CommitteeKeys>,
    share: Arc<KeyShare>,
    secret: BatchSecret,
}

fn refused(readable: Readable, code: RefusalCode, why: &impl ToString) -> Verdict {
    Verdict::Refused(Refused {
        envelope: Box::new(readable.envelope),
        refusal: Refusal {
            code,
            message: why.to_string(),
        },
    })
}

impl Gate {
    /// A gate of one member. `entropy` keeps the batch checks' coefficients from being foreseen.
    #[must_use]
    pub fn new(
        committee: Arc<Committee>,
        keys: Arc<CommitteeKeys>,
        share: Arc<KeyShare>,
        entropy: [u8; 32],
    ) -> Self {
        Self {
            committee,
            keys,
            share,
            secret: BatchSecret::new(entropy),
        }
    }

    /// The committee's public keys.
    #[must_use]
    pub const fn keys(&self) -> &Arc<CommitteeKeys> {
        &self.keys
    }

    /// Checks a settled round's record that another member serves: see [`check_record`].
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn check_record(&self, round: Round, bytes: &[u8]) -> Result<CheckedRecord, RecordError> {
        check_record(&self.committee, &self.keys, &self.secret, round, bytes)
    }

    /// Judges a batch of envelopes, in their order.
    #[must_use]
    pub fn check(&self, batch: Vec<Readable>) -> Vec<Verdict> {
        // Signatures first, on each alone: a copy with a spoiled one must not reach the group
        // arithmetic, where the batch would pay for it.
        let signed: Vec<Result<Readable, Verdict>> =
            batch.into_par_iter().map(check_signature).collect();
        let right: Vec<&Envelope> = signed
            .iter()
            .filter_map(|signed| signed.as_ref().ok().map(Readable::envelope))
            .collect();
        let mut checked = check_batch(&right, &self.secret);
        // The half of the opening's check that needs the `u` alone (docs/protocol.md 3.3): there is
        // time for it now, and none between the close and the opening.
        prepare(checked.iter_mut().flatten(), &self.secret);
        let mut checked = checked.into_iter();
        // `checked` has a verdict for each right signature, in their order: so it moves on only
        // where there was something to check.
        let judged: Vec<_> = signed
            .into_iter()
            .map(|signed| signed.map(|readable| (readable, checked.next())))
            .collect();
        judged
            .into_par_iter()
            .map(|judged| self.conclude(judged))
            .collect()
    }

    fn conclude(&self, judged: Result<Judged, Verdict>) -> Verdict {
        match judged {
            Err(verdict) => verdict,
            Ok((readable, Some(Ok(checked)))) => {
                // The first use of the secret, and by type only on checked parts: the power of a
                // `u` outside the subgroup would leak the share modulo the small factors of that
                // point's order.
                let shares = checked
                    .parts()
                    .iter()
                    .map(|part| self.share.share(part))
                    .collect();
                let Readable {
                    id,
                    envelope,
                    bytes,
                } = readable;
                Verdict::Admissible(Box::new(Admissible {
                    id,
                    envelope,
                    bytes,
                    shares: PendingShares { checked, shares },
                }))
            }
            Ok((readable, Some(Err(refusal)))) => refused(readable, code_of(&refusal), &refusal),
            Ok((readable, None)) => refused(readable, RefusalCode::Malformed, &"not checked"),
        }
    }
}

fn check_signature(readable: Readable) -> Result<Readable, Verdict> {
    match readable.envelope.check_signature() {
        Ok(()) => Ok(readable),
        Err(error) => Err(refused(readable, RefusalCode::from(&error), &error)),
    }
}

impl core::fmt::Debug for Gate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Gate of {}", self.share.member())
    }
}

/// An envelope whose signature is right, and what the proofs' check says of it.
type Judged = (
    Readable,
    Option<Result<CheckedEnvelope, admit::NotAdmitted>>,
);

const fn code_of(refusal: &admit::NotAdmitted) -> RefusalCode {
    match refusal.reason {
        RefusalReason::BodyLength(_) => RefusalCode::BodySize,
        RefusalReason::Response => RefusalCode::ScalarNotCanonical,
        RefusalReason::Proof => RefusalCode::Proof,
        RefusalReason::Point { error, .. } => match error {
            PointError::Encoding | PointError::OffCurve => RefusalCode::PointNotOnCurve,
            PointError::OffSubgroup => RefusalCode::PointNotInSubgroup,
            PointError::Identity => RefusalCode::PointIdentity,
        },
    }
}

#[cfg(test)]
mod tests;
