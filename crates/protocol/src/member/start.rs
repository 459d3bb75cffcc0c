//! How a member starts: from what its disk holds, and abstaining until it knows that the disk is
//! no old copy (docs/protocol.md 4.4).

use core::marker::PhantomData;
use std::collections::BTreeMap;
use std::sync::Arc;

use sealbid_crypto::{BatchSecret, CloseCertificate, CommitteeKeys};
use sealbid_types::codec::decode;
use sealbid_types::committee::Committee;
use sealbid_types::door::Phase;
use sealbid_types::id::{AuctionId, EnvelopeId, MemberIndex, Round};
use serde::{Deserialize, Serialize};

use super::io::{Output, put};
use super::retention::Retention;
use super::{Context, Due, Engine, MemberSecrets, Options, Rules, round_key, vote_key};
use crate::admission::{Inbox, Readable, Receipts, Screen};
use crate::chain::{CertifiedRound, Chain};
use crate::claims::{Overheard, Peers, Start, Witness};
use crate::closing::{Closing, Window, recall_reports};
use crate::disk::{Recall, Table};
use crate::evidence::Accusations;
use crate::opening::{Exchange, Suspects};
use crate::promises::Promises;
use crate::settlement::Settling;
use crate::time::Clock;
use crate::vote::{self, Subject, Vote, VoteState, VoteTimes};

/// Why a member cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A row of the store is not what it should be.
    #[error(
        "the store's table {0:?} holds something unreadable: restore it, or start anew with --restored"
    )]
    Unreadable(Table),
    /// The store is another member's, or of another auction.
    #[error("the store is of {member} of auction {}", auction.short())]
    Foreign {
        /// The store's auction.
        auction: AuctionId,
        /// The store's member.
        member: MemberIndex,
    },
    /// The secrets are of no member of the committee.
    #[error("the committee has no {0}")]
    NoSuchMember(MemberIndex),
    /// The vote's state does not fit the chain.
    #[error("the store's vote cannot be continued: {0}")]
    Vote(String),
    /// The certificate of a round on disk does not verify.
    #[error("the store's certificate of round {0} does not verify")]
    Certificate(Round),
}

/// Whose store it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    auction: AuctionId,
    member: MemberIndex,
}
sealbid_types::schema!(Owner, "sealbid.store-owner", 1, 128);

pub(crate) const OWNER_KEY: &[u8] = b"owner";

/// Reads the row of whose store it is.
pub(crate) fn owner(row: &[u8]) -> Option<(AuctionId, MemberIndex)> {
    decode(row)
        .ok()
        .map(|Owner { auction, member }| (auction, member))
}

impl<R: Rules> Engine<R> {
    /// Starts a member from what `disk` holds. `entropy` is fresh at every start.
    ///
    /// The envelopes of [`Self::stored_envelopes`] have to go through the gate next, and come
    /// back as [`Input::Checked`](super::Input::Checked).
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        committee: Arc<Committee>,
        keys: Arc<CommitteeKeys>,
        secrets: MemberSecrets,
        options: Options,
        disk: &impl Recall,
        entropy: [u8; 32],
        now: Clock,
    ) -> Result<(Self, Vec<Output>), StartError> {
        let me = secrets.index;
        committee.member(me).ok_or(StartError::NoSuchMember(me))?;
        let mut out: Vec<Output> = claim(&committee, me, disk)?.into_iter().collect();
        let (question, batch) = split(entropy);
        let promises = Promises::recall(
            committee.auction,
            committee.epoch,
            secrets,
            R::may_state,
            disk,
        )?;
        let signers = promises.signers(&committee, &keys);
        let quorum = committee.quorum;
        let context = Context {
            committee,
            keys,
            me,
            signers,
            batch,
            quorum: R::quorum(quorum),
            clear: R::clear,
            may_prevote: R::may_prevote,
        };
        let retention = Retention::recall(options.keep_records, disk)?;
        let chain = Chain::recall(disk)?;
        let (most_intents, most_quotes) = (
            context.committee.most_reported_intents(),
            context.committee.most_reported_quotes(),
        );
        let mut inbox = Inbox::new(options.limits.clone(), most_intents, most_quotes);
        inbox.recall(disk)?;
        let settling = resume_settling(&context, &options, &chain, &mut inbox, disk)?;
        let round = chain.open();
        let vote = resume_vote(&context, &options, (round, Subject::Close), disk)?;
        let window = Window::open(&context.committee.schedule, now.wall);
        let mut closing = Closing::new(round, vote, window);
        closing.recall(disk)?;
        let needed = answers_needed(&context, &options);
        let screen = Screen::new(options.limits.at_gate);
        let is_listed = |id: &EnvelopeId| chain.listed_in(id).is_some();
        let witness = Witness::recall(disk, round, is_listed)?;
        let mut member = Self {
            rules: PhantomData,
            peers: Peers::new(me),
            start: Start::new(question, needed, round),
            witness,
            overheard: Overheard::default(),
            context,
            options,
            promises,
            retention,
            chain,
            inbox,
            screen,
            receipts: Receipts::default(),
            closing,
            early: Exchange::new(round),
            early_ballots: BTreeMap::new(),
            settling,
            accusations: Accusations::recall(disk),
            suspects: Suspects::recall(disk),
            due: Due::default(),
            asked: 0,
            phase: Phase::CatchingUp,
            now,
            acknowledgements: Vec::new(),
            waits_for_slot: false,
            has_halted: false,
        };
        member.come_to_round(&mut out);
        member.go_on(&mut out);
        Ok((member, out))
    }

    /// The envelopes that the disk held: their shares are to be made again.
    #[must_use]
    pub fn stored_envelopes(&self) -> Vec<Readable> {
        let settling = self
            .settling
            .iter()
            .flat_map(|settling| settling.held.values().map(Box::as_ref));
        let held = self.inbox.iter().map(|(_, held)| held).chain(settling);
        held.filter(|held| held.shares.is_none())
            .map(|held| Readable::stored(&held.envelope))
            .collect()
    }

    /// A vote that nobody has voted in.
    pub(super) fn next_vote(&self, round: Round, subject: Subject) -> Result<Vote, StartError> {
        let config = vote_config(&self.context, &self.options, round, subject);
        let mut vote = Vote::new(config, self.context.signers.clone())
            .map_err(|error| StartError::Vote(error.to_string()))?;
        vote.suspect(self.suspects.in_round(round));
        Ok(vote)
    }
}

