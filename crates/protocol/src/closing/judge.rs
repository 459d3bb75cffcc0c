//! Which close some reports make, and whether a close is that one: pure functions of the chain, the
//! reports and the envelopes, so that all members that hold the same judge alike.
//!
//! **Absence is never a verdict.** A close whose reports or envelopes have not come is not judged,
//! and gets a nil prevote when the timeout ends; nobody is blamed for what has not come. What is
//! held against a report is always an envelope that is at hand and that cannot stand in this round.

use std::collections::BTreeSet;

use sealbid_types::close::Close;
use sealbid_types::envelope::Header;
use sealbid_types::id::{EnvelopeId, Round, Slot};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::book::ReportBook;
use super::standings::{ReportStanding, Standings};
use crate::admission::Inbox;
use crate::chain::Chain;
use crate::member::Context;
use crate::vote::Verdict;

/// What a judgement rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grounds<'a> {
    pub(crate) context: &'a Context,
    pub(crate) chain: &'a Chain,
    pub(crate) inbox: &'a Inbox,
    pub(crate) book: &'a ReportBook,
    pub(crate) standings: &'a Standings,
    pub(crate) round: Round,
}

impl Grounds<'_> {
    /// Whether an envelope is here, checked.
    pub(super) fn header(&self, id: &EnvelopeId) -> Option<&Header> {
        let held = self.inbox.get(id)?;
        held.shares.is_some().then_some(&held.envelope.header)
    }

    /// A close is valid if it is exactly the one that its reports, slot and parent determine. Gives
    /// none as long as a report or an envelope that decides it has not come.
    pub(crate) fn judge(&self, close: &Close) -> Option<Verdict> {
        let fits = close.round == self.round && close.slot > self.chain.parent_slot();
        if !fits || close.reports.len() != self.context.quorum() {
            return Some(Verdict::Invalid);
        }
        let reports: Vec<_> = close
            .reports
            .iter()
            .map(|id| self.book.get(id))
            .collect::<Option<_>>()?;
        let members: BTreeSet<_> = reports.iter().map(|report| report.member).collect();
        let is_early = |report: &&Signed<Report>| report.body.slot > close.slot;
        if members.len() < reports.len() || reports.iter().any(is_early) {
            return Some(Verdict::Invalid);
        }
        let standings: Vec<_> = reports
            .iter()
            .map(|report| self.standings.of(&report.id()))
            .collect();
        if standings
            .iter()
            .any(|standing| matches!(standing, ReportStanding::Unfit(_)))
        {
            return Some(Verdict::Invalid);
        }
        if standings.contains(&ReportStanding::Open) {
            return None;
        }
        let is_it = self.compose(close.slot, &reports) == *close;
        Some(if is_it {
            Verdict::Valid
        } else {
            Verdict::Invalid
        })
    }

    /// The close that q complete reports, a slot and the chain determine: the union of the lists,
    /// less what an ancestor lists or what has expired since the reports were made.
    pub(crate) fn compose(&self, slot: Slot, reports: &[&Signed<Report>]) -> Close {
        let Self {
            context: Context { committee, .. },
            chain,
            round,
            ..
        } = *self;
        let closed_at = committee.schedule.end_of(slot);
        let list = |ids: BTreeSet<&EnvelopeId>| -> Vec<EnvelopeId> {
            let stands = |id: &&EnvelopeId| {
                self.header(id)
                    .is_some_and(|header| !chain.rules_out(id, header, round, closed_at))
            };
            ids.into_iter().filter(stands).copied().collect()
        };
        let mut ids: Vec<_> = reports.iter().map(|report| report.id()).collect();
        ids.sort_unstable();
        Close {
            auction: committee.auction,
            round,
            slot,
            closed_at,
            key: committee.key,
            epoch: committee.epoch,
            rules: committee.rules.digest(),
            previous: chain.parent(),
            reports: ids,
            intents: list(reports.iter().flat_map(|r| &r.body.intents).collect()),
            quotes: list(reports.iter().flat_map(|r| &r.body.quotes).collect()),
        }
    }

    /// The reports for an own proposal at the end of `slot`, if there are q complete ones: those of
    /// members that contradict themselves last. Order among the rest is the reports' own.
    pub(crate) fn choose(&self, slot: Slot) -> Option<Vec<&Signed<Report>>> {
        let mut usable: Vec<_> = self
            .book
            .iter()
            .filter(|report| {
                report.body.slot <= slot
                    && self.standings.of(&report.id()) == ReportStanding::Complete
            })
            .collect();
        usable.sort_by_key(|report| (self.book.contradicts_itself(report.member), report.member));
        usable.dedup_by_key(|report| report.member);
        let quorum = self.context.quorum();
        (usable.len() >= quorum).then(|| {
            usable.truncate(quorum);
            usable
        })
    }
}
