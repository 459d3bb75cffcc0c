//! A member's start: it asks the others what they hold that it signed, and signs nothing before q
//! of them have answered (docs/protocol.md 4.4).
//!
//! An answer is the asker's *own* signatures: its newest ballot, its report, its acknowledgements.
//! A peer cannot invent one, so none can make a member abstain that has forgotten nothing. What the
//! asker's disk lacks shows that the disk is an old copy: the member gives up the open round's
//! report and vote, since it may have signed more of it than anybody has shown, and takes over
//! what it promised.
//!
//! A peer forgets what the asker signed of a round once that is certified. So its answer counts only
//! when the asker has caught up with it: an asker whose disk is of before that round would find
//! nothing against signing it anew. One that says it is ahead and shows no record is as good as
//! silent.
//!
//! An acknowledgement names an envelope without saying for how long it binds. Whoever shows one
//! that the asker lacks has to show the envelope as well before its answer counts; if the chain
//! rules it out, nothing was lacking.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use crate::vote::Message as Ballot;

/// What a member signed for a round that it has not come to yet, by its disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recollection {
    Ballot(Box<Ballot>),
    /// A ballot on how the round before cleared.
    Allocation(Box<Ballot>),
    Report(Box<Signed<Report>>),
}

impl Recollection {
    /// The newest round that this member had settled when it signed this, which is kept for `round`: it
    /// reports and votes on a close only then.
    pub(crate) fn shows_settled(&self, round: Round) -> Option<Round> {
        let before = round.previous()?;
        match self {
            Self::Ballot(_) | Self::Report(_) => Some(before),
            Self::Allocation(_) => before.previous(),
        }
    }
}

/// One peer's answer, as far as it has come.
#[derive(Debug, Default)]
struct Answer {
    /// By part, the acknowledged envelopes that this member lacks and the peer has not shown yet.
    parts: BTreeMap<u16, BTreeMap<EnvelopeId, Round>>,
    of: u16,
    /// The newest round that was certified there when it first answered. A later answer does not
    /// raise it, or an asker would run after a house that goes on for as long as that does.
    certified: Option<Round>,
}

impl Answer {
    fn is_complete(&self, open: Round) -> bool {
        let is_caught_up = self.certified.is_some_and(|certified| certified < open);
        let is_shown = self.parts.values().all(BTreeMap::is_empty);
        self.of > 0 && self.parts.len() >= usize::from(self.of) && is_shown && is_caught_up
    }

    fn show(&mut self, id: &EnvelopeId) -> Option<Round> {
        let parts = self.parts.values_mut();
        parts.filter_map(|owed| owed.remove(id)).min()
    }
}

/// The start of this member, until enough have answered.
#[derive(Debug)]
pub(crate) struct Start {
    /// Names this start, so that an answer to an earlier one does not count.
    question: u64,
    needed: usize,
    /// The round that is open here.
    open: Round,
    answers: BTreeMap<MemberIndex, Answer>,
    is_over: bool,
    /// Who has answered only when it was over.
    late: BTreeSet<MemberIndex>,
    /// Of rounds that this member has yet to catch up with.
    later: BTreeMap<(Round, MemberIndex), Vec<Recollection>>,
}

/// The most parts of an answer.
const MOST_PARTS: u16 = 64;

impl Start {
    /// A member that has just started and waits for `needed` answers, itself counted.
    pub(crate) const fn new(question: u64, needed: usize, open: Round) -> Self {
        Self {
            question,
            needed,
            open,
            answers: BTreeMap::new(),
            is_over: needed <= 1,
            late: BTreeSet::new(),
            later: BTreeMap::new(),
        }
    }

