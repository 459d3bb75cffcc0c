//! A member of the committee as a state machine: one input and the time in, a list of outputs out.
//!
//! Outputs are carried out in order, and every write of a step is durable before anything else of
//! it happens. That is what "persisted before it is sent" rests on.

mod acknowledge;
mod archive;
mod bogus_report;
mod broken_promise;
mod heartbeat;
mod intake;
pub mod io;
pub mod message;
mod progress;
mod recollect;
mod retention;
mod router;
pub mod rules;
mod start;

use core::marker::PhantomData;
use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sealbid_crypto::{BatchSecret, CommitteeKeys, KeyShare};
use sealbid_types::allocation::Allocation;
use sealbid_types::codec::encode;
use sealbid_types::committee::Committee;
use sealbid_types::door::{Event, Head, Phase};
use sealbid_types::envelope::Kind;
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Acknowledgement;

pub(crate) use self::intake::report_key;
pub use self::io::{Input, Notice, Output, RequestId};
use self::retention::Retention;
pub use self::retention::{SINCE_KEY as RECORDS_SINCE, records_since};
pub use self::rules::{Honest, Rules};
pub use self::start::StartError;
pub(crate) use self::start::{OWNER_KEY, owner};
pub use crate::limits::{Limits, Options, Times};
pub use crate::promises::Lists;
pub use crate::settlement::{StoredOutcome, outcomes, summary};

use self::message::PeerMessage;
use crate::admission::{Inbox, Receipts, Screen};
use crate::chain::Chain;
use crate::claims::{Overheard, Peers, Start, Witness};
use crate::closing::Closing;
use crate::evidence::{Accusations, Evidence};
use crate::opening::{Exchange, Suspects};
use crate::promises::Promises;
use crate::settlement::Settling;
use crate::time::{Clock, Monotonic};
use crate::vote::{Message as Ballot, Position, Signers, Subject};

/// How far a round has come: what timings are taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It is certified, and this member has released its shares.
    Certified,
    /// Terms and quotes are open.
    TermsOpened,
    /// The allocation is certified.
    Cleared,
    /// The authorisations of fills are open.
    Authorised,
    /// The settlement is signed.
    Settled,
}

/// What a member signs with.
pub struct MemberSecrets {
    /// Its place in the roster.
    pub index: MemberIndex,
    /// Signs acknowledgements, reports, votes and share messages.
    pub identity: Arc<SigningKey>,
    /// Its share of the committee key.
    pub share: Arc<KeyShare>,
}

impl core::fmt::Debug for MemberSecrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "MemberSecrets of {}, redacted", self.index)
    }
}

/// What every part of the engine needs at hand.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) committee: Arc<Committee>,
    pub(crate) keys: Arc<CommitteeKeys>,
    pub(crate) me: MemberIndex,
    pub(crate) signers: Signers,
    pub(crate) batch: BatchSecret,
    /// How many members make a quorum.
    pub(crate) quorum: u8,
    /// See [`Rules::clear`].
    pub(crate) clear: fn(Allocation) -> Allocation,
    /// See [`Rules::may_prevote`].
    pub(crate) may_prevote: fn(bool) -> bool,
}

impl Context {
    pub(crate) fn quorum(&self) -> usize {
        self.quorum.into()
    }
}

/// When periodic things are due.
#[derive(Debug, Default)]
struct Due {
    heartbeat: Monotonic,
    resend: Monotonic,
    want: Monotonic,
    offer: Monotonic,
}

/// The engine of a member that keeps the rules.
pub type Member = Engine<Honest>;

/// The engine of one member, under these rules.
#[derive(Debug)]
pub struct Engine<R: Rules = Honest> {
    rules: PhantomData<R>,
    context: Context,
    options: Options,
    promises: Promises,
    retention: Retention,
    chain: Chain,
    inbox: Inbox,
    screen: Screen,
    receipts: Receipts,
    peers: Peers,
    start: Start,
    witness: Witness,
    overheard: Overheard,
    closing: Closing,
    /// What has come early for the open round: shares, and ballots on its allocation.
    early: Exchange,
    early_ballots: BTreeMap<(MemberIndex, Position), Ballot>,
    settling: Option<Settling>,
    accusations: Accusations,
    /// Whose shares were wrong of late: they go last.
    suspects: Suspects,
    due: Due,
    /// Whom to ask next for what is missing.
    asked: u8,
    phase: Phase,
    /// Given by the inputs being taken, for the other members: they leave together.
    acknowledgements: Vec<Signed<Acknowledgement>>,
    now: Clock,
    /// Whether the last certified round closed in a slot that is still to come.
    waits_for_slot: bool,
    has_halted: bool,
}

impl<R: Rules> Engine<R> {
    /// Takes one input at `now` and says what to do. Total: bad input is an output.
    ///
    /// The monotonic clock never runs backwards in the engine: an earlier `now` counts as the latest
    /// one seen. The wall clock may jump.
    pub fn step(&mut self, input: Input, now: Clock) -> Vec<Output> {
        self.steps([input], now)
    }

