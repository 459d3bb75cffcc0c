//! The votes received, by view, and what q of them amount to.
//!
//! Memory is bounded whatever a liar sends: full logs are kept from [`PAST_VIEWS`] before the
//! current view to the one after it, and beyond that only what belongs to the newest view that its
//! signer is known in. That is at most `PAST_VIEWS + 2 + n` views with at most one proposal, n
//! prevotes and n precommits each. What is dropped is sent again once it matters.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::id::{MemberIndex, ValueDigest, View};
use sealbid_types::keys::Signed;

use super::message::{Ballot, Message, Position, Precommit, Prevote, Proposal, Step};
use super::state::VoteState;

/// How many views before the current one are kept.
pub(super) const PAST_VIEWS: u32 = 3;

/// The first proposal, prevote or precommit of each member in one view.
#[derive(Debug, Clone)]
pub(super) struct Ballots<T>(BTreeMap<MemberIndex, Signed<T>>);

impl<T> Default for Ballots<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ballot> Ballots<T> {
    /// The member's one.
    pub(super) fn of(&self, member: MemberIndex) -> Option<&Signed<T>> {
        self.0.get(&member)
    }

    /// Adds a member's first one.
    pub(super) fn insert(&mut self, signed: Signed<T>) {
        self.0.entry(signed.member).or_insert(signed);
    }

    /// Removes what counts as not received.
    pub(super) fn remove(&mut self, member: MemberIndex) -> Option<Signed<T>> {
        self.0.remove(&member)
    }

    /// All of them, by member.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Signed<T>> {
        self.0.values()
    }

    /// How many there are, whatever they say.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those for `value`, by member.
    pub(super) fn for_value(&self, value: Option<ValueDigest>) -> impl Iterator<Item = &Signed<T>> {
        self.iter()
            .filter(move |signed| signed.body.value() == value)
    }

    /// The value (or nil) that `quorum` members voted for. As `2 * quorum > n`, there is at most
    /// one.
    pub(super) fn quorum_value(&self, quorum: usize) -> Option<Option<ValueDigest>> {
        let values: BTreeSet<_> = self.iter().map(|signed| signed.body.value()).collect();
        values
            .into_iter()
            .find(|value| self.for_value(*value).count() >= quorum)
    }
}

/// What is known of one view.
#[derive(Debug, Clone, Default)]
pub(super) struct ViewLog {
    /// Of the view's proposer only, so at most one.
    pub(super) proposals: Ballots<Proposal>,
    pub(super) prevotes: Ballots<Prevote>,
    pub(super) precommits: Ballots<Precommit>,
    /// Precommits that were removed because their share is wrong: they count for no value, and
    /// still show that their signer has come to this step.
    pub(super) struck: Ballots<Precommit>,
    /// Whom evidence of this view has been given against, and for which step.
    pub(super) named: BTreeSet<(MemberIndex, Step)>,
}

impl ViewLog {
    /// The view's proposal.
    pub(super) fn proposal(&self) -> Option<&Signed<Proposal>> {
        self.proposals.iter().next()
    }

    /// How many members have precommitted, whatever to, with a right share or a wrong one.
    pub(super) fn precommitted(&self) -> usize {
        let again = |signed: &&Signed<Precommit>| self.precommits.of(signed.member).is_some();
        self.precommits.len() + self.struck.len() - self.struck.iter().filter(again).count()
    }

    fn is_empty(&self) -> bool {
        let votes = self.prevotes.len() + self.precommits.len() + self.struck.len();
        votes + self.proposals.len() + self.named.len() == 0
    }

    fn forget(&mut self, member: MemberIndex) {
        self.proposals.remove(member);
        self.prevotes.remove(member);
        self.precommits.remove(member);
        self.struck.remove(member);
        self.named.retain(|(named, _)| *named != member);
    }
}

/// A kind of ballot, and where it stands in a view's log.
pub(super) trait Kept: Ballot {
    /// Its column.
    fn column(log: &ViewLog) -> &Ballots<Self>;
    /// Its column.
    fn column_mut(log: &mut ViewLog) -> &mut Ballots<Self>;
}

