//! Heartbeats of the other members. Everything here is said, not proven.

use core::time::Duration;
use std::collections::BTreeMap;

use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::time::Timestamp;

use super::answers::{Answered, Asked};
use crate::member::message::Heartbeat;
use crate::time::{Clock, Monotonic};

/// How often the wait for a record doubles: a liar that says it is far ahead costs one request in
/// so many times the first wait.
const MOST_DOUBLINGS: u32 = 6;

/// How long a record is waited for that neither comes nor is said not to come: longer than fetching
/// and checking the largest takes.
const RECORD_TIMEOUT: Duration = Duration::from_secs(360);

/// What a member has said, in its last heartbeat.
#[derive(Debug, Clone, Copy)]
struct Peer {
    heard: Monotonic,
    answered: Answered,
    /// When a record was asked of it that has not come.
    asked: Option<Monotonic>,
    settled: Round,
    /// The time that it said it was, and when it said so.
    clock: Option<(Timestamp, Monotonic)>,
    /// No record is asked of it before this.
    ask_from: Monotonic,
    /// How many records were asked of it in vain, one after another.
    in_vain: u32,
}

impl Peer {
    fn came_to_nothing(&mut self, now: Monotonic, patience: Duration) {
        let wait = patience.saturating_mul(1 << self.in_vain.min(MOST_DOUBLINGS));
        self.asked = None;
        self.in_vain = self.in_vain.saturating_add(1);
        self.ask_from = now.plus(wait);
    }
}

/// The other members.
#[derive(Debug)]
pub(crate) struct Peers {
    me: MemberIndex,
    known: BTreeMap<MemberIndex, Peer>,
    behind_since: Option<Monotonic>,
    /// When a record was last asked for.
    last_asked: Monotonic,
    was_off: bool,
}

impl Peers {
    /// Nobody has been heard.
    pub(crate) const fn new(me: MemberIndex) -> Self {
        Self {
            me,
            known: BTreeMap::new(),
            behind_since: None,
            last_asked: Monotonic(0),
            was_off: false,
        }
    }

    /// A member was heard.
    pub(crate) fn heard(&mut self, from: MemberIndex, now: Monotonic) {
        let peer = self.known.entry(from).or_insert(Peer {
            heard: now,
            answered: Answered::default(),
            asked: None,
            settled: Round(0),
            clock: None,
            ask_from: now,
            in_vain: 0,
        });
        peer.heard = now;
    }

    /// A member said where it stands. The last word counts: an earlier one, larger or not, is
    /// taken back by it.
    pub(crate) fn heartbeat(&mut self, from: MemberIndex, said: &Heartbeat, now: Monotonic) {
        if let Some(peer) = self.known.get_mut(&from) {
            peer.settled = said.settled;
            peer.clock = Some((said.clock, now));
        }
    }

    /// Whether something that a member asks is answered: each has so much of this member's time.
    pub(crate) fn may_answer(&mut self, to: MemberIndex, what: Asked, now: Monotonic) -> bool {
        self.known
            .get_mut(&to)
            .is_some_and(|peer| peer.answered.count(what, now))
    }

    /// Members heard lately, this one included.
    pub(crate) fn alive(&self, now: Monotonic, absent_after: Duration) -> Vec<MemberIndex> {
        let heard = self
            .known
            .iter()
            .filter(|(_, peer)| now.since(peer.heard) < absent_after)
            .map(|(member, _)| *member);
        let mut alive: Vec<_> = heard.chain([self.me]).collect();
        alive.sort_unstable();
        alive.dedup();
        alive
    }

    /// The latest round that more members than may lie say they have settled: for people.
    pub(crate) fn settled_by_most(&self, liars: usize) -> Round {
        let mut settled: Vec<_> = self.known.values().map(|peer| peer.settled).collect();
        settled.sort_unstable_by(|a, b| b.cmp(a));
        settled.get(liars).copied().unwrap_or_default()
    }

    /// The latest time that `quorum` members have said it is, this one counted: at least one of
    /// them is honest and has a clock that is past it.
    pub(crate) fn time_said_by(&self, quorum: usize, wall: Timestamp) -> Option<Timestamp> {
        let said = self.known.values().filter_map(|peer| peer.clock);
        passed_by(quorum, said.map(|(time, _)| time).chain([wall]))
    }

    /// The same as far as it can be told now: what was said has run on since.
    pub(crate) fn time_shown_by(&self, quorum: usize, now: Clock) -> Option<Timestamp> {
        let said = self.known.values().filter_map(|peer| peer.clock);
        let there = said.map(|(said, at)| said.plus(now.monotonic.since(at)));
        passed_by(quorum, there.chain([now.wall]))
    }

