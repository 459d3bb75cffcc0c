//! From the certificate to the settlement: a round's tasks, one after another as their needs are
//! met (docs/protocol.md 2, 3.2, 3.3). [`super::task`] lists them; the state is what they have
//! given.
//!
//! Decryption shares leave only through
//! [`PendingShare::release`](sealbid_crypto::PendingShare::release), which a verified certificate
//! opens.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{AllocationCertificate, CloseCertificate};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::door::Phase;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, ReportId, Round};
use sealbid_types::keys::Signed;
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Report;
use sealbid_types::settlement::SignedSettlement;

use super::stages::{Cleared, Material, OpenedAuthorisations, OpenedTerms, Settled, Unsigned};
use super::task::{Step, Task};
use crate::admission::InboxEntry;
use crate::chain::Chain;
use crate::evidence::Accusations;
use crate::member::io::{Notice, Output};
use crate::member::message::PeerMessage;
use crate::member::{Context, Stage};
use crate::opening::{Exchange, Opening, Purpose, Suspects};
use crate::promises::Promises;
use crate::time::Clock;
use crate::vote::Vote;

/// What a round's tasks work with.
pub(crate) struct Tools<'a> {
    pub(crate) context: &'a Context,
    pub(crate) promises: &'a mut Promises,
    pub(crate) chain: &'a Chain,
    pub(crate) accusations: &'a mut Accusations,
    pub(crate) suspects: &'a mut Suspects,
    pub(crate) now: Clock,
    /// Whether enough members have answered, since the start, that this one may vote.
    pub(crate) may_vote: bool,
    /// Whether this member has stopped for good.
    pub(crate) has_halted: &'a mut bool,
    pub(crate) out: &'a mut Vec<Output>,
}

/// Something that a round lacks here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaited {
    Report(ReportId),
    Envelope(EnvelopeId),
}

/// A certified round on its way to its settlement. What a task gives stands in its field, once.
#[derive(Debug)]
pub(crate) struct Settling {
    pub(super) certificate: CloseCertificate,
    /// Reports that the close may name, as far as they have come.
    pub(crate) reports: BTreeMap<ReportId, Signed<Report>>,
    /// Listed envelopes, as far as they have come.
    pub(crate) held: BTreeMap<EnvelopeId, Box<InboxEntry>>,
    /// One of what was missing when it was last looked for.
    pub(crate) awaited: Option<Awaited>,
    pub(super) exchange: Exchange,
    /// Everything that the reports name, once it is here.
    pub(super) material: Option<Material>,
    pub(super) terms: Option<OpenedTerms>,
    pub(super) order: Option<FixedBytes<96>>,
    pub(super) cleared: Option<Cleared>,
    /// The vote on how the round cleared.
    pub(super) vote: Vote,
    /// Whether it was said that the committee's allocation is not this member's.
    pub(super) has_differed: bool,
    pub(super) allocation: Option<AllocationCertificate>,
    pub(super) authorisations: Option<OpenedAuthorisations>,
    pub(super) unsigned: Option<Unsigned>,
    pub(super) signature: Option<FixedBytes<96>>,
    /// Tasks that this member has done its own part of.
    pub(super) begun: BTreeSet<Step>,
    /// How many members' shares the last failed opening had: it is tried again only with more.
    pub(super) tried: usize,
    pub(super) sent: Vec<PeerMessage>,
}

impl Settling {
    /// A round that is certified, with what has arrived for it so far.
    pub(crate) fn new(
        vote: Vote,
        certificate: CloseCertificate,
        reports: BTreeMap<ReportId, Signed<Report>>,
        held: BTreeMap<EnvelopeId, Box<InboxEntry>>,
        exchange: Exchange,
    ) -> Self {
        Self {
            certificate,
            reports,
            held,
            awaited: None,
            exchange,
            material: None,
            terms: None,
            order: None,
            cleared: None,
            vote,
            has_differed: false,
            allocation: None,
            authorisations: None,
            unsigned: None,
            signature: None,
            begun: BTreeSet::new(),
            tried: 0,
            sent: Vec::new(),
        }
    }

    /// The certificate.
    pub(crate) const fn certificate(&self) -> &CloseCertificate {
        &self.certificate
    }

