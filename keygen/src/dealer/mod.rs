//! A trusted dealer makes a whole house: **development only**. Whoever runs it holds every
//! member's secrets for a moment, and nothing shows that it forgets them.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;

use sealbid_crypto::group::SecretScalar;
use sealbid_dkg::DealError;
use sealbid_types::committee::{
    self, ClearingRule, Committee, CommitteeError, MOST_ENTRIES, Member, Provenance, PublicKeys,
    Rules, usual_quorum,
};
use sealbid_types::id::{Epoch, MemberIndex};
use sealbid_types::schedule::Schedule;
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;

use crate::committee_file::{SaveCommitteeError, save_committee};
use crate::encryption::WorkFactor;
use crate::house::{HouseDir, HouseError};
use crate::member_key::{Content, KeyFileError, MemberKey};
use crate::passphrase::Passphrase;
use crate::seed::Seed;
use crate::trust::{BadQuorum, Survival};

/// The Verifier's fee today, in parts per million.
pub const FEE_PIPS: u32 = 1;

/// How many intents a member reports for a round at most; a round takes q times as many, up to
/// what one can be.
pub const INTENTS_A_MEMBER: u32 = 1024;

/// How many quotes a member reports for a round at most; a round takes q times as many.
pub const QUOTES_A_MEMBER: u32 = 512;

/// How far apart the ports of members on one host are.
pub const PORT_STEP: u16 = 10;

/// The BLAKE3 derive-key contexts of what the dealer draws from its entropy: one for each use, so
/// that no two secrets of a house tell anything of each other, though all come of 32 bytes.
mod context {
    pub(super) const SHARING: &str = "sealbid/1 2026-11 development dealer sharing";
    pub(super) const IDENTITY: &str = "sealbid/1 2026-11 development dealer identity";
    pub(super) const HOUSE: &str = "sealbid/1 2026-11 development dealer house endpoint";
    pub(super) const DOOR: &str = "sealbid/1 2026-11 development dealer door endpoint";
    pub(super) const GROUP: &str = "sealbid/1 2026-11 development dealer group";
}

/// Where a member will be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberContact {
    /// Where its endpoint in the house network listens (UDP).
    pub house_addresses: Vec<SocketAddr>,
    /// The URL of the relay inside its process.
    pub relay: String,
    /// Where its endpoint at the front door listens (UDP).
    pub door_addresses: Vec<SocketAddr>,
}

/// What house to deal.
#[derive(Debug, Clone)]
pub struct DealerOptions {
    /// The auction's name: 1 to 64 of a-z, 0-9 and '-'.
    pub name: String,
    /// q.
    pub quorum: u8,
    /// The members, in the roster's order: n of them.
    pub contacts: Vec<MemberContact>,
    /// The length of a slot, in milliseconds.
    pub period_ms: u32,
    /// The quote window at a slot's end, in milliseconds.
    pub quote_window_ms: u32,
    /// What the auction clears by.
    pub rules: Rules,
}

/// A house that is not written yet.
#[derive(Debug)]
pub struct Dealt {
    /// What everybody may know.
    pub committee: Committee,
    /// Each member's secrets, in the roster's order.
    pub member_keys: Vec<MemberKey>,
}

