//! Everything at once, in mixes that the seed draws: swarm testing.

use sealbid_tests::house::{Swarm, World};
use sealbid_types::id::MemberIndex;

use super::scenario::{seeds, trade};

/// After the last fault, what has a receipt is settled within so many slots.
const SLOTS: u64 = 25;

fn play(seed: u64) -> World {
    let swarm = Swarm::draw(seed);
    let mut world = swarm.world();
    trade(&mut world, seed, 10, swarm.calm_at());
    world.run(swarm.calm_at());
    let period = u64::from(world.house.committee.schedule.period_ms);
    let is_settled = world.run_until(SLOTS * period, World::is_settled);
    assert!(
        is_settled || !swarm.is_live(),
        "{swarm:?}\n{}",
        world.describe()
    );
    world.check();
    swarm.check(&world);
    world
}

#[test]
fn any_mix_of_faults_and_lies() {
    let mut settled = 0;
    let seeds = seeds();
    for seed in &seeds {
        let world = play(*seed);
        settled += world.settled(MemberIndex(0)).0;
    }
    assert!(settled > 0 || seeds.len() == 1, "no run settled a round");
}

#[test]
fn a_seed_replays_bit_for_bit() {
    for seed in [1, 2] {
        let (one, other) = (play(seed), play(seed));
        assert_eq!(one.trace(), other.trace(), "seed {seed}");
        assert_eq!(one.counts, other.counts, "seed {seed}");
    }
    assert_ne!(play(1).trace(), play(2).trace(), "all seeds are alike");
}
