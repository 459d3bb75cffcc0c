//! The pool: sealed envelopes that wait for a round, spread to every member in one order.
//!
//! This is the pure state behind the members' replicated group. It is a convenience, never a
//! ground: a member's durable inbox is what counts, and nothing needs two pools to be equal
//! (docs/protocol.md 4.1). So [`Pool::apply`] is total, every command may come twice, late or
//! never, and what does not fit is refused, not evicted.
//!
//! Envelopes are opaque here: an id, the bytes, and the rounds they may enter. An entry is known
//! by its id *and* the digest of its bytes, so that bytes proposed under somebody else's id do
//! not keep the real envelope out. Whoever takes an envelope from the pool checks it.

use std::collections::BTreeMap;

mod clearing;
mod command;
#[cfg(test)]
mod tests;

pub use command::{
    Applied, ClearedRound, EnvelopeKind, Id, Key, PoolAnswer, PoolCommand, PoolEnvelope, PoolItem,
    PoolLimits, PoolQuery, PoolRefusal,
};

/// The BLAKE3 derive-key context of [`Pool::digest`].
const DIGEST_CONTEXT: &str = "sealbid/1 2026-11 pool digest";

/// One kind's waiting envelopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Queue {
    entries: BTreeMap<Key, PoolEnvelope>,
    bytes: usize,
}

