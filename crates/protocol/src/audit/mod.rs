//! The audit: a round computed again from the committee file and the record's bytes alone.
//!
//! | step | what is checked |
//! | --- | --- |
//! | close | fields, certificate, q reports, and that the lists are exactly their union |
//! | envelopes | all that the reports name are there, each admissible, proofs included |
//! | openings | exactly the parts that had to be opened, each by `e(z, g2) = e(u, pk2)` |
//! | documents | allocation and settlement, recomputed and compared, and their sums |
//! | chain | what only all rounds together show: parents, slots, what earlier rounds used |
//!
//! Findings are listed root cause first. Where a step lacks what the one before should have given
//! it, it is left out: a record with a missing envelope is not accused of a wrong clearing too.

mod chain;
mod close;
mod documents;
mod envelopes;
mod error;
mod openings;

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::signature::Signature;
use sealbid_crypto::{BatchSecret, CloseCertificate, CommitteeKeys, Plaintext};
use sealbid_market::clear::{ClearingInput, clear, withdrawn};
use sealbid_market::settle::settle;
use sealbid_types::allocation::{Allocation, VoidReason};
use sealbid_types::codec::decode;
use sealbid_types::committee::Committee;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::EnvelopeId;
use sealbid_types::record::RoundRecord;
use sealbid_types::terms::Authorisation;

pub use self::chain::{ChainAudit, audit_chain};
pub use self::error::{AuditError, Document, EnvelopeFault};
use crate::opening::{OpenedIntents, OpenedQuotes, PartId, Plaintexts, first_opening, read_opened};
use crate::settlement::clearing_input;
use crate::vote::withdrawn_from;

/// A round that was found right.
#[derive(Debug)]
pub struct AuditedRound {
    /// Its certificate.
    pub certificate: CloseCertificate,
    /// What its intents opened to.
    pub intents: OpenedIntents,
    /// What its quotes opened to.
    pub quotes: OpenedQuotes,
}

/// Checks a round again, from the committee file and the record alone.
///
/// What the record says of earlier rounds is taken as it is; [`ChainAudit`] checks that too.
/// `secret` keeps whoever made the record from foreseeing the batch checks' coefficients.
///
/// # Errors
/// Everything that is wrong with it.
pub fn audit_record(
    committee: &Committee,
    keys: &CommitteeKeys,
    record: &RoundRecord,
    secret: &BatchSecret,
) -> Result<AuditedRound, Vec<AuditError>> {
    let mut errors = Vec::new();
    let mut audit = Audit {
        committee,
        keys,
        record,
        secret,
        errors: &mut errors,
    };
    let audited = audit.run();
    match audited {
        Some(audited) if errors.is_empty() => Ok(audited),
        _ => Err(errors),
    }
}

/// An audit in progress.
struct Audit<'a> {
    committee: &'a Committee,
    keys: &'a CommitteeKeys,
    record: &'a RoundRecord,
    secret: &'a BatchSecret,
    errors: &'a mut Vec<AuditError>,
}

