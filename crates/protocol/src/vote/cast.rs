//! What a member does: enter a view, propose, prevote, precommit, decide. Here, and nowhere else,
//! something is signed; and nothing leaves before the state that it follows from.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::close::CertificateBytes;
use sealbid_types::id::{MemberIndex, ValueDigest, View};
use sealbid_types::keys::Signed;

use crate::time::Clock;

use super::config::proposer;
use super::instance::{Certified, Output, Timeouts, Vote};
use super::message::{Commitment, FullProposal, Message, Precommit, Prevote, Proposal, Step, sign};
use super::state::{OwnProposal, VoteState};
use super::tally::Kept;
use super::value::{Computed, Value};

impl Vote {
    // Line 11: Function StartRound(round)
    pub(super) fn start_view(&mut self, view: View, now: Clock, out: &mut Vec<Output>) {
        // Lines 12 and 13.
        self.view = view;
        self.step = Step::Propose;
        self.timeouts = Timeouts::default();
        self.freshness = None;
        self.own_proposal = None;
        self.tally.enter(view);
        self.changed = true;
        self.forget_values();
        self.enter_view(now, out);
    }

    /// The rest of StartRound, which a restarted member does again.
    pub(super) fn enter_view(&mut self, now: Clock, out: &mut Vec<Output>) {
        // Lines 20 and 21. The proposer too: it may have nothing to propose in time.
        let millis = self.propose_timeout();
        self.timeouts.propose.arm(now.monotonic, millis);
        if let Some(computed) = self.computed {
            return self.enter_view_of_allocation(computed);
        }
        // Line 14: if proposer(h_p, round_p) = p
        if !self.is_proposer() || self.abstains || self.own_proposal_of(self.view).is_some() {
            return;
        }
        match self.valid.clone() {
            // Lines 15, 16 and 19.
            Some(valid) => self.cast_proposal(valid.value, Some(valid.view), valid.polka),
            // Line 18: getValue() takes time.
            None => out.push(Output::Propose { view: self.view }),
        }
    }

    /// Everybody has the value already, so the first view needs no proposal, and later ones no
    /// asking.
    fn enter_view_of_allocation(&mut self, Computed { own, void }: Computed) {
        if self.view == View(0) {
            // Line 24, as if its proposer had proposed to each member what it has. A lock of this
            // view follows from q prevotes of it, so there is none yet.
            return self.cast_prevote(Some(own));
        }
        if !self.is_proposer() || self.abstains || self.own_proposal_of(self.view).is_some() {
            return;
        }
        match self.valid.clone() {
            // Lines 15, 16 and 19.
            Some(valid) => self.cast_proposal(valid.value, Some(valid.view), valid.polka),
            // Line 18.
            None if self.may_withdraw() => {
                self.cast_proposal(void, None, Vec::new());
            }
            None => self.cast_proposal(own, None, Vec::new()),
        }
    }

    /// Shorter for a proposer that was silent in its last turn, in the first of its turns of a round.
    fn propose_timeout(&self) -> u64 {
        let times = &self.config.times;
        let is_first_turn = self.view.0 < u32::from(self.config.members);
        if is_first_turn && self.silent.contains(&self.proposer_of(self.view)) {
            times.propose_by_the_silent()
        } else {
            times.propose_in(self.view)
        }
    }

    /// Begins in the view that a new or restored vote stands in.
    pub(super) fn begin(&mut self, now: Clock, out: &mut Vec<Output>) {
        self.started = true;
        // A member that was restored in a later step does nothing again: the timeout of that step
        // starts with q votes (lines 34 and 47), and what it signed goes out by `resend`.
        if self.step == Step::Propose {
            self.enter_view(now, out);
        }
    }

    pub(super) fn is_proposer(&self) -> bool {
        self.proposer_of(self.view) == self.config.member
    }

    pub(super) fn proposer_of(&self, view: View) -> MemberIndex {
        proposer(self.config.members, self.config.round, view)
    }

    pub(super) fn own_proposal_of(&self, view: View) -> Option<&OwnProposal> {
        self.own_proposal
            .as_ref()
            .filter(|own| own.header.body.view == view)
    }

    // Line 19: broadcast ⟨PROPOSAL, h_p, round_p, proposal, validRound_p⟩
    pub(super) fn cast_proposal(
        &mut self,
        value: ValueDigest,
        valid_view: Option<View>,
        polka: Vec<Signed<Prevote>>,
    ) {
        let instance = self.config.instance();
        let proposal = Proposal {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            view: self.view,
            value,
            valid_view,
        };
        let Some(header) = self.cast(proposal) else {
            return;
        };
        self.own_proposal = Some(OwnProposal {
            header: header.clone(),
            polka,
        });
        self.outbox.extend(self.full_or_header(header));
    }

    /// broadcast ⟨PREVOTE, h_p, round_p, id(v) or nil⟩; step_p <- prevote
    pub(super) fn cast_prevote(&mut self, value: Option<ValueDigest>) {
        // Before anything is signed, and whether or not it is: a member that abstains goes through
        // the steps as the others do, so that it follows them from view to view.
        self.step = Step::Prevote;
        let instance = self.config.instance();
        let prevote = Prevote {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            view: self.view,
            value,
        };
        let signed = self.cast(prevote);
        self.outbox.extend(signed.map(Message::Prevote));
    }

