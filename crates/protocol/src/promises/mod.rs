//! What this member has promised. Its identity key and its share of the committee key are here and
//! nowhere else, so what stands in the way of a broken promise stands here.
//!
//! | promise | made by |
//! | --- | --- |
//! | to report an envelope for a round and each later one of its range | [`Promises::acknowledge`] |
//! | to acknowledge nothing more for a round that is reported | [`Promises::earliest`] |
//! | to report once a round, and nothing that expires before the report's slot ends | [`Promises::report`] |
//! | to give shares of one statement a round and purpose | [`Promises::draw`], [`Promises::settle`] |
//! | to say nothing in a round in which it may have said something that its disk lacks | [`Promises::abstain`] |
//!
//! A receipt is worth something because any q reports contain a member that is bound by it
//! (docs/protocol.md 4.3). That argument has to survive a power cut at any instant, so each promise
//! is a row of the very step that sends it, and a start reads the rows back before anything can be
//! signed. Votes are promises too: the vote signs by the handle that [`Promises::signers`] gives, and
//! [`VoteState`](crate::vote::VoteState) is its row.

mod cut;
mod statement;

use std::sync::Arc;

use sealbid_crypto::{CloseCertificate, CommitteeKeys, SignatureShare};
use sealbid_types::committee::Committee;
use sealbid_types::door::PublicIntent;
use sealbid_types::envelope::Kind;
use sealbid_types::id::{AuctionId, EnvelopeId, Epoch, MemberIndex, Round, Slot};
use sealbid_types::keys::Signed;
use sealbid_types::report::{Acknowledgement, Report};
use sealbid_types::statement::Statement;

use self::cut::Cut;
use self::statement::{Permit, Statements};

use crate::disk::{Recall, Table};
use crate::member::io::{Notice, Output, put};
use crate::member::{MemberSecrets, StartError};
use crate::opening::{Purpose, Shares, SignatureShareMessage};
use crate::vote::{CommitteeSigner, RosterKeys, Signers};

/// The row of the open round's cut.
const CUT_KEY: &[u8] = b"cut";

/// What a row of promises is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Promised {
    /// The open round's cut, with the report if there is one.
    Cut(Option<Signed<Report>>),
    /// A statement that a share was given of.
    Statement,
}

/// Reads a row of promises.
pub(crate) fn promised(key: &[u8], value: &[u8]) -> Option<Promised> {
    if key == CUT_KEY {
        let cut: Cut = sealbid_types::codec::decode(value).ok()?;
        return Some(Promised::Cut(cut.report));
    }
    statement::is_statement(key, value).then_some(Promised::Statement)
}

/// The promises of one member.
pub(crate) struct Promises {
    auction: AuctionId,
    epoch: Epoch,
    secrets: MemberSecrets,
    cut: Cut,
    statements: Statements,
    /// Whether a share of a statement may be given: an honest member's answer, given its own.
    may_state: fn(bool) -> bool,
}

impl core::fmt::Debug for Promises {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Promises of {}: {:?}", self.secrets.index, self.cut)
    }
}

/// What a report is to list. Both lists are sorted, without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lists {
    /// Intents.
    pub intents: Vec<EnvelopeId>,
    /// Quotes.
    pub quotes: Vec<EnvelopeId>,
}

impl Promises {
    /// Reads from disk what was promised.
    ///
    /// # Errors
    /// [`StartError::Unreadable`].
    pub(crate) fn recall(
        auction: AuctionId,
        epoch: Epoch,
        secrets: MemberSecrets,
        may_state: fn(bool) -> bool,
        disk: &impl Recall,
    ) -> Result<Self, StartError> {
        let cut = match disk.get(Table::Promises, CUT_KEY) {
            None => Cut::default(),
            Some(row) => sealbid_types::codec::decode(&row)
                .map_err(|_| StartError::Unreadable(Table::Promises))?,
        };
        Ok(Self {
            auction,
            epoch,
            secrets,
            cut,
            statements: Statements::recall(disk)?,
            may_state,
        })
    }

    /// This member.
    pub(crate) const fn member(&self) -> MemberIndex {
        self.secrets.index
    }

    /// The first round that an envelope of this kind can be acknowledged for: the open one, until
    /// the cut. Intents are closed out earlier, at the freeze, so that solvers see all of them
    /// before they quote.
    pub(crate) fn earliest(&self, kind: Kind, open: Round) -> Round {
        let is_over = match kind {
            // A freeze that a power cut made us forget would let an intent into a round that is
            // already reported: the report counts for both kinds.
            Kind::Intent => self.frozen(open).is_some() || self.is_cut(open),
            Kind::Quote => self.is_cut(open),
        };
        if is_over { open.next() } else { open }
    }

    /// The slot at whose end this member reports for `round`, once it is frozen.
    pub(crate) fn frozen(&self, round: Round) -> Option<Slot> {
        self.cut.of(round)?.slot
    }

    /// Whether nothing more can be acknowledged for `round`: it is reported, or given up.
    pub(crate) fn is_cut(&self, round: Round) -> bool {
        self.cut
            .of(round)
            .is_some_and(|cut| cut.report.is_some() || cut.abstains)
    }

    /// Whether this member signs neither report nor vote in `round`.
    pub(crate) fn abstains(&self, round: Round) -> bool {
        self.cut.of(round).is_some_and(|cut| cut.abstains)
    }

    /// The report for `round`, once it is signed.
    pub(crate) fn reported(&self, round: Round) -> Option<&Signed<Report>> {
        self.cut.of(round)?.report.as_ref()
    }

