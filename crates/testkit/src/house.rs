//! A committee with all its secrets: what it certifies and signs, tests may choose.

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::{CloseCertificate, Combined, CommitteeKeys, KeyShare, SignatureShare};
use sealbid_dkg::dealer::Dealing;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::{
    ClearingRule, Committee, FORMAT, Member, Provenance, Rules, usual_quorum,
};
use sealbid_types::id::{AuctionId, Epoch, MemberIndex, Round, Slot, View};
use sealbid_types::keys::PublicKey;
use sealbid_types::schedule::Schedule;
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;

/// When the slots of a test's auction start, unless it says otherwise.
pub const START: Timestamp = Timestamp(1_800_000_000_000);

/// What a committee is made of. Its keys are dealt from `seed`, so that a failure replays.
#[derive(Debug, Clone)]
pub struct Founding {
    /// n.
    pub members: u8,
    /// q.
    pub quorum: u8,
    /// All secrets come from it.
    pub seed: u64,
    /// The slots.
    pub schedule: Schedule,
    /// The rules.
    pub rules: Rules,
}

impl Founding {
    /// n members with the usual quorum, slots and rules.
    #[must_use]
    pub fn of(members: u8) -> Self {
        Self {
            members,
            quorum: usual_quorum(members),
            // Another seed for each size: committees of two sizes have no secret in common.
            seed: u64::from(members),
            schedule: Schedule::usual(START),
            rules: Rules {
                clearing: ClearingRule::BestQuote,
                fee_pips: 1,
                verifying_contract: "intents.near".parse().unwrap(),
                most_intents: 1_000,
                most_quotes: 500,
            },
        }
    }

    /// 32 bytes for one purpose of one member. Keys of two purposes are unrelated, and all are the
    /// same in each run.
    fn secret(&self, purpose: &str, index: u8) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("sealbid test committee");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&[index]);
        hasher.update(purpose.as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn key(&self, purpose: &str, index: u8) -> SigningKey {
        SigningKey::from_bytes(&self.secret(purpose, index))
    }

    /// Without addresses, and with a relay where nobody listens: nothing here can be dialled.
    fn member(&self, index: u8) -> Member {
        let public = |purpose| PublicKey::of(&self.key(purpose, index));
        Member {
            identity: public("identity"),
            house: public("house"),
            house_addresses: Vec::new(),
            relay: "http://127.0.0.1:1".to_owned(),
            door: public("door"),
            door_addresses: Vec::new(),
        }
    }

    /// The same dealing each time. A share cannot be copied, so whoever needs it twice deals again.
    fn deal(&self) -> Dealing {
        sealbid_dkg::deal(self.members, self.quorum, &self.secret("dealer", 0)).unwrap()
    }

    /// Founds the committee.
    ///
    /// # Panics
    /// If the sizes are not allowed.
    #[must_use]
    pub fn found(self) -> House {
        let (members, quorum) = (self.members, self.quorum);
        let dealing = self.deal();
        let keys = CommitteeKeys::new(&dealing.keys, quorum).unwrap();
        let name = "test".to_owned();
        let committee = Committee {
            format: FORMAT,
            provenance: Provenance::DevelopmentDealer,
            auction: Committee::auction_id(&name, self.schedule, &self.rules),
            key: Committee::key_id(dealing.keys.commitment[0], dealing.keys.public_key_2),
            name,
            epoch: Epoch(0),
            quorum,
            schedule: self.schedule,
            rules: self.rules.clone(),
            roster: (0..members).map(|index| self.member(index)).collect(),
            keys: dealing.keys,
        };
        // What tests go on from passes what every committee file has to.
        committee.check().unwrap();
        let share = |(member, secret)| {
            let Committee { auction, epoch, .. } = committee;
            Arc::new(KeyShare::new(&keys, auction, epoch, member, secret).unwrap())
        };
        let shares = MemberIndex::all(members).zip(dealing.shares);
        House {
            shares: shares.map(share).collect(),
            committee: Arc::new(committee),
            keys: Arc::new(keys),
            founding: self,
        }
    }
}

