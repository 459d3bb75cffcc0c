//! What became of an envelope: proved by a record if anything final did.

use core::time::Duration;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use futures::stream::{FuturesUnordered, StreamExt};
use sealbid_types::allocation::{UnfilledReason, VoidReason};
use sealbid_types::door::{EnvelopeStatus, Request, Response};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::settlement::SettledFill;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::client::Client;
use crate::error::{ClientError, Fault};
use crate::submit::{Failures, Unanswered};

/// How long a waiting client lets the house be between two questions.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long those get to answer that have not when a quorum has.
const GRACE: Duration = Duration::from_millis(250);
/// How long proofs may still take when a quorum knows of no settlement.
const GRACE_OF_PROOFS: Duration = Duration::from_secs(2);

/// What became of an envelope. In JSON, `status` names the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// A quorum says that it does not know it: no quorum has acknowledged it.
    Unknown,
    /// Members say that it waits for this round, or a later one.
    Pending {
        /// The round.
        round: Round,
    },
    /// Members say that this round lists it; it is not settled yet.
    Listed {
        /// The round.
        round: Round,
    },
    /// An intent that was filled: proved by the round's record.
    Filled {
        /// The round.
        round: Round,
        /// How, and the authorisation.
        fill: Box<SettledFill>,
    },
    /// An intent that was opened and not filled: proved by the round's record. Its terms are
    /// public now.
    Unfilled {
        /// The round.
        round: Round,
        /// Why.
        reason: UnfilledReason,
    },
    /// An entry that counts for nothing: proved by the round's record.
    Void {
        /// The round.
        round: Round,
        /// Why.
        reason: VoidReason,
    },
    /// A quote that was opened: proved by the round's record.
    Quoted {
        /// The round.
        round: Round,
        /// The intents it fills.
        fills: Vec<EnvelopeId>,
    },
    /// A quorum says that it expired before a round listed it. It was never opened.
    Expired,
}

impl Outcome {
    /// Whether nothing more will become of it.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Unknown | Self::Pending { .. } | Self::Listed { .. }
        )
    }
}

/// What members say of an envelope that none of them can show a record for.
#[derive(Debug, Default)]
struct Hearsay {
    answers: usize,
    listed: Option<Round>,
    pending: Option<Round>,
    expired: usize,
}

impl Hearsay {
    fn add(&mut self, status: &EnvelopeStatus) {
        self.answers += 1;
        match status {
            EnvelopeStatus::Listed { round } => self.listed = self.listed.max(Some(*round)),
            EnvelopeStatus::Pending { round } => self.pending = self.pending.max(Some(*round)),
            EnvelopeStatus::Expired => self.expired += 1,
            _ => {}
        }
    }

    /// Nothing can prove that an envelope expired, or that nobody has it; q members cannot all be
    /// lying. By fewer it is not said: who hears it seals the order again.
    fn conclude(&self, quorum: usize, members: usize) -> Result<Outcome, ClientError> {
        match (self.listed, self.pending) {
            _ if self.expired >= quorum => Ok(Outcome::Expired),
            (Some(round), _) => Ok(Outcome::Listed { round }),
            (None, Some(round)) => Ok(Outcome::Pending { round }),
            (None, None) if self.answers < quorum => Err(ClientError::NoQuorum {
                alive: self.answers,
                members,
                quorum,
            }),
            (None, None) => Ok(Outcome::Unknown),
        }
    }
}

/// The rounds that a proof is awaited of, and who has named them since: one proof of a round at a
/// time is enough, and one that does not come must not hold up another round's.
#[derive(Debug, Default)]
struct Named(BTreeMap<Round, Vec<MemberIndex>>);

impl Named {
    /// Notes who names a round. It is given back if it is the one to ask for a proof.
    fn add(&mut self, round: Round, member: MemberIndex) -> Option<MemberIndex> {
        match self.0.entry(round) {
            Entry::Vacant(first) => {
                first.insert(Vec::new());
                Some(member)
            }
            Entry::Occupied(mut others) => {
                others.get_mut().push(member);
                None
            }
        }
    }

