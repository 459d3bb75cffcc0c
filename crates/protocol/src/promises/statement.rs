//! The statements of the committee's key that this member has given a share of: one a round and
//! purpose, and its digest is on disk before the share leaves.
//!
//! What a member computes after a restart may differ from what it computed before: another version
//! of the program, or a fault of it. Two shares of two statements could make two settlements of one
//! round, so the second is withheld, and the member says so.

use std::collections::BTreeMap;

use sealbid_types::id::Round;

use crate::disk::{Recall, Table, Write};
use crate::member::StartError;
use crate::member::io::Output;
use crate::opening::Purpose;

/// What stands before the key of a statement's row.
const KEY: &[u8] = b"statement ";

/// Digests of statements, by round and purpose.
#[derive(Debug, Default)]
pub(super) struct Statements(BTreeMap<(Round, Purpose), [u8; 32]>);

/// Whether a share of a statement may be given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// It was promised before.
    Again,
    /// It is promised by this row.
    New(Write),
    /// Another statement was promised.
    No,
}

const fn number(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::Order => 0,
        Purpose::Settlement => 2,
    }
}

fn key(round: Round, purpose: Purpose) -> Vec<u8> {
    [KEY, &round.0.to_be_bytes(), &[number(purpose)]].concat()
}

fn read(key: &[u8]) -> Option<(Round, Purpose)> {
    let (round, purpose) = key.strip_prefix(KEY)?.split_first_chunk::<8>()?;
    let purposes = [Purpose::Order, Purpose::Settlement];
    let purpose = purposes
        .into_iter()
        .find(|each| purpose == [number(*each)].as_slice())?;
    Some((Round(u64::from_be_bytes(*round)), purpose))
}

/// Whether a row of promises is a statement's.
pub(super) fn is_statement(key: &[u8], value: &[u8]) -> bool {
    read(key).is_some() && value.len() == 32
}

impl Statements {
    /// Reads from disk what was promised.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(super) fn recall(disk: &impl Recall) -> Result<Self, StartError> {
        let rows = disk.scan(Table::Promises).into_iter();
        let read = |(row, digest): (Vec<u8>, Vec<u8>)| {
            let unreadable = StartError::Unreadable(Table::Promises);
            let (of, digest) = (read(&row), <[u8; 32]>::try_from(digest));
            of.zip(digest.ok()).ok_or(unreadable)
        };
        let statements = rows.filter(|(row, _)| row.starts_with(KEY)).map(read);
        Ok(Self(statements.collect::<Result<_, _>>()?))
    }

    /// Promises a statement, unless another one of its round and purpose is.
    pub(super) fn promise(&mut self, round: Round, purpose: Purpose, digest: [u8; 32]) -> Permit {
        match self.0.get(&(round, purpose)) {
            Some(promised) if *promised == digest => Permit::Again,
            Some(_) => Permit::No,
            None => {
                self.0.insert((round, purpose), digest);
                Permit::New(Write::Put {
                    table: Table::Promises,
                    key: key(round, purpose),
                    value: digest.to_vec(),
                })
            }
        }
    }

    /// Forgets a round whose record is on disk: nothing of it is signed again.
    pub(super) fn forget(&mut self, settled: Round) -> Vec<Output> {
        let later = self.0.split_off(&(settled.next(), Purpose::Order));
        let gone = core::mem::replace(&mut self.0, later);
        gone.into_keys()
            .map(|(round, purpose)| {
                Output::Write(Write::Delete {
                    table: Table::Promises,
                    key: key(round, purpose),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_statement_of_a_round_and_purpose_is_refused_also_after_a_restart() {
        #[derive(Default)]
        struct Disk(BTreeMap<Vec<u8>, Vec<u8>>);
        impl Recall for Disk {
            fn get(&self, _: Table, key: &[u8]) -> Option<Vec<u8>> {
                self.0.get(key).cloned()
            }
            fn scan(&self, _: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
                self.0.clone().into_iter().collect()
            }
        }
        let mut disk = Disk::default();
        disk.0.insert(b"cut".to_vec(), vec![1]);
        let mut statements = Statements::recall(&disk).unwrap();
        let round = Round(7);
        let Permit::New(Write::Put { key, value, .. }) =
            statements.promise(round, Purpose::Settlement, [1; 32])
        else {
            panic!("the first is promised")
        };
        disk.0.insert(key, value);
        for statements in [&mut statements, &mut Statements::recall(&disk).unwrap()] {
            assert_eq!(
                statements.promise(round, Purpose::Settlement, [1; 32]),
                Permit::Again
            );
            assert_eq!(
                statements.promise(round, Purpose::Settlement, [2; 32]),
                Permit::No
            );
            assert!(matches!(
                statements.promise(round, Purpose::Order, [2; 32]),
                Permit::New(_)
            ));
            assert!(matches!(
                statements.promise(round.next(), Purpose::Settlement, [2; 32]),
                Permit::New(_)
            ));
            assert_eq!(statements.forget(round).len(), 2);
            assert_eq!(
                statements.promise(round.next(), Purpose::Settlement, [3; 32]),
                Permit::No
            );
        }
        disk.0.insert(b"statement ".to_vec(), vec![1]);
        assert!(Statements::recall(&disk).is_err(), "an unreadable row");
    }
}
