//! Everything at once, in mixes that the seed draws: swarm testing.

use std::collections::BTreeSet;

use sealbid_protocol::member::Rules;
use sealbid_protocol::member::rules::seal::Seal;
use sealbid_tests::house::{Failure, Ingredient, Outcome, Strangers, Swarm};
use sealbid_types::door::{Refusal, RefusalCode};
use sealbid_types::envelope::Header;
use sealbid_types::id::Round;

use super::scenario::seeds;

fn play(seed: u64) -> Outcome {
    let swarm = Swarm::draw(seed);
    let played = swarm.play();
    played.unwrap_or_else(|failure| panic!("{failure}\n{swarm:?}"))
}

#[test]
fn any_mix_of_faults_and_lies() {
    let seeds = seeds();
    let settled: u64 = seeds.iter().map(|seed| play(*seed).rounds).sum();
    assert!(settled > 0 || seeds.len() == 1, "no run settled a round");
}

#[test]
fn a_seed_replays_bit_for_bit() {
    for seed in [1, 2] {
        let (one, other) = (play(seed), play(seed));
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert_eq!(one.happened, other.happened, "seed {seed}");
    }
    assert_ne!(play(1).trace, play(2).trace, "all seeds are alike");
}

/// What is left of a mix is a run of its own, which is what a failing one is made smaller by.
#[test]
fn a_part_of_a_mix_replays_too() {
    let swarm = Swarm::draw(3);
    let some: BTreeSet<usize> = swarm.kept().iter().copied().step_by(2).collect();
    let part = || swarm.clone().keeping(&some).play();
    let (one, other) = (part().unwrap(), part().unwrap());
    assert_eq!(one.trace, other.trace);
    assert_ne!(one.trace, play(3).trace, "nothing was left out");
}

/// Mixes in which a restored member contradicted itself: who had heard it before was starting, or settled the
/// round before, and did not keep what it heard.
#[test]
fn what_was_heard_out_of_turn_is_shown_to_its_signer() {
    for (seed, kept) in [(15_301, vec![2, 5, 6, 7]), (9_434, vec![1, 4, 6, 8, 9, 11])] {
        let swarm = Swarm::draw(seed).keeping(&kept.into_iter().collect());
        let played = swarm.play();
        played.unwrap_or_else(|failure| panic!("{failure}\n{swarm:?}"));
    }
}

/// Two liars answered each other's empty lists, twice where messages come twice, for ever.
#[test]
fn liars_who_answer_each_other_end() {
    play(26_069);
}

/// Finds a reason to refuse whatever comes.
#[derive(Debug)]
enum RefusesAll {}

impl Seal for RefusesAll {}
impl Rules for RefusesAll {
    fn place(_: Result<Round, Refusal>, _: &Header, _: Round) -> Result<Round, Refusal> {
        Err(Refusal {
            code: RefusalCode::Quota,
            message: "no".to_owned(),
        })
    }
}

/// A run without a receipt fails, though strangers try to take all places of its rounds: only where a
/// trader has found one full is it excused.
#[test]
fn members_that_refuse_all_are_not_excused_by_strangers() {
    let fills = |it: &Ingredient| {
        let Ingredient::Strangers(strangers, _) = it else {
            return false;
        };
        matches!(strangers, Strangers::FillFarRounds | Strangers::FillQuota)
    };
    let is_one = |swarm: &Swarm| {
        let has =
            |is_it: &dyn Fn(&Ingredient) -> bool| swarm.ingredients().any(|(_, it)| is_it(it));
        swarm.is_live() && has(&fills) && has(&|it| matches!(it, Ingredient::FewPlaces(..)))
    };
    let swarm = (1..).map(Swarm::draw).find(is_one).unwrap();
    let mut world = swarm.world();
    world.put_under::<RefusesAll>();
    let played = swarm.play_in(world);
    assert!(matches!(played, Err(Failure::Unheard(_))), "{played:?}");
}
