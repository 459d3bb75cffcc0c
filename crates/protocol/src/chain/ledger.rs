//! What the chain of certified rounds remembers: where it stands, and what it rules out.
//!
//! Members and the audit of a whole chain keep the same ledger by the same rules.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::envelope::{Envelope, Header, MOST_ROUNDS};
use sealbid_types::id::{CloseDigest, EnvelopeId, Round, Slot};
use sealbid_types::record::{Ancestry, UsedNonce, UsedU};
use sealbid_types::settlement::Settlement;
use sealbid_types::terms::{Nonce, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use super::row::{CertifiedRound, Change, Retention, Row, RowKey, TABLES, UsedPoints};
use crate::disk::Recall;
use crate::member::StartError;
use crate::member::io::Output;
use crate::opening::OpenedIntents;

/// The certified chain, as far back as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The first round that is not certified.
    open: Round,
    /// The close before it.
    parent: CloseDigest,
    /// That close's slot.
    parent_slot: Slot,
    /// The closes of decided rounds, so that another one that is shown is found out.
    digests: BTreeMap<Round, CloseDigest>,
    listed: BTreeSet<(EnvelopeId, Round)>,
    /// All holders of a point, those of the earliest round first: no later one hides an earlier.
    points: BTreeSet<(FixedBytes<96>, Round, EnvelopeId)>,
    /// Rounds whose points are known.
    with_points: BTreeSet<Round>,
    nonces: BTreeMap<(AccountId, Nonce), Round>,
    /// What is forgotten as rounds pass.
    until_round: BTreeSet<(Round, RowKey)>,
    /// What is forgotten as closing times pass.
    until_time: BTreeSet<(Timestamp, RowKey)>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            open: Round(1),
            parent: Close::GENESIS,
            parent_slot: Slot(0),
            digests: BTreeMap::new(),
            listed: BTreeSet::new(),
            points: BTreeSet::new(),
            with_points: BTreeSet::new(),
            nonces: BTreeMap::new(),
            until_round: BTreeSet::new(),
            until_time: BTreeSet::new(),
        }
    }
}

/// The rounds whose entries can have to do with `round`: no envelope waits for longer.
fn ancestors(round: Round) -> core::ops::Range<Round> {
    Round(round.0.saturating_sub(MOST_ROUNDS))..round
}

/// An id before all others.
const FIRST_ID: EnvelopeId = EnvelopeId(FixedBytes([0; 32]));

impl Chain {
    /// Reads the chain from disk.
    ///
    /// # Errors
    /// [`StartError::Unreadable`], naming the table.
    pub(crate) fn recall(disk: &impl Recall) -> Result<Self, StartError> {
        let mut chain = Self::default();
        for table in TABLES {
            for (_, bytes) in disk.scan(table) {
                let row = Row::decode(table, &bytes).and_then(Result::ok);
                let row = row.ok_or(StartError::Unreadable(table))?;
                chain.apply(&Change::Remember(row));
            }
        }
        Ok(chain)
    }

    /// The first round that is not certified.
    pub(crate) const fn open(&self) -> Round {
        self.open
    }

    /// The digest of the newest certified close.
    pub(crate) const fn parent(&self) -> CloseDigest {
        self.parent
    }

    /// The slot of the newest certified close.
    pub(crate) const fn parent_slot(&self) -> Slot {
        self.parent_slot
    }

    /// The certified close of a round, of the newest [`MOST_ROUNDS`] and one.
    pub(crate) fn digest_of(&self, round: Round) -> Option<CloseDigest> {
        self.digests.get(&round).copied()
    }

    /// The round that lists an envelope, if one does that can still matter.
    pub(crate) fn listed_in(&self, id: &EnvelopeId) -> Option<Round> {
        self.earliest_listing(id, self.open)
    }

    /// Whether a round before `round` lists the envelope.
    pub(crate) fn listed_before(&self, id: &EnvelopeId, round: Round) -> bool {
        self.earliest_listing(id, round).is_some()
    }

