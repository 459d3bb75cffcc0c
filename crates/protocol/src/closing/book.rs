//! The reports of the open round: this member's own, and those of others as far as they count.

use std::collections::BTreeMap;

use sealbid_types::committee::Committee;
use sealbid_types::door::Refusal;
use sealbid_types::id::{EnvelopeId, MemberIndex, ReportId, Round, Slot};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

/// Reports of one member that are taken from whoever sends them: two already show that it lies. A
/// further one is taken only if a close that is being judged names it.
const MOST_UNASKED: usize = 2;

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

/// Reports by id, and what is known to be wrong with them.
#[derive(Debug, Default)]
pub(crate) struct ReportBook {
    reports: BTreeMap<ReportId, Signed<Report>>,
    /// Envelopes that reports name and that fail the gate: by their bytes, so for everybody.
    refused: BTreeMap<EnvelopeId, Refusal>,
    /// How often anything of this has changed.
    changes: u64,
}

impl ReportBook {
    /// How often it has changed.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether a member has more reports here than are taken unasked.
    pub(crate) fn has_surplus(&self) -> bool {
        self.iter()
            .any(|report| self.of(report.member).nth(MOST_UNASKED).is_some())
    }

    /// Drops, of each member, reports beyond those that are taken unasked, unless `is_named`: the
    /// close that they were asked for is talked about no more. Gives back what it has dropped.
    pub(crate) fn drop_surplus(
        &mut self,
        is_named: impl Fn(&ReportId) -> bool,
    ) -> Vec<Signed<Report>> {
        let mut counts: BTreeMap<MemberIndex, usize> = BTreeMap::new();
        let mut surplus = Vec::new();
        for (id, report) in &self.reports {
            let count = counts.entry(report.member).or_default();
            if !is_named(id) {
                *count += 1;
                if *count > MOST_UNASKED {
                    surplus.push(*id);
                }
            }
        }
        self.changes += 1;
        surplus
            .into_iter()
            .filter_map(|id| self.reports.remove(&id))
            .collect()
    }

    /// A report by its id.
    pub(crate) fn get(&self, id: &ReportId) -> Option<&Signed<Report>> {
        self.reports.get(id)
    }

    /// All reports, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Signed<Report>> {
        self.reports.values()
    }

    /// All reports, for the round's settling.
    pub(crate) fn into_reports(self) -> BTreeMap<ReportId, Signed<Report>> {
        self.reports
    }

    /// Keeps a report that is known to be right: an own one, or one from disk.
    pub(crate) fn keep(&mut self, report: Signed<Report>) {
        self.changes += 1;
        self.reports.insert(report.id(), report);
    }

    /// Judges a peer's report by itself, and keeps it. `is_asked` says that a close being judged
    /// names it.
    ///
    /// A liar may sign a third report and show it to some members only; if those prevote a close
    /// that names it, whoever refused it could never judge that close again. So what is asked for
    /// is taken, however many there are: each close being judged names one a member.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn receive(
        &mut self,
        committee: &Committee,
        (round, parent): (Round, Slot),
        report: Signed<Report>,
        is_asked: bool,
    ) -> Result<Reported, &'static str> {
        if self.reports.contains_key(&report.id()) {
            return Ok(Reported::Known);
        }
        let others: Vec<_> = self.of(report.member).collect();
        if others.len() >= MOST_UNASKED && !is_asked {
            return Ok(Reported::Known);
        }
        // Two signatures of one content are two reports, and no contradiction.
        let contradicted = others
            .iter()
            .find(|other| other.body != report.body)
            .map(|other| Box::new((*other).clone()));
        check_report(committee, round, parent, &report)?;
        self.keep(report);
        Ok(contradicted.map_or(Reported::New, Reported::Contradicts))
    }

    /// The reports of a member.
    pub(crate) fn of(&self, member: MemberIndex) -> impl Iterator<Item = &Signed<Report>> {
        self.iter().filter(move |report| report.member == member)
    }

    /// Whether a member has signed more than one report: it lies.
    pub(crate) fn contradicts_itself(&self, member: MemberIndex) -> bool {
        self.of(member).nth(1).is_some()
    }

    /// Whether a report lists an envelope that has not failed the gate. The lists are sorted.
    pub(crate) fn lists(&self, id: &EnvelopeId) -> bool {
        !self.refused.contains_key(id) && self.iter().any(|report| names(&report.body, id))
    }

    /// An envelope fails the gate. The first time, gives the reports that list it: an honest member lists
    /// only what has passed its own gate, which is the same.
    pub(crate) fn refuse(&mut self, id: EnvelopeId, refusal: Refusal) -> Vec<Signed<Report>> {
        let listing = self.iter().filter(|report| names(&report.body, &id));
        let listing: Vec<_> = listing.cloned().collect();
        if listing.is_empty() || self.refused.insert(id, refusal).is_some() {
            return Vec::new();
        }
        self.changes += 1;
        listing
    }

    /// Whether an envelope has failed the gate.
    pub(crate) fn has_failed(&self, id: &EnvelopeId) -> bool {
        self.refused.contains_key(id)
    }
}

