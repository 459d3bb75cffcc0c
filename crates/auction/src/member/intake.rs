//! What a member does with each input before it looks at what has become possible.

use std::collections::BTreeMap;

use sealbid_types::bytes::Blob;
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::{EnvelopeStatus, Event, PublicIntent, Refusal, RefusalCode, Response};
use sealbid_types::envelope::Kind;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};

use super::closing::Reported;
use super::exchange::Exchange;
use super::inbox::{Admission, offer, refusal};
use super::io::{Input, Notice, Output, RequestId, put};
use super::message::{
    Answer, CertifiedClose, MOST_ENVELOPE_BYTES, PeerMessage, Shares, SignatureShareMessage,
    Standing, Want,
};
use super::{Member, broadcast, fault, send};
use crate::disk::Table;
use crate::gate::Admissible;
use crate::vote::{Message as VoteMessage, Received};

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
    pub(super) fn take_in(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Submit { request, envelope } => self.submit(request, *envelope, out),
            Input::Delivered { envelopes, refused } => self.deliver(envelopes, refused, out),
            Input::Received { from, bytes } => self.receive(from, &bytes, out),
            Input::Record { bytes } => self.take_record(&bytes, out),
            Input::AskStatus { request, envelope } => {
                out.push(reply(request, Response::Status(self.status(&envelope))));
            }
            Input::AskHead { request } => out.push(reply(request, Response::Head(self.head()))),
            Input::Gone { request } => self.clients.gone(request),
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
        let offered = offer(id, &envelope.envelope, &envelope.bytes);
        match self
            .check_readiness()
            .and_then(|()| self.acknowledge(envelope, out))
        {
            Ok(Taken::Acknowledged(signed)) => {
                let times = &self.options.times;
                let push_at = self.now.plus(times.push_after);
                let gives_up_at = self.now.plus(times.submit_timeout);
                self.clients.wait(id, request, push_at, gives_up_at);
                out.push(Output::Offer(vec![offered]));
                out.push(broadcast(&PeerMessage::Acknowledgements(vec![
                    signed.clone(),
                ])));
                self.take_acknowledgement(signed, out);
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
        let alive = self.peers.alive(self.now, times.absent_after).len();
        if !self.peers.is_ready() || alive < self.hands.committee.quorum() {
            let text = format!(
                "{alive} members are here, {} are needed",
                self.hands.committee.quorum
            );
            return Err(refusal(RefusalCode::NotReady, text));
        }
        if self.clients.len() >= self.options.limits.waiting_clients {
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
        if let Some(round) = self.inbox.get(&id).and_then(|held| held.acknowledged) {
            out.extend(self.inbox.take(admissible, None));
            return Ok(Taken::Acknowledged(self.sign_acknowledgement(id, round)));
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
            let slot = self.hands.committee.schedule.current(self.now);
            self.inbox.note_published(&id, slot);
            out.push(self.hands.publish(public));
        }
        Ok(Taken::Acknowledged(self.sign_acknowledgement(id, round)))
    }

    fn place(&self, admissible: &Admissible) -> Result<Round, Refusal> {
        let id = admissible.id();
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
        let schedule = &self.hands.committee.schedule;
        let admission = Admission {
            intents: if self.closing.is_frozen() {
                open.next()
            } else {
                open
            },
            quotes: if self.closing.own().is_some() {
                open.next()
            } else {
                open
            },
            closes_at: schedule.end_of(schedule.current(self.now)),
        };
        self.inbox.place(&admissible.envelope.header, admission)
    }

    /// An envelope that cannot be acknowledged here may still be named by another member's report,
    /// and then the vote needs it.
    fn keep_if_wanted(&mut self, admissible: Admissible, out: &mut Vec<Output>) {
        let want = self.closing.want(&self.chain, &self.inbox);
        if want.envelopes.contains(&admissible.id()) {
            out.extend(self.inbox.take(admissible, None));
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

    fn sign_acknowledgement(&self, envelope: EnvelopeId, round: Round) -> Signed<Acknowledgement> {
        let Self { hands, .. } = self;
        let (auction, epoch) = (hands.committee.auction, hands.committee.epoch);
        let body = Acknowledgement {
            auction,
            epoch,
            envelope,
            round,
        };
        Signed::new(body, hands.secrets.index, &hands.secrets.identity)
    }

    fn deliver(
        &mut self,
        envelopes: Vec<Admissible>,
        refused: Vec<(EnvelopeId, Refusal)>,
        out: &mut Vec<Output>,
    ) {
        let mut acknowledged = Vec::new();
        for admissible in envelopes {
            if !self.peers.is_ready() {
                self.refresh(admissible, out);
            } else if let Ok(Taken::Acknowledged(signed)) = self.acknowledge(admissible, out) {
                acknowledged.push(signed);
            }
        }
        for (id, refusal) in refused {
            let what = format!("reported envelope {}, which fails: {refusal}", id.short());
            for member in self.closing.refuse(id, refusal) {
                out.extend(fault(member, what.clone(), None));
            }
        }
        // A signed acknowledgement takes some 180 bytes: this many fit into one message.
        for batch in acknowledged.chunks(4_096) {
            out.push(broadcast(&PeerMessage::Acknowledgements(batch.to_vec())));
        }
        for signed in acknowledged {
            self.take_acknowledgement(signed, out);
        }
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

    fn take_acknowledgement(&mut self, signed: Signed<Acknowledgement>, out: &mut Vec<Output>) {
        let Acknowledgement {
            auction,
            epoch,
            envelope,
            ..
        } = &signed.body;
        let committee = &self.hands.committee;
        if (auction, epoch) != (&committee.auction, &committee.epoch)
            || !self.clients.needs(envelope, signed.member)
        {
            return;
        }
        let Some(member) = committee.member(signed.member) else {
            return;
        };
        if signed.verify(&member.identity).is_err() {
            return;
        }
        if let Some((receipt, requests)) = self.clients.acknowledge(signed, committee.quorum()) {
            let answer = |request| reply(request, Response::Receipt(receipt.clone()));
            out.extend(requests.into_iter().map(answer));
        }
    }

    fn receive(&mut self, from: MemberIndex, bytes: &[u8], out: &mut Vec<Output>) {
        let message = match decode::<PeerMessage>(bytes) {
            Ok(message) if self.hands.committee.member(from).is_some() => message,
            Ok(_) => return,
            Err(error) => {
                out.push(Output::Notice(Notice::Unusable {
                    from,
                    what: error.to_string(),
                }));
                return;
            }
        };
        self.peers.heard(from, self.now);
        match message {
            PeerMessage::Acknowledgements(batch) => {
                batch
                    .into_iter()
                    .for_each(|signed| self.take_acknowledgement(signed, out));
            }
            PeerMessage::Report(report) => self.take_report(from, *report, out),
            PeerMessage::Vote(message) => self.take_vote(from, *message, out),
            PeerMessage::Certified(certified) => self.take_certified(from, *certified, out),
            PeerMessage::Shares(shares) => self.take_shares(from, *shares, out),
            PeerMessage::SignatureShare(share) => self.take_signature(from, share),
            PeerMessage::Want(want) => self.serve(from, &want, out),
            PeerMessage::Envelopes(envelopes) => out.push(Output::Check(envelopes)),
            PeerMessage::Standing(standing) => self.take_standing(from, &standing, out),
        }
    }

    fn take_report(&mut self, from: MemberIndex, report: Signed<Report>, out: &mut Vec<Output>) {
        let round = report.body.round;
        if let Some(settling) = self.settling.as_mut()
            && round == settling.certificate().close().round
        {
            let id = report.id();
            if settling.is_collecting() && settling.certificate().close().reports.contains(&id) {
                out.push(put(Table::Reports, report_key(&report), &report));
                settling.reports.insert(id, report);
            }
            return;
        }
        if round != self.closing.round() || !self.peers.is_ready() {
            return;
        }
        let lists_intent = !report.body.intents.is_empty();
        match self.closing.receive(&self.hands, report.clone()) {
            Ok(Reported::Known) => return,
            Ok(Reported::New) => {}
            Ok(Reported::Contradicts(other)) => {
                let evidence = [encode(&*other), encode(&report)].concat();
                let what = "signed two different reports for one round".to_owned();
                out.extend(fault(report.member, what, Some(evidence)));
            }
            Err(what) => {
                out.push(Output::Notice(Notice::Unusable {
                    from,
                    what: what.to_owned(),
                }));
                return;
            }
        }
        out.push(put(Table::Reports, report_key(&report), &report));
        if lists_intent {
            let Self {
                closing,
                hands,
                chain,
                inbox,
                now,
                ..
            } = self;
            closing.watch_report(hands, chain, inbox, *now);
        }
    }

    fn take_vote(&mut self, from: MemberIndex, message: VoteMessage, out: &mut Vec<Output>) {
        // A round is decided only when the one before is settled here: what is dropped now is sent
        // again until the round is certified.
        let may_vote = self.peers.is_ready() && self.settling.is_none();
        if message.round() != self.closing.round() || !may_vote {
            return;
        }
        let mut said = Vec::new();
        match self.closing.vote.receive(message, self.now, &mut said) {
            Ok(Received::New | Received::Known | Received::Late) => {}
            Err(refused) => {
                let what = refused.to_string();
                out.push(Output::Notice(Notice::Unusable { from, what }));
            }
        }
        self.follow_vote(said, out);
    }

    fn take_certified(
        &mut self,
        from: MemberIndex,
        certified: CertifiedClose,
        out: &mut Vec<Output>,
    ) {
        let CertifiedClose { close, certificate } = certified;
        if close.round != self.closing.round() || self.settling.is_some() {
            return;
        }
        let mut said = Vec::new();
        if let Err(error) = self
            .closing
            .vote
            .learn(close, certificate, self.now, &mut said)
        {
            let what = error.to_string();
            out.push(Output::Notice(Notice::Unusable { from, what }));
        }
        self.follow_vote(said, out);
    }

    /// The exchange that a message of this round belongs to, if any.
    fn exchange(&mut self, round: Round) -> Option<&mut Exchange> {
        if round == self.early.round() {
            return Some(&mut self.early);
        }
        let settling = self.settling.as_mut()?;
        (settling.certificate().close().round == round).then(|| settling.exchange())
    }

    fn take_shares(&mut self, from: MemberIndex, signed: Signed<Shares>, out: &mut Vec<Output>) {
        let Shares {
            auction,
            epoch,
            round,
            ..
        } = &signed.body;
        let round = *round;
        let committee = self.hands.committee.clone();
        let Some(member) = committee.member(signed.member) else {
            return;
        };
        if signed.member != from || (*auction, *epoch) != (committee.auction, committee.epoch) {
            return;
        }
        if round <= self.settled() {
            return self.tell_standing(from, None, out);
        }
        let Some(exchange) = self.exchange(round) else {
            return;
        };
        if signed.verify(&member.identity).is_ok() {
            exchange.add_shares(signed);
        }
    }

    fn take_signature(&mut self, from: MemberIndex, message: SignatureShareMessage) {
        if let Some(exchange) = self.exchange(message.round) {
            exchange.add_signature(from, message);
        }
    }

    fn take_standing(&mut self, from: MemberIndex, standing: &Standing, out: &mut Vec<Output>) {
        if standing.auction != self.hands.committee.auction {
            return;
        }
        self.peers.standing(from, standing, self.now);
        if let Some(question) = standing.question {
            let position = self.closing.vote.newest_of(from);
            let furthest = position.map(|position| (self.closing.round(), position));
            self.tell_standing(from, Some(Answer { question, furthest }), out);
        }
        if standing.certified < self.chain.open().previous().unwrap_or_default() {
            self.tell_certified(from, standing.certified.next(), out);
        }
    }

    /// Where this member stands, to one member.
    fn tell_standing(&self, to: MemberIndex, answer: Option<Answer>, out: &mut Vec<Output>) {
        let standing = Standing {
            answer,
            ..self.standing()
        };
        out.push(send(to, &PeerMessage::Standing(standing)));
    }

    /// The certified close of the round being settled, to a member that still votes on it.
    fn tell_certified(&self, to: MemberIndex, round: Round, out: &mut Vec<Output>) {
        let settling = self
            .settling
            .as_ref()
            .map(super::settling::Settling::certificate);
        match settling.filter(|certificate| certificate.close().round == round) {
            Some(certificate) => {
                let (close, certificate) = (certificate.close().clone(), certificate.to_bytes());
                let message =
                    PeerMessage::Certified(Box::new(CertifiedClose { close, certificate }));
                out.push(send(to, &message));
            }
            None => self.tell_standing(to, None, out),
        }
    }

    /// What this member holds of what another lacks, one message of envelopes at a time.
    fn serve(&self, to: MemberIndex, want: &Want, out: &mut Vec<Output>) {
        for id in want.reports.iter().take(64) {
            let settling = self
                .settling
                .as_ref()
                .and_then(|settling| settling.reports.get(id));
            if let Some(report) = self.closing.report(id).or(settling) {
                out.push(send(to, &PeerMessage::Report(Box::new(report.clone()))));
            }
        }
        let mut size = 0;
        let envelopes: BTreeMap<_, _> = want
            .envelopes
            .iter()
            .filter_map(|id| Some((*id, self.envelope_bytes(id)?)))
            .take_while(|(_, bytes)| {
                size += bytes.len();
                size <= MOST_ENVELOPE_BYTES
            })
            .collect();
        if !envelopes.is_empty() {
            let blobs = envelopes.into_values().map(Blob).collect();
            out.push(send(to, &PeerMessage::Envelopes(blobs)));
        }
    }

    /// The encoding of an envelope that is held here, open or being settled.
    pub(super) fn envelope_bytes(&self, id: &EnvelopeId) -> Option<Vec<u8>> {
        let held = self.inbox.get(id).map(|held| held.bytes.clone());
        held.or_else(|| self.settling.as_ref()?.envelope(id).map(encode))
    }
}

/// The key of a report's row: by round, then member, then id.
pub(super) fn report_key(report: &Signed<Report>) -> Vec<u8> {
    let round = report.body.round.0.to_be_bytes();
    [round.as_slice(), &[report.member.0], report.id().as_bytes()].concat()
}
