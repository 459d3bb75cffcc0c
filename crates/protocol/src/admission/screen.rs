//! What is at the gate, for whom, and what has failed there.
//!
//! The gate is the dearest thing that a stranger can make a member do, so nothing goes there twice
//! at once, nothing goes again that has failed, and each member and each kind of origin has only so
//! much there: one that floods it with envelopes keeps out its own and nobody else's.

use std::collections::{BTreeMap, VecDeque};

use sealbid_types::door::Refusal;
use sealbid_types::id::{EnvelopeId, MemberIndex};

/// How many failures are remembered: to make another bad envelope costs its maker a signature, so
/// this bounds memory and not work.
const MOST_FAILED: usize = 16_384;
/// Envelopes of the pool at the gate: more than it holds of a kind, since one that is dropped here is not
/// brought again, and lost on this member unless a report names it.
const MOST_OF_POOL: usize = 32_768;
/// Envelopes of one member at the gate: what one answer to a request may bring.
const MOST_OF_MEMBER: usize = 1_024;

/// For whom an envelope is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A client, which waits for a receipt.
    Client,
    /// The pool brought it.
    Pool,
    /// A member sent it.
    Member(MemberIndex),
}

/// The engine's side of the gate.
#[derive(Debug)]
pub(crate) struct Screen {
    most_of_clients: usize,
    at_gate: BTreeMap<EnvelopeId, Origin>,
    counts: BTreeMap<Origin, usize>,
    failed: BTreeMap<EnvelopeId, Refusal>,
    /// Those of `failed`, the oldest first.
    order: VecDeque<EnvelopeId>,
}

impl Screen {
    /// Nothing is at the gate. At most so many may be for clients.
    pub(crate) const fn new(most_of_clients: usize) -> Self {
        Self {
            most_of_clients,
            at_gate: BTreeMap::new(),
            counts: BTreeMap::new(),
            failed: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether there is room at the gate for another of this origin.
    pub(crate) fn has_room(&self, origin: Origin) -> bool {
        let most = match origin {
            Origin::Client => self.most_of_clients,
            Origin::Pool => MOST_OF_POOL,
            Origin::Member(_) => MOST_OF_MEMBER,
        };
        self.counts.get(&origin).is_none_or(|count| *count < most)
    }

    /// Notes that an envelope goes to the gate; says whether it is to go. It is not if it is there
    /// already, or there is no room. Nobody waits behind what the pool is flooded with, nor a client
    /// behind what a member sends: for those it goes again.
    pub(crate) fn send(&mut self, id: EnvelopeId, origin: Origin) -> bool {
        let before = self.at_gate.get(&id).copied();
        // In the order of the kinds: what a member sends is wanted, or a client waits for it.
        let is_promoted = match (before, origin) {
            (None, _) | (Some(Origin::Pool), Origin::Client | Origin::Member(_)) => true,
            (Some(Origin::Member(_)), Origin::Client) => true,
            (Some(_), _) => false,
        };
        if !is_promoted || !self.has_room(origin) {
            return false;
        }
        if let Some(before) = before {
            self.lower(before);
        }
        self.at_gate.insert(id, origin);
        *self.counts.entry(origin).or_default() += 1;
        true
    }

    /// Notes that the gate has said something of an envelope, or has failed on it.
    pub(crate) fn came_back(&mut self, id: &EnvelopeId) {
        if let Some(origin) = self.at_gate.remove(id) {
            self.lower(origin);
        }
    }

    /// Notes that an envelope has failed: by its bytes, so for good.
    pub(crate) fn fail(&mut self, id: EnvelopeId, refusal: Refusal) {
        if self.failed.insert(id, refusal).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > MOST_FAILED {
            if let Some(oldest) = self.order.pop_front() {
                self.failed.remove(&oldest);
            }
        }
    }

    /// Why an envelope failed, if it did so lately.
    pub(crate) fn failure(&self, id: &EnvelopeId) -> Option<&Refusal> {
        self.failed.get(id)
    }

    fn lower(&mut self, origin: Origin) {
        if let Some(count) = self.counts.get_mut(&origin) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealbid_types::door::RefusalCode;

    fn id(number: usize) -> EnvelopeId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        EnvelopeId::from(bytes)
    }

    #[test]
    fn a_member_that_floods_the_gate_keeps_out_nobody_else() {
        let mut screen = Screen::new(4);
        let (liar, honest) = (MemberIndex(1), MemberIndex(2));
        let sent = (0..5_000).filter(|number| screen.send(id(*number), Origin::Member(liar)));
        assert_eq!(sent.count(), MOST_OF_MEMBER);
        assert!(screen.send(id(6_000), Origin::Member(honest)));
        assert!(screen.send(id(6_001), Origin::Pool));
        assert!(screen.send(id(6_002), Origin::Client));
        screen.came_back(&id(0));
        assert!(screen.send(id(6_003), Origin::Member(liar)));
    }

    #[test]
    fn what_is_at_the_gate_goes_there_again_only_for_who_must_not_wait() {
        let mut screen = Screen::new(4);
        assert!(screen.send(id(1), Origin::Pool));
        assert!(screen.send(id(1), Origin::Member(MemberIndex(0))));
        assert!(!screen.send(id(1), Origin::Member(MemberIndex(1))));
        assert!(!screen.send(id(1), Origin::Pool));
        assert!(screen.send(id(1), Origin::Client));
        assert!(!screen.send(id(1), Origin::Client));
        screen.came_back(&id(1));
        screen.came_back(&id(1));
        assert!((2..6).all(|number| screen.send(id(number), Origin::Client)));
        assert!(!screen.has_room(Origin::Client));
        assert!(screen.send(id(6), Origin::Pool));
    }

    #[test]
    fn failures_are_remembered_and_bounded() {
        let mut screen = Screen::new(4);
        let refusal = Refusal {
            code: RefusalCode::Proof,
            message: String::new(),
        };
        for number in 0..=MOST_FAILED {
            screen.fail(id(number), refusal.clone());
            screen.fail(id(number), refusal.clone());
        }
        assert_eq!(screen.failure(&id(0)), None);
        assert_eq!(screen.failure(&id(MOST_FAILED)), Some(&refusal));
        assert_eq!(screen.failed.len(), MOST_FAILED);
    }
}