fn split(entropy: [u8; 32]) -> (u64, BatchSecret) {
    let question = blake3::derive_key("sealbid/1 2026-11 start question", &entropy);
    let question = question
        .iter()
        .take(8)
        .fold(0, |value, byte| (value << 8) | u64::from(*byte));
    let batch = blake3::derive_key("sealbid/1 2026-11 engine batch secret", &entropy);
    (question, BatchSecret::new(batch))
}

fn claim(
    committee: &Committee,
    me: MemberIndex,
    disk: &impl Recall,
) -> Result<Option<Output>, StartError> {
    let owner = Owner {
        auction: committee.auction,
        member: me,
    };
    let Some(bytes) = disk.get(Table::Meta, OWNER_KEY) else {
        return Ok(Some(put(Table::Meta, OWNER_KEY.to_vec(), &owner)));
    };
    let stored: Owner = decode(&bytes).map_err(|_| StartError::Unreadable(Table::Meta))?;
    if stored == owner {
        Ok(None)
    } else {
        Err(StartError::Foreign {
            auction: stored.auction,
            member: stored.member,
        })
    }
}

fn vote_config(
    context: &Context,
    options: &Options,
    round: Round,
    subject: Subject,
) -> vote::Config {
    let millis =
        |duration: core::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let times = &options.times;
    vote::Config {
        auction: context.committee.auction,
        epoch: context.committee.epoch,
        round,
        subject,
        member: context.me,
        members: context.committee.members(),
        quorum: context.quorum,
        schedule: context.committee.schedule,
        times: VoteTimes {
            propose: millis(times.propose),
            prevote: millis(times.vote),
            precommit: millis(times.vote),
            step: millis(times.view_step),
            ..VoteTimes::default()
        },
        abstain: false,
        may_prevote: context.may_prevote,
    }
}

/// How many members have to say what they hold of this one's signatures, itself counted.
fn answers_needed(context: &Context, options: &Options) -> usize {
    if options.restored {
        context.committee.roster.len()
    } else {
        context.quorum()
    }
}

fn resume_vote(
    context: &Context,
    options: &Options,
    (round, subject): (Round, Subject),
    disk: &impl Recall,
) -> Result<Vote, StartError> {
    let config = vote_config(context, options, round, subject);
    let signers = context.signers.clone();
    match disk.get(Table::Votes, &vote_key(round, subject)) {
        None => Vote::new(config, signers).map_err(|error| StartError::Vote(error.to_string())),
        Some(bytes) => {
            let state: VoteState =
                decode(&bytes).map_err(|_| StartError::Unreadable(Table::Votes))?;
            Vote::restore(config, signers, state)
                .map_err(|error| StartError::Vote(error.to_string()))
        }
    }
}

/// The newest certified round, if its record is not on disk yet.
fn resume_settling(
    context: &Context,
    options: &Options,
    chain: &Chain,
    inbox: &mut Inbox,
    disk: &impl Recall,
) -> Result<Option<Settling>, StartError> {
    let Some(round) = chain.open().previous().filter(|round| round.0 > 0) else {
        return Ok(None);
    };
    if disk.get(Table::Records, &round_key(round)).is_some() {
        return Ok(None);
    }
    let row = disk
        .get(Table::Closes, &round_key(round))
        .ok_or(StartError::Unreadable(Table::Closes))?;
    let certified: CertifiedRound =
        decode(&row).map_err(|_| StartError::Unreadable(Table::Closes))?;
    let certificate =
        CloseCertificate::verify(&context.keys, certified.close, &certified.certificate)
            .map_err(|_| StartError::Certificate(round))?;
    let reports = recall_reports(round, disk)?;
    let reports: BTreeMap<_, _> = reports.into_iter().map(|r| (r.id(), r)).collect();
    let close = certificate.close();
    let held = close.intents.iter().chain(&close.quotes);
    let held = held
        .filter_map(|id| inbox.remove(id).map(|held| (*id, held)))
        .collect();
    let vote = resume_vote(context, options, (round, Subject::Allocation), disk)?;
    Ok(Some(Settling::new(
        vote,
        certificate,
        reports,
        held,
        Exchange::new(round),
    )))
}