impl Audit<'_> {
    /// Goes as far as what it finds allows. Whatever it returns counts only without errors.
    fn run(&mut self) -> Option<AuditedRound> {
        let record = self.record;
        if let Err(error) = self.committee.check() {
            self.errors.push(AuditError::Committee(error));
            return None;
        }
        // From what members signed on the outside to what follows from it: the first finding is the
        // root, those after it may be its consequences.
        let envelopes = envelopes::by_id(record);
        close::check_reports(self.committee, record, self.errors);
        let checked =
            envelopes::check(self.committee, record, &envelopes, self.secret, self.errors);
        close::check_standings(self.committee, record, &envelopes, self.errors);
        close::check_lists(record, &envelopes, self.errors);
        self.check_ancestry(&envelopes);
        // Opened and cleared again only if all entries are here and right. With one envelope
        // missing, every fill would differ, and a hundred findings would hide the one that matters.
        let is_complete = self.errors.is_empty();
        close::check_fields(self.committee, &record.close, self.errors);
        let certificate = close::check_certificate(self.keys, record, self.errors);
        self.check_order();
        if !is_complete {
            // What the committee signed can be told whatever the rest is.
            self.check_documents_signatures();
            return None;
        }
        let plaintexts = openings::verify(self.keys, record, &checked, self.secret, self.errors);
        let opened = self.recompute(&envelopes, &plaintexts);
        self.check_documents_signatures();
        let (intents, quotes) = opened?;
        Some(AuditedRound {
            certificate: certificate?,
            intents,
            quotes,
        })
    }

    /// Checks that the ancestry is about this round. Whether it is true, the chain tells.
    fn check_ancestry(&mut self, envelopes: &BTreeMap<EnvelopeId, &Envelope>) {
        let RoundRecord {
            close, ancestry, ..
        } = self.record;
        close::check_rising("ancestry's envelopes", &ancestry.listed, self.errors);
        close::check_rising("ancestry's nonces", &ancestry.nonces, self.errors);
        close::check_rising("ancestry's points", &ancestry.points, self.errors);
        let reported = close::reported(self.record);
        if ancestry.listed.iter().any(|id| !reported.contains(id)) {
            self.errors.push(AuditError::Ancestry("envelopes"));
        }
        let parts = envelopes
            .values()
            .flat_map(|envelope| envelope.sealed.parts());
        let points: BTreeSet<_> = parts.map(|(_, part)| part.u).collect();
        let mut used = ancestry.points.iter();
        if used.any(|used| used.round >= close.round || !points.contains(&used.u)) {
            self.errors.push(AuditError::Ancestry("points"));
        }
    }

    /// The statement names only the close, so it can be checked whatever else is wrong.
    fn check_order(&mut self) {
        let statement = self.record.close.order_statement();
        let verified = Signature::verify(self.keys, &statement, &self.record.order);
        self.errors.extend(verified.err().map(AuditError::Order));
    }

    fn check_documents_signatures(&mut self) {
        let allocation = &self.record.allocation;
        let settled = &self.record.settlement;
        let settlement = &settled.settlement;
        let signed = [
            (
                Document::Allocation,
                self.record.allocation_certificate.signature,
                allocation.statement(self.record.allocation_certificate.view),
            ),
            (
                Document::Settlement,
                settled.signature,
                settlement.statement(),
            ),
        ];
        for (document, signature, statement) in signed {
            let verified = Signature::verify(self.keys, &statement, &signature);
            let forged = |error| AuditError::Signature { document, error };
            self.errors.extend(verified.err().map(forged));
        }
    }

    /// Opens, clears and settles again. Nothing, if parts that had to be opened are not.
    fn recompute(
        &mut self,
        envelopes: &BTreeMap<EnvelopeId, &Envelope>,
        plaintexts: &Plaintexts,
    ) -> Option<(OpenedIntents, OpenedQuotes)> {
        let record = self.record;
        let listed: BTreeSet<_> = record
            .close
            .intents
            .iter()
            .chain(&record.close.quotes)
            .collect();
        let listed: BTreeMap<EnvelopeId, Envelope> = envelopes
            .iter()
            .filter(|(id, _)| listed.contains(id))
            .map(|(id, envelope)| (*id, (*envelope).clone()))
            .collect();
        // Which parts should be open is computed and never read from the record: one opened beyond
        // them is as wrong as one that is not, since it was sealed for good.
        let first = first_opening(&listed, &record.ancestry.points);
        let wanted: BTreeSet<PartId> = first.parts.iter().copied().collect();
        let is_first = |(_, part): &PartId| *part != Part::Authorisation;
        openings::check_set(record, &wanted, is_first, self.errors);
        if !wanted.iter().all(|part| plaintexts.contains_key(part)) {
            return None;
        }
        let (intents, quotes) = read_opened(&first.void, &listed, plaintexts);
        self.check_nonces(&intents);
        let input = self.clearing_input(intents, quotes);
        let allocation = self.cleared(&input);
        documents::compare_allocations(&allocation, &record.allocation, self.errors);
        self.check_settlement(&allocation, &input.intents, plaintexts);
        Some((input.intents, input.quotes))
    }

    /// How the round clears; or the allocation that fills nothing, if it is the one that was certified
    /// in a view in which members may fall back on it.
    fn cleared(&self, input: &ClearingInput) -> Allocation {
        let withdrawn = withdrawn(input);
        let view = self.record.allocation_certificate.view;
        let is_late = view >= withdrawn_from(self.committee.members());
        if is_late && self.record.allocation == withdrawn {
            withdrawn
        } else {
            clear(input)
        }
    }

    fn check_nonces(&mut self, intents: &OpenedIntents) {
        let opened = intents.values().filter_map(|opened| opened.as_ref().ok());
        let nonces: BTreeSet<_> = opened.map(|terms| (&terms.account, terms.nonce)).collect();
        let RoundRecord {
            close, ancestry, ..
        } = self.record;
        let mut used = ancestry.nonces.iter();
        if used
            .any(|used| used.round >= close.round || !nonces.contains(&(&used.account, used.nonce)))
        {
            self.errors.push(AuditError::Ancestry("nonces"));
        }
    }

    fn clearing_input(&self, intents: OpenedIntents, quotes: OpenedQuotes) -> ClearingInput {
        let RoundRecord {
            close,
            ancestry,
            order,
            ..
        } = self.record;
        let rules = &self.committee.rules;
        let opened = (intents, quotes);
        clearing_input((close, close.digest()), rules, order, ancestry, opened)
    }

    fn check_settlement(
        &mut self,
        allocation: &Allocation,
        intents: &OpenedIntents,
        plaintexts: &Plaintexts,
    ) {
        let record = self.record;
        // The own allocation's fills and not the record's: a record that fills what did not clear
        // must not get to say which authorisations were to be opened.
        let fills = allocation.fills.iter();
        let wanted: BTreeSet<PartId> = fills
            .map(|fill| (fill.intent, Part::Authorisation))
            .collect();
        let is_second = |(_, part): &PartId| *part == Part::Authorisation;
        openings::check_set(record, &wanted, is_second, self.errors);
        if !wanted.iter().all(|part| plaintexts.contains_key(part)) {
            return;
        }
        let authorisations = wanted
            .iter()
            .filter_map(|part| Some((part.0, authorisation(plaintexts.get(part)?))))
            .collect();
        let settlement = settle(allocation, intents, &authorisations, &self.committee.rules);
        let found = &record.settlement.settlement;
        documents::compare_settlements(&settlement, found, self.errors);
    }
}

fn authorisation(plaintext: &Result<Plaintext, VoidReason>) -> Result<Authorisation, VoidReason> {
    let plaintext = plaintext.as_ref().map_err(Clone::clone)?;
    decode(plaintext.as_bytes()).map_err(|_| VoidReason::Undecodable)
}

#[cfg(test)]
pub(crate) mod tests;
