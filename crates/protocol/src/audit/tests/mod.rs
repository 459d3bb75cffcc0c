#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

pub(crate) mod chain;
pub(crate) mod entries;
pub(crate) mod house;
mod structure;
mod tampering;

use sealbid_types::close::Close;
use sealbid_types::id::{Round, Slot};
use sealbid_types::record::Ancestry;

use self::entries::{swap, transfer};
use self::house::{Gathering, House};
use super::*;

/// A swap that is filled, one whose limit nobody meets, a transfer, a swap that is filled but whose
/// authorisation is another's, a swap that had expired, and two quotes.
struct Entries {
    filled: Envelope,
    unfilled: Envelope,
    moved: Envelope,
    forged: Envelope,
    expired: Envelope,
    best: Envelope,
    second: Envelope,
}

impl Entries {
    fn new(house: &House) -> Self {
        let late = 1 << 40;
        Self {
            filled: house.intent(101, 101, &swap(101, 0, 1000, 900), late),
            unfilled: house.intent(102, 102, &swap(102, 0, 1000, 2000), late),
            moved: house.intent(103, 103, &transfer(103, 104, 50), late),
            forged: house.intent(105, 106, &swap(105, 0, 1000, 900), late),
            // Alive in its report's slot, and no more in the close's.
            expired: house.intent(107, 107, &swap(107, 0, 1000, 900), 1_012_000),
            best: house.quote(200, 1, 960),
            second: house.quote(201, 1, 950),
        }
    }

    fn gathering(&self) -> Gathering {
        let lists: [&[&Envelope]; 3] = [
            &[&self.filled, &self.unfilled, &self.best],
            &[
                &self.filled,
                &self.moved,
                &self.forged,
                &self.best,
                &self.second,
            ],
            &[&self.expired, &self.unfilled],
        ];
        let cloned = |list: &[&Envelope]| list.iter().map(|e| (*e).clone()).collect();
        Gathering {
            round: Round(1),
            slot: Slot(3),
            previous: Close::GENESIS,
            reports: [0, 2, 3].into_iter().zip(lists.map(cloned)).collect(),
            ancestry: Ancestry::default(),
        }
    }
}

fn audit(house: &House, record: &RoundRecord) -> Result<AuditedRound, Vec<AuditError>> {
    audit_record(&house.committee, &house.keys, record, &house::SECRET)
}

fn errors(house: &House, record: &RoundRecord) -> Vec<AuditError> {
    audit(house, record).err().unwrap_or_default()
}

#[test]
fn an_honest_round_is_found_right() {
    let house = House::new();
    let entries = Entries::new(&house);
    let record = house.settle(&entries.gathering());
    let audited = audit(&house, &record).unwrap();
    assert_eq!(audited.certificate.digest(), record.close.digest());
    assert_eq!((audited.intents.len(), audited.quotes.len()), (4, 2));
    let settlement = &record.settlement.settlement;
    assert_eq!(record.allocation.fills.len(), 3, "filled, moved and forged");
    assert_eq!(settlement.fills.len(), 2, "not the forged one");
    assert_eq!((settlement.unfilled.len(), settlement.void.len()), (1, 1));
    assert_eq!(record.openings.len(), 6 + 3);
    // What was encoded and read again is the same record.
    let bytes = sealbid_types::codec::encode(&record);
    assert!(audit(&house, &decode(&bytes).unwrap()).is_ok());
}

#[test]
fn an_empty_round_is_found_right() {
    let house = House::new();
    let nothing = [0, 1, 2].map(|member| (member, vec![])).into();
    let gathering = Gathering {
        reports: nothing,
        ..Entries::new(&house).gathering()
    };
    let record = house.settle(&gathering);
    assert!(audit(&house, &record).is_ok());
}

#[test]
fn another_committee_finds_everything_forged() {
    let house = House::new();
    let record = house.settle(&Entries::new(&house).gathering());
    let dealing = sealbid_dkg::deal(4, 3, &[8; 32]).unwrap();
    let keys = CommitteeKeys::new(&dealing.keys, 3).unwrap();
    let found = audit_record(&house.committee, &keys, &record, &house::SECRET).unwrap_err();
    let is_forged = |error: &&AuditError| error.to_string().contains("forged");
    assert_eq!(found.iter().filter(is_forged).count(), 4);
    let mut broken = (*house.committee).clone();
    broken.quorum = 2;
    let found = audit_record(&broken, &house.keys, &record, &house::SECRET).unwrap_err();
    assert!(matches!(found.as_slice(), [AuditError::Committee(_)]));
}
