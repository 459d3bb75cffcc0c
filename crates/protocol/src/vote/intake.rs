//! What comes from others: who signed it, whether it can be what it says, and whether it
//! contradicts what the same member signed before.

use std::collections::BTreeSet;

use sealbid_types::close::CertificateBytes;
use sealbid_types::id::{MemberIndex, ValueDigest, View};
use sealbid_types::keys::Signed;

use crate::time::Clock;

use super::evidence::{Contradiction, Evidence, has_bad_share};
use super::instance::{Certified, Output, Vote};
use super::message::{Ballot, FullProposal, Message, Precommit, Prevote, Proposal, Step, verify};
use super::tally::Kept;
use super::value::{Subject, Value};

/// How much evidence one vote gives against one member. More proves no more.
const MOST_EVIDENCE: usize = 8;

/// What became of a message that is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It counts.
    New,
    /// It is known already, or says nothing that counts: no fault of the sender's.
    Known,
    /// It is of a view that matters no more, or not yet; or the round is decided.
    Late,
}

/// Why a message is refused. The fault is the sender's, unless the signature is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongBallot {
    /// It is of another auction, epoch or round.
    #[error("it is of another vote")]
    Instance,
    /// The roster has no such member.
    #[error("there is no such member")]
    UnknownMember,
    /// The member did not sign it.
    #[error("its signature does not verify")]
    Signature,
    /// It is a proposal of a member whose turn it is not.
    #[error("it was not this member's turn to propose")]
    NotProposer,
    /// It carries another value than it names, or one of another vote.
    #[error("its value is not the one it names")]
    Value,
    /// Its valid view is not before its own view.
    #[error("its valid view is not an earlier one")]
    ValidView,
    /// It does not carry q prevotes for its close in its valid view.
    #[error("it does not show a quorum of prevotes for its value in its valid view")]
    Polka,
}

/// A message that is refused: it changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a vote of {member}: {reason}")]
pub struct Refused {
    /// Who signed it, as it claims.
    pub member: MemberIndex,
    /// Why it is refused.
    pub reason: WrongBallot,
}

/// The certificate does not verify for this value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the certificate does not verify for value {0}")]
pub struct LearnError(pub ValueDigest);

fn require(holds: bool, reason: WrongBallot) -> Result<(), WrongBallot> {
    if holds { Ok(()) } else { Err(reason) }
}

