//! Acknowledgements, receipts and reports: how an envelope comes to be owed a place in a round.

use serde::{Deserialize, Serialize};

use crate::codec::digest;
use crate::id::{AuctionId, EnvelopeId, Epoch, ReportId, Round, context};
use crate::keys::Signed;

/// A member's promise to report an envelope for a round, and for each later one of its range,
/// until a certified round lists it or it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch.
    pub epoch: Epoch,
    /// The envelope.
    pub envelope: EnvelopeId,
    /// The first round it will be reported for.
    pub round: Round,
}
crate::schema!(Acknowledgement, "sealbid.acknowledgement", 1, 128);
crate::schema!(
    Signed<Acknowledgement>,
    "sealbid.signed-acknowledgement",
    1,
    256
);

/// q acknowledgements of different members: the envelope cannot be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// The acknowledgements, by member.
    pub acknowledgements: Vec<Signed<Acknowledgement>>,
}
crate::schema!(Receipt, "sealbid.receipt", 1, 4096);

impl Receipt {
    /// The round that will list the envelope at the latest, if it closes in time: the latest that
    /// the acknowledgements name.
    #[must_use]
    pub fn round(&self) -> Round {
        self.acknowledgements
            .iter()
            .map(|signed| signed.body.round)
            .max()
            .unwrap_or_default()
    }
}

/// What a member has acknowledged for a round, at its cut. Both lists are sorted, without
/// repetition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Report {
    /// The auction.
    pub auction: AuctionId,
    /// The epoch.
    pub epoch: Epoch,
    /// The round.
    pub round: Round,
    /// Intents.
    pub intents: Vec<EnvelopeId>,
    /// Quotes.
    pub quotes: Vec<EnvelopeId>,
}
crate::schema!(Report, "sealbid.report", 1, 1 << 20);
crate::schema!(Signed<Report>, "sealbid.signed-report", 1, 1 << 20);

impl Report {
    /// Whether both lists are sorted, without repetition.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        let rises = |ids: &[EnvelopeId]| ids.is_sorted_by(|a, b| a < b);
        rises(&self.intents) && rises(&self.quotes)
    }
}

impl Signed<Report> {
    /// The report's id, by which a close names it: it covers member and content, not the signature.
    #[must_use]
    pub fn id(&self) -> ReportId {
        let body = digest(context::REPORT, &self.body);
        let mut hasher = blake3::Hasher::new_derive_key(context::REPORT);
        hasher.update(&[self.member.0]);
        hasher.update(&body);
        ReportId::from(*hasher.finalize().as_bytes())
    }
}
