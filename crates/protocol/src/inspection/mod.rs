//! A member's store looked through: every row is read, and held against the rows that it has to do
//! with. Nothing of it is believed for lying there; signatures and certificates are verified by the
//! committee file.
//!
//! Whoever calls brings the rows, table by table in the order of [`Inspection::ORDER`], each table
//! by ascending keys, and gives the whole store to look things up in.

mod promises;
mod rounds;

use sealbid_crypto::{BatchSecret, CommitteeKeys};
use sealbid_types::codec::{Schema, decode};
use sealbid_types::committee::Committee;
use sealbid_types::id::{CloseDigest, MemberIndex, Round};

use self::rounds::Rounds;
use crate::disk::{Recall, Table};
use crate::evidence::EvidenceError;
use crate::member::{OWNER_KEY, RECORDS_SINCE, owner, records_since};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// It does not decode.
    #[error("it cannot be read as what belongs there")]
    Unreadable,
    /// It stands under another key than its own, or under one that means nothing.
    #[error("it does not belong under its key")]
    Key,
    /// It is of another auction, epoch or member.
    #[error("it is of another auction, epoch or member")]
    Foreign,
    /// A member's signature in it does not verify.
    #[error("a signature in it does not verify")]
    Signature,
    /// The committee's signature does not verify.
    #[error("the certificate of round {0} does not verify")]
    Certificate(Round),
    /// A round before it is not there.
    #[error("round {0} is missing before it")]
    Missing(Round),
    /// It does not follow from the round before.
    #[error("round {0} does not follow from the round before it")]
    Chain(Round),
    /// Another row says otherwise.
    #[error("{0} says otherwise")]
    Contradicted(&'static str),
    /// Another row that has to be there is not.
    #[error("{0} is missing")]
    Alone(&'static str),
    /// The record does not check out.
    #[error("{0}")]
    Record(String),
    /// The envelope is none that a member takes.
    #[error("the envelope is not valid: {0}")]
    Envelope(String),
    /// It is kept as evidence and is none.
    #[error("as evidence it shows nothing: {0}")]
    Evidence(EvidenceError),
}

/// How far a store's rounds go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The newest settled round.
    pub settled: Round,
    /// The newest certified round.
    pub certified: Round,
    /// The first round whose record is kept.
    pub since: Round,
}

/// One look through a store.
pub struct Inspection<'a> {
    committee: &'a Committee,
    keys: &'a CommitteeKeys,
    member: MemberIndex,
    rounds: Rounds<'a>,
}

impl core::fmt::Debug for Inspection<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Inspection of the store of {}", self.member)
    }
}

impl<'a> Inspection<'a> {
    /// The tables in the order in which their rows are brought: what others are held against comes
    /// first.
    pub const ORDER: [Table; 14] = [
        Table::Meta,
        Table::Certificates,
        Table::Closes,
        Table::Records,
        Table::Points,
        Table::Nonces,
        Table::Outcomes,
        Table::Envelopes,
        Table::Acknowledgements,
        Table::Reports,
        Table::Votes,
        Table::Promises,
        Table::Witness,
        Table::Evidence,
    ];

    /// A look through the store of `member`. `secret` is fresh, so that nobody can have fitted a
    /// record's errors to the audit's batches.
    #[must_use]
    pub fn new(
        committee: &'a Committee,
        keys: &'a CommitteeKeys,
        secret: &'a BatchSecret,
        member: MemberIndex,
    ) -> Self {
        Self {
            committee,
            keys,
            member,
            rounds: Rounds::new(committee, keys, secret),
        }
    }

    /// Looks at one row.
    ///
    /// # Errors
    /// [`RowFault`]. Rows after it may be found wrong for its sake.
    pub fn row(
        &mut self,
        table: Table,
        key: &[u8],
        value: &[u8],
        store: &impl Recall,
    ) -> Result<(), RowFault> {
        match table {
            Table::Meta => self.meta(key, value),
            Table::Certificates => self.rounds.certificate(key, value),
            Table::Closes => self.rounds.close(key, value),
            Table::Records => self.rounds.record(key, value, store),
            Table::Points => self.rounds.points(key, value),
            Table::Nonces => self.rounds.nonce(key, value),
            Table::Outcomes => self.rounds.outcome(key, value),
            Table::Envelopes => self.envelope(key, value),
            Table::Acknowledgements => self.acknowledgement(key, value, store),
            Table::Reports => self.report(key, value),
            Table::Votes => self.vote(key, value),
            Table::Promises => self.promise(key, value),
            Table::Witness => self.witnessed(key, value),
            Table::Evidence => self.evidence(key, value, store),
        }
    }

    /// What only all rows together show: whether something is missing at the end.
    ///
    /// # Errors
    /// [`RowFault::Missing`].
    pub fn finish(&self) -> Result<Extent, RowFault> {
        self.rounds.finish()
    }

    fn meta(&mut self, key: &[u8], value: &[u8]) -> Result<(), RowFault> {
        match key {
            OWNER_KEY => {
                let own = (self.committee.auction, self.member);
                let found = owner(value).ok_or(RowFault::Unreadable)?;
                require(found == own, RowFault::Foreign)
            }
            RECORDS_SINCE => {
                let since = records_since(value).ok_or(RowFault::Unreadable)?;
                self.rounds.begin(since);
                Ok(())
            }
            _ => Err(RowFault::Key),
        }
    }
}

fn require(holds: bool, fault: RowFault) -> Result<(), RowFault> {
    if holds { Ok(()) } else { Err(fault) }
}

fn read<T: Schema>(value: &[u8]) -> Result<T, RowFault> {
    decode(value).map_err(|_| RowFault::Unreadable)
}

/// The round that a key is of.
fn round_of(key: &[u8]) -> Result<Round, RowFault> {
    let bytes = key.try_into().map_err(|_| RowFault::Key)?;
    Ok(Round(u64::from_be_bytes(bytes)))
}

/// A close's place in the chain.
type Link = (Round, CloseDigest);

#[cfg(test)]
mod tests;
