//! Power cuts: between any two operations of the disk, with any part of what was not yet synced
//! lost, kept or torn.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::file::{self, Part};

/// How many operations the power still lasts.
type Power = Arc<Mutex<Option<u64>>>;

/// A file in memory whose power may fail.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<Platter>>, Power);

/// The two files of a store, whose power fails at once.
#[derive(Debug, Default)]
struct Disks {
    working: Disk,
    archive: Disk,
}

#[derive(Debug, Default)]
struct Platter {
    /// What is read now.
    bytes: Vec<u8>,
    /// What is there for certain after a power cut.
    synced: Vec<u8>,
    /// What was written since, in order.
    pending: Vec<Change>,
    /// How many bytes were read.
    read: u64,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

fn change(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => bytes.resize(*length, 0),
        Change::Write(at, data) => {
            let end = at + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(data);
        }
    }
}

impl Disk {
    /// The disk after a power cut: of each change that was not synced, by `fates` in turn, nothing
    /// reached it, all of it, or its first half.
    fn after_power_cut(&self, fates: &[u8]) -> Self {
        let platter = self.0.lock().unwrap();
        let mut bytes = platter.synced.clone();
        for (pending, fate) in platter.pending.iter().zip(fates.iter().cycle()) {
            match (fate % 3, pending) {
                (0, _) => {}
                (1, pending) => change(&mut bytes, pending),
                (_, Change::Write(at, data)) => {
                    change(
                        &mut bytes,
                        &Change::Write(*at, data[..data.len() / 2].to_vec()),
                    );
                }
                (_, Change::Length(_)) => {}
            }
        }
        let synced = bytes.clone();
        let platter = Platter {
            bytes,
            synced,
            ..Platter::default()
        };
        Self(Arc::new(Mutex::new(platter)), Power::default())
    }