    pub(super) const fn round(&self) -> Round {
        self.certificate.close().round
    }

    /// What has arrived.
    pub(crate) const fn exchange(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    /// Whether material is still missing.
    pub(crate) const fn is_collecting(&self) -> bool {
        self.material.is_none()
    }

    /// What has come of a listed envelope, until all of them have.
    pub(crate) fn held(&self, id: &EnvelopeId) -> Option<&InboxEntry> {
        self.held.get(id).map(Box::as_ref)
    }

    /// A report that the close names, for a member that lacks it: until the round is settled, since a
    /// member that was certified late may be the one without which there is no quorum.
    pub(crate) fn report(&self, id: &ReportId) -> Option<&Signed<Report>> {
        let Some(material) = &self.material else {
            return self.reports.get(id);
        };
        // They stand in the order in which the close names them.
        let at = self.certificate.close().reports.binary_search(id).ok()?;
        material.reports.get(at)
    }

    /// Whether the close lists an envelope, or a report that it names does.
    pub(crate) fn names(&self, id: &EnvelopeId) -> bool {
        self.lists(id) || self.is_reported(id)
    }

    /// Whether the close lists an envelope.
    pub(crate) fn lists(&self, id: &EnvelopeId) -> bool {
        let close = self.certificate.close();
        close.intents.binary_search(id).is_ok() || close.quotes.binary_search(id).is_ok()
    }

    /// Whether a listed envelope has come, with its shares.
    pub(crate) fn has(&self, id: &EnvelopeId) -> bool {
        self.held(id).is_some_and(|held| held.shares.is_some())
    }

    /// Whether a report that the close names lists an envelope, as far as reports have come.
    pub(crate) fn is_reported(&self, id: &EnvelopeId) -> bool {
        let mut reports = self.reports.values().map(|report| &report.body);
        reports.any(|body| {
            body.intents.binary_search(id).is_ok() || body.quotes.binary_search(id).is_ok()
        })
    }

    /// An envelope of the round, for a member that lacks it.
    pub(crate) fn envelope(&self, id: &EnvelopeId) -> Option<&Envelope> {
        let Some(material) = &self.material else {
            return self.held(id).map(|held| &held.envelope);
        };
        let listed = material.listed.get(id);
        listed.or_else(|| material.ruled_out.get(id))
    }

    /// The phase, for people: that of the first step that is waited for.
    pub(crate) fn phase(&self) -> Phase {
        let open = Step::ALL.into_iter().find(|step| !self.is_done(*step));
        open.map_or(Phase::Settling, Step::phase)
    }

    /// What this member has sent for the round.
    pub(crate) fn sent(&self) -> &[PeerMessage] {
        &self.sent
    }

    /// What is sent again until the round settles: its own messages, and the vote's.
    pub(crate) fn resend(&self) -> impl Iterator<Item = PeerMessage> + '_ {
        let votes = self.vote.resend().into_iter();
        let votes = votes.map(|vote| PeerMessage::Vote(Box::new(vote)));
        let decided = self.decided().map(PeerMessage::Allocated);
        self.sent.iter().cloned().chain(votes).chain(decided)
    }

    /// The material is complete: what the certificate opens may be opened. The certified close is
    /// on disk by now.
    pub(crate) fn provide(&mut self, material: Material) -> Output {
        self.material = Some(material);
        self.reached(Stage::Certified)
    }

    pub(super) const fn reached(&self, stage: Stage) -> Output {
        Output::Reached {
            round: self.round(),
            stage,
        }
    }

    const fn is_done(&self, step: Step) -> bool {
        match step {
            Step::OpenTerms => self.terms.is_some(),
            Step::DrawOrder => self.order.is_some(),
            Step::Clear => self.cleared.is_some(),
            Step::Decide => self.allocation.is_some(),
            Step::OpenAuthorisations => self.authorisations.is_some(),
            Step::Settle => self.unsigned.is_some(),
            Step::SignSettlement => self.signature.is_some(),
        }
    }

