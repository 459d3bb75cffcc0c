//! From the certificate to the settlement: both openings, the draw, the clearing and the
//! committee's signatures of its results (docs/protocol.md 2, 3.2, 3.3).
//!
//! Each step takes the state before it by value, so that none is done twice. Decryption shares
//! leave only through [`PendingShare::release`](sealbid_crypto::PendingShare::release), which a
//! verified certificate opens.

use std::collections::BTreeMap;

use sealbid_crypto::{AllocationCertificate, CheckedPart, CloseCertificate, OpenedPart, open};
use sealbid_market::clear::{ClearingInput, clear};
use sealbid_market::settle::settle;
use sealbid_types::allocation::VoidReason;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{decode, encode};
use sealbid_types::door::Phase;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, ReportId};
use sealbid_types::keys::Signed;
use sealbid_types::record::RoundRecord;
use sealbid_types::report::Report;
use sealbid_types::settlement::SignedSettlement;
use sealbid_types::statement::Statement;

use super::stages::{
    Authorised, Cleared, Material, Progress, Settled, Unsigned, allocation_statement, order_seed,
    plaintexts_of, settlement_statement,
};
use crate::admission::InboxEntry;
use crate::chain::Chain;
use crate::member::io::Output;
use crate::member::message::{Opening, PeerMessage, Purpose, Shares, WrongShares};
use crate::member::{Context, Stage, fault};
use crate::opening::Exchange;
use crate::opening::{PartId, read_opened};

/// A certified round on its way to its settlement.
#[derive(Debug)]
pub(crate) struct Settling {
    certificate: CloseCertificate,
    /// Reports that the close may name, as far as they have come.
    pub(crate) reports: BTreeMap<ReportId, Signed<Report>>,
    /// Listed envelopes, as far as they have come.
    pub(crate) held: BTreeMap<EnvelopeId, Box<InboxEntry>>,
    exchange: Exchange,
    progress: Progress,
    opened: Option<Vec<OpenedPart>>,
    order: Option<FixedBytes<96>>,
    /// How many members' shares the last failed opening had: it is tried again only with more.
    tried: usize,
    sent: Vec<PeerMessage>,
}

impl Settling {
    /// A round that is certified, with what has arrived for it so far.
    pub(crate) const fn new(
        certificate: CloseCertificate,
        reports: BTreeMap<ReportId, Signed<Report>>,
        held: BTreeMap<EnvelopeId, Box<InboxEntry>>,
        exchange: Exchange,
    ) -> Self {
        Self {
            certificate,
            reports,
            held,
            exchange,
            progress: Progress::Collecting,
            opened: None,
            order: None,
            tried: 0,
            sent: Vec::new(),
        }
    }

    /// The certificate.
    pub(crate) const fn certificate(&self) -> &CloseCertificate {
        &self.certificate
    }

