//! What a run found.

use core::fmt;

/// Something that must hold and did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// When, and at whom.
    pub when: String,
    /// Which invariant, by its name.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            when,
            invariant,
            what,
        } = self;
        write!(f, "seed {seed}, {when}: {invariant}: {what}")
    }
}
