//! A simulated disk: what survives a crash is what was committed, unless the disk lied about it.
//!
//! It stands for the two redb files of a member, which one commit writes together. Crueler than
//! these: transactions that it called durable can be taken back. Kinder: it tears nothing. That a
//! disk is full is simulated where a process writes to it (`house/world/outputs.rs`). redb itself is
//! crashed and damaged in `crates/store/src/tests`.

use std::collections::{BTreeMap, VecDeque};

use sealbid_protocol::disk::{Recall, Table, Write};

type Row = (Table, Vec<u8>);

/// How many transactions a disk that lies can lose.
/// More than any fault of the swarm takes back, which is six. Bounded, since a run may make
/// thousands of commits and all that these replaced would be kept.
const UNSURE: usize = 8;

/// A member's store. One commit is one transaction: all of it is there after a crash, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    rows: BTreeMap<Row, Vec<u8>>,
    /// What the newest transactions replaced, the newest last.
    /// Each row stands there with what it held, or with nothing if it was not there.
    undo: VecDeque<Vec<(Row, Option<Vec<u8>>)>>,
}

impl Disk {
    /// Carries out the writes of one transaction, all of them.
    pub fn commit(&mut self, writes: impl IntoIterator<Item = Write>) {
        let mut replaced = Vec::new();
        for write in writes {
            let (row, before) = match write {
                Write::Put { table, key, value } => {
                    let row = (table, key);
                    let before = self.rows.insert(row.clone(), value);
                    (row, before)
                }
                Write::Delete { table, key } => {
                    let row = (table, key);
                    let before = self.rows.remove(&row);
                    (row, before)
                }
            };
            replaced.push((row, before));
        }
        // A step without writes is no transaction. Taken back, it would pass for a loss that was
        // none.
        if !replaced.is_empty() {
            self.undo.push_back(replaced);
            if self.undo.len() > UNSURE {
                self.undo.pop_front();
            }
        }
    }

    /// Takes back the newest transactions, as a disk does that had not synced what it said it had.
    /// Says how many there were to take back.
    pub fn lose(&mut self, transactions: usize) -> usize {
        let mut lost = 0;
        while lost < transactions
            && let Some(replaced) = self.undo.pop_back()
        {
            // Backwards: a transaction may write a row twice, and what the row held at first
            // counts.
            for (row, before) in replaced.into_iter().rev() {
                match before {
                    Some(value) => _ = self.rows.insert(row, value),
                    None => _ = self.rows.remove(&row),
                }
            }
            lost += 1;
        }
        lost
    }

    /// Whether there is a transaction to take back.
    #[must_use]
    pub fn can_lose(&self) -> bool {
        !self.undo.is_empty()
    }

    /// How many bytes a table holds, keys and values.
    #[must_use]
    pub fn bytes(&self, table: Table) -> usize {
        let of = self.rows.iter().filter(|((other, _), _)| *other == table);
        of.map(|((_, key), value)| key.len() + value.len()).sum()
    }

    /// How many rows a table has.
    #[must_use]
    pub fn count(&self, table: Table) -> usize {
        self.rows
            .keys()
            .filter(|(other, _)| *other == table)
            .count()
    }
}

impl Recall for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.rows.get(&(table, key.to_vec())).cloned()
    }

    fn scan(&self, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
        // By key, as redb scans: the newest round is the last row of its table.
        let rows = self.rows.iter().filter(|((of, _), _)| *of == table);
        rows.map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }
}
