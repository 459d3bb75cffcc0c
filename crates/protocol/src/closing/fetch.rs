//! What of a round is missing here, and who is asked for it.
//!
//! A liar may list ids that nobody has. They must not keep what is really missing from being asked
//! for: reports share a request evenly, and what a close being judged needs comes first.

use std::collections::{BTreeSet, VecDeque};

use sealbid_types::close::Close;
use sealbid_types::id::{EnvelopeId, MemberIndex};

use super::book::ReportBook;
use super::judge::Grounds;
use super::standings::Standings;
use crate::member::message::Want;

/// The most envelopes of one request.
pub(crate) const MOST_ENVELOPES: usize = 1_024;
/// The most reports of one request.
pub(crate) const MOST_REPORTS: usize = 64;

/// What is missing to judge `asked`, and then to propose.
pub(crate) fn missing<'a>(grounds: &Grounds<'_>, asked: impl Iterator<Item = &'a Close>) -> Want {
    let named: BTreeSet<_> = asked.flat_map(|close| &close.reports).copied().collect();
    let reports = named
        .iter()
        .filter(|id| grounds.book.get(id).is_none())
        .take(MOST_REPORTS)
        .copied()
        .collect();
    let (first, later): (Vec<_>, Vec<_>) = grounds
        .book
        .iter()
        .partition(|report| named.contains(&report.id()));
    let mut envelopes = Vec::new();
    for group in [first, later] {
        let lacking = group
            .into_iter()
            .map(|report| grounds.standings.lacking(&report.id()).collect())
            .collect();
        take_evenly(lacking, &mut envelopes);
    }
    Want { reports, envelopes }
}

/// Takes one from each list in turn, up to the size of a request.
fn take_evenly(mut lists: Vec<VecDeque<EnvelopeId>>, taken: &mut Vec<EnvelopeId>) {
    let mut seen: BTreeSet<EnvelopeId> = taken.iter().copied().collect();
    while taken.len() < MOST_ENVELOPES && lists.iter().any(|list| !list.is_empty()) {
        for list in &mut lists {
            let next = core::iter::from_fn(|| list.pop_front()).find(|id| seen.insert(*id));
            if taken.len() < MOST_ENVELOPES {
                taken.extend(next);
            }
        }
    }
}

/// Whom to ask, in turn: first those that have voted for what is being judged, who hold all of it
/// if they are honest; then those whose reports are incomplete; then anybody.
pub(crate) fn ask_whom(
    book: &ReportBook,
    standings: &Standings,
    holders: BTreeSet<MemberIndex>,
    alive: &[MemberIndex],
    me: MemberIndex,
    turn: usize,
) -> Option<MemberIndex> {
    let incomplete = book
        .iter()
        .filter(|report| standings.lacking(&report.id()).next().is_some())
        .map(|report| report.member);
    let mut order: Vec<MemberIndex> = Vec::new();
    for member in holders
        .into_iter()
        .chain(incomplete)
        .chain(alive.iter().copied())
    {
        if member != me && !order.contains(&member) {
            order.push(member);
        }
    }
    order.get(turn.checked_rem(order.len())?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(bytes: core::ops::Range<u16>) -> VecDeque<EnvelopeId> {
        let id = |number: u16| {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            EnvelopeId::from(bytes)
        };
        bytes.map(id).collect()
    }

    #[test]
    fn a_list_of_invented_ids_does_not_keep_the_others_from_being_asked_for() {
        let (invented, missing) = (ids(0..2_000), ids(60_000..60_400));
        let mut taken = Vec::new();
        take_evenly(vec![invented, missing.clone()], &mut taken);
        assert_eq!(taken.len(), MOST_ENVELOPES);
        assert!(missing.iter().all(|id| taken.contains(id)));
    }

    #[test]
    fn what_comes_first_is_asked_for_first_and_nothing_twice() {
        let mut taken = Vec::new();
        take_evenly(vec![ids(5..8)], &mut taken);
        take_evenly(vec![ids(0..10), ids(3..6)], &mut taken);
        assert_eq!(taken[..3], ids(5..8).make_contiguous()[..]);
        let distinct: BTreeSet<_> = taken.iter().collect();
        assert_eq!((taken.len(), distinct.len()), (10, 10));
    }
}
