//! What a member does with each input before it looks at what has become possible.

use sealbid_types::bytes::Blob;
use sealbid_types::codec::decode;
use sealbid_types::door::{EnvelopeStatus, Event, PublicIntent, Refusal, RefusalCode, Response};
use sealbid_types::envelope::{Envelope, Kind};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};

use super::io::{Input, Output, RequestId};
use super::message::PeerMessage;
use super::{Member, broadcast, fault, send};
use crate::admission::gate::Admissible;
use crate::admission::{Admission, offer, refusal};

/// Acknowledgements in one message: a signed one takes some 180 bytes.
const MOST_ACKNOWLEDGEMENTS: usize = 4_096;

/// How a taken envelope came to be known here.
enum Taken {
    /// It is acknowledged, now or earlier.
    Acknowledged(Signed<Acknowledgement>),
    /// It is listed by a certified round already.
    Listed(Round),
}

fn reply(request: RequestId, response: Response) -> Output {
    Output::Reply {
        request,
        response: Box::new(response),
    }
}

impl Member {
    pub(crate) fn take_in(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Submit { request, envelope } => self.submit(request, *envelope, out),
            Input::Delivered { envelopes, refused } => self.deliver(envelopes, refused, out),
            Input::Received { from, bytes } => self.receive(from, &bytes, out),
            Input::Record { from, checked } => self.take_record(from, checked, out),
            Input::AskStatus { request, envelope } => {
                out.push(reply(request, Response::Status(self.status(&envelope))));
            }
            Input::AskHead { request } => out.push(reply(request, Response::Head(self.head()))),
            Input::Gone { request } => self.receipts.gone(request),
            Input::Tick => {}
        }
    }

    fn status(&self, id: &EnvelopeId) -> EnvelopeStatus {
        if let Some(round) = self.chain.listed_in(id) {
            return EnvelopeStatus::Listed { round };
        }
        match self.inbox.get(id).and_then(|held| held.acknowledged) {
            Some(round) => EnvelopeStatus::Pending {
                round: round.max(self.chain.open()),
            },
            None => EnvelopeStatus::Unknown,
        }
    }

    fn submit(&mut self, request: RequestId, envelope: Admissible, out: &mut Vec<Output>) {
        let id = envelope.id();
        let rounds = (
            envelope.envelope.header.first,
            envelope.envelope.header.last,
        );
        let offered = offer(id, &envelope.envelope, envelope.bytes.clone());
        match self
            .check_readiness()
            .and_then(|()| self.acknowledge(envelope, out))
        {
            Ok(Taken::Acknowledged(signed)) => {
                let times = &self.options.times;
                let push_at = self.now.monotonic.plus(times.push_after);
                let gives_up_at = self.now.monotonic.plus(times.submit_timeout);
                self.receipts
                    .wait(id, rounds, request, push_at, gives_up_at);
                out.push(Output::Offer(vec![offered]));
                self.give(signed, out);
            }
            Ok(Taken::Listed(round)) => {
                let text = format!("round {round} lists it already");
                out.push(reply(
                    request,
                    Response::Refused(refusal(RefusalCode::RoundClosed, text)),
                ));
            }
            Err(refusal) => out.push(reply(request, Response::Refused(refusal))),
        }
    }

    fn check_readiness(&self) -> Result<(), Refusal> {
        let times = &self.options.times;
        let alive = self
            .peers
            .alive(self.now.monotonic, times.absent_after)
            .len();
        if !self.is_ready() || alive < self.context.committee.quorum() {
            let text = format!(
                "{alive} members are here, {} are needed",
                self.context.committee.quorum
            );
            return Err(refusal(RefusalCode::NotReady, text));
        }
        if self.receipts.len() >= self.options.limits.waiting_clients {
            return Err(refusal(
                RefusalCode::TooManyRequests,
                "too many clients wait: try again",
            ));
        }
        Ok(())
    }

    /// Takes an envelope in and acknowledges it, unless a limit or the clock forbids it.
    fn acknowledge(
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
        let placed = self.place(&admissible);
        let round = match placed {
            Ok(round) => round,
            Err(refusal) => {
                self.keep_if_wanted(admissible, out);
                return Err(refusal);
            }
        };
        let public = PublicIntent::new(id, &admissible.envelope.header, round);
        let is_intent = admissible.envelope.header.kind == Kind::Intent;
        out.extend(self.inbox.take(admissible, Some(round)));
        if is_intent {
            out.push(Output::Event(Box::new(Event::Intent(public.clone()))));
            let slot = self.context.committee.schedule.current(self.now.wall);
            self.inbox.note_published(&id, slot);
            out.push(self.publish(public));
        }
        Ok(Taken::Acknowledged(self.promises.acknowledge(id, round)))
    }

    fn place(&self, admissible: &Admissible) -> Result<Round, Refusal> {
        let id = admissible.id();
        // No protection: another member may admit the twin, and then both are void
        // (`opening/parts.rs`). It keeps what will be void from taking places here.
        self.inbox.check_points(&id, &admissible.envelope)?;
        let used = admissible
            .envelope
            .sealed
            .parts()
            .find_map(|(_, p)| self.chain.holder_of(&p.u));
        if let Some(other) = used {
            let text = format!("a sealed part's u stands in envelope {} too", other.short());
            return Err(refusal(RefusalCode::SharedU, text));
        }
        let open = self.chain.open();
        let header = &admissible.envelope.header;
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
        self.inbox.place(header, admission)
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
        out.extend(self.inbox.take(admissible, None));
        let committee = &self.context.committee;
        let misfits = self
            .closing
            .misfits(committee, &self.chain, &self.inbox, &id);
        for member in misfits {
            let what = format!("reported envelope {}, which cannot stand there", id.short());
            out.extend(fault(member, what, None));
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
        let close = settling.certificate().close();
        if close.intents.contains(&id) || close.quotes.contains(&id) {
            out.extend(self.inbox.take(admissible, None));
            if let Some(held) = self.inbox.remove(&id) {
                settling.held.insert(id, held);
            }
        }
    }

    fn deliver(
        &mut self,
        envelopes: Vec<Admissible>,
        refused: Vec<(EnvelopeId, Refusal)>,
        out: &mut Vec<Output>,
    ) {
        for admissible in envelopes {
            let Some(admissible) = self.take_over(admissible, out) else {
                continue;
            };
            if !self.is_ready() {
                self.refresh(admissible, out);
            } else if let Ok(Taken::Acknowledged(signed)) = self.acknowledge(admissible, out) {
                self.give(signed, out);
            }
        }
        for (id, refusal) in refused {
            let what = format!("reported envelope {}, which fails: {refusal}", id.short());
            for member in self.closing.book.refuse(id, refusal) {
                out.extend(fault(member, what.clone(), None));
            }
        }
    }

    /// An acknowledgement of this member's own, for its clients and for the other members.
    fn give(&mut self, signed: Signed<Acknowledgement>, out: &mut Vec<Output>) {
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

    /// A peer's envelopes: those that are acknowledged here need no check, but their sender the
    /// acknowledgement, which it seems to lack.
    pub(crate) fn take_envelopes(
        &mut self,
        from: MemberIndex,
        envelopes: Vec<Blob>,
        out: &mut Vec<Output>,
    ) {
        let mut given = Vec::new();
        let mut unknown = Vec::new();
        for blob in envelopes {
            match self.acknowledged_bytes(&blob) {
                Some((id, round)) => given.push(self.promises.acknowledge(id, round)),
                None => unknown.push(blob),
            }
        }
        if !given.is_empty() {
            out.push(send(from, &PeerMessage::Acknowledgements(given)));
        }
        if !unknown.is_empty() {
            out.push(Output::Check(unknown));
        }
    }

    fn acknowledged_bytes(&self, blob: &Blob) -> Option<(EnvelopeId, Round)> {
        let id = decode::<Envelope>(&blob.0).ok()?.id();
        let held = self.inbox.get(&id)?;
        held.shares.as_ref()?;
        Some((id, held.acknowledged?))
    }

    /// During a start, only what the disk held gains its shares again.
    fn refresh(&mut self, admissible: Admissible, out: &mut Vec<Output>) {
        let id = admissible.id();
        if self.inbox.get(&id).is_some() {
            out.extend(self.inbox.take(admissible, None));
        } else {
            self.stash(admissible, out);
        }
    }

    pub(crate) fn take_acknowledgement(
        &mut self,
        from: MemberIndex,
        signed: Signed<Acknowledgement>,
        out: &mut Vec<Output>,
    ) {
        let Acknowledgement {
            auction,
            epoch,
            envelope,
            round,
        } = &signed.body;
        let committee = &self.context.committee;
        if (auction, epoch) != (&committee.auction, &committee.epoch) {
            return;
        }
        // From its maker only: the witness keeps it unverified, and must not be filled by others.
        if signed.member == from {
            self.witness.keep(&signed);
        }
        let latest = self.chain.open().next();
        if !self.receipts.needs(envelope, signed.member, *round, latest) {
            return;
        }
        let Some(member) = committee.member(signed.member) else {
            return;
        };
        // Verified last, and only if a client here waits for it: most that come are for others'
        // clients.
        if signed.verify(&member.identity).is_ok() {
            self.count_acknowledgement(signed, out);
        }
    }

    /// A right acknowledgement that somebody waits for.
    fn count_acknowledgement(&mut self, signed: Signed<Acknowledgement>, out: &mut Vec<Output>) {
        let quorum = self.context.committee.quorum();
        if let Some((receipt, requests)) = self.receipts.acknowledge(signed, quorum) {
            let answer = |request| reply(request, Response::Receipt(receipt.clone()));
            out.extend(requests.into_iter().map(answer));
        }
    }
}

/// The key of a report's row: by round, then member, then id.
pub(crate) fn report_key(report: &Signed<Report>) -> Vec<u8> {
    let round = report.body.round.0.to_be_bytes();
    [round.as_slice(), &[report.member.0], report.id().as_bytes()].concat()
}
