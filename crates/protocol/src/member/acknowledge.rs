//! Envelopes that have passed the gate, and acknowledgements: this member's own, and those of others
//! for the clients that wait here.

use sealbid_types::door::{Event, PublicIntent, Refusal, RefusalCode, Response};
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Acknowledgement;

use super::intake::reply;
use super::io::Output;
use super::message::PeerMessage;
use super::{Engine, Rules, broadcast};
use crate::admission::gate::Admissible;
use crate::admission::{Admission, refusal};

/// Acknowledgements in one message: a signed one takes some 180 bytes.
const MOST_ACKNOWLEDGEMENTS: usize = 4_096;

/// How a taken envelope came to be known here.
pub(super) enum Taken {
    /// It is acknowledged, now or earlier.
    Acknowledged(Signed<Acknowledgement>),
    /// It is listed by a certified round already.
    Listed(Round),
}

impl<R: Rules> Engine<R> {
    /// Takes an envelope in and acknowledges it, unless a limit or the clock forbids it.
    pub(super) fn acknowledge(
        &mut self,
        admissible: Admissible,
        out: &mut Vec<Output>,
    ) -> Result<Taken, Refusal> {
        let id = admissible.id();
        if let Some(round) = self.chain.listed_in(&id) {
            self.stash(admissible, out);
            return Ok(Taken::Listed(round));
        }
        // The same promise again, for the round that it was made for: who asks twice gets no later
        // one, and no limit can take back what is promised.
        if let Some(round) = self.inbox.get(&id).and_then(|held| held.acknowledged) {
            out.extend(self.inbox.take(admissible, None));
            return Ok(Taken::Acknowledged(self.promises.acknowledge(id, round)));
        }
        let round = match self.place(&admissible.envelope, id) {
            Ok(round) => round,
            Err(refusal) => {
                self.keep_if_wanted(admissible, out);
                return Err(refusal);
            }
        };
        out.extend(self.inbox.take(admissible, Some(round)));
        self.announce(id, round, out);
        Ok(Taken::Acknowledged(self.promises.acknowledge(id, round)))
    }

    /// Acknowledges an envelope that was only fetched for a vote, and has been checked for that.
    pub(super) fn acknowledge_fetched(
        &mut self,
        id: EnvelopeId,
        out: &mut Vec<Output>,
    ) -> Option<Signed<Acknowledgement>> {
        let held = self.inbox.get(&id)?;
        if held.shares.is_none() || held.acknowledged.is_some() {
            return None;
        }
        let round = self.place(&held.envelope, id).ok()?;
        out.push(self.inbox.acknowledge(&id, round)?);
        self.announce(id, round, out);
        Some(self.promises.acknowledge(id, round))
    }

    /// An intent is new here: watchers and solvers hear of its public part.
    fn announce(&mut self, id: EnvelopeId, round: Round, out: &mut Vec<Output>) {
        let header = self.inbox.get(&id).map(|held| &held.envelope.header);
        let Some(header) = header.filter(|header| header.kind == Kind::Intent) else {
            return;
        };
        let public = PublicIntent::new(id, header, round);
        out.push(Output::Event(Box::new(Event::Intent(public.clone()))));
        let slot = self.context.committee.schedule.current(self.now.wall);
        self.inbox.note_published(&id, slot);
        out.push(self.publish(public));
    }

    /// The round that an envelope can be acknowledged for, by the rounds, the clock and the bounds of
    /// this member. It costs lookups: asked before the gate as well.
    pub(super) fn place(&self, envelope: &Envelope, id: EnvelopeId) -> Result<Round, Refusal> {
        // No protection: another member may admit the twin, and then both are void
        // (`opening/parts.rs`). It keeps what will be void from taking places here.
        self.inbox.check_points(&id, envelope)?;
        let used = envelope
            .sealed
            .parts()
            .find_map(|(_, p)| self.chain.holder_of(&p.u));
        if let Some(other) = used {
            let text = format!("a sealed part's u stands in envelope {} too", other.short());
            return Err(refusal(RefusalCode::SharedU, text));
        }
        let open = self.chain.open();
        let header = &envelope.header;
        let schedule = &self.context.committee.schedule;
        // No round closes before the parent's slot is over, whatever this clock says.
        let slot = schedule
            .current(self.now.wall)
            .max(self.chain.parent_slot().next());
        let admission = Admission {
            open,
            earliest: self.promises.earliest(header.kind, open),
            closes_at: schedule.end_of(slot),
        };
        R::place(self.inbox.place(header, admission), header, open)
    }

