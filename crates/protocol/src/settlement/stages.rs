//! What each stage of a round's settling holds, from the collected material to the settled round.

use std::collections::BTreeMap;

use sealbid_crypto::{AllocationCertificate, Authority, CheckedPart, OpenedPart};
use sealbid_types::allocation::{Allocation, VoidReason};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, OrderSeed, context};
use sealbid_types::keys::Signed;
use sealbid_types::record::{Ancestry, Opening as PartOpening, RoundRecord};
use sealbid_types::report::Report;
use sealbid_types::settlement::Settlement;
use sealbid_types::statement::Statement;

use crate::admission::gate::PendingShares;
use crate::opening::{FirstOpening, OpenedIntents, PartId};

/// What a member needs to open a certified round: everything its reports name, checked.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) reports: Vec<Signed<Report>>,
    pub(crate) listed: BTreeMap<EnvelopeId, Envelope>,
    /// Reported envelopes that the chain ruled out: they go into the record.
    pub(crate) ruled_out: BTreeMap<EnvelopeId, Envelope>,
    pub(crate) shares: BTreeMap<EnvelopeId, PendingShares>,
    pub(crate) ancestry: Ancestry,
    pub(crate) first: FirstOpening,
}

impl Material {
    pub(crate) fn checked(&self, parts: &[PartId]) -> Vec<&CheckedPart> {
        let part = |(id, part): &PartId| self.shares.get(id).and_then(|held| held.part(*part));
        parts.iter().filter_map(part).collect()
    }

    pub(crate) fn release(
        &self,
        parts: &[PartId],
        authority: &impl Authority,
    ) -> Vec<FixedBytes<96>> {
        parts
            .iter()
            .filter_map(|(id, part)| self.shares.get(id)?.share(*part)?.release(authority).ok())
            .map(|share| share.value)
            .collect()
    }
}

/// A first opening that was checked, and how it cleared.
#[derive(Debug)]
pub(crate) struct Cleared {
    pub(crate) material: Material,
    pub(crate) order: FixedBytes<96>,
    pub(crate) openings: Vec<PartOpening>,
    pub(crate) intents: OpenedIntents,
    pub(crate) allocation: Allocation,
    /// What the committee signs of it. To make it takes reading all of the allocation.
    pub(crate) statement: Statement,
}

/// A certified allocation, and the authorisations it opens.
#[derive(Debug)]
pub(crate) struct Authorised {
    pub(crate) cleared: Cleared,
    pub(crate) certificate: AllocationCertificate,
    pub(crate) parts: Vec<PartId>,
}

/// A settlement that waits for its signature.
#[derive(Debug)]
pub(crate) struct Unsigned {
    pub(crate) authorised: Authorised,
    pub(crate) settlement: Settlement,
    /// What the committee signs of it.
    pub(crate) statement: Statement,
}

/// A settled round.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) record: RoundRecord,
    pub(crate) intents: OpenedIntents,
}

#[derive(Debug)]
pub(crate) enum Progress {
    Collecting,
    Opening(Box<Material>),
    Clearing(Box<Cleared>),
    Authorising(Box<Authorised>),
    Settling(Box<Unsigned>),
    Settled(Box<Settled>),
}

pub(crate) fn plaintexts_of(
    opened: Vec<OpenedPart>,
) -> BTreeMap<PartId, Result<Vec<u8>, VoidReason>> {
    opened
        .into_iter()
        .map(|part| {
            let id = (part.opening.envelope, part.opening.part);
            let content = part.content.map(|plaintext| plaintext.as_bytes().to_vec());
            (id, content.map_err(VoidReason::from))
        })
        .collect()
}

/// The seed that a round's `order` signature draws.
#[must_use]
pub fn order_seed(signature: &FixedBytes<96>) -> OrderSeed {
    OrderSeed::from(blake3::derive_key(context::ORDER_SEED, &signature.0))
}

pub(crate) fn allocation_statement(allocation: &Allocation) -> Statement {
    Statement::Allocation {
        auction: allocation.auction,
        epoch: allocation.epoch,
        round: allocation.round,
        allocation: allocation.digest(),
    }
}

pub(crate) fn settlement_statement(settlement: &Settlement) -> Statement {
    Statement::Settlement {
        auction: settlement.auction,
        epoch: settlement.epoch,
        round: settlement.round,
        settlement: settlement.digest(),
    }
}
