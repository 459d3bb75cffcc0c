//! What members promise by signing, as messages show it, and who has heard of it.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_protocol::member::message::{PeerMessage, Purpose};
use sealbid_protocol::vote::{Message, Step, Subject};
use sealbid_types::codec::encode;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round, View};

/// What a member may sign one digest of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// From which round on it owes an envelope to its reports.
    Acknowledgement(EnvelopeId),
    /// Its report of a round.
    Report(Round),
    /// A step of a view of a round's vote.
    Vote(Round, Subject, View, Step),
    /// A share of a committee signature.
    Statement(Round, Purpose),
}

/// The promises of `by` in a message, with the digest of each.
/// What it passes on of others is no promise of its own.
pub(super) fn promises(by: MemberIndex, message: &PeerMessage) -> Vec<(Promise, Vec<u8>)> {
    match message {
        PeerMessage::Acknowledgements(batch) => batch
            .iter()
            .filter(|signed| signed.member == by)
            .map(|signed| {
                let what = Promise::Acknowledgement(signed.body.envelope);
                (what, encode(&signed.body))
            })
            .collect(),
        PeerMessage::Report(signed) if signed.member == by => {
            // The id covers the signature: the same lists signed anew are another report.
            let digest = signed.id().as_bytes().to_vec();
            vec![(Promise::Report(signed.body.round), digest)]
        }
        PeerMessage::Vote(vote) if vote.member() == by => vec![voted(vote)],
        PeerMessage::SignatureShare(signed) => {
            let share = &signed.body;
            let what = Promise::Statement(share.round, share.purpose);
            vec![(what, share.statement.0.to_vec())]
        }
        _ => Vec::new(),
    }
}

fn voted(vote: &Message) -> (Promise, Vec<u8>) {
    let (view, step) = (vote.view(), vote.position().step);
    let value = match vote {
        Message::Proposal(full) => Some(full.header.body.value),
        Message::Header(header) => Some(header.body.value),
        Message::Prevote(prevote) => prevote.body.value,
        Message::Precommit(precommit) => precommit.body.commitment.map(|value| value.value),
    };
    // Nil is as good a promise as a value: after it no value may follow.
    let digest = value.map_or_else(Vec::new, |value| value.as_bytes().to_vec());
    (
        Promise::Vote(vote.round(), vote.subject(), view, step),
        digest,
    )
}

/// Within how many milliseconds an acknowledgement that a member has heard is on its disk: a
/// heartbeat, and the longest wait for a turn.
const WRITTEN_WITHIN: u64 = 1_100;

/// Which honest members, beside the one that made it, know of each promise.
///
/// A member that is restored from a copy knows what the copy holds, and what others can tell it
/// (docs/protocol.md 4.4). What it said while nobody heard it is gone from the world: it binds
/// nobody, and no invariant may ask for it. So is what those have lost who heard it.
#[derive(Debug, Default)]
pub(super) struct Hearers {
    /// Who knows of what was said, and since when.
    heard: BTreeMap<(MemberIndex, Promise), BTreeMap<MemberIndex, u64>>,
    /// What a member had said when the newest copy of its disk was made.
    copied: BTreeMap<MemberIndex, BTreeSet<Promise>>,
    /// Promises that are no longer on the disk of the member that made them.
    only_heard: BTreeSet<(MemberIndex, Promise)>,
}

impl Hearers {
    pub(super) fn said(&mut self, by: MemberIndex, promise: Promise) {
        self.heard.entry((by, promise)).or_default();
        // It knows it, or knows it again.
        self.only_heard.remove(&(by, promise));
    }

    pub(super) fn heard(&mut self, to: MemberIndex, by: MemberIndex, promise: Promise, now: u64) {
        if let Some(hearers) = self.heard.get_mut(&(by, promise)) {
            hearers.entry(to).or_insert(now);
        }
    }

    /// A member's process has ended. Others' reports are on its disk before anything follows from
    /// them; their acknowledgements within a second; their ballots are in memory alone. Returns the
    /// promises that are gone.
    pub(super) fn stopped(&mut self, member: MemberIndex, now: u64) -> Vec<(MemberIndex, Promise)> {
        for ((_, promise), hearers) in &mut self.heard {
            let is_kept = |since: u64| match promise {
                Promise::Report(_) | Promise::Statement(..) => true,
                Promise::Acknowledgement(_) => since + WRITTEN_WITHIN < now,
                Promise::Vote(..) => false,
            };
            if hearers.get(&member).is_some_and(|since| !is_kept(*since)) {
                hearers.remove(&member);
            }
        }
        self.gone()
    }

    pub(super) fn copied(&mut self, member: MemberIndex) {
        self.copied.insert(member, self.of(member).collect());
    }

    /// A member is back on the newest copy of its disk. `holds` says who holds an envelope: an
    /// acknowledgement is shown by nobody else. Returns the promises that are gone.
    pub(super) fn restored(
        &mut self,
        member: MemberIndex,
        holds: impl Fn(MemberIndex, &EnvelopeId) -> bool,
    ) -> Vec<(MemberIndex, Promise)> {
        let copied = self.copied.get(&member).cloned().unwrap_or_default();
        let lost: Vec<_> = self.of(member).filter(|it| !copied.contains(it)).collect();
        for promise in lost {
            let key = (member, promise);
            if let (Promise::Acknowledgement(id), Some(hearers)) =
                (promise, self.heard.get_mut(&key))
            {
                hearers.retain(|hearer, _| holds(*hearer, &id));
            }
            self.only_heard.insert(key);
        }
        self.forgot(member)
    }

    /// What a member had heard of others may have left its disk. Returns the promises that are
    /// gone.
    pub(super) fn forgot(&mut self, member: MemberIndex) -> Vec<(MemberIndex, Promise)> {
        for hearers in self.heard.values_mut() {
            hearers.remove(&member);
        }
        self.gone()
    }

    fn gone(&mut self) -> Vec<(MemberIndex, Promise)> {
        let is_gone = |key: &&(MemberIndex, Promise)| self.heard[*key].is_empty();
        let gone: Vec<_> = self.only_heard.iter().filter(is_gone).copied().collect();
        for key in &gone {
            self.heard.remove(key);
            self.only_heard.remove(key);
        }
        gone
    }

    fn of(&self, member: MemberIndex) -> impl Iterator<Item = Promise> + '_ {
        let all = self.heard.keys();
        all.filter(move |(by, _)| *by == member)
            .map(|(_, promise)| *promise)
    }
}