/// The state of a pool. See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    limits: PoolLimits,
    intents: Queue,
    quotes: Queue,
    rounds: BTreeMap<u64, ClearedRound>,
    listed: usize,
    /// The last round cleared, 0 if none.
    cleared: u64,
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub const fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            intents: Queue {
                entries: BTreeMap::new(),
                bytes: 0,
            },
            quotes: Queue {
                entries: BTreeMap::new(),
                bytes: 0,
            },
            rounds: BTreeMap::new(),
            listed: 0,
            cleared: 0,
        }
    }

    /// The pool that `items` describe, within `limits`.
    #[must_use]
    pub fn restore(limits: PoolLimits, items: impl IntoIterator<Item = PoolItem>) -> Self {
        let mut pool = Self::new(limits);
        let mut envelopes = Vec::new();
        // Rounds first: they say which envelopes are out of date.
        for item in items {
            match item {
                PoolItem::Cleared(round) => {
                    pool.clear(round);
                }
                PoolItem::Envelope(kind, envelope) => envelopes.push((kind, envelope)),
            }
        }
        for (kind, envelope) in envelopes {
            pool.add(kind, envelope);
        }
        pool
    }

    /// Everything in the pool, for [`Self::restore`].
    pub fn items(&self) -> impl Iterator<Item = PoolItem> + '_ {
        let rounds = self.rounds.values().cloned().map(PoolItem::Cleared);
        let of = |kind: EnvelopeKind| {
            self.queue(kind)
                .entries
                .values()
                .cloned()
                .map(move |e| PoolItem::Envelope(kind, e))
        };
        rounds
            .chain(of(EnvelopeKind::Intent))
            .chain(of(EnvelopeKind::Quote))
    }

    /// Applies a command. Total, deterministic, and idempotent.
    pub fn apply(&mut self, command: PoolCommand) -> Applied {
        match command {
            PoolCommand::SubmitIntent(envelope) => self.add(EnvelopeKind::Intent, envelope),
            PoolCommand::SubmitQuote(envelope) => self.add(EnvelopeKind::Quote, envelope),
            PoolCommand::ClearRound(round) => self.clear(round),
        }
    }

    /// Answers a query.
    #[must_use]
    pub fn query(&self, query: &PoolQuery) -> PoolAnswer {
        let all = |queue: &Queue| PoolAnswer::Envelopes(queue.entries.values().cloned().collect());
        match query {
            PoolQuery::PendingIntents => all(&self.intents),
            PoolQuery::PendingQuotes => all(&self.quotes),
            PoolQuery::RoundResult(round) => {
                PoolAnswer::RoundResult(self.rounds.get(round).map(|r| r.certificate.clone()))
            }
            PoolQuery::CurrentRound => PoolAnswer::CurrentRound(self.current_round()),
            PoolQuery::Contains(keys) => {
                PoolAnswer::Contains(keys.iter().map(|key| self.contains(key)).collect())
            }
            PoolQuery::Digest => PoolAnswer::Digest(self.digest()),
        }
    }

    /// The round after the last one cleared.
    #[must_use]
    pub const fn current_round(&self) -> u64 {
        self.cleared.saturating_add(1)
    }

    /// Whether this envelope waits, or a remembered round listed its id. Other bytes under the
    /// same id do not count: anybody could keep the true ones out by offering such first.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        let waits = |queue: &Queue| queue.entries.contains_key(key);
        waits(&self.intents) || waits(&self.quotes) || self.was_listed(&key.0)
    }

    /// Whether there is nothing to learn of a round: it is remembered, or older than all that are.
    #[must_use]
    pub fn knows_round(&self, round: u64) -> bool {
        let oldest = self.rounds.keys().next();
        let is_full = self.rounds.len() >= self.limits.rounds;
        self.rounds.contains_key(&round) || is_full && oldest.is_some_and(|oldest| round < *oldest)
    }

    /// Whether a closed round is within the limits: to be asked before its certificate is checked.
    #[must_use]
    pub fn fits(&self, round: &ClearedRound) -> bool {
        round.certificate.len() <= self.limits.certificate_bytes
            && round.listed.len() <= self.limits.round_ids
    }

    /// Whether exactly this envelope waits.
    #[must_use]
    pub fn holds(&self, kind: EnvelopeKind, envelope: &PoolEnvelope) -> bool {
        self.queue(kind).entries.get(&envelope.key()) == Some(envelope)
    }

    /// How many envelopes of a kind wait.
    #[must_use]
    pub fn pending(&self, kind: EnvelopeKind) -> usize {
        self.queue(kind).entries.len()
    }

    /// How many bytes of envelopes of a kind wait.
    #[must_use]
    pub const fn pending_bytes(&self, kind: EnvelopeKind) -> usize {
        self.queue(kind).bytes
    }

    /// A digest of everything in the pool: equal for equal pools.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        hasher.update(&self.cleared.to_le_bytes());
        for queue in [&self.intents, &self.quotes] {
            hasher.update(&(queue.entries.len() as u64).to_le_bytes());
            for ((id, body), envelope) in &queue.entries {
                hasher.update(id).update(body);
                hasher.update(&envelope.first_round.to_le_bytes());
                hasher.update(&envelope.last_round.to_le_bytes());
            }
        }
        hasher.update(&(self.rounds.len() as u64).to_le_bytes());
        for (round, cleared) in &self.rounds {
            hasher.update(&round.to_le_bytes());
            hasher.update(blake3::hash(&cleared.certificate).as_bytes());
            hasher.update(&(cleared.listed.len() as u64).to_le_bytes());
            cleared.listed.iter().for_each(|id| {
                hasher.update(id);
            });
        }
        *hasher.finalize().as_bytes()
    }

    const fn queue(&self, kind: EnvelopeKind) -> &Queue {
        match kind {
            EnvelopeKind::Intent => &self.intents,
            EnvelopeKind::Quote => &self.quotes,
        }
    }

    fn was_listed(&self, id: &Id) -> bool {
        self.rounds.values().any(|round| round.listed.contains(id))
    }

    /// Whether a round is near enough to the open one. A pool that has seen no round closed does
    /// not know which one that is: what is too far ahead goes when it finds out.
    const fn may_wait_for(&self, round: u64) -> bool {
        self.cleared == 0 || round <= self.current_round().saturating_add(self.limits.ahead)
    }

    fn add(&mut self, kind: EnvelopeKind, envelope: PoolEnvelope) -> Applied {
        let rounds = envelope.last_round.checked_sub(envelope.first_round);
        if envelope.body.is_empty() || rounds.is_none_or(|rounds| rounds > self.limits.ahead) {
            return Applied::Refused(PoolRefusal::Malformed);
        }
        if envelope.body.len() > self.limits.envelope_bytes {
            return Applied::Refused(PoolRefusal::TooLarge);
        }
        let key = envelope.key();
        if self.queue(kind).entries.contains_key(&key) {
            return Applied::Known;
        }
        if self.was_listed(&envelope.id) {
            return Applied::Refused(PoolRefusal::Listed);
        }
        if envelope.last_round <= self.cleared {
            return Applied::Refused(PoolRefusal::Expired);
        }
        if !self.may_wait_for(envelope.first_round) {
            return Applied::Refused(PoolRefusal::TooEarly);
        }
        let limits = self.limits;
        let queue = match kind {
            EnvelopeKind::Intent => &mut self.intents,
            EnvelopeKind::Quote => &mut self.quotes,
        };
        let bytes = queue.bytes.saturating_add(envelope.body.len());
        if queue.entries.len() >= limits.entries || bytes > limits.bytes {
            return Applied::Refused(PoolRefusal::Full);
        }
        queue.bytes = bytes;
        queue.entries.insert(key, envelope);
        Applied::Added
    }

    fn clear(&mut self, round: ClearedRound) -> Applied {
        let number = round.round;
        if self.knows_round(number) {
            return Applied::Known;
        }
        if !self.fits(&round) {
            return Applied::Refused(PoolRefusal::TooLarge);
        }
        self.cleared = self.cleared.max(number);
        let (open, ahead) = (self.current_round(), self.limits.ahead);
        let can_be_listed = |(id, _): &Key, envelope: &PoolEnvelope| {
            envelope.last_round >= open
                && envelope.first_round <= open.saturating_add(ahead)
                && !round.listed.contains(id)
        };
        let gone = self.intents.retain(can_be_listed) + self.quotes.retain(can_be_listed);
        self.listed += round.listed.len();
        self.rounds.insert(number, round);
        self.forget();
        Applied::Cleared(gone)
    }

    /// Forgets the oldest rounds beyond the limits.
    fn forget(&mut self) {
        while self.rounds.len() > self.limits.rounds || self.listed > self.limits.listed {
            let Some((_, oldest)) = self.rounds.pop_first() else {
                return;
            };
            self.listed -= oldest.listed.len();
        }
    }
}

impl Queue {
    /// Drops what does not `stay`; says how much that was.
    fn retain(&mut self, stay: impl Fn(&Key, &PoolEnvelope) -> bool) -> usize {
        let before = self.entries.len();
        self.entries.retain(|key, envelope| stay(key, envelope));
        self.bytes = self.entries.values().map(|e| e.body.len()).sum();
        before - self.entries.len()
    }
}
