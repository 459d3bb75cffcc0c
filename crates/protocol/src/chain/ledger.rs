//! What the chain of certified rounds remembers: where it stands, and what it rules out.
//!
//! An envelope waits for at most [`MOST_ROUNDS`] rounds, so lists and points older than that can
//! rule out nothing that is still alive, and are forgotten.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::decode;
use sealbid_types::envelope::{Envelope, Header, MOST_ROUNDS};
use sealbid_types::id::{CloseDigest, EnvelopeId, Round, Slot};
use sealbid_types::record::{Ancestry, UsedNonce, UsedU};
use sealbid_types::settlement::Settlement;
use sealbid_types::terms::{Nonce, Terms};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::disk::{Recall, Table, Write};
use crate::member::io::{Output, put};
use crate::member::{StartError, round_key};
use crate::opening::OpenedIntents;

/// A certified close as it rests on disk. The points its entries use follow once the member holds
/// all its envelopes, which it does before it opens any.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CertifiedRound {
    pub(crate) close: Close,
    pub(crate) certificate: CertificateBytes,
    pub(crate) points: Vec<(FixedBytes<96>, EnvelopeId)>,
}
sealbid_types::schema!(CertifiedRound, "sealbid.certified-round", 1, 1 << 24);

/// A used nonce as it rests on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct NonceRow(UsedNonce);
sealbid_types::schema!(NonceRow, "sealbid.used-nonce", 1, 256);

/// The certified chain, as far back as it matters.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The first round that is not certified.
    open: Round,
    /// The close before it.
    parent: CloseDigest,
    /// That close's slot.
    parent_slot: Slot,
    /// The closes of decided rounds, so that another one that is shown is found out.
    digests: BTreeMap<Round, CloseDigest>,
    listed: BTreeMap<EnvelopeId, Round>,
    points: BTreeMap<FixedBytes<96>, (EnvelopeId, Round)>,
    nonces: BTreeMap<(AccountId, Nonce), Round>,
}

impl Chain {
    /// Reads the chain from disk.
    ///
    /// # Errors
    /// [`StartError::Unreadable`], naming the table.
    pub(crate) fn recall(disk: &impl Recall) -> Result<Self, StartError> {
        let mut chain = Self {
            open: Round(1),
            parent: Close::GENESIS,
            parent_slot: Slot(0),
            digests: BTreeMap::new(),
            listed: BTreeMap::new(),
            points: BTreeMap::new(),
            nonces: BTreeMap::new(),
        };
        for (_, bytes) in disk.scan(Table::Closes) {
            let certified: CertifiedRound =
                decode(&bytes).map_err(|_| StartError::Unreadable(Table::Closes))?;
            chain.append(&certified);
        }
        for (_, bytes) in disk.scan(Table::Nonces) {
            let NonceRow(used) =
                decode(&bytes).map_err(|_| StartError::Unreadable(Table::Nonces))?;
            chain.nonces.insert((used.account, used.nonce), used.round);
        }
        Ok(chain)
    }

    /// The first round that is not certified.
    pub(crate) const fn open(&self) -> Round {
        self.open
    }

    /// The digest of the newest certified close.
    pub(crate) const fn parent(&self) -> CloseDigest {
        self.parent
    }

    /// The slot of the newest certified close.
    pub(crate) const fn parent_slot(&self) -> Slot {
        self.parent_slot
    }

    /// The certified close of a round, of the newest [`MOST_ROUNDS`] and one.
    #[allow(dead_code, reason = "the router is about to compare what it is shown")]
    pub(crate) fn digest_of(&self, round: Round) -> Option<CloseDigest> {
        self.digests.get(&round).copied()
    }

    /// The round that lists an envelope, if one does.
    pub(crate) fn listed_in(&self, id: &EnvelopeId) -> Option<Round> {
        self.listed.get(id).copied()
    }

    /// The envelope of an earlier round that has a part with this `u`.
    pub(crate) fn holder_of(&self, u: &FixedBytes<96>) -> Option<EnvelopeId> {
        self.points.get(u).map(|(id, _)| *id)
    }

    /// Moves on to the round after `certified`, and forgets what is too old to matter.
    pub(crate) fn append(&mut self, certified: &CertifiedRound) {
        let close = &certified.close;
        self.open = close.round.next();
        self.parent = close.digest();
        self.parent_slot = close.slot;
        self.digests.insert(close.round, self.parent);
        for id in close.intents.iter().chain(&close.quotes) {
            self.listed.insert(*id, close.round);
        }
        self.add_points(close.round, &certified.points);
        let oldest = Round(close.round.0.saturating_sub(MOST_ROUNDS));
        self.digests.retain(|round, _| *round >= oldest);
        self.listed.retain(|_, round| *round >= oldest);
        self.points.retain(|_, (_, round)| *round >= oldest);
    }

