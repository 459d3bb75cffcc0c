//! The vote on how a round cleared (`vote/`), from the settling's side.
//!
//! Members compute the allocation each by itself, and what they compute is the same unless one of
//! them runs another version. The vote makes sure that one allocation is certified and no other,
//! and that the round ends even if no allocation has a quorum: then it settles with nothing filled.

use sealbid_crypto::AllocationCertificate;
use sealbid_types::id::{AllocationDigest, MemberIndex, Round, ValueDigest};

use super::settling::{Settling, Tools};
use crate::disk::Table;
use crate::evidence::{CertifiedAllocation, Evidence};
use crate::member::Stage;
use crate::member::io::{Notice, Output, put};
use crate::member::message::{Allocated, PeerMessage};
use crate::member::vote_key;
use crate::time::{Clock, Monotonic};
use crate::vote::{
    Certified, LearnError, Message, Output as VoteOutput, Received, Refused, Subject, Value,
};

/// Two allocations of a round are certified. Both certificates are kept, and the member stops: what
/// it would settle, another member settles otherwise.
fn fork(both: [Certified; 2], round: Round, tools: &mut Tools<'_>) {
    let committee = &tools.context.committee;
    let (auction, epoch) = (committee.auction, committee.epoch);
    let pair = both.map(|certified| CertifiedAllocation {
        auction,
        epoch,
        allocated: Allocated {
            round,
            allocation: AllocationDigest(certified.value.digest().0),
            certificate: certified.certificate,
        },
    });
    let evidence = Evidence::Allocations(Box::new(pair));
    tools.out.extend(tools.accusations.keep(&evidence));
    *tools.has_halted = true;
    let reason = format!(
        "two certified allocations of round {round}: more members lie than the committee can bear"
    );
    tools.out.push(Output::Halt { reason });
}

impl Settling {
    /// Takes this member's part in the vote, and its decision if there is one.
    pub(super) fn decide(&mut self, tools: &mut Tools<'_>) -> bool {
        let mut said = Vec::new();
        if let Some(cleared) = self.cleared.as_ref().filter(|_| tools.may_vote) {
            let (own, withdrawn) = cleared.digests;
            self.vote.assume(own, withdrawn, tools.now, &mut said);
            self.vote.tick(tools.now, &mut said);
        }
        self.follow(said, tools);
        let decided = self.vote.decided().cloned();
        decided.is_some_and(|certified| self.take_decision(&certified, tools))
    }

    /// A ballot of this vote. What follows from it is taken at the next advance.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn hear_ballot(
        &mut self,
        ballot: Message,
        tools: &mut Tools<'_>,
    ) -> Result<Received, Refused> {
        let mut said = Vec::new();
        let received = self.vote.receive(ballot, tools.now, &mut said);
        self.follow(said, tools);
        received
    }

    /// Whether this member has decided on this allocation.
    pub(crate) fn has_decided(&self, allocation: AllocationDigest) -> bool {
        let decided = self.vote.decided().map(|decided| decided.value.digest());
        decided == Some(allocation.into())
    }

    /// What another member has decided.
    ///
    /// # Errors
    /// [`LearnError`].
    pub(crate) fn learn(
        &mut self,
        allocated: &Allocated,
        tools: &mut Tools<'_>,
    ) -> Result<(), LearnError> {
        let mut said = Vec::new();
        let value = Value::Allocation(allocated.allocation);
        let learnt = self
            .vote
            .learn(value, allocated.certificate, tools.now, &mut said);
        self.follow(said, tools);
        learnt
    }

    /// What this member has decided, for those that have not.
    pub(super) fn decided(&self) -> Option<Allocated> {
        let certified = self.vote.decided()?;
        let Value::Allocation(allocation) = certified.value else {
            return None;
        };
        Some(Allocated {
            round: self.certificate.close().round,
            allocation,
            certificate: certified.certificate,
        })
    }

    /// When the vote has something to do.
    pub(crate) fn wake_at(&self, now: Clock) -> Option<Monotonic> {
        self.vote.wake_at(now)
    }

    /// The newest ballot of a member in this vote, for that member when it starts.
    pub(crate) fn newest_ballot_of(&self, member: MemberIndex) -> Option<Message> {
        self.vote.newest_ballot_of(member)
    }

    /// Follows and decides, and signs no ballot of this vote any more.
    pub(crate) fn give_up(&mut self, tools: &mut Tools<'_>) {
        let mut said = Vec::new();
        self.vote.give_up(&mut said);
        self.follow(said, tools);
    }

    fn follow(&mut self, said: Vec<VoteOutput>, tools: &mut Tools<'_>) {
        let round = self.round();
        for word in said {
            match word {
                VoteOutput::Persist(state) => {
                    let key = vote_key(round, Subject::Allocation);
                    tools.out.push(put(Table::Votes, key, &*state));
                }
                VoteOutput::Broadcast(message) => {
                    let message = PeerMessage::Vote(Box::new(message));
                    tools.out.push(crate::member::broadcast(&message));
                }
                VoteOutput::Evidence(evidence) => {
                    let what = "voted twice, or signed a wrong share".to_owned();
                    let (member, evidence) = (evidence.member(), Evidence::Vote(evidence));
                    if evidence.is_of_shares() {
                        tools.suspects.note(member, round);
                    }
                    let said = tools.accusations.accuse(member, what, Some(&evidence));
                    tools.out.extend(said);
                }
                // It is in the row of this very step (`VoteState`).
                VoteOutput::Abstains => tools.out.push(Output::Notice(Notice::Abstains(round))),
                // Told at once: whoever counts on it may have lost what it heard before.
                VoteOutput::Decided(_) => {
                    let message = self.decided().map(PeerMessage::Allocated);
                    let message = message.as_ref().map(crate::member::broadcast);
                    tools.out.extend(message);
                }
                VoteOutput::Forked { first, second } => fork([*first, *second], round, tools),
                // A value of this vote is judged where it is proposed, and every member has it.
                VoteOutput::Propose { .. } | VoteOutput::Validate { .. } => {}
            }
        }
    }

    /// Combining has verified the signature; this makes the type that lets shares out, and takes
    /// the list of fills from the allocation that was signed.
    fn take_decision(&mut self, certified: &Certified, tools: &mut Tools<'_>) -> bool {
        let Some(cleared) = self.cleared.as_mut() else {
            return false;
        };
        let decided = certified.value.digest();
        let (own, withdrawn) = cleared.digests;
        if decided == ValueDigest::from(withdrawn) && own != withdrawn {
            cleared.allocation = cleared.withdrawn.clone();
        } else if decided != ValueDigest::from(own) {
            // Said once, by the step's first failure, and not at every input.
            if !core::mem::replace(&mut self.has_differed, true) {
                let round = self.certificate.close().round;
                tools.out.push(Output::Notice(Notice::Differs(round)));
            }
            return false;
        }
        let keys = &tools.context.keys;
        let verified =
            AllocationCertificate::verify(keys, &cleared.allocation, &certified.certificate);
        self.allocation = verified.ok();
        if self.allocation.is_none() {
            return false;
        }
        tools.out.push(self.reached(Stage::Cleared));
        true
    }
}
