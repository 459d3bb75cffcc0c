//! What somebody says who has a member's keys and means no good: a proposal without an intent that
//! the reports name, and decryption shares that are none.
//!
//! This is no engine with other rules. It knows how messages between members look, as anybody does
//! who reads the protocol, and signs its own with the member's identity key. It votes on nothing,
//! reports nothing and acknowledges nothing. No I/O: messages come in, messages come out.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::hash_to_g1;
use sealbid_protocol::member::message::{Heartbeat, Opening, Parts, PeerMessage, Shares};
use sealbid_protocol::vote::{FullProposal, Message, Proposal, Subject, Value, proposer};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::Close;
use sealbid_types::codec::Schema;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::Part;
use sealbid_types::id::{CloseDigest, EnvelopeId, MemberIndex, Round, ValueDigest, View};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use sealbid_types::time::Timestamp;

/// The domain of the points that it passes for its shares.
const FORGED: &str = "sealbid demo 2026-11 forged share";

/// The view in which it proposes: the first, which begins with the cut.
pub(super) const VIEW: View = View(0);

/// A close that it has proposed.
#[derive(Debug, Clone)]
struct Proposed {
    close: Close,
    left_out: EnvelopeId,
}

/// What came of a proposal without an intent, in the round's first view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VotedDown {
    /// The round.
    pub(super) round: Round,
    /// What it proposed.
    pub(super) close: Close,
    /// The intent that it left out.
    pub(super) left_out: EnvelopeId,
    /// How long after the cut the last prevote of a quorum for nil was there; none if there is none.
    /// Whoever has no proposal waits for one before it signs such a prevote: so early it is a
    /// judgement.
    pub(super) after: Option<Duration>,
    /// Who has signed a prevote for nil in that view.
    pub(super) against: BTreeSet<MemberIndex>,
    /// Who has signed one for the proposal: nobody honest.
    pub(super) in_favour: BTreeSet<MemberIndex>,
}

/// Who holds a member's keys and lies.
pub(super) struct Liar {
    committee: Arc<Committee>,
    me: MemberIndex,
    identity: SigningKey,
    /// The round in progress, and the close of the one before.
    round: Round,
    previous: CloseDigest,
    reports: BTreeMap<MemberIndex, Signed<Report>>,
    proposed: Option<Proposed>,
    /// The prevotes of the first view, and when each was there.
    prevotes: BTreeMap<MemberIndex, (Option<ValueDigest>, Timestamp)>,
    /// The closes that others have proposed, for which it forges shares.
    closes: BTreeMap<CloseDigest, Close>,
}

impl Liar {
    /// With the keys of `me`, from `round` on; `previous` is the close of the round before.
    pub(super) const fn new(
        committee: Arc<Committee>,
        me: MemberIndex,
        identity: SigningKey,
        (round, previous): (Round, CloseDigest),
    ) -> Self {
        Self {
            committee,
            me,
            identity,
            round,
            previous,
            reports: BTreeMap::new(),
            proposed: None,
            prevotes: BTreeMap::new(),
            closes: BTreeMap::new(),
        }
    }

    /// Goes on to the round after this one.
    pub(super) fn go_on_after(&mut self, settled: &Close) {
        self.round = settled.round.next();
        self.previous = settled.digest();
        self.proposed = None;
        self.reports.clear();
        self.prevotes.clear();
        self.closes.clear();
    }

