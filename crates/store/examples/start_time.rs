//! How long a start takes by the age of a store: `cargo run -p sealbid-store --example start_time`.
//!
//! Makes stores of so many rounds, each with a record of 100 kB and 20 outcomes, as members leave
//! them that are stopped and that are killed, and times what opens them. For comparison, how long
//! it takes to verify all of it, which `sealbid node store check` does.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use sealbid_protocol::disk::{Table, Write};
use sealbid_store::{Identity, Store};
use sealbid_types::id::{AuctionId, MemberIndex};

const ROUNDS: [u64; 3] = [10, 1_000, 10_000];
const RECORD: usize = 100_000;
const ENTRIES: u8 = 20;
/// For how many rounds a member keeps what rules envelopes out.
const WINDOW: u64 = 65;

fn put(table: Table, key: &[u8], value: Vec<u8>) -> Write {
    let key = key.to_vec();
    Write::Put { table, key, value }
}

fn round(number: u64) -> Vec<Write> {
    let key = number.to_be_bytes();
    let mut writes = vec![
        put(Table::Records, &key, vec![7; RECORD]),
        put(Table::Certificates, &key, vec![7; 1_000]),
        put(Table::Closes, &key, vec![7; 1_000]),
        put(Table::Points, &key, vec![7; 4_000]),
    ];
    let outcome = |entry: u8| {
        let id = blake3::hash(&[&key[..], &[entry]].concat());
        put(Table::Outcomes, id.as_bytes(), vec![7; 150])
    };
    writes.extend((0..ENTRIES).map(outcome));
    let gone = number.checked_sub(WINDOW).map(u64::to_be_bytes);
    for table in [Table::Closes, Table::Points] {
        let delete = gone.map(|key| Write::Delete {
            table,
            key: key.to_vec(),
        });
        writes.extend(delete);
    }
    writes
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let done = work();
    (begun.elapsed(), done)
}

/// Copies both files as they are, and has them on disk: a start would wait for that else.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let archive = |path: &Path| path.with_extension("archive.redb");
    for (from, to) in [
        (from.to_owned(), to.to_owned()),
        (archive(from), archive(to)),
    ] {
        fs::copy(from, &to)?;
        fs::File::open(&to)?.sync_all()?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let identity = Identity {
        auction: AuctionId::from([7; 32]),
        member: MemberIndex(0),
    };
    println!(
        "rounds  archive MB  working kB  one round ms  stopped ms  killed ms  all verified ms"
    );
    for rounds in ROUNDS {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("member.redb");
        let store = Store::open(&path, identity)?;
        for batch in (0..rounds).collect::<Vec<_>>().chunks(50) {
            let writes: Vec<_> = batch.iter().flat_map(|number| round(*number)).collect();
            store.commit(&writes)?;
        }
        let (one, committed) = timed(|| store.commit(&round(rounds)));
        committed?;
        let killed = directory.path().join("killed.redb");
        copy(&path, &killed)?;
        drop(store);
        let size = |path: &Path| fs::metadata(path).map(|file| file.len());
        let archive = size(&path.with_extension("archive.redb"))? / 1_000_000;
        let working = size(&path)? / 1_000;
        let (stopped, opened) = timed(|| Store::open(&path, identity));
        drop(opened?);
        let (killed, opened) = timed(|| Store::open(&killed, identity));
        drop(opened?);
        let (all, opened) = timed(|| Store::examine(&path));
        drop(opened?);
        let [one, stopped, killed, all] = [one, stopped, killed, all].map(|it| it.as_millis());
        println!(
            "{rounds:>6}  {archive:>10}  {working:>10}  {one:>12}  {stopped:>10}  {killed:>9}  {all:>15}"
        );
    }
    Ok(())
}
