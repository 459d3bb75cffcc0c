//! What is on its way from one file of a store to the other.
//!
//! A commit is one transaction of the working file. What belongs into the archive is written into
//! that transaction too, as one row, and then to the archive: after a crash in between, the next
//! start does the second again. So a commit is in both files or in neither.

use sealbid_protocol::disk::{Table, Write};

/// Tables that grow with each round and that no start reads: they have a file of their own.
const ARCHIVED: [Table; 3] = [Table::Records, Table::Certificates, Table::Outcomes];

/// Whether a table is in the archive's file.
pub(crate) fn is_archived(table: Table) -> bool {
    ARCHIVED.contains(&table)
}

const PUT: u8 = 0;
const DELETE: u8 = 1;

/// The writes of one commit to the archive, as the working file's row has them.
pub(crate) fn encode(writes: &[&Write]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for write in writes {
        match write {
            Write::Put { table, key, value } => {
                bytes.extend([PUT, number(*table)]);
                put_bytes(&mut bytes, key);
                put_bytes(&mut bytes, value);
            }
            Write::Delete { table, key } => {
                bytes.extend([DELETE, number(*table)]);
                put_bytes(&mut bytes, key);
            }
        }
    }
    bytes
}

/// Reads them back; none if these bytes are no such row.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Vec<Write>> {
    let mut writes = Vec::new();
    while let Some(([what, number], rest)) = bytes.split_first_chunk::<2>() {
        let table = *ARCHIVED.get(usize::from(*number))?;
        let (key, rest) = take_bytes(rest)?;
        let (write, rest) = match *what {
            PUT => {
                let (value, rest) = take_bytes(rest)?;
                (Write::Put { table, key, value }, rest)
            }
            DELETE => (Write::Delete { table, key }, rest),
            _ => return None,
        };
        writes.push(write);
        bytes = rest;
    }
    bytes.is_empty().then_some(writes)
}

/// A table's place in [`ARCHIVED`].
fn number(table: Table) -> u8 {
    let place = ARCHIVED.iter().position(|archived| *archived == table);
    // There are three, and any other would be refused when it is read.
    place
        .and_then(|place| place.try_into().ok())
        .unwrap_or(u8::MAX)
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    // usize is at most 64 bits wide.
    to.extend((bytes.len() as u64).to_le_bytes());
    to.extend(bytes);
}

fn take_bytes(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (taken, rest) = rest.split_at_checked(length)?;
    Some((taken.to_vec(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write() -> impl Strategy<Value = Write> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..50);
        let table = prop::sample::select(ARCHIVED.to_vec());
        (table, bytes(), prop::option::of(bytes())).prop_map(|(table, key, value)| match value {
            Some(value) => Write::Put { table, key, value },
            None => Write::Delete { table, key },
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(writes in prop::collection::vec(write(), 0..6)) {
            let borrowed: Vec<_> = writes.iter().collect();
            let bytes = encode(&borrowed);
            prop_assert_eq!(decode(&bytes), Some(writes));
            // Cut short it is another list, or none.
            for length in 1..bytes.len() {
                prop_assert_ne!(decode(&bytes[..length]), decode(&bytes));
            }
        }

        #[test]
        fn anything_else_is_refused_and_never_a_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
