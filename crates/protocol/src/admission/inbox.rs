//! The inbox: envelopes that this member has acknowledged and that no certified round lists yet.
//! It is on disk before any acknowledgement leaves.

use core::ops::Range;
use std::collections::BTreeMap;

use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::{PublicIntent, Refusal, RefusalCode};
use sealbid_types::envelope::{Envelope, Header, Kind, MOST_ROUNDS};
use sealbid_types::id::{EnvelopeId, Round, Slot};
use sealbid_types::keys::PublicKey;
use sealbid_types::time::Timestamp;

use super::gate::{Admissible, PendingShares};
use crate::disk::{Recall, Table, Write};
use crate::limits::{Limits, Places};
use crate::member::StartError;
use crate::member::io::{Offered, Output};

/// An envelope in the inbox.
#[derive(Debug)]
pub(crate) struct InboxEntry {
    pub(crate) envelope: Envelope,
    /// Absent until the gate has checked the envelope again after a restart.
    pub(crate) shares: Option<PendingShares>,
    /// The round it is acknowledged for; none for one that was only fetched for a vote.
    pub(crate) acknowledged: Option<Round>,
    /// Whether it takes places and counts for its submitter's quota: an acknowledged one does until
    /// it has expired by the clocks of a quorum.
    pub(crate) counts: bool,
    /// The slot in which its public part was last shown to solvers.
    pub(crate) published: Option<Slot>,
}

/// How an envelope may be acknowledged, as the member's clock and round have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admission {
    /// The first round that is not certified.
    pub(crate) open: Round,
    /// The first round that an envelope of this kind is taken for.
    pub(crate) earliest: Round,
    /// The earliest time at which an envelope admitted now can be listed.
    pub(crate) closes_at: Timestamp,
}

/// How far ahead of the open round an envelope's first round may be.
const MOST_AHEAD: u64 = 64;

/// The envelopes that wait, and the bounds they are held to.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// Boxed: a tree moves its entries about.
    held: BTreeMap<EnvelopeId, Box<InboxEntry>>,
    points: BTreeMap<FixedBytes<96>, EnvelopeId>,
    by_submitter: BTreeMap<(PublicKey, Kind), usize>,
    places: Places,
    limits: Limits,
    /// The end of the newest slot that has ended by the clocks of a quorum: what expires before it
    /// has given its places back, and no report of this member lists it any more.
    freed_before: Timestamp,
    /// How often an envelope has come or gone.
    changes: u64,
}

pub(crate) fn refusal(code: RefusalCode, message: impl Into<String>) -> Refusal {
    Refusal {
        code,
        message: message.into(),
    }
}

impl Inbox {
    /// An empty inbox that acknowledges at most so many of each kind for one round.
    pub(crate) fn new(limits: Limits, most_intents: usize, most_quotes: usize) -> Self {
        Self {
            held: BTreeMap::new(),
            points: BTreeMap::new(),
            by_submitter: BTreeMap::new(),
            places: Places::new(most_intents, most_quotes),
            limits,
            freed_before: Timestamp(0),
            changes: 0,
        }
    }

    /// Reads the inbox from disk. Shares are not stored: the gate makes them again.
    ///
    /// # Errors
    /// [`StartError::Unreadable`], naming the table.
    pub(crate) fn recall(&mut self, disk: &impl Recall) -> Result<(), StartError> {
        for (key, bytes) in disk.scan(Table::Envelopes) {
            let unreadable = || StartError::Unreadable(Table::Envelopes);
            let envelope: Envelope = decode(&bytes).map_err(|_| unreadable())?;
            let id = envelope.id();
            if id.as_bytes().as_slice() != key {
                return Err(unreadable());
            }
            let acknowledged = match disk.get(Table::Acknowledgements, &key) {
                None => None,
                Some(row) => Some(round_of(&row)?),
            };
            self.insert(
                id,
                InboxEntry {
                    envelope,
                    shares: None,
                    acknowledged,
                    counts: acknowledged.is_some(),
                    published: None,
                },
            );
        }
        Ok(())
    }

    /// How often an envelope has come or gone.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// The envelope of this id.
    pub(crate) fn get(&self, id: &EnvelopeId) -> Option<&InboxEntry> {
        self.held.get(id).map(Box::as_ref)
    }

