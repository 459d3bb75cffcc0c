//! What one member reports, proposes or spreads, no round hangs on.

use std::collections::BTreeSet;

use sealbid_protocol::member::Notice;
use sealbid_protocol::vote::Subject;
use sealbid_tests::house::adversary::{
    BogusIds, ExtraEnvelope, FarRounds, IdleReporter, LateReporter, OmittingProposer,
    PoisonedSignatures, StaleSlot, ThirdReport,
};
use sealbid_tests::house::{Caps, Fault, Faults, Fixture, Person, World};
use sealbid_types::id::{MemberIndex, Round, View};

use super::scenario::{first_proposer, run, seeds, settle_within, swap, trade};

#[test]
fn a_late_report_is_not_waited_for() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, LateReporter::new(3_000));
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(world.counts.lies > 0, "seed {seed}: nobody was late");
    }
}

/// The first proposer leaves an intent out of what it proposes, and shows everybody the same. Those
/// that have the reports prevote nil, and the next proposer lists it.
#[test]
fn a_proposal_without_a_reported_intent_is_voted_down() {
    let liar = first_proposer();
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        world.corrupt(liar, OmittingProposer);
        for number in 0..4 {
            world.submit(MemberIndex(3), &swap(&world, number), 1_500);
        }
        run(&mut world, seed, 5_000);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was left out");
        let record = world.records(MemberIndex(3)).remove(0);
        assert!(record.certificate.view > View(0), "seed {seed}");
        let mut receipted = world.receipts.keys();
        assert!(receipted.all(|id| record.close.intents.contains(id)));
        assert_eq!(record.close.intents.len(), 4, "seed {seed}");
        let prevotes = world.watch.scene.prevotes.iter();
        let first: Vec<_> = prevotes
            .filter(|((round, subject, view, _), _)| {
                (*round, *subject, *view) == (Round(1), Subject::Close, View(0))
            })
            .map(|(_, value)| *value)
            .collect();
        assert_eq!(first, [None; 3], "seed {seed}: of the honest");
    }
}

/// A liar reports a copy of an envelope under another label, and hands it to whoever asks. Without its
/// report there are not enough until the last member's comes, which is late. That no share of the
/// copy leaves, an invariant asks.
#[test]
fn who_reports_a_relabelled_copy_is_named_by_all() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 3).unwrap());
        let (late, lasts) = (MemberIndex(3), 600);
        for slot_end in [2_000, 4_000, 6_000, 8_000] {
            let member = late;
            world.plan(slot_end - 50, Fault::Pause { member, lasts });
        }
        let mut trader = Person::new(seed, 900);
        let original = trader.swap(&world.house, 1_000, 1_900, Round(1), 60);
        let copy = trader.relabel(&original, |header| header.last = Round(61));
        world.corrupt(liar, ExtraEnvelope(copy.clone(), Round(1)));
        let short = copy.id().short().to_string();
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was reported");
        let honest: Vec<_> = world.honest().filter(|by| *by != late).collect();
        for by in honest {
            let names = |(of, notice): &(MemberIndex, Notice)| {
                let Notice::Fault { member, what } = notice else {
                    return false;
                };
                (*of, *member) == (by, liar) && what.contains(&short)
            };
            let is_named = world.notices.iter().any(names);
            assert!(is_named, "seed {seed}: {by}: {:?}", world.notices);
            for record in world.records(by) {
                assert!(!record.close.intents.contains(&copy.id()), "seed {seed}");
                let mut reports = record.reports.iter();
                let rests = reports.any(|report| report.body.intents.contains(&copy.id()));
                assert!(!rests, "seed {seed}: a round rests on the report");
            }
        }
    }
}

/// Copies of honest envelopes with one bit of the signature flipped come after the reports.
#[test]
fn broken_copies_of_honest_envelopes_keep_no_round_open() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, PoisonedSignatures::default());
        trade(&mut world, seed, 8, 3_000);
        world.run(5_000);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was poisoned");
    }
}

/// The first proposer signs three reports, shows two of them to one member, and proposes with the
/// third; then it is silent.
#[test]
fn a_third_report_of_one_member_can_be_judged() {
    let liar = first_proposer();
    for to in [0, 2, 3].map(MemberIndex) {
        let mut world = World::new(4, 3, 1, Faults::delay(10));
        world.corrupt(liar, ThirdReport::new(to));
        trade(&mut world, 1, 8, 100);
        world.run(5_000);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0);
    }
}

/// A liar reports more than a thousand ids of nothing. One member lacks what is really there, and
/// is needed.
#[test]
fn what_is_really_missing_is_asked_for_among_a_thousand_invented_ids() {
    for seed in seeds() {
        let caps = Caps {
            intents: 4_000,
            quotes: 100,
        };
        let lacking = MemberIndex(3);
        let faults = Faults {
            without_pool: BTreeSet::from([lacking]),
            ..Faults::delay(10)
        };
        let mut world = World::of(Fixture::with_caps(4, 3, seed, caps), seed, faults);
        world.corrupt(MemberIndex(0), BogusIds(1_200));
        for number in 0..4 {
            let wanted = swap(&world, number);
            world.submit(MemberIndex(2), &wanted, 1_500);
        }
        world.run(5_000);
        assert!(!world.receipts.is_empty(), "{:?}", world.refusals);
        settle_within(&mut world, 20);
        assert!(world.counts.lies > 0);
    }
}

/// Nobody trades, and a liar reports an envelope that does not exist.
#[test]
fn an_invented_envelope_closes_no_round() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.corrupt(MemberIndex(2), IdleReporter::default());
    world.run(20_000);
    let honest: Vec<_> = world.honest().collect();
    for member in honest {
        assert_eq!(world.settled(member), Round(0), "{}", world.describe());
    }
    trade(&mut world, 1, 4, 1_000);
    run(&mut world, 1, 4_000);
    assert!(world.counts.lies > 0);
}

/// A liar that proposes names the slot before the newest, and so a time at which what has expired
/// since was alive.
#[test]
fn no_close_names_a_slot_before_its_reports() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.corrupt(first_proposer(), StaleSlot);
    // Slots before the first round: there is one to go back to.
    world.run(4_000);
    trade(&mut world, 1, 8, 4_000);
    run(&mut world, 1, 12_000);
    assert!(world.counts.lies > 0);
}

/// Envelopes whose rounds nobody lives to see are reported, and fetched by nobody for good.
#[test]
fn envelopes_of_a_far_future_are_not_stored() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, FarRounds::default());
        trade(&mut world, seed, 8, 3_000);
        run(&mut world, seed, 5_000);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was far");
    }
}