macro_rules! kept {
    ($type:ty, $column:ident) => {
        impl Kept for $type {
            fn column(log: &ViewLog) -> &Ballots<Self> {
                &log.$column
            }

            fn column_mut(log: &mut ViewLog) -> &mut Ballots<Self> {
                &mut log.$column
            }
        }
    };
}

kept!(Proposal, proposals);
kept!(Prevote, prevotes);
kept!(Precommit, precommits);

/// The votes of all kept views.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    current: View,
    logs: BTreeMap<View, ViewLog>,
    newest: BTreeMap<MemberIndex, Position>,
    /// What each member's newest position was read from: kept when its view is not, for a member
    /// that starts again is shown what it signed, not told of it.
    ballots: BTreeMap<MemberIndex, Message>,
}

impl Tally {
    /// Takes a restarted member's own messages.
    pub(super) fn restore(&mut self, state: &VoteState) {
        self.enter(state.view);
        state
            .proposal
            .iter()
            .for_each(|own| _ = self.insert(own.header.clone()));
        state
            .prevotes
            .iter()
            .for_each(|own| _ = self.insert(own.clone()));
        state
            .precommits
            .iter()
            .for_each(|own| _ = self.insert(own.clone()));
        if let Some(signed) = state.signed {
            self.note(state.member, signed);
        }
    }

    /// Moves the window to `view`.
    pub(super) fn enter(&mut self, view: View) {
        self.current = view;
        let oldest = self.oldest();
        self.logs
            .retain(|view, log| *view >= oldest && !log.is_empty());
    }

    fn oldest(&self) -> View {
        View(self.current.0.saturating_sub(PAST_VIEWS))
    }

    /// Whether a view is too old to matter.
    pub(super) fn is_past(&self, view: View) -> bool {
        view < self.oldest()
    }

    /// What is known of `view`.
    pub(super) fn log(&self, view: View) -> Option<&ViewLog> {
        self.logs.get(&view)
    }

    /// What is known of `view`, to be changed.
    pub(super) fn log_mut(&mut self, view: View) -> &mut ViewLog {
        self.logs.entry(view).or_default()
    }

    /// The kept views, oldest first.
    pub(super) fn views(&self) -> impl Iterator<Item = (View, &ViewLog)> {
        self.logs.iter().map(|(view, log)| (*view, log))
    }

    /// The member's ballot of this kind in `view`.
    pub(super) fn ballot<T: Kept>(&self, view: View, member: MemberIndex) -> Option<&Signed<T>> {
        T::column(self.log(view)?).of(member)
    }

    /// Takes a ballot whose signature is right. Returns whether its view is kept.
    pub(super) fn insert<T: Kept>(&mut self, signed: Signed<T>) -> bool {
        let log = self.log_for(&signed);
        log.map(|log| T::column_mut(log).insert(signed)).is_some()
    }

    /// Takes a precommit whose share is wrong. Returns whether its view is kept.
    pub(super) fn strike(&mut self, signed: Signed<Precommit>) -> bool {
        let log = self.log_for(&signed);
        log.map(|log| log.struck.insert(signed)).is_some()
    }

    /// The log that a ballot belongs to, if its view is kept.
    fn log_for<T: Ballot>(&mut self, signed: &Signed<T>) -> Option<&mut ViewLog> {
        let (view, member) = (signed.body.view(), signed.member);
        let is_newer = self
            .newest_of(member)
            .is_none_or(|newest| newest < signed.body.position());
        if is_newer || !self.ballots.contains_key(&member) {
            self.ballots.insert(member, T::message(signed.clone()));
        }
        self.note(member, signed.body.position());
        // One view ahead is kept whoever speaks: others may enter it a moment earlier. Further
        // ahead, only a member's newest, which is what line 55 counts.
        let near = !self.is_past(view) && view <= self.current.next();
        let newest = self
            .newest_of(member)
            .is_some_and(|newest| newest.view == view);
        (near || newest && view > self.current).then(|| self.log_mut(view))
    }

