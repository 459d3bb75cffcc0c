//! The committee file: everything public about an auction and the members that run it. It is all
//! that a trader, a solver or an auditor needs to trust.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::bytes::FixedBytes;
use crate::ceremony::{CeremonyCertificate, Confirmation};
use crate::codec::digest;
use crate::id::{AuctionId, CommitteeDigest, Epoch, KeyId, MemberIndex, RulesDigest, context};
use crate::keys::PublicKey;
use crate::schedule::Schedule;
use crate::text::AccountId;

/// The format version of committee files.
pub const FORMAT: u16 = 1;

/// The fewest and the most members.
pub const MEMBERS: core::ops::RangeInclusive<u8> = 3..=16;

/// The most entries of a round, intents and quotes together: a member's shares of all of them go
/// into one message of less than 1 MB.
pub const MOST_ENTRIES: u32 = 10_000;

/// How a round clears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearingRule {
    /// Each swap takes the quote whose schedule pays the most, if it meets the limit.
    BestQuote,
}

/// What an auction clears by, fixed for its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The clearing rule.
    pub clearing: ClearingRule,
    /// The Verifier's fee on each negative delta of a fungible token, in parts per million.
    pub fee_pips: u32,
    /// The Verifier contract that settlements are for.
    pub verifying_contract: AccountId,
    /// The most intents of a round. A member reports at most this over q.
    pub most_intents: u32,
    /// The most quotes of a round. A member reports at most this over q.
    pub most_quotes: u32,
}
crate::schema!(Rules, "sealbid.rules", 1, 1024);

impl Rules {
    /// The digest that closes carry.
    #[must_use]
    pub fn digest(&self) -> RulesDigest {
        digest(context::RULES, self).into()
    }
}

/// One member's public keys and where to find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Signs reports, votes and acknowledgements.
    pub identity: PublicKey,
    /// Its endpoint in the house network.
    pub house: PublicKey,
    /// Where that endpoint listens (UDP).
    pub house_addresses: Vec<SocketAddr>,
    /// The relay inside its process.
    pub relay: String,
    /// Its endpoint at the front door.
    pub door: PublicKey,
    /// Where that endpoint listens (UDP).
    pub door_addresses: Vec<SocketAddr>,
}

/// A member's share of the committee key, as public keys in both groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareKey {
    /// `g^{s_i}`, compressed.
    pub g1: FixedBytes<48>,
    /// `g2^{s_i}`, compressed.
    pub g2: FixedBytes<96>,
}

/// The committee key and its sharing, as points in ZCash's compressed form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeys {
    /// The sharing polynomial's q coefficients in G1, lowest first: the commitment of
    /// `threshold_crypto`. The first is the committee key.
    pub commitment: Vec<FixedBytes<48>>,
    /// The committee key in G2.
    pub public_key_2: FixedBytes<96>,
    /// The members' shares, in the roster's order.
    pub share_keys: Vec<ShareKey>,
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// One process made the key and could have kept it: development only.
    DevelopmentDealer,
    /// All members made it together in a key ceremony, and all of them signed that they did.
    Ceremony(CeremonyCertificate),
}

/// What a ceremony's participants sign of their committee: all of it but where members are found,
/// which may change, and the certificate itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct Certified {
    auction: AuctionId,
    key: KeyId,
    epoch: Epoch,
    quorum: u8,
    /// Each member's identity, house and door keys.
    members: Vec<[PublicKey; 3]>,
    keys: PublicKeys,
}
crate::schema!(Certified, "sealbid.committee.certified", 1, 16 << 10);

/// What an auction id stands for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Description {
    name: String,
    schedule: Schedule,
    rules: Rules,
}
crate::schema!(Description, "sealbid.auction", 1, 2048);

#[derive(Serialize, Deserialize)]
pub(crate) struct KeyDescription {
    public_key: FixedBytes<48>,
    public_key_2: FixedBytes<96>,
}
crate::schema!(KeyDescription, "sealbid.key", 1, 256);

