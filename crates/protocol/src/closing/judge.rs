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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

    use std::sync::Arc;

    use sealbid_crypto::BatchSecret;
    use sealbid_types::codec::encode;
    use sealbid_types::door::{Refusal, RefusalCode};
    use sealbid_types::envelope::Envelope;
    use sealbid_types::id::{CloseDigest, MemberIndex, ReportId};

    use super::*;
    use crate::admission::Readable;
    use crate::admission::gate::{Gate, Verdict as Gated};
    use crate::audit::tests::entries::swap;
    use crate::audit::tests::house::House;
    use crate::disk::memory::MemoryDisk;
    use crate::limits::Limits;
    use crate::member::MemberSecrets;
    use crate::promises::Promises;

    const ROUND: Round = Round(1);

    /// A member that judges: its committee, and what it holds of the open round.
    struct Judge {
        house: House,
        context: Context,
        gate: Gate,
        chain: Chain,
        inbox: Inbox,
        book: ReportBook,
    }

    impl Judge {
        fn new() -> Self {
            let house = House::new();
            let (committee, keys) = (Arc::clone(&house.committee), Arc::clone(&house.keys));
            let me = MemberIndex(0);
            let share = house.kit.share(me);
            let gate = Gate::new(committee.clone(), keys.clone(), share.clone(), [7; 32]);
            let secrets = MemberSecrets {
                index: me,
                identity: Arc::new(house.kit.identity(me)),
                share,
            };
            let disk = MemoryDisk::default();
            let (auction, epoch) = (committee.auction, committee.epoch);
            let promises = Promises::recall(auction, epoch, secrets, |is| is, &disk).unwrap();
            let context = Context {
                signers: promises.signers(&committee, &keys),
                quorum: committee.quorum,
                batch: BatchSecret::new([8; 32]),
                clear: |allocation| allocation,
                may_prevote: |may| may,
                committee,
                keys,
                me,
            };
            Self {
                house,
                context,
                gate,
                chain: Chain::default(),
                inbox: Inbox::new(Limits::default(), 10, 10),
                book: ReportBook::default(),
            }
        }

        fn intent(&self, who: u8, expires: u64) -> Envelope {
            self.house
                .intent(who, who, &swap(who, who, 1_000, 900), expires)
        }

        /// An envelope comes, and passes the gate.
        fn fetch(&mut self, envelope: &Envelope) {
            let readable = Readable::new(&self.context.committee, encode(envelope)).unwrap();
            let Some(Gated::Admissible(passed)) = self.gate.check(vec![readable]).pop() else {
                panic!("it does not pass the gate");
            };
            self.inbox.take(*passed, None);
        }

        /// Members 0 to 2 report what they hold, by number.
        fn hear(&mut self, lists: [&[Envelope]; 3]) -> Vec<ReportId> {
            let reports = (0..).zip(lists);
            let reports = reports.map(|(member, list)| self.house.report(member, ROUND, list));
            let reports: Vec<_> = reports.collect();
            let ids = reports.iter().map(Signed::<Report>::id).collect();
            reports
                .into_iter()
                .for_each(|report| self.book.keep(report));
            ids
        }

        fn grounds<'a>(&'a self, standings: &'a Standings) -> Grounds<'a> {
            Grounds {
                context: &self.context,
                chain: &self.chain,
                inbox: &self.inbox,
                book: &self.book,
                standings,
                round: ROUND,
            }
        }

        fn with<T>(&self, ask: impl FnOnce(&Grounds<'_>) -> T) -> T {
            let mut standings = Standings::default();
            standings.refresh(&self.grounds(&Standings::default()));
            ask(&self.grounds(&standings))
        }

        fn judge(&self, close: &Close) -> Option<Verdict> {
            self.with(|grounds| grounds.judge(close))
        }

        /// The close of these reports at the end of the first slot.
        fn close(&self, ids: &[ReportId]) -> Close {
            self.with(|grounds| {
                let reports: Vec<_> = ids.iter().map(|id| grounds.book.get(id).unwrap()).collect();
                grounds.compose(Slot(1), &reports)
            })
        }
    }

    /// Two intents and a quote, of which each reporter lists some.
    fn judge_of_three() -> (Judge, Vec<ReportId>, Vec<Envelope>) {
        let mut judge = Judge::new();
        let quote = judge.house.quote(9, 1, 1_000);
        let all = vec![judge.intent(1, 1 << 40), judge.intent(2, 1 << 40), quote];
        all.iter().for_each(|envelope| judge.fetch(envelope));
        let reports = judge.hear([&all[..1], &all[1..2], &all[1..]]);
        (judge, reports, all)
    }

    #[test]
    fn the_union_of_q_reports_is_valid_and_nothing_less_or_more_is() {
        let (judge, reports, all) = judge_of_three();
        let right = judge.close(&reports);
        assert_eq!((right.intents.len(), right.quotes.len()), (2, 1));
        assert_eq!(judge.judge(&right), Some(Verdict::Valid));
        type Change<'a> = &'a dyn Fn(&mut Close);
        let wrong: [(&str, Change<'_>); 11] = [
            ("an intent left out", &|close| _ = close.intents.pop()),
            ("a quote left out", &|close| _ = close.quotes.pop()),
            ("an intent slipped in", &|close| {
                close.intents.push([9; 32].into());
            }),
            ("a quote as an intent", &|close| {
                close.intents.push(all[2].id());
            }),
            ("another order", &|close| close.intents.reverse()),
            ("a report left out", &|close| _ = close.reports.pop()),
            ("a report twice", &|close| {
                close.reports[2] = close.reports[0];
            }),
            ("the slot before its reports", &|close| close.slot = Slot(0)),
            ("a later slot's number alone", &|close| close.slot = Slot(2)),
            ("another round", &|close| close.round = ROUND.next()),
            ("another parent", &|close| {
                close.previous = CloseDigest::from([9; 32]);
            }),
        ];
        for (what, alter) in wrong {
            let mut close = right.clone();
            alter(&mut close);
            assert_eq!(judge.judge(&close), Some(Verdict::Invalid), "{what}");
        }
    }

    #[test]
    fn what_has_not_come_is_no_verdict() {
        let mut judge = Judge::new();
        let (here, missing) = (judge.intent(1, 1 << 40), judge.intent(2, 1 << 40));
        judge.fetch(&here);
        let lists = [&here, &missing, &here].map(core::slice::from_ref);
        let reports = judge.hear(lists);
        let mut close = judge.close(&reports);
        assert_eq!(judge.judge(&close), None, "an envelope has not come");
        close.intents.clear();
        assert_eq!(judge.judge(&close), None, "whatever the close says");
        judge.fetch(&missing);
        assert_eq!(judge.judge(&close), Some(Verdict::Invalid));
        let whole = judge.close(&reports);
        assert_eq!(judge.judge(&whole), Some(Verdict::Valid));
        let mut unknown = whole;
        unknown.reports[0] = ReportId::from([9; 32]);
        assert_eq!(judge.judge(&unknown), None, "a report has not come");
    }

    /// That it fails the gate voids every close that rests on the report, and no other.
    #[test]
    fn a_report_of_what_fails_the_gate_makes_a_close_invalid() {
        let mut judge = Judge::new();
        let (right, failing) = (judge.intent(1, 1 << 40), judge.intent(2, 1 << 40));
        judge.fetch(&right);
        let (one, both) = ([right.clone()], [right.clone(), failing.clone()]);
        let reports = judge.hear([&one, &one, &both]);
        let close = judge.close(&reports);
        assert_eq!(judge.judge(&close), None);
        let refusal = Refusal {
            code: RefusalCode::Proof,
            message: String::new(),
        };
        let named = judge.book.refuse(failing.id(), refusal);
        let named: Vec<_> = named.iter().map(|report| report.member).collect();
        assert_eq!(named, [MemberIndex(2)]);
        assert_eq!(judge.judge(&close), Some(Verdict::Invalid));
        assert!(judge.with(|grounds| grounds.choose(Slot(1)).is_none()));
        let other = judge.house.report(3, ROUND, &one);
        let mut without = reports[..2].to_vec();
        without.push(other.id());
        judge.book.keep(other);
        let close = judge.close(&without);
        assert_eq!(judge.judge(&close), Some(Verdict::Valid));
    }

    /// An intent that had expired when its reporter's slot ended voids the report; one that expires
    /// between that slot and the close's is left out of the close.
    #[test]
    fn what_expires_on_the_way_is_left_out() {
        let mut judge = Judge::new();
        let schedule = judge.context.committee.schedule;
        let short = judge.intent(1, schedule.end_of(Slot(1)).0);
        let long = judge.intent(2, 1 << 40);
        judge.fetch(&short);
        judge.fetch(&long);
        let both = [short.clone(), long.clone()];
        let reports = judge.hear([&both, &both, &both]);
        assert_eq!(judge.close(&reports).intents.len(), 2);
        let chosen = |grounds: &Grounds<'_>| {
            let reports = grounds.choose(Slot(2)).unwrap();
            grounds.compose(Slot(2), &reports)
        };
        let later = judge.with(chosen);
        assert_eq!(later.intents, [long.id()]);
        assert_eq!(judge.judge(&later), Some(Verdict::Valid));
        let mut with_it = later;
        with_it.intents = judge.close(&reports).intents;
        assert_eq!(judge.judge(&with_it), Some(Verdict::Invalid));
    }
}
