//! Where a house stands: the median of what its members say, since one of them may lie.

use core::time::Duration;
use std::collections::BTreeMap;

use sealbid_types::door::{Head, Phase};
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::time::Timestamp;

use crate::committee::CommitteeFile;
use crate::error::ClientError;
use crate::order::Window;

/// Where a house stands. As long as fewer than half of those that answered lie, each value lies
/// between those of two honest members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The round in progress.
    pub round: Round,
    /// Its phase.
    pub phase: Phase,
    /// The newest settled round.
    pub settled: Round,
    /// The time.
    pub now: Timestamp,
    /// How many members are alive.
    pub alive: usize,
    /// The earliest time at which a round can close, if the last one closed while the members'
    /// clocks were ahead.
    pub waits_until: Option<Timestamp>,
    /// What each member says.
    pub heads: BTreeMap<MemberIndex, Head>,
}

impl Standing {
    /// The standing by these heads; none without any. Members that are catching up count only if
    /// there are no others.
    #[must_use]
    pub fn of(heads: BTreeMap<MemberIndex, Head>) -> Option<Self> {
        let current = |head: &&Head| head.phase != Phase::CatchingUp;
        let mut voices: Vec<&Head> = heads.values().filter(current).collect();
        if voices.is_empty() {
            voices = heads.values().collect();
        }
        let (round, phase) = median(&voices, |head| (head.round, head.phase))?;
        Some(Self {
            round,
            phase,
            settled: median(&voices, |head| head.settled)?,
            now: median(&voices, |head| head.now)?,
            alive: median(&voices, |head| head.alive.len())?,
            waits_until: median(&voices, |head| head.waits_until)?,
            heads,
        })
    }

    /// The round that an intent sent now would be for.
    #[must_use]
    pub const fn next_intents(&self) -> Round {
        match self.phase {
            Phase::Intents | Phase::CatchingUp => self.round,
            _ => self.round.next(),
        }
    }

    /// Whether enough members are alive to acknowledge an envelope.
    ///
    /// # Errors
    /// [`ClientError::NoQuorum`].
    pub fn require_quorum(&self, committee: &impl AsRef<CommitteeFile>) -> Result<(), ClientError> {
        let committee = committee.as_ref().committee();
        let (alive, quorum) = (self.alive, committee.quorum());
        if alive < quorum {
            let members = usize::from(committee.members());
            return Err(ClientError::NoQuorum {
                alive,
                members,
                quorum,
            });
        }
        Ok(())
    }

    /// The window of an intent sent now that may wait for `rounds` rounds, until `deadline`.
    ///
    /// # Errors
    /// [`ClientError::Rounds`]; [`ClientError::Deadline`] if no round can close in time.
    pub fn window(
        &self,
        committee: &impl AsRef<CommitteeFile>,
        rounds: u64,
        deadline: Timestamp,
    ) -> Result<Window, ClientError> {
        let schedule = &committee.as_ref().committee().schedule;
        let last = self
            .next_intents()
            .0
            .saturating_add(rounds.saturating_sub(1));
        if !(1..=MOST_ROUNDS).contains(&rounds) {
            return Err(ClientError::Rounds(rounds));
        }
        // The slot that is under way may be frozen already: then the next one's end counts.
        let slots = if self.next_intents() == self.round {
            1
        } else {
            2
        };
        let period = Duration::from_millis(u64::from(schedule.period_ms));
        let closing = schedule
            .end_of(schedule.newest_ended(self.now))
            .plus(period * slots);
        if deadline < self.waits_until.map_or(closing, |until| until.max(closing)) {
            return Err(ClientError::Deadline);
        }
        Ok(Window {
            first: self.round,
            last: Round(last),
            expires: deadline,
        })
    }
}

fn median<T: Ord + Clone>(heads: &[&Head], value: impl Fn(&Head) -> T) -> Option<T> {
    let mut values: Vec<T> = heads.iter().map(|head| value(head)).collect();
    values.sort();
    values.get(values.len().checked_sub(1)? / 2).cloned()
}

#[cfg(test)]
mod tests;
