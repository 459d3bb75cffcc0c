//! Clients with keys of no account, and what they do.

use sealbid_types::envelope::Kind;
use sealbid_types::id::{MemberIndex, Round};

use crate::house::adversary::{fill_far_rounds, fill_quota, share_u};
use crate::house::people::Person;
use crate::house::world::World;
use crate::world::Draws;

/// Between what two strangers submit, in milliseconds.
const APART: u64 = 20;

/// What strangers do. Keys are free, and so are identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// One key submits more than its share of intents for the open round.
    FillQuota,
    /// Many keys submit intents for a round to come.
    FillFarRounds,
    /// Many keys quote for a round to come.
    CrowdQuotes,
    /// Two intents to two halves of the members, sealed with one scalar.
    ClashingPoints,
    /// What is sealed opens to noise.
    Garbage,
    /// An envelope of another round and key under a good signature, whose proofs are of the old
    /// one.
    Relabel,
}

const ALL: [Strangers; 6] = [
    Strangers::FillQuota,
    Strangers::FillFarRounds,
    Strangers::CrowdQuotes,
    Strangers::ClashingPoints,
    Strangers::Garbage,
    Strangers::Relabel,
];

impl Strangers {
    pub(super) fn draw(draws: &mut Draws) -> Self {
        ALL[usize::try_from(draws.below(ALL.len() as u64)).unwrap()]
    }

    /// What they do, in a few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FillQuota => "strangers fill a quota",
            Self::FillFarRounds => "strangers fill far rounds",
            Self::CrowdQuotes => "strangers crowd out quotes",
            Self::ClashingPoints => "strangers share a point",
            Self::Garbage => "strangers seal garbage",
            Self::Relabel => "strangers relabel envelopes",
        }
    }

    /// Submits what they have, `at` milliseconds from now.
    pub(super) fn submit(self, world: &mut World, seed: u64, at: u64) {
        let house = world.house.clone();
        let members: Vec<MemberIndex> = house.members().collect();
        let near = Round(1 + at / u64::from(house.committee.schedule.period_ms));
        let envelopes = match self {
            Self::FillQuota => fill_quota(&house, seed ^ at, Kind::Intent, near, 12),
            Self::FillFarRounds => {
                fill_far_rounds(&house, seed ^ at, Kind::Intent, Round(near.0 + 3), 4, 3)
            }
            Self::CrowdQuotes => {
                fill_far_rounds(&house, seed ^ at, Kind::Quote, Round(near.0 + 2), 6, 2)
            }
            Self::ClashingPoints => {
                let mut person = Person::new(seed ^ at, 4_000_000);
                let first = person.swap(&house, 1_000, 1_900, Round(1), 60);
                let second = person.swap(&house, 1_000, 1_900, Round(1), 60);
                [first, second]
                    .map(|envelope| share_u(&person, &envelope, seed ^ at))
                    .to_vec()
            }
            Self::Garbage => {
                let mut person = Person::new(seed ^ at, 4_000_001);
                let envelope = person.swap(&house, 1_000, 1_900, Round(1), 60);
                // Its key was of another point: what opens is noise.
                vec![share_u(&person, &envelope, seed ^ at ^ 1)]
            }
            Self::Relabel => {
                let mut person = Person::new(seed ^ at, 4_000_002);
                let envelope = person.swap(&house, 1_000, 1_900, Round(1), 60);
                vec![person.relabel(&envelope, |header| header.last = Round(61))]
            }
        };
        // One after the other: members fill with what comes to each first, and what comes later they
        // refuse.
        let all = (0..).zip(envelopes.iter().zip(members.iter().cycle()));
        for (number, (envelope, to)) in all {
            world.submit_aside(*to, envelope, at + APART * number);
        }
    }
}