    /// Remembers the points that the entries of a certified round use.
    pub(crate) fn add_points(&mut self, round: Round, points: &[(FixedBytes<96>, EnvelopeId)]) {
        for (u, id) in points {
            // The newest holder: the older one is forgotten first, and by a member that starts again
            // sooner than by one that runs on.
            self.points.insert(*u, (*id, round));
        }
    }

    /// The rows of a certified round, and of the one that it lets be forgotten.
    pub(crate) fn rows(certified: &CertifiedRound) -> Vec<Output> {
        let round = certified.close.round;
        let mut rows = vec![put(Table::Closes, round_key(round), certified)];
        if let Some(old) = round.0.checked_sub(MOST_ROUNDS + 1) {
            let key = round_key(Round(old));
            rows.push(Output::Write(Write::Delete {
                table: Table::Closes,
                key,
            }));
        }
        rows
    }

    /// Remembers the nonces that a settlement used.
    pub(crate) fn settle(&mut self, settlement: &Settlement, terms: &OpenedIntents) -> Vec<Output> {
        let round = settlement.round;
        let mut rows = Vec::new();
        for settled in &settlement.fills {
            if let Some(Ok(Terms { account, nonce, .. })) = terms.get(&settled.fill.intent) {
                let used = UsedNonce {
                    account: account.clone(),
                    nonce: *nonce,
                    round,
                };
                let key = [account.as_str().as_bytes(), b"\0", nonce.as_bytes()].concat();
                rows.push(put(Table::Nonces, key, &NonceRow(used)));
                self.nonces.insert((account.clone(), *nonce), round);
            }
        }
        rows
    }

    /// Whether a reported envelope is left out of a round that closes at `closed_at`.
    pub(crate) fn rules_out(
        &self,
        id: &EnvelopeId,
        header: &Header,
        round: Round,
        closed_at: Timestamp,
    ) -> bool {
        self.listed.contains_key(id) || !header.is_alive(round, closed_at)
    }

    /// What rounds before `round` have to do with it, before its terms are known: `reported` are
    /// all ids that its reports name, `listed` the envelopes it lists.
    ///
    /// A member that starts again in the middle of a round remembers that round's own entries
    /// too: they are not its ancestors.
    pub(crate) fn ancestry(
        &self,
        round: Round,
        reported: &BTreeSet<EnvelopeId>,
        listed: &BTreeMap<EnvelopeId, Envelope>,
    ) -> Ancestry {
        let is_earlier = |id: &&EnvelopeId| self.listed_before(id, round);
        let points: BTreeSet<_> = listed
            .values()
            .flat_map(|envelope| envelope.sealed.parts())
            .filter_map(|(_, part)| {
                let (envelope, of) = *self.points.get(&part.u)?;
                let used = UsedU {
                    u: part.u,
                    envelope,
                    round: of,
                };
                (of < round).then_some(used)
            })
            .collect();
        Ancestry {
            listed: reported.iter().filter(is_earlier).copied().collect(),
            nonces: Vec::new(),
            points: points.into_iter().collect(),
        }
    }

    /// Whether a round before `round` lists the envelope.
    pub(crate) fn listed_before(&self, id: &EnvelopeId, round: Round) -> bool {
        self.listed_in(id).is_some_and(|of| of < round)
    }

    /// The nonces of a round's terms that earlier rounds settled.
    pub(crate) fn used_nonces(&self, intents: &OpenedIntents) -> Vec<UsedNonce> {
        let mut used: Vec<_> = intents
            .values()
            .filter_map(|terms| {
                let Terms { account, nonce, .. } = terms.as_ref().ok()?;
                let round = *self.nonces.get(&(account.clone(), *nonce))?;
                Some(UsedNonce {
                    account: account.clone(),
                    nonce: *nonce,
                    round,
                })
            })
            .collect();
        used.sort_unstable();
        used.dedup();
        used
    }
}

/// The points that a round's entries use.
pub(crate) fn points_of(
    envelopes: &BTreeMap<EnvelopeId, Envelope>,
) -> Vec<(FixedBytes<96>, EnvelopeId)> {
    envelopes
        .iter()
        .flat_map(|(id, envelope)| envelope.sealed.parts().map(|(_, part)| (part.u, *id)))
        .collect()
}
