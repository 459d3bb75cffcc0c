//! The closes that are being talked about, and what is known of their validity.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::close::Close;
use sealbid_types::id::CloseDigest;

/// What the engine says about a close, by its content alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is exactly what its reports and the chain make it, and every envelope is at hand.
    Valid,
    /// It is not, and never will be.
    Invalid,
}

#[derive(Debug, Clone)]
struct Value {
    close: Close,
    verdict: Option<Verdict>,
}

/// Closes by digest.
#[derive(Debug, Clone, Default)]
pub(super) struct Values(BTreeMap<CloseDigest, Value>);

impl Values {
    /// Adds a close to be judged. Returns whether it is new.
    pub(super) fn add(&mut self, digest: CloseDigest, close: &Close) -> bool {
        let new = !self.0.contains_key(&digest);
        if new {
            self.0.insert(
                digest,
                Value {
                    close: close.clone(),
                    verdict: None,
                },
            );
        }
        new
    }

    /// Adds a close known to be valid.
    pub(super) fn add_valid(&mut self, digest: CloseDigest, close: Close) {
        self.0.insert(
            digest,
            Value {
                close,
                verdict: Some(Verdict::Valid),
            },
        );
    }

    /// Takes the first verdict on a close. It is by content alone, so a second one could not
    /// differ; were it to, a member that has prevoted must not find its vote wrong afterwards.
    pub(super) fn judge(&mut self, digest: CloseDigest, verdict: Verdict) {
        if let Some(value) = self.0.get_mut(&digest) {
            value.verdict.get_or_insert(verdict);
        }
    }

    /// The verdict, if there is one yet.
    pub(super) fn verdict(&self, digest: CloseDigest) -> Option<Verdict> {
        self.0.get(&digest)?.verdict
    }

    /// The close.
    pub(super) fn get(&self, digest: CloseDigest) -> Option<&Close> {
        self.0.get(&digest).map(|value| &value.close)
    }

    /// All closes.
    pub(super) fn closes(&self) -> impl Iterator<Item = &Close> {
        self.0.values().map(|value| &value.close)
    }

    /// Forgets all but these.
    pub(super) fn retain(&mut self, named: &BTreeSet<CloseDigest>) {
        self.0.retain(|digest, _| named.contains(digest));
    }

    /// Forgets those that are not judged, but for these. Judged ones go by [`Self::retain`], when
    /// nobody names them any more.
    pub(super) fn retain_unjudged(&mut self, named: &BTreeSet<CloseDigest>) {
        self.0
            .retain(|digest, value| value.verdict.is_some() || named.contains(digest));
    }
}