    /// How far each member's clock is from this one's, in milliseconds, by what it said last:
    /// positive if it is ahead.
    pub(crate) fn offsets(&self, now: Clock) -> Vec<(MemberIndex, i64)> {
        let offset = |(member, peer): (&MemberIndex, &Peer)| {
            let (said, at) = peer.clock?;
            let there = said.plus(now.monotonic.since(at));
            Some((*member, difference(there, now.wall)))
        };
        self.known.iter().filter_map(offset).collect()
    }

    /// How far this member's clock is ahead of the median of what members say, in milliseconds, if
    /// `quorum` of them have said it, this one counted. A liar moves the median no further than
    /// from one honest clock to the next.
    pub(crate) fn ahead_of_median(&self, quorum: usize, now: Clock) -> Option<i64> {
        let said = self.offsets(now).into_iter().map(|(_, offset)| offset);
        let mut offsets: Vec<_> = said.chain([0]).collect();
        if offsets.len() < quorum {
            return None;
        }
        offsets.sort_unstable();
        let median = offsets.get(offsets.len().checked_div(2)?)?;
        Some(median.saturating_neg())
    }

    /// [`Self::ahead_of_median`] if it is more than `most`; said once each time it comes about.
    pub(crate) fn clock_is_off(
        &mut self,
        quorum: usize,
        now: Clock,
        most: Duration,
    ) -> Option<i64> {
        let most = i64::try_from(most.as_millis()).unwrap_or(i64::MAX);
        let ahead = self
            .ahead_of_median(quorum, now)
            .filter(|ahead| ahead.saturating_abs() > most);
        let is_news = ahead.is_some() && !self.was_off;
        self.was_off = ahead.is_some();
        ahead.filter(|_| is_news)
    }

    /// Whom to ask for the record after `settled`, when it is time to.
    ///
    /// Peers are a moment ahead all the time: only one that says it is two rounds ahead, or has
    /// been ahead for `patience`, has what will not come here by itself. The one that has failed
    /// least is asked, and another one beside it if it takes its time, each after twice the wait:
    /// to fetch and check a large record takes seconds, and is no lie. A peer that says it is ahead
    /// and brings nothing is asked again after twice the wait, whatever it says.
    pub(crate) fn fetch_from(
        &mut self,
        settled: Round,
        now: Monotonic,
        patience: Duration,
    ) -> Option<MemberIndex> {
        self.give_up_waiting(now, patience);
        let ahead = |peer: &Peer| peer.settled > settled;
        if !self.known.values().any(ahead) {
            self.behind_since = None;
            return None;
        }
        let since = *self.behind_since.get_or_insert(now);
        let is_late = now.since(since) >= patience;
        let asked = self.known.values().filter(|peer| peer.asked.is_some());
        let asked = u32::try_from(asked.count()).unwrap_or(u32::MAX);
        if let Some(others) = asked.checked_sub(1) {
            let wait = patience.saturating_mul(1 << others.min(MOST_DOUBLINGS));
            if now.since(self.last_asked) < wait {
                return None;
            }
        }
        let may_be_asked = |peer: &Peer| {
            ahead(peer)
                && peer.asked.is_none()
                && now >= peer.ask_from
                && (is_late || peer.settled > settled.next())
        };
        let candidates = self.known.iter_mut();
        let (next, peer) = candidates
            .filter(|(_, peer)| may_be_asked(peer))
            .min_by_key(|(member, peer)| (peer.in_vain, **member))?;
        peer.asked = Some(now);
        self.last_asked = now;
        Some(*next)
    }

    /// What has not come by now will not come.
    fn give_up_waiting(&mut self, now: Monotonic, patience: Duration) {
        for peer in self.known.values_mut() {
            if peer.asked.is_some_and(|at| now.since(at) >= RECORD_TIMEOUT) {
                peer.came_to_nothing(now, patience);
            }
        }
    }

    /// A record that was asked of `from` does not come, or is of no use.
    pub(crate) fn brought_nothing(
        &mut self,
        from: MemberIndex,
        now: Monotonic,
        patience: Duration,
    ) {
        if let Some(peer) = self.known.get_mut(&from)
            && peer.asked.is_some()
        {
            peer.came_to_nothing(now, patience);
        }
    }

    /// A record that was asked of `from` has come.
    pub(crate) fn brought_record(&mut self, from: MemberIndex) {
        if let Some(peer) = self.known.get_mut(&from) {
            peer.asked = None;
            peer.in_vain = 0;
        }
    }

    /// A round is settled here.
    pub(crate) const fn caught_up(&mut self) {
        self.behind_since = None;
    }
}

/// The latest time that so many of these have passed.
fn passed_by(quorum: usize, times: impl Iterator<Item = Timestamp>) -> Option<Timestamp> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.get(quorum.checked_sub(1)?).copied()
}

