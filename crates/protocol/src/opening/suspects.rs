//! Whose shares were wrong of late.
//!
//! The first q members that answer are combined at once, and shares are looked at one by one only if
//! that fails. A liar with a low index would cost every round the slow path: its shares go last. That
//! is an order of trying and never a verdict, and only ever follows from a proven lie.

use std::collections::BTreeMap;

use sealbid_types::codec::decode;
use sealbid_types::id::{MemberIndex, Round};

use crate::disk::{Recall, Table};
use crate::evidence::Evidence;

/// For how many rounds a proven lie is remembered.
const MEMORY: u64 = 64;

/// Members that lied, and in which round last.
#[derive(Debug, Default)]
pub(crate) struct Suspects(BTreeMap<MemberIndex, Round>);

impl Suspects {
    /// Those that the evidence on disk accuses. It outlives a restart, and so does what it teaches; a
    /// row that cannot be read teaches nothing.
    pub(crate) fn recall(disk: &impl Recall) -> Self {
        let mut suspects = Self::default();
        for (_, bytes) in disk.scan(Table::Evidence) {
            if let Ok(evidence) = decode::<Evidence>(&bytes)
                && evidence.is_of_shares()
                && let Some(member) = evidence.member()
            {
                suspects.note(member, evidence.round());
            }
        }
        suspects
    }

    /// A member's share for `round` was proven wrong.
    pub(crate) fn note(&mut self, member: MemberIndex, round: Round) {
        let last = self.0.entry(member).or_default();
        *last = round.max(*last);
    }

    /// Members whose shares were wrong in one of the rounds before `round`, or in it.
    pub(crate) fn in_round(&self, round: Round) -> impl Iterator<Item = MemberIndex> {
        let lied = self.0.iter();
        let oldest = Round(round.0.saturating_sub(MEMORY));
        lied.filter(move |(_, last)| **last >= oldest)
            .map(|(member, _)| *member)
    }

    /// Leaves the suspects' shares out, if there are `quorum` members without them.
    pub(crate) fn last<T>(
        &self,
        mut shares: BTreeMap<MemberIndex, T>,
        round: Round,
        quorum: usize,
    ) -> BTreeMap<MemberIndex, T> {
        let suspects: Vec<_> = self.in_round(round).collect();
        let is_suspect = |member: &MemberIndex| suspects.contains(member);
        let trusted = shares.keys().filter(|member| !is_suspect(member)).count();
        if trusted >= quorum {
            shares.retain(|member, _| !is_suspect(member));
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspects_go_last_for_a_while() {
        let mut suspects = Suspects::default();
        suspects.note(MemberIndex(0), Round(3));
        let shares = |members: &[u8]| -> BTreeMap<_, _> {
            members
                .iter()
                .map(|member| (MemberIndex(*member), ()))
                .collect()
        };
        let chosen = |members: &[u8], round| -> Vec<u8> {
            let chosen = suspects.last(shares(members), Round(round), 3);
            chosen.keys().map(|member| member.0).collect()
        };
        assert_eq!(chosen(&[0, 1, 2, 3], 4), [1, 2, 3]);
        assert_eq!(chosen(&[0, 1, 2], 4), [0, 1, 2], "no quorum without it");
        assert_eq!(chosen(&[0, 1, 2, 3], 3 + MEMORY), [1, 2, 3]);
        assert_eq!(chosen(&[0, 1, 2, 3], 4 + MEMORY), [0, 1, 2, 3]);
    }
}
