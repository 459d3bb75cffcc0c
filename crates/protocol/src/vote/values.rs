//! The values that are being talked about, and what is known of their validity.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::id::ValueDigest;

use super::value::Value;

/// What the engine says about a value, by its content alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is exactly what its reports and the chain make it, and every envelope is at hand.
    Valid,
    /// It is not, and never will be.
    Invalid,
}

#[derive(Debug, Clone)]
struct Known {
    value: Value,
    verdict: Option<Verdict>,
}

/// Values by digest.
#[derive(Debug, Clone, Default)]
pub(super) struct Values(BTreeMap<ValueDigest, Known>);

impl Values {
    /// Adds a value to be judged. Returns whether it is new.
    pub(super) fn add(&mut self, digest: ValueDigest, value: &Value) -> bool {
        let new = !self.0.contains_key(&digest);
        if new {
            self.0.insert(
                digest,
                Known {
                    value: value.clone(),
                    verdict: None,
                },
            );
        }
        new
    }

    /// Adds a value known to be valid.
    pub(super) fn add_valid(&mut self, digest: ValueDigest, value: Value) {
        self.0.insert(
            digest,
            Known {
                value,
                verdict: Some(Verdict::Valid),
            },
        );
    }

    /// Takes the first verdict on a value. It is by content alone, so a second one could not
    /// differ; were it to, a member that has prevoted must not find its vote wrong afterwards.
    pub(super) fn judge(&mut self, digest: ValueDigest, verdict: Verdict) {
        if let Some(value) = self.0.get_mut(&digest) {
            value.verdict.get_or_insert(verdict);
        }
    }

    /// The verdict, if there is one yet.
    pub(super) fn verdict(&self, digest: ValueDigest) -> Option<Verdict> {
        self.0.get(&digest)?.verdict
    }

    /// The value.
    pub(super) fn get(&self, digest: ValueDigest) -> Option<&Value> {
        self.0.get(&digest).map(|value| &value.value)
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.values().map(|value| &value.value)
    }

    /// Forgets all but these.
    pub(super) fn retain(&mut self, named: &BTreeSet<ValueDigest>) {
        self.0.retain(|digest, _| named.contains(digest));
    }

    /// Forgets those that are not judged, but for these. Judged ones go by [`Self::retain`], when
    /// nobody names them any more.
    pub(super) fn retain_unjudged(&mut self, named: &BTreeSet<ValueDigest>) {
        self.0
            .retain(|digest, value| value.verdict.is_some() || named.contains(digest));
    }
}
