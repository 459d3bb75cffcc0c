#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod crash;
mod damage;
mod model;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;
use sealbid_protocol::disk::{Recall, Table, Write};
use sealbid_types::id::{AuctionId, MemberIndex};

use crate::file::archive_of;
use crate::{Identity, Store, StoreError, Survey};

/// What a store should hold.
type Model = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn identity() -> Identity {
    Identity {
        auction: AuctionId::from([7; 32]),
        member: MemberIndex(2),
    }
}

/// In memory where there is such a place: these tests sync a lot, and cut no power.
fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let path = directory.path().join("member.redb");
    (directory, path)
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Write {
    Write::Put {
        table,
        key: key.to_vec(),
        value: value.to_vec(),
    }
}

fn apply(model: &mut Model, writes: &[Write]) {
    for write in writes.iter().cloned() {
        match write {
            Write::Put { table, key, value } => model.insert((table, key), value),
            Write::Delete { table, key } => model.remove(&(table, key)),
        };
    }
}

/// Everything in a store, read by scans, and each value once more by its key.
fn content(store: &Store) -> Result<Model, StoreError> {
    let mut content = Model::new();
    for table in Table::ALL {
        for (key, value) in store.scan(table)? {
            assert_eq!(store.get(table, &key)?.as_ref(), Some(&value));
            content.insert((table, key), value);
        }
    }
    Ok(content)
}

/// Few keys, so that writes meet; values of up to some pages.
fn a_write() -> impl Strategy<Value = Write> {
    let table = prop::sample::select(Table::ALL.to_vec());
    let key = prop::collection::vec(0..3u8, 0..3);
    let value = (any::<u8>(), prop_oneof![0..40usize, 0..9000usize]);
    (table, key, prop::option::weighted(0.7, value)).prop_map(|(table, key, value)| match value {
        Some((byte, length)) => Write::Put {
            table,
            key,
            value: vec![byte; length],
        },
        None => Write::Delete { table, key },
    })
}

fn some_writes() -> impl Strategy<Value = Vec<Write>> {
    prop::collection::vec(a_write(), 0..8)
}

#[test]
fn it_is_its_owners_alone() {
    let (_directory, path) = place();
    Store::open(&path, identity()).unwrap();
    for file in [archive_of(&path), path] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn another_auctions_or_members_is_refused_and_left_alone() {
    let (_directory, path) = place();
    drop(Store::open(&path, identity()).unwrap());
    let others = [
        Identity {
            auction: AuctionId::from([8; 32]),
            ..identity()
        },
        Identity {
            member: MemberIndex(3),
            ..identity()
        },
    ];
    for other in others {
        match Store::open(&path, other).unwrap_err() {
            StoreError::Foreign {
                found, expected, ..
            } => {
                assert_eq!((found, expected), (identity(), other));
            }
            error => panic!("{error}"),
        }
    }
    Store::open(&path, identity()).unwrap();
}

#[test]
fn two_cannot_hold_one_file() {
    let (_directory, path) = place();
    let first = Store::open(&path, identity()).unwrap();
    let second = Store::open(&path, identity());
    assert!(
        matches!(second, Err(StoreError::Locked { .. })),
        "{second:?}"
    );
    drop(first);
    Store::open(&path, identity()).unwrap();
}

#[test]
fn a_place_that_does_not_exist_is_the_disks_fault() {
    let (directory, _) = place();
    let nowhere = directory.path().join("missing/member.redb");
    assert!(matches!(
        Store::open(&nowhere, identity()),
        Err(StoreError::Disk { .. })
    ));
    let a_directory = Store::open(directory.path(), identity());
    assert!(
        matches!(a_directory, Err(StoreError::Disk { .. })),
        "{a_directory:?}"
    );
}

#[test]
fn a_member_recalls_what_it_wrote() {
    let (_directory, path) = place();
    let store = Store::open(&path, identity()).unwrap();
    store
        .commit(&[
            put(Table::Votes, &[2], b"two"),
            put(Table::Votes, &[1], b"one"),
        ])
        .unwrap();
    let rows = store.recall(|memory| {
        assert_eq!(memory.get(Table::Votes, &[1]).unwrap(), b"one");
        assert_eq!(memory.get(Table::Closes, &[1]), None);
        memory.scan(Table::Votes)
    });
    assert_eq!(
        rows.unwrap(),
        [(vec![1], b"one".to_vec()), (vec![2], b"two".to_vec())]
    );
}

#[test]
fn reads_and_commits_go_on_side_by_side() {
    let (_directory, path) = place();
    let store = Store::open(&path, identity()).unwrap();
    let both = |byte: u8| {
        [
            put(Table::Meta, b"a", &[byte]),
            put(Table::Meta, b"b", &[byte]),
        ]
    };
    store.commit(&both(0)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| (1..30).for_each(|byte| store.commit(&both(byte)).unwrap()));
        for _ in 0..200 {
            let values: Vec<_> = store
                .scan(Table::Meta)
                .unwrap()
                .into_iter()
                .map(|(_, value)| value)
                .collect();
            assert_eq!(values[0], values[1], "a read sees half of a commit");
        }
    });
}