/// The committee file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committee {
    /// The format version, [`FORMAT`].
    pub format: u16,
    /// Where the key comes from.
    pub provenance: Provenance,
    /// The auction's name: 1 to 64 of a-z, 0-9 and '-'.
    pub name: String,
    /// The auction id; that of name, schedule and rules.
    pub auction: AuctionId,
    /// The key id; that of the committee key.
    pub key: KeyId,
    /// The epoch of the shares.
    pub epoch: Epoch,
    /// How many members close a round, and how many shares open it.
    pub quorum: u8,
    /// The slots.
    pub schedule: Schedule,
    /// The rules.
    pub rules: Rules,
    /// The members.
    pub roster: Vec<Member>,
    /// The committee key.
    pub keys: PublicKeys,
}

/// What is wrong with a committee file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeError {
    /// Another format version.
    #[error("format {0} is not known here")]
    Format(u16),
    /// Too few or too many members.
    #[error("{0} members: expected 3 to 16")]
    Members(usize),
    /// `2q > n` or `q <= n` does not hold.
    #[error("a quorum of {quorum} of {members}: more than half is needed, and at most all")]
    Quorum {
        /// q.
        quorum: u8,
        /// n.
        members: u8,
    },
    /// The name is empty, too long, or not of a-z, 0-9 and '-'.
    #[error("an auction's name is 1 to 64 of a-z, 0-9 and '-'")]
    Name,
    /// The auction id is not that of name, schedule and rules.
    #[error("the auction id does not belong to name, schedule and rules")]
    AuctionId,
    /// The key id is not that of the committee key.
    #[error("the key id does not belong to the committee key")]
    KeyId,
    /// The schedule makes no sense.
    #[error("the quote window must be shorter than the period, and neither zero")]
    Schedule,
    /// A round's limits leave a member nothing to report, or are more than can be opened at once.
    #[error("a round takes at least one intent and one quote a member, and 10000 entries in all")]
    Limits,
    /// The number of keys does not fit q or n.
    #[error("{found} {what}, expected {expected}")]
    Keys {
        /// Which keys.
        what: &'static str,
        /// What q or n asks for.
        expected: usize,
        /// What is there.
        found: usize,
    },
    /// A member has not signed for the key ceremony's result, or signed another.
    #[error("the ceremony's certificate lacks a good signature of {0}")]
    Certificate(MemberIndex),
    /// Two members share a key.
    #[error("{0} has a key that another member has too")]
    SharedKey(MemberIndex),
}

/// `floor(2n/3) + 1` for four members or more, and the majority of three.
#[must_use]
pub const fn usual_quorum(members: u8) -> u8 {
    if members <= 3 {
        members / 2 + 1
    } else {
        (2 * (members as u16) / 3 + 1) as u8
    }
}

impl Committee {
    /// The id of the auction with this name, schedule and rules.
    #[must_use]
    pub fn auction_id(name: &str, schedule: Schedule, rules: &Rules) -> AuctionId {
        let description = Description {
            name: name.to_owned(),
            schedule,
            rules: rules.clone(),
        };
        digest(context::AUCTION, &description).into()
    }

    /// The id of a committee key.
    #[must_use]
    pub fn key_id(public_key: FixedBytes<48>, public_key_2: FixedBytes<96>) -> KeyId {
        digest(
            context::KEY,
            &KeyDescription {
                public_key,
                public_key_2,
            },
        )
        .into()
    }

    /// n.
    #[must_use]
    pub fn members(&self) -> u8 {
        u8::try_from(self.roster.len()).unwrap_or(u8::MAX)
    }

    /// q.
    #[must_use]
    pub const fn quorum(&self) -> usize {
        self.quorum as usize
    }

    /// The member at `index`.
    #[must_use]
    pub fn member(&self, index: MemberIndex) -> Option<&Member> {
        self.roster.get(index.as_usize())
    }

    /// The most intents that a member reports for a round.
    #[must_use]
    pub fn most_reported_intents(&self) -> usize {
        (self.rules.most_intents as usize)
            .checked_div(self.quorum())
            .unwrap_or(0)
    }

    /// The most quotes that a member reports for a round.
    #[must_use]
    pub fn most_reported_quotes(&self) -> usize {
        (self.rules.most_quotes as usize)
            .checked_div(self.quorum())
            .unwrap_or(0)
    }