    fn earliest_listing(&self, id: &EnvelopeId, round: Round) -> Option<Round> {
        let window = ancestors(round);
        let mut listings = self.listed.range((*id, window.start)..(*id, window.end));
        listings.next().map(|(_, round)| *round)
    }

    /// The envelope of an earlier round that has a part with this `u`.
    pub(crate) fn holder_of(&self, u: &FixedBytes<96>) -> Option<EnvelopeId> {
        self.earliest_holder(*u, self.open)
            .map(|used| used.envelope)
    }

    fn earliest_holder(&self, u: FixedBytes<96>, round: Round) -> Option<UsedU> {
        let window = ancestors(round);
        let mut holders = self
            .points
            .range((u, window.start, FIRST_ID)..(u, window.end, FIRST_ID));
        let (u, round, envelope) = *holders.next()?;
        Some(UsedU { u, envelope, round })
    }

    /// Moves on to the round after a certified one, and forgets what is too old to matter.
    pub(crate) fn certify(&mut self, close: Close, certificate: CertificateBytes) -> Vec<Output> {
        let (round, closed_at) = (close.round, close.closed_at);
        let certified = CertifiedRound { close, certificate };
        let mut changes = self.remember(Row::Close(Box::new(certified)));
        for key in self.outlived(round, closed_at) {
            changes.push(self.change(&Change::Forget(key)));
        }
        changes
    }

