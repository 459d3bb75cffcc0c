//! The links between members: what is lost, doubled, delayed or cut.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::id::MemberIndex;

use super::Draws;

/// A time during which some members are not heard by some others. One way: for a partition there
/// are two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// From when, in milliseconds of true time.
    pub begin: u64,
    /// Until when.
    pub end: u64,
    /// Who is not heard.
    pub from: BTreeSet<MemberIndex>,
    /// Who does not hear them.
    pub to: BTreeSet<MemberIndex>,
    /// If it flaps: so many milliseconds cut, as many not, and so on.
    pub flaps: Option<u64>,
}

impl Cut {
    /// A cut both ways between `side` and everybody else of `members`.
    #[must_use]
    pub fn both_ways(begin: u64, end: u64, members: u8, side: &BTreeSet<MemberIndex>) -> [Self; 2] {
        let rest: BTreeSet<_> = MemberIndex::all(members)
            .filter(|member| !side.contains(member))
            .collect();
        [(side, &rest), (&rest, side)].map(|(from, to)| Self {
            begin,
            end,
            from: from.clone(),
            to: to.clone(),
            flaps: None,
        })
    }

    fn holds(&self, now: u64, from: MemberIndex, to: MemberIndex) -> bool {
        let is_now = (self.begin..self.end).contains(&now);
        let is_on = |length: u64| ((now - self.begin) / length.max(1)).is_multiple_of(2);
        is_now && self.from.contains(&from) && self.to.contains(&to) && self.flaps.is_none_or(is_on)
    }
}

/// How the links of a run behave. Chances are in thousandths.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// A message is lost.
    pub loss: u64,
    /// A message comes twice.
    pub duplication: u64,
    /// The most that a message is delayed, in milliseconds.
    pub delay: u64,
    /// Members whose messages, and those to them, take so many milliseconds longer.
    pub slow: BTreeMap<MemberIndex, u64>,
    /// Until when messages are lost and doubled: for ever if there is no end.
    pub until: Option<u64>,
    /// Who is cut off from whom, and when.
    pub cuts: Vec<Cut>,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A cut swallows it.
    Cut,
    /// It is lost.
    Lost,
    /// It arrives after so many milliseconds, once or twice.
    Arrives(Vec<u64>),
}

impl Links {
    /// Whether a cut lies between two members now.
    #[must_use]
    pub fn is_cut(&self, now: u64, from: MemberIndex, to: MemberIndex) -> bool {
        self.cuts.iter().any(|cut| cut.holds(now, from, to))
    }

    /// Whether messages are lost and doubled now.
    #[must_use]
    pub fn are_bad(&self, now: u64) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// How long a message takes.
    pub fn delay(&self, draws: &mut Draws) -> u64 {
        1 + draws.below(self.delay + 1)
    }

    /// What becomes of a message that is sent now.
    pub fn fate(&self, now: u64, from: MemberIndex, to: MemberIndex, draws: &mut Draws) -> Fate {
        if self.is_cut(now, from, to) {
            return Fate::Cut;
        }
        let is_bad = self.are_bad(now);
        if is_bad && draws.permille(self.loss) {
            return Fate::Lost;
        }
        let copies = if is_bad && draws.permille(self.duplication) {
            2
        } else {
            1
        };
        let slow = |member| self.slow.get(&member).copied().unwrap_or(0);
        let more = slow(from) + slow(to);
        Fate::Arrives((0..copies).map(|_| self.delay(draws) + more).collect())
    }
}