    /// Takes inputs that have come together, in their order: what [`Self::step`] does for each,
    /// for less than that costs. Without any, no time passes either: what is due stays due.
    pub fn steps(&mut self, inputs: impl IntoIterator<Item = Input>, now: Clock) -> Vec<Output> {
        let mut out = Vec::new();
        let mut may_go_on = false;
        for input in inputs {
            if self.has_halted {
                break;
            }
            self.now = self.now.latest(now);
            may_go_on = input.can_wait();
            self.take_in(input, &mut out);
            if !may_go_on {
                self.go_on(&mut out);
            }
        }
        if may_go_on && !self.has_halted {
            self.go_on(&mut out);
        }
        self.tell_acknowledgements(&mut out);
        if out.iter().any(|output| matches!(output, Output::Write(_))) {
            // Rows that may be lost cost no sync of their own.
            out.extend(self.witness.take_unwritten());
        }
        out
    }

    /// When [`Input::Tick`] is due at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Monotonic {
        let due = [self.due.heartbeat, self.due.resend, self.due.offer];
        let clock = self.now.when(self.next_by_wall_clock());
        let vote = self.closing.vote.wake_at(self.now);
        let asks = self.is_closing() && self.start.is_over();
        let want = asks.then_some(self.due.want);
        let clients = self.receipts.wake_at();
        let settling = self.settling.as_ref();
        let decision = settling.and_then(|settling| settling.wake_at(self.now));
        let times = due
            .into_iter()
            .chain([clock])
            .chain(vote)
            .chain(want)
            .chain(clients)
            .chain(decision);
        times.min().unwrap_or(self.now.monotonic)
    }

    /// Whether a round is being closed or settled: its arithmetic may come with any input.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.promises.reported(self.closing.round()).is_some() || self.settling.is_some()
    }

    /// Whether enough members have answered, since the start, that this one may sign.
    const fn is_ready(&self) -> bool {
        self.start.is_over()
    }

    /// The most members that may lie without breaking what the protocol promises.
    fn bearable_liars(&self) -> usize {
        let (n, q) = (
            self.context.committee.roster.len(),
            self.context.committee.quorum(),
        );
        (2 * q).saturating_sub(n + 1)
    }

    /// The newest settled round.
    fn settled(&self) -> Round {
        let certified = self.chain.open().previous().unwrap_or_default();
        match &self.settling {
            Some(_) => certified.previous().unwrap_or_default(),
            None => certified,
        }
    }

    /// Where the member stands, for people.
    fn head(&self) -> Head {
        let round = self.chain.open();
        // While a round is settled its entries are those that the close lists; what the inbox holds
        // by then is for the next.
        let count = |kind| {
            let listed = self.settling.as_ref().map(|it| it.certificate().close());
            let count = match (listed, kind) {
                (Some(close), Kind::Intent) => close.intents.len(),
                (Some(close), Kind::Quote) => close.quotes.len(),
                (None, kind) => self.inbox.count(kind, round),
            };
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        Head {
            auction: self.context.committee.auction,
            member: self.promises.member(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            round: if self.settling.is_some() {
                round.previous().unwrap_or(round)
            } else {
                round
            },
            phase: self.phase_now(),
            slot: self.context.committee.schedule.current(self.now.wall),
            now: self.now.wall,
            intents: count(Kind::Intent),
            quotes: count(Kind::Quote),
            settled: self.settled(),
            alive: self
                .peers
                .alive(self.now.monotonic, self.options.times.absent_after),
            clocks: self.clocks(),
            waits_until: self.waits_until(),
        }
    }

    fn phase_now(&self) -> Phase {
        let round = self.closing.round();
        let furthest = self.peers.settled_by_most(self.bearable_liars());
        if !self.is_ready() || furthest > self.chain.open() {
            return Phase::CatchingUp;
        }
        match &self.settling {
            Some(settling) => settling.phase(),
            None if self.promises.reported(round).is_some() => Phase::Closing,
            None if self.promises.frozen(round).is_some() => Phase::Quotes,
            None => Phase::Intents,
        }
    }

    /// Says that a member is at fault, unless there is evidence of the kind already.
    fn accuse(
        &mut self,
        member: MemberIndex,
        what: String,
        evidence: Option<&Evidence>,
        out: &mut Vec<Output>,
    ) {
        out.extend(self.accusations.accuse(member, what, evidence));
    }

    fn announce_phase(&mut self, out: &mut Vec<Output>) {
        let phase = self.phase_now();
        if phase != self.phase {
            self.phase = phase;
            out.push(Output::Event(Box::new(Event::Phase(self.head()))));
        }
    }
}

/// The key of a round's row: rows sort as rounds do.
pub(crate) fn round_key(round: Round) -> Vec<u8> {
    round.0.to_be_bytes().to_vec()
}

/// The key of a vote's row.
pub(crate) fn vote_key(round: Round, subject: Subject) -> Vec<u8> {
    let subject = match subject {
        Subject::Close => 0,
        Subject::Allocation => 1,
    };
    [round_key(round).as_slice(), &[subject]].concat()
}

pub(crate) fn broadcast(message: &PeerMessage) -> Output {
    Output::Broadcast {
        bytes: encode(message),
    }
}

fn send(to: MemberIndex, message: &PeerMessage) -> Output {
    Output::Send {
        to,
        bytes: encode(message),
    }
}

/// Why a member stops for good that sees two certificates of one round.
fn forked(round: Round) -> String {
    format!("two certified closes of round {round}: more members lie than the committee can bear")
}
