//! What a member does with a message of another: who it counts for is what the channel says, or
//! what a signature shows, never what a payload claims.

use std::collections::BTreeMap;

use sealbid_crypto::CloseCertificate;
use sealbid_types::bytes::Blob;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, View};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::intake::report_key;
use super::io::{Notice, Output, put};
use super::message::{
    Allocated, CertifiedClose, MOST_ENVELOPE_BYTES, PeerMessage, Shares, SignatureShareMessage,
    Want,
};
use super::{Engine, Rules, forked, send};
use crate::claims::Asked;
use crate::closing::{MOST_ENVELOPES, MOST_REPORTS, ReportStanding, Reported};
use crate::disk::Table;
use crate::evidence::Evidence;
use crate::opening::Exchange;
use crate::settlement::Settling;
use crate::vote::{Message as VoteMessage, Received, Subject};

impl<R: Rules> Engine<R> {
    pub(crate) fn receive(&mut self, from: MemberIndex, bytes: &[u8], out: &mut Vec<Output>) {
        let message = match decode::<PeerMessage>(bytes) {
            Ok(message) if self.context.committee.member(from).is_some() => message,
            Ok(_) => return,
            Err(error) => {
                out.push(Output::Notice(Notice::Unusable {
                    from,
                    what: error.to_string(),
                }));
                return;
            }
        };
        // Anything that decodes is a sign of life: what it says is judged below, each by its kind.
        self.peers.heard(from, self.now.monotonic);
        match message {
            PeerMessage::Acknowledgements(batch) => {
                // Up to the first that is wrong: a thousand wrong ones would take this thread for
                // as long as a round has.
                let _ = batch
                    .into_iter()
                    .all(|signed| self.take_acknowledgement(from, signed, out));
            }
            PeerMessage::Report(report) => self.take_report(from, *report, out),
            PeerMessage::Vote(message) => self.take_vote(from, *message, out),
            PeerMessage::Certified(certified) => self.take_certified(from, *certified, out),
            PeerMessage::Shares(shares) => self.take_shares(from, *shares, out),
            PeerMessage::SignatureShare(share) => self.take_signature(from, *share),
            PeerMessage::Want(want) => self.serve(from, &want, out),
            PeerMessage::Envelopes(envelopes) => self.take_envelopes(from, envelopes, out),
            PeerMessage::Heartbeat(said) => self.take_heartbeat(from, &said, out),
            PeerMessage::Memory(memory) => self.take_memory(from, *memory, out),
            PeerMessage::Allocated(allocated) => self.take_allocated(from, &allocated, out),
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
        if round != self.closing.round() || !self.is_ready() {
            return self.overheard.keep_report(from, report, self.chain.open());
        }
        // Whoever brings it: a report counts for the member that signed it.
        if report.member == self.promises.member() && self.is_own(&report) {
            // Somebody holds a report of this member's that its disk does not know, or it is known.
            return self.compare_own_report(report, out);
        }
        let is_asked = self.closing.is_asked_for(&report.id());
        let committee = &self.context.committee;
        match self.closing.book.receive(
            committee,
            (round, self.chain.parent_slot()),
            report.clone(),
            is_asked,
        ) {
            Ok(Reported::Known) => return,
            Ok(Reported::New) => {}
            Ok(Reported::Contradicts(other)) => {
                let evidence = Evidence::Reports(Box::new([*other, report.clone()]));
                let what = "signed two different reports for one round".to_owned();
                let said = self
                    .accusations
                    .accuse(report.member, what, Some(&evidence));
                out.extend(said);
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
        self.hold_to_promises(&report, out);
        self.closing.look(&self.context, &self.chain, &self.inbox);
        if let ReportStanding::Unfit(id) = self.closing.standing(&report.id()) {
            let what = format!("reported envelope {}, which cannot stand there", id.short());
            match self.inbox.get(&id).map(|held| held.envelope.clone()) {
                Some(envelope) => self.accuse_of_bogus_report(report, envelope, what, out),
                None => self.accuse(report.member, what, None, out),
            }
        }
    }

    fn take_vote(&mut self, from: MemberIndex, message: VoteMessage, out: &mut Vec<Output>) {
        match message.subject() {
            Subject::Close => self.take_close_vote(from, message, out),
            Subject::Allocation => self.take_allocation_vote(from, message, out),
        }
    }

    /// A ballot on how a round cleared. Of the open round, which the sender knows to be certified
    /// already, its first are kept: others were faster.
    pub(super) fn take_allocation_vote(
        &mut self,
        from: MemberIndex,
        message: VoteMessage,
        out: &mut Vec<Output>,
    ) {
        let round = message.round();
        let is_of_round = |settling: &mut Settling| settling.certificate().close().round == round;
        let Some(mut settling) = self.settling.take_if(is_of_round) else {
            let place = (from, message.position());
            let is_first = round == self.closing.round() && message.view() == View(0);
            // Whoever speaks for another could take its place.
            if message.member() == from && is_first {
                self.early_ballots
                    .entry(place)
                    .or_insert_with(|| message.clone());
            }
            if from != self.promises.member() {
                let open = self.chain.open();
                self.overheard.keep_ballot(from, message, open);
            }
            return;
        };
        if let Err(refused) = settling.hear_ballot(message, &mut self.tools(out)) {
            let what = refused.to_string();
            out.push(Output::Notice(Notice::Unusable { from, what }));
        }
        self.settling = Some(settling);
    }

    /// Who has decided votes no more: it shows what it decided. One that lost its memory, or some
    /// messages, could not come to q precommits by itself.
    fn take_allocated(&mut self, from: MemberIndex, allocated: &Allocated, out: &mut Vec<Output>) {
        let Some(mut settling) = self.settling.take() else {
            return;
        };
        let is_of_round = allocated.round == settling.certificate().close().round;
        if is_of_round
            && !settling.has_decided(allocated.allocation)
            && self.may_look(from)
            && let Err(error) = settling.learn(allocated, &mut self.tools(out))
        {
            let what = error.to_string();
            out.push(Output::Notice(Notice::Unusable { from, what }));
        }
        self.settling = Some(settling);
    }

    fn take_close_vote(&mut self, from: MemberIndex, message: VoteMessage, out: &mut Vec<Output>) {
        // A round is decided only when the one before is settled here: what does not count now is
        // sent again until the round is certified.
        let may_vote = self.is_ready() && self.settling.is_none();
        if message.round() != self.closing.round() || !may_vote {
            return self.overheard.keep_ballot(from, message, self.chain.open());
        }
        let mut said = Vec::new();
        match self.closing.vote.receive(message, self.now, &mut said) {
            Ok(Received::New) => {}
            // It counts for nothing, so nothing follows from it: what peers send again is most of what
            // comes while a close waits for an envelope.
            Ok(Received::Known | Received::Late) if said.is_empty() => return,
            Ok(Received::Known | Received::Late) => {}
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
        if close.round < self.chain.open() {
            return self.compare_with_decided(from, close, &certificate, out);
        }
        if close.round != self.closing.round() || self.settling.is_some() || !self.may_look(from) {
            return;
        }
        let mut said = Vec::new();
        if let Err(error) = self
            .closing
            .vote
            .learn(close.into(), certificate, self.now, &mut said)
        {
            let what = error.to_string();
            out.push(Output::Notice(Notice::Unusable { from, what }));
        }
        self.follow_vote(said, out);
    }

    /// Whether a certificate that a member shows is looked at: that takes a pairing, and one that
    /// does not verify is worth nothing. Each member has only so many.
    fn may_look(&mut self, from: MemberIndex) -> bool {
        let now = self.now.monotonic;
        self.peers.may_answer(from, Asked::Certificate, now)
    }

    /// A certificate of a decided round is held against one's own: another close of that round
    /// shows that more members lie than the committee can bear, and no later promise is worth
    /// anything.
    fn compare_with_decided(
        &mut self,
        from: MemberIndex,
        close: Close,
        certificate: &CertificateBytes,
        out: &mut Vec<Output>,
    ) {
        let round = close.round;
        let own = self.chain.digest_of(round);
        if own.is_none_or(|own| own == close.digest()) || !self.may_look(from) {
            return;
        }
        let proof = CertifiedClose {
            close: close.clone(),
            certificate: *certificate,
        };
        if CloseCertificate::verify(&self.context.keys, close, certificate).is_ok() {
            let evidence = Evidence::OtherCertificate(Box::new(proof));
            out.extend(self.accusations.keep(&evidence));
            self.halt(forked(round), out);
        } else {
            let what = format!("a certificate of round {round} that does not verify");
            out.push(Output::Notice(Notice::Unusable { from, what }));
        }
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
        let committee = self.context.committee.clone();
        let Some(member) = committee.member(signed.member) else {
            return;
        };
        // Members send their own shares and nobody else's: what another brings is not worth a
        // signature check.
        if signed.member != from || (*auction, *epoch) != (committee.auction, committee.epoch) {
            return;
        }
        // It is behind, and will not get q shares any more: those who have settled send none. Told
        // so, it fetches the record.
        if round <= self.settled() {
            return self.tell_heartbeat(from, out);
        }
        let Some(exchange) = self.exchange(round) else {
            return;
        };
        if !exchange.has_shares(signed.body.opening, from)
            && signed.verify(&member.identity).is_ok()
        {
            exchange.add_shares(signed);
        }
    }

    fn take_signature(&mut self, from: MemberIndex, signed: Signed<SignatureShareMessage>) {
        let SignatureShareMessage {
            auction,
            epoch,
            round,
            purpose,
            ..
        } = signed.body;
        let committee = self.context.committee.clone();
        let Some(member) = committee.member(signed.member) else {
            return;
        };
        if signed.member != from || (auction, epoch) != (committee.auction, committee.epoch) {
            return;
        }
        let Some(exchange) = self.exchange(round) else {
            return;
        };
        // It is signed so that a wrong one shows anybody who gave it.
        if !exchange.has_signature(purpose, from) && signed.verify(&member.identity).is_ok() {
            exchange.add_signature(signed);
        }
    }

    /// What this member holds of what another lacks, one message of envelopes at a time.
    fn serve(&mut self, to: MemberIndex, want: &Want, out: &mut Vec<Output>) {
        if !self.peers.may_answer(to, Asked::Want, self.now.monotonic) {
            return;
        }
        let mut size = 0;
        for id in want.reports.iter().take(MOST_REPORTS) {
            let settling = self
                .settling
                .as_ref()
                .and_then(|settling| settling.report(id));
            if let Some(report) = self.closing.book.get(id).or(settling) {
                let bytes = encode(&PeerMessage::Report(Box::new(report.clone())));
                size += bytes.len();
                out.push(Output::Send { to, bytes });
            }
            if size > MOST_ENVELOPE_BYTES {
                break;
            }
        }
        let mut size = 0;
        let envelopes: BTreeMap<_, _> = want
            .envelopes
            .iter()
            .take(MOST_ENVELOPES)
            .filter_map(|id| Some((*id, self.envelope_bytes(id)?)))
            .take_while(|(_, bytes)| {
                size += bytes.len();
                size <= MOST_ENVELOPE_BYTES
            })
            .collect();
        if !envelopes.is_empty() {
            let blobs = envelopes.into_values().map(Blob::from).collect();
            out.push(send(to, &PeerMessage::Envelopes(blobs)));
        }
    }

    /// The encoding of an envelope that is held here, open or being settled.
    pub(crate) fn envelope_bytes(&self, id: &EnvelopeId) -> Option<Vec<u8>> {
        let held = self.inbox.get(id).map(|held| encode(&held.envelope));
        held.or_else(|| self.settling.as_ref()?.envelope(id).map(encode))
    }
}
