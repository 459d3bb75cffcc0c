//! Heartbeats: where this member stands, and what it makes of where others say they stand.

use core::time::Duration;

use sealbid_types::door::ClockOffset;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::time::Timestamp;

use super::io::{Notice, Output};
use super::message::{CertifiedClose, Heartbeat, PeerMessage};
use super::{Engine, Rules, broadcast, send};
use crate::claims::Asked;

impl<R: Rules> Engine<R> {
    pub(super) fn heartbeat(&self) -> Heartbeat {
        Heartbeat {
            auction: self.context.committee.auction,
            clock: self.now.wall,
            settled: self.settled(),
            certified: self.chain.open().previous().unwrap_or_default(),
            question: self.start.question(),
        }
    }

    pub(super) fn beat(&mut self, out: &mut Vec<Output>) {
        if self.now.monotonic < self.due.heartbeat {
            return;
        }
        self.due.heartbeat = self.now.monotonic.plus(self.options.times.heartbeat);
        out.push(broadcast(&PeerMessage::Heartbeat(self.heartbeat())));
        out.extend(self.witness.take_unwritten());
        self.free_places();
        self.look_at_clocks(out);
    }

    /// Places go back when a quorum's clocks say that what held them has expired: one clock alone,
    /// this member's or a liar's, frees nothing.
    fn free_places(&mut self) {
        let committee = &self.context.committee;
        let time = self.peers.time_said_by(committee.quorum(), self.now.wall);
        if let Some(time) = time {
            let schedule = &committee.schedule;
            let ended = schedule.end_of(schedule.newest_ended(time));
            self.inbox.free_expired(ended);
        }
    }

    fn look_at_clocks(&mut self, out: &mut Vec<Output>) {
        let committee = &self.context.committee;
        let most = Duration::from_millis(committee.schedule.period_ms.into());
        if let Some(ahead) = self.peers.clock_is_off(committee.quorum(), self.now, most) {
            out.push(Output::Notice(Notice::Clock { ahead_ms: ahead }));
        }
        let waits = self.waits_until();
        if let Some(until) = waits
            && !self.waits_for_slot
        {
            out.push(Output::Notice(Notice::WaitsForSlot { until }));
        }
        self.waits_for_slot = waits.is_some();
    }

    /// When the next round can close at the earliest, if the parent closed in a slot that is still
    /// to come: every clock was ahead then. Nothing is wrong but that.
    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        let schedule = &self.context.committee.schedule;
        let parent = self.chain.parent_slot();
        let waits = schedule.current(self.now.wall) <= parent;
        waits.then(|| schedule.end_of(parent.next()))
    }

    /// How far the members' clocks are apart, for people.
    pub(super) fn clocks(&self) -> Vec<ClockOffset> {
        let offsets = self.peers.offsets(self.now).into_iter();
        offsets
            .map(|(index, ahead_ms)| ClockOffset { index, ahead_ms })
            .collect()
    }

    pub(super) fn take_heartbeat(
        &mut self,
        from: MemberIndex,
        said: &Heartbeat,
        out: &mut Vec<Output>,
    ) {
        if said.auction != self.context.committee.auction {
            return;
        }
        self.peers.heartbeat(from, said, self.now.monotonic);
        if let Some(question) = said.question
            && self
                .peers
                .may_answer(from, Asked::Question, self.now.monotonic)
        {
            self.tell_memory(from, question, out);
        }
        if said.certified < self.chain.open().previous().unwrap_or_default()
            && self
                .peers
                .may_answer(from, Asked::Certificate, self.now.monotonic)
        {
            self.tell_certified(from, said.certified.next(), out);
        }
    }

    /// Where this member stands, to one member.
    pub(super) fn tell_heartbeat(&self, to: MemberIndex, out: &mut Vec<Output>) {
        out.push(send(to, &PeerMessage::Heartbeat(self.heartbeat())));
    }

    /// The certified close of the round being settled, to a member that still votes on it.
    fn tell_certified(&self, to: MemberIndex, round: Round, out: &mut Vec<Output>) {
        let settling = self
            .settling
            .as_ref()
            .map(crate::settlement::Settling::certificate);
        match settling.filter(|certificate| certificate.close().round == round) {
            Some(certificate) => {
                let (close, certificate) = (certificate.close().clone(), certificate.to_bytes());
                let message =
                    PeerMessage::Certified(Box::new(CertifiedClose { close, certificate }));
                out.push(send(to, &message));
            }
            None => self.tell_heartbeat(to, out),
        }
    }
}