    /// Checks everything but the curve points, which `sealbid-crypto` reads.
    ///
    /// # Errors
    /// [`CommitteeError`], the first that is found.
    pub fn check(&self) -> Result<(), CommitteeError> {
        if self.format != FORMAT {
            return Err(CommitteeError::Format(self.format));
        }
        self.check_sizes()?;
        self.check_ids()?;
        if !self.schedule.is_valid() {
            return Err(CommitteeError::Schedule);
        }
        let entries = self
            .rules
            .most_intents
            .saturating_add(self.rules.most_quotes);
        let is_empty = self.most_reported_intents() == 0 || self.most_reported_quotes() == 0;
        if is_empty || entries > MOST_ENTRIES {
            return Err(CommitteeError::Limits);
        }
        self.check_distinct_keys()?;
        self.check_provenance()
    }

    /// What the members sign at the end of their key ceremony.
    #[must_use]
    pub fn certified_digest(&self) -> CommitteeDigest {
        let keys_of = |member: &Member| [member.identity, member.house, member.door];
        let certified = Certified {
            auction: self.auction,
            key: self.key,
            epoch: self.epoch,
            quorum: self.quorum,
            members: self.roster.iter().map(keys_of).collect(),
            keys: self.keys.clone(),
        };
        digest(context::COMMITTEE, &certified).into()
    }

    fn check_provenance(&self) -> Result<(), CommitteeError> {
        let Provenance::Ceremony(certificate) = &self.provenance else {
            return Ok(());
        };
        let confirmation = Confirmation {
            session: certificate.session,
            transcript: certificate.transcript,
            committee: self.certified_digest(),
        };
        let (expected, found) = (self.members(), certificate.signatures.len());
        expect_keys("certificate signatures", expected, found)?;
        let signed = self.roster.iter().zip(&certificate.signatures);
        for (index, (member, signature)) in MemberIndex::all(self.members()).zip(signed) {
            confirmation
                .verify(&member.identity, signature)
                .map_err(|_| CommitteeError::Certificate(index))?;
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), CommitteeError> {
        let members = u8::try_from(self.roster.len())
            .ok()
            .filter(|n| MEMBERS.contains(n))
            .ok_or(CommitteeError::Members(self.roster.len()))?;
        let quorum = self.quorum;
        if quorum > members || 2 * u16::from(quorum) <= u16::from(members) {
            return Err(CommitteeError::Quorum { quorum, members });
        }
        expect_keys("coefficients", quorum, self.keys.commitment.len())?;
        expect_keys("share keys", members, self.keys.share_keys.len())
    }

    fn check_ids(&self) -> Result<(), CommitteeError> {
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
            return Err(CommitteeError::Name);
        }
        if self.auction != Self::auction_id(&self.name, self.schedule, &self.rules) {
            return Err(CommitteeError::AuctionId);
        }
        let public_key = self.keys.commitment.first().copied();
        let key = public_key.map(|key| Self::key_id(key, self.keys.public_key_2));
        if key == Some(self.key) {
            Ok(())
        } else {
            Err(CommitteeError::KeyId)
        }
    }

    fn check_distinct_keys(&self) -> Result<(), CommitteeError> {
        let mut seen = BTreeSet::new();
        for (index, member) in MemberIndex::all(self.members()).zip(&self.roster) {
            for key in [member.identity, member.house, member.door] {
                if !seen.insert(key) {
                    return Err(CommitteeError::SharedKey(index));
                }
            }
        }
        Ok(())
    }
}

fn expect_keys(what: &'static str, expected: u8, found: usize) -> Result<(), CommitteeError> {
    let expected = usize::from(expected);
    if expected == found {
        Ok(())
    } else {
        Err(CommitteeError::Keys {
            what,
            expected,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_quorums_of_the_trust_table() {
        let table = [(3, 2), (4, 3), (5, 4), (7, 5), (16, 11)];
        for (members, quorum) in table {
            assert_eq!(usual_quorum(members), quorum, "n = {members}");
        }
        for members in MEMBERS {
            assert!(2 * usual_quorum(members) > members);
        }
    }
}
