//! A member's store with a row that is not what the member wrote. The store's checksums find what a disk has damaged; a row
//! that another version wrote, or whoever has the file, passes them.

use linear::house::Disk;
use linear_crypto::BatchSecret;
use linear_protocol::disk::{Recall as _, Table, Write};
use linear_protocol::inspection::Inspection;
use linear_protocol::member::Input;
use linear_protocol::time::{Clock, Monotonic};
use linear_types::codec::PREFIX_BYTES;
use linear_types::id::MemberIndex;

use crate::Target;
use crate::house::{fixture, try_begin};
use crate::program::Program;
use crate::traces::Traces;

const ME: MemberIndex = MemberIndex(0);

fn disk(bytes: &[u8]) {
    let mut program = Program::new(bytes, 4);
    let disks = &Traces::get().disks;
    let Some(at) = program.index(disks.len()) else {
        return;
    };
    let (disk, now) = &disks[at];
    let mut disk = disk.clone();
    let mut is_changed = false;
    while let Some(step) = program.step() {
        is_changed = true;
        change(&mut disk, step, &mut program);
    }
    inspect(&disk);
    match try_begin(ME, &disk, *now) {
        Ok((mut engine, _)) => {
            let _ = engine.stored_envelopes();
            for later in [0, 1_000, 3_000] {
                let monotonic = Monotonic(*now + later);
                let wall = linear::house::START.plus(std::time::Duration::from_millis(monotonic.0));
                engine.step(Input::Tick, Clock { wall, monotonic });
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(is_changed, "what a member wrote itself: {error}");
        }
    }
}

fn change(disk: &mut Disk, step: u8, program: &mut Program<'_>) {
    let table = Table::ALL[usize::from(step) % Table::ALL.len()];
    let rows = disk.scan(table);
    let Some(at) = program.index(rows.len()) else {
        return;
    };
    let (key, value) = rows[at].clone();
    let write = match program.byte() % 8 {
        0 => Write::Delete { table, key },
        1 => Write::Put {
            table,
            key: program.edit(&key, 0),
            value,
        },
        2 => Write::Put {
            table,
            key,
            value: program.bytes().to_vec(),
        },
        _ => Write::Put {
            table,
            key,
            value: program.edit(&value, PREFIX_BYTES.min(value.len())),
        },
    };
    disk.commit([write]);
}

/// Looks through it as `store check` does, without a stop at the first fault.
fn inspect(disk: &Disk) {
    let (house, secret) = (fixture(), BatchSecret::new([8; 32]));
    let mut inspection = Inspection::new(&house.committee, &house.keys, &secret, ME);
    for table in Inspection::ORDER {
        for (key, value) in disk.scan(table) {
            let _ = inspection.row(table, &key, &value, disk);
        }
    }
    let _ = inspection.finish();
}

fn seeds() -> Vec<Vec<u8>> {
    let disks = u8::try_from(Traces::get().disks.len()).unwrap();
    let tables = u8::try_from(Table::ALL.len()).unwrap();
    let mut seeds: Vec<_> = (0..disks).map(|at| vec![at, 0]).collect();
    let each = (0..tables).map(|table| vec![disks - 1, 0, table, 0, 0, 3, 0, 9, 0, 1, 1]);
    seeds.extend(each);
    seeds
}

pub(crate) const TARGETS: &[Target] = &[Target::new("disk", disk, seeds).with_cases(384)];