#[test]
fn compacting_gives_pruned_pages_back() {
    let (_directory, path) = place();
    let mut store = Store::open(&path, identity()).unwrap();
    let many: Vec<_> = (0..600u16)
        .map(|key| (key.to_be_bytes(), [7; 9000]))
        .collect();
    let writes: Vec<_> = many
        .iter()
        .map(|(key, value)| put(Table::Records, key, value))
        .collect();
    store.commit(&writes).unwrap();
    let deletes: Vec<_> = many
        .iter()
        .skip(1)
        .map(|(key, _)| Write::Delete {
            table: Table::Records,
            key: key.to_vec(),
        })
        .collect();
    store.commit(&deletes).unwrap();
    let files = [archive_of(&path), path];
    let sizes = || {
        files
            .clone()
            .map(|file| std::fs::metadata(file).unwrap().len())
    };
    let before = sizes();
    assert!(store.compact().unwrap());
    for (before, after) in before.into_iter().zip(sizes()) {
        assert!(after < before / 2, "{before} to {after}");
    }
    assert_eq!(content(&store).unwrap().len(), 1);
}

#[test]
fn a_survey_says_what_is_there_and_changes_nothing() {
    let (directory, path) = place();
    assert_eq!(Store::survey(&path).unwrap(), Survey::Absent);
    assert!(!path.exists());
    let closed = |newest| Survey::Closed {
        version: 2,
        identity: identity(),
        newest,
    };
    let store = Store::open(&path, identity()).unwrap();
    assert!(matches!(
        Store::survey(&path),
        Err(StoreError::Locked { .. })
    ));
    drop(store);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(Store::survey(&path).unwrap(), closed(None));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let store = Store::open(&path, identity()).unwrap();
    let round = |round: u64| put(Table::Records, &round.to_be_bytes(), b"record");
    store.commit(&[round(255), round(256)]).unwrap();
    // As a member leaves it that is killed.
    let killed = directory.path().join("killed.redb");
    std::fs::copy(&path, &killed).unwrap();
    std::fs::copy(archive_of(&path), archive_of(&killed)).unwrap();
    drop(store);
    assert_eq!(
        Store::survey(&path).unwrap(),
        closed(Some(sealbid_types::id::Round(256)))
    );
    assert_eq!(Store::survey(&killed).unwrap(), Survey::NotClosed);
    std::fs::write(&path, "nonsense").unwrap();
    assert!(Store::survey(&path).is_err());
}

/// Whoever starts a member anew moves both files away: one that is left would be taken for its own.
#[test]
fn one_file_without_the_other_is_refused_and_left_alone() {
    let (directory, path) = place();
    let store = Store::open(&path, identity()).unwrap();
    store.commit(&[put(Table::Records, b"1", b"one")]).unwrap();
    drop(store);
    let aside = directory.path().join("aside");
    for (file, says) in [
        (archive_of(&path), "No such file"),
        (path.clone(), "another time"),
    ] {
        std::fs::rename(&file, &aside).unwrap();
        let error = Store::open(&path, identity()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        let _ = std::fs::remove_file(&file);
        std::fs::rename(&aside, &file).unwrap();
        let store = Store::open(&path, identity()).unwrap();
        assert_eq!(store.get(Table::Records, b"1").unwrap().unwrap(), b"one");
    }
    // One that a crash left half made is made whole.
    let half = directory.path().join("half.redb");
    drop(Store::open(&half, identity()).unwrap());
    std::fs::remove_file(&half).unwrap();
    Store::open(&half, identity()).unwrap();
}
