//! What this member holds of the others' acknowledgements: a peer whose disk is an old copy gets
//! them back when it starts.
//!
//! They are kept as they came, unverified: the one they serve knows its own signature, and nobody
//! else is ever shown them. Their rows may be lost in a power cut with no harm but that, so they
//! are written along with what has to be written anyway.

use std::collections::BTreeMap;

use sealbid_types::codec::decode;
use sealbid_types::envelope::MOST_ROUNDS;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Acknowledgement;

use crate::disk::{Recall, Table, Write};
use crate::member::StartError;
use crate::member::io::{Output, put};

/// The most that is kept of one member: some times what it may acknowledge.
const MOST_KEPT: usize = 16_384;

/// Acknowledgements of the other members.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    kept: BTreeMap<MemberIndex, BTreeMap<EnvelopeId, Signed<Acknowledgement>>>,
    unwritten: Vec<Output>,
}

fn key(member: MemberIndex, id: &EnvelopeId) -> Vec<u8> {
    [&[member.0], id.as_bytes().as_slice()].concat()
}

impl Witness {
    /// Reads from disk what was kept.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(crate) fn recall(disk: &impl Recall) -> Result<Self, StartError> {
        let mut witness = Self::default();
        for (_, row) in disk.scan(Table::Witness) {
            let signed: Signed<Acknowledgement> =
                decode(&row).map_err(|_| StartError::Unreadable(Table::Witness))?;
            let of = witness.kept.entry(signed.member).or_default();
            of.insert(signed.body.envelope, signed);
        }
        Ok(witness)
    }

    /// Keeps a member's acknowledgement, which came from that member itself.
    pub(crate) fn keep(&mut self, signed: &Signed<Acknowledgement>) {
        let (member, id) = (signed.member, signed.body.envelope);
        let of = self.kept.entry(member).or_default();
        if of.contains_key(&id) || of.len() >= MOST_KEPT {
            return;
        }
        of.insert(id, signed.clone());
        self.unwritten
            .push(put(Table::Witness, key(member, &id), signed));
    }

    /// What is kept of a member.
    pub(crate) fn of(&self, member: MemberIndex) -> impl Iterator<Item = &Signed<Acknowledgement>> {
        self.kept
            .get(&member)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// Forgets envelopes that are listed or outlived, and what is too old to bind anybody: an
    /// envelope waits for at most [`MOST_ROUNDS`] rounds after the one it is acknowledged for.
    pub(crate) fn forget(&mut self, gone: &[EnvelopeId], open: Round) {
        for (member, of) in &mut self.kept {
            let old: Vec<_> = of
                .values()
                .filter(|signed| signed.body.round.0.saturating_add(MOST_ROUNDS) < open.0)
                .map(|signed| signed.body.envelope)
                .collect();
            for id in gone.iter().chain(&old) {
                if of.remove(id).is_some() {
                    self.unwritten.push(Output::Write(Write::Delete {
                        table: Table::Witness,
                        key: key(*member, id),
                    }));
                }
            }
        }
    }

    /// The rows that are to be written when something else is.
    pub(crate) fn take_unwritten(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.unwritten)
    }
}
