//! The gate: every check of an envelope that needs no state, and then, for what passed, this
//! member's decryption shares. It is run by the shell on as many cores as there are, in batches.

use std::sync::Arc;

use rayon::prelude::*;
use sealbid_crypto::admit::{self, CheckedEnvelope, RefusalReason, check_batch};
use sealbid_crypto::group::PointError;
use sealbid_crypto::{BatchSecret, CheckedPart, CommitteeKeys, KeyShare, PendingShare, prepare};
use sealbid_types::codec::decode;
use sealbid_types::committee::Committee;
use sealbid_types::door::{Refusal, RefusalCode};
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, Round};

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

/// The gate's answer.
#[derive(Debug)]
pub enum Verdict {
    /// It passed.
    Admissible(Box<Admissible>),
    /// It did not.
    Refused {
        /// Its id, if the bytes are an envelope at all.
        id: Option<EnvelopeId>,
        /// Why.
        refusal: Refusal,
    },
}

/// What the checks need.
pub struct Gate {
    committee: Arc<Committee>,
    keys: Arc<CommitteeKeys>,
    share: Arc<KeyShare>,
    secret: BatchSecret,
}

fn refused(id: Option<EnvelopeId>, code: RefusalCode, why: &impl ToString) -> Verdict {
    Verdict::Refused {
        id,
        refusal: Refusal {
            code,
            message: why.to_string(),
        },
    }
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

    /// Judges a batch of encoded envelopes, in their order.
    #[must_use]
    pub fn check(&self, batch: Vec<Vec<u8>>) -> Vec<Verdict> {
        // What costs little goes first, on each alone: garbage must not reach the group arithmetic,
        // where the batch would pay for it.
        let read: Vec<Result<(EnvelopeId, Envelope), Verdict>> =
            batch.par_iter().map(|bytes| self.read(bytes)).collect();
        let readable: Vec<&Envelope> = read
            .iter()
            .filter_map(|read| read.as_ref().ok().map(|(_, e)| e))
            .collect();
        let mut checked = check_batch(&readable, &self.secret);
        // The half of the opening's check that needs the `u` alone (docs/protocol.md 3.3): there is
        // time for it now, and none between the close and the opening.
        prepare(checked.iter_mut().flatten(), &self.secret);
        let mut checked = checked.into_iter();
        // `checked` has a verdict for each readable one, in their order: so it moves on only where
        // there was something to check.
        let judged: Vec<_> = read
            .into_iter()
            .zip(batch)
            .map(|(read, bytes)| (read.map(|known| (known, checked.next())), bytes))
            .collect();
        judged
            .into_par_iter()
            .map(|(judged, bytes)| self.conclude(judged, bytes))
            .collect()
    }

    fn conclude(&self, judged: Result<Judged, Verdict>, bytes: Vec<u8>) -> Verdict {
        match judged {
            Err(verdict) => verdict,
            Ok(((id, envelope), Some(Ok(checked)))) => {
                // The first use of the secret, and by type only on checked parts: the power of a
                // `u` outside the subgroup would leak the share modulo the small factors of that
                // point's order.
                let shares = checked
                    .parts()
                    .iter()
                    .map(|part| self.share.share(part))
                    .collect();
                let shares = PendingShares { checked, shares };
                Verdict::Admissible(Box::new(Admissible {
                    id,
                    envelope,
                    bytes,
                    shares,
                }))
            }
            Ok(((id, _), Some(Err(refusal)))) => refused(Some(id), code_of(&refusal), &refusal),
            Ok(((id, _), None)) => refused(Some(id), RefusalCode::Malformed, &"not checked"),
        }
    }

    /// Decodes, and makes the checks that cost little.
    fn read(&self, bytes: &[u8]) -> Result<(EnvelopeId, Envelope), Verdict> {
        let envelope: Envelope =
            decode(bytes).map_err(|error| refused(None, RefusalCode::from(&error), &error))?;
        let id = envelope.id();
        let wrong = |code, why: &dyn ToString| Err(refused(Some(id), code, &why.to_string()));
        // The proofs hold for whatever auction and key the label names. That these are ours is
        // asked here, and on the way to a receipt nowhere else.
        if envelope.header.auction != self.committee.auction {
            let why = format!("sealed for auction {}", envelope.header.auction.short());
            return wrong(RefusalCode::WrongAuction, &why);
        }
        if envelope.header.key != self.committee.key {
            let why = format!("sealed to key {}", envelope.header.key.short());
            return wrong(RefusalCode::UnknownKey, &why);
        }
        if let Err(error) = envelope.check_header() {
            return wrong(RefusalCode::from(&error), &error);
        }
        // One z would open both parts, so that opening the terms opened the authorisation as well,
        // filled or not.
        if has_twins(&envelope) {
            return wrong(RefusalCode::SharedU, &"both sealed parts have the same u");
        }
        Ok((id, envelope))
    }
}

impl core::fmt::Debug for Gate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Gate of {}", self.share.member())
    }
}

/// A decoded envelope, and what the proofs' check says of it.
type Judged = (
    (EnvelopeId, Envelope),
    Option<Result<CheckedEnvelope, admit::Refusal>>,
);

fn has_twins(envelope: &Envelope) -> bool {
    let points: std::collections::BTreeSet<_> =
        envelope.sealed.parts().map(|(_, part)| part.u).collect();
    points.len() < envelope.sealed.parts().count()
}

const fn code_of(refusal: &admit::Refusal) -> RefusalCode {
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
