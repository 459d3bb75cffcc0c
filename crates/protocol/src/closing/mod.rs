//! From the freeze to the certificate: the cut, reports, proposals and the judgement of other
//! members' proposals (docs/protocol.md 2 and 4.2). The vote itself is [`crate::vote`].

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::close::Close;
use sealbid_types::door::Refusal;
use sealbid_types::envelope::Kind;
use sealbid_types::id::{CloseDigest, EnvelopeId, MemberIndex, ReportId, Round, Slot, View};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use sealbid_types::time::Timestamp;

use crate::admission::Inbox;
use crate::chain::Chain;
use crate::disk::{Recall, Table};
use crate::member::message::Want;
use crate::member::{Context, StartError};
use crate::vote::{Verdict, Vote};

/// Reports of one member that are kept: two already show that it lies.
const MOST_REPORTS: usize = 2;

/// The open round, until it is certified.
#[derive(Debug)]
pub(crate) struct Closing {
    round: Round,
    /// The slot at whose end this member reports.
    frozen: Option<Slot>,
    /// The newest slot whose quote window was seen to begin.
    window: Slot,
    own: Option<Signed<Report>>,
    reports: BTreeMap<ReportId, Signed<Report>>,
    /// Envelopes that reports name and that fail the gate.
    refused: BTreeMap<EnvelopeId, Refusal>,
    /// Closes that the vote has asked about.
    asked: BTreeMap<CloseDigest, Close>,
    /// The view that the vote wants a proposal for.
    wanted: Option<View>,
    pub(crate) vote: Vote,
}

/// What became of a peer's report.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    /// It is new: keep it.
    New,
    /// It is new, and contradicts another of the same member.
    Contradicts(Box<Signed<Report>>),
    /// Nothing new.
    Known,
}

impl Closing {
    /// The round after a certificate. A quote window that has begun already is let pass, so that
    /// solvers have a whole one.
    pub(crate) fn new(round: Round, vote: Vote, window: Slot) -> Self {
        Self {
            round,
            frozen: None,
            window,
            own: None,
            reports: BTreeMap::new(),
            refused: BTreeMap::new(),
            asked: BTreeMap::new(),
            wanted: None,
            vote,
        }
    }

