//! What only all rounds together show: that each close follows the one before, and that what the
//! records say of earlier rounds is true and complete: it is what the members' own ledger
//! ([`crate::chain`]) makes of these rounds.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{BatchSecret, CommitteeKeys};
use sealbid_types::close::Close;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{CloseDigest, EnvelopeId, Round, Slot};
use sealbid_types::record::RoundRecord;

use super::close::reported;
use super::error::AuditError;
use super::{AuditedRound, audit_record, envelopes};
use crate::chain::Chain;
use crate::opening::OpenedIntents;

/// An audit of all rounds, one after the other.
pub struct ChainAudit<'a> {
    committee: &'a Committee,
    keys: &'a CommitteeKeys,
    secret: &'a BatchSecret,
    /// The round before, its close and its slot.
    parent: (Round, CloseDigest, Slot),
    /// What the members remember of the chain, by their own rules.
    ledger: Chain,
    /// Whether every round so far was right: what a wrong one used is not known.
    is_sound: bool,
}

impl<'a> ChainAudit<'a> {
    /// An audit that begins before round 1.
    #[must_use]
    pub fn new(committee: &'a Committee, keys: &'a CommitteeKeys, secret: &'a BatchSecret) -> Self {
        Self {
            committee,
            keys,
            secret,
            parent: (Round(0), Close::GENESIS, Slot(0)),
            ledger: Chain::default(),
            is_sound: true,
        }
    }

    /// Audits the next round's record: by itself, and as the next of the chain.
    ///
    /// # Errors
    /// Everything that is wrong with it. What it says of earlier rounds is judged only as long as
    /// all of these were right.
    pub fn next(&mut self, record: &RoundRecord) -> Result<AuditedRound, Vec<AuditError>> {
        let audited = self.alone(record);
        self.link(record, audited)
    }

    /// Audits a record by itself ([`audit_record`]): for whoever has several that claim to be the
    /// next round's, and goes on with one that is right. The audit stays where it is.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn alone(&self, record: &RoundRecord) -> Result<AuditedRound, Vec<AuditError>> {
        audit_record(self.committee, self.keys, record, self.secret)
    }

    /// Takes `record` as the next round's, with what [`Self::alone`] has said of this very record.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn link(
        &mut self,
        record: &RoundRecord,
        audited: Result<AuditedRound, Vec<AuditError>>,
    ) -> Result<AuditedRound, Vec<AuditError>> {
        let mut errors = Vec::new();
        self.check_parent(&record.close, &mut errors);
        if let Ok(audited) = &audited
            && self.is_sound
            && errors.is_empty()
        {
            self.check_ancestry(record, &audited.intents, &mut errors);
        }
        let result = match audited {
            Ok(audited) if errors.is_empty() => Ok(audited),
            Ok(_) => Err(errors),
            Err(mut found) => {
                found.extend(errors);
                Err(found)
            }
        };
        self.append(record, result.as_ref().ok());
        result
    }

    fn check_parent(&self, close: &Close, errors: &mut Vec<AuditError>) {
        let (round, digest, slot) = self.parent;
        if close.round != round.next() {
            errors.push(AuditError::RoundMissing {
                expected: round.next(),
                found: close.round,
            });
            return;
        }
        if close.previous != digest {
            errors.push(AuditError::Parent(round));
        }
        if close.slot <= slot {
            errors.push(AuditError::Slot(round));
        }
    }

    /// Holds the record's ancestry against the one that the rounds before it make.
    fn check_ancestry(
        &self,
        record: &RoundRecord,
        intents: &OpenedIntents,
        errors: &mut Vec<AuditError>,
    ) {
        let close = &record.close;
        let listed = listed(record);
        let expected =
            self.ledger
                .ancestry(close.round, &reported(record), listed.values().copied());
        let said = &record.ancestry;
        let wrong = differing(&expected.listed, &said.listed).into_iter();
        errors.extend(wrong.copied().map(AuditError::Listed));
        let points: BTreeSet<_> = differing(&expected.points, &said.points)
            .into_iter()
            .map(|used| used.u)
            .collect();
        let mut wrong = BTreeSet::new();
        for (id, envelope) in &listed {
            let mut parts = envelope.sealed.parts();
            if parts.any(|(_, part)| points.contains(&part.u)) {
                wrong.insert(*id);
            }
        }
        let strange = said
            .points
            .iter()
            .filter(|used| !expected.points.contains(used));
        wrong.extend(strange.map(|used| used.envelope));
        errors.extend(wrong.into_iter().map(AuditError::Point));
        let expected = self.ledger.used_nonces(close, intents);
        let nonces: BTreeSet<_> = differing(&expected, &said.nonces)
            .into_iter()
            .map(|used| (&used.account, used.nonce))
            .collect();
        for (id, opened) in intents {
            let of = opened.as_ref().map(|terms| (&terms.account, terms.nonce));
            if of.is_ok_and(|place| nonces.contains(&place)) {
                errors.push(AuditError::Nonce(*id));
            }
        }
    }

    /// Moves on.
    fn append(&mut self, record: &RoundRecord, audited: Option<&AuditedRound>) {
        let close = &record.close;
        self.parent = (close.round, close.digest(), close.slot);
        // Once a round is wrong, what it used is unknown, and each later round would be accused of
        // the difference.
        self.is_sound &= audited.is_some();
        let Some(audited) = audited else { return };
        // What a member would write is of no use here.
        self.ledger.certify(close.clone(), record.certificate);
        let listed = listed(record);
        let listed = listed.iter().map(|(id, envelope)| (id, *envelope));
        self.ledger.use_points(close.round, listed);
        self.ledger
            .settle(&record.settlement.settlement, &audited.intents);
    }
}

/// The envelopes that the record's close lists.
fn listed(record: &RoundRecord) -> BTreeMap<EnvelopeId, &Envelope> {
    let close = &record.close;
    let listed: BTreeSet<_> = close.intents.iter().chain(&close.quotes).collect();
    let envelopes = envelopes::by_id(record).into_iter();
    envelopes.filter(|(id, _)| listed.contains(id)).collect()
}

/// What stands in one list only.
fn differing<'a, T: Ord>(ours: &'a [T], theirs: &'a [T]) -> Vec<&'a T> {
    let [ours, theirs] = [ours, theirs].map(|list| list.iter().collect::<BTreeSet<_>>());
    ours.symmetric_difference(&theirs).copied().collect()
}

#[cfg(test)]
impl ChainAudit<'_> {
    /// Pretends that an envelope of an earlier round used `u`.
    pub(super) fn note_point(
        &mut self,
        u: sealbid_types::bytes::FixedBytes<96>,
        round: Round,
        envelope: EnvelopeId,
    ) {
        self.ledger.note_point(u, round, envelope);
    }
}

/// Audits all rounds, from the first on.
///
/// # Errors
/// Everything that is wrong, by round.
pub fn audit_chain<'r>(
    committee: &Committee,
    keys: &CommitteeKeys,
    records: impl IntoIterator<Item = &'r RoundRecord>,
    secret: &BatchSecret,
) -> Result<(), BTreeMap<Round, Vec<AuditError>>> {
    let mut audit = ChainAudit::new(committee, keys, secret);
    let mut wrong: BTreeMap<Round, Vec<AuditError>> = BTreeMap::new();
    for record in records {
        if let Err(errors) = audit.next(record) {
            wrong.entry(record.close.round).or_default().extend(errors);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}
