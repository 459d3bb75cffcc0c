//! A market day: traders and solvers that come at random times.

use sealbid_types::id::{MemberIndex, Round};

use super::people::Person;
use super::world::World;
use crate::world::Draws;

/// Swaps at random times and members, and quotes for the rounds to come.
pub fn trade(world: &mut World, seed: u64, swaps: u64, span: u64) {
    let mut draws = Draws::new(seed, "trade");
    let members = world.house.committee.members();
    for round in 1..=12 {
        let mut solver = Person::new(seed, 1_000 + round);
        let quote = solver.quote(&world.house, Round(round), 2_000, 1_000, 1_000_000);
        let to = MemberIndex(u8::try_from(draws.below(members.into())).unwrap());
        world.submit(to, &quote, 1_500);
    }
    for number in 0..swaps {
        let mut trader = Person::new(seed, number);
        let want = if draws.permille(200) { 2_500 } else { 1_900 };
        let swap = trader.swap(&world.house, 1_000, want, Round(1), 60);
        let to = MemberIndex(u8::try_from(draws.below(members.into())).unwrap());
        let after = 1_500 + draws.below(span);
        world.submit(to, &swap, after);
    }
}