    /// An envelope that cannot be acknowledged here may still be named by another member's report,
    /// and then the vote needs it.
    fn keep_if_wanted(&mut self, admissible: Admissible, out: &mut Vec<Output>) {
        let id = admissible.id();
        let is_here = self
            .inbox
            .get(&id)
            .is_some_and(|held| held.shares.is_some());
        // What the round being settled reports and does not list goes into its record.
        let is_settled = self
            .settling
            .as_ref()
            .is_some_and(|settling| settling.is_collecting() && settling.is_reported(&id));
        if is_here || !is_settled && !self.closing.book.lists(&id) {
            return;
        }
        let (round, header) = (self.closing.round(), &admissible.envelope.header);
        if !is_settled && !(header.first..=header.last).contains(&round) {
            // No report of this round may list it, so it need not be kept to say so: it may begin
            // in a round that nobody lives to see.
            let text = format!("its rounds are {} to {}", header.first, header.last);
            let refusal = refusal(RefusalCode::RoundTooFar, text);
            return self.refuse_envelope(&admissible.envelope, refusal, out);
        }
        let envelope = admissible.envelope.clone();
        out.extend(self.inbox.take(admissible, None));
        let misfits = self
            .closing
            .misfits(&self.context, &self.chain, &self.inbox, &id);
        for report in misfits {
            let what = format!("reported envelope {}, which cannot stand there", id.short());
            self.accuse_of_bogus_report(report, envelope.clone(), what, out);
        }
    }

    /// An envelope of the certified round, which this member lacked or had to check again.
    fn stash(&mut self, admissible: Admissible, out: &mut Vec<Output>) {
        let id = admissible.id();
        let Some(settling) = self
            .settling
            .as_mut()
            .filter(|settling| settling.is_collecting())
        else {
            return;
        };
        if settling.lists(&id) {
            out.extend(self.inbox.take(admissible, None));
            if let Some(held) = self.inbox.remove(&id) {
                settling.held.insert(id, held);
            }
        }
    }

    /// During a start, only what the disk held gains its shares again.
    pub(super) fn refresh(&mut self, admissible: Admissible, out: &mut Vec<Output>) {
        let id = admissible.id();
        if self.inbox.get(&id).is_some() {
            out.extend(self.inbox.take(admissible, None));
        } else {
            self.stash(admissible, out);
        }
    }

    /// An acknowledgement of this member's own, for its clients and for the other members.
    pub(super) fn give(&mut self, signed: Signed<Acknowledgement>, out: &mut Vec<Output>) {
        // Kept until all inputs of this step are taken: one message for hundreds of envelopes.
        self.acknowledgements.push(signed.clone());
        let latest = self.chain.open().next();
        let Acknowledgement {
            envelope, round, ..
        } = signed.body;
        if self.receipts.needs(&envelope, signed.member, round, latest) {
            self.count_acknowledgement(signed, out);
        }
    }

    /// Sends the acknowledgements of the inputs just taken.
    pub(crate) fn tell_acknowledgements(&mut self, out: &mut Vec<Output>) {
        let given = core::mem::take(&mut self.acknowledgements);
        if self.has_halted {
            return;
        }
        for batch in given.chunks(MOST_ACKNOWLEDGEMENTS) {
            out.push(broadcast(&PeerMessage::Acknowledgements(batch.to_vec())));
        }
    }

    /// A member's acknowledgement. False if its signature is wrong: then the rest of what came with
    /// it is not looked at.
    pub(crate) fn take_acknowledgement(
        &mut self,
        from: MemberIndex,
        signed: Signed<Acknowledgement>,
        out: &mut Vec<Output>,
    ) -> bool {
        let Acknowledgement {
            auction,
            epoch,
            envelope,
            round,
        } = &signed.body;
        let committee = &self.context.committee.clone();
        // From its maker only: the witness keeps it unverified, and must not be filled by others.
        if (auction, epoch) != (&committee.auction, &committee.epoch) || signed.member != from {
            return true;
        }
        let open = self.chain.open();
        self.witness.keep(&signed, open);
        self.hold_to_report(&signed, out);
        let latest = open.next();
        if !self.receipts.needs(envelope, signed.member, *round, latest) {
            return true;
        }
        let Some(member) = committee.member(signed.member) else {
            return false;
        };
        // Verified last, and only if a client here waits for it: most that come are for others'
        // clients.
        let is_right = signed.verify(&member.identity).is_ok();
        if is_right {
            self.count_acknowledgement(signed, out);
        }
        is_right
    }

    /// A right acknowledgement that somebody waits for.
    fn count_acknowledgement(&mut self, signed: Signed<Acknowledgement>, out: &mut Vec<Output>) {
        let quorum = self.context.quorum();
        if let Some((receipt, requests)) = self.receipts.acknowledge(signed, quorum) {
            let answer = |request| reply(request, Response::Receipt(receipt.clone()));
            out.extend(requests.into_iter().map(answer));
        }
    }
}
