//! What the simulated network carries, and what becomes of it on its way; the pool, and the doors
//! at which records are fetched.
//!
//! Kinder than mosaik: there is one pool, which is the same for all and outlives every member. The
//! real copies may differ for ever, and nothing may rest on them (docs/protocol.md 4.1). Here
//! members can be cut off from it, `without_pool` takes it from some altogether, and `forked_pool`
//! half of it.

use sealbid_protocol::disk::{Recall as _, Table, Write};
use sealbid_protocol::member::io::Offered;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::pool::{Applied, ClearedRound, PoolCommand, PoolEnvelope, PoolItem};
use sealbid_types::codec::decode;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};

use super::{Event, World, index};
use crate::world::Fate;

/// After how many milliseconds a door that cannot be reached is given up.
/// As in a door's client.
const CONNECT_TIMEOUT: u64 = 3_000;
/// Between two times at which the pool brings members what they lack, in milliseconds.
/// What replication loses is brought then.
pub(super) const POOL_SYNC: u64 = 1_000;

impl World {
    /// From one member to another.
    pub(super) fn send(&mut self, from: MemberIndex, to: usize, bytes: &[u8]) {
        let links = &self.faults.links;
        if links.are_bad(self.now) && !links.is_cut(self.now, from, index(to)) {
            self.counts.at_risk += 1;
        }
        match links.fate(self.now, from, index(to), &mut self.draws) {
            Fate::Cut => self.counts.cut += 1,
            Fate::Lost => self.counts.lost += 1,
            Fate::Arrives(times) => {
                self.counts.doubled += times.len() as u64 - 1;
                for after in times {
                    let bytes = bytes.to_vec();
                    self.schedule(self.now + after, Event::Message { to, from, bytes });
                }
            }
        }
    }

    /// A liar hears what comes, and may answer.
    pub(super) fn hear(&mut self, to: usize, from: MemberIndex, bytes: &[u8]) {
        let reading = self.reading(to);
        let Some(liar) = self.seats[to].liar.as_mut() else {
            return;
        };
        liar.knows(self.now, reading.wall);
        let Ok(message) = decode::<PeerMessage>(bytes) else {
            return;
        };
        for (receiver, said) in liar.hear(from, &message) {
            self.lie(to, receiver, &said);
        }
    }

    /// What a liar says, and puts into the pool, after its engine's turn.
    pub(super) fn speak_unasked(&mut self, from: usize) {
        let reading = self.reading(from);
        let Some(liar) = self.seats[from].liar.as_mut() else {
            return;
        };
        liar.knows(self.now, reading.wall);
        let (said, pooled) = (liar.unasked(), liar.pooled());
        for (receiver, message) in said {
            self.lie(from, receiver, &message);
        }
        for command in pooled {
            self.propose(from, command);
        }
    }

    /// Whether a member reaches so many others that a group with it has a leader.
    /// More than half of all n have to be up, and not cut off in either direction.
    fn reaches_most(&self, from: usize) -> bool {
        let me = index(from);
        let links = &self.faults.links;
        let reached = (0..self.seats.len()).filter(|to| {
            let other = index(*to);
            let is_up = self.seats[*to].engine.is_some();
            let is_cut = links.is_cut(self.now, me, other) || links.is_cut(self.now, other, me);
            is_up && (*to == from || !is_cut)
        });
        2 * reached.count() > self.seats.len()
    }

    /// A command for the pool: what it adds goes to every member that is within reach.
    /// Without a leader within reach it is lost: the engine offers envelopes again.
    fn propose(&mut self, from: usize, command: PoolCommand) {
        if !self.reaches_most(from) {
            return;
        }
        let envelope = match &command {
            PoolCommand::SubmitIntent(envelope) | PoolCommand::SubmitQuote(envelope) => {
                Some(envelope.clone())
            }
            PoolCommand::ClearRound(_) => None,
        };
        // What the pool has already is spread no more: `sync_pool` brings it to whoever lacks it.
        if self.pool.apply(command) == Applied::Added
            && let Some(envelope) = envelope
        {
            for to in 0..self.seats.len() {
                self.spread(from, to, &envelope);
            }
        }
    }

