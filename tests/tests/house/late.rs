//! Members that come late to a round that others have certified.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::member::message::PeerMessage;
use sealbid_protocol::vote::Message;
use sealbid_tests::house::adversary::{FallsSilent, FarClock, Loses, ReportsExpired};
use sealbid_tests::house::{Cut, Fault, Faults, Links, Person, START, World};
use sealbid_types::codec::decode;
use sealbid_types::id::{MemberIndex, Round, View};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::scenario::{first_proposer, run, trade};

/// Member 3 hears no report of the first round.
fn one_cut_off() -> Faults {
    let side = BTreeSet::from([MemberIndex(3)]);
    Faults {
        links: Links {
            delay: 5,
            cuts: Cut::both_ways(3_900, 6_000, 4, &side).into(),
            ..Links::default()
        },
        ..Faults::default()
    }
}

/// Reporter 0 goes silent once the round is certified. Member 3 heard no report: it has them from
/// members 1 and 2, and without it there is no quorum that opens the round.
#[test]
fn who_is_certified_serves_the_reports_until_the_round_is_settled() {
    let mut world = World::new(4, 3, 1, one_cut_off());
    world.corrupt(MemberIndex(0), FallsSilent::default());
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 8_000);
    assert!(world.counts.lies > 0, "member 0 was never silent");
}

/// Two of four clocks are ten minutes ahead for a second and a liar says that it is the end of time:
/// when the clocks are right again, rounds go on.
#[test]
fn clocks_that_were_ahead_for_a_second_do_not_stop_the_house() {
    let mut world = World::new(4, 3, 1, Faults::delay(5));
    world.corrupt(MemberIndex(3), FarClock);
    world.run(2_000);
    for (after, by) in [(0, 600_000), (1_200, -600_000)] {
        for member in [MemberIndex(0), MemberIndex(1)] {
            world.plan(after, Fault::Jump { member, by });
        }
    }
    world.run(1_200);
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 8_000);
}

/// A report names an envelope that has expired since: member 3 has to fetch it and keep it, though
/// it can be acknowledged no more and no round lists it.
#[test]
fn who_is_certified_late_keeps_what_the_reports_name() {
    let mut world = World::new(4, 3, 1, one_cut_off());
    let soon = START.plus(Duration::from_millis(3_000));
    let trader = &mut Person::new(1, 5_000);
    let envelope = trader.swap_until(&world.house, 1_000, 1_900, (Round(1), 60), soon);
    let id = envelope.id();
    let ways: Vec<Box<dyn sealbid_tests::house::adversary::Adversary>> = vec![
        Box::new(FallsSilent::default()),
        Box::new(ReportsExpired(envelope)),
    ];
    world.corrupt_in_ways(MemberIndex(0), ways);
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 8_000);
    let record = world.records(MemberIndex(1)).remove(0);
    let names = |report: &Signed<Report>| report.body.intents.contains(&id);
    assert!(
        record.reports.iter().any(names),
        "nobody named the expired one"
    );
    assert!(!record.close.intents.contains(&id));
}

/// A disk from before the cut of round 1, which the others have closed since: whoever starts from it
/// has signed a report of round 1 already, and nobody shows it any more. It must not sign another.
#[test]
fn an_old_disk_signs_nothing_in_a_round_that_others_have_closed() {
    let mut world = World::new(4, 3, 1, Faults::delay(5));
    let old = MemberIndex(1);
    trade(&mut world, 1, 6, 100);
    world.run(2_500);
    world.inflict(Fault::Copy { member: old });
    let is_settled = |world: &World| world.settled(MemberIndex(0)) >= Round(1);
    assert!(
        world.run_until(10_000, is_settled),
        "round 1 is not settled"
    );
    world.run(200);
    world.inflict(Fault::Restore {
        member: old,
        said: false,
        back: 10,
    });
    // The others answer, and are gone before their record comes.
    world.run(150);
    let (now, side) = (world.now(), BTreeSet::from([old]));
    world.faults.links.cuts = Cut::both_ways(now, now + 60_000, 4, &side).into();
    world.run(6_000);
    let first = world.records(MemberIndex(0)).remove(0).reports;
    let first: BTreeSet<_> = first.iter().map(Signed::<Report>::id).collect();
    let rows = world.disk(old).scan(Table::Reports);
    let reports = rows
        .into_iter()
        .map(|(_, bytes)| decode::<Signed<Report>>(&bytes).unwrap());
    let again: Vec<_> = reports
        .filter(|report| report.member == old && !first.contains(&report.id()))
        .collect();
    assert!(again.is_empty(), "a second report of round 1: {again:?}");
}

/// A clock that is ten minutes ahead ends no slot before its time: who freezes by the others' clocks
/// reports by them too, and takes quotes until then.
#[test]
fn a_clock_that_is_ahead_cuts_no_quote_window_short() {
    let mut world = World::new(4, 3, 1, Faults::delay(5));
    let member = MemberIndex(0);
    world.run(1_200);
    world.inflict(Fault::Jump {
        member,
        by: 600_000,
    });
    trade(&mut world, 1, 6, 100);
    let has_reported = |world: &World| world.watch.scene.reports.contains_key(&(member, Round(1)));
    assert!(world.run_to(20_000, has_reported), "{}", world.describe());
    let report = &world.watch.scene.reports[&(member, Round(1))];
    let slot_end = world.house.committee.schedule.end_of(report.slot);
    let now = START.plus(Duration::from_millis(world.now()));
    assert!(
        now >= slot_end,
        "reported at {now}, and the slot ends at {slot_end}"
    );
}

/// One member never sees the first proposal and precommits nil. Another is not heard from its
/// precommit on, and has the others': it alone knows the round to be certified in the first view.
/// The others certify the same close in a later one. All settle it alike.
#[test]
fn two_certificates_of_one_close_settle_one_round() {
    let mut world = World::new(4, 3, 1, Faults::delay(5));
    let proposer = first_proposer();
    let [unheard, blind] = [3, 2].map(|after| MemberIndex((proposer.0 + after) % 4));
    let hides = move |message: &PeerMessage, to: MemberIndex, _: u64| {
        let PeerMessage::Vote(vote) = message else {
            return false;
        };
        matches!(&**vote, Message::Proposal(_) | Message::Header(_))
            && (vote.round(), vote.view(), to) == (Round(1), View(0), blind)
    };
    let silent_until = Cell::new(0);
    let unheard_too = move |message: &PeerMessage, to: MemberIndex, now: u64| {
        if let PeerMessage::Vote(vote) = message
            && let Message::Precommit(signed) = &**vote
            && signed.member == unheard
            && signed.body.commitment.is_some()
            && silent_until.get() == 0
        {
            silent_until.set(now + 6_000);
        }
        now < silent_until.get() || hides(message, to, now)
    };
    world.let_lie(proposer, Box::new(Loses::if_so(hides)));
    world.let_lie(unheard, Box::new(Loses::if_so(unheard_too)));
    trade(&mut world, 1, 6, 100);
    run(&mut world, 1, 10_000);
    let views: BTreeSet<_> = world
        .house
        .members()
        .map(|member| world.records(member)[0].certificate.view)
        .collect();
    assert!(views.len() > 1, "{views:?}");
}
