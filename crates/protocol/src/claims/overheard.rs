//! What the others signed for rounds that this member is not in: it starts, settles the round before, or is
//! behind. Nothing is judged by it; its signers send it again as long as they live. It is kept for the one
//! that does not, and starts again from an old disk: nobody else may have heard it.

use std::collections::BTreeMap;

use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use crate::vote::{Message as Ballot, Position, Subject};

/// What one member has said, unverified: it knows its own signature, and nobody else is shown it.
#[derive(Debug, Default)]
struct Said {
    close: Option<Ballot>,
    allocation: Option<Ballot>,
    report: Option<Box<Signed<Report>>>,
}

/// Of each member the newest of each kind. Who shows that it has signed for a round has signed for all
/// before it.
#[derive(Debug, Default)]
pub(crate) struct Overheard(BTreeMap<MemberIndex, Said>);

/// Where a ballot stands among those of its subject.
fn place(ballot: &Ballot) -> (Round, Position) {
    (ballot.round(), ballot.position())
}

/// The later of two ballots on one subject.
pub(crate) fn newest(one: Option<Ballot>, other: Option<Ballot>) -> Option<Ballot> {
    one.into_iter().chain(other).max_by_key(place)
}

/// Whether a ballot is of a round that matters no more once `open` is the open one.
fn is_over(ballot: &Ballot, open: Round) -> bool {
    match ballot.subject() {
        Subject::Close => ballot.round() < open,
        // The round before may be settled still.
        Subject::Allocation => ballot.round().next() < open,
    }
}

impl Overheard {
    /// Keeps a ballot that its signer has brought.
    pub(crate) fn keep_ballot(&mut self, from: MemberIndex, ballot: Ballot, open: Round) {
        if ballot.member() != from || is_over(&ballot, open) {
            return;
        }
        let said = self.0.entry(from).or_default();
        let kept = match ballot.subject() {
            Subject::Close => &mut said.close,
            Subject::Allocation => &mut said.allocation,
        };
        // Of a proposal what is signed: its value is long.
        let ballot = match ballot {
            Ballot::Proposal(full) => Ballot::Header(full.header),
            short => short,
        };
        if kept
            .as_ref()
            .is_none_or(|kept| place(kept) < place(&ballot))
        {
            *kept = Some(ballot);
        }
    }

    /// Keeps a report that its signer has brought.
    pub(crate) fn keep_report(&mut self, from: MemberIndex, report: Signed<Report>, open: Round) {
        if report.member != from || report.body.round < open {
            return;
        }
        let kept = &mut self.0.entry(from).or_default().report;
        if kept
            .as_ref()
            .is_none_or(|kept| kept.body.round < report.body.round)
        {
            *kept = Some(Box::new(report));
        }
    }

    /// A member's newest ballot on this subject.
    pub(crate) fn ballot_of(&self, member: MemberIndex, subject: Subject) -> Option<Ballot> {
        let said = self.0.get(&member)?;
        match subject {
            Subject::Close => said.close.clone(),
            Subject::Allocation => said.allocation.clone(),
        }
    }

    /// A member's newest report.
    pub(crate) fn report_of(&self, member: MemberIndex) -> Option<Signed<Report>> {
        let said = self.0.get(&member)?;
        said.report.as_deref().cloned()
    }

    /// Forgets what is of rounds that are over, now that `open` is the open one.
    pub(crate) fn come_to(&mut self, open: Round) {
        for said in self.0.values_mut() {
            said.close.take_if(|ballot| is_over(ballot, open));
            said.allocation.take_if(|ballot| is_over(ballot, open));
            said.report.take_if(|report| report.body.round < open);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use sealbid_types::bytes::FixedBytes;
    use sealbid_types::id::{Epoch, Slot, View};
    use sealbid_types::keys::Signature;

    use super::*;
    use crate::vote::Prevote;

    const OPEN: Round = Round(3);

    fn signed<T>(body: T, member: u8) -> Signed<T> {
        Signed {
            body,
            member: MemberIndex(member),
            signature: Signature(FixedBytes([0; 64])),
        }
    }

    fn ballot(member: u8, subject: Subject, round: u64, view: u32) -> Ballot {
        let body = Prevote {
            auction: [1; 32].into(),
            epoch: Epoch(0),
            round: Round(round),
            subject,
            view: View(view),
            value: None,
        };
        Ballot::Prevote(signed(body, member))
    }

    fn report(member: u8, round: u64) -> Signed<Report> {
        let body = Report {
            auction: [1; 32].into(),
            epoch: Epoch(0),
            round: Round(round),
            slot: Slot(1),
            intents: Vec::new(),
            quotes: Vec::new(),
        };
        signed(body, member)
    }

    proptest! {
        /// Whatever comes in whatever order, of each member the newest stays that is not over, and only what
        /// it brought itself.
        #[test]
        fn the_newest_is_kept(said in vec((0_u8..3, 0_u8..3, 0_u8..2, 1_u64..7, 0_u32..3), 0..40)) {
            let mut overheard = Overheard::default();
            for (from, member, subject, round, view) in &said {
                let subject = [Subject::Close, Subject::Allocation][usize::from(*subject)];
                overheard.keep_ballot(
                    MemberIndex(*from),
                    ballot(*member, subject, *round, *view),
                    OPEN,
                );
                overheard.keep_report(MemberIndex(*from), report(*member, *round), OPEN);
            }
            for open in [OPEN, Round(5)] {
                overheard.come_to(open);
                for of in 0..3 {
                    let own = || said.iter().filter(move |it| (it.0, it.1) == (of, of));
                    let of_subject = |subject: u8| own().filter(move |it| it.2 == subject);
                    let closes = of_subject(0).filter(|it| it.3 >= open.0);
                    let close = closes.map(|it| (it.3, it.4)).max();
                    // The round before the open one may be settled still.
                    let allocations = of_subject(1).filter(|it| it.3 + 1 >= open.0);
                    let allocation = allocations.map(|it| (it.3, it.4)).max();
                    let kept = |subject| {
                        let ballot = overheard.ballot_of(MemberIndex(of), subject)?;
                        Some((ballot.round().0, ballot.view().0))
                    };
                    prop_assert_eq!(kept(Subject::Close), close);
                    prop_assert_eq!(kept(Subject::Allocation), allocation);
                    let reported = overheard.report_of(MemberIndex(of));
                    let newest = own().map(|it| it.3).filter(|round| *round >= open.0).max();
                    prop_assert_eq!(reported.map(|report| report.body.round.0), newest);
                }
            }
        }
    }
}
