//! From the freeze to the certificate: the cut, reports, proposals and the judgement of other
//! members' proposals (docs/protocol.md 2 and 4.2). The vote itself is [`crate::vote`].
//!
//! | file | subject |
//! | --- | --- |
//! | `window` | when a round is frozen and when its report is due, by the wall clock |
//! | `book` | the reports that have come |
//! | `standings` | what is known of each report by the envelopes that have come |
//! | `judge` | which close they make, and whether a close is that one |
//! | `fetch` | what is missing, and who is asked for it |

mod book;
mod fetch;
mod judge;
mod standings;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::close::Close;
use sealbid_types::id::{EnvelopeId, MemberIndex, ReportId, Round, ValueDigest, View};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;
use sealbid_types::time::Timestamp;

pub(crate) use self::book::{ReportBook, Reported, names};
pub(crate) use self::fetch::{MOST_ENVELOPES, MOST_REPORTS};
pub(crate) use self::judge::Grounds;
pub(crate) use self::standings::{ReportStanding, Standings};
pub(crate) use self::window::{Window, next_event, slot_after_report};

use crate::admission::Inbox;
use crate::chain::Chain;
use crate::disk::{Recall, Table};
use crate::member::message::Want;
use crate::member::{Context, StartError};
use crate::vote::{Value, Verdict, Vote};

/// The open round, until it is certified.
#[derive(Debug)]
pub(crate) struct Closing {
    round: Round,
    pub(crate) window: Window,
    pub(crate) book: ReportBook,
    standings: Standings,
    /// Closes that the vote has asked about.
    asked: BTreeMap<ValueDigest, Close>,
    /// The view that the vote wants a proposal for.
    wanted: Option<View>,
    pub(crate) vote: Vote,
}

impl Closing {
    /// The round after a certificate.
    pub(crate) fn new(round: Round, vote: Vote, window: Window) -> Self {
        Self {
            round,
            window,
            book: ReportBook::default(),
            standings: Standings::default(),
            asked: BTreeMap::new(),
            wanted: None,
            vote,
        }
    }

    /// Reads the open round's reports from disk.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(crate) fn recall(&mut self, disk: &impl Recall) -> Result<(), StartError> {
        for report in recall_reports(self.round, disk)? {
            self.book.keep(report);
        }
        Ok(())
    }

    /// The round.
    pub(crate) const fn round(&self) -> Round {
        self.round
    }

    /// Looks at what has come for the reports: before anything is judged.
    pub(crate) fn look(&mut self, context: &Context, chain: &Chain, inbox: &Inbox) {
        let mut standings = core::mem::take(&mut self.standings);
        standings.refresh(&self.grounds(context, chain, inbox));
        self.standings = standings;
    }

    /// What can be said of a report, as of the last look.
    pub(crate) fn standing(&self, report: &ReportId) -> ReportStanding {
        self.standings.of(report)
    }

    /// Whether a report lists an intent that is here and may stand in the round, as of the last
    /// look. An id that nobody can show starts no cut: a liar could have every slot close a round for
    /// nothing.
    pub(crate) fn has_reported_intent(&self) -> bool {
        self.standings.has_intent()
    }

    /// Drops reports that were taken because a close named them, once the vote talks about no such
    /// close any more: a liar that proposes in many views could have its own reports pile up.
    pub(crate) fn drop_surplus(&mut self) -> Vec<Signed<Report>> {
        if !self.book.has_surplus() {
            return Vec::new();
        }
        let values = self.vote.values().filter_map(Value::as_close);
        let closes = values.chain(self.asked.values());
        let named: BTreeSet<_> = closes.flat_map(|close| &close.reports).copied().collect();
        self.book.drop_surplus(|id| named.contains(id))
    }

    /// What a judgement in this round rests on: what was seen of the reports at the last look.
    const fn grounds<'a>(
        &'a self,
        context: &'a Context,
        chain: &'a Chain,
        inbox: &'a Inbox,
    ) -> Grounds<'a> {
        Grounds {
            context,
            chain,
            inbox,
            book: &self.book,
            standings: &self.standings,
            round: self.round,
        }
    }

    /// Whether a close that is being judged names this report.
    pub(crate) fn is_asked_for(&self, report: &ReportId) -> bool {
        self.asked
            .values()
            .any(|close| close.reports.contains(report))
    }

    /// The vote asks for a proposal.
    pub(crate) const fn want_proposal(&mut self, view: View) {
        self.wanted = Some(view);
    }

    /// The vote asks whether a close is valid.
    pub(crate) fn ask(&mut self, close: Close) {
        self.asked.insert(close.digest().into(), close);
        let vote = &self.vote;
        self.asked.retain(|digest, _| vote.awaits_verdict(*digest));
    }

    /// A proposal, if one is wanted and there are q complete reports.
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
        self.look(context, chain, inbox);
        let grounds = self.grounds(context, chain, inbox);
        let close = grounds.compose(slot, &grounds.choose(slot)?);
        self.wanted = None;
        Some((view, close))
    }

    /// Judgements that can be given now, of the closes the vote has asked about.
    pub(crate) fn verdicts(
        &mut self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
        rule: fn(Option<Verdict>, &Close) -> Option<Verdict>,
    ) -> Vec<(ValueDigest, Verdict)> {
        // What the vote has dropped needs no judgement: it keeps one proposal a proposer.
        let vote = &self.vote;
        self.asked.retain(|digest, _| vote.knows(*digest));
        if self.asked.is_empty() {
            return Vec::new();
        }
        self.look(context, chain, inbox);
        let grounds = self.grounds(context, chain, inbox);
        let judged: Vec<_> = self
            .asked
            .iter()
            .filter_map(|(digest, close)| Some((*digest, rule(grounds.judge(close), close)?)))
            .collect();
        for (digest, _) in &judged {
            self.asked.remove(digest);
        }
        judged
    }

    /// What is missing to judge the closes asked about, and to propose.
    pub(crate) fn want(&mut self, context: &Context, chain: &Chain, inbox: &Inbox) -> Want {
        self.look(context, chain, inbox);
        fetch::missing(&self.grounds(context, chain, inbox), self.asked.values())
    }

    /// Whom to ask for it, at the `turn`-th time.
    pub(crate) fn ask_whom(
        &self,
        alive: &[MemberIndex],
        me: MemberIndex,
        turn: usize,
    ) -> Option<MemberIndex> {
        let holders: BTreeSet<MemberIndex> = self
            .asked
            .keys()
            .flat_map(|digest| self.vote.holders(*digest))
            .collect();
        fetch::ask_whom(&self.book, &self.standings, holders, alive, me, turn)
    }

    /// The reports that name `id`, which is here, where it cannot stand.
    pub(crate) fn misfits(
        &mut self,
        context: &Context,
        chain: &Chain,
        inbox: &Inbox,
        id: &EnvelopeId,
    ) -> Vec<Signed<Report>> {
        self.look(context, chain, inbox);
        let unfit = ReportStanding::Unfit(*id);
        let reports = self.book.iter();
        let misfits = reports.filter(|report| self.standing(&report.id()) == unfit);
        misfits.cloned().collect()
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
