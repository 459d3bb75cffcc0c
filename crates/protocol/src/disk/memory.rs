//! A disk in memory, for unit tests.

#![allow(clippy::panic)]

use std::collections::BTreeMap;

use super::{Recall, Table, Write};
use crate::member::Output;

/// Rows by table and key.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryDisk(pub(crate) BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl MemoryDisk {
    /// Carries out what is to be written. Anything else is none of a disk's.
    pub(crate) fn commit(&mut self, outputs: impl IntoIterator<Item = Output>) {
        for output in outputs {
            match output {
                Output::Write(Write::Put { table, key, value }) => {
                    self.0.insert((table, key), value);
                }
                Output::Write(Write::Delete { table, key }) => {
                    self.0.remove(&(table, key));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Recall for MemoryDisk {
    fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(&(table, key.to_vec())).cloned()
    }

    fn scan(&self, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.0.iter().filter(|((of, _), _)| *of == table);
        rows.map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }
}
