//! Carrying out what an engine says, as the shell of a member's process does.
//!
//! It stands for `carry_out` of `node/src/engine.rs` and for the shell behind it. Streams to
//! solvers and relayers, events and timings end here: nobody listens.

use sealbid_protocol::disk::{Table, Write};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::member::{Output, RequestId};
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::Response;
use sealbid_types::id::MemberIndex;
use sealbid_types::record::RoundRecord;

use super::{Event, World, index};

impl World {
    /// Carries out the outputs of a step: all writes first, together, then the rest in order. A
    /// crash may come before the writes or after any of the rest. Says whether the member lives.
    pub(super) fn carry_out(&mut self, from: usize, out: Vec<Output>) -> bool {
        let survives = self.survives(from, out.len());
        if let Some((0, back)) = survives {
            return self.crash(from, back);
        }
        let (mut writes, mut rest) = (Vec::new(), Vec::new());
        for output in out {
            match output {
                Output::Write(write) => writes.push(write),
                other => rest.push(other),
            }
        }
        writes.iter().for_each(|write| self.note_write(from, write));
        // One transaction, of however many inputs: all of them or none is what a crash leaves.
        self.seats[from].disk.commit(writes);
        for (at, output) in rest.into_iter().enumerate() {
            if let Some((survives, back)) = survives
                && at + 1 >= survives
            {
                return self.crash(from, back);
            }
            self.perform(from, output);
            // It has halted: what comes after stays unsaid.
            if self.seats[from].engine.is_none() {
                return false;
            }
        }
        true
    }

    /// Written rows go into the trace whole: two runs that store different things are not equal,
    /// though they say the same.
    fn note_write(&mut self, seat: usize, write: &Write) {
        match write {
            Write::Put { table, key, value } => {
                self.note(
                    seat,
                    "put",
                    &[&[*table as u8], key.as_slice(), value].concat(),
                );
            }
            Write::Delete { table, key } => {
                self.note(seat, "delete", &[&[*table as u8], key.as_slice()].concat());
            }
        }
        if let Write::Put {
            table: Table::Records,
            value,
            ..
        } = write
        {
            let record: RoundRecord = decode(value).unwrap();
            let at = self.reading(seat).wall;
            let took = u64::try_from(at.since(record.close.closed_at).as_millis()).unwrap();
            let slowest = self.closings.entry(record.close.round).or_default();
            *slowest = (*slowest).max(took);
            // A close that an honest member has settled is certified, whether or not it was seen
            // on its way.
            if self.watch.trusts(index(seat)) {
                self.watch.scene.closed(&record.close);
            }
            // Apart from the disk, which would have to be read for each look at whether a run is
            // over.
            self.seats[seat].settled.extend(record.close.intents);
        }
    }

    /// After how many outputs the member crashes in this step, if it does, and when it comes back.
    fn survives(&mut self, from: usize, outputs: usize) -> Option<(usize, u64)> {
        if outputs < 2 {
            return None;
        }
        // A step with one output has no middle, and leaves a planned crash to the next.
        let planned = self.seats[from].is_armed.take();
        // Otherwise a run with crashes might never come to rest.
        let may_crash = self.counts.crashed < self.faults.most_crashes;
        let back = match planned {
            Some(back) => Some(back),
            None if may_crash && self.draws.permille(self.faults.crash) => {
                Some(200 + self.draws.below(3_000))
            }
            None => None,
        };
        let at = back.map(|_| usize::try_from(self.draws.below(outputs as u64)).unwrap());
        at.zip(back)
    }

    fn crash(&mut self, seat: usize, back: u64) -> bool {
        self.counts.crashed += 1;
        self.stop(seat, Some(back));
        false
    }

    fn perform(&mut self, from: usize, output: Output) {
        let me = index(from);
        match output {
            Output::Send { to, bytes } => self.say(from, &[to], &bytes),
            Output::Broadcast { bytes } => {
                let others: Vec<_> = self.house.members().filter(|to| *to != me).collect();
                self.say(from, &others, &bytes);
            }
            Output::Offer(offers) => self.offer(from, offers, false),
            Output::OfferAgain(offers) => self.offer(from, offers, true),
            Output::ClearRound(cleared) => self.clear(from, *cleared),
            Output::Check { envelopes, .. } => {
                self.counts.checks += envelopes.len() as u64;
                // Never within the step: the engine may have other inputs first.
                let (to, life) = (from, self.seats[from].life);
                let event = Event::Check {
                    to,
                    life,
                    envelopes,
                };
                self.schedule(self.now + 1, event);
            }
            Output::Reply { request, response } => self.answer(from, request, *response),
            Output::FetchRecord {
                round,
                from: holder,
            } => self.fetch(from, round, holder),
            Output::Notice(notice) => self.notices.push((me, notice)),
            Output::Halt { reason } => {
                self.halts.push((me, reason));
                self.stop(from, None);
            }
            _ => {}
        }
    }

    /// An engine says something to others; a liar says something else.
    fn say(&mut self, from: usize, to: &[MemberIndex], bytes: &[u8]) {
        // What the engine says, before a liar makes something else of it.
        self.note(from, "say", bytes);
        let (me, reading) = (index(from), self.reading(from));
        let message: PeerMessage = decode(bytes).unwrap();
        self.watch.said(me, self.now, reading.wall, &message);
        if let (PeerMessage::Envelopes(_), [receiver]) = (&message, to) {
            *self.counts.served.entry(*receiver).or_default() += 1;
        }
        for receiver in to {
            let Some(liar) = self.seats[from].liar.as_mut() else {
                self.send(me, receiver.as_usize(), bytes);
                continue;
            };
            liar.knows(self.now, reading.wall);
            for said in liar.instead(&message, *receiver) {
                self.send(me, receiver.as_usize(), &encode(&said));
            }
        }
    }

    fn answer(&mut self, from: usize, request: RequestId, response: Response) {
        let Some(id) = self.requests.get(&request).copied() else {
            return;
        };
        match response {
            Response::Receipt(receipt) => {
                self.watch.receipted(index(from), self.now, &receipt);
                self.receipts.insert(id, receipt);
            }
            Response::Refused(refusal) => self.refusals.push((id, refusal.to_string())),
            _ => {}
        }
    }
}
