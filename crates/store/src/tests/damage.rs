//! Changed bytes: an error that says so, or no difference. Never another value, never a panic.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::Damage;
use crate::file::{Part, definition};

/// Some hundred rows in several layers of pages, as commits.
fn commits() -> impl Iterator<Item = Vec<Write>> {
    let row = |round: u64, row: u64| {
        let table = Table::ALL[usize::try_from(row).unwrap() % Table::ALL.len()];
        let key = (round * 100 + row).to_be_bytes();
        let value = vec![u8::try_from(row).unwrap(); 50 * row as usize];
        put(table, &key, &value)
    };
    (0..12).map(move |round| (0..20).map(|nth| row(round, nth)).collect())
}

/// What a store holds that has them.
fn expected() -> Model {
    let mut model = Model::new();
    commits().for_each(|writes| apply(&mut model, &writes));
    model
}

fn filled(path: &Path) -> Store {
    let store = Store::open(path, identity()).unwrap();
    commits().for_each(|writes| store.commit(&writes).unwrap());
    store
}

/// Opens and reads a working file with these bytes, beside the archive that it was written with.
fn read_back(path: &Path, bytes: &[u8]) -> Option<Model> {
    let (_, _, archive, _) = images();
    fs::write(path, bytes).unwrap();
    fs::write(archive_of(path), archive).unwrap();
    unless_damaged(Store::open(path, identity()).and_then(|store| content(&store)))
}

type Images = (Vec<u8>, Vec<u8>, Vec<u8>, Model);

/// The bytes of a closed store's working file, those of one that was killed, the archive's, and what
/// they hold. Made once.
fn images() -> &'static Images {
    static IMAGES: std::sync::OnceLock<Images> = std::sync::OnceLock::new();
    IMAGES.get_or_init(|| {
        let (_directory, path) = place();
        let store = filled(&path);
        let killed = fs::read(&path).unwrap();
        drop(store);
        let archive = fs::read(archive_of(&path)).unwrap();
        (fs::read(&path).unwrap(), killed, archive, expected())
    })
}

/// Where the file is in use. The rest is free pages, of zeros or of rows that were replaced.
fn used(bytes: &[u8]) -> Vec<usize> {
    (4096..bytes.len()).filter(|&at| bytes[at] != 0).collect()
}

#[test]
fn every_bit_of_the_header_of_a_closed_file() {
    let (closed, _, _, model) = images();
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
        let (closed, open, _, model) = images();
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
        let (closed, _, _, model) = images();
        let mut bytes = closed.clone();
        bytes.resize(length, 0);
        let (_directory, path) = place();
        if let Some(found) = read_back(&path, &bytes) {
            prop_assert_eq!(&found, model);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// No start reads the archive as a whole. What is damaged in it is an error where it is read, or
    /// not found; it is never another value, and `examine` finds it.
    #[test]
    fn any_bytes_of_an_archive(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
    ) {
        let (_, _, archive, _) = images();
        let mut bytes = archive.clone();
        let used = used(&bytes);
        for (at, flip) in flips {
            bytes[used[at.index(used.len())]] ^= flip;
        }
        check_damaged_archive(&bytes);
    }
}

/// The same of one bit, at places all over the file.
#[test]
fn one_bit_all_over_an_archive() {
    let (_, _, archive, _) = images();
    for at in used(archive).into_iter().step_by(97) {
        let mut bytes = archive.clone();
        bytes[at] ^= 1;
        check_damaged_archive(&bytes);
    }
}

/// Names the store to the process that reads it.
const PLACE: &str = "SEALBID_TEST_DAMAGED_STORE";

/// Reads it in a process of its own: where redb's notes of its free pages are damaged, it can end
/// the process (a panic while it cleans up after a panic), which tells nothing wrong either.
fn check_damaged_archive(archive: &[u8]) {
    let (working, _, _, _) = images();
    let (_directory, path) = place();
    fs::write(&path, working).unwrap();
    fs::write(archive_of(&path), archive).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::damage::a_damaged_store_that_another_test_made",
        ])
        .args(["--include-ignored", "--nocapture"])
        .env(PLACE, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let was_ended =
        output.status.signal().is_some() && said.contains("panic in a destructor during cleanup");
    let has_read = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(has_read || was_ended, "{said}");
}

#[test]
#[ignore = "other tests run it, in a process of its own"]
fn a_damaged_store_that_another_test_made() {
    let path = PathBuf::from(std::env::var_os(PLACE).unwrap());
    let archive = fs::read(archive_of(&path)).unwrap();
    let model = expected();
    if let Some((store, _)) = unless_damaged(Store::examine(&path)) {
        assert_eq!(content(&store).unwrap(), model);
    }
    // That may have put it in order: it is opened as it was.
    fs::write(archive_of(&path), archive).unwrap();
    if let Some(store) = unless_damaged(Store::open(&path, identity())) {
        tells_no_other_value(&store, &model);
    }
}

/// An error other than of damage is a finding.
fn unless_damaged<T>(outcome: Result<T, StoreError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(StoreError::Corrupt { .. } | StoreError::Version { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// By their keys, which go through the pages that lead to rows, and by scans, which go along them:
/// where such a page is damaged, one may find what the other does not.
fn tells_no_other_value(store: &Store, model: &Model) {
    for ((table, key), value) in model {
        let found = unless_damaged(store.get(*table, key)).flatten();
        assert!(
            found.is_none_or(|found| found == *value),
            "{table:?} {key:?}"
        );
    }
    for table in Table::ALL {
        for (key, value) in unless_damaged(store.scan(table)).unwrap_or_default() {
            assert_eq!(model.get(&(table, key)), Some(&value), "{table:?}");
        }
    }
}

#[test]
fn damage_is_common_enough_to_be_tried() {
    let (closed, killed, _, _) = images();
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
    let transaction = crate::file::durable_transaction(&database, Part::Working, path).unwrap();
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
