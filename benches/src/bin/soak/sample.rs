//! What each member takes, at one time.

use std::fs;
use std::path::Path;

use sealbid_benches::Fallible;
use sealbid_benches::house::members::{self, Memory};
use sealbid_keygen::HouseDir;
use sealbid_types::id::Round;
use serde::Serialize;

/// The members after a round.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) round: Round,
    pub(crate) members: Vec<Taken>,
}

/// What a member takes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Taken {
    pub(crate) process: Memory,
    /// Of its store, the file that does not keep what is over.
    pub(crate) working_mib: f64,
    /// The file that does: records, certificates, outcomes.
    pub(crate) archive_mib: f64,
}

/// A quantity of it.
pub(crate) type Quantity = fn(&Taken) -> f64;

/// What is shown of it, each with its name and unit, and whether it is to be flat.
pub(crate) const SHOWN: [(&str, Quantity, bool); 5] = [
    ("heap and stacks, MiB", |taken| taken.process.own_mib, true),
    (
        "resident memory, MiB",
        |taken| taken.process.resident_mib,
        true,
    ),
    ("open files", |taken| taken.process.open_files.into(), true),
    (
        "store beside its archive, MiB",
        |taken| taken.working_mib,
        true,
    ),
    ("archive, MiB", |taken| taken.archive_mib, false),
];

impl Sample {
    pub(crate) fn take(root: &Path, round: Round) -> Fallible<Self> {
        let processes = members::memory(root)?;
        let taken = processes.into_iter().map(|process| {
            let store = HouseDir::new(root).member(process.member).store();
            Ok(Taken {
                process,
                working_mib: mib(&store)?,
                archive_mib: mib(&store.with_extension("archive.redb"))?,
            })
        });
        let members = taken.collect::<Fallible<_>>()?;
        Ok(Self { round, members })
    }
}

fn mib(file: &Path) -> Fallible<f64> {
    Ok(fs::metadata(file)?.len() as f64 / f64::from(1 << 20))
}
