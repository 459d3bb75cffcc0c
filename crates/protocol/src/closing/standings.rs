//! What is known of each report, kept from step to step. A report lists thousands of ids, and while
//! a close waits for an envelope, messages come all the time: a step must cost what has changed and
//! not what is held.
//!
//! Nothing that is known here is taken back within a round: envelopes leave the inbox only when a
//! round is settled, and one that has failed has failed for good.

use std::collections::BTreeMap;

use sealbid_types::envelope::Kind;
use sealbid_types::id::{EnvelopeId, ReportId};
use sealbid_types::report::Report;

use super::judge::Grounds;

/// What can be said of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportStanding {
    /// All that it lists is here and may stand in the round, or an ancestor lists it.
    Complete,
    /// Something that it lists is not here yet.
    Open,
    /// It lists this envelope, which is here and cannot stand where it does.
    Unfit(EnvelopeId),
}

/// What can be said of one entry of a report.
enum Entry {
    /// An ancestor lists it.
    Listed,
    /// It is here and may stand.
    Fit,
    Lacking,
    Unfit,
}

#[derive(Debug, Default)]
struct Examined {
    /// In the report's order.
    lacking: Vec<(Kind, EnvelopeId)>,
    unfit: Option<EnvelopeId>,
    /// Whether an intent that it lists is here and may stand.
    has_intent: bool,
}

impl Examined {
    fn of(grounds: &Grounds<'_>, report: &Report) -> Self {
        let intents = report.intents.iter().map(|id| (Kind::Intent, *id));
        let quotes = report.quotes.iter().map(|id| (Kind::Quote, *id));
        let mut examined = Self::default();
        examined.look_at(grounds, report, intents.chain(quotes));
        examined
    }

    fn look_again(&mut self, grounds: &Grounds<'_>, report: &Report) {
        let lacking = core::mem::take(&mut self.lacking);
        self.look_at(grounds, report, lacking.into_iter());
    }

    fn look_at(
        &mut self,
        grounds: &Grounds<'_>,
        report: &Report,
        entries: impl Iterator<Item = (Kind, EnvelopeId)>,
    ) {
        for (kind, id) in entries {
            match entry(grounds, report, kind, &id) {
                Entry::Listed => {}
                Entry::Fit => self.has_intent |= kind == Kind::Intent,
                Entry::Lacking => self.lacking.push((kind, id)),
                Entry::Unfit => self.unfit = self.unfit.or(Some(id)),
            }
        }
    }
}

fn entry(grounds: &Grounds<'_>, report: &Report, kind: Kind, id: &EnvelopeId) -> Entry {
    if grounds.chain.listed_in(id).is_some() {
        return Entry::Listed;
    }
    if grounds.book.has_failed(id) {
        return Entry::Unfit;
    }
    let slot_end = grounds.context.committee.schedule.end_of(report.slot);
    match grounds.header(id) {
        None => Entry::Lacking,
        Some(header) if header.kind == kind && header.is_alive(grounds.round, slot_end) => {
            Entry::Fit
        }
        Some(_) => Entry::Unfit,
    }
}

/// The reports of a round, examined.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    known: BTreeMap<ReportId, Examined>,
    /// How often inbox and book had changed when they were last looked at.
    seen: Option<(u64, u64)>,
}

impl Standings {
    /// Examines what is new, and looks again for what was lacking.
    pub(crate) fn refresh(&mut self, grounds: &Grounds<'_>) {
        let now = (grounds.inbox.changes(), grounds.book.changes());
        if self.seen.replace(now) == Some(now) {
            return;
        }
        let mut before = core::mem::take(&mut self.known);
        for report in grounds.book.iter() {
            let id = report.id();
            let examined = match before.remove(&id) {
                None => Examined::of(grounds, &report.body),
                Some(mut examined) => {
                    examined.look_again(grounds, &report.body);
                    examined
                }
            };
            self.known.insert(id, examined);
        }
    }

    /// What can be said of a report.
    pub(crate) fn of(&self, report: &ReportId) -> ReportStanding {
        match self.known.get(report) {
            None => ReportStanding::Open,
            Some(Examined {
                unfit: Some(id), ..
            }) => ReportStanding::Unfit(*id),
            Some(examined) if examined.lacking.is_empty() => ReportStanding::Complete,
            Some(_) => ReportStanding::Open,
        }
    }

    /// The envelopes of a report that are neither here nor in an ancestor, in its order.
    pub(crate) fn lacking(&self, report: &ReportId) -> impl Iterator<Item = EnvelopeId> + '_ {
        let examined = self.known.get(report).into_iter();
        examined.flat_map(|examined| examined.lacking.iter().map(|(_, id)| *id))
    }

    /// Whether a report lists an intent that is here and may stand in the round.
    pub(crate) fn has_intent(&self) -> bool {
        self.known.values().any(|examined| examined.has_intent)
    }
}
