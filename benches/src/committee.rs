//! A committee with all its shares, and what it certifies.

use std::collections::BTreeMap;

use sealbid_crypto::{CheckedPart, CloseCertificate, Combined, CommitteeKeys, KeyShare};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::envelope::Part;
use sealbid_types::id::{AuctionId, EnvelopeId, Epoch, MemberIndex, Round, Slot, View};
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;

use crate::Fallible;

/// Any will do, as long as shares and close are of the same.
const AUCTION: AuctionId = AuctionId(FixedBytes([1; 32]));
const EPOCH: Epoch = Epoch(0);

/// Keys from a fixed seed: nothing is secret here.
pub struct Committee {
    /// The public keys.
    pub keys: CommitteeKeys,
    /// Every member's share, in the members' order.
    pub shares: Vec<KeyShare>,
}

impl Committee {
    /// A committee of `members`, of whom `quorum` decide.
    ///
    /// # Errors
    /// If there can be no such committee.
    pub fn deal(members: u8, quorum: u8) -> Fallible<Self> {
        let dealing = sealbid_dkg::deal(members, quorum, &[7; 32])?;
        let keys = CommitteeKeys::new(&dealing.keys, quorum)?;
        let shares = MemberIndex::all(members).zip(dealing.shares);
        let shares = shares
            .map(|(member, secret)| KeyShare::new(&keys, AUCTION, EPOCH, member, secret))
            .collect::<Result<_, _>>()?;
        Ok(Self { keys, shares })
    }

    /// The members that are enough.
    pub fn quorum(&self) -> impl Iterator<Item = &KeyShare> {
        self.shares.iter().take(self.keys.quorum())
    }

    /// The certificate of a close that lists the envelopes of these terms and quotes.
    ///
    /// # Errors
    /// Never, if the committee is sound.
    pub fn certify(&self, parts: &[&CheckedPart]) -> Fallible<CloseCertificate> {
        let close = close(listed(parts, Part::Terms), listed(parts, Part::Quote));
        let view = View(0);
        let statement = Statement::Close {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            view,
            close: close.digest(),
        };
        let signature = self.sign(&statement)?;
        let bytes = CertificateBytes { view, signature };
        Ok(CloseCertificate::verify(&self.keys, close, &bytes)?)
    }

    /// By the first q members: any q make the same signature.
    fn sign(&self, statement: &Statement) -> Fallible<FixedBytes<96>> {
        let mut shares = BTreeMap::new();
        for share in self.quorum() {
            let signature = share
                .sign(statement)
                .map_err(|_| "a close is signed without a certificate")?;
            shares.insert(share.member(), signature.to_bytes());
        }
        let combined = Combined::new(&self.keys, statement, &shares)?;
        Ok(combined.signature.to_bytes())
    }
}

/// The envelopes of the parts of one kind, sorted.
fn listed(parts: &[&CheckedPart], kind: Part) -> Vec<EnvelopeId> {
    let of_kind = parts.iter().filter(|part| part.part() == kind);
    let mut envelopes: Vec<EnvelopeId> = of_kind.map(|part| part.envelope()).collect();
    envelopes.sort_unstable();
    envelopes
}

/// A close of these lists. What else it says is certified as it stands.
fn close(intents: Vec<EnvelopeId>, quotes: Vec<EnvelopeId>) -> Close {
    Close {
        auction: AUCTION,
        round: Round(1),
        slot: Slot(1),
        closed_at: Timestamp(0),
        key: [2; 32].into(),
        epoch: EPOCH,
        rules: [3; 32].into(),
        previous: [0; 32].into(),
        reports: Vec::new(),
        intents,
        quotes,
    }
}
