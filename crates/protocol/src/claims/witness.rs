//! What this member holds of the others' acknowledgements: a peer whose disk is an old copy gets
//! them back when it starts.
//!
//! They are kept as they came, unverified: the one they serve knows its own signature, and nobody
//! else is ever shown them. Their rows may be lost in a power cut with no harm but that, so they
//! are written along with what has to be written anyway, and all that have come since together: a
//! row for each would be most of what a round writes and removes.

use std::collections::BTreeMap;

use sealbid_types::codec::decode;
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Acknowledgement;
use serde::{Deserialize, Serialize};

use crate::disk::{Recall, Table, Write};
use crate::member::StartError;
use crate::member::io::{Output, put};

/// The most that is kept of one member for the open round and the next, some times what it may
/// acknowledge for them; and as much for later ones, which strangers may fill: they take no room
/// that a start needs. What finds none is not kept, and nothing makes room for it: else a liar could
/// have rows written without end.
const MOST_KEPT: usize = 16_384;
/// The most that one row holds.
const MOST_OF_ROW: usize = 4_096;

/// Acknowledgements that came between two writes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Batch(Vec<Signed<Acknowledgement>>);
sealbid_types::schema!(Batch, "sealbid.witness", 1, 1 << 24);

/// Reads a row of the witness.
pub(crate) fn witnessed(row: &[u8]) -> Option<Vec<Signed<Acknowledgement>>> {
    decode(row).ok().map(|Batch(batch)| batch)
}

/// Acknowledgements of the other members.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    kept: BTreeMap<MemberIndex, OfMember>,
    /// How many of each row's acknowledgements are still kept. It goes with the last.
    rows: BTreeMap<u64, usize>,
    /// What has come since the last write, by row.
    unwritten: BTreeMap<u64, Batch>,
    /// Rows that may be empty.
    gone: Vec<u64>,
}

/// The acknowledgements of one member.
#[derive(Debug, Default)]
struct OfMember {
    kept: BTreeMap<EnvelopeId, Kept>,
    /// How many of them were for later rounds than the next when they came.
    later: usize,
}

/// An acknowledgement, and the row that it stands in.
#[derive(Debug)]
struct Kept {
    signed: Signed<Acknowledgement>,
    row: u64,
    is_later: bool,
}

impl OfMember {
    fn has_room(&self, is_later: bool) -> bool {
        let taken = match is_later {
            true => self.later,
            false => self.kept.len().saturating_sub(self.later),
        };
        taken < MOST_KEPT
    }

    fn insert(&mut self, kept: Kept) {
        self.later += usize::from(kept.is_later);
        self.kept.insert(kept.signed.body.envelope, kept);
    }

    /// The row of the one that goes.
    fn remove(&mut self, id: &EnvelopeId) -> Option<u64> {
        let Kept { row, is_later, .. } = self.kept.remove(id)?;
        self.later = self.later.saturating_sub(usize::from(is_later));
        Some(row)
    }
}

