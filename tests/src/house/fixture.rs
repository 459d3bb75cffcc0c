//! A committee with all its keys, made from a seed.
//!
//! It stands for a finished ceremony: one dealer makes the key, which no house would trust. The
//! ceremony itself is tried in `crates/dkg`.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::group::SecretScalar;
use sealbid_crypto::{Combined, CommitteeKeys, KeyShare};
use sealbid_protocol::member::MemberSecrets;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::committee::{
    ClearingRule, Committee, FORMAT, Member, Provenance, PublicKeys, Rules,
};
use sealbid_types::id::{AllocationDigest, Epoch, MemberIndex, Round, View};
use sealbid_types::keys::PublicKey;
use sealbid_types::schedule::Schedule;
use sealbid_types::statement::Statement;
use sealbid_types::time::Timestamp;

use crate::world::Draws;

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
    /// What the dealer drew the key from.
    dealt_from: [u8; 32],
}

fn public(secret: [u8; 32]) -> PublicKey {
    PublicKey::of(&SigningKey::from_bytes(&secret))
}

fn roster(identities: &[[u8; 32]], draws: &mut Draws) -> Vec<Member> {
    let mut member = |identity: &[u8; 32]| Member {
        identity: public(*identity),
        house: public(draws.bytes()),
        // Nobody is dialled here: the world's network knows members by their index.
        house_addresses: Vec::new(),
        relay: String::new(),
        door: public(draws.bytes()),
        door_addresses: Vec::new(),
    };
    identities.iter().map(&mut member).collect()
}

/// How many intents and quotes a round may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Intents.
    pub intents: u32,
    /// Quotes.
    pub quotes: u32,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            // More than a run submits: places bind only where a test takes smaller caps.
            intents: 1_000,
            quotes: 100,
        }
    }
}

/// Shorter than the usual slot and window, for more rounds in a run; a window is still many messages long.
const SHORT_SLOTS: Schedule = Schedule {
    start: START,
    period_ms: 2_000,
    quote_window_ms: 1_000,
};

fn committee(
    quorum: u8,
    (caps, schedule): (Caps, Schedule),
    roster: Vec<Member>,
    keys: PublicKeys,
) -> Committee {
    let rules = Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips: 1,
        verifying_contract: "intents.near".parse().unwrap(),
        most_intents: caps.intents,
        most_quotes: caps.quotes,
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
        Self::with_caps(members, quorum, seed, Caps::default())
    }

    /// A committee whose rounds list no more than `caps`.
    ///
    /// # Panics
    /// If the sizes are not allowed.
    #[must_use]
    pub fn with_caps(members: u8, quorum: u8, seed: u64, caps: Caps) -> Self {
        Self::with(members, quorum, seed, (caps, SHORT_SLOTS))
    }

    /// A committee whose slots are as long as a house's are.
    ///
    /// # Panics
    /// If the sizes are not allowed.
    #[must_use]
    pub fn with_usual_slots(members: u8, quorum: u8, seed: u64) -> Self {
        let rules = (Caps::default(), Schedule::usual(START));
        Self::with(members, quorum, seed, rules)
    }

    fn with(members: u8, quorum: u8, seed: u64, rules: (Caps, Schedule)) -> Self {
        // A stream of its own, always drawn in this order: a seed is one committee, whatever else
        // a run draws.
        let mut draws = Draws::new(seed, "fixture");
        let dealt_from = draws.bytes();
        let dealing = sealbid_dkg::deal(members, quorum, &dealt_from).unwrap();
        let identities: Vec<_> = (0..members).map(|_| draws.bytes()).collect();
        let keys = Arc::new(CommitteeKeys::new(&dealing.keys, quorum).unwrap());
        let roster = roster(&identities, &mut draws);
        let committee = Arc::new(committee(quorum, rules, roster, dealing.keys));
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
            dealt_from,
        }
    }

    /// A member's share as a bare scalar, for liars that use it as no engine does.
    ///
    /// # Panics
    /// If there is no such member.
    #[must_use]
    pub fn secret_share(&self, member: MemberIndex) -> SecretScalar {
        let (members, quorum) = (self.committee.members(), self.committee.quorum);
        let dealing = sealbid_dkg::deal(members, quorum, &self.dealt_from).unwrap();
        dealing.shares.into_iter().nth(member.as_usize()).unwrap()
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

    /// How many members may lie without two results of a round: 2q - n - 1.
    #[must_use]
    pub fn bearable(&self) -> usize {
        let (members, quorum) = (
            usize::from(self.committee.members()),
            self.committee.quorum(),
        );
        (2 * quorum).saturating_sub(members + 1)
    }

    /// A certificate of any close: what only a committee of liars can make.
    ///
    /// # Panics
    /// If the keys are not what they should be.
    #[must_use]
    pub fn certify(&self, close: &Close, view: View) -> CertificateBytes {
        let statement = Statement::Close {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            view,
            close: close.digest(),
        };
        self.certify_statement(&statement, view)
    }

    /// A certificate of any allocation of a round: the same.
    ///
    /// # Panics
    /// If the keys are not what they should be.
    #[must_use]
    pub fn certify_allocation(
        &self,
        round: Round,
        allocation: AllocationDigest,
        view: View,
    ) -> CertificateBytes {
        let statement = Statement::Allocation {
            auction: self.committee.auction,
            epoch: self.committee.epoch,
            round,
            view,
            allocation,
        };
        self.certify_statement(&statement, view)
    }

    fn certify_statement(&self, statement: &Statement, view: View) -> CertificateBytes {
        let share = |member| self.share(member).sign(statement).unwrap().to_bytes();
        let shares = self
            .members()
            .map(|member| (member, share(member)))
            .collect();
        let combined = Combined::new(&self.keys, statement, &shares).unwrap();
        CertificateBytes {
            view,
            signature: combined.signature.to_bytes(),
        }
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
