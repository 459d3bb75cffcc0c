//! A committee with all its shares, and what it certifies.

use std::collections::BTreeMap;

use sealbid_benches::Outcome;
use sealbid_crypto::{CheckedPart, CloseCertificate, Combined, CommitteeKeys, KeyShare};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::id::{EnvelopeId, Epoch, MemberIndex, Round, Slot, View};
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;

/// Keys from a fixed seed: nothing is secret here.
pub(crate) struct Committee {
    pub(crate) keys: CommitteeKeys,
    pub(crate) shares: Vec<KeyShare>,
}

impl Committee {
    /// A committee of `members`, of whom `quorum` decide.
    pub(crate) fn deal(members: u8, quorum: u8) -> Outcome<Self> {
        let dealing = sealbid_dkg::deal(members, quorum, &[7; 32])?;
        let keys = CommitteeKeys::new(&dealing.keys, quorum)?;
        let shares = MemberIndex::all(members).zip(dealing.shares);
        let shares = shares
            .map(|(member, secret)| KeyShare::new(&keys, member, secret))
            .collect::<Result<_, _>>()?;
        Ok(Self { keys, shares })
    }

    /// The members that are enough.
    pub(crate) fn quorum(&self) -> impl Iterator<Item = &KeyShare> {
        self.shares.iter().take(self.keys.quorum())
    }

    /// The certificate of a close that lists these terms.
    pub(crate) fn certify(&self, terms: &[&CheckedPart]) -> Outcome<CloseCertificate> {
        let mut intents: Vec<EnvelopeId> = terms.iter().map(|part| part.envelope()).collect();
        intents.sort_unstable();
        let (close, view) = (close(intents), View(0));
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

    fn sign(&self, statement: &Statement) -> Outcome<FixedBytes<96>> {
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

fn close(intents: Vec<EnvelopeId>) -> Close {
    Close {
        auction: [1; 32].into(),
        round: Round(1),
        slot: Slot(1),
        closed_at: Timestamp(0),
        key: [2; 32].into(),
        epoch: Epoch(0),
        rules: [3; 32].into(),
        previous: [0; 32].into(),
        reports: Vec::new(),
        intents,
        quotes: Vec::new(),
    }
}
