//! Power cuts: between any two operations of the disk, with any part of what was not yet synced
//! lost, kept or torn.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::file;

/// A disk in memory whose power may fail.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    /// What is read now.
    bytes: Vec<u8>,
    /// What is there for certain after a power cut.
    synced: Vec<u8>,
    /// What was written since, in order.
    pending: Vec<Change>,
    /// How many operations the power still lasts.
    power: Option<u64>,
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

impl Platter {
    fn draw_power(&mut self) -> io::Result<()> {
        match &mut self.power {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(power) => {
                *power -= 1;
                Ok(())
            }
            None => Ok(()),
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
        Self(Arc::new(Mutex::new(Platter {
            bytes,
            synced,
            ..Platter::default()
        })))
    }

    fn set_power(&self, operations: u64) {
        self.0.lock().unwrap().power = Some(operations);
    }

    fn change(&self, made: Change) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        let powered = platter.draw_power();
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
        let platter = self.0.lock().unwrap();
        let from = usize::try_from(offset).unwrap();
        let bytes = platter.bytes.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(usize::try_from(length).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        platter.draw_power()?;
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

fn open(disk: &Disk) -> Result<Store, StoreError> {
    let path = Path::new("a disk in memory");
    let database = file::open_backend(path, disk.clone(), identity())?;
    Ok(Store {
        database,
        path: path.to_owned(),
    })
}

fn new_disk() -> Disk {
    let disk = Disk::default();
    let path = Path::new("a disk in memory");
    let database = redb::Builder::new()
        .create_with_backend(disk.clone())
        .unwrap();
    file::initialise(&database, path, identity()).unwrap();
    drop(database);
    disk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_committed_outlives_a_power_cut(
        commits in prop::collection::vec(some_writes(), 1..5),
        power in 0..60u64,
        fates in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let disk = new_disk();
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
        let disk = new_disk();
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
    let disk = new_disk();
    let store = open(&disk).unwrap();
    store.commit(&[put(Table::Votes, b"1", b"one")]).unwrap();
    disk.set_power(0);
    let failed = store.commit(&[put(Table::Votes, b"2", b"two")]);
    assert!(matches!(failed, Err(StoreError::Disk { .. })), "{failed:?}");
    disk.set_power(1000);
    let again = store.commit(&[put(Table::Votes, b"3", b"three")]);
    assert!(matches!(again, Err(StoreError::Disk { .. })), "{again:?}");
}
