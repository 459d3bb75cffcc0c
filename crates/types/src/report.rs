//! Acknowledgements, receipts and reports: how an envelope comes to be owed a place in a round.

use serde::{Deserialize, Serialize};

use crate::codec::digest;
use crate::id::{AuctionId, EnvelopeId, Epoch, ReportId, Round, Slot, context};
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
    /// The slot at whose end it was made. What expires before that is left out, and a close that
    /// names the report has this slot or a later one: nothing trades that had expired at the cut.
    pub slot: Slot,
    /// Intents.
    pub intents: Vec<EnvelopeId>,
    /// Quotes.
    pub quotes: Vec<EnvelopeId>,
}
crate::schema!(Report, "sealbid.report", 2, 1 << 20);
crate::schema!(Signed<Report>, "sealbid.signed-report", 2, 1 << 20);

impl Report {
    /// Whether both lists are sorted, without repetition.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        let rises = |ids: &[EnvelopeId]| ids.is_sorted_by(|a, b| a < b);
        rises(&self.intents) && rises(&self.quotes)
    }
}

impl Signed<Report> {
    /// The report's id, by which a close names it: a digest of content, member and signature, so
    /// that a copy with a spoilt signature cannot stand in its place, or have it refused.
    #[must_use]
    pub fn id(&self) -> ReportId {
        digest(context::REPORT, self).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MemberIndex;
    use crate::keys::PublicKey;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_copy_with_another_signature_is_another_report(bit in 0usize..512, member in 0u8..16) {
            let secret = SigningKey::from_bytes(&[7; 32]);
            let body = Report {
                auction: [1; 32].into(),
                epoch: Epoch(0),
                round: Round(3),
                slot: Slot(1),
                intents: vec![[4; 32].into()],
                quotes: Vec::new(),
            };
            let report = Signed::new(body, MemberIndex(member), &secret);
            let mut copy = report.clone();
            copy.signature.0.0[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(copy.id(), report.id());
            prop_assert_eq!(report.verify(&PublicKey::of(&secret)), Ok(()));
            prop_assert!(copy.verify(&PublicKey::of(&secret)).is_err());
            // Nor is it the same report in another member's name.
            let renamed = Signed { member: MemberIndex(member + 1), ..report.clone() };
            prop_assert_ne!(renamed.id(), report.id());
        }
    }
}