impl Witness {
    /// Reads from disk what was kept, but for what is old by now, or of envelopes that are `gone`: a
    /// row stays until nothing of it is wanted, and what came with it must not come back.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(crate) fn recall(
        disk: &impl Recall,
        open: Round,
        gone: impl Fn(&EnvelopeId) -> bool,
    ) -> Result<Self, StartError> {
        const UNREADABLE: StartError = StartError::Unreadable(Table::Witness);
        let mut witness = Self::default();
        for (key, value) in disk.scan(Table::Witness) {
            let row = <[u8; 8]>::try_from(key).map_err(|_| UNREADABLE)?;
            let row = u64::from_be_bytes(row);
            let Batch(batch) = decode(&value).map_err(|_| UNREADABLE)?;
            witness.rows.insert(row, 0);
            for signed in batch {
                if !is_old(&signed, open) && !gone(&signed.body.envelope) {
                    witness.insert(row, signed, open);
                }
            }
        }
        let empty = witness.rows.iter().filter(|(_, count)| **count == 0);
        witness.gone = empty.map(|(row, _)| *row).collect();
        Ok(witness)
    }

    /// Keeps a member's acknowledgement, which came from that member itself.
    pub(crate) fn keep(&mut self, signed: &Signed<Acknowledgement>, open: Round) {
        let row = self.next();
        if self.insert(row, signed.clone(), open) {
            self.unwritten
                .entry(row)
                .or_default()
                .0
                .push(signed.clone());
        }
    }

    /// Whether it was new, and had room.
    fn insert(&mut self, row: u64, signed: Signed<Acknowledgement>, open: Round) -> bool {
        let of = self.kept.entry(signed.member).or_default();
        let is_later = signed.body.round > open.next();
        if of.kept.contains_key(&signed.body.envelope) || !of.has_room(is_later) {
            return false;
        }
        of.insert(Kept {
            signed,
            row,
            is_later,
        });
        *self.rows.entry(row).or_default() += 1;
        true
    }

    /// One of a row's acknowledgements is kept no more.
    fn leave(&mut self, row: Option<u64>) {
        let Some(row) = row else { return };
        if let Some(count) = self.rows.get_mut(&row) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.gone.push(row);
            }
        }
    }

    /// The row of what comes next.
    fn next(&self) -> u64 {
        // One that is not written yet takes more.
        if let Some((row, batch)) = self.unwritten.last_key_value()
            && batch.0.len() < MOST_OF_ROW
        {
            return *row;
        }
        let newest = self.rows.last_key_value();
        newest.map_or(0, |(row, _)| row.saturating_add(1))
    }

    /// What is kept of a member.
    pub(crate) fn of(&self, member: MemberIndex) -> impl Iterator<Item = &Signed<Acknowledgement>> {
        let of = self.kept.get(&member).into_iter();
        of.flat_map(|of| of.kept.values()).map(|kept| &kept.signed)
    }

    /// Forgets envelopes that are listed or outlived, and what is too old to bind anybody: an
    /// envelope waits for at most [`MOST_ROUNDS`] rounds after the one it is acknowledged for.
    pub(crate) fn forget(&mut self, gone: &[EnvelopeId], open: Round) {
        let mut left = Vec::new();
        for of in self.kept.values_mut() {
            let old = of.kept.iter();
            let old: Vec<_> = old
                .filter(|(_, kept)| is_old(&kept.signed, open))
                .map(|(id, _)| *id)
                .collect();
            left.extend(gone.iter().chain(&old).map(|id| of.remove(id)));
        }
        left.into_iter().for_each(|row| self.leave(row));
    }

    /// The rows that are to be written when something else is.
    pub(crate) fn take_unwritten(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        for (row, batch) in core::mem::take(&mut self.unwritten) {
            out.push(put(Table::Witness, row.to_be_bytes().to_vec(), &batch));
        }
        for row in core::mem::take(&mut self.gone) {
            // Something may have come into it since.
            if self.rows.get(&row) != Some(&0) {
                continue;
            }
            self.rows.remove(&row);
            out.push(Output::Write(Write::Delete {
                table: Table::Witness,
                key: row.to_be_bytes().to_vec(),
            }));
        }
        out
    }
}