    /// Reads the open round's reports from disk.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(crate) fn recall(
        &mut self,
        member: MemberIndex,
        disk: &impl Recall,
    ) -> Result<(), StartError> {
        for report in recall_reports(self.round, disk)? {
            if report.member == member {
                self.own = Some(report.clone());
            }
            self.reports.insert(report.id(), report);
        }
        Ok(())
    }

    /// The round.
    pub(crate) const fn round(&self) -> Round {
        self.round
    }

    /// Whether intents that come now are for the next round.
    pub(crate) const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// This member's report, once it is signed.
    pub(crate) const fn own(&self) -> Option<&Signed<Report>> {
        self.own.as_ref()
    }

    /// A report by its id.
    pub(crate) fn report(&self, id: &ReportId) -> Option<&Signed<Report>> {
        self.reports.get(id)
    }

    /// All reports, for the round's settling.
    pub(crate) fn into_reports(self) -> BTreeMap<ReportId, Signed<Report>> {
        self.reports
    }

    /// At the beginning of a slot's quote window, freezes the round if it has an intent. Gives the
    /// slot when it does.
    pub(crate) fn watch_window(
        &mut self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
        now: Timestamp,
    ) -> Option<Slot> {
        let schedule = &context.committee.schedule;
        let current = schedule.current(now);
        if current <= self.window || now < schedule.quotes_from(current) {
            return None;
        }
        self.window = current;
        let has_intent = inbox.count(Kind::Intent, self.round) > 0;
        if self.frozen.is_some() || !has_intent || current <= chain.parent_slot() {
            return None;
        }
        self.frozen = Some(current);
        self.frozen
    }

    /// A report lists an intent: this member reports too, at the end of its slot if it holds an
    /// intent itself, and else at once.
    pub(crate) fn watch_report(
        &mut self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
        now: Timestamp,
    ) {
        if self.frozen.is_some() {
            return;
        }
        let schedule = &context.committee.schedule;
        let (current, ended) = (schedule.current(now), schedule.newest_ended(now));
        let has_intent = inbox.count(Kind::Intent, self.round) > 0;
        let in_window = now >= schedule.quotes_from(current);
        let waits = has_intent || in_window || ended <= chain.parent_slot();
        self.frozen = Some(if waits { current } else { ended });
    }

    /// Whether the cut has come and the report is due.
    pub(crate) fn is_due(&self, context: &Context, now: Timestamp) -> bool {
        let ended = |slot| now >= context.committee.schedule.end_of(slot);
        self.own.is_none() && self.frozen.is_some_and(ended)
    }

    /// When something happens by the clock alone.
    pub(crate) fn wake_at(&self, context: &Context, now: Timestamp) -> Timestamp {
        let schedule = &context.committee.schedule;
        let current = schedule.current(now);
        let end = self.frozen.unwrap_or(current);
        let windows = [current, current.next()].map(|slot| schedule.quotes_from(slot));
        let next = windows
            .into_iter()
            .chain([schedule.end_of(end), schedule.end_of(current)]);
        next.filter(|time| *time > now)
            .min()
            .unwrap_or_else(|| schedule.end_of(current.next()))
    }

    /// Signs this member's report.
    pub(crate) fn sign_report(&mut self, context: &Context, inbox: &Inbox) -> Signed<Report> {
        let ids = |kind| inbox.reportable(kind, self.round).collect();
        let body = Report {
            auction: context.committee.auction,
            epoch: context.committee.epoch,
            round: self.round,
            intents: ids(Kind::Intent),
            quotes: ids(Kind::Quote),
        };
        let signed = Signed::new(body, context.secrets.index, &context.secrets.identity);
        self.own = Some(signed.clone());
        self.reports.insert(signed.id(), signed.clone());
        signed
    }

    /// Judges a peer's report by itself, and keeps it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn receive(
        &mut self,
        context: &Context,
        report: Signed<Report>,
    ) -> Result<Reported, &'static str> {
        if self.reports.contains_key(&report.id()) {
            return Ok(Reported::Known);
        }
        check_report(context, self.round, &report)?;
        let others: Vec<_> = self
            .reports
            .values()
            .filter(|other| other.member == report.member)
            .collect();
        let contradicted = others.first().map(|other| Box::new((*other).clone()));
        if others.len() >= MOST_REPORTS {
            return Ok(Reported::Known);
        }
        self.reports.insert(report.id(), report);
        Ok(contradicted.map_or(Reported::New, Reported::Contradicts))
    }

    /// Whether a report lists an envelope that has not failed the gate. The lists are sorted.
    pub(crate) fn lists(&self, id: &EnvelopeId) -> bool {
        let lists = |list: &[EnvelopeId]| list.binary_search(id).is_ok();
        let mut reports = self.reports.values().map(|report| &report.body);
        reports.any(|report| lists(&report.intents) || lists(&report.quotes))
            && !self.refused.contains_key(id)
    }

    /// An envelope fails the gate: no close may list it.
    pub(crate) fn refuse(&mut self, id: EnvelopeId, refusal: Refusal) -> Vec<MemberIndex> {
        let lists = |report: &&Signed<Report>| {
            report.body.intents.contains(&id) || report.body.quotes.contains(&id)
        };
        let reporters: BTreeSet<_> = self
            .reports
            .values()
            .filter(lists)
            .map(|report| report.member)
            .collect();
        if !reporters.is_empty() {
            self.refused.insert(id, refusal);
        }
        reporters.into_iter().collect()
    }

    /// The vote asks for a proposal.
    pub(crate) const fn want_proposal(&mut self, view: View) {
        self.wanted = Some(view);
    }

    /// The vote asks whether a close is valid.
    pub(crate) fn ask(&mut self, close: Close) {
        self.asked.insert(close.digest(), close);
        let vote = &self.vote;
        self.asked.retain(|digest, _| vote.awaits_verdict(*digest));
    }

    /// A proposal, if one is wanted and there are q reports whose envelopes are all here.
    pub(crate) fn proposal(
        &mut self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
        now: Timestamp,
    ) -> Option<(View, Close)> {
        let view = self.wanted?;
        let slot = context.committee.schedule.newest_ended(now);
        if slot <= chain.parent_slot() {
            return None;
        }
        let mut usable: BTreeMap<MemberIndex, &Signed<Report>> = BTreeMap::new();
        for report in self.reports.values() {
            if lacking(chain, inbox, &report.body).is_empty() && !self.lists_refused(&report.body) {
                usable.insert(report.member, report);
            }
        }
        if usable.len() < context.committee.quorum() {
            return None;
        }
        let reports: Vec<_> = usable
            .into_values()
            .take(context.committee.quorum())
            .collect();
        self.wanted = None;
        Some((
            view,
            compose(context, chain, inbox, self.round, slot, &reports),
        ))
    }

    fn lists_refused(&self, report: &Report) -> bool {
        report
            .intents
            .iter()
            .chain(&report.quotes)
            .any(|id| self.refused.contains_key(id))
    }

    /// Judgements that can be given now, of the closes the vote has asked about.
    pub(crate) fn verdicts(
        &mut self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
    ) -> Vec<(CloseDigest, Verdict)> {
        let judged: Vec<_> = self
            .asked
            .iter()
            .filter_map(|(digest, close)| {
                let verdict = self.judge(context, chain, inbox, close)?;
                Some((*digest, verdict))
            })
            .collect();
        for (digest, _) in &judged {
            self.asked.remove(digest);
        }
        judged
    }

    /// Valid means: exactly the close that its reports, slot and parent determine. None while
    /// something that it takes to tell is missing.
    fn judge(
        &self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
        close: &Close,
    ) -> Option<Verdict> {
        let fits = close.round == self.round && close.slot > chain.parent_slot();
        if !fits || close.reports.len() != context.committee.quorum() {
            return Some(Verdict::Invalid);
        }
        let reports: Vec<_> = close
            .reports
            .iter()
            .map(|id| self.reports.get(id))
            .collect::<Option<_>>()?;
        let members: BTreeSet<_> = reports.iter().map(|report| report.member).collect();
        if members.len() < reports.len() {
            return Some(Verdict::Invalid);
        }
        if reports
            .iter()
            .any(|report| self.lists_refused(&report.body))
        {
            return Some(Verdict::Invalid);
        }
        if reports
            .iter()
            .any(|report| !lacking(chain, inbox, &report.body).is_empty())
        {
            return None;
        }
        let expected = compose(context, chain, inbox, self.round, close.slot, &reports);
        Some(if expected == *close {
            Verdict::Valid
        } else {
            Verdict::Invalid
        })
    }

    /// What is missing to judge the closes asked about, and to propose.
    pub(crate) fn want(&self, chain: &Chain, inbox: &Inbox) -> Want {
        let mut want = Want::default();
        for id in self.asked.values().flat_map(|close| &close.reports) {
            if !self.reports.contains_key(id) {
                want.reports.push(*id);
            }
        }
        let missing: BTreeSet<_> = self
            .reports
            .values()
            .flat_map(|report| lacking(chain, inbox, &report.body))
            .filter(|id| !self.refused.contains_key(id))
            .collect();
        want.envelopes = missing.into_iter().collect();
        want
    }
}