    /// Whether enough members have answered that this one may sign.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    fn count(&mut self) {
        let open = self.open;
        let complete = self
            .answers
            .values()
            .filter(|answer| answer.is_complete(open));
        self.is_over |= complete.count() + 1 >= self.needed;
    }

    /// The question, as long as it matters.
    pub(crate) fn question(&self) -> Option<u64> {
        (!self.is_over()).then_some(self.question)
    }

    /// Whether a part of an answer is one to this question.
    pub(crate) const fn is_asked(&self, question: u64, part: u16, of: u16) -> bool {
        self.question == question && part < of && of <= MOST_PARTS
    }

    /// Whether an answer that comes when it is over is looked at: the first of each.
    pub(crate) fn takes_late(&mut self, from: MemberIndex) -> bool {
        self.late.insert(from)
    }

    /// Takes a part of an answer, of which `owed` are acknowledged envelopes that this member lacks.
    pub(crate) fn take(
        &mut self,
        from: MemberIndex,
        (part, of): (u16, u16),
        certified: Round,
        owed: BTreeMap<EnvelopeId, Round>,
    ) {
        let answer = self.answers.entry(from).or_default();
        answer.certified.get_or_insert(certified);
        if answer.of != of {
            // Another edition of the answer: what was counted of the one before it says nothing.
            answer.parts.clear();
            answer.of = of;
        }
        // The newest word counts: what the peer no longer holds, since a round lists it or the chain
        // rules it out, it could never show.
        answer.parts.insert(part, owed);
        self.count();
    }

    /// What `from` has to show still.
    pub(crate) fn owed_by(&self, from: MemberIndex) -> Vec<EnvelopeId> {
        let answer = self.answers.get(&from);
        let parts = answer.into_iter().flat_map(|answer| answer.parts.values());
        parts.flat_map(BTreeMap::keys).copied().collect()
    }

    /// Whether an answer says that this member acknowledged an envelope that it has not been shown.
    pub(crate) fn is_owed(&self, id: &EnvelopeId) -> bool {
        let mut parts = self
            .answers
            .values()
            .flat_map(|answer| answer.parts.values());
        parts.any(|owed| owed.contains_key(id))
    }

    /// An envelope has come. Gives the round that this member acknowledged it for, if an answer
    /// says that it did.
    pub(crate) fn shown(&mut self, id: &EnvelopeId) -> Option<Round> {
        let answers = self.answers.values_mut();
        let rounds: Vec<_> = answers.filter_map(|answer| answer.show(id)).collect();
        self.count();
        // The earliest: an acknowledgement binds from the round that it names on.
        rounds.into_iter().min()
    }

    /// Keeps what was signed for a later round, until this member comes to it.
    pub(crate) fn keep(&mut self, round: Round, from: MemberIndex, what: Recollection) {
        // One of each kind a peer, the newest: what is of earlier rounds it has outlived.
        self.later.retain(|(of, peer), kept| {
            kept.retain(|other| {
                let is_same_kind = core::mem::discriminant(other) == core::mem::discriminant(&what);
                *peer != from || *of == round || !is_same_kind
            });
            !kept.is_empty()
        });
        let kept = self.later.entry((round, from)).or_default();
        let is_kind =
            |other: &Recollection| core::mem::discriminant(other) == core::mem::discriminant(&what);
        if !kept.iter().any(is_kind) {
            kept.push(what);
        }
    }

    /// Whether this member has signed something of a later round than `round`, by what was kept.
    pub(crate) fn is_behind(&self, round: Round) -> bool {
        let newest = self.later.last_key_value();
        newest.is_some_and(|((of, _), _)| *of > round)
    }

    /// The newest round that this member has settled, by what was kept of later rounds.
    pub(crate) fn has_settled(&self) -> Option<Round> {
        let later = self.later.iter();
        let settled =
            later.flat_map(|((round, _), kept)| kept.iter().map(|what| what.shows_settled(*round)));
        settled.flatten().max()
    }

    /// What was signed for `round`, which this member has come to; what is of earlier ones goes.
    pub(crate) fn come_to(&mut self, round: Round) -> Vec<Recollection> {
        self.open = round;
        self.count();
        let from_now = self.later.split_off(&(round, MemberIndex(0)));
        self.later = from_now;
        let of_round: Vec<_> = self
            .later
            .keys()
            .take_while(|(of, _)| *of == round)
            .copied()
            .collect();
        let taken = of_round
            .into_iter()
            .filter_map(|key| self.later.remove(&key));
        taken.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer shows an acknowledgement, and then a round that it settles lists the envelope or
    /// outlives it: it has nothing to show any more, and its next answer says so.
    #[test]
    fn what_a_later_answer_leaves_out_is_owed_no_more() {
        let mut start = Start::new(1, 2, Round(1));
        let owed = BTreeMap::from([(EnvelopeId::from([7; 32]), Round(3))]);
        start.take(MemberIndex(1), (0, 1), Round(0), owed);
        assert!(!start.is_over());
        start.take(MemberIndex(1), (0, 1), Round(0), BTreeMap::new());
        assert!(start.owed_by(MemberIndex(1)).is_empty());
        assert!(start.is_over());
    }

    /// What was signed for a round shows that the one before was settled; a ballot on an allocation, that the
    /// one before its own was.
    #[test]
    fn what_was_signed_later_shows_what_was_settled() {
        let report = |round: u64| {
            let body = Report {
                auction: [1; 32].into(),
                epoch: sealbid_types::id::Epoch(0),
                round: Round(round),
                slot: sealbid_types::id::Slot(1),
                intents: Vec::new(),
                quotes: Vec::new(),
            };
            let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
            Recollection::Report(Box::new(Signed::new(body, MemberIndex(0), &key)))
        };
        let mut start = Start::new(1, 2, Round(3));
        assert_eq!(
            (start.has_settled(), start.is_behind(Round(3))),
            (None, false)
        );
        start.keep(Round(5), MemberIndex(1), report(5));
        assert_eq!(start.has_settled(), Some(Round(4)));
        assert!(start.is_behind(Round(4)) && !start.is_behind(Round(5)));
        start.come_to(Round(5));
        assert_eq!(
            (start.has_settled(), start.is_behind(Round(5))),
            (None, false)
        );
    }

    /// A peer that has certified the asker's round remembers nothing of it: its answer counts when
    /// the asker has come as far, and one that is ahead for ever is as good as silent.
    #[test]
    fn an_answer_counts_once_the_asker_has_caught_up_with_it() {
        let mut start = Start::new(1, 2, Round(3));
        start.take(MemberIndex(1), (0, 1), Round(u64::MAX), BTreeMap::new());
        start.take(MemberIndex(2), (0, 1), Round(4), BTreeMap::new());
        start.take(MemberIndex(2), (0, 1), Round(9), BTreeMap::new());
        start.come_to(Round(4));
        assert!(!start.is_over());
        start.come_to(Round(5));
        assert!(start.is_over());
    }
}