    /// What has arrived.
    pub(crate) const fn exchange(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    /// Whether material is still missing.
    pub(crate) const fn is_collecting(&self) -> bool {
        matches!(self.progress, Progress::Collecting)
    }

    /// What has come of a listed envelope, until all of them have.
    pub(crate) fn held(&self, id: &EnvelopeId) -> Option<&InboxEntry> {
        self.held.get(id).map(Box::as_ref)
    }

    /// An envelope of the round, for a member that lacks it.
    pub(crate) fn envelope(&self, id: &EnvelopeId) -> Option<&Envelope> {
        let material = match &self.progress {
            Progress::Opening(material) => material,
            Progress::Clearing(cleared) => &cleared.material,
            Progress::Authorising(authorised) => &authorised.cleared.material,
            Progress::Settling(unsigned) => &unsigned.authorised.cleared.material,
            Progress::Collecting => return self.held(id).map(|held| &held.envelope),
            Progress::Settled(_) => return None,
        };
        material
            .listed
            .get(id)
            .or_else(|| material.ruled_out.get(id))
    }

    /// The phase, for people.
    pub(crate) const fn phase(&self) -> Phase {
        match self.progress {
            Progress::Collecting | Progress::Opening(_) => Phase::Opening,
            Progress::Clearing(_) => Phase::Clearing,
            Progress::Authorising(_) => Phase::Authorising,
            Progress::Settling(_) | Progress::Settled(_) => Phase::Settling,
        }
    }

    /// What this member has sent for the round, to be sent again until it settles.
    pub(crate) fn sent(&self) -> &[PeerMessage] {
        &self.sent
    }

    /// The settled round, once there is one.
    pub(crate) fn take_settled(&mut self) -> Option<Settled> {
        match core::mem::replace(&mut self.progress, Progress::Collecting) {
            Progress::Settled(settled) => Some(*settled),
            other => {
                self.progress = other;
                None
            }
        }
    }

    /// The material is complete: releases this member's shares of terms and quotes, and its share
    /// of the draw. The certified close is on disk by now.
    pub(crate) fn provide(&mut self, material: Material, context: &Context) -> Vec<Output> {
        let values = material.release(&material.first.parts, &self.certificate);
        let order = context.secrets.share.sign_order(&self.certificate);
        let statement = self.certificate.order_statement();
        let mut out = vec![self.reached(Stage::Certified)];
        out.extend(self.send_shares(Opening::First, values, context));
        let round = self.certificate.close().round;
        let message = Exchange::message(round, Purpose::Order, &statement, &order);
        out.extend(self.send_signature(message, context));
        self.progress = Progress::Opening(Box::new(material));
        out
    }

    fn reached(&self, stage: Stage) -> Output {
        Output::Reached {
            round: self.certificate.close().round,
            stage,
        }
    }

    fn send_shares(
        &mut self,
        opening: Opening,
        shares: Vec<FixedBytes<96>>,
        context: &Context,
    ) -> Option<Output> {
        let close = self.certificate.close();
        let body = Shares {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            close: self.certificate.digest(),
            opening,
            shares,
        };
        let signed = Signed::new(body, context.secrets.index, &context.secrets.identity);
        self.exchange.add_shares(signed.clone());
        Some(self.send(PeerMessage::Shares(Box::new(signed))))
    }

    fn send_signature(
        &mut self,
        message: crate::member::message::SignatureShareMessage,
        context: &Context,
    ) -> Option<Output> {
        self.exchange.add_signature(context.secrets.index, message);
        Some(self.send(PeerMessage::SignatureShare(message)))
    }

    fn send(&mut self, message: PeerMessage) -> Output {
        let bytes = encode(&message);
        self.sent.push(message);
        Output::Broadcast { bytes }
    }

    /// Goes as far as what has arrived allows.
    pub(crate) fn advance(&mut self, context: &Context, chain: &Chain) -> Vec<Output> {
        let mut out = Vec::new();
        loop {
            let before = core::mem::replace(&mut self.progress, Progress::Collecting);
            let (after, has_moved) = match before {
                Progress::Opening(material) => self.open_first(material, context, chain, &mut out),
                Progress::Clearing(cleared) => self.certify(cleared, context, &mut out),
                Progress::Authorising(authorised) => {
                    self.open_second(authorised, context, &mut out)
                }
                Progress::Settling(unsigned) => self.sign_off(unsigned, context, &mut out),
                other => (other, false),
            };
            self.progress = after;
            if !has_moved {
                return out;
            }
        }
    }

    fn open_first(
        &mut self,
        material: Box<Material>,
        context: &Context,
        chain: &Chain,
        out: &mut Vec<Output>,
    ) -> (Progress, bool) {
        if self.order.is_none() {
            let statement = self.certificate.order_statement();
            self.order = self.combine(Purpose::Order, &statement, context, out);
        }
        if self.opened.is_none() && self.may_open(Opening::First, &material.first.parts, context) {
            let parts = material.checked(&material.first.parts);
            self.opened = self.open(Opening::First, &parts, context, out);
        }
        match (self.order, self.opened.take()) {
            (Some(order), Some(opened)) => {
                out.push(self.reached(Stage::TermsOpened));
                let cleared = self.clear(*material, order, opened, context, chain, out);
                (Progress::Clearing(Box::new(cleared)), true)
            }
            (_, opened) => {
                self.opened = opened;
                (Progress::Opening(material), false)
            }
        }
    }

    fn clear(
        &mut self,
        mut material: Material,
        order: FixedBytes<96>,
        opened: Vec<OpenedPart>,
        context: &Context,
        chain: &Chain,
        out: &mut Vec<Output>,
    ) -> Cleared {
        let openings = opened.iter().map(|part| part.opening).collect();
        let plaintexts = plaintexts_of(opened);
        let (intents, quotes) = read_opened(&material.first.void, &material.listed, &plaintexts);
        let close = self.certificate.close();
        material.ancestry.nonces = chain.used_nonces(close, &intents);
        let input = ClearingInput {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            close: self.certificate.digest(),
            closed_at: close.closed_at,
            order: order_seed(&order),
            rules: context.committee.rules.clone(),
            intents,
            quotes,
            used_nonces: material.ancestry.nonces.clone(),
        };
        let allocation = clear(&input);
        if let Some(alarm) = &allocation.alarm {
            let notice = crate::member::io::Notice::Alarm {
                round: close.round,
                alarm: alarm.clone(),
            };
            out.push(Output::Notice(notice));
        }
        let statement = allocation_statement(&allocation);
        out.extend(self.sign(Purpose::Allocation, &statement, context));
        Cleared {
            material,
            order,
            openings,
            intents: input.intents,
            allocation,
            statement,
        }
    }

    fn certify(
        &mut self,
        cleared: Box<Cleared>,
        context: &Context,
        out: &mut Vec<Output>,
    ) -> (Progress, bool) {
        let signature = self.combine(Purpose::Allocation, &cleared.statement, context, out);
        let certificate = signature.and_then(|signature| {
            AllocationCertificate::verify(&context.keys, &cleared.allocation, &signature).ok()
        });
        let Some(certificate) = certificate else {
            return (Progress::Clearing(cleared), false);
        };
        out.push(self.reached(Stage::Cleared));
        let mut parts: Vec<PartId> = cleared
            .allocation
            .fills
            .iter()
            .map(|fill| (fill.intent, Part::Authorisation))
            .collect();
        parts.sort_unstable();
        let values = cleared.material.release(&parts, &certificate);
        if !parts.is_empty() {
            out.extend(self.send_shares(Opening::Second, values, context));
        }
        let authorised = Authorised {
            cleared: *cleared,
            certificate,
            parts,
        };
        (Progress::Authorising(Box::new(authorised)), true)
    }

    fn open_second(
        &mut self,
        mut authorised: Box<Authorised>,
        context: &Context,
        out: &mut Vec<Output>,
    ) -> (Progress, bool) {
        if !self.may_open(Opening::Second, &authorised.parts, context) {
            return (Progress::Authorising(authorised), false);
        }
        let parts = authorised.cleared.material.checked(&authorised.parts);
        let Some(opened) = self.open(Opening::Second, &parts, context, out) else {
            return (Progress::Authorising(authorised), false);
        };
        out.push(self.reached(Stage::Authorised));
        authorised
            .cleared
            .openings
            .extend(opened.iter().map(|part| part.opening));
        let authorisations = plaintexts_of(opened)
            .into_iter()
            .map(|((id, _), plaintext)| {
                let read = |bytes: Vec<u8>| decode(&bytes).map_err(|_| VoidReason::Undecodable);
                (id, plaintext.and_then(read))
            })
            .collect();
        let Cleared {
            allocation,
            intents,
            ..
        } = &authorised.cleared;
        let settlement = settle(
            allocation,
            intents,
            &authorisations,
            &context.committee.rules,
        );
        let statement = settlement_statement(&settlement);
        out.extend(self.sign(Purpose::Settlement, &statement, context));
        let unsigned = Unsigned {
            authorised: *authorised,
            settlement,
            statement,
        };
        (Progress::Settling(Box::new(unsigned)), true)
    }

    fn sign_off(
        &mut self,
        unsigned: Box<Unsigned>,
        context: &Context,
        out: &mut Vec<Output>,
    ) -> (Progress, bool) {
        let Some(signature) = self.combine(Purpose::Settlement, &unsigned.statement, context, out)
        else {
            return (Progress::Settling(unsigned), false);
        };
        out.push(self.reached(Stage::Settled));
        let Unsigned {
            authorised,
            settlement,
            ..
        } = *unsigned;
        let Authorised {
            cleared,
            certificate,
            ..
        } = authorised;
        let Cleared {
            material,
            order,
            mut openings,
            intents,
            allocation,
            ..
        } = cleared;
        openings.sort_unstable_by_key(|opening| (opening.envelope, opening.part));
        let mut envelopes = material.ruled_out;
        envelopes.extend(material.listed);
        let record = RoundRecord {
            close: self.certificate.close().clone(),
            certificate: self.certificate.to_bytes(),
            reports: material.reports,
            envelopes: envelopes.into_values().collect(),
            ancestry: material.ancestry,
            order,
            openings,
            allocation,
            allocation_signature: certificate.to_bytes(),
            settlement: SignedSettlement {
                settlement,
                signature,
            },
        };
        (
            Progress::Settled(Box::new(Settled { record, intents })),
            false,
        )
    }

    /// Signs a statement of this round and sends the share.
    fn sign(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        context: &Context,
    ) -> Option<Output> {
        let share = context.secrets.share.sign(statement).ok()?;
        let round = self.certificate.close().round;
        self.send_signature(
            Exchange::message(round, purpose, statement, &share),
            context,
        )
    }

    fn combine(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        context: &Context,
        out: &mut Vec<Output>,
    ) -> Option<FixedBytes<96>> {
        let (signature, liars) = self.exchange.combine(&context.keys, purpose, statement);
        for member in liars {
            let what = format!("signed its {purpose:?} share wrongly");
            out.extend(fault(member, what, None));
        }
        signature
    }

    /// Whether q members' shares are there, and others than when it was last tried in vain.
    fn may_open(&self, opening: Opening, parts: &[PartId], context: &Context) -> bool {
        let count = self.exchange.count(opening);
        parts.is_empty() || count >= context.committee.quorum() && count != self.tried
    }

    /// Opens parts by the shares that are there, and names the members whose shares are wrong.
    fn open(
        &mut self,
        opening: Opening,
        parts: &[&CheckedPart],
        context: &Context,
        out: &mut Vec<Output>,
    ) -> Option<Vec<OpenedPart>> {
        if parts.is_empty() {
            return Some(Vec::new());
        }
        let shares = self.exchange.shares_of(opening);
        let (opened, liars) = match open(&context.keys, parts, &shares, &context.batch) {
            Ok(opened) => (Some(opened.parts), opened.liars),
            Err(error) => (None, error.liars),
        };
        for (member, what) in liars {
            let wrong = self.exchange.exclude(member).remove(&opening);
            let evidence = wrong.map(|wrong| encode(&WrongShares(wrong)));
            out.extend(fault(member, what.to_string(), evidence));
        }
        self.tried = if opened.is_some() {
            0
        } else {
            self.exchange.count(opening)
        };
        opened
    }
}