    /// broadcast ⟨PRECOMMIT, h_p, round_p, id(v) or nil⟩; step_p <- precommit
    pub(super) fn cast_precommit(&mut self, value: Option<ValueDigest>) {
        self.step = Step::Precommit;
        let (instance, view) = (self.config.instance(), self.view);
        // Asked here and not only in `cast`: the share itself is a signature, and would be made
        // before the message around it is refused.
        if self.abstains {
            return;
        }
        let commitment = match value {
            None => None,
            Some(value) => {
                let statement = instance.statement(view, value);
                // There is a share of whatever a vote is about.
                let Some(share) = self.signers.threshold.sign(&statement) else {
                    return;
                };
                Some(Commitment { value, share })
            }
        };
        let precommit = Precommit {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            view,
            commitment,
        };
        let signed = self.cast(precommit);
        self.outbox.extend(signed.map(Message::Precommit));
    }

    /// Signs and counts an own message. None if the member abstains, or has signed one of this
    /// kind and view before: the rules never come to that, and if they did it must not happen.
    fn cast<T: Kept>(&mut self, body: T) -> Option<Signed<T>> {
        let member = self.config.member;
        let position = body.position();
        // Positions only grow, also over a restart (`VoteState::signed`). This one line is why no
        // view and step is signed twice, whatever the rules above come to.
        if self.abstains || self.position().is_some_and(|newest| newest >= position) {
            return None;
        }
        let signed = sign(body, member, &*self.signers.identity);
        self.tally.insert(signed.clone());
        self.changed = true;
        Some(signed)
    }

    /// An own proposal in full, somebody else's header. None for an own one of a former view.
    pub(super) fn full_or_header(&self, header: Signed<Proposal>) -> Option<Message> {
        if header.member != self.config.member {
            return Some(Message::Header(header));
        }
        let own = self.own_proposal_of(header.body.view)?;
        let value = self.value_of(header.body.value)?;
        let polka = own.polka.clone();
        Some(Message::Proposal(Box::new(FullProposal {
            header,
            value,
            polka,
        })))
    }

    /// The certificate is right: the round is over.
    // Line 51. Line 52 to 54, the next height, are the engine's.
    pub(super) fn decide(&mut self, value: Value, certificate: CertificateBytes) {
        self.decided = Some(Certified { value, certificate });
    }

    /// Runs the rules until none applies, then lets out what they signed.
    pub(super) fn settle(&mut self, now: Clock, out: &mut Vec<Output>) {
        let before = self.decided.is_some();
        while self.decided.is_none() && self.apply_a_rule(now, out) {}
        // One write for all that the rules have signed, and before the first of it leaves: a member
        // that crashed in between could vote otherwise when it comes back
        // (`a_crash_before_and_after_every_write_and_send`). One that abstains signs nothing that
        // this could rest on.
        if self.changed && !self.abstains {
            out.push(Output::Persist(Box::new(self.state())));
        }
        self.changed = false;
        out.extend(self.outbox.drain(..).map(Output::Broadcast));
        if let (false, Some(certified)) = (before, &self.decided) {
            out.push(Output::Decided(Box::new(certified.clone())));
        }
    }

    /// What must be on disk before anything that follows from it is sent.
    pub(super) fn state(&self) -> VoteState {
        let instance = self.config.instance();
        let from = self.view.previous().unwrap_or_default();
        let mut state = VoteState {
            auction: instance.auction,
            epoch: instance.epoch,
            round: instance.round,
            subject: instance.subject,
            member: self.config.member,
            view: self.view,
            step: self.step,
            abstains: self.abstains,
            signed: self.position(),
            locked: self.locked,
            valid: self.valid.clone(),
            proposal: self.own_proposal.clone(),
            // What `resend` repeats. Of older views nothing is sent any more, and `signed` is
            // enough to keep from signing them again.
            prevotes: self.own_ballots(from),
            precommits: self.own_ballots(from),
            claims: self
                .claims
                .iter()
                .flat_map(|(member, values)| values.iter().map(|value| (*member, *value)))
                .collect(),
            values: Vec::new(),
        };
        // The closes themselves, not their digests: after a crash of all members at once there may
        // be nobody left who could show a value that this one is locked on.
        let named: BTreeSet<_> = state.named_values().collect();
        state.values = named
            .into_iter()
            .filter_map(|digest| self.value_of(digest))
            .collect();
        state
    }

    fn own_ballots<T: Kept>(&self, from: View) -> Vec<Signed<T>> {
        self.tally
            .views()
            .filter(|(view, _)| *view >= from)
            .filter_map(|(_, log)| T::column(log).of(self.config.member))
            .cloned()
            .collect()
    }

    /// Forgets closes that nobody talks about any more, and of each proposer all that are not
    /// judged but its newest. It may propose in ever later views of its own, and each close takes
    /// up to a megabyte; an honest one that has proposed again has left the earlier view.
    pub(super) fn forget_values(&mut self) {
        let headers = self.tally.views().filter_map(|(_, log)| log.proposal());
        let by_proposer: BTreeMap<MemberIndex, ValueDigest> = headers
            .map(|header| (header.member, header.body.value))
            .collect();
        self.values
            .retain_unjudged(&by_proposer.into_values().collect());
        let headers = self.tally.views().filter_map(|(_, log)| log.proposal());
        let mut named: BTreeSet<ValueDigest> = headers.map(|header| header.body.value).collect();
        named.extend(self.locked.map(|locked| locked.value));
        named.extend(self.valid.as_ref().map(|valid| valid.value));
        self.values.retain(&named);
    }
}
