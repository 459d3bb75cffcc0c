//! What a round's settling holds.

use std::collections::BTreeMap;

use sealbid_crypto::{Authority, CheckedPart, OpenedPart};
use sealbid_types::allocation::{Allocation, VoidReason};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{AllocationDigest, EnvelopeId};
use sealbid_types::keys::Signed;
use sealbid_types::record::{Ancestry, Opening as PartOpening, RoundRecord};
use sealbid_types::report::Report;
use sealbid_types::settlement::Settlement;
use sealbid_types::statement::Statement;
use sealbid_types::terms::Authorisation;

use crate::admission::gate::PendingShares;
use crate::opening::{FirstOpening, OpenedIntents, OpenedQuotes, PartId, Plaintexts};

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
    /// The parts with all that opening them takes. None if one is not here.
    pub(crate) fn checked(&self, parts: &[PartId]) -> Option<Vec<&CheckedPart>> {
        let part = |(id, part): &PartId| self.shares.get(id)?.part(*part);
        parts.iter().map(part).collect()
    }

    /// This member's shares of all of the parts, as far as `authority` opens them. None if one of
    /// them is not here or not opened: a list with a gap is a list of wrong shares, and signed.
    pub(crate) fn release(
        &self,
        parts: &[PartId],
        authority: &impl Authority,
    ) -> Option<Vec<FixedBytes<96>>> {
        let release = |(id, part): &PartId| {
            let share = self.shares.get(id)?.share(*part)?;
            Some(share.release(authority).ok()?.value)
        };
        parts.iter().map(release).collect()
    }
}

/// Terms and quotes, opened and read.
#[derive(Debug)]
pub(crate) struct OpenedTerms {
    pub(crate) openings: Vec<PartOpening>,
    pub(crate) intents: OpenedIntents,
    pub(crate) quotes: OpenedQuotes,
}

/// How the round cleared.
#[derive(Debug)]
pub(crate) struct Cleared {
    /// As this member has it, until the vote has decided; then as the committee has it.
    pub(crate) allocation: Allocation,
    /// The one that fills nothing.
    pub(crate) withdrawn: Allocation,
    /// The digests of both. To make them takes reading all of the allocation.
    pub(crate) digests: (AllocationDigest, AllocationDigest),
}

/// The authorisations of the fills, opened and read.
#[derive(Debug)]
pub(crate) struct OpenedAuthorisations {
    pub(crate) openings: Vec<PartOpening>,
    pub(crate) authorisations: BTreeMap<EnvelopeId, Result<Authorisation, VoidReason>>,
}

/// A settlement that waits for its signature.
#[derive(Debug)]
pub(crate) struct Unsigned {
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

/// The openings, as records keep them, and the plaintexts.
pub(crate) fn parted(opened: Vec<OpenedPart>) -> (Vec<PartOpening>, Plaintexts) {
    let part = |OpenedPart { opening, content }| {
        let id = (opening.envelope, opening.part);
        (opening, (id, content.map_err(VoidReason::from)))
    };
    opened.into_iter().map(part).unzip()
}