    /// Remembers how far a member has come, and drops what it had beyond the window before that.
    fn note(&mut self, member: MemberIndex, position: Position) {
        let Some(former) = self.newest.insert(member, position) else {
            return;
        };
        // Messages come late and twice: how far a member has come never goes back.
        if former >= position {
            self.newest.insert(member, former);
        } else if former.view < position.view && former.view > self.current.next() {
            let log = self.log_mut(former.view);
            log.forget(member);
            if log.is_empty() {
                self.logs.remove(&former.view);
            }
        }
    }

    /// The newest that a member has signed, as far as is known.
    pub(super) fn newest_of(&self, member: MemberIndex) -> Option<Position> {
        self.newest.get(&member).copied()
    }

    /// The newest message that a member has signed, as far as is known.
    pub(super) fn newest_ballot_of(&self, member: MemberIndex) -> Option<&Message> {
        self.ballots.get(&member)
    }

    /// The highest view such that `count` members other than `except` have signed something of it
    /// or of a later one.
    pub(super) fn view_reached_by(&self, count: usize, except: MemberIndex) -> Option<View> {
        let mut views: Vec<View> = self
            .newest
            .iter()
            .filter(|(member, _)| **member != except)
            .map(|(_, position)| position.view)
            .collect();
        // Sorted downwards, the count-th is the view that so many have reached: the highest of all
        // would let one liar pull everybody into whatever view it names.
        views.sort_unstable_by(|a, b| b.cmp(a));
        views.get(count.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::vote::Subject;
    use proptest::prelude::*;
    use sealbid_types::bytes::FixedBytes;
    use sealbid_types::id::{Epoch, Round};
    use sealbid_types::keys::Signature;

    fn prevote(member: u8, view: u32, value: Option<u8>) -> Signed<Prevote> {
        let body = Prevote {
            auction: [0; 32].into(),
            epoch: Epoch(0),
            subject: Subject::Close,
            round: Round(1),
            view: View(view),
            value: value.map(|byte| [byte; 32].into()),
        };
        Signed {
            body,
            member: MemberIndex(member),
            signature: Signature(FixedBytes([0; 64])),
        }
    }

    #[test]
    fn the_first_vote_of_a_member_counts() {
        let mut ballots = Ballots::default();
        for (member, value) in [(0, Some(1)), (0, Some(2)), (1, Some(1)), (2, None)] {
            ballots.insert(prevote(member, 0, value));
        }
        assert_eq!(ballots.len(), 3);
        assert_eq!(ballots.quorum_value(2), Some(Some([1; 32].into())));
        assert_eq!(ballots.quorum_value(3), None);
    }

    #[test]
    fn a_view_is_reached_by_members_at_it_or_beyond() {
        let mut tally = Tally::default();
        for (member, view) in [(0, 9), (1, 3), (2, 5), (3, 4)] {
            tally.insert(prevote(member, view, None));
        }
        let reached = |count| tally.view_reached_by(count, MemberIndex(1));
        assert_eq!(
            [reached(1), reached(2), reached(3)].map(|v| v.unwrap().0),
            [9, 5, 4]
        );
        assert_eq!(reached(4), None);
        assert_eq!(reached(0), None);
    }

    proptest! {
        /// Whatever one of two members sends, memory is bounded, and the other's votes stay.
        #[test]
        fn a_flood_of_views_does_not_grow_the_tally(
            views in prop::collection::vec(0u32..1_000, 1..200),
            honest in 0u32..50,
        ) {
            let mut tally = Tally::default();
            tally.enter(View(40));
            let kept = tally.insert(prevote(1, honest, None));
            prop_assert_eq!(kept, honest >= 40 - PAST_VIEWS);
            for view in views {
                tally.insert(prevote(0, view, None));
                let own_views = tally.views().filter(|(_, log)| log.prevotes.of(MemberIndex(0)).is_some());
                prop_assert!(own_views.count() <= PAST_VIEWS as usize + 3);
                let others = tally.ballot::<Prevote>(View(honest), MemberIndex(1));
                prop_assert_eq!(others.is_some(), kept);
            }
            prop_assert!(tally.logs.len() <= PAST_VIEWS as usize + 4);
        }
    }
}
