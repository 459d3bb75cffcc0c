//! Whom this member has found at fault, and the evidence that it keeps on disk.

use std::collections::BTreeMap;

use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{MemberIndex, Round};

use super::Evidence;
use crate::disk::{Recall, Table, Write};
use crate::member::io::{Notice, Output};

/// After how many rounds evidence is replaced by newer of its kind: a start learns from it whose
/// shares were wrong of late, and looks back no further (`opening/suspects.rs`).
const REPLACED_AFTER: u64 = 32;

/// What evidence is on disk: of each member and kind one. A liar that repeats itself fills neither
/// the disk nor the log, and costs no write a lie.
#[derive(Debug, Default)]
pub(crate) struct Accusations {
    /// By the evidence's key, the round it is about.
    kept: BTreeMap<Vec<u8>, Round>,
}

impl Accusations {
    /// Reads what is on disk. A row that cannot be read accuses nobody, and is replaced by the next.
    pub(crate) fn recall(disk: &impl Recall) -> Self {
        let rows = disk.scan(Table::Evidence).into_iter();
        let kept = rows.filter_map(|(key, row)| {
            let evidence: Evidence = decode(&row).ok()?;
            Some((key, evidence.round()))
        });
        Self {
            kept: kept.collect(),
        }
    }

    /// Says that a member is at fault, and keeps the evidence if there is any. Says and keeps
    /// nothing if it has evidence of the kind already.
    pub(crate) fn accuse(
        &mut self,
        member: MemberIndex,
        what: String,
        evidence: Option<&Evidence>,
    ) -> Vec<Output> {
        let row = evidence.map(|evidence| self.keep(evidence));
        if matches!(row, Some(None)) {
            return Vec::new();
        }
        let notice = Output::Notice(Notice::Fault { member, what });
        row.flatten().into_iter().chain([notice]).collect()
    }

    /// Whether there is evidence of its kind already, so that it need not even be judged.
    pub(crate) fn has_like(&self, evidence: &Evidence) -> bool {
        let kept = self.kept.get(&evidence.key());
        kept.is_some_and(|kept| evidence.round().0 < kept.0.saturating_add(REPLACED_AFTER))
    }

    /// The row of evidence that is new.
    pub(crate) fn keep(&mut self, evidence: &Evidence) -> Option<Output> {
        if self.has_like(evidence) {
            return None;
        }
        let key = evidence.key();
        self.kept.insert(key.clone(), evidence.round());
        Some(Output::Write(Write::Put {
            table: Table::Evidence,
            key,
            value: encode(evidence),
        }))
    }
}