    /// What there is to do in a step: nothing once it is done, and until its needs are met.
    fn task(&self, step: Step) -> Option<Task> {
        if self.is_done(step) {
            return None;
        }
        let material = self.material.as_ref()?;
        Some(match step {
            Step::OpenTerms => Task::Open {
                opening: Opening::First,
                parts: material.first.parts.clone(),
            },
            // Beside the opening of terms, which it need not wait for: the lists are fixed by now,
            // so no draw can favour anybody, and to wait would cost a message delay.
            Step::DrawOrder => Task::Sign {
                purpose: Purpose::Order,
                statement: self.certificate.order_statement(),
            },
            Step::Clear => {
                self.order?;
                self.terms.as_ref().map(|_| Task::Compute)?
            }
            Step::Decide => self.cleared.as_ref().map(|_| Task::Vote)?,
            Step::OpenAuthorisations => {
                // The certificate comes first: it is what lets the shares out.
                self.allocation.as_ref()?;
                let fills = &self.cleared.as_ref()?.allocation.fills;
                let parts = fills.iter().map(|fill| (fill.intent, Part::Authorisation));
                // The parts' order is part of what is signed: it must not depend on how the
                // clearing happened to list its fills.
                let mut parts: Vec<_> = parts.collect();
                parts.sort_unstable();
                Task::Open {
                    opening: Opening::Second,
                    parts,
                }
            }
            Step::Settle => self.authorisations.as_ref().map(|_| Task::Compute)?,
            Step::SignSettlement => Task::Sign {
                purpose: Purpose::Settlement,
                statement: self.unsigned.as_ref()?.statement,
            },
        })
    }

    /// Goes as far as what has arrived allows.
    pub(crate) fn advance(&mut self, tools: &mut Tools<'_>) {
        let strays = self.exchange.take_strays().into_iter();
        tools.out.extend(strays.map(|from| {
            let what = "shares of something else than this round is about".to_owned();
            Output::Notice(Notice::Unusable { from, what })
        }));
        // Over all steps again after each that moved: what the next one waits for may have come
        // long ago, and no further message may be on its way to wake this member.
        loop {
            let mut has_moved = false;
            for step in Step::ALL {
                if let Some(task) = self.task(step) {
                    has_moved |= self.run(step, &task, tools);
                }
            }
            if !has_moved {
                return;
            }
        }
    }

    /// Does this member's part of a task, the first time, and takes the result if it is there.
    fn run(&mut self, step: Step, task: &Task, tools: &mut Tools<'_>) -> bool {
        // Once: from then on `sent` has the message, and to send it again costs no arithmetic.
        let is_first = self.begun.insert(step);
        match task {
            Task::Open { opening, parts } => {
                if is_first {
                    self.release(*opening, parts, tools);
                }
                let opened = self.collect_shares(*opening, parts, tools);
                opened.is_some_and(|opened| self.take_opened(step, opened, tools.out))
            }
            Task::Sign { purpose, statement } => {
                if is_first {
                    self.sign(*purpose, statement, tools);
                }
                let signature = self.collect_signature(*purpose, statement, tools);
                signature.is_some_and(|signature| self.take_signature(step, signature, tools))
            }
            Task::Vote => self.decide(tools),
            Task::Compute => self.compute(step, tools),
        }
    }

    /// Whether every task is done.
    pub(crate) const fn is_settled(&self) -> bool {
        self.signature.is_some()
    }

    /// The settled round, if every task is done.
    pub(crate) fn into_settled(self) -> Option<Settled> {
        let signature = self.signature?;
        let (material, terms, cleared) = (self.material?, self.terms?, self.cleared?);
        let mut openings = terms.openings;
        openings.extend(self.authorisations?.openings);
        // Everything in a record rises, and an audit refuses any other order: there is one way to
        // write a round down, with nothing hidden in how.
        openings.sort_unstable_by_key(|opening| (opening.envelope, opening.part));
        let mut envelopes = material.ruled_out;
        envelopes.extend(material.listed);
        let record = RoundRecord {
            close: self.certificate.close().clone(),
            certificate: self.certificate.to_bytes(),
            reports: material.reports,
            envelopes: envelopes.into_values().collect(),
            ancestry: material.ancestry,
            order: self.order?,
            openings,
            allocation: cleared.allocation,
            allocation_certificate: self.allocation?.to_bytes(),
            settlement: SignedSettlement {
                settlement: self.unsigned?.settlement,
                signature,
            },
        };
        let intents = terms.intents;
        Some(Settled { record, intents })
    }
}
