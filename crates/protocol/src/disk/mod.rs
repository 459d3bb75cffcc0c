//! What a member must not forget, as values: the engine says what to write, the shell writes it
//! before it carries out anything that comes later.

#[cfg(test)]
pub(crate) mod memory;

/// A table of the store. Keys and values are bytes; the engine knows what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Which member of which auction this is, and counters.
    Meta,
    /// Envelopes, by id.
    Envelopes,
    /// Own acknowledgements, by envelope id.
    Acknowledgements,
    /// Own and others' reports for the open round.
    Reports,
    /// The close vote's own messages and lock, by round.
    Votes,
    /// Certified closes, by round.
    Closes,
    /// The points that certified rounds use, by round.
    Points,
    /// Settled rounds' certified closes, by round: kept for good.
    Certificates,
    /// Settled rounds' records, by round.
    Records,
    /// What this member has promised for the open round: its cut.
    Promises,
    /// Acknowledgements of other members, those that came between two writes in a row.
    Witness,
    /// What became of envelopes in settled rounds (`EnvelopeStatus`), by envelope id.
    Outcomes,
    /// Nonces that settled rounds used, by account and nonce.
    Nonces,
    /// Evidence against members, by member and kind.
    Evidence,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 14] = [
        Self::Meta,
        Self::Envelopes,
        Self::Acknowledgements,
        Self::Reports,
        Self::Votes,
        Self::Closes,
        Self::Points,
        Self::Certificates,
        Self::Records,
        Self::Promises,
        Self::Witness,
        Self::Outcomes,
        Self::Nonces,
        Self::Evidence,
    ];
}

/// One change of the store. The changes of one step are written together or not at all.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a key.
    Put {
        /// The table.
        table: Table,
        /// The key; keys of a table sort as their numbers do.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes a key; one that is not there is no error.
    Delete {
        /// The table.
        table: Table,
        /// The key.
        key: Vec<u8>,
    },
}

impl core::fmt::Debug for Write {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Put { table, key, value } => {
                write!(f, "put {table:?} {key:02x?}: {} bytes", value.len())
            }
            Self::Delete { table, key } => write!(f, "delete {table:?} {key:02x?}"),
        }
    }
}

/// What the store held when the member started.
pub trait Recall {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>>;

    /// All of a table, in the order of its keys.
    fn scan(&self, table: Table) -> Vec<(Vec<u8>, Vec<u8>)>;
}