    /// Remembers the points that the entries of a certified round use.
    pub(crate) fn use_points<'e>(
        &mut self,
        round: Round,
        listed: impl IntoIterator<Item = (&'e EnvelopeId, &'e Envelope)>,
    ) -> Vec<Output> {
        let points = listed
            .into_iter()
            .flat_map(|(id, envelope)| envelope.sealed.parts().map(|(_, part)| (part.u, *id)))
            .collect();
        self.remember(Row::Points(UsedPoints { round, points }))
    }

    /// Remembers the nonces that a settlement used.
    pub(crate) fn settle(&mut self, settlement: &Settlement, terms: &OpenedIntents) -> Vec<Output> {
        let mut changes = Vec::new();
        for settled in &settlement.fills {
            if let Some(Ok(Terms { account, nonce, .. })) = terms.get(&settled.fill.intent) {
                let used = UsedNonce {
                    account: account.clone(),
                    nonce: *nonce,
                    round: settlement.round,
                };
                changes.extend(self.remember(Row::Nonce(used)));
            }
        }
        changes
    }

    /// What is forgotten once `round` is certified, which closed at `closed_at`.
    fn outlived(&self, round: Round, closed_at: Timestamp) -> Vec<RowKey> {
        let by_round = self.until_round.iter();
        let by_round = by_round.take_while(|(last, _)| *last < round);
        let by_time = self.until_time.iter();
        let by_time = by_time.take_while(|(last, _)| *last < closed_at);
        let keys = by_round.map(|(_, key)| key);
        keys.chain(by_time.map(|(_, key)| key)).cloned().collect()
    }

    /// Adds a row, unless it is there: a row never changes.
    fn remember(&mut self, row: Row) -> Vec<Output> {
        let is_known = match row.key() {
            RowKey::Close(round) => self.digests.contains_key(&round),
            RowKey::Points(round) => self.with_points.contains(&round),
            RowKey::Nonce(account, nonce) => self.nonces.contains_key(&(account, nonce)),
        };
        if is_known {
            Vec::new()
        } else {
            vec![self.change(&Change::Remember(row))]
        }
    }

    /// The one way that anything changes: in memory here, on disk by what is returned.
    fn change(&mut self, change: &Change) -> Output {
        self.apply(change);
        Output::Write(change.write())
    }

    /// Changes memory. The order of rows does not matter, since a start reads them by table.
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Remember(row) => {
                let key = row.key();
                match key.retention() {
                    Retention::Round(last) => _ = self.until_round.insert((last, key)),
                    Retention::Time(last) => _ = self.until_time.insert((last, key)),
                    Retention::Ever => {}
                }
                self.add(row);
            }
            Change::Forget(key) => {
                match key.retention() {
                    Retention::Round(last) => _ = self.until_round.remove(&(last, key.clone())),
                    Retention::Time(last) => _ = self.until_time.remove(&(last, key.clone())),
                    Retention::Ever => {}
                }
                self.remove(key);
            }
        }
    }

    fn add(&mut self, row: &Row) {
        match row {
            Row::Close(certified) => {
                let close = &certified.close;
                let digest = close.digest();
                self.digests.insert(close.round, digest);
                if close.round >= self.open {
                    self.open = close.round.next();
                    self.parent = digest;
                    self.parent_slot = close.slot;
                }
                let ids = close.intents.iter().chain(&close.quotes);
                self.listed.extend(ids.map(|id| (*id, close.round)));
            }
            Row::Points(UsedPoints { round, points }) => {
                self.with_points.insert(*round);
                let points = points.iter().map(|(u, id)| (*u, *round, *id));
                self.points.extend(points);
            }
            Row::Nonce(used) => {
                let place = (used.account.clone(), used.nonce);
                self.nonces.insert(place, used.round);
            }
        }
    }

    fn remove(&mut self, key: &RowKey) {
        match key {
            RowKey::Close(gone) => {
                self.digests.remove(gone);
                self.listed.retain(|(_, round)| round != gone);
            }
            RowKey::Points(gone) => {
                self.with_points.remove(gone);
                self.points.retain(|(_, round, _)| round != gone);
            }
            RowKey::Nonce(account, nonce) => {
                self.nonces.remove(&(account.clone(), *nonce));
            }
        }
    }

    /// Whether a reported envelope is left out of a round that closes at `closed_at`.
    pub(crate) fn rules_out(
        &self,
        id: &EnvelopeId,
        header: &Header,
        round: Round,
        closed_at: Timestamp,
    ) -> bool {
        self.listed_before(id, round) || !header.is_alive(round, closed_at)
    }

    /// What rounds before `round` have to do with it, before its terms are known: `reported` are
    /// all ids that its reports name, `listed` the envelopes it lists.
    ///
    /// It depends on the rounds before and on nothing else: not on what this member remembers of
    /// the round itself, which a restart in its middle brings back, nor on how far it has gone on.
    pub(crate) fn ancestry<'e>(
        &self,
        round: Round,
        reported: &BTreeSet<EnvelopeId>,
        listed: impl IntoIterator<Item = &'e Envelope>,
    ) -> Ancestry {
        let parts = listed.into_iter().flat_map(|listed| listed.sealed.parts());
        let points: BTreeSet<_> = parts
            .filter_map(|(_, part)| self.earliest_holder(part.u, round))
            .collect();
        let is_earlier = |id: &&EnvelopeId| self.listed_before(id, round);
        Ancestry {
            listed: reported.iter().filter(is_earlier).copied().collect(),
            nonces: Vec::new(),
            points: points.into_iter().collect(),
        }
    }

    /// The nonces of a round's terms that earlier rounds settled, unless they had run out before it
    /// closed: those may be forgotten, and rule out nothing more.
    pub(crate) fn used_nonces(&self, close: &Close, intents: &OpenedIntents) -> Vec<UsedNonce> {
        let mut used: Vec<_> = intents
            .values()
            .filter_map(|terms| {
                let Terms { account, nonce, .. } = terms.as_ref().ok()?;
                let key = RowKey::Nonce(account.clone(), *nonce);
                let round = *self.nonces.get(&(account.clone(), *nonce))?;
                let has_run_out =
                    matches!(key.retention(), Retention::Time(last) if last < close.closed_at);
                let is_earlier = round < close.round;
                (is_earlier && !has_run_out).then(|| UsedNonce {
                    account: account.clone(),
                    nonce: *nonce,
                    round,
                })
            })
            .collect();
        used.sort_unstable();
        used.dedup();
        used
    }
}

#[cfg(test)]
impl Chain {
    /// Pretends that an envelope of an earlier round used `u`.
    pub(crate) fn note_point(&mut self, u: FixedBytes<96>, round: Round, envelope: EnvelopeId) {
        self.points.insert((u, round, envelope));
    }
}