    /// Takes what a member says, and gives what there is to say about that at once, to everybody.
    pub(super) fn hear(&mut self, message: PeerMessage, now: Timestamp) -> Vec<PeerMessage> {
        match message {
            PeerMessage::Report(report)
                if report.body.round == self.round && self.is_signed(&report) =>
            {
                self.reports.insert(report.member, *report);
            }
            PeerMessage::Vote(message)
                if message.round() == self.round && message.subject() == Subject::Close =>
            {
                match *message {
                    Message::Proposal(proposal) => return self.forge_for(*proposal),
                    Message::Prevote(prevote)
                        if prevote.body.view == VIEW && self.is_signed(&prevote) =>
                    {
                        let prevoted = (prevote.body.value, now);
                        self.prevotes.entry(prevote.member).or_insert(prevoted);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        self.propose(now).into_iter().collect()
    }

    /// Says again what it has said of this round, since messages may be lost, and that it is there.
    pub(super) fn repeat(&self, now: Timestamp) -> Vec<PeerMessage> {
        let before = self.round.previous().unwrap_or_default();
        let alive = PeerMessage::Heartbeat(Heartbeat {
            auction: self.committee.auction,
            clock: now,
            settled: before,
            certified: before,
            question: None,
        });
        let proposed = self.proposed.as_ref();
        let proposed = proposed.map(|proposed| self.proposal(&proposed.close));
        let forged = self.closes.values().map(|close| self.forged(close));
        core::iter::once(alive)
            .chain(proposed)
            .chain(forged)
            .collect()
    }

    /// What has become of its proposal without an intent, if it has made one.
    pub(super) fn voted_down(&self) -> Option<VotedDown> {
        let Proposed { close, left_out } = self.proposed.as_ref()?;
        let own = ValueDigest::from(close.digest());
        let who = |value: Option<ValueDigest>| {
            let prevotes = self.prevotes.iter();
            let same = prevotes.filter(move |(_, (prevoted, _))| *prevoted == value);
            same.map(|(member, (_, heard))| (*member, *heard))
        };
        let mut heard: Vec<Timestamp> = who(None).map(|(_, heard)| heard).collect();
        heard.sort_unstable();
        let last = heard.get(self.committee.quorum().saturating_sub(1));
        Some(VotedDown {
            round: self.round,
            close: close.clone(),
            left_out: *left_out,
            after: last.map(|last| last.since(close.closed_at)),
            against: who(None).map(|(member, _)| member).collect(),
            in_favour: who(Some(own)).map(|(member, _)| member).collect(),
        })
    }

    /// Whether the member that it names has signed it.
    fn is_signed<T: Schema>(&self, signed: &Signed<T>) -> bool {
        let member = self.committee.member(signed.member);
        member.is_some_and(|member| signed.verify(&member.identity).is_ok())
    }

    fn sign<T: Schema>(&self, body: T) -> Signed<T> {
        Signed::new(body, self.me, &self.identity)
    }

    /// If the first turn is its own and a quorum has reported: the close that these reports make, but for one
    /// intent.
    fn propose(&mut self, now: Timestamp) -> Option<PeerMessage> {
        let turn = proposer(self.committee.members(), self.round, VIEW);
        if turn != self.me || self.proposed.is_some() {
            return None;
        }
        let mut close = self.compose(now)?;
        if close.intents.is_empty() {
            return None;
        }
        let left_out = close.intents.remove(0);
        let message = self.proposal(&close);
        self.proposed = Some(Proposed { close, left_out });
        Some(message)
    }

    /// The close that the reports of a quorum make (docs/protocol.md 4.2).
    fn compose(&self, now: Timestamp) -> Option<Close> {
        let committee = &self.committee;
        let slot = committee.schedule.newest_ended(now);
        let reports = self.reports.values();
        let reports = reports.filter(|report| report.body.slot <= slot);
        let reports: Vec<_> = reports.take(committee.quorum()).collect();
        if reports.len() < committee.quorum() {
            return None;
        }
        let union = |of: fn(&Report) -> &Vec<EnvelopeId>| -> Vec<EnvelopeId> {
            let ids = reports.iter().flat_map(|report| of(&report.body));
            ids.copied().collect::<BTreeSet<_>>().into_iter().collect()
        };
        let mut ids: Vec<_> = reports.iter().map(|report| report.id()).collect();
        ids.sort_unstable();
        Some(Close {
            auction: committee.auction,
            round: self.round,
            slot,
            closed_at: committee.schedule.end_of(slot),
            key: committee.key,
            epoch: committee.epoch,
            rules: committee.rules.digest(),
            previous: self.previous,
            reports: ids,
            intents: union(|report| &report.intents),
            quotes: union(|report| &report.quotes),
        })
    }

    fn proposal(&self, close: &Close) -> PeerMessage {
        let value = Value::Close(close.clone());
        let header = self.sign(Proposal {
            auction: self.committee.auction,
            epoch: self.committee.epoch,
            round: self.round,
            subject: Subject::Close,
            view: VIEW,
            value: value.digest(),
            valid_view: None,
        });
        PeerMessage::Vote(Box::new(Message::Proposal(Box::new(FullProposal {
            header,
            value,
            polka: Vec::new(),
        }))))
    }

    /// Another member's proposal may become the close: shares that are none go out before anybody
    /// else's, so that they are among the first that are combined.
    fn forge_for(&mut self, proposal: FullProposal) -> Vec<PeerMessage> {
        let is_others = proposal.header.member != self.me && self.is_signed(&proposal.header);
        let Value::Close(close) = proposal.value else {
            return Vec::new();
        };
        let digest = close.digest();
        if !is_others || self.closes.contains_key(&digest) {
            return Vec::new();
        }
        let message = self.forged(&close);
        self.closes.insert(digest, close);
        vec![message]
    }

    /// A message of shares for the first opening of a round with this close: all as it should be, and
    /// each share a point of the right group that has nothing to do with the key.
    fn forged(&self, close: &Close) -> PeerMessage {
        let parts = parts_of(close);
        let shares = parts.0.iter().map(|(envelope, _)| {
            let point = hash_to_g1(envelope.as_bytes(), FORGED);
            FixedBytes(point.encode())
        });
        PeerMessage::Shares(Box::new(self.sign(Shares {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            close: close.digest(),
            opening: Opening::First,
            allocation: None,
            parts: parts.digest(),
            shares: shares.collect(),
        })))
    }
}

/// What the first opening of a round is of, if none of its envelopes share a point.
fn parts_of(close: &Close) -> Parts {
    let intents = close.intents.iter().map(|id| (*id, Part::Terms));
    let quotes = close.quotes.iter().map(|id| (*id, Part::Quote));
    let sorted: BTreeMap<EnvelopeId, Part> = intents.chain(quotes).collect();
    Parts(sorted.into_iter().collect())
}

#[cfg(test)]
mod tests;