    /// All envelopes, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&EnvelopeId, &InboxEntry)> {
        self.held.iter().map(|(id, held)| (id, held.as_ref()))
    }

    /// What was only fetched for a vote.
    pub(crate) fn unacknowledged(&self) -> impl Iterator<Item = EnvelopeId> {
        let fetched = self.held.iter();
        let fetched = fetched.filter(|(_, held)| held.acknowledged.is_none());
        fetched.map(|(id, _)| *id)
    }

    /// How many of a kind are acknowledged for `round` and not expired by a quorum's clocks.
    pub(crate) fn count(&self, kind: Kind, round: Round) -> usize {
        self.places.taken(kind, round)
    }

    /// Whether an acknowledged intent expires in `times`. No clock rules out that a round lists it; the next
    /// close does.
    pub(crate) fn has_expiring(&self, times: &Range<Timestamp>) -> bool {
        self.held.values().any(|held| {
            let header = &held.envelope.header;
            let is_intent = header.kind == Kind::Intent;
            is_intent && held.acknowledged.is_some() && times.contains(&header.expires)
        })
    }

    /// Whether it keeps out intents for rounds after this one that there is no place left in one of them,
    /// or that it holds as much as it may. What expires before `slot_end` fills none: by then its places
    /// come back, and no round is needed for that.
    pub(crate) fn is_full_after(&self, round: Round, slot_end: Timestamp) -> bool {
        if self.held.len() >= self.limits.held {
            return true;
        }
        let last = Round(round.0.saturating_add(MOST_AHEAD + MOST_ROUNDS));
        // Seldom, so that the count below is as well.
        if self.places.full(Kind::Intent, round.next(), last).is_none() {
            return false;
        }
        let mut lasting = Places::new(self.most(Kind::Intent), self.most(Kind::Quote));
        for held in self.held.values() {
            let header = &held.envelope.header;
            if held.counts && header.kind == Kind::Intent && header.expires >= slot_end {
                let from = held.acknowledged.unwrap_or(header.first);
                lasting.take(header.kind, from.max(round.next()), header.last);
            }
        }
        lasting.full(Kind::Intent, round.next(), last).is_some()
    }

    /// The ids of a kind that a report for `round`, at the end of a slot, lists: sorted.
    pub(crate) fn reportable(
        &self,
        kind: Kind,
        round: Round,
        slot_end: Timestamp,
    ) -> impl Iterator<Item = EnvelopeId> {
        self.held
            .iter()
            .filter(move |(_, held)| {
                let header = &held.envelope.header;
                header.kind == kind
                    && held.acknowledged.is_some_and(|from| from <= round)
                    && header.last >= round
                    && header.expires >= slot_end
            })
            .map(|(id, _)| *id)
    }

    /// The most that a report may list of a kind.
    pub(crate) const fn most(&self, kind: Kind) -> usize {
        self.places.most(kind)
    }

    /// The end of the newest slot that has ended by the clocks of a quorum, as far as was said.
    pub(crate) const fn freed_before(&self) -> Timestamp {
        self.freed_before
    }

    /// Gives the places of what expires before `slot_end` to others. The clock frees places and
    /// never an envelope: that goes when the chain rules it out, since a close may still list it.
    pub(crate) fn free_expired(&mut self, slot_end: Timestamp) {
        if slot_end <= self.freed_before {
            return;
        }
        self.freed_before = slot_end;
        let expired: Vec<_> = self
            .held
            .iter()
            .filter(|(_, held)| held.counts && held.envelope.header.expires < slot_end)
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            if let Some(held) = self.held.get_mut(&id) {
                held.counts = false;
                let header = held.envelope.header.clone();
                let from = held.acknowledged.unwrap_or(header.first);
                self.discount(&header, from);
            }
        }
    }

    /// The round that an envelope with this header can be acknowledged for.
    ///
    /// # Errors
    /// The refusal to send.
    pub(crate) fn place(&self, header: &Header, now: Admission) -> Result<Round, Refusal> {
        let Admission { open, earliest, .. } = now;
        if header.last < earliest {
            let text = format!(
                "its last round is {}, round {earliest} is the next",
                header.last
            );
            return Err(refusal(RefusalCode::RoundClosed, text));
        }
        if header.first.0 > open.0.saturating_add(MOST_AHEAD) {
            let text = format!(
                "its first round is {}, round {earliest} is the next",
                header.first
            );
            return Err(refusal(RefusalCode::RoundTooFar, text));
        }
        if header.expires < now.closes_at {
            let text = format!(
                "it expires at {}, before a round can list it",
                header.expires
            );
            return Err(refusal(RefusalCode::Expired, text));
        }
        let from = earliest.max(header.first);
        self.check_room(header, from, from > earliest)?;
        Ok(from)
    }

    fn check_room(&self, header: &Header, from: Round, is_later: bool) -> Result<(), Refusal> {
        let key = (header.submitter, header.kind);
        let waiting = self.by_submitter.get(&key).copied().unwrap_or(0);
        let quota = match header.kind {
            Kind::Intent => self.limits.intents_per_submitter,
            Kind::Quote => self.limits.quotes_per_submitter,
        };
        if waiting >= quota {
            let text = format!("{waiting} of this submitter wait already");
            return Err(refusal(RefusalCode::Quota, text));
        }
        if let Some(round) = self.places.full(header.kind, from, header.last) {
            let text = format!(
                "round {round} of its range is full at this member: try a later or shorter range"
            );
            return Err(refusal(RefusalCode::RoundFull, text));
        }
        // What waits for a later round is kept until some round closes, expired or not. It must not
        // pile up without bound while none does; what is for the next round is bounded by its places.
        if is_later && self.held.len() >= self.limits.held {
            let text = "this member holds as many for later rounds as it may: try again later";
            return Err(refusal(RefusalCode::RoundFull, text));
        }
        Ok(())
    }

    /// Refuses an envelope whose `u` stands in another one of the inbox.
    ///
    /// # Errors
    /// The refusal to send.
    pub(crate) fn check_points(&self, id: &EnvelopeId, envelope: &Envelope) -> Result<(), Refusal> {
        for (_, part) in envelope.sealed.parts() {
            if let Some(other) = self.points.get(&part.u).filter(|other| *other != id) {
                let text = format!("a sealed part's u stands in envelope {} too", other.short());
                return Err(refusal(RefusalCode::SharedU, text));
            }
        }
        Ok(())
    }

    /// Takes an envelope in and says what to write. One that is held already gains what it lacks:
    /// its shares after a restart, its acknowledgement after it was only fetched.
    pub(crate) fn take(
        &mut self,
        admissible: Admissible,
        acknowledged: Option<Round>,
    ) -> Vec<Output> {
        let Admissible {
            id,
            envelope,
            bytes,
            shares,
        } = admissible;
        let before = self.remove(&id);
        let known = before.is_some();
        let published = before.as_ref().and_then(|held| held.published);
        let counted = before.as_ref().is_some_and(|held| held.counts);
        let earlier = before.and_then(|held| held.acknowledged);
        let round = earlier.or(acknowledged);
        let mut rows = Vec::new();
        if !known {
            let key = id.as_bytes().to_vec();
            rows.push(Output::Write(Write::Put {
                table: Table::Envelopes,
                key,
                value: bytes,
            }));
        }
        if let (None, Some(round)) = (earlier, acknowledged) {
            rows.push(acknowledgement_row(&id, round));
        }
        self.insert(
            id,
            InboxEntry {
                envelope,
                shares: Some(shares),
                acknowledged: round,
                counts: counted || earlier.is_none() && acknowledged.is_some(),
                published,
            },
        );
        rows
    }

    /// Acknowledges an envelope that is held without: says what to write.
    pub(crate) fn acknowledge(&mut self, id: &EnvelopeId, round: Round) -> Option<Output> {
        let held = self.held.get(id)?;
        if held.acknowledged.is_some() {
            return None;
        }
        let mut held = self.remove(id)?;
        held.acknowledged = Some(round);
        held.counts = true;
        self.insert(*id, *held);
        Some(acknowledgement_row(id, round))
    }

    fn insert(&mut self, id: EnvelopeId, held: InboxEntry) {
        let header = &held.envelope.header;
        if let (true, Some(from)) = (held.counts, held.acknowledged) {
            *self
                .by_submitter
                .entry((header.submitter, header.kind))
                .or_default() += 1;
            self.places.take(header.kind, from, header.last);
        }
        for (_, part) in held.envelope.sealed.parts() {
            self.points.entry(part.u).or_insert(id);
        }
        self.held.insert(id, Box::new(held));
        self.changes += 1;
    }

    /// Takes an envelope out.
    pub(crate) fn remove(&mut self, id: &EnvelopeId) -> Option<Box<InboxEntry>> {
        let held = self.held.remove(id)?;
        self.changes += 1;
        let header = &held.envelope.header;
        if let (true, Some(from)) = (held.counts, held.acknowledged) {
            let header = header.clone();
            self.discount(&header, from);
        }
        for (_, part) in held.envelope.sealed.parts() {
            if self.points.get(&part.u) == Some(id) {
                self.points.remove(&part.u);
            }
        }
        Some(held)
    }

    fn discount(&mut self, header: &Header, from: Round) {
        lower(&mut self.by_submitter, &(header.submitter, header.kind));
        self.places.free(header.kind, from, header.last);
    }

    /// Envelopes that no round from `open` on can list, now that one closed at `closed_at`. `rule` is
    /// [`Rules::forgets`](crate::member::Rules::forgets).
    pub(crate) fn outlived(
        &self,
        open: Round,
        closed_at: Timestamp,
        rule: fn(bool, &EnvelopeId) -> bool,
    ) -> Vec<EnvelopeId> {
        let is_over = |header: &Header| header.last < open || header.expires < closed_at;
        let held = self.held.iter();
        held.filter(|(id, held)| rule(is_over(&held.envelope.header), id))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The public parts of intents for `round` that solvers were not shown in `slot` yet: they are
    /// shown now.
    pub(crate) fn publish(&mut self, round: Round, slot: Slot) -> Vec<PublicIntent> {
        let mut shown = Vec::new();
        for (id, held) in &mut self.held {
            let header = &held.envelope.header;
            let is_due = held.acknowledged.is_some_and(|from| from <= round)
                && header.kind == Kind::Intent
                && held.published != Some(slot);
            if is_due {
                held.published = Some(slot);
                shown.push(PublicIntent::new(*id, header, round));
            }
        }
        shown
    }

    /// Notes that solvers are shown an intent in `slot`.
    pub(crate) fn note_published(&mut self, id: &EnvelopeId, slot: Slot) {
        if let Some(held) = self.held.get_mut(id) {
            held.published = Some(slot);
        }
    }

    /// What is acknowledged, for the pool.
    pub(crate) fn offers(&self) -> Vec<Offered> {
        let acknowledged = self
            .held
            .iter()
            .filter(|(_, held)| held.acknowledged.is_some());
        acknowledged
            .map(|(id, held)| offer(*id, &held.envelope, encode(&held.envelope)))
            .collect()
    }
}

/// An envelope for the pool.
pub(crate) fn offer(id: EnvelopeId, envelope: &Envelope, bytes: Vec<u8>) -> Offered {
    let Header {
        kind, first, last, ..
    } = envelope.header;
    Offered {
        id,
        is_intent: kind == Kind::Intent,
        first,
        last,
        bytes,
    }
}

fn acknowledgement_row(id: &EnvelopeId, round: Round) -> Output {
    Output::Write(Write::Put {
        table: Table::Acknowledgements,
        key: id.as_bytes().to_vec(),
        value: round.0.to_be_bytes().to_vec(),
    })
}

/// The rows to delete for an envelope that is listed and settled, or outlived.
pub(crate) fn forget(id: &EnvelopeId) -> [Output; 2] {
    [Table::Envelopes, Table::Acknowledgements].map(|table| {
        Output::Write(Write::Delete {
            table,
            key: id.as_bytes().to_vec(),
        })
    })
}

fn lower<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn round_of(row: &[u8]) -> Result<Round, StartError> {
    let bytes = row
        .try_into()
        .map_err(|_| StartError::Unreadable(Table::Acknowledgements))?;
    Ok(Round(u64::from_be_bytes(bytes)))
}