    fn draw_power(&self) -> io::Result<()> {
        match &mut *self.1.lock().unwrap() {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(power) => {
                *power -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn change(&self, made: Change) -> io::Result<()> {
        let powered = self.draw_power();
        let mut platter = self.0.lock().unwrap();
        if powered.is_ok() {
            change(&mut platter.bytes, &made);
        }
        // The change during which the power fails may still have reached the disk in part.
        platter.pending.push(made);
        powered
    }
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        platter.read += out.len() as u64;
        let from = usize::try_from(offset).unwrap();
        let bytes = platter.bytes.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(usize::try_from(length).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.draw_power()?;
        let mut platter = self.0.lock().unwrap();
        platter.synced = platter.bytes.clone();
        platter.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(
            usize::try_from(offset).unwrap(),
            data.to_vec(),
        ))
    }
}

impl Disks {
    fn new() -> Self {
        let disks = Self::with_power();
        for (part, disk) in disks.parts() {
            let database = redb::Builder::new()
                .create_with_backend(disk.clone())
                .unwrap();
            file::initialise(&database, part, Path::new("in memory"), identity()).unwrap();
        }
        disks
    }

    /// Both with one power.
    fn with_power() -> Self {
        let mut disks = Self::default();
        disks.archive.1 = Arc::clone(&disks.working.1);
        disks
    }

    const fn parts(&self) -> [(Part, &Disk); 2] {
        [
            (Part::Working, &self.working),
            (Part::Archive, &self.archive),
        ]
    }

    fn set_power(&self, operations: u64) {
        *self.working.1.lock().unwrap() = Some(operations);
    }

    /// Each file by its own fates: what reached the one says nothing of the other.
    fn after_power_cut(&self, fates: &[u8]) -> Self {
        let others: Vec<u8> = fates.iter().rev().copied().collect();
        let mut after = Self {
            working: self.working.after_power_cut(fates),
            archive: self.archive.after_power_cut(&others),
        };
        after.archive.1 = Arc::clone(&after.working.1);
        after
    }
}

fn open(disks: &Disks) -> Result<Store, StoreError> {
    let [working, archive] = disks.parts().map(|(part, disk)| {
        file::open_backend(Path::new("in memory"), part, disk.clone(), identity())
    });
    let path = Path::new("in memory").to_owned();
    Store::joined(working?, archive?, path.clone(), path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_committed_outlives_a_power_cut(
        commits in prop::collection::vec(some_writes(), 1..5),
        power in 0..60u64,
        fates in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let disk = Disks::new();
        let store = open(&disk).unwrap();
        disk.set_power(power);
        let mut before = Model::new();
        let mut after = Model::new();
        for writes in &commits {
            apply(&mut after, writes);
            match store.commit(writes) {
                Ok(()) => before = after.clone(),
                Err(error) => {
                    prop_assert!(matches!(error, StoreError::Disk { .. }), "{}", error);
                    break;
                }
            }
        }
        // The disk as it is before the process has a chance to close it.
        let disk = disk.after_power_cut(&fates);
        drop(store);
        let found = content(&open(&disk).unwrap()).unwrap();
        prop_assert!(found == before || found == after, "neither with the last commit nor without");
        // The repair itself left a disk that opens.
        prop_assert_eq!(content(&open(&disk).unwrap()).unwrap(), found);
    }

    #[test]
    fn a_repair_outlives_a_power_cut(
        commits in prop::collection::vec(some_writes(), 1..4),
        power in 0..30u64,
        fates in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let disk = Disks::new();
        let store = open(&disk).unwrap();
        let mut model = Model::new();
        for writes in &commits {
            store.commit(writes).unwrap();
            apply(&mut model, writes);
        }
        let disk = disk.after_power_cut(&fates);
        drop(store);
        disk.set_power(power);
        let opened = open(&disk).map(drop);
        let disk = disk.after_power_cut(&fates);
        prop_assert_eq!(content(&open(&disk).unwrap()).unwrap(), model, "after {:?}", opened);
    }
}

#[test]
fn a_store_whose_disk_failed_commits_no_more() {
    let disk = Disks::new();
    let store = open(&disk).unwrap();
    store.commit(&[put(Table::Votes, b"1", b"one")]).unwrap();
    disk.set_power(0);
    let failed = store.commit(&[put(Table::Votes, b"2", b"two")]);
    assert!(matches!(failed, Err(StoreError::Disk { .. })), "{failed:?}");
    disk.set_power(1000);
    let again = store.commit(&[put(Table::Votes, b"3", b"three")]);
    assert!(matches!(again, Err(StoreError::Disk { .. })), "{again:?}");
}

/// How many bytes of each file the start after a power cut reads, once so many rounds are settled.
fn read_at_start(rounds: u64) -> [u64; 2] {
    let disks = Disks::new();
    let store = open(&disks).unwrap();
    for round in 0..rounds {
        let key = round.to_be_bytes();
        let mut writes = vec![
            put(Table::Records, &key, &[7; 5_000]),
            put(Table::Certificates, &key, &[7; 500]),
            put(Table::Closes, &key, &[7; 500]),
        ];
        let outcome = |entry: u8| put(Table::Outcomes, &[&key[..], &[entry]].concat(), &[7; 100]);
        writes.extend((0..5).map(outcome));
        // As long as an envelope can wait.
        if let Some(gone) = round.checked_sub(64) {
            let key = gone.to_be_bytes().to_vec();
            let table = Table::Closes;
            writes.push(Write::Delete { table, key });
        }
        store.commit(&writes).unwrap();
    }
    let disks = disks.after_power_cut(&[1]);
    drop(store);
    let store = open(&disks).unwrap();
    assert_eq!(store.scan(Table::Closes).unwrap().len(), 64);
    disks.parts().map(|(_, disk)| disk.0.lock().unwrap().read)
}

/// What a start reads is what is going on, and not what was.
#[test]
fn a_start_after_many_rounds_reads_no_more_than_one_after_few() {
    let [few, many] = [100, 500].map(read_at_start);
    for (few, many) in few.into_iter().zip(many) {
        // The tree is a page or two deeper. All rounds between would be some 2 MB.
        assert!(
            many < few + 100_000,
            "{few} bytes after few, {many} after many"
        );
    }
}

/// After whatever operation the power fails, a round's record and what goes with it are there
/// together: the one is in the archive, the other is not.
#[test]
fn a_commit_is_in_both_files_or_in_neither() {
    let round = |name: &[u8]| {
        [
            put(Table::Records, b"round", name),
            put(Table::Votes, b"round", name),
        ]
    };
    let (mut neither, mut both) = (0, 0);
    for power in 0..200 {
        for fates in [&[0][..], &[1], &[2], &[0, 1]] {
            let disks = Disks::new();
            let store = open(&disks).unwrap();
            store.commit(&round(b"old")).unwrap();
            disks.set_power(power);
            let committed = store.commit(&round(b"new")).is_ok();
            let disks = disks.after_power_cut(fates);
            drop(store);
            let store = open(&disks).unwrap();
            let [record, vote] = [Table::Records, Table::Votes]
                .map(|table| store.get(table, b"round").unwrap().unwrap());
            assert_eq!(record, vote, "power for {power}, {fates:?}");
            assert!(!committed || vote == b"new", "power for {power}, {fates:?}");
            match vote == b"new" {
                true => both += 1,
                false => neither += 1,
            }
        }
    }
    assert!(neither > 0 && both > 0, "{neither} and {both}");
}

#[test]
fn a_file_of_another_time_is_refused() {
    let disks = Disks::new();
    let store = open(&disks).unwrap();
    let record = |name: &[u8]| [put(Table::Records, b"round", name)];
    let old = Disks::after_power_cut(&disks, &[1]);
    store.commit(&record(b"1")).unwrap();
    store.commit(&record(b"2")).unwrap();
    let new = disks.after_power_cut(&[1]);
    drop(store);
    let mixes = [
        (old.working.clone(), new.archive.clone()),
        (new.working, old.archive),
    ];
    for (working, archive) in mixes {
        let opened = open(&Disks { working, archive });
        let error = opened.unwrap_err();
        assert!(error.to_string().contains("another time"), "{error}");
    }
}
