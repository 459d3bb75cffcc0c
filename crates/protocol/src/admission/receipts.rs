//! Clients that wait for a receipt, and the acknowledgements that have come for them.

use std::collections::BTreeMap;

use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Receipt};

use crate::member::io::RequestId;
use crate::time::Monotonic;

#[derive(Debug)]
struct Waiting {
    /// The first and the last round of the envelope.
    rounds: (Round, Round),
    requests: Vec<RequestId>,
    acknowledgements: BTreeMap<MemberIndex, Signed<Acknowledgement>>,
    /// When the envelope goes to the other members directly, because the pool was slow.
    push_at: Monotonic,
    gives_up_at: Monotonic,
}

/// The waiting clients, by envelope.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    waiting: BTreeMap<EnvelopeId, Waiting>,
}

impl Receipts {
    /// How many envelopes are waited for.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// A client waits for the receipt of an envelope: for as long as the first one does, or whoever
    /// has its bytes could put off everybody's answer.
    pub(crate) fn wait(
        &mut self,
        id: EnvelopeId,
        rounds: (Round, Round),
        request: RequestId,
        push_at: Monotonic,
        gives_up_at: Monotonic,
    ) {
        let fresh = || Waiting {
            rounds,
            requests: Vec::new(),
            acknowledgements: BTreeMap::new(),
            push_at,
            gives_up_at,
        };
        let waiting = self.waiting.entry(id).or_insert_with(fresh);
        waiting.requests.push(request);
    }

    /// Whether a client waits for the receipt of an envelope.
    pub(crate) fn is_waited_for(&self, id: &EnvelopeId) -> bool {
        self.waiting.contains_key(id)
    }

    /// There will be no receipt. Gives whom to tell.
    pub(crate) fn refuse(&mut self, id: &EnvelopeId) -> Vec<RequestId> {
        let waiting = self.waiting.remove(id);
        waiting.map_or_else(Vec::new, |waiting| waiting.requests)
    }

    /// A client has gone.
    pub(crate) fn gone(&mut self, request: RequestId) {
        self.waiting.retain(|_, waiting| {
            waiting.requests.retain(|other| *other != request);
            !waiting.requests.is_empty()
        });
    }

    /// Whether somebody waits for this member's acknowledgement of the envelope, and it is worth
    /// something: it names a round of the envelope, at most `latest` unless the envelope begins
    /// later. A receipt's round is the latest of its q, so one liar could make it worthless, or, by
    /// a round outside the range, void.
    pub(crate) fn needs(
        &self,
        id: &EnvelopeId,
        member: MemberIndex,
        round: Round,
        latest: Round,
    ) -> bool {
        self.waiting.get(id).is_some_and(|waiting| {
            let (first, last) = waiting.rounds;
            (first..=last.min(latest.max(first))).contains(&round)
                && !waiting.acknowledgements.contains_key(&member)
        })
    }

    /// Keeps a verified acknowledgement; with the q-th, gives the receipt and who asked for it.
    pub(crate) fn acknowledge(
        &mut self,
        signed: Signed<Acknowledgement>,
        quorum: usize,
    ) -> Option<(Receipt, Vec<RequestId>)> {
        let envelope = signed.body.envelope;
        let waiting = self.waiting.get_mut(&envelope)?;
        waiting.acknowledgements.insert(signed.member, signed);
        if waiting.acknowledgements.len() < quorum {
            return None;
        }
        let waiting = self.waiting.remove(&envelope)?;
        let acknowledgements = waiting.acknowledgements.into_values().collect();
        Some((
            Receipt {
                envelope,
                acknowledgements,
            },
            waiting.requests,
        ))
    }

    /// Envelopes to be sent to the other members directly now; they are due again later.
    pub(crate) fn take_pushes(&mut self, now: Monotonic, again: Monotonic) -> Vec<EnvelopeId> {
        let mut due = Vec::new();
        for (id, waiting) in &mut self.waiting {
            if waiting.push_at <= now {
                waiting.push_at = again;
                due.push(*id);
            }
        }
        due
    }

    /// Clients whose time is up, and how many acknowledgements there were.
    pub(crate) fn take_late(&mut self, now: Monotonic) -> Vec<(EnvelopeId, Vec<RequestId>, usize)> {
        let late: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.gives_up_at <= now)
            .map(|(id, _)| *id)
            .collect();
        let gone = late
            .into_iter()
            .filter_map(|id| Some((id, self.waiting.remove(&id)?)));
        gone.map(|(id, waiting)| (id, waiting.requests, waiting.acknowledgements.len()))
            .collect()
    }

    /// When something is due.
    pub(crate) fn wake_at(&self) -> Option<Monotonic> {
        self.waiting
            .values()
            .map(|waiting| waiting.push_at.min(waiting.gives_up_at))
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever has an envelope's bytes can submit it again and again.
    #[test]
    fn who_submits_again_puts_off_nobodys_answer() {
        let (id, rounds) = (EnvelopeId::from([1; 32]), (Round(1), Round(2)));
        let mut receipts = Receipts::default();
        for at in 0..10 {
            let (push_at, gives_up_at) = (Monotonic(at), Monotonic(at + 5_000));
            receipts.wait(id, rounds, RequestId(at), push_at, gives_up_at);
        }
        assert!(receipts.take_late(Monotonic(4_999)).is_empty());
        let late = receipts.take_late(Monotonic(5_000));
        assert_eq!(late.iter().map(|(_, who, _)| who.len()).sum::<usize>(), 10);
    }

    #[test]
    fn an_acknowledgement_for_a_round_too_far_is_none() {
        let id = EnvelopeId::from([1; 32]);
        let mut receipts = Receipts::default();
        let (now, latest) = (Monotonic(0), Round(8));
        receipts.wait(id, (Round(3), Round(40)), RequestId(1), now, now);
        let needs = |round| receipts.needs(&id, MemberIndex(1), Round(round), latest);
        assert!(needs(3) && needs(8));
        assert!(!needs(2) && !needs(9) && !needs(40) && !needs(u64::MAX));
        let id = EnvelopeId::from([2; 32]);
        receipts.wait(id, (Round(20), Round(21)), RequestId(2), now, now);
        let needs = |round| receipts.needs(&id, MemberIndex(1), Round(round), latest);
        assert!(needs(20) && !needs(21) && !needs(19));
    }
}
