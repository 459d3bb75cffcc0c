//! The vote on how a round cleared (`vote/`), from the settling's side.
//!
//! Members compute the allocation each by itself, and what they compute is the same unless one of
//! them runs another version. The vote makes sure that one allocation is certified and no other,
//! and that the round ends even if no allocation has a quorum: then it settles with nothing filled.

use sealbid_crypto::AllocationCertificate;
use sealbid_types::id::{MemberIndex, ValueDigest};

use super::settling::{Desk, Settling};
use crate::disk::Table;
use crate::evidence::Evidence;
use crate::member::Stage;
use crate::member::io::{Notice, Output, put};
use crate::member::message::PeerMessage;
use crate::member::vote_key;
use crate::time::{Clock, Monotonic};
use crate::vote::{Certified, Message, Output as VoteOutput, Received, Refused, Subject};

impl Settling {
    /// Takes this member's part in the vote, and its decision if there is one.
    pub(super) fn decide(&mut self, desk: &mut Desk<'_>) -> bool {
        let mut said = Vec::new();
        if let Some(cleared) = self.cleared.as_ref().filter(|_| desk.may_vote) {
            let (own, withdrawn) = cleared.digests;
            self.vote.assume(own, withdrawn, desk.now, &mut said);
            self.vote.tick(desk.now, &mut said);
        }
        self.follow(said, desk);
        let decided = self.vote.decided().cloned();
        decided.is_some_and(|certified| self.take_decision(&certified, desk))
    }

    /// A ballot of this vote. What follows from it is taken at the next advance.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn hear_ballot(
        &mut self,
        ballot: Message,
        desk: &mut Desk<'_>,
    ) -> Result<Received, Refused> {
        let mut said = Vec::new();
        let received = self.vote.receive(ballot, desk.now, &mut said);
        self.follow(said, desk);
        received
    }

    /// When the vote has something to do.
    pub(crate) fn wake_at(&self, now: Clock) -> Option<Monotonic> {
        self.vote.wake_at(now)
    }

    /// The newest ballot of a member in this vote, for that member when it starts.
    pub(crate) fn newest_ballot_of(&self, member: MemberIndex) -> Option<Message> {
        self.vote.newest_ballot_of(member)
    }

    fn follow(&mut self, said: Vec<VoteOutput>, desk: &mut Desk<'_>) {
        let round = self.round();
        for word in said {
            match word {
                VoteOutput::Persist(state) => {
                    let key = vote_key(round, Subject::Allocation);
                    desk.out.push(put(Table::Votes, key, &*state));
                }
                VoteOutput::Broadcast(message) => {
                    let message = PeerMessage::Vote(Box::new(message));
                    desk.out.push(crate::member::broadcast(&message));
                }
                VoteOutput::Evidence(evidence) => {
                    let what = "voted twice, or signed a wrong share".to_owned();
                    let (member, evidence) = (evidence.member(), Evidence::Vote(evidence));
                    if evidence.is_of_shares() {
                        desk.suspects.note(member, round);
                    }
                    let said = desk.accusations.accuse(member, what, Some(&evidence));
                    desk.out.extend(said);
                }
                VoteOutput::Abstains => {
                    self.vote.abstain();
                    desk.out.push(Output::Notice(Notice::Abstains(round)));
                }
                // A value of this vote is judged where it is proposed; what is decided is taken from
                // the vote itself; and a second certificate is shown to nobody: who has settled
                // the round serves its record.
                VoteOutput::Propose { .. }
                | VoteOutput::Validate { .. }
                | VoteOutput::Decided(_)
                | VoteOutput::Forked { .. } => {}
            }
        }
    }

    /// Combining has verified the signature; this makes the type that lets shares out, and takes
    /// the list of fills from the allocation that was signed.
    fn take_decision(&mut self, certified: &Certified, desk: &mut Desk<'_>) -> bool {
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
                desk.out.push(Output::Notice(Notice::Differs(round)));
            }
            return false;
        }
        let keys = &desk.context.keys;
        let verified =
            AllocationCertificate::verify(keys, &cleared.allocation, &certified.certificate);
        self.allocation = verified.ok();
        if self.allocation.is_none() {
            return false;
        }
        desk.out.push(self.reached(Stage::Cleared));
        true
    }
}