impl Vote {
    /// Takes a message, from whomever: it counts for the member that signed it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn receive(
        &mut self,
        message: Message,
        now: Clock,
        out: &mut Vec<Output>,
    ) -> Result<Received, Refused> {
        let member = message.member();
        if self.decided.is_some() {
            return Ok(Received::Late);
        }
        let received = match message {
            Message::Proposal(full) => self.take_proposal(*full, out),
            Message::Header(signed) => self.take_header(&signed, out),
            Message::Prevote(signed) => self.take_ballot(signed, out),
            Message::Precommit(signed) => self.take_precommit(signed, out),
        };
        let received = received.map_err(|reason| Refused { member, reason })?;
        if received == Received::New {
            self.settle(now, out);
        }
        Ok(received)
    }

    /// Takes a certificate of this round, of whatever view: it decides.
    ///
    /// # Errors
    /// [`LearnError`].
    pub fn learn(
        &mut self,
        value: Value,
        certificate: CertificateBytes,
        now: Clock,
        out: &mut Vec<Output>,
    ) -> Result<(), LearnError> {
        let digest = value.digest();
        let known = self.decided.as_ref().map(|first| first.value.digest());
        if known == Some(digest) {
            return Ok(());
        }
        // Of whatever view, and without a vote of this member's: q shares are the decision. The
        // certificate says nothing of the close's envelopes, which are fetched afterwards.
        let statement = self.config.instance().statement(certificate.view, digest);
        if !self
            .signers
            .threshold
            .verify(&statement, &certificate.signature)
        {
            return Err(LearnError(digest));
        }
        match self.decided.clone() {
            None => self.decide_by(value, certificate, now, out),
            Some(first) => {
                let second = Box::new(Certified { value, certificate });
                out.push(Output::Forked {
                    first: Box::new(first),
                    second,
                });
            }
        }
        Ok(())
    }

    fn decide_by(
        &mut self,
        value: Value,
        certificate: CertificateBytes,
        now: Clock,
        out: &mut Vec<Output>,
    ) {
        self.decide(value.clone(), certificate);
        self.settle(now, out);
        out.push(Output::Decided(Box::new(Certified { value, certificate })));
    }

    /// Whether a ballot belongs here and is not known: what can be said before the signature is
    /// looked at. Everybody resends everybody's ballots, so most of what comes is known, and must
    /// cost no signature check.
    fn look_at<T: Kept>(&self, signed: &Signed<T>) -> Result<Option<Received>, WrongBallot> {
        require(
            signed.body.instance() == self.config.instance(),
            WrongBallot::Instance,
        )?;
        require(
            signed.member.0 < self.config.members,
            WrongBallot::UnknownMember,
        )?;
        let view = signed.body.view();
        // An own one is never too late: a precommit that the disk does not know was a lock.
        if self.tally.is_past(view) && signed.member != self.config.member {
            return Ok(Some(Received::Late));
        }
        // Equal in all, the signature too: another signature of the same body is checked by itself.
        let known = self.tally.ballot::<T>(view, signed.member) == Some(signed);
        Ok(known.then_some(Received::Known))
    }

    fn check_signature<T: Ballot>(&self, signed: &Signed<T>) -> Result<(), WrongBallot> {
        require(
            verify(signed, &*self.signers.identity),
            WrongBallot::Signature,
        )
    }

    /// A prevote, or a precommit whose share needs no look.
    fn take_ballot<T: Kept + Contradiction>(
        &mut self,
        signed: Signed<T>,
        out: &mut Vec<Output>,
    ) -> Result<Received, WrongBallot> {
        if let Some(received) = self.look_at(&signed)? {
            return Ok(received);
        }
        self.check_signature(&signed)?;
        self.note_claim(signed.member, signed.body.value());
        Ok(match self.compare(&signed, out) {
            Some(received) => received,
            None if self.tally.insert(signed) => Received::New,
            None => Received::Late,
        })
    }

    fn take_precommit(
        &mut self,
        signed: Signed<Precommit>,
        out: &mut Vec<Output>,
    ) -> Result<Received, WrongBallot> {
        let (member, view) = (signed.member, signed.body.view);
        let log = self.tally.log(view);
        if log.is_some_and(|log| log.struck.of(member) == Some(&signed)) {
            return Ok(Received::Known);
        }
        // A nil precommit carries no share that could be wrong.
        if !self.suspects.contains(&member) || signed.body.commitment.is_none() {
            return self.take_ballot(signed, out);
        }
        if let Some(received) = self.look_at(&signed)? {
            return Ok(received);
        }
        self.check_signature(&signed)?;
        if has_bad_share(&signed, &self.signers) {
            if !self.tally.strike(signed.clone()) {
                return Ok(Received::Late);
            }
            self.accuse(view, Step::Precommit, Evidence::BadShare(signed), out);
            return Ok(Received::New);
        }
        self.take_ballot(signed, out)
    }

    /// Holds a ballot against what the same member signed before. None if it is to be counted.
    fn compare<T: Kept + Contradiction>(
        &mut self,
        signed: &Signed<T>,
        out: &mut Vec<Output>,
    ) -> Option<Received> {
        let (member, view) = (signed.member, signed.body.view());
        let first = self.tally.ballot::<T>(view, member).cloned();
        let contradicts = first
            .as_ref()
            .is_some_and(|f| f.body.contradicts(&signed.body));
        if member == self.config.member {
            self.remember_oneself(contradicts, signed, out);
            return Some(Received::Known);
        }
        if let (true, Some(first)) = (contradicts, &first) {
            self.accuse(
                view,
                T::STEP,
                T::evidence(first.clone(), signed.clone()),
                out,
            );
        }
        first.map(|_| Received::Known)
    }

    /// An own message came back that the disk does not know: the disk is an old copy.
    fn remember_oneself<T: Ballot>(
        &mut self,
        contradicts: bool,
        signed: &Signed<T>,
        out: &mut Vec<Output>,
    ) {
        let later = self
            .position()
            .is_none_or(|newest| signed.body.position() > newest);
        if later || contradicts {
            self.give_up(out);
        }
    }

    /// Names a member for something in a view that is kept: once a view and step, and not for ever.
    pub(super) fn accuse(
        &mut self,
        view: View,
        step: Step,
        evidence: Evidence,
        out: &mut Vec<Output>,
    ) {
        let member = evidence.member();
        if !self.tally.log_mut(view).named.insert((member, step)) {
            return;
        }
        let count = self.named.entry(member).or_default();
        if *count < MOST_EVIDENCE {
            *count += 1;
            out.push(Output::Evidence(Box::new(evidence)));
        }
    }

    fn look_at_header(&self, header: &Signed<Proposal>) -> Result<Option<Received>, WrongBallot> {
        if let Some(received) = self.look_at(header)? {
            return Ok(Some(received));
        }
        require(
            header.member == self.proposer_of(header.body.view),
            WrongBallot::NotProposer,
        )?;
        require(
            header.body.valid_view.is_none_or(|v| v < header.body.view),
            WrongBallot::ValidView,
        )?;
        self.check_signature(header)?;
        Ok(None)
    }

    /// A header alone only serves to find a second proposal.
    fn take_header(
        &mut self,
        header: &Signed<Proposal>,
        out: &mut Vec<Output>,
    ) -> Result<Received, WrongBallot> {
        if let Some(received) = self.look_at_header(header)? {
            return Ok(received);
        }
        self.note_claim(header.member, Some(header.body.value));
        Ok(self.compare(header, out).unwrap_or(Received::Known))
    }

    fn take_proposal(
        &mut self,
        full: FullProposal,
        out: &mut Vec<Output>,
    ) -> Result<Received, WrongBallot> {
        let FullProposal {
            header,
            value,
            polka,
        } = full;
        if let Some(received) = self.look_at_header(&header)? {
            return Ok(received);
        }
        let digest = header.body.value;
        let is_it = value.digest() == digest && value.subject() == self.config.subject;
        require(is_it, WrongBallot::Value)?;
        self.check_polka(&header.body, &polka)?;
        self.note_claim(header.member, Some(digest));
        if let Some(received) = self.compare(&header, out) {
            return Ok(received);
        }
        let proposer = header.member;
        if !self.tally.insert(header) {
            return Ok(Received::Late);
        }
        self.silent.remove(&proposer);
        let is_new = self.values.add(digest, &value);
        // At once and not when the view ends: a liar with turns in many later views could send a
        // close for each of them before that.
        self.forget_values();
        let is_asked = self.config.subject == Subject::Close;
        if is_asked && is_new && self.awaits_verdict(digest) {
            out.push(Output::Validate {
                value: Box::new(value),
                proposer,
            });
        }
        Ok(Received::New)
    }

    /// Whether q different members prevoted the proposed close in its valid view; and nothing
    /// beside that, so that nobody can make a proposal long.
    // Line 28: AND 2f + 1 ⟨PREVOTE, h_p, vr, id(v)⟩
    fn check_polka(&self, body: &Proposal, polka: &[Signed<Prevote>]) -> Result<(), WrongBallot> {
        let Some(valid_view) = body.valid_view else {
            return require(polka.is_empty(), WrongBallot::Polka);
        };
        let members: BTreeSet<_> = polka.iter().map(|signed| signed.member).collect();
        let quorum = usize::from(self.config.quorum);
        // Counted by members before any signature is verified: q copies of one prevote are cheap to
        // send, and would be q checks.
        require(
            polka.len() == quorum && members.len() == quorum,
            WrongBallot::Polka,
        )?;
        let agrees = |signed: &Signed<Prevote>| {
            let Prevote { view, value, .. } = signed.body;
            signed.body.instance() == self.config.instance()
                && signed.member.0 < self.config.members
                && (view, value) == (valid_view, Some(body.value))
                && (self.tally.ballot(view, signed.member) == Some(signed)
                    || verify(signed, &*self.signers.identity))
        };
        require(polka.iter().all(agrees), WrongBallot::Polka)
    }
}
