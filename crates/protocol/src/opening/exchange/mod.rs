//! What members have sent for the round being settled: decryption shares of both openings, and
//! shares of three signatures. One of each kind a member; the first that answers what is asked
//! counts.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{Combined, CommitteeKeys};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::id::{AllocationDigest, CloseDigest, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::statement::Statement;

use super::message::{Opening, Purpose, Shares, SignatureShareMessage};
use super::suspects::Suspects;

type Collected<T> = BTreeMap<MemberIndex, T>;

/// What shares of an opening have to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShareQuestion {
    pub(crate) close: CloseDigest,
    pub(crate) allocation: Option<AllocationDigest>,
    /// The digest of the parts.
    pub(crate) parts: FixedBytes<32>,
}

impl ShareQuestion {
    fn is_answered_by(&self, shares: &Shares) -> bool {
        let Self {
            close,
            allocation,
            parts,
        } = *self;
        (shares.close, shares.allocation, shares.parts) == (close, allocation, parts)
    }
}

/// What shares of a signature have to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignatureQuestion {
    pub(crate) close: CloseDigest,
    /// The digest of the statement.
    pub(crate) statement: FixedBytes<32>,
}

impl SignatureQuestion {
    fn is_answered_by(&self, message: &SignatureShareMessage) -> bool {
        (message.close, message.statement) == (self.close, self.statement)
    }
}

/// What has arrived for one round.
#[derive(Debug)]
pub(crate) struct Exchange {
    round: Round,
    /// What is asked, as soon as this member knows it: what comes earlier waits, and goes then if
    /// it answers something else.
    share_questions: BTreeMap<Opening, ShareQuestion>,
    signature_questions: BTreeMap<Purpose, SignatureQuestion>,
    shares: BTreeMap<Opening, Collected<Signed<Shares>>>,
    signatures: BTreeMap<Purpose, Collected<Signed<SignatureShareMessage>>>,
    /// Not heard any more in this round: a member whose shares were looked at one by one must not
    /// bring that about again with its next message.
    liars: BTreeSet<MemberIndex>,
    /// Whose messages answered something else than this round asks, and whether that was told.
    strays: BTreeMap<MemberIndex, bool>,
}

/// Members whose signature shares are wrong, and the shares.
pub(crate) type WrongSignatures = Collected<Signed<SignatureShareMessage>>;

impl Exchange {
    /// Nothing yet for `round`.
    pub(crate) const fn new(round: Round) -> Self {
        Self {
            round,
            share_questions: BTreeMap::new(),
            signature_questions: BTreeMap::new(),
            shares: BTreeMap::new(),
            signatures: BTreeMap::new(),
            liars: BTreeSet::new(),
            strays: BTreeMap::new(),
        }
    }

    /// The round.
    pub(crate) const fn round(&self) -> Round {
        self.round
    }

    /// Says what shares of an opening have to answer. What came before and answers something else
    /// counts for nothing, and its sender may answer again.
    pub(crate) fn ask_shares(&mut self, opening: Opening, question: ShareQuestion) {
        self.share_questions.insert(opening, question);
        if let Some(collected) = self.shares.get_mut(&opening) {
            collected.retain(|member, signed| {
                let fits = question.is_answered_by(&signed.body);
                if !fits {
                    self.strays.entry(*member).or_default();
                }
                fits
            });
        }
    }

    /// Says what shares of a signature have to answer; likewise.
    pub(crate) fn ask_signature(&mut self, purpose: Purpose, question: SignatureQuestion) {
        self.signature_questions.insert(purpose, question);
        if let Some(collected) = self.signatures.get_mut(&purpose) {
            collected.retain(|member, signed| {
                let fits = question.is_answered_by(&signed.body);
                if !fits {
                    self.strays.entry(*member).or_default();
                }
                fits
            });
        }
    }