    fn spread(&mut self, from: usize, to: usize, envelope: &PoolEnvelope) {
        let key = (
            // By id and bytes, as the pool itself: a spoilt copy under an id must not pass for the
            // envelope.
            EnvelopeId::from(envelope.id),
            *blake3::hash(&envelope.body).as_bytes(),
        );
        let links = &self.faults.links;
        let is_here = from == to;
        let fate = if is_here {
            Fate::Arrives(vec![1])
        } else {
            links.fate(self.now, index(from), index(to), &mut self.draws)
        };
        let Fate::Arrives(times) = fate else {
            return;
        };
        let seat = &mut self.seats[to];
        // It learns what it misses now when it is back (`sync_pool`).
        let is_forked = key.1[0] % 2 == 1 && self.faults.forked_pool.contains(&index(to));
        let is_reached =
            seat.engine.is_some() && !is_forked && !self.faults.without_pool.contains(&index(to));
        if !is_reached || !seat.pooled.insert(key) {
            return;
        }
        let (life, bytes) = (seat.life, envelope.body.clone());
        // Once: replication brings nothing twice.
        let after = times.first().copied().unwrap_or(1);
        self.schedule(self.now + after, Event::Pool { to, life, bytes });
    }

    /// Replication goes on: who is within reach of most gets what it lacks.
    pub(super) fn sync_pool(&mut self) {
        let items: Vec<_> = self
            .pool
            .items()
            .filter_map(|item| match item {
                PoolItem::Envelope(_, envelope) => Some(envelope),
                PoolItem::Cleared(_) => None,
            })
            .collect();
        for to in 0..self.seats.len() {
            if self.seats[to].engine.is_some() && self.reaches_most(to) {
                for envelope in &items {
                    self.spread(to, to, envelope);
                }
            }
        }
        self.schedule(self.now + POOL_SYNC, Event::PoolSync);
    }

    /// Envelopes for the pool; if it is only about those that it lacks, it is asked first.
    pub(super) fn offer(&mut self, from: usize, offers: Vec<Offered>, is_again: bool) {
        for offered in offers {
            let envelope = PoolEnvelope {
                id: *offered.id.as_bytes(),
                body: offered.bytes,
                first_round: offered.first.0,
                last_round: offered.last.0,
            };
            // As a member's process does: what is only repeated is not proposed before it is
            // missed.
            if is_again && self.pool.contains(&envelope.key()) {
                continue;
            }
            let key = envelope.key();
            let command = if offered.is_intent {
                PoolCommand::SubmitIntent(envelope)
            } else {
                PoolCommand::SubmitQuote(envelope)
            };
            self.propose(from, command);
            if self.bugs.leaves_to_pool && self.pool.contains(&key) {
                let rows = [Table::Envelopes, Table::Acknowledgements];
                let gone = rows.map(|table| Write::Delete {
                    table,
                    key: offered.id.as_bytes().to_vec(),
                });
                self.seats[from].disk.commit(gone);
            }
        }
    }

    /// A round is over: the pool checks what shows it, and forgets what it listed.
    pub(super) fn clear(&mut self, from: usize, cleared: ClearedRound) {
        let is_news = !self.pool.knows_round(cleared.round) && self.pool.fits(&cleared);
        // Checked once, where each member's pool would check it.
        if is_news && cleared.is_certified(&self.house.keys) {
            self.propose(from, PoolCommand::ClearRound(cleared));
        }
    }

    /// A settled round's record, from the one member that is asked, if it is within reach.
    pub(super) fn fetch(&mut self, to: usize, round: Round, from: MemberIndex) {
        *self.counts.fetches.entry(index(to)).or_default() += 1;
        let key = round.0.to_be_bytes();
        let links = &self.faults.links;
        let seat = &mut self.seats[from.as_usize()];
        if seat.engine.is_none() || links.is_cut(self.now, from, index(to)) {
            return self.fetch_in_vain(to, from, CONNECT_TIMEOUT);
        }
        let own = seat.disk.get(Table::Records, &key);
        let given = match seat.liar.as_mut() {
            Some(liar) => {
                // A liar may serve this under the number of a round that nobody has settled.
                let newest = || Some(seat.disk.scan(Table::Records).pop()?.1);
                liar.record(round, own.or_else(newest))
            }
            None => own,
        };
        let after = links.delay(&mut self.draws);
        let Some(bytes) = given else {
            return self.fetch_in_vain(to, from, after);
        };
        let life = self.seats[to].life;
        let event = Event::Record {
            to,
            life,
            from,
            round,
            bytes,
        };
        self.schedule(self.now + after, event);
    }

    /// It is told so: the engine cannot tell a member that says nothing from a record that takes
    /// long.
    fn fetch_in_vain(&mut self, to: usize, from: MemberIndex, after: u64) {
        let life = self.seats[to].life;
        self.schedule(self.now + after, Event::NoRecord { to, life, from });
    }
}
