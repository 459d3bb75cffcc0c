//! What is known of the other members: when they were heard, how far they have come, and at a
//! start, what they hold that this member signed (docs/protocol.md 4.4).

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::time::Timestamp;

use crate::member::message::{Answer, Standing};
use crate::time::Monotonic;
use crate::vote::Position as VotePosition;

#[derive(Debug, Clone, Copy)]
struct Peer {
    heard: Monotonic,
    settled: Round,
    /// How far its clock and this member's were apart when it last said.
    apart: Duration,
}

/// The other members, and this one's start.
#[derive(Debug)]
pub(crate) struct Peers {
    me: MemberIndex,
    known: BTreeMap<MemberIndex, Peer>,
    /// The question of this start.
    question: u64,
    answered: BTreeSet<MemberIndex>,
    needed: usize,
    furthest: Option<(Round, VotePosition)>,
    behind_since: Option<Monotonic>,
    asked_at: Option<Monotonic>,
    told_of_clock: bool,
}

/// Clocks further apart than this are worth a word: a proposal may name the newest slot or the one
/// before, so that half a slot does no harm.
const MOST_APART: Duration = Duration::from_secs(2);

impl Peers {
    /// A member that has just started and waits for `needed` answers, itself counted.
    pub(crate) fn new(me: MemberIndex, question: u64, needed: usize) -> Self {
        Self {
            me,
            known: BTreeMap::new(),
            question,
            answered: BTreeSet::from([me]),
            needed,
            furthest: None,
            behind_since: None,
            asked_at: None,
            told_of_clock: false,
        }
    }

    /// Whether enough members have answered that this one may sign.
    pub(crate) fn is_ready(&self) -> bool {
        self.answered.len() >= self.needed
    }

    /// The question, as long as it matters.
    pub(crate) fn question(&self) -> Option<u64> {
        (!self.is_ready()).then_some(self.question)
    }

    /// Whether peers hold a vote of this member for `round` that is later than `own`.
    pub(crate) fn is_ahead_of(&self, round: Round, own: Option<VotePosition>) -> bool {
        self.furthest
            .is_some_and(|(of, position)| of == round && Some(position) > own)
    }

    /// A member was heard.
    pub(crate) fn heard(&mut self, from: MemberIndex, now: Monotonic) {
        let peer = self.known.entry(from).or_insert(Peer {
            heard: now,
            settled: Round(0),
            apart: Duration::ZERO,
        });
        peer.heard = now;
    }

    /// A member said where it stands.
    pub(crate) fn standing(&mut self, from: MemberIndex, standing: &Standing, now: Timestamp) {
        if let Some(peer) = self.known.get_mut(&from) {
            peer.settled = peer.settled.max(standing.settled);
            peer.apart = now.since(standing.clock).max(standing.clock.since(now));
        }
        if let Some(Answer { question, furthest }) = standing.answer
            && question == self.question
            && self.answered.insert(from)
        {
            self.furthest = self.furthest.max(furthest);
        }
    }

    /// How far this member's clock is from those of a quorum, if that is too far; said once each
    /// time it comes about.
    pub(crate) fn clock_trouble(&mut self, quorum: usize) -> Option<Duration> {
        let far: Vec<_> = self.known.values().map(|peer| peer.apart).collect();
        let least = far
            .iter()
            .filter(|apart| **apart > MOST_APART)
            .min()
            .copied();
        let is_alone = far.iter().filter(|apart| **apart > MOST_APART).count() >= quorum;
        let is_news = is_alone && !self.told_of_clock;
        self.told_of_clock = is_alone;
        least.filter(|_| is_news)
    }

    /// Members heard lately, this one included.
    pub(crate) fn alive(&self, now: Monotonic, absent_after: Duration) -> Vec<MemberIndex> {
        let mut alive: Vec<_> = self
            .known
            .iter()
            .filter(|(_, peer)| now.since(peer.heard) < absent_after)
            .map(|(member, _)| *member)
            .collect();
        alive.push(self.me);
        alive.sort_unstable();
        alive.dedup();
        alive
    }

    /// Members that have settled the round after `settled`, when it is time to ask them for it.
    ///
    /// Peers are a moment ahead all the time: only one that is two rounds ahead, or has been ahead
    /// for `patience`, has what will not come here by itself. Nobody is asked again before
    /// `patience` has passed.
    pub(crate) fn ahead(
        &mut self,
        settled: Round,
        now: Monotonic,
        patience: Duration,
    ) -> Option<Vec<MemberIndex>> {
        let is_ahead = |peer: &Peer| peer.settled > settled;
        let ahead: Vec<_> = self
            .known
            .iter()
            .filter(|(_, peer)| is_ahead(peer))
            .map(|(member, _)| *member)
            .collect();
        if ahead.is_empty() {
            self.behind_since = None;
            return None;
        }
        let since = *self.behind_since.get_or_insert(now);
        let is_far = self.furthest_settled() > settled.next();
        let was_asked = self.asked_at.is_some_and(|at| now.since(at) < patience);
        if was_asked || !is_far && now.since(since) < patience {
            return None;
        }
        self.asked_at = Some(now);
        Some(ahead)
    }

    /// The round that was asked for has come.
    pub(crate) const fn caught_up(&mut self) {
        self.behind_since = None;
        self.asked_at = None;
    }

    /// How far the furthest peer has settled.
    pub(crate) fn furthest_settled(&self) -> Round {
        self.known
            .values()
            .map(|peer| peer.settled)
            .max()
            .unwrap_or_default()
    }
}
