//! What only all rounds together show: that each close follows the one before, and that what the
//! records say of earlier rounds is true and complete.
//!
//! An envelope may be listed for [`MOST_ROUNDS`] rounds after its first, so lists and points are
//! remembered for as long; a nonce is used for ever.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{BatchSecret, CommitteeKeys};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::id::{CloseDigest, EnvelopeId, Round, Slot};
use sealbid_types::record::RoundRecord;
use sealbid_types::terms::{Nonce, Terms};
use sealbid_types::text::AccountId;

use super::close::reported;
use super::error::AuditError;
use super::{AuditedRound, audit_record, envelopes};
use crate::opening::OpenedIntents;

/// An audit of all rounds, one after the other.
pub struct ChainAudit<'a> {
    committee: &'a Committee,
    keys: &'a CommitteeKeys,
    secret: &'a BatchSecret,
    /// The round before, its close and its slot.
    parent: (Round, CloseDigest, Slot),
    listed: BTreeMap<EnvelopeId, Round>,
    points: BTreeSet<(FixedBytes<96>, Round, EnvelopeId)>,
    nonces: BTreeMap<(AccountId, Nonce), Round>,
    /// Whether every round so far was right: what a wrong one used is not known.
    is_sound: bool,
}

impl<'a> ChainAudit<'a> {
    /// An audit that begins before round 1.
    #[must_use]
    pub const fn new(
        committee: &'a Committee,
        keys: &'a CommitteeKeys,
        secret: &'a BatchSecret,
    ) -> Self {
        Self {
            committee,
            keys,
            secret,
            parent: (Round(0), Close::GENESIS, Slot(0)),
            listed: BTreeMap::new(),
            points: BTreeSet::new(),
            nonces: BTreeMap::new(),
            is_sound: true,
        }
    }

    /// Audits the next round's record: by itself, and as the next of the chain.
    ///
    /// # Errors
    /// Everything that is wrong with it. What it says of earlier rounds is judged only as long as
    /// all of these were right.
    pub fn next(&mut self, record: &RoundRecord) -> Result<AuditedRound, Vec<AuditError>> {
        let audited = audit_record(self.committee, self.keys, record, self.secret);
        let mut errors = Vec::new();
        self.check_parent(&record.close, &mut errors);
        if let Ok(audited) = &audited
            && self.is_sound
            && errors.is_empty()
        {
            self.check_listed(record, &mut errors);
            self.check_points(record, &mut errors);
            self.check_nonces(record, &audited.intents, &mut errors);
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

    fn check_listed(&self, record: &RoundRecord, errors: &mut Vec<AuditError>) {
        let reported = reported(record).into_iter();
        let listed: BTreeSet<_> = reported.filter(|id| self.listed.contains_key(id)).collect();
        let said: BTreeSet<_> = record.ancestry.listed.iter().copied().collect();
        let wrong = listed.symmetric_difference(&said).copied();
        errors.extend(wrong.map(AuditError::Listed));
    }

    fn check_points(&self, record: &RoundRecord, errors: &mut Vec<AuditError>) {
        let said = &record.ancestry.points;
        let listed: BTreeSet<_> = record
            .close
            .intents
            .iter()
            .chain(&record.close.quotes)
            .collect();
        let mut wrong = BTreeSet::new();
        for (id, envelope) in envelopes::by_id(record) {
            let points = envelope.sealed.parts().map(|(_, part)| part.u);
            for u in points.filter(|_| listed.contains(&id)) {
                let is_used = self.uses_of(u).next().is_some();
                let is_said = said.iter().any(|used| used.u == u);
                if is_used != is_said {
                    wrong.insert(id);
                }
            }
        }
        for used in said {
            if !self.points.contains(&(used.u, used.round, used.envelope)) {
                wrong.insert(used.envelope);
            }
        }
        errors.extend(wrong.into_iter().map(AuditError::Point));
    }

    fn uses_of(
        &self,
        u: FixedBytes<96>,
    ) -> impl Iterator<Item = &(FixedBytes<96>, Round, EnvelopeId)> {
        let least = (u, Round(0), EnvelopeId::from([0; 32]));
        self.points
            .range(least..)
            .take_while(move |(other, ..)| *other == u)
    }

    fn check_nonces(
        &self,
        record: &RoundRecord,
        intents: &OpenedIntents,
        errors: &mut Vec<AuditError>,
    ) {
        let place = |terms: &Terms| (terms.account.clone(), terms.nonce);
        let opened = intents.values().filter_map(|opened| opened.as_ref().ok());
        let used: BTreeSet<_> = opened
            .map(place)
            .filter_map(|place| self.nonces.get_key_value(&place))
            .map(|(place, round)| (place.clone(), *round))
            .collect();
        let said = record.ancestry.nonces.iter();
        let said: BTreeSet<_> = said
            .map(|used| ((used.account.clone(), used.nonce), used.round))
            .collect();
        let wrong: BTreeSet<_> = used
            .symmetric_difference(&said)
            .map(|(place, _)| place)
            .collect();
        for (id, opened) in intents {
            if opened
                .as_ref()
                .is_ok_and(|terms| wrong.contains(&place(terms)))
            {
                errors.push(AuditError::Nonce(*id));
            }
        }
    }

    /// Moves on, and forgets what is too old to rule anything out.
    fn append(&mut self, record: &RoundRecord, audited: Option<&AuditedRound>) {
        let close = &record.close;
        let round = close.round;
        self.parent = (round, close.digest(), close.slot);
        self.is_sound &= audited.is_some();
        let Some(audited) = audited else { return };
        let listed: BTreeSet<_> = close.intents.iter().chain(&close.quotes).copied().collect();
        let envelopes = envelopes::by_id(record).into_iter();
        for (id, envelope) in envelopes.filter(|(id, _)| listed.contains(id)) {
            let points = envelope.sealed.parts().map(|(_, part)| part.u);
            self.points.extend(points.map(|u| (u, round, id)));
        }
        self.listed.extend(listed.into_iter().map(|id| (id, round)));
        for settled in &record.settlement.settlement.fills {
            if let Some(Ok(terms)) = audited.intents.get(&settled.fill.intent) {
                self.nonces
                    .insert((terms.account.clone(), terms.nonce), round);
            }
        }
        let oldest = Round(round.0.saturating_sub(MOST_ROUNDS));
        self.listed.retain(|_, listed| *listed >= oldest);
        self.points.retain(|(_, used, _)| *used >= oldest);
    }
}

#[cfg(test)]
impl ChainAudit<'_> {
    /// Pretends that an envelope of an earlier round used `u`.
    pub(super) fn note_point(&mut self, u: FixedBytes<96>, round: Round, envelope: EnvelopeId) {
        self.points.insert((u, round, envelope));
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
