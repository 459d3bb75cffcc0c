//! A simulated disk: what survives a crash is what was committed.

use std::collections::BTreeMap;

use sealbid_protocol::disk::{Recall, Table, Write};

/// A member's store.
#[derive(Debug, Clone, Default)]
pub struct Disk(BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Disk {
    /// Carries out the writes of one step, all of them.
    pub fn commit(&mut self, writes: impl IntoIterator<Item = Write>) {
        for write in writes {
            match write {
                Write::Put { table, key, value } => _ = self.0.insert((table, key), value),
                Write::Delete { table, key } => _ = self.0.remove(&(table, key)),
            }
        }
    }
}

impl Recall for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(&(table, key.to_vec())).cloned()
    }

    fn scan(&self, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.0.iter().filter(|((of, _), _)| *of == table);
        rows.map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }
}
