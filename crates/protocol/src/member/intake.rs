//! What a member does with each input before it looks at what has become possible.
//!
//! An envelope comes in three steps, the cheapest first: it is read where it arrives
//! ([`Readable`]), the engine looks at what it knows of it and whether a limit or the clock forbids
//! it, and only what could be acknowledged, or what a round waits for, goes to the gate.

use sealbid_types::bytes::Blob;
use sealbid_types::door::{EnvelopeStatus, Refusal, RefusalCode, Response};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::acknowledge::Taken;
use super::io::{Input, Output, RequestId};
use super::message::PeerMessage;
use super::{Engine, Rules, send};
use crate::admission::gate::{Admissible, Refused};
use crate::admission::{Origin, Readable, Unreadable, offer, refusal};

/// An answer to a client.
pub(super) fn reply(request: RequestId, response: Response) -> Output {
    Output::Reply {
        request,
        response: Box::new(response),
    }
}

impl<R: Rules> Engine<R> {
    pub(crate) fn take_in(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Submit { request, envelope } => {
                if let Err(refusal) = self.submit(request, *envelope, out) {
                    out.push(reply(request, Response::Refused(refusal)));
                }
            }
            Input::Found { envelopes } => self.screen_all(envelopes, Origin::Pool, out),
            Input::Checked {
                admitted,
                refused,
                unchecked,
            } => self.take_checked(admitted, refused, unchecked, out),
            Input::Received { from, bytes } => self.receive(from, &bytes, out),
            Input::Record { from, checked } => self.take_record(from, checked, out),
            Input::NoRecord { from } => self.miss_record(from),
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

    /// A client's envelope: acknowledged already, or worth the gate, or refused at once.
    fn submit(
        &mut self,
        request: RequestId,
        envelope: Readable,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        self.check_readiness()?;
        let id = envelope.id();
        if let Some(failure) = self.screen.failure(&id) {
            return Err(failure.clone());
        }
        if let Some(round) = self.chain.listed_in(&id) {
            self.screen_all(vec![envelope], Origin::Client, out);
            return Err(already_listed(round));
        }
        // The same promise again costs no arithmetic: a client that lost its receipt asks again.
        let promised = self.promised(&id);
        if let Some(signed) = promised.or_else(|| self.acknowledge_fetched(id, out)) {
            self.await_receipt(request, &envelope.envelope, id);
            out.push(Output::Offer(vec![offer(
                id,
                &envelope.envelope,
                envelope.bytes,
            )]));
            self.give(signed, out);
            return Ok(());
        }
        // What is held lacks its shares since a start; whether it has a place is known already.
        let is_held = self
            .inbox
            .get(&id)
            .is_some_and(|held| held.shares.is_none());
        if let Err(refusal) = self.place(&envelope.envelope, id)
            && !is_held
        {
            self.screen_all(vec![envelope], Origin::Client, out);
            return Err(refusal);
        }
        if !self.screen.has_room(Origin::Client) {
            let text = "too many envelopes wait for their checks: try again";
            return Err(refusal(RefusalCode::TooManyRequests, text));
        }
        self.await_receipt(request, &envelope.envelope, id);
        self.screen_all(vec![envelope], Origin::Client, out);
        Ok(())
    }

    fn await_receipt(&mut self, request: RequestId, envelope: &Envelope, id: EnvelopeId) {
        let times = &self.options.times;
        let push_at = self.now.monotonic.plus(times.push_after);
        let gives_up_at = self.now.monotonic.plus(times.submit_timeout);
        let rounds = (envelope.header.first, envelope.header.last);
        self.receipts
            .wait(id, rounds, request, push_at, gives_up_at);
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

    /// Sends to the gate what is worth it: what this member would acknowledge, or what a round needs
    /// and is not here. The rest is dropped: whoever needs it brings it again.
    fn screen_all(&mut self, envelopes: Vec<Readable>, origin: Origin, out: &mut Vec<Output>) {
        let mut envelopes = envelopes;
        envelopes.retain(|envelope| {
            let id = envelope.id();
            if self.is_ready()
                && let Some(signed) = self.acknowledge_fetched(id, out)
            {
                self.give(signed, out);
                return false;
            }
            let may_enter = self.is_wanted(&id)
                || self.is_ready()
                    && self.inbox.get(&id).is_none()
                    && self.chain.listed_in(&id).is_none()
                    && self.place(&envelope.envelope, id).is_ok();
            may_enter && self.screen.failure(&id).is_none() && self.screen.send(id, origin)
        });
        if !envelopes.is_empty() {
            out.push(Output::Check { origin, envelopes });
        }
    }

    /// Whether an envelope is needed here whatever the limits say: it lacks its shares since a
    /// start, or it is owed since then, or a report of the open round or the round being settled
    /// names it.
    fn is_wanted(&self, id: &EnvelopeId) -> bool {
        match self.inbox.get(id) {
            Some(held) => held.shares.is_none(),
            None => {
                self.start.is_owed(id)
                    || self.closing.book.lists(id)
                    || self.settling.as_ref().is_some_and(|settling| {
                        settling.is_collecting() && settling.names(id) && !settling.has(id)
                    })
            }
        }
    }

    /// What the gate says.
    fn take_checked(
        &mut self,
        admitted: Vec<Admissible>,
        refused: Vec<Refused>,
        unchecked: Vec<EnvelopeId>,
        out: &mut Vec<Output>,
    ) {
        for admissible in admitted {
            self.screen.came_back(&admissible.id());
            self.admit(admissible, out);
        }
        for Refused { envelope, refusal } in refused {
            let id = envelope.id();
            self.screen.came_back(&id);
            self.screen.fail(id, refusal.clone());
            self.refuse_envelope(&envelope, refusal, out);
        }
        for id in unchecked {
            self.screen.came_back(&id);
            let text = "it could not be checked: try again";
            self.refuse_clients(&id, &refusal(RefusalCode::TooManyRequests, text), out);
        }
    }

    fn admit(&mut self, admissible: Admissible, out: &mut Vec<Output>) {
        let Some(admissible) = self.take_over(admissible, out) else {
            return;
        };
        if !self.is_ready() {
            return self.refresh(admissible, out);
        }
        let id = admissible.id();
        let offered = self
            .receipts
            .is_waited_for(&id)
            .then(|| offer(id, &admissible.envelope, admissible.bytes.clone()));
        match self.acknowledge(admissible, out) {
            Ok(Taken::Acknowledged(signed)) => {
                out.extend(offered.map(|offered| Output::Offer(vec![offered])));
                self.give(signed, out);
            }
            Ok(Taken::Listed(round)) => {
                self.refuse_clients(&id, &already_listed(round), out);
            }
            // A place may have gone to another while this one was being checked.
            Err(refusal) => self.refuse_clients(&id, &refusal, out),
        }
    }

    fn refuse_clients(&mut self, id: &EnvelopeId, refusal: &Refusal, out: &mut Vec<Output>) {
        let requests = self.receipts.refuse(id).into_iter();
        out.extend(requests.map(|request| reply(request, Response::Refused(refusal.clone()))));
    }

    /// An envelope that no member takes, by its bytes: who reported it lies.
    pub(super) fn refuse_envelope(
        &mut self,
        envelope: &Envelope,
        refusal: Refusal,
        out: &mut Vec<Output>,
    ) {
        let id = envelope.id();
        self.refuse_clients(&id, &refusal, out);
        let what = format!("reported envelope {}, which fails: {refusal}", id.short());
        if !R::refuses(true, &id) {
            return;
        }
        for report in self.closing.book.refuse(id, refusal) {
            self.accuse_of_bogus_report(report, envelope.clone(), what.clone(), out);
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
            match Readable::new(&self.context.committee, blob.0.into()) {
                Ok(envelope) => match self.promised(&envelope.id()) {
                    Some(signed) => given.push(signed),
                    None => unknown.push(envelope),
                },
                Err(Unreadable { envelope, refusal }) => {
                    if let Some(envelope) = envelope {
                        self.refuse_envelope(&envelope, refusal, out);
                    }
                }
            }
        }
        if !given.is_empty() {
            out.push(send(from, &PeerMessage::Acknowledgements(given)));
        }
        for envelope in &unknown {
            // It failed before any report named it.
            if let Some(failure) = self.screen.failure(&envelope.id()).cloned() {
                self.refuse_envelope(envelope.envelope(), failure, out);
            }
        }
        self.screen_all(unknown, Origin::Member(from), out);
    }

    /// The acknowledgement of an envelope that is here with its shares.
    fn promised(&self, id: &EnvelopeId) -> Option<Signed<sealbid_types::report::Acknowledgement>> {
        let held = self.inbox.get(id)?;
        held.shares.as_ref()?;
        Some(self.promises.acknowledge(*id, held.acknowledged?))
    }
}

/// An envelope that a certified round lists. It is told apart from one that came too late: whoever
/// sends it again has traded, or will, and must not be told to seal another.
fn already_listed(round: Round) -> Refusal {
    let text = format!("round {round} lists it already");
    refusal(RefusalCode::AlreadyListed, text)
}

/// The key of a report's row: by round, then member, then id.
pub(crate) fn report_key(report: &Signed<Report>) -> Vec<u8> {
    let round = report.body.round.0.to_be_bytes();
    [round.as_slice(), &[report.member.0], report.id().as_bytes()].concat()
}
