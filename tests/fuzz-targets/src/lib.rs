//! Everything that takes bytes of others, as functions that a fuzzer can call.
//!
//! A [`Target`] takes any bytes and panics if what it tries breaks a promise: not only by a panic of the code that is
//! tried, but by what its module says must hold. `tests/corpus.rs` runs each over its committed corpus and over changes of
//! it, with all other tests; `tests/fuzz` searches for more, for as long as one likes (CONTRIBUTING.md).
//!
//! | module | tries | beside that nothing panics |
//! | --- | --- | --- |
//! | `encodings` | every schema of the wire and of the disk | what decodes encodes to the same bytes, and JSON gives the value back |
//! | `door` | answers of a front door | a record is cut out of an answer as it stands in it |
//! | `texts` | amounts, names, keys, times, tickets, codes | what is read is written so that it reads the same |
//! | `near` | payloads of rounds and of wallets, signed intents, nonces | the same; and what is signed is what the terms say |
//! | `files` | committee, tokens, price books, configuration | the same; a book's prices never fall with the size |
//! | `points` | points and scalars | one byte string for a point, and none for the identity |
//! | `gate` | envelopes at a member's gate | whoever signs anew gets nothing past it but what was sealed |
//! | `market` | a round's opened terms and quotes | no clearing breaks a rule of its own, or differs the second time |
//! | `audit` | records and evidence | nothing passes but the true record, and nobody is convicted but the liar |
//! | `pool` | the pool's commands | limits hold, and a pool is restored from its items |
//! | `vote` | ballots of a vote, in any order | a member never signs twice for one step, nor before it has written it |
//! | `member` | messages, envelopes and restarts of a house | its members agree, and none accuses another that is honest |
//! | `disk` | rows of a member's store | it starts or says why not |
//! | `ceremony` | messages of a key ceremony | what is refused changes nothing, and nobody is blamed but the liar |

// A target that meets what it did not expect has to end there, and loudly.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

mod audit;
mod ceremony;
mod disk;
mod door;
mod encodings;
mod files;
mod gate;
mod house;
mod market;
mod member;
mod near;
mod points;
mod pool;
mod program;
mod texts;
mod traces;
mod vote;

/// Something that takes bytes of others.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its directory in the corpus.
    pub name: &'static str,
    /// Tries it with these bytes. A panic is a finding.
    pub run: fn(&[u8]),
    /// Inputs to begin with, always the same: the corpus holds them, and what a search has added.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How many changed inputs the tests try. Fewer of what takes longer.
    pub cases: u32,
}

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Self {
        Self {
            name,
            run,
            seeds,
            cases: 1_024,
        }
    }

    const fn with_cases(self, cases: u32) -> Self {
        Self { cases, ..self }
    }
}

/// All targets.
pub const TARGETS: &[&[Target]] = &[
    encodings::TARGETS,
    door::TARGETS,
    texts::TARGETS,
    near::TARGETS,
    files::TARGETS,
    points::TARGETS,
    gate::TARGETS,
    market::TARGETS,
    audit::TARGETS,
    pool::TARGETS,
    vote::TARGETS,
    member::TARGETS,
    disk::TARGETS,
    ceremony::TARGETS,
];

/// All targets, one by one.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().copied().flatten()
}

/// The target of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Target> {
    targets().find(|target| target.name == name)
}