    /// Members whose messages are about another close, statement or list of parts than this round
    /// comes to here: each once. It proves nothing: this member's own view may be the wrong one.
    pub(crate) fn take_strays(&mut self) -> Vec<MemberIndex> {
        let untold = self.strays.iter_mut().filter(|(_, is_told)| !**is_told);
        let take = |(member, is_told): (&MemberIndex, &mut bool)| {
            *is_told = true;
            *member
        };
        untold.map(take).collect()
    }

    /// Keeps a member's decryption shares, whose signature is right. Says whether they are new.
    pub(crate) fn add_shares(&mut self, shares: Signed<Shares>) -> bool {
        let (member, opening) = (shares.member, shares.body.opening);
        let question = self.share_questions.get(&opening);
        // Without a question yet, anything fits: the others may be a step ahead, and send again
        // only after a while. One place a member, so that nobody can pile up guesses.
        let fits = question.is_none_or(|question| question.is_answered_by(&shares.body));
        if !fits {
            self.strays.entry(member).or_default();
        }
        let is_new = fits
            && shares.body.round == self.round
            && !self.liars.contains(&member)
            && !self.has_shares(opening, member);
        if is_new {
            self.shares
                .entry(opening)
                .or_default()
                .insert(member, shares);
        }
        is_new
    }

    /// Whether a member's decryption shares for an opening are here: what is sent again need not
    /// be verified again.
    pub(crate) fn has_shares(&self, opening: Opening, member: MemberIndex) -> bool {
        self.shares
            .get(&opening)
            .is_some_and(|collected| collected.contains_key(&member))
    }

    /// Keeps a member's signature share, whose own signature is right. Says whether it is new.
    pub(crate) fn add_signature(&mut self, signed: Signed<SignatureShareMessage>) -> bool {
        let (member, purpose) = (signed.member, signed.body.purpose);
        let question = self.signature_questions.get(&purpose);
        let fits = question.is_none_or(|question| question.is_answered_by(&signed.body));
        if !fits {
            self.strays.entry(member).or_default();
        }
        let is_new = fits
            && signed.body.round == self.round
            && !self.liars.contains(&member)
            && !self.has_signature(purpose, member);
        if is_new {
            self.signatures
                .entry(purpose)
                .or_default()
                .insert(member, signed);
        }
        is_new
    }

    /// Whether a member's share of a signature is here.
    pub(crate) fn has_signature(&self, purpose: Purpose, member: MemberIndex) -> bool {
        self.signatures
            .get(&purpose)
            .is_some_and(|collected| collected.contains_key(&member))
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
    /// whose share is wrong are given back with it and not heard again in this round.
    pub(crate) fn combine(
        &mut self,
        keys: &CommitteeKeys,
        purpose: Purpose,
        statement: &Statement,
        suspects: &Suspects,
    ) -> (Option<FixedBytes<96>>, WrongSignatures) {
        let mut wrong = WrongSignatures::new();
        loop {
            let collected = self.signatures.get(&purpose).into_iter().flatten();
            let shares: Collected<FixedBytes<96>> = collected
                .map(|(member, signed)| (*member, signed.body.share))
                .collect();
            // Suspects' shares are left out while others make q, or each round would pay for a
            // known liar again.
            let chosen = suspects.last(shares, self.round, keys.quorum());
            if chosen.len() < keys.quorum() {
                return (None, wrong);
            }
            let (signature, liars) = match Combined::new(keys, statement, &chosen) {
                Ok(combined) => (Some(combined.signature.to_bytes()), combined.liars),
                Err(error) => (None, error.liars),
            };
            let has_liars = !liars.is_empty();
            for member in liars {
                let share = self
                    .signatures
                    .get_mut(&purpose)
                    .and_then(|collected| collected.remove(&member));
                wrong.extend(share.map(|share| (member, share)));
                self.exclude(member);
            }
            // Each further turn has fewer members, so that the loop ends.
            if signature.is_some() || !has_liars {
                return (signature, wrong);
            }
        }
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
}

#[cfg(test)]
mod tests;
