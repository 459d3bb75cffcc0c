//! Several rounds, and what only together they show.

use sealbid_types::close::Close;
use sealbid_types::id::CloseDigest;
use sealbid_types::record::UsedU;

use super::entries::used;
use super::house::House;
use super::*;

const LATE: u64 = 1 << 40;

fn digest(record: &RoundRecord) -> CloseDigest {
    record.close.digest()
}

/// The second round: an intent with a nonce that the first round settled, one that the first round
/// listed already, and a fresh one.
fn second(house: &House, parent: &RoundRecord, ancestry: Ancestry) -> RoundRecord {
    let again = house.intent(101, 101, &swap(101, 0, 2000, 900), LATE);
    let fresh = house.intent(110, 110, &swap(110, 0, 1000, 900), LATE);
    let listed = Entries::new(house).unfilled;
    let quote = house.quote(200, 2, 960);
    house.settle(&Gathering {
        round: Round(2),
        slot: Slot(4),
        previous: digest(parent),
        reports: vec![
            (0, vec![again, listed]),
            (1, vec![fresh, quote]),
            (3, vec![]),
        ],
        ancestry,
    })
}

/// Two rounds, the second on the first.
pub(crate) fn two_rounds(house: &House) -> [RoundRecord; 2] {
    let first = house.settle(&Entries::new(house).gathering());
    let second = second(house, &first, truth(house));
    [first, second]
}

fn truth(house: &House) -> Ancestry {
    Ancestry {
        listed: vec![Entries::new(house).unfilled.id()],
        nonces: vec![used(101, 0, 1)],
        points: vec![],
    }
}

fn chain(house: &House, records: &[RoundRecord]) -> BTreeMap<Round, Vec<String>> {
    let found = audit_chain(&house.committee, &house.keys, records, &house::SECRET);
    let lines = |errors: Vec<AuditError>| errors.iter().map(ToString::to_string).collect();
    let wrong = found.err().unwrap_or_default();
    wrong
        .into_iter()
        .map(|(round, errors)| (round, lines(errors)))
        .collect()
}

#[test]
fn an_honest_chain_is_found_right() {
    let house = House::new();
    let [first, second] = two_rounds(&house);
    assert_eq!(second.allocation.void.len(), 1, "the nonce that was used");
    assert_eq!(second.allocation.fills.len(), 1);
    assert_eq!(chain(&house, &[first, second]), BTreeMap::new());
}

#[test]
fn what_is_hidden_or_made_up_about_earlier_rounds() {
    let house = House::new();
    let first = house.settle(&Entries::new(&house).gathering());
    let errors_with = |ancestry: Ancestry| {
        let second = second(&house, &first, ancestry);
        assert!(audit(&house, &second).is_ok(), "by itself it shows nothing");
        chain(&house, &[first.clone(), second])
            .remove(&Round(2))
            .unwrap()
    };
    let hidden = errors_with(Ancestry {
        nonces: vec![],
        ..truth(&house)
    });
    assert!(hidden[0].contains("used the nonce of intent"), "{hidden:?}");
    let mut nonces = vec![used(101, 0, 1), used(110, 0, 1)];
    nonces.sort_unstable();
    let another = errors_with(Ancestry {
        nonces,
        ..truth(&house)
    });
    assert!(
        another[0].contains("used the nonce of intent"),
        "{another:?}"
    );
    let hidden = errors_with(Ancestry {
        listed: vec![],
        ..truth(&house)
    });
    assert!(hidden[0].contains("listed envelope"), "{hidden:?}");
    let fresh = house.intent(110, 110, &swap(110, 0, 1000, 900), LATE).id();
    let mut listed = truth(&house).listed;
    listed.push(fresh);
    listed.sort_unstable();
    let made_up = errors_with(Ancestry {
        listed,
        ..truth(&house)
    });
    assert!(
        made_up[0].contains(&format!("listed envelope {fresh}")),
        "{made_up:?}"
    );
    let fresh = house.intent(110, 110, &swap(110, 0, 1000, 900), LATE);
    let u = fresh.sealed.parts().next().unwrap().1.u;
    let points = vec![UsedU {
        u,
        envelope: first.close.intents[0],
        round: Round(1),
    }];
    let made_up = errors_with(Ancestry {
        points,
        ..truth(&house)
    });
    assert!(
        made_up[0].contains("used a point of envelope"),
        "{made_up:?}"
    );
}

#[test]
fn a_point_that_was_used_before_may_not_be_hidden() {
    let house = House::new();
    let first = house.settle(&Entries::new(&house).gathering());
    let second = second(&house, &first, truth(&house));
    let fresh = house.intent(110, 110, &swap(110, 0, 1000, 900), LATE);
    let u = fresh.sealed.parts().next().unwrap().1.u;
    let mut audit = ChainAudit::new(&house.committee, &house.keys, &house::SECRET);
    audit.next(&first).unwrap();
    // Only its sealer could have used it; the audit is told that it was.
    audit.note_point(u, Round(1), first.close.intents[0]);
    let found = audit.next(&second).unwrap_err();
    assert_eq!(found, [AuditError::Point(fresh.id())]);
}

#[test]
fn gaps_parents_and_slots() {
    let house = House::new();
    let first = house.settle(&Entries::new(&house).gathering());
    let empty = |round, slot, previous| {
        house.settle(&Gathering {
            round: Round(round),
            slot: Slot(slot),
            previous,
            reports: [0, 1, 2].map(|member| (member, vec![])).into(),
            ancestry: Ancestry::default(),
        })
    };
    let after = |record: &RoundRecord, what: &str| {
        let wrong = chain(&house, &[first.clone(), record.clone()]);
        let lines: Vec<_> = wrong.into_values().flatten().collect();
        assert!(
            lines.len() == 1 && lines[0].contains(what),
            "{what:?}: {lines:#?}"
        );
    };
    after(
        &empty(3, 4, digest(&first)),
        "round 2 missing before round 3",
    );
    after(
        &empty(2, 3, digest(&first)),
        "the slot is not later than that of round 1",
    );
    after(
        &empty(2, 4, [9; 32].into()),
        "the close does not follow round 1",
    );
    let alone = chain(&house, &[empty(2, 4, digest(&first))]);
    assert!(alone[&Round(2)][0].contains("round 1 missing before round 2"));
    assert_ne!(digest(&first), Close::GENESIS);
}

#[test]
fn a_wrong_round_does_not_taint_what_follows() {
    let house = House::new();
    let mut first = house.settle(&Entries::new(&house).gathering());
    let second = second(&house, &first, truth(&house));
    first.certificate.signature = first.order;
    let wrong = chain(&house, &[first, second]);
    assert_eq!(wrong.keys().copied().collect::<Vec<_>>(), [Round(1)]);
}
