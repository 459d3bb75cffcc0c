//! Changed bytes: an error that says so, or no difference. Never another value, never a panic.

use std::fs;
use std::path::Path;

use super::*;
use crate::Damage;
use crate::file::definition;

/// A store of some hundred rows in several layers of pages, and what it holds.
fn filled(path: &Path) -> (Store, Model) {
    let store = Store::open(path, identity()).unwrap();
    let mut model = Model::new();
    for round in 0..12u64 {
        let writes: Vec<_> = (0..20u64)
            .map(|row| {
                let table = Table::ALL[usize::try_from(row).unwrap() % Table::ALL.len()];
                let key = (round * 100 + row).to_be_bytes();
                put(
                    table,
                    &key,
                    &vec![u8::try_from(row).unwrap(); 50 * row as usize],
                )
            })
            .collect();
        store.commit(&writes).unwrap();
        apply(&mut model, &writes);
    }
    (store, model)
}

/// Opens and reads a file with these bytes. An error other than of damage is a finding.
fn read_back(path: &Path, bytes: &[u8]) -> Option<Model> {
    fs::write(path, bytes).unwrap();
    match Store::open(path, identity()).and_then(|store| content(&store)) {
        Ok(content) => Some(content),
        Err(StoreError::Corrupt { .. } | StoreError::Version { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// The bytes of a closed store, those of one that was killed, and what both hold. Made once.
fn images() -> &'static (Vec<u8>, Vec<u8>, Model) {
    static IMAGES: std::sync::OnceLock<(Vec<u8>, Vec<u8>, Model)> = std::sync::OnceLock::new();
    IMAGES.get_or_init(|| {
        let (_directory, path) = place();
        let (store, model) = filled(&path);
        let killed = fs::read(&path).unwrap();
        drop(store);
        (fs::read(&path).unwrap(), killed, model)
    })
}

/// Where the file is in use. The rest is free pages, of zeros or of rows that were replaced.
fn used(bytes: &[u8]) -> Vec<usize> {
    (4096..bytes.len()).filter(|&at| bytes[at] != 0).collect()
}

#[test]
fn every_bit_of_the_header_of_a_closed_file() {
    let (closed, _, model) = images();
    let (_directory, path) = place();
    for at in 0..320 {
        for bit in 0..8 {
            let mut bytes = closed.clone();
            bytes[at] ^= 1 << bit;
            if let Some(found) = read_back(&path, &bytes) {
                assert_eq!(found, *model, "bit {bit} of byte {at}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_of_a_closed_or_killed_file(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
        killed: bool,
    ) {
        let (closed, open, model) = images();
        let mut bytes = if killed { open.clone() } else { closed.clone() };
        let used = used(&bytes);
        for (at, flip) in flips {
            bytes[used[at.index(used.len())]] ^= flip;
        }
        let (_directory, path) = place();
        if let Some(found) = read_back(&path, &bytes) {
            prop_assert_eq!(&found, model);
        }
    }

    #[test]
    fn a_file_of_another_length(length in prop_oneof![0..9000usize, 0..1_200_000usize]) {
        let (closed, _, model) = images();
        let mut bytes = closed.clone();
        bytes.resize(length, 0);
        let (_directory, path) = place();
        if let Some(found) = read_back(&path, &bytes) {
            prop_assert_eq!(&found, model);
        }
    }
}

#[test]
fn damage_is_common_enough_to_be_tried() {
    let (closed, killed, _) = images();
    let (_directory, path) = place();
    for image in [closed, killed] {
        let used = used(image);
        let refused = (0..50).filter(|nth| {
            let mut bytes = image.clone();
            bytes[used[used.len() * nth / 50]] ^= 0x40;
            read_back(&path, &bytes).is_none()
        });
        let refused = refused.count();
        assert!(
            (10..50).contains(&refused),
            "{refused} of 50 changed bytes were refused"
        );
    }
}

#[test]
fn arbitrary_files() {
    let (_directory, path) = place();
    for bytes in [&b""[..], b"redb", b"{}\n", &[0; 5000], &[0xff; 5000]] {
        assert_eq!(read_back(&path, bytes), None);
    }
}

/// Changes a stored value behind the store's back, in a file whose pages are in order.
fn forge(path: &Path, table: Table, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
    let database = redb::Database::open(path).unwrap();
    let transaction = crate::file::durable_transaction(&database, path).unwrap();
    let mut rows = transaction.open_table(definition(table)).unwrap();
    let mut stored = redb::ReadableTable::get(&rows, key)
        .unwrap()
        .unwrap()
        .value()
        .to_vec();
    change(&mut stored);
    rows.insert(key, stored.as_slice()).unwrap();
    drop(rows);
    transaction.commit().unwrap();
}

#[test]
fn a_damaged_value_is_named_and_never_taken_for_a_missing_one() {
    let (_directory, path) = place();
    let store = Store::open(&path, identity()).unwrap();
    store
        .commit(&[put(Table::Votes, b"a", b"1"), put(Table::Votes, b"b", b"2")])
        .unwrap();
    drop(store);
    forge(&path, Table::Votes, b"b", |stored| {
        *stored.last_mut().unwrap() ^= 1;
    });

    let store = Store::open(&path, identity()).unwrap();
    let named = |error: StoreError| match error {
        StoreError::Corrupt {
            damage: Damage::Value { table, key },
            ..
        } => (table, key),
        error => panic!("{error}"),
    };
    let expected = (Table::Votes, b"b".to_vec());
    assert_eq!(named(store.get(Table::Votes, b"b").unwrap_err()), expected);
    assert_eq!(named(store.scan(Table::Votes).unwrap_err()), expected);
    assert_eq!(store.get(Table::Votes, b"a").unwrap().unwrap(), b"1");
    let started = store.recall(|memory| memory.get(Table::Votes, b"b").is_none());
    assert_eq!(named(started.unwrap_err()), expected);
    assert!(
        store
            .get(Table::Votes, b"b")
            .unwrap_err()
            .to_string()
            .contains("62 in Votes")
    );
}

#[test]
fn a_value_moved_to_another_key_is_damaged() {
    let (_directory, path) = place();
    let store = Store::open(&path, identity()).unwrap();
    store
        .commit(&[put(Table::Votes, b"a", b"1"), put(Table::Votes, b"b", b"2")])
        .unwrap();
    drop(store);
    let mut other = Vec::new();
    forge(&path, Table::Votes, b"a", |stored| other.clone_from(stored));
    forge(&path, Table::Votes, b"b", |stored| *stored = other);
    let store = Store::open(&path, identity()).unwrap();
    assert!(matches!(
        store.get(Table::Votes, b"b"),
        Err(StoreError::Corrupt { .. })
    ));
}
