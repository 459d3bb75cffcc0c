//! A committee with all its keys, made from a seed.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::SecretScalar;
use sealbid_crypto::{CommitteeKeys, KeyShare};
use sealbid_protocol::member::MemberSecrets;
use sealbid_types::committee::{
    ClearingRule, Committee, FORMAT, Member, Provenance, PublicKeys, Rules,
};
use sealbid_types::id::{Epoch, MemberIndex};
use sealbid_types::keys::PublicKey;
use sealbid_types::schedule::Schedule;
use sealbid_types::time::Timestamp;

use super::draws::Draws;

/// When a simulated auction starts.
pub const START: Timestamp = Timestamp(1_800_000_000_000);

/// A committee, and what its members keep secret.
pub struct Fixture {
    /// The committee file.
    pub committee: Arc<Committee>,
    /// Its keys, read.
    pub keys: Arc<CommitteeKeys>,
    identities: Vec<[u8; 32]>,
    shares: Vec<Arc<KeyShare>>,
}

fn public(secret: [u8; 32]) -> PublicKey {
    PublicKey::of(&SigningKey::from_bytes(&secret))
}

fn roster(identities: &[[u8; 32]], draws: &mut Draws) -> Vec<Member> {
    let mut member = |identity: &[u8; 32]| Member {
        identity: public(*identity),
        house: public(draws.bytes()),
        house_addresses: Vec::new(),
        relay: String::new(),
        door: public(draws.bytes()),
        door_addresses: Vec::new(),
    };
    identities.iter().map(&mut member).collect()
}

fn committee(quorum: u8, roster: Vec<Member>, keys: PublicKeys) -> Committee {
    let rules = Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips: 1,
        verifying_contract: "intents.near".parse().unwrap(),
        most_intents: 1_000,
        most_quotes: 100,
    };
    let schedule = Schedule {
        start: START,
        period_ms: 2_000,
        quote_window_ms: 1_000,
    };
    let name = "simulation".to_owned();
    Committee {
        format: FORMAT,
        provenance: Provenance::DevelopmentDealer,
        auction: Committee::auction_id(&name, schedule, &rules),
        key: Committee::key_id(keys.commitment[0], keys.public_key_2),
        name,
        epoch: Epoch(0),
        quorum,
        schedule,
        rules,
        roster,
        keys,
    }
}

impl Fixture {
    /// A committee of `members`, of whom `quorum` decide.
    ///
    /// # Panics
    /// If the sizes are not allowed.
    #[must_use]
    pub fn new(members: u8, quorum: u8, seed: u64) -> Self {
        let mut draws = Draws::new(seed, "fixture");
        let dealing = sealbid_dkg::deal(members, quorum, &draws.bytes()).unwrap();
        let identities: Vec<_> = (0..members).map(|_| draws.bytes()).collect();
        let keys = Arc::new(CommitteeKeys::new(&dealing.keys, quorum).unwrap());
        let roster = roster(&identities, &mut draws);
        let committee = Arc::new(committee(quorum, roster, dealing.keys));
        committee.check().unwrap();
        let (auction, epoch) = (committee.auction, committee.epoch);
        let share = |(index, secret): (MemberIndex, SecretScalar)| {
            Arc::new(KeyShare::new(&keys, auction, epoch, index, secret).unwrap())
        };
        let shares = MemberIndex::all(members)
            .zip(dealing.shares)
            .map(share)
            .collect();
        Self {
            committee,
            keys,
            identities,
            shares,
        }
    }

    /// All members.
    pub fn members(&self) -> impl DoubleEndedIterator<Item = MemberIndex> + ExactSizeIterator {
        MemberIndex::all(self.committee.members())
    }

    /// A member's share of the committee key.
    #[must_use]
    pub fn share(&self, member: MemberIndex) -> Arc<KeyShare> {
        self.shares[member.as_usize()].clone()
    }

    /// What a member signs with.
    #[must_use]
    pub fn secrets(&self, index: MemberIndex) -> MemberSecrets {
        let identity = Arc::new(SigningKey::from_bytes(&self.identities[index.as_usize()]));
        MemberSecrets {
            index,
            identity,
            share: self.share(index),
        }
    }
}