/// Whether a report lists an envelope. Its lists are sorted.
pub(crate) fn names(report: &Report, id: &EnvelopeId) -> bool {
    report.intents.binary_search(id).is_ok() || report.quotes.binary_search(id).is_ok()
}

fn check_report(
    committee: &Committee,
    round: Round,
    parent: Slot,
    report: &Signed<Report>,
) -> Result<(), &'static str> {
    let Report {
        auction,
        epoch,
        round: of,
        slot,
        intents,
        quotes,
    } = &report.body;
    if *auction != committee.auction || *epoch != committee.epoch || *of != round {
        return Err("a report of another auction, epoch or round");
    }
    if intents.len() > committee.most_reported_intents()
        || quotes.len() > committee.most_reported_quotes()
    {
        return Err("a report that lists more than it may");
    }
    // Nobody reports for a slot in which the round could not close. One that could would name what
    // had expired before the parent closed.
    if *slot <= parent {
        return Err("a report for a slot that is not after its parent's");
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::audit::tests::house::House;

    type Alteration<'a> = (&'a str, &'a dyn Fn(&mut Report));

    const ROUND: Round = Round(1);
    const PARENT: Slot = Slot(0);

    fn id(number: u32) -> EnvelopeId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes.into()
    }

    fn receive(house: &House, report: Signed<Report>) -> Result<(), &'static str> {
        let mut book = ReportBook::default();
        let received = book.receive(&house.committee, (ROUND, PARENT), report, true);
        assert_eq!(book.iter().count(), usize::from(received.is_ok()));
        received.map(|_| ())
    }

    /// Each in turn is the only thing wrong, and rightly signed where it can be.
    #[test]
    fn what_no_honest_member_reports_is_refused() {
        let house = House::new();
        let right = house.report(1, ROUND, &[]);
        assert_eq!(receive(&house, right.clone()), Ok(()));
        let altered = |alter: &dyn Fn(&mut Report)| {
            let mut body = right.body.clone();
            alter(&mut body);
            let key = house.kit.identity(right.member);
            receive(&house, Signed::new(body, right.member, &key))
        };
        let most = u32::try_from(house.committee.most_reported_intents()).unwrap();
        assert_eq!(
            altered(&|report| report.intents = (0..most).map(id).collect()),
            Ok(())
        );
        let wrong: [Alteration<'_>; 7] = [
            ("auction", &|report| report.auction = [9; 32].into()),
            ("epoch", &|report| report.epoch.0 += 1),
            ("round", &|report| report.round = ROUND.next()),
            ("slot", &|report| report.slot = PARENT),
            ("order", &|report| report.intents = vec![id(2), id(1)]),
            ("twice", &|report| report.quotes = vec![id(1), id(1)]),
            ("too many", &|report| {
                report.intents = (0..=most).map(id).collect();
            }),
        ];
        for (what, alter) in wrong {
            assert!(altered(alter).is_err(), "{what}");
        }
        let another = house.report(2, ROUND, &[]);
        let forged = Signed {
            member: right.member,
            ..another
        };
        assert!(receive(&house, forged).is_err(), "the signature");
    }
}