    /// Whom to ask once a proof of `round` has failed.
    fn next(&mut self, round: Round) -> Option<MemberIndex> {
        let next = self.0.get_mut(&round).and_then(Vec::pop);
        if next.is_none() {
            self.0.remove(&round);
        }
        next
    }
}

/// The round in which something final is said to have become of an envelope.
const fn settled_in(status: &EnvelopeStatus) -> Option<Round> {
    match status {
        EnvelopeStatus::Filled { round, .. }
        | EnvelopeStatus::Unfilled { round, .. }
        | EnvelopeStatus::Void { round, .. }
        | EnvelopeStatus::Quoted { round, .. } => Some(*round),
        _ => None,
    }
}

impl Client {
    /// What became of an envelope. Every member is asked, and the first whose word a verified
    /// record bears out decides.
    ///
    /// # Errors
    /// [`ClientError`] if no member answers, or the answers neither agree nor verify.
    pub async fn outcome(&self, id: EnvelopeId) -> Result<Outcome, ClientError> {
        let mut asked: FuturesUnordered<_> = self
            .all()
            .map(|member| self.status_of(member, id))
            .collect();
        let (mut proofs, mut named) = (FuturesUnordered::new(), Named::default());
        let (mut hearsay, mut failures) = (Hearsay::default(), Failures::default());
        let quorum = self.committee().quorum();
        let mut quorum_since = None;
        loop {
            if hearsay.answers >= quorum {
                quorum_since.get_or_insert_with(Instant::now);
            }
            let grace = if proofs.is_empty() {
                GRACE
            } else {
                GRACE_OF_PROOFS
            };
            let until = quorum_since.unwrap_or_else(Instant::now) + grace;
            let awaited = !asked.is_empty() || !proofs.is_empty();
            tokio::select! {
                Some((member, answer)) = asked.next() => match answer {
                    Err(why) => failures.add(member, why),
                    Ok(status) => match settled_in(&status) {
                        None => hearsay.add(&status),
                        Some(round) => {
                            let first = named.add(round, member);
                            proofs.extend(first.map(|first| self.proof(id, round, first)));
                        }
                    },
                },
                Some((round, member, outcome)) = proofs.next() => {
                    if let Some(outcome) = outcome {
                        return Ok(outcome);
                    }
                    failures.add(member, Unanswered::Fault(Fault::Outcome));
                    let next = named.next(round);
                    proofs.extend(next.map(|next| self.proof(id, round, next)));
                }
                () = tokio::time::sleep_until(until), if awaited && quorum_since.is_some() => break,
                else => break,
            }
        }
        if hearsay.answers == 0 {
            return Err(failures.into());
        }
        hearsay.conclude(quorum, self.committee().roster.len())
    }

    async fn status_of(
        &self,
        member: MemberIndex,
        id: EnvelopeId,
    ) -> (MemberIndex, Result<EnvelopeStatus, Unanswered>) {
        let status = match self.ask(member, &Request::Status(id)).await {
            Ok(Response::Status(status)) => Ok(status),
            Ok(_) => Err(Unanswered::Fault(Fault::NoAnswer)),
            Err(why) => Err(why),
        };
        (member, status)
    }

    /// What the record of `round` shows; none if there is no such record, or it shows nothing.
    async fn proof(
        &self,
        id: EnvelopeId,
        round: Round,
        member: MemberIndex,
    ) -> (Round, MemberIndex, Option<Outcome>) {
        let record = self.round_from(round, Some(member)).await.ok();
        (
            round,
            member,
            record.and_then(|record| record.outcome_of(id)),
        )
    }

    /// Waits until something final becomes of an envelope.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`] after `timeout`, or what kept failing until then.
    pub async fn wait_for_outcome(
        &self,
        id: EnvelopeId,
        timeout: Duration,
    ) -> Result<Outcome, ClientError> {
        let mut last = ClientError::TimedOut("the envelope is still waiting for its round");
        let wait = async {
            loop {
                match self.outcome(id).await {
                    Ok(outcome) if outcome.is_final() => return outcome,
                    Ok(_) => last = ClientError::TimedOut("no round has settled it yet"),
                    Err(error) => last = error,
                }
                tokio::time::sleep(PATIENCE).await;
            }
        };
        let waited = tokio::time::timeout(timeout, wait).await;
        waited.map_err(|_| last)
    }
}
