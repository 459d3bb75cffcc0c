//! What an operator may set, and sensible defaults. None of it needs to be equal among members.

mod places;

use core::num::NonZeroU64;
use core::time::Duration;

pub(crate) use self::places::Places;

/// How a member starts, and its times and limits.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The store is a restored copy: wait for all n members, not for q, before voting.
    pub restored: bool,
    /// Times.
    pub times: Times,
    /// Limits.
    pub limits: Limits,
    /// How many rounds' records are kept, the newest; without it all are.
    pub keep_records: Option<NonZeroU64>,
}

/// Times of the engine. All are durations of the member's own clock.
#[derive(Debug, Clone)]
pub struct Times {
    /// How often the member says where it stands.
    pub heartbeat: Duration,
    /// A member that has not been heard for this long counts as absent.
    pub absent_after: Duration,
    /// How often the member sends again what is not certified or settled yet. The transport
    /// delivers at most once, so this is also how long a lost message costs.
    pub resend: Duration,
    /// How long the pool has to spread an envelope before the member sends it to the others itself,
    /// because a client waits for the receipt.
    pub push_after: Duration,
    /// How long a client waits before it is told that there is no receipt.
    pub submit_timeout: Duration,
    /// How often the member offers its inbox to the pool.
    pub offer: Duration,
    /// The close vote's first timeout for a proposal.
    pub propose: Duration,
    /// Its first timeout for prevotes and for precommits.
    pub vote: Duration,
    /// What each further view adds to its timeouts.
    pub view_step: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(1_000),
            absent_after: Duration::from_millis(4_000),
            resend: Duration::from_millis(400),
            push_after: Duration::from_millis(400),
            submit_timeout: Duration::from_millis(5_000),
            offer: Duration::from_millis(3_000),
            propose: Duration::from_millis(1_500),
            vote: Duration::from_millis(700),
            view_step: Duration::from_millis(500),
        }
    }
}

/// Bounds of the engine's memory.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Intents of one submitter that wait at a time.
    pub intents_per_submitter: usize,
    /// Quotes of one submitter that wait at a time.
    pub quotes_per_submitter: usize,
    /// Envelopes that are held in all, before those for later rounds than the next are refused.
    pub held: usize,
    /// Clients' envelopes at the gate at a time.
    pub at_gate: usize,
    /// Clients that wait for a receipt at a time.
    pub waiting_clients: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            intents_per_submitter: 256,
            quotes_per_submitter: 32,
            held: 16_384,
            at_gate: 4_096,
            waiting_clients: 8_192,
        }
    }
}
