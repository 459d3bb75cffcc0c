//! What members have sent for the round being settled: decryption shares of both openings, and
//! shares of three signatures. One of each kind a member; the first counts.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{Combined, CommitteeKeys, SignatureShare};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::statement::Statement;

use crate::member::message::{Opening, Purpose, Shares, SignatureShareMessage};

type Collected<T> = BTreeMap<MemberIndex, T>;

/// What has arrived for one round.
#[derive(Debug)]
pub(crate) struct Exchange {
    round: Round,
    shares: BTreeMap<Opening, Collected<Signed<Shares>>>,
    signatures: BTreeMap<Purpose, Collected<SignatureShareMessage>>,
    liars: BTreeSet<MemberIndex>,
}

impl Exchange {
    /// Nothing yet for `round`.
    pub(crate) const fn new(round: Round) -> Self {
        Self {
            round,
            shares: BTreeMap::new(),
            signatures: BTreeMap::new(),
            liars: BTreeSet::new(),
        }
    }

    /// The round.
    pub(crate) const fn round(&self) -> Round {
        self.round
    }

    /// Keeps a member's decryption shares. Says whether they are new.
    pub(crate) fn add_shares(&mut self, shares: Signed<Shares>) -> bool {
        let member = shares.member;
        if shares.body.round != self.round || self.liars.contains(&member) {
            return false;
        }
        let collected = self.shares.entry(shares.body.opening).or_default();
        let is_new = !collected.contains_key(&member);
        collected.entry(member).or_insert(shares);
        is_new
    }

    /// Whether a member's decryption shares for an opening are here: what is sent again need not
    /// be verified again.
    pub(crate) fn has_shares(&self, opening: Opening, member: MemberIndex) -> bool {
        self.shares
            .get(&opening)
            .is_some_and(|collected| collected.contains_key(&member))
    }

    /// Keeps a member's signature share. Says whether it is new.
    pub(crate) fn add_signature(
        &mut self,
        member: MemberIndex,
        message: SignatureShareMessage,
    ) -> bool {
        if message.round != self.round || self.liars.contains(&member) {
            return false;
        }
        let collected = self.signatures.entry(message.purpose).or_default();
        let is_new = !collected.contains_key(&member);
        collected.entry(member).or_insert(message);
        is_new
    }

    /// The values of an opening's shares, by member.
    pub(crate) fn shares_of(&self, opening: Opening) -> Collected<Vec<FixedBytes<96>>> {
        let collected = self.shares.get(&opening).into_iter().flatten();
        collected
            .map(|(member, signed)| (*member, signed.body.shares.clone()))
            .collect()
    }

    /// How many members' shares of an opening there are.
    pub(crate) fn count(&self, opening: Opening) -> usize {
        self.shares.get(&opening).map_or(0, BTreeMap::len)
    }

    /// Combines the shares of a signature over `statement`, if there are q right ones. Members
    /// whose share is wrong are given back and not heard again in this round.
    pub(crate) fn combine(
        &mut self,
        keys: &CommitteeKeys,
        purpose: Purpose,
        statement: &Statement,
    ) -> (Option<FixedBytes<96>>, BTreeSet<MemberIndex>) {
        let digest = FixedBytes(statement.digest());
        let collected = self.signatures.get(&purpose).into_iter().flatten();
        let shares: Collected<FixedBytes<96>> = collected
            .filter(|(_, message)| message.statement == digest)
            .map(|(member, message)| (*member, message.share))
            .collect();
        if shares.len() < keys.quorum() {
            return (None, BTreeSet::new());
        }
        let (signature, liars) = match Combined::new(keys, statement, &shares) {
            Ok(combined) => (Some(combined.signature.to_bytes()), combined.liars),
            Err(error) => (None, error.liars),
        };
        liars.iter().for_each(|member| _ = self.exclude(*member));
        (signature, liars)
    }

    /// Drops all that a lying member sent. Its decryption shares are given back: those of the
    /// opening that it lied in are evidence.
    pub(crate) fn exclude(&mut self, member: MemberIndex) -> BTreeMap<Opening, Signed<Shares>> {
        self.liars.insert(member);
        self.signatures
            .values_mut()
            .for_each(|collected| _ = collected.remove(&member));
        self.shares
            .iter_mut()
            .filter_map(|(opening, collected)| Some((*opening, collected.remove(&member)?)))
            .collect()
    }

    /// A signature share as it is sent.
    pub(crate) fn message(
        round: Round,
        purpose: Purpose,
        statement: &Statement,
        share: &SignatureShare,
    ) -> SignatureShareMessage {
        let statement = FixedBytes(statement.digest());
        SignatureShareMessage {
            round,
            purpose,
            statement,
            share: share.to_bytes(),
        }
    }
}