/// A committee, and what its members keep secret.
#[derive(Debug)]
pub struct House {
    /// The committee file.
    pub committee: Arc<Committee>,
    /// Its keys, read.
    pub keys: Arc<CommitteeKeys>,
    /// By member.
    shares: Vec<Arc<KeyShare>>,
    /// What all of it can be made from again: identity keys, doors, and the dealing.
    founding: Founding,
}

impl House {
    /// All members.
    pub fn members(&self) -> impl DoubleEndedIterator<Item = MemberIndex> + ExactSizeIterator {
        MemberIndex::all(self.committee.members())
    }

    /// A member's share of the committee key.
    ///
    /// # Panics
    /// If there is no such member.
    #[must_use]
    pub fn share(&self, member: MemberIndex) -> Arc<KeyShare> {
        Arc::clone(&self.shares[member.as_usize()])
    }

    /// A member's share as one of another auction or epoch: what a member would have to hold to
    /// release anything for a close that is of neither.
    ///
    /// # Panics
    /// If there is no such member.
    #[must_use]
    pub fn share_in(&self, member: MemberIndex, auction: AuctionId, epoch: Epoch) -> KeyShare {
        let dealt = self.founding.deal().shares;
        let secret = dealt.into_iter().nth(member.as_usize()).unwrap();
        KeyShare::new(&self.keys, auction, epoch, member, secret).unwrap()
    }

    /// A member's identity key.
    #[must_use]
    pub fn identity(&self, member: MemberIndex) -> SigningKey {
        self.founding.key("identity", member.0)
    }

    /// The secret of a member's endpoint at the front door.
    #[must_use]
    pub fn door_secret(&self, member: MemberIndex) -> [u8; 32] {
        self.founding.secret("door", member.0)
    }

    /// Signs a statement with the committee key.
    ///
    /// # Panics
    /// For an order, which is signed under a certificate: [`Self::sign_order`].
    #[must_use]
    pub fn sign(&self, statement: &Statement) -> FixedBytes<96> {
        self.combine(statement, |share| share.sign(statement).unwrap())
    }

    /// Signs the order of a certified round.
    #[must_use]
    pub fn sign_order(&self, certificate: &CloseCertificate) -> FixedBytes<96> {
        let statement = certificate.order_statement();
        self.combine(&statement, |share| share.sign_order(certificate))
    }

    /// By the first q members. Any q would do: what comes out is the committee key's signature, of
    /// which there is one.
    fn combine(
        &self,
        statement: &Statement,
        sign: impl Fn(&KeyShare) -> SignatureShare,
    ) -> FixedBytes<96> {
        let quorum = self.shares.iter().take(self.committee.quorum());
        let shares: BTreeMap<_, _> = quorum
            .map(|share| (share.member(), sign(share).to_bytes()))
            .collect();
        let combined = Combined::new(&self.keys, statement, &shares).unwrap();
        combined.signature.to_bytes()
    }

    /// Certifies a close in a view, whatever it says.
    ///
    /// No vote stands behind it, nor a report: most of what a test must show to be refused no
    /// honest committee would sign.
    #[must_use]
    pub fn certify(&self, close: &Close, view: View) -> CertificateBytes {
        CertificateBytes {
            view,
            signature: self.sign(&close.statement(view)),
        }
    }

    /// The close of a round of this auction that lists nothing, with no parent.
    #[must_use]
    pub fn close(&self, round: Round) -> Close {
        // A slot a round: none is skipped, and the round's number says when it closed.
        let slot = Slot(round.0);
        Close {
            auction: self.committee.auction,
            round,
            slot,
            closed_at: self.committee.schedule.end_of(slot),
            key: self.committee.key,
            epoch: self.committee.epoch,
            rules: self.committee.rules.digest(),
            previous: Close::GENESIS,
            reports: Vec::new(),
            intents: Vec::new(),
            quotes: Vec::new(),
        }
    }
}