/// The reports of a round that are on disk.
///
/// # Errors
/// [`StartError::Unreadable`].
pub(crate) fn recall_reports(
    round: Round,
    disk: &impl Recall,
) -> Result<Vec<Signed<Report>>, StartError> {
    let rows = disk.scan(Table::Reports).into_iter();
    let of_round = rows.filter(|(key, _)| key.starts_with(&round.0.to_be_bytes()));
    of_round
        .map(|(_, bytes)| {
            sealbid_types::codec::decode(&bytes).map_err(|_| StartError::Unreadable(Table::Reports))
        })
        .collect()
}

fn check_report(
    context: &Context,
    round: Round,
    report: &Signed<Report>,
) -> Result<(), &'static str> {
    let Report {
        auction,
        epoch,
        round: of,
        intents,
        quotes,
    } = &report.body;
    let committee = &context.committee;
    if *auction != committee.auction || *epoch != committee.epoch || *of != round {
        return Err("a report of another auction, epoch or round");
    }
    if intents.len() > committee.most_reported_intents()
        || quotes.len() > committee.most_reported_quotes()
    {
        return Err("a report that lists more than it may");
    }
    if !report.body.is_sorted() {
        return Err("a report that is not sorted");
    }
    let member = committee
        .member(report.member)
        .ok_or("a report of no member")?;
    report
        .verify(&member.identity)
        .map_err(|_| "a report with a wrong signature")
}

/// Envelopes that a report names and that are neither here, checked, nor in an ancestor.
fn lacking(chain: &Chain, inbox: &Inbox, report: &Report) -> Vec<EnvelopeId> {
    let is_here = |id: &EnvelopeId| inbox.get(id).is_some_and(|held| held.shares.is_some());
    report
        .intents
        .iter()
        .chain(&report.quotes)
        .filter(|id| chain.listed_in(id).is_none() && !is_here(id))
        .copied()
        .collect()
}

/// The close that q reports, a slot and the chain determine. All envelopes are here.
fn compose(
    context: &Context,
    chain: &Chain,
    inbox: &Inbox,
    round: Round,
    slot: Slot,
    reports: &[&Signed<Report>],
) -> Close {
    let committee = &context.committee;
    let closed_at = committee.schedule.end_of(slot);
    let list = |kind: Kind, ids: BTreeSet<&EnvelopeId>| -> Vec<EnvelopeId> {
        let is_in = |id: &&EnvelopeId| {
            inbox.get(id).is_some_and(|held| {
                let header = &held.envelope.header;
                header.kind == kind && !chain.rules_out(id, header, round, closed_at)
            })
        };
        ids.into_iter().filter(is_in).copied().collect()
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
        intents: list(
            Kind::Intent,
            reports.iter().flat_map(|r| &r.body.intents).collect(),
        ),
        quotes: list(
            Kind::Quote,
            reports.iter().flat_map(|r| &r.body.quotes).collect(),
        ),
    }
}