fn is_old(signed: &Signed<Acknowledgement>, open: Round) -> bool {
    signed.body.round.0.saturating_add(MOST_ROUNDS) < open.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use proptest::collection::vec;
    use proptest::prelude::*;
    use sealbid_types::id::Epoch;

    use super::*;

    #[derive(Debug, Default)]
    struct Disk(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Disk {
        fn write(&mut self, out: Vec<Output>) {
            for output in out {
                match output {
                    Output::Write(Write::Put { key, value, .. }) => self.0.insert(key, value),
                    Output::Write(Write::Delete { key, .. }) => self.0.remove(&key),
                    other => panic!("{other:?}"),
                };
            }
        }
    }

    impl Recall for Disk {
        fn get(&self, _: Table, key: &[u8]) -> Option<Vec<u8>> {
            self.0.get(key).cloned()
        }

        fn scan(&self, _: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
            self.0.clone().into_iter().collect()
        }
    }

    fn acknowledgement(member: u8, envelope: u8) -> Signed<Acknowledgement> {
        let body = Acknowledgement {
            auction: [1; 32].into(),
            epoch: Epoch(0),
            envelope: [envelope; 32].into(),
            round: Round(1),
        };
        let key = ed25519_dalek::SigningKey::from_bytes(&[member; 32]);
        Signed::new(body, MemberIndex(member), &key)
    }

    fn recall(disk: &Disk) -> Witness {
        Witness::recall(disk, Round(1), |_| false).unwrap()
    }

    fn kept(witness: &Witness) -> Vec<(u8, EnvelopeId)> {
        let of = |member| {
            let of = witness.of(MemberIndex(member));
            of.map(move |signed| (member, signed.body.envelope))
        };
        (0..3).flat_map(of).collect()
    }

    proptest! {
        /// Whatever comes and goes, in whatever order it is written: a start has what was kept, and
        /// when all is gone no row is left.
        #[test]
        fn a_start_has_what_was_kept(steps in vec((0_u8..4, 0_u8..3, 0_u8..12), 1..80)) {
            let (mut witness, mut disk) = (Witness::default(), Disk::default());
            for (what, member, envelope) in steps {
                match what {
                    0 | 1 => witness.keep(&acknowledgement(member, envelope), Round(1)),
                    2 => witness.forget(&[[envelope; 32].into()], Round(1)),
                    _ => {
                        disk.write(witness.take_unwritten());
                        let again = kept(&recall(&disk));
                        // A row goes as a whole: some that are gone may come back.
                        prop_assert!(kept(&witness).iter().all(|it| again.contains(it)));
                    }
                }
            }
            disk.write(witness.take_unwritten());
            let mut witness = recall(&disk);
            witness.forget(&[], Round(2 + MOST_ROUNDS));
            prop_assert!(kept(&witness).is_empty());
            disk.write(witness.take_unwritten());
            prop_assert!(disk.0.is_empty(), "{:?}", disk.0.keys());
        }
    }

    /// One envelope that waits for long keeps a row, and not what else stands in it.
    #[test]
    fn what_is_gone_does_not_come_back_with_its_row() {
        let (mut witness, mut disk) = (Witness::default(), Disk::default());
        let waits: EnvelopeId = [9; 32].into();
        for envelope in 0..10 {
            witness.keep(&acknowledgement(1, envelope), Round(1));
        }
        disk.write(witness.take_unwritten());
        let again = Witness::recall(&disk, Round(1), |id| *id != waits).unwrap();
        assert_eq!(kept(&again), [(1, waits)]);
        let again = Witness::recall(&disk, Round(2 + MOST_ROUNDS), |_| false).unwrap();
        assert_eq!(kept(&again), []);
    }

    /// A liar that acknowledges whatever there is, or strangers that fill the far rounds, fill neither
    /// memory nor the disk, nor the room of the next rounds.
    #[test]
    fn what_is_kept_of_a_member_is_bounded() {
        let (mut witness, mut disk) = (Witness::default(), Disk::default());
        let most = u64::try_from(MOST_KEPT).unwrap();
        // Ever nearer ones, as if each could take the place of one that is farther.
        for number in 0..most + 9 {
            let mut signed = acknowledgement(1, 0);
            let id = blake3::hash(&number.to_le_bytes());
            signed.body.envelope = (*id.as_bytes()).into();
            signed.body.round = Round(u64::MAX - number);
            witness.keep(&signed, Round(1));
        }
        disk.write(witness.take_unwritten());
        assert_eq!(witness.of(MemberIndex(1)).count(), MOST_KEPT);
        assert_eq!(disk.0.len(), MOST_KEPT / MOST_OF_ROW);
        for envelope in 0..10 {
            witness.keep(&acknowledgement(1, envelope), Round(1));
        }
        assert_eq!(witness.of(MemberIndex(1)).count(), MOST_KEPT + 10);
        disk.write(witness.take_unwritten());
        assert_eq!(disk.0.len(), MOST_KEPT / MOST_OF_ROW + 1);
        let again = recall(&disk);
        assert_eq!(again.of(MemberIndex(1)).count(), MOST_KEPT + 10);
        let id: EnvelopeId = [3; 32].into();
        let rows = witness.kept[&MemberIndex(1)].kept[&id].row;
        witness.forget(&[id], Round(1));
        assert_eq!(witness.rows[&rows], 9);
    }
}
