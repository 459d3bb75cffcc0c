//! For how long this member keeps the records of settled rounds.
//!
//! Certificates are kept for good. A record goes once so many later rounds are settled as the
//! operator has set; nothing of the protocol asks for one that is older than what an envelope waits,
//! but a member that was away for longer, or has lost its disk, and an auditor who begins anew: those
//! ask another member.

use core::num::NonZeroU64;

use sealbid_types::codec::decode;
use sealbid_types::id::Round;
use serde::{Deserialize, Serialize};

use super::io::{Output, delete, put};
use super::{StartError, round_key};
use crate::disk::{Recall, Table};

/// The first round whose record is kept, as it rests on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Since(Round);
sealbid_types::schema!(Since, "sealbid.records-since", 1, 64);

/// The row of the oldest record that is kept. Without one, every record is kept.
pub const SINCE_KEY: &[u8] = b"records-since";
/// How many records go when a round settles: an operator who shortens the time has them go little by
/// little, in steps that hold nobody up.
const MOST_AT_ONCE: u64 = 16;

/// Which records are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retention {
    /// How many records are kept; all of them if none.
    keep: Option<NonZeroU64>,
    since: Round,
}

/// Reads the row of the first round whose record is kept: [`Table::Meta`], under
/// [`RECORDS_SINCE`](super::RECORDS_SINCE). None if it is not one.
#[must_use]
pub fn records_since(row: &[u8]) -> Option<Round> {
    decode(row).ok().map(|Since(round)| round)
}

impl Retention {
    /// Reads from disk which records are kept.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(super) fn recall(keep: Option<NonZeroU64>, disk: &impl Recall) -> Result<Self, StartError> {
        let since = match disk.get(Table::Meta, SINCE_KEY) {
            None => Round(1),
            Some(row) => records_since(&row).ok_or(StartError::Unreadable(Table::Meta))?,
        };
        Ok(Self { keep, since })
    }

    /// A round is settled, and its record written: what is older than is kept goes.
    pub(super) fn settled(&mut self, round: Round) -> Vec<Output> {
        let Some(keep) = self.keep else {
            return Vec::new();
        };
        let first = round.0.saturating_add(1).saturating_sub(keep.get());
        let until = first.min(self.since.0.saturating_add(MOST_AT_ONCE));
        if until <= self.since.0 {
            return Vec::new();
        }
        let gone = (self.since.0..until).map(|gone| delete(Table::Records, round_key(Round(gone))));
        let mut out: Vec<_> = gone.collect();
        self.since = Round(until);
        out.push(put(Table::Meta, SINCE_KEY.to_vec(), &Since(self.since)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Write;
    use crate::disk::memory::MemoryDisk;

    fn settle(disk: &mut MemoryDisk, retention: &mut Retention, round: u64) {
        let key = round_key(Round(round));
        disk.0.insert((Table::Records, key), Vec::new());
        let out = retention.settled(Round(round));
        for output in &out {
            if let Output::Write(Write::Delete { table, key }) = output {
                assert!(disk.get(*table, key).is_some(), "there is one");
            }
        }
        disk.commit(out);
    }

    fn rounds(disk: &MemoryDisk) -> Vec<u64> {
        let keys = disk.scan(Table::Records);
        keys.iter()
            .map(|(key, _)| u64::from_be_bytes(key.as_slice().try_into().unwrap()))
            .collect()
    }

    fn start(disk: &MemoryDisk, keep: u64) -> Retention {
        Retention::recall(NonZeroU64::new(keep), disk).unwrap()
    }

    #[test]
    fn the_newest_are_kept_and_the_rest_goes_little_by_little() {
        let mut disk = MemoryDisk::default();
        let mut retention = start(&disk, 0);
        for round in 1..=100 {
            settle(&mut disk, &mut retention, round);
        }
        assert_eq!(rounds(&disk).len(), 100, "all of them by default");
        // The operator sets ten: after a start, and some rounds, ten are left.
        retention = start(&disk, 10);
        settle(&mut disk, &mut retention, 101);
        let [first, last] = [rounds(&disk)[0], rounds(&disk)[84]];
        assert_eq!((first, last), (17, 101), "no more than that at once");
        for round in 102..=110 {
            retention = start(&disk, 10);
            settle(&mut disk, &mut retention, round);
        }
        assert_eq!(rounds(&disk), (101..=110).collect::<Vec<_>>());
        // And more again: what has gone stays gone.
        retention = start(&disk, 1_000);
        settle(&mut disk, &mut retention, 111);
        assert_eq!(rounds(&disk), (101..=111).collect::<Vec<_>>());
        let row = disk.get(Table::Meta, SINCE_KEY).unwrap();
        assert_eq!(records_since(&row), Some(Round(101)));
        disk.0.insert((Table::Meta, SINCE_KEY.to_vec()), vec![1]);
        assert!(Retention::recall(None, &disk).is_err(), "an unreadable row");
    }
}