    /// Freezes `round`, to be reported at the end of `slot`. Once a round.
    pub(crate) fn freeze(&mut self, round: Round, slot: Slot) -> Option<Output> {
        if self.frozen(round).is_some() || self.is_cut(round) {
            return None;
        }
        self.cut = Cut {
            round,
            slot: Some(slot),
            report: None,
            abstains: false,
        };
        Some(self.row())
    }

    /// Takes back a freeze for a slot after `current`, if nothing is signed yet: the wall clock was
    /// ahead when it froze, and has been set right since. It would wait for as long as that.
    pub(crate) fn thaw(&mut self, round: Round, current: Slot) -> Option<Output> {
        let is_ahead = self.frozen(round).is_some_and(|slot| slot > current);
        if !is_ahead || self.is_cut(round) {
            return None;
        }
        self.cut.slot = None;
        Some(self.row())
    }

    /// Signs the report for a frozen round. None if there is one already, if the round is not
    /// frozen or was given up: whoever asks twice gets no second report.
    ///
    /// `slot` is the frozen one or a later one. What expires before its end must not be among
    /// `lists`: a close that names this report may close no earlier, so nothing trades that had
    /// expired at the cut.
    pub(crate) fn report(
        &mut self,
        round: Round,
        slot: Slot,
        lists: Lists,
    ) -> Option<(Signed<Report>, Output)> {
        if self.is_cut(round) || self.frozen(round).is_none_or(|frozen| slot < frozen) {
            return None;
        }
        let Lists { intents, quotes } = lists;
        let body = Report {
            auction: self.auction,
            epoch: self.epoch,
            round,
            slot,
            intents,
            quotes,
        };
        let signed = self.sign(body);
        self.cut.report = Some(signed.clone());
        Some((signed, self.row()))
    }

    /// Gives up `round`: this member may have signed something of it that its disk does not know.
    /// Says nothing new if it has been given up before.
    pub(crate) fn abstain(&mut self, round: Round) -> Option<Output> {
        if self.abstains(round) {
            return None;
        }
        let of_round = self.cut.of(round).cloned();
        self.cut = Cut {
            round,
            abstains: true,
            ..of_round.unwrap_or_default()
        };
        Some(self.row())
    }

    /// A promise to report `envelope` for `round` and each later one of its range. The row that
    /// says so must be written in the step that sends it.
    pub(crate) fn acknowledge(
        &self,
        envelope: EnvelopeId,
        round: Round,
    ) -> Signed<Acknowledgement> {
        self.sign(Acknowledgement {
            auction: self.auction,
            epoch: self.epoch,
            envelope,
            round,
        })
    }

    /// This member's share of the draw of a certified round.
    pub(crate) fn draw(
        &mut self,
        certificate: &CloseCertificate,
        out: &mut Vec<Output>,
    ) -> Option<SignatureShare> {
        let round = certificate.close().round;
        let digest = certificate.order_statement().digest();
        self.may_state(round, Purpose::Order, digest, out)
            .then(|| self.secrets.share.sign_order(certificate))
    }

    /// This member's share of a round's settlement. None if it has given one of another.
    pub(crate) fn settle(
        &mut self,
        round: Round,
        statement: &Statement,
        out: &mut Vec<Output>,
    ) -> Option<SignatureShare> {
        if !self.may_state(round, Purpose::Settlement, statement.digest(), out) {
            return None;
        }
        self.secrets.share.sign(statement).ok()
    }

    fn may_state(
        &mut self,
        round: Round,
        purpose: Purpose,
        digest: [u8; 32],
        out: &mut Vec<Output>,
    ) -> bool {
        match self.statements.promise(round, purpose, digest) {
            Permit::Again => true,
            Permit::New(row) => {
                out.push(Output::Write(row));
                true
            }
            Permit::No if (self.may_state)(false) => true,
            Permit::No => {
                out.push(Output::Notice(Notice::Withheld { round, purpose }));
                false
            }
        }
    }

    /// Forgets the statements of a round whose record is on disk.
    pub(crate) fn settled(&mut self, round: Round) -> Vec<Output> {
        self.statements.forget(round)
    }

    /// Decryption shares, signed. They were released by a certificate, and promise nothing.
    pub(crate) fn shares(&self, shares: Shares) -> Signed<Shares> {
        self.sign(shares)
    }

    /// A share of a signature, signed by the member that gives it.
    pub(crate) fn signature_share(
        &self,
        share: SignatureShareMessage,
    ) -> Signed<SignatureShareMessage> {
        self.sign(share)
    }

    /// What the close vote signs by. It writes its state before anything that follows from it
    /// leaves.
    pub(crate) fn signers(&self, committee: &Committee, keys: &Arc<CommitteeKeys>) -> Signers {
        let roster = committee
            .roster
            .iter()
            .map(|member| member.identity)
            .collect();
        let (identity, share) = (&self.secrets.identity, &self.secrets.share);
        Signers {
            identity: Arc::new(RosterKeys::new(Arc::clone(identity), roster)),
            threshold: Arc::new(CommitteeSigner::new(Arc::clone(keys), Arc::clone(share))),
        }
    }

    /// The public part of an intent, signed, on its way to solvers. It promises nothing.
    pub(crate) fn publish(&self, public: PublicIntent) -> Signed<PublicIntent> {
        self.sign(public)
    }

    fn sign<T: sealbid_types::codec::Schema>(&self, body: T) -> Signed<T> {
        Signed::new(body, self.secrets.index, &self.secrets.identity)
    }

    fn row(&self) -> Output {
        put(Table::Promises, CUT_KEY.to_vec(), &self.cut)
    }
}
