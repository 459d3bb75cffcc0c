//! What one member can make another keep, send or repeat is bounded.

use sealbid_protocol::disk::{Recall as _, Table};
use sealbid_protocol::evidence::{Evidence, Offence};
use sealbid_protocol::member::Notice;
use sealbid_tests::house::adversary::{FalseCertificates, FarViews, TwoReports, WantFlooder};
use sealbid_tests::house::{Fault, Faults, World};
use sealbid_types::codec::decode;
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{run, seeds, trade};

#[test]
fn proposals_for_far_views_are_not_kept() {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        world.corrupt(liar, FarViews::default());
        world.run(12_000);
        trade(&mut world, seed, 2, 500);
        // The check is one of memory: before the round that they are of is settled.
        world.check();
        run(&mut world, seed, 3_000);
        assert!(world.counts.lies > 0, "seed {seed}: nothing was proposed");
    }
}

/// One member lies in every round. What shows it is kept once, and convinces a third party.
#[test]
fn evidence_is_kept_once_and_can_be_judged() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    world.corrupt(MemberIndex(1), TwoReports::default());
    trade(&mut world, 1, 60, 16_000);
    run(&mut world, 1, 18_000);
    let liar = MemberIndex(1);
    let rounds = world.settled(MemberIndex(0));
    assert!(rounds > Round(4), "it lied in {rounds} rounds");
    let honest: Vec<_> = world.honest().collect();
    for member in honest {
        let rows = world.disk(member).scan(Table::Evidence).into_iter();
        let (committee, keys) = (&world.house.committee, &world.house.keys);
        let mut offences: Vec<_> = rows
            .map(|(_, row)| {
                let evidence: Evidence = decode(&row).unwrap();
                let charge = evidence.convict(committee, keys).unwrap();
                assert_eq!(charge.member, Some(liar), "at {member}");
                charge.offence
            })
            .collect();
        // The shorter report of the two lacks what it had acknowledged.
        offences.sort_by_key(|offence| *offence != Offence::TwoReports);
        let both = [Offence::TwoReports, Offence::BrokenAcknowledgement];
        assert!(both.starts_with(&offences), "at {member}: {offences:?}");
        assert!(!offences.is_empty(), "at {member}");
    }
}

/// One envelope comes a thousand times: it is proved once by each member.
#[test]
fn a_flood_of_one_envelope_is_proved_once() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let (member, times) = (MemberIndex(1), 1_000);
    world.run(1_500);
    world.inflict(Fault::Flood { member, times });
    run(&mut world, 1, 4_000);
    assert_eq!(world.counts.checks, 4);
}

/// A liar asks everybody for everything, all the time.
#[test]
fn a_flood_of_questions_is_not_answered_in_full() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let liar = MemberIndex(2);
    world.corrupt(liar, WantFlooder(5));
    trade(&mut world, 1, 8, 3_000);
    run(&mut world, 1, 6_000);
    assert!(world.counts.lies > 0);
    let served = world.counts.served.get(&liar).copied().unwrap_or(0);
    // Ten a second from each of three.
    let most = 3 * 10 * world.now() / 1_000;
    assert!(
        served <= most,
        "{served} messages of envelopes, at most {most}"
    );
}

/// A liar shows certificates that verify nothing, all the time.
#[test]
fn false_certificates_are_looked_at_a_few_times_a_second() {
    let mut world = World::new(4, 3, 1, Faults::delay(10));
    let liar = MemberIndex(2);
    world.corrupt(liar, FalseCertificates::new(5));
    trade(&mut world, 1, 8, 3_000);
    run(&mut world, 1, 6_000);
    assert!(world.counts.lies > 0);
    let of_liar =
        |notice: &Notice| matches!(notice, Notice::Unusable { from, .. } if *from == liar);
    let looked_at = world.notices.iter().filter(|(_, notice)| of_liar(notice));
    let looked_at = u64::try_from(looked_at.count()).unwrap();
    // Four a second by each of three.
    let most = 3 * 4 * (world.now() / 1_000 + 1);
    assert!(
        (1..=most).contains(&looked_at),
        "{looked_at}, at most {most}"
    );
}