fn difference(a: Timestamp, b: Timestamp) -> i64 {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    millis(a.since(b)).saturating_sub(millis(b.since(a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sealbid_types::id::AuctionId;

    fn said(settled: u64, clock: u64) -> Heartbeat {
        Heartbeat {
            auction: AuctionId::from([0; 32]),
            clock: Timestamp(clock),
            settled: Round(settled),
            certified: Round(settled),
            question: None,
        }
    }

    fn peers(said_by: &[Heartbeat]) -> Peers {
        let mut peers = Peers::new(MemberIndex(0));
        for (index, heartbeat) in (1..).zip(said_by) {
            peers.heard(MemberIndex(index), Monotonic(0));
            peers.heartbeat(MemberIndex(index), heartbeat, Monotonic(0));
        }
        peers
    }

    const PATIENCE: Duration = Duration::from_millis(800);

    #[test]
    fn one_liar_that_is_far_ahead_changes_nothing_that_people_see() {
        let peers = peers(&[said(u64::MAX, 0), said(7, 0), said(6, 0)]);
        assert_eq!(peers.settled_by_most(1), Round(7));
    }

    #[test]
    fn a_liar_that_is_far_ahead_is_asked_ever_more_rarely() {
        let mut peers = peers(&[said(u64::MAX, 0), said(7, 0), said(7, 0)]);
        let mut asked = Vec::new();
        for second in 0..600 {
            asked.extend(peers.fetch_from(Round(7), Monotonic(second * 1_000), PATIENCE));
        }
        assert!(asked.iter().all(|member| *member == MemberIndex(1)));
        assert!((2..20).contains(&asked.len()), "{}", asked.len());
    }

    #[test]
    fn a_liar_does_not_keep_an_honest_member_from_being_asked() {
        let mut peers = peers(&[said(u64::MAX, 0), said(9, 0)]);
        let first = peers.fetch_from(Round(7), Monotonic(0), PATIENCE);
        assert_eq!(first, Some(MemberIndex(1)));
        assert_eq!(
            peers.fetch_from(Round(7), Monotonic(1), PATIENCE),
            None,
            "one at a time"
        );
        let second = peers.fetch_from(Round(7), Monotonic(801), PATIENCE);
        assert_eq!(second, Some(MemberIndex(2)));
        peers.brought_record(MemberIndex(2));
        peers.caught_up();
        let third = peers.fetch_from(Round(8), Monotonic(802), PATIENCE);
        assert_eq!(third, None, "one round behind is no reason to ask yet");
    }

    #[test]
    fn what_was_said_is_taken_back_by_what_is_said_later() {
        let mut peers = peers(&[said(u64::MAX, 0)]);
        peers.heartbeat(MemberIndex(1), &said(3, 0), Monotonic(5));
        assert_eq!(peers.settled_by_most(0), Round(3));
    }

    #[test]
    fn a_clock_that_is_off_says_so_once_whichever_way() {
        for (wall, ahead) in [(1_600_000, 600_000), (400_000, -600_000)] {
            let mut peers = peers(&[said(0, 1_000_000), said(0, 1_000_500), said(0, 999_000)]);
            let now = Clock {
                wall: Timestamp(wall),
                monotonic: Monotonic(0),
            };
            let off = peers.clock_is_off(3, now, Duration::from_secs(5)).unwrap();
            assert!((off - ahead).abs() <= 1_000, "{off}");
            assert_eq!(
                peers.clock_is_off(3, now, Duration::from_secs(5)),
                None,
                "said"
            );
        }
    }

    proptest! {
        /// One liar of four moves neither the median nor the quorum's time beyond honest clocks.
        #[test]
        fn a_liar_moves_no_time_beyond_the_honest(
            mine in 0u64..10_000, a in 0u64..10_000, b in 0u64..10_000, lie in any::<u32>(),
        ) {
            let base = 1_000_000;
            let peers = peers(&[said(0, base + a), said(0, base + b), said(0, u64::from(lie))]);
            let now = Clock { wall: Timestamp(base + mine), monotonic: Monotonic(0) };
            let honest = [mine, a, b];
            let (least, most) = (*honest.iter().min().unwrap(), *honest.iter().max().unwrap());
            for time in [peers.time_said_by(3, now.wall), peers.time_shown_by(3, now)] {
                prop_assert!(time.unwrap() <= Timestamp(base + most));
            }
            let off = peers.ahead_of_median(3, now).unwrap();
            let median = i64::try_from(mine).unwrap() - off;
            prop_assert!((i64::try_from(least).unwrap()..=i64::try_from(most).unwrap()).contains(&median));
        }
    }
}
