//! Carrying out what an engine says, as the shell of a member's process does.
//!
//! It stands for `carry_out` of `node/src/engine.rs` and for the shell behind it. Streams to
//! solvers and relayers, events and timings end here: nobody listens.

use sealbid_protocol::disk::{Table, Write};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::member::{Output, RequestId};
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::{Refusal, RefusalCode, Response};
use sealbid_types::id::{EnvelopeId, MemberIndex};
use sealbid_types::record::RoundRecord;

use super::crashes::Part;
use super::{Event, World, index};
use crate::house::faults::{Counts, Fault};

impl World {
    /// Carries out the outputs of a step: all writes first, together, then the rest in order. A
    /// crash may come on either side of each. Says whether the member lives.
    pub(super) fn carry_out(&mut self, from: usize, out: Vec<Output>) -> bool {
        let parts = self.parts(out);
        let mut crash = self.crash_in(from, &parts);
        for part in parts {
            let acts = self.acts(&part);
            if let Some(crash) = &mut crash {
                if crash.after < acts {
                    self.begin(from, part, crash.after);
                    return self.crash(from, *crash);
                }
                crash.after -= acts;
            }
            let goes_on = match part {
                Part::Writes(writes) => self.write(from, writes),
                Part::Output(output) => {
                    self.perform(from, output);
                    // If it has halted, what comes after stays unsaid.
                    self.seats[from].engine.is_some()
                }
            };
            if !goes_on {
                return false;
            }
        }
        crash.is_none_or(|crash| self.crash(from, crash))
    }

    /// A process dies after so many acts of what would be more: of a message to all, some get it.
    fn begin(&mut self, from: usize, part: Part, acts: usize) {
        if let Part::Output(Output::Broadcast { bytes }) = part
            && acts > 0
        {
            let reached = self.reached(from, acts);
            self.say(from, &reached, &bytes);
        }
    }

    /// One transaction. A process ends when its store does not take it, and nothing that follows
    /// in the step happens: its operator makes room and starts it again.
    fn write(&mut self, from: usize, writes: Vec<Write>) -> bool {
        let now = self.now;
        let seat = &mut self.seats[from];
        if let Some(lasts) = seat.fills.pop_front() {
            seat.full_until = seat.full_until.max(now + lasts);
            self.happened(Fault::FULL_DISK);
        }
        let full_until = self.seats[from].full_until;
        if now < full_until {
            self.counts.full_disks += 1;
            self.stop(from, Some(full_until - now));
            return false;
        }
        writes.iter().for_each(|write| self.note_write(from, write));
        let mut writes = writes;
        if let Some(loses) = &self.bugs.loses {
            writes.retain(|write| !loses(write));
        }
        self.seats[from].disk.commit(writes);
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
                for envelope in &envelopes {
                    self.note(from, "prove", envelope.id().as_bytes());
                    self.watch.proves(me, self.now, envelope.id());
                }
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
        // One that answers a single member is no beat of the timer.
        if matches!(message, PeerMessage::Heartbeat(_)) && to.len() > 1 {
            self.watch.spoke(me, self.now);
        }
        // Members that lie and are trusted are judged by what they say, and not by what their
        // engines would have said.
        if self.seats[from].liar.is_none() || !self.watch.trusts(me) {
            self.watch.said(me, self.now, reading.wall, &message);
        }
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
                self.lie(from, *receiver, &said);
            }
        }
    }

    /// A liar says something of its own.
    pub(super) fn lie(&mut self, from: usize, to: MemberIndex, said: &PeerMessage) {
        let (me, reading) = (index(from), self.reading(from));
        if self.watch.trusts(me) {
            self.watch.said(me, self.now, reading.wall, said);
        }
        self.send(me, to.as_usize(), &encode(said));
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
            Response::Refused(refusal) => self.refuse(id, refusal),
            _ => {}
        }
    }

    /// A client is refused.
    pub(super) fn refuse(&mut self, id: EnvelopeId, refusal: Refusal) {
        let name = match refusal.code {
            RefusalCode::Quota => Some(Counts::REFUSED_BY_QUOTA),
            RefusalCode::RoundFull => Some(Counts::REFUSED_BY_PLACES),
            _ => None,
        };
        if let Some(name) = name {
            *self.counts.refused.entry(name).or_default() += 1;
        }
        self.refusals.push((id, refusal));
    }
}