/// Why no house was dealt.
#[derive(Debug, thiserror::Error)]
pub enum DealerError {
    /// n and q do not make a committee.
    #[error(transparent)]
    Quorum(#[from] BadQuorum),
    /// The name, the schedule or the rules are wrong.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// The key could not be made.
    #[error(transparent)]
    Deal(#[from] DealError),
    /// The directory is not fit for a house.
    #[error(transparent)]
    House(#[from] HouseError),
    /// A key file could not be written.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The committee file could not be written.
    #[error(transparent)]
    CommitteeFile(#[from] SaveCommitteeError),
}

impl MemberContact {
    /// A member on one host: the house endpoint at `base_port`, the door at the next (both UDP),
    /// the relay at the one after (TCP). None if these are not ports.
    #[must_use]
    pub fn at(host: IpAddr, base_port: u16) -> Option<Self> {
        Self::at_all(&[host], base_port)
    }

    /// The same on this machine alone, by IPv4 and IPv6.
    #[must_use]
    pub fn loopback(base_port: u16) -> Option<Self> {
        Self::at_all(
            &[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            base_port,
        )
    }

    /// Not at port zero, which is another one at each start: the roster names addresses for good.
    fn at_all(hosts: &[IpAddr], base_port: u16) -> Option<Self> {
        if base_port == 0 {
            return None;
        }
        let (door, relay) = (base_port.checked_add(1)?, base_port.checked_add(2)?);
        let addresses = |port| {
            hosts
                .iter()
                .map(|&host| SocketAddr::new(host, port))
                .collect::<Vec<_>>()
        };
        Some(Self {
            // A URL names one host: the first.
            house_addresses: addresses(base_port),
            relay: format!("http://{}", addresses(relay).first()?),
            door_addresses: addresses(door),
        })
    }
}

/// The rules of an auction that nobody described further: best quote, for `intents.near`.
#[must_use]
pub fn usual_rules(quorum: u8) -> Rules {
    Rules {
        clearing: ClearingRule::BestQuote,
        fee_pips: FEE_PIPS,
        verifying_contract: AccountId::intents_near(),
        // q times what one member may report, so that a close of q reports can never have more; and
        // no more than a close may list at all, of which intents get four fifths.
        most_intents: (INTENTS_A_MEMBER * u32::from(quorum)).min(MOST_ENTRIES * 4 / 5),
        most_quotes: (QUOTES_A_MEMBER * u32::from(quorum)).min(MOST_ENTRIES / 5),
    }
}

impl DealerOptions {
    /// The usual house of these members.
    #[must_use]
    pub fn new(contacts: Vec<MemberContact>) -> Self {
        let usual = Schedule::usual(Timestamp(0));
        let quorum = usual_quorum(u8::try_from(contacts.len()).unwrap_or(u8::MAX));
        Self {
            name: "sealbid".to_owned(),
            quorum,
            contacts,
            period_ms: usual.period_ms,
            quote_window_ms: usual.quote_window_ms,
            rules: usual_rules(quorum),
        }
    }

    /// Another quorum than the usual one, and rules for it.
    /// The limits of a round are a multiple of q, and follow it.
    #[must_use]
    pub fn with_quorum(self, quorum: u8) -> Self {
        Self {
            quorum,
            rules: usual_rules(quorum),
            ..self
        }
    }

    /// n.
    #[must_use]
    pub fn members(&self) -> u8 {
        u8::try_from(self.contacts.len()).unwrap_or(u8::MAX)
    }

    /// What the members can survive.
    ///
    /// # Errors
    /// [`BadQuorum`] if they make no committee.
    pub fn survival(&self) -> Result<Survival, BadQuorum> {
        Survival::of(self.members(), self.quorum)
    }
}

/// Deals a house whose slots are counted from `now`. The same entropy deals the same keys: it must
/// be 32 bytes that nobody else ever has.
///
/// # Errors
/// [`DealerError`], of the first four kinds.
pub fn deal(
    options: &DealerOptions,
    entropy: &[u8; 32],
    now: Timestamp,
) -> Result<Dealt, DealerError> {
    let survival = options.survival()?;
    let sharing = Seed::derive(context::SHARING, entropy, 0);
    let dealing =
        sharing.expose(|seed| sealbid_dkg::deal(survival.members, survival.quorum, seed))?;
    let seeds: Vec<MemberSeeds> = MemberIndex::all(survival.members)
        .map(|index| MemberSeeds::derive(entropy, index))
        .collect();
    let roster = options
        .contacts
        .iter()
        .zip(&seeds)
        .map(|(at, seeds)| seeds.member(at))
        .collect();
    let committee = committee_of(options, dealing.keys, roster, now);
    // As everybody will who reads the file: what makes no committee is not written.
    committee.check()?;
    let member_keys = seeds
        .into_iter()
        .zip(&dealing.shares)
        .map(|(seeds, share)| seeds.member_key(&committee, entropy, share))
        .collect();
    Ok(Dealt {
        committee,
        member_keys,
    })
}

fn committee_of(
    options: &DealerOptions,
    keys: PublicKeys,
    roster: Vec<Member>,
    now: Timestamp,
) -> Committee {
    let DealerOptions {
        name,
        quorum,
        period_ms,
        quote_window_ms,
        rules,
        ..
    } = options.clone();
    let schedule = Schedule {
        start: now,
        period_ms,
        quote_window_ms,
    };
    // A dealing has at least two coefficients.
    let public_key = keys.commitment.first().copied().unwrap_or([0; 48].into());
    Committee {
        format: committee::FORMAT,
        provenance: Provenance::DevelopmentDealer,
        auction: Committee::auction_id(&name, schedule, &rules),
        key: Committee::key_id(public_key, keys.public_key_2),
        name,
        epoch: Epoch(0),
        quorum,
        schedule,
        rules,
        roster,
        keys,
    }
}

/// What a member has of its own, beside its share.
/// By the dealer's entropy and the index, so that no two members have a key in common.
struct MemberSeeds {
    index: MemberIndex,
    identity: Seed,
    house: Seed,
    door: Seed,
}

impl MemberSeeds {
    fn derive(entropy: &[u8; 32], index: MemberIndex) -> Self {
        Self {
            index,
            identity: Seed::derive(context::IDENTITY, entropy, index.0),
            house: Seed::derive(context::HOUSE, entropy, index.0),
            door: Seed::derive(context::DOOR, entropy, index.0),
        }
    }

    fn member(&self, at: &MemberContact) -> Member {
        Member {
            identity: self.identity.public_key(),
            house: self.house.public_key(),
            house_addresses: at.house_addresses.clone(),
            relay: at.relay.clone(),
            door: self.door.public_key(),
            door_addresses: at.door_addresses.clone(),
        }
    }

    fn member_key(
        self,
        committee: &Committee,
        entropy: &[u8; 32],
        share: &SecretScalar,
    ) -> MemberKey {
        MemberKey::new(Content {
            auction: committee.auction,
            key: committee.key,
            epoch: committee.epoch,
            index: self.index,
            identity: self.identity,
            house: self.house,
            door: self.door,
            share: share.expose(Seed::copied_from),
            group: Seed::derive(context::GROUP, entropy, 0),
        })
    }
}

/// Deals a house and writes it: a key file in a directory of its own for each member, and the
/// committee file last, so that a directory with a committee file is a whole house.
///
/// # Errors
/// [`DealerError`]; nothing is written to a directory that is not empty.
pub fn deal_house(
    house: &HouseDir,
    options: &DealerOptions,
    passphrase: &Passphrase,
    work: WorkFactor,
    entropy: &[u8; 32],
    now: Timestamp,
) -> Result<Committee, DealerError> {
    // Before anything is drawn: a second house in one directory would mix its members' keys with
    // the first one's.
    house.check_unused()?;
    let Dealt {
        committee,
        member_keys,
    } = deal(options, entropy, now)?;
    let failed = |source| HouseError::Io {
        root: house.root().to_owned(),
        source,
    };
    fs::create_dir_all(house.root()).map_err(failed)?;
    for key in &member_keys {
        let directory = house.member(key.index());
        make_private_directory(directory.path()).map_err(failed)?;
        key.save(&directory.key(), passphrase, work)?;
    }
    save_committee(&house.committee(), &committee)?;
    Ok(committee)
}

fn make_private_directory(path: &std::path::Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(test)]
mod tests;
